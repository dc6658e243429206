//! Each fault does what it says, against a server that writes down whatever reaches it.

use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::*;

/// How long a client waits for what must come, and for what must not.
const SOON: Duration = Duration::from_secs(10);
const NOT_YET: Duration = Duration::from_millis(150);

/// A server that answers the `n`-th whole request with `n` and the request's body.
struct Server {
    address: SocketAddr,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    bodies: Mutex<Vec<String>>,
    /// What came of requests that never became whole.
    broken: Mutex<Vec<Vec<u8>>>,
    changed: Condvar,
    count: AtomicU64,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Heard::default());
        let own = Arc::clone(&heard);
        // It ends with the tests' process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let own = Arc::clone(&own);
                thread::spawn(move || own.serve(stream.unwrap()));
            }
        });
        Self { address, heard }
    }

    fn line(&self, plan: Plan) -> FaultProxy {
        self.seeded(7, plan)
    }

    fn seeded(&self, seed: u64, plan: Plan) -> FaultProxy {
        let proxy = FaultProxy::new(self.address, seed, plan);
        proxy.hurt();
        proxy
    }

    fn bodies(&self) -> Vec<String> {
        self.heard.bodies.lock().unwrap().clone()
    }
}

impl Heard {
    fn serve(&self, mut stream: TcpStream) {
        let mut read: Vec<u8> = Vec::new();
        let mut piece = [0; 256];
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.split("Content-Length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                if body.len() >= length {
                    read.clear();
                    self.bodies.lock().unwrap().push(body.to_owned());
                    let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
                    let body = format!("{count} {body}");
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}", body.len());
                    let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
                    continue;
                }
            }
            match stream.read(&mut piece) {
                Ok(count @ 1..) => read.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
        self.broken.lock().unwrap().push(read);
        self.changed.notify_all();
    }
}

struct Client(TcpStream);

impl Client {
    fn new(proxy: &FaultProxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self(stream)
    }

    /// What comes back: the body of a whole answer, or whatever came before the end.
    fn ask(&mut self, body: &str) -> Result<String, Vec<u8>> {
        self.tell(body);
        self.hear()
    }

    fn tell(&mut self, body: &str) {
        let head = format!("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: {}", body.len());
        // The line may have been closed at once.
        let _ = self.0.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
    }

    fn hear(&mut self) -> Result<String, Vec<u8>> {
        let mut read = Vec::new();
        let mut piece = [0; 256];
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.split("Content-Length: ").nth(1).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    return Ok(body.to_owned());
                }
            }
            match self.0.read(&mut piece) {
                Ok(count @ 1..) => read.extend_from_slice(&piece[..count]),
                Ok(_) => return Err(read),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(read),
                Err(error) => panic!("neither an answer nor an end: {error}"),
            }
        }
    }

    /// Nothing comes, and the connection does not end.
    fn hears_nothing(&mut self) {
        self.0.set_read_timeout(Some(NOT_YET)).unwrap();
        let error = self.0.read(&mut [0; 1]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        self.0.set_read_timeout(Some(SOON)).unwrap();
    }
}

/// Waits for something to be true of the proxy.
fn until(proxy: &FaultProxy, done: impl Fn(&State) -> bool) {
    let state = proxy.shared.state.lock().unwrap();
    let not_yet = |state: &mut State| !done(state);
    let (state, _) = proxy.shared.changed.wait_timeout_while(state, SOON, not_yet).unwrap();
    assert!(done(&state), "it never came about");
}

/// It was counted once, and nothing else was.
fn counted(proxy: &FaultProxy, fault: Fault) {
    until(proxy, |state| state.counts.contains_key(&fault));
    assert_eq!(proxy.counts(), BTreeMap::from([(fault, 1)]));
    until(proxy, |state| state.faulty == 0);
}

#[test]
fn what_passes_is_untouched_and_the_connection_stays() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::Pass));
    let mut client = Client::new(&proxy);
    let long = "x".repeat(100_000);
    assert_eq!(client.ask("a"), Ok("1 a".to_owned()));
    assert_eq!(client.ask(&long), Ok(format!("2 {long}")));
    assert_eq!(server.bodies(), ["a".to_owned(), long]);
    until(&proxy, |state| state.counts == BTreeMap::from([(Fault::Pass, 2)]));
}

#[test]
fn a_refused_connection_lets_nothing_pass() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::Refuse));
    assert_eq!(Client::new(&proxy).hear(), Err(Vec::new()), "at once, whatever will be asked");
    counted(&proxy, Fault::Refuse);
    assert_eq!(Client::new(&proxy).ask("a"), Err(Vec::new()));
    assert!(server.bodies().is_empty());

    // On a connection that was in order before, the request is taken and passed to nobody.
    let plan = Plan { shares: vec![(Fault::Pass, 1), (Fault::Refuse, 1)], ..proxy.plan() };
    let fates = [(0, 0, Fault::Pass), (0, 1, Fault::Refuse)];
    let proxy = server.seeded(seed_of(&plan, &fates), plan);
    let mut client = Client::new(&proxy);
    assert_eq!(client.ask("b"), Ok("1 b".to_owned()));
    assert_eq!(client.ask("c"), Err(Vec::new()));
    assert_eq!(server.bodies(), ["b"]);
}

#[test]
fn a_lost_answer_was_given() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::LoseAnswer));
    assert_eq!(Client::new(&proxy).ask("a"), Err(Vec::new()));
    counted(&proxy, Fault::LoseAnswer);
    assert_eq!(server.bodies(), ["a"]);
}

#[test]
fn a_delayed_answer_comes_whole() {
    let server = Server::new();
    let delay_max = Duration::from_millis(80);
    let proxy = server.line(Plan { delay_max, ..Plan::only(Fault::Delay) });
    let start = Instant::now();
    for n in 1..=5 {
        assert_eq!(Client::new(&proxy).ask("a"), Ok(format!("{n} a")));
    }
    // The delays are the seed's: those of this one together are more than this.
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
    until(&proxy, |state| state.counts == BTreeMap::from([(Fault::Delay, 5)]));
}

#[test]
fn a_cut_request_never_becomes_whole() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::CutRequest));
    assert_eq!(Client::new(&proxy).ask("abc"), Err(Vec::new()));
    counted(&proxy, Fault::CutRequest);
    let broken = server.heard.broken.lock().unwrap();
    let none = |broken: &mut Vec<Vec<u8>>| broken.is_empty();
    let (broken, _) = server.heard.changed.wait_timeout_while(broken, SOON, none).unwrap();
    let whole = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert!(!broken[0].is_empty() && broken[0].len() < whole.len());
    assert!(whole.starts_with(&broken[0]));
    assert!(server.bodies().is_empty());
}

#[test]
fn a_cut_answer_begins_well() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::CutAnswer));
    let part = Client::new(&proxy).ask("abc").unwrap_err();
    counted(&proxy, Fault::CutAnswer);
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1 abc";
    assert!(!part.is_empty() && part.len() < whole.len());
    assert!(whole.starts_with(&part));
    assert_eq!(server.bodies(), ["abc"]);
}

#[test]
fn a_duplicate_arrives_twice_and_is_answered_once() {
    for (fault, answer) in [(Fault::Duplicate, "1 a"), (Fault::DuplicateSwapped, "2 a")] {
        let server = Server::new();
        let proxy = server.line(Plan::only(fault));
        assert_eq!(Client::new(&proxy).ask("a"), Ok(answer.to_owned()));
        counted(&proxy, fault);
        assert_eq!(server.bodies(), ["a", "a"]);
    }
}

#[test]
fn a_request_is_overtaken() {
    let server = Server::new();
    let shares = vec![(Fault::Pass, 1), (Fault::Reorder, 1)];
    let plan = Plan { shares, held_max: SOON, ..Plan::only(Fault::Pass) };
    let fates = [(0, 0, Fault::Reorder), (1, 0, Fault::Pass)];
    let proxy = server.seeded(seed_of(&plan, &fates), plan);
    let mut first = Client::new(&proxy);
    first.tell("first");
    until(&proxy, |state| state.arrivals == 1);
    assert_eq!(Client::new(&proxy).ask("second"), Ok("1 second".to_owned()));
    assert_eq!(first.hear(), Ok("2 first".to_owned()));
    assert_eq!(server.bodies(), ["second", "first"]);
    until(&proxy, |state| state.counts.get(&Fault::Reorder) == Some(&1));

    // Where nobody comes it goes on by itself, and does not count.
    let proxy = server.line(Plan { held_max: NOT_YET, ..Plan::only(Fault::Reorder) });
    assert_eq!(Client::new(&proxy).ask("alone"), Ok("3 alone".to_owned()));
    assert!(proxy.counts().is_empty());
}

#[test]
fn a_held_request_arrives_although_its_caller_is_gone() {
    let server = Server::new();
    let proxy = server.line(Plan { held_max: SOON, ..Plan::only(Fault::Reorder) });
    let mut caller = Client::new(&proxy);
    caller.tell("late");
    until(&proxy, |state| state.arrivals == 1);
    drop(caller);
    assert!(server.bodies().is_empty());
    proxy.heal();
    assert_eq!(server.bodies(), ["late"]);
}

#[test]
fn a_half_open_connection_is_silent_until_its_caller_gives_up() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::HalfOpen));
    let mut client = Client::new(&proxy);
    client.tell("a");
    client.hears_nothing();
    assert_eq!(server.bodies(), ["a"]);
    assert!(proxy.counts().is_empty(), "it is not over yet");
    drop(client);
    counted(&proxy, Fault::HalfOpen);
}

#[test]
fn a_slow_answer_comes_in_pieces() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::Slow));
    let mut client = Client::new(&proxy);
    client.tell(&"x".repeat(400));
    let (mut piece, mut sizes) = ([0; 1024], Vec::new());
    while sizes.iter().sum::<usize>() < 441 {
        sizes.push(client.0.read(&mut piece).unwrap());
    }
    assert!(sizes.len() > 10, "{sizes:?}");
    counted(&proxy, Fault::Slow);
}

#[test]
fn a_line_that_heals_lets_go_of_everything() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::HalfOpen));
    let mut silent = Client::new(&proxy);
    silent.tell("silent");
    until(&proxy, |state| state.arrivals == 1);
    proxy.heal();
    assert_eq!(silent.hear(), Err(Vec::new()));
    assert_eq!(Client::new(&proxy).ask("after"), Ok("2 after".to_owned()));
    proxy.hurt();
    let mut again = Client::new(&proxy);
    again.tell("again");
    again.hears_nothing();
    assert_eq!(server.bodies(), ["silent", "after", "again"]);
}

#[test]
fn the_seed_decides_and_leaves_nothing_out() {
    let plan = Plan::everything(10);
    let fates = |seed| (0..200).map(|n| plan.fate(seed, n / 4, n % 4).0).collect::<Vec<_>>();
    assert_eq!(fates(1), fates(1));
    assert_ne!(fates(1), fates(2));
    let passes = fates(1).iter().filter(|fault| **fault == Fault::Pass).count();
    assert!((60..140).contains(&passes), "{passes}");
    for fault in Fault::ALL {
        assert!(fates(1).contains(&fault), "{fault:?}");
    }
    let proxy = Server::new().line(plan);
    assert_eq!(proxy.missing(), Fault::ALL);
}

#[test]
fn everything_ends_with_the_line() {
    let server = Server::new();
    let proxy = server.line(Plan::only(Fault::HalfOpen));
    let (mut silent, mut idle) = (Client::new(&proxy), Client::new(&proxy));
    silent.tell("a");
    until(&proxy, |state| state.arrivals == 1 && state.opened == 3);
    let address = proxy.address();
    drop(proxy);
    assert_eq!(silent.hear(), Err(Vec::new()));
    assert_eq!(idle.hear(), Err(Vec::new()));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn where_the_target_is_away_nothing_comes_and_nothing_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = FaultProxy::new(listener.local_addr().unwrap(), 7, Plan::only(Fault::Pass));
    drop(listener);
    assert_eq!(Client::new(&proxy).ask("a"), Err(Vec::new()));
    assert!(proxy.counts().is_empty());
}

/// A seed with which these connections' exchanges have these fates.
fn seed_of(plan: &Plan, fates: &[(u64, u64, Fault)]) -> u64 {
    let fits = |seed: &u64| {
        fates.iter().all(|(connection, exchange, fault)| {
            plan.fate(*seed, *connection, *exchange).0 == *fault
        })
    };
    (0..).find(fits).unwrap()
}

impl FaultProxy {
    fn plan(&self) -> Plan {
        self.shared.plan.clone()
    }
}
