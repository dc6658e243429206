//! The sandbox bank over HTTP: the gateway's addresses, the inbox, the books, the cards and the
//! faults. Clock, randomness and the listener come in; nothing outside of this machine is called.

mod gateway;
mod journal;
mod money;
mod notify;
mod pages;
mod rotation;
mod routes;
mod views;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mingka_crypto::Entropy;
use mingka_domain::time::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;

use self::journal::Journal;
use self::notify::Outbox;
use crate::acp::{AcpBank, Gate, Material, MerchantMaterial};
use crate::bank::Rules;
use crate::cards;
use crate::faults::Rule;

/// How many connections are served at once; more wait.
const CONNECTION_COUNT_MAX: usize = 1_024;
/// How long to wait when a connection cannot be taken, as when the process has too many files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where it is kept how far the bank's clock was set ahead.
const CLOCK_FILE: &str = "clock-ahead-ms";
/// How long the bank's clock rests at most before it looks for what is due.
const REST_MAX_MS: i64 = 60_000;

/// What a bank's server needs.
pub struct Config {
    /// Where it listens.
    pub listener: TcpListener,
    /// Where it keeps its keys and its books.
    pub data_dir: PathBuf,
    /// What time it is.
    pub now: fn() -> Timestamp,
    /// How far the bank's clock is ahead of that, at least: a clock that was set further ahead in
    /// an earlier life stays there, since what was booked is not booked again.
    pub clock_ahead_ms: i64,
    /// Where random bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// What goes wrong from the start; more can be planned over HTTP.
    pub faults: Vec<Rule>,
    /// Whether the merchant's contract asks for a code for each payment.
    pub payment_code_required: bool,
}

/// Where a sandbox bank can be looked into and played with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Its books.
    pub ledger_url: String,
    /// The codes it sent.
    pub inbox_url: String,
    /// Its faults, planned and to be planned.
    pub faults_url: String,
    /// Its clock, which can be set ahead.
    pub clock_url: String,
    /// The statements it wrote.
    pub statements_url: String,
}

impl Places {
    /// Those of the bank at an address without a path.
    #[must_use]
    pub fn of(base_url: &str) -> Self {
        let place = |path: &str| format!("{base_url}/{path}");
        Self {
            ledger_url: place("ledger"),
            inbox_url: place("inbox"),
            faults_url: place("faults"),
            clock_url: place("sandbox/clock"),
            statements_url: place("statements"),
        }
    }
}

/// A bank that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The address of the gateway, without a path.
    pub base_url: String,
    /// Where it can be looked into.
    pub places: Places,
    /// What its merchant needs to talk to it.
    pub merchant: MerchantMaterial,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    clock: JoinHandle<()>,
}

impl Running {
    /// How many notifications wait to be sent, or to be sent again.
    #[must_use]
    pub fn waiting_notifications(&self) -> usize {
        self.desk.outbox().count()
    }

    /// Stops serving: no new connection is taken, open ones are cut.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
        let _ = self.clock.await;
    }
}

/// Reads or makes the keys, reads the books of the earlier life, and serves.
///
/// # Errors
/// When the folder cannot be read or written, or holds keys that cannot be used, or when there are
/// more faults than a plan holds.
pub async fn start(config: Config) -> io::Result<Running> {
    let rules = Rules { payment_code_required: config.payment_code_required, ..Rules::default() };
    let Config { listener, data_dir, now, clock_ahead_ms, entropy, faults, .. } = config;
    let address = listener.local_addr()?;
    let for_files = Arc::clone(&entropy);
    let clock_file = data_dir.join(CLOCK_FILE);
    let (material, journal, entries, ahead_ms) = tokio::task::spawn_blocking(move || {
        let material = Material::load_or_make(&data_dir, &*for_files)?;
        let (journal, entries) = Journal::open(&data_dir.join("journal.jsonl"))?;
        let ahead_ms = clock_ahead_ms.max(kept_clock(&data_dir.join(CLOCK_FILE))?);
        Ok::<_, io::Error>((material, journal, entries, ahead_ms))
    })
    .await
    .map_err(io::Error::other)??;
    let gate = Gate::from_material(&material).map_err(io::Error::other)?;
    let mut bank = AcpBank::new(gate, cards::bank().with_rules(rules));
    for entry in entries {
        bank.bank_mut().replay(entry);
    }
    for rule in faults {
        let planned = bank.faults_mut().add(rule);
        planned.ok_or_else(|| io::Error::other("more faults than a plan holds"))?;
    }
    let gate = bank.gate();
    let desk = Arc::new(Desk {
        gate,
        books: Mutex::new(Books { bank, journal }),
        outbox: Mutex::default(),
        now,
        ahead_ms: AtomicI64::new(ahead_ms),
        clock_file,
        due: Notify::new(),
        entropy,
    });
    let (stop, stopped) = watch::channel(false);
    let clock = tokio::spawn(run_clock(Arc::clone(&desk), stopped.clone()));
    let accepting = tokio::spawn(accept(listener, Arc::clone(&desk), stopped));
    let base_url = format!("http://{address}");
    Ok(Running {
        address,
        places: Places::of(&base_url),
        base_url,
        merchant: material.merchant(),
        desk,
        stop,
        accepting,
        clock,
    })
}

/// What every connection shares.
struct Desk {
    gate: Arc<Gate>,
    books: Mutex<Books>,
    outbox: Mutex<Outbox>,
    now: fn() -> Timestamp,
    ahead_ms: AtomicI64,
    clock_file: PathBuf,
    due: Notify,
    entropy: Arc<dyn Entropy>,
}

/// What changes: the bank, and the journal that is written before an answer leaves.
struct Books {
    bank: AcpBank,
    journal: Journal,
}

impl Desk {
    /// A poisoned lock is taken all the same: the books are only ever changed by whole entries.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is at the bank.
    fn now(&self) -> Timestamp {
        (self.now)().plus_ms(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Something may be due earlier than the clock knows.
    fn wake(&self) {
        self.due.notify_one();
    }

    /// Executes what is due, sends what is to be sent, and says how long the clock may rest.
    fn settle(self: &Arc<Self>) -> Duration {
        let now = self.now();
        let (due, next_due) = {
            let mut books = self.books();
            let due = books.bank.due(now);
            // What was executed stands in the books before anybody hears of it.
            let written = books.write_fresh();
            (if written { due } else { Vec::new() }, books.bank.bank().next_due())
        };
        for announced in due {
            for notification in self.gate.announce(&*self.entropy, &announced) {
                self.outbox().put(now, notification.request);
            }
        }
        let (waiting, next) = {
            let mut outbox = self.outbox();
            (outbox.take_due(now), outbox.next())
        };
        for one in waiting {
            tokio::spawn(notify::deliver(Arc::clone(self), one));
        }
        let rest_ms = [next_due, next].into_iter().flatten().map(|at| at.since_ms(now)).min();
        let rest_ms = rest_ms.unwrap_or(REST_MAX_MS).clamp(1, REST_MAX_MS);
        Duration::from_millis(u64::try_from(rest_ms).unwrap_or(1))
    }
}

impl Books {
    /// Writes what was entered since the last time; says whether that was possible.
    fn write_fresh(&mut self) -> bool {
        let fresh = self.bank.bank_mut().take_fresh();
        match self.journal.append(&fresh) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the sandbox bank cannot write its journal");
                false
            }
        }
    }
}

/// How far the clock was set ahead in an earlier life.
fn kept_clock(file: &Path) -> io::Result<i64> {
    match std::fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// The bank's own clock: it rests until something is due.
async fn run_clock(desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    loop {
        let rest = desk.settle();
        tokio::select! {
            _ = stopped.changed() => return,
            () = desk.due.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTION_COUNT_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the sandbox bank could not take a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (desk, mut stopped) = (Arc::clone(&desk), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = stopped.changed() => {}
                () = serve(stream, desk) => {}
            }
            drop(place);
        });
    }
}

/// Serves one connection until it ends. An `Err` from a route closes it without an answer.
async fn serve(stream: TcpStream, desk: Arc<Desk>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| routes::route(Arc::clone(&desk), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the sandbox bank ended early");
    }
}

#[cfg(test)]
mod tests;
