//! A line between callers and a server of HTTP/1.1 on which everything goes wrong that can go wrong
//! on a line. What becomes of an exchange depends on the seed, the connection's number and the
//! exchange's number on it, and on nothing else; every kind is counted once it has really happened.

mod line;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::line::Line;

/// How long the healing waits for what is going wrong already.
const HEALING_MAX: Duration = Duration::from_secs(30);

/// What becomes of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing: request and answer pass.
    Pass,
    /// The connection is closed before anything of the request has passed.
    Refuse,
    /// The request passes, the answer is lost with the connection.
    LoseAnswer,
    /// The answer comes late.
    Delay,
    /// The connection ends within the request.
    CutRequest,
    /// The connection ends within the answer.
    CutAnswer,
    /// The request arrives twice; the answer to the second is thrown away.
    Duplicate,
    /// The request arrives twice; the answer to the first is thrown away.
    DuplicateSwapped,
    /// The request arrives after one that was sent later.
    Reorder,
    /// The request passes, the answer never comes, and the connection stays open.
    HalfOpen,
    /// The answer comes a few bytes at a time.
    Slow,
}

impl Fault {
    /// All that is none: everything but [`Fault::Pass`].
    pub(crate) const ALL: [Self; 10] = [
        Self::Refuse,
        Self::LoseAnswer,
        Self::Delay,
        Self::CutRequest,
        Self::CutAnswer,
        Self::Duplicate,
        Self::DuplicateSwapped,
        Self::Reorder,
        Self::HalfOpen,
        Self::Slow,
    ];
}

/// How often what goes wrong, and how long what takes long may take.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Of how many exchanges one has this fate: each share is in proportion to their sum.
    pub(crate) shares: Vec<(Fault, u64)>,
    /// The longest delay.
    pub(crate) delay_max: Duration,
    /// The longest that a request waits for a later one to overtake it.
    pub(crate) held_max: Duration,
    /// The pause between two pieces of a slow answer.
    pub(crate) slow_pause: Duration,
}

impl Plan {
    /// One fate for all.
    pub(crate) fn only(fault: Fault) -> Self {
        Self {
            shares: vec![(fault, 1)],
            delay_max: Duration::from_millis(200),
            held_max: Duration::from_millis(700),
            slow_pause: Duration::from_millis(10),
        }
    }

    /// Every fault once where `pass` exchanges pass.
    pub(crate) fn everything(pass: u64) -> Self {
        let mut shares = vec![(Fault::Pass, pass)];
        shares.extend(Fault::ALL.map(|fault| (fault, 1)));
        Self { shares, ..Self::only(Fault::Pass) }
    }

    /// The fate of one exchange; the draw gives further numbers for how exactly.
    pub(crate) fn fate(&self, seed: u64, connection: u64, exchange: u64) -> (Fault, Draw) {
        let mut draw = Draw(seed);
        for number in [connection, exchange] {
            draw = Draw(draw.next() ^ number);
        }
        let mut place = draw.below(self.shares.iter().map(|(_, share)| share).sum());
        for (fault, share) in &self.shares {
            if place < *share {
                return (*fault, draw);
            }
            place -= share;
        }
        (Fault::Pass, draw)
    }
}

/// Numbers from a seed: splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `bound`; 0 where there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A place strictly within so many bytes: at least one before it and one after.
    fn within(&mut self, length: usize) -> usize {
        let inner = u64::try_from(length).unwrap().saturating_sub(1);
        1 + usize::try_from(self.below(inner)).unwrap()
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap();
        Duration::from_millis(self.below(longest + 1))
    }
}

/// The line. Everything passes until it is hurt; with it every connection ends.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What the line's threads share.
struct Shared {
    target: SocketAddr,
    seed: u64,
    plan: Plan,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hurt: bool,
    stopped: bool,
    counts: BTreeMap<Fault, u64>,
    /// How many requests have come, and the latest of them that was answered.
    arrivals: u64,
    answered: u64,
    /// How many exchanges are going wrong now.
    faulty: usize,
    /// Both ends of everything that is open, so that it can be ended.
    open: HashMap<u64, TcpStream>,
    opened: u64,
}

impl FaultProxy {
    /// A line to `target` that is in order.
    pub(crate) fn new(target: SocketAddr, seed: u64, plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { target, seed, plan, state, changed });
        let own = Arc::clone(&shared);
        let accepting = thread::spawn(move || accept(&listener, &own));
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Where it is reached instead of its target.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on things go wrong.
    pub(crate) fn hurt(&self) {
        self.shared.state.lock().unwrap().hurt = true;
    }

    /// From now on everything passes. When this returns nothing is going wrong any more: what was
    /// held has gone on, what was kept silent has ended.
    pub(crate) fn heal(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.hurt = false;
        self.shared.changed.notify_all();
        let busy = |state: &mut State| state.faulty > 0;
        let waited = self.shared.changed.wait_timeout_while(state, HEALING_MAX, busy);
        let still = waited.unwrap().0.faulty;
        assert_eq!(still, 0, "exchanges that still go wrong {HEALING_MAX:?} after the healing");
    }

    /// How often each kind has really happened.
    pub(crate) fn counts(&self) -> BTreeMap<Fault, u64> {
        self.shared.state.lock().unwrap().counts.clone()
    }

    /// The faults that have not happened yet.
    pub(crate) fn missing(&self) -> Vec<Fault> {
        let counts = self.counts();
        Fault::ALL.into_iter().filter(|fault| !counts.contains_key(fault)).collect()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        // A thread that panicked leaves a poisoned lock; the end comes all the same.
        let mut state = self.shared.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        state.stopped = true;
        for stream in state.open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Whoever accepts must see that it is over.
        let _ = TcpStream::connect(self.address);
        let ended = self.accepting.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    for (connection, client) in (0..).zip(listener.incoming()) {
        if shared.state.lock().unwrap().stopped {
            break;
        }
        let (over, going) = serving.into_iter().partition(JoinHandle::is_finished);
        serving = going;
        join(over);
        let (Ok(client), shared) = (client, Arc::clone(shared)) else { continue };
        serving.push(thread::spawn(move || shared.serve(client, connection)));
    }
    join(serving);
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

impl Shared {
    fn serve(self: &Arc<Self>, client: TcpStream, connection: u64) {
        let Some(mut client) = Line::new(self, client) else { return };
        for exchange in 0.. {
            let (fault, mut draw) = self.plan.fate(self.seed, connection, exchange);
            // Before the first request this can be done without waiting for it.
            let at_once = exchange == 0 && fault == Fault::Refuse && self.is_hurt();
            if at_once && self.begin(fault).0 == fault {
                drop(client);
                return self.end(fault, true);
            }
            let Some(request) = client.message(line::Kind::Request) else { return };
            let (fault, arrival) = self.begin(fault);
            let (happened, goes_on) = match fault {
                Fault::Refuse => (true, false),
                Fault::CutRequest => (self.cut_request(&request, &mut draw), false),
                Fault::Reorder => {
                    let held_max = self.plan.held_max;
                    let overtaken = self.wait(held_max, |state| state.answered > arrival);
                    let answer = self.ask(&request, arrival);
                    (overtaken && answer.is_some(), client.give(answer.as_deref()))
                }
                _ => self.answered(fault, &request, arrival, &mut client, &mut draw),
            };
            self.end(fault, happened);
            if !goes_on {
                return;
            }
        }
    }

    /// Asks first, and then does to the answer what is to be done to it. Says whether that came
    /// about, and whether the connection goes on.
    fn answered(
        self: &Arc<Self>,
        fault: Fault,
        request: &[u8],
        arrival: u64,
        client: &mut Line,
        draw: &mut Draw,
    ) -> (bool, bool) {
        let Some(answer) = self.ask(request, arrival) else { return (false, false) };
        match fault {
            Fault::LoseAnswer => (true, false),
            Fault::HalfOpen => {
                client.until_given_up(|| !self.is_hurt());
                (true, false)
            }
            Fault::CutAnswer => (client.write(&answer[..draw.within(answer.len())]), false),
            Fault::Delay => {
                self.wait(draw.up_to(self.plan.delay_max), |_| false);
                (true, client.give(Some(&answer)))
            }
            Fault::Slow => {
                for piece in answer.chunks(answer.len() / 40 + 1) {
                    if !client.write(piece) {
                        return (true, false);
                    }
                    self.wait(self.plan.slow_pause, |_| false);
                }
                (true, !line::closes(&answer))
            }
            Fault::Duplicate => {
                let second = self.ask(request, arrival);
                (second.is_some(), client.give(Some(&answer)))
            }
            Fault::DuplicateSwapped => {
                let second = self.ask(request, arrival);
                (second.is_some(), client.give(second.as_deref()))
            }
            Fault::Pass | Fault::Refuse | Fault::CutRequest | Fault::Reorder => {
                (true, client.give(Some(&answer)))
            }
        }
    }

    /// One exchange with the target, on a connection of its own.
    fn ask(self: &Arc<Self>, request: &[u8], arrival: u64) -> Option<Vec<u8>> {
        let mut server = Line::new(self, TcpStream::connect(self.target).ok()?)?;
        if !server.write(request) {
            return None;
        }
        let answer = server.message(line::Kind::Answer)?;
        let mut state = self.state.lock().unwrap();
        state.answered = state.answered.max(arrival);
        self.changed.notify_all();
        Some(answer)
    }

    fn cut_request(self: &Arc<Self>, request: &[u8], draw: &mut Draw) -> bool {
        let Ok(server) = TcpStream::connect(self.target) else { return false };
        let Some(mut server) = Line::new(self, server) else { return false };
        server.write(&request[..draw.within(request.len())])
    }

    /// An exchange begins: it goes wrong only while the line is hurt. Each gets a number.
    fn begin(&self, fault: Fault) -> (Fault, u64) {
        let mut state = self.state.lock().unwrap();
        state.arrivals += 1;
        let fault = if state.hurt { fault } else { Fault::Pass };
        state.faulty += usize::from(fault != Fault::Pass);
        self.changed.notify_all();
        (fault, state.arrivals)
    }

    fn end(&self, fault: Fault, happened: bool) {
        let mut state = self.state.lock().unwrap();
        state.faulty -= usize::from(fault != Fault::Pass);
        if happened {
            *state.counts.entry(fault).or_default() += 1;
        }
        self.changed.notify_all();
    }

    /// Waits until `done`, or the time, the line's illness or the line itself is over; says whether
    /// `done` came.
    fn wait(&self, at_most: Duration, done: impl Fn(&State) -> bool) -> bool {
        let state = self.state.lock().unwrap();
        let on = |state: &mut State| !done(state) && state.hurt && !state.stopped;
        let (state, _) = self.changed.wait_timeout_while(state, at_most, on).unwrap();
        done(&state)
    }

    fn is_hurt(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.hurt && !state.stopped
    }
}
