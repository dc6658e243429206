//! What the parties of a story share: the time, the bank, the wire, and what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mingka_channels::HttpRequest;
use mingka_domain::id::PlatformId;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use mingka_engine::{Clock, StopSwitch};
use mingka_sandbox::acp::AcpBank;
use mingka_store::Store;
use tokio::time::Instant;

use crate::money::restore::Restored;
use crate::random::{Dice, SeededEntropy};

/// The merchant number of the simulation.
pub(crate) const MERCHANT: &str = "777290058100001";
/// The channel's code in the simulation.
pub(crate) const CHANNEL: &str = "unionpay";
/// A story begins here: 2026-06-01T02:00:00Z.
const BEGINNING_MS: i64 = 1_780_279_200_000;
/// What was on its way to the wire when something was stopped is there by then.
const ON_ITS_WAY_MS: i64 = 10_000;
/// The most lines of a story that are kept.
const TRACE_LINES_MAX: usize = 5_000;

/// The shared world of one story.
pub(crate) struct World {
    pub(crate) bank: Mutex<AcpBank>,
    /// The database that the house runs on now.
    store: Mutex<Store>,
    pub(crate) entropy: Arc<SeededEntropy>,
    /// Decides what the network does.
    pub(crate) network: Dice,
    /// Decides when a process dies.
    pub(crate) fate: Dice,
    /// Decides what the bank draws.
    pub(crate) bank_entropy: SeededEntropy,
    /// Once set, nothing goes wrong any more.
    pub(crate) healed: AtomicBool,
    /// Once set, the story turns the worker itself, from one due step to the next.
    pub(crate) resting: AtomicBool,
    /// Whether the house's clock ever jumped.
    pub(crate) jumped: AtomicBool,
    /// Whether the bank's notifications may carry a signature that does not fit.
    pub(crate) forges: AtomicBool,
    /// How far the house's clock is off.
    offset_ms: AtomicI64,
    began: Instant,
    /// The moment at which the story begins.
    beginning: Timestamp,
    traced: bool,
    seen: Mutex<Seen>,
    platform: OnceLock<PlatformId>,
    mailbox: OnceLock<Mailbox>,
    restored: OnceLock<Restored>,
}

/// Where the bank's own messages go.
pub(crate) type Mailbox = Box<dyn Fn(HttpRequest) + Send + Sync>;

#[derive(Default)]
struct Seen {
    trace: Vec<String>,
    violations: Vec<String>,
    confirmations: BTreeSet<(String, String)>,
    /// The orders about money that left, to see that each does so once.
    left: BTreeSet<String>,
    /// The switch that stops something, and since when.
    stopped: Option<(StopSwitch, Timestamp)>,
    /// Since when the house is held.
    held_at: Option<Timestamp>,
    /// When the bank first said of an order that its very amount had moved.
    told: BTreeMap<String, Timestamp>,
}

impl World {
    pub(crate) fn new(seed: u64, bank: AcpBank, store: Store, traced: bool) -> Self {
        Self {
            bank: Mutex::new(bank),
            store: Mutex::new(store),
            entropy: Arc::new(SeededEntropy(Dice::fork(seed, 1))),
            network: Dice::fork(seed, 2),
            fate: Dice::fork(seed, 3),
            bank_entropy: SeededEntropy(Dice::fork(seed, 4)),
            healed: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            jumped: AtomicBool::new(false),
            forges: AtomicBool::new(false),
            offset_ms: AtomicI64::new(0),
            began: Instant::now(),
            beginning: Timestamp::from_millis(BEGINNING_MS),
            traced,
            seen: Mutex::new(Seen::default()),
            platform: OnceLock::new(),
            mailbox: OnceLock::new(),
            restored: OnceLock::new(),
        }
    }

    /// Whose bindings the story is about.
    pub(crate) fn set_platform(&self, platform: PlatformId) {
        let _ = self.platform.set(platform);
    }

    pub(crate) fn platform(&self) -> PlatformId {
        let nobody = PlatformId::new(Timestamp::from_millis(0), [0; 10]);
        self.platform.get().copied().unwrap_or(nobody)
    }

    /// The database that the house runs on now.
    pub(crate) fn store(&self) -> Store {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The database is lost and a copy of it put in its place: from now on the house is held.
    pub(crate) fn put_back(&self, copy: Store, restored: Restored) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = copy;
        let _ = self.restored.set(restored);
        self.hold(true);
    }

    /// What was lost with the database, once one was.
    pub(crate) fn restored(&self) -> Option<&Restored> {
        self.restored.get()
    }

    /// The same world, at another hour of its first day.
    pub(crate) fn later(mut self, ms: i64) -> Self {
        self.beginning = self.beginning.plus_ms(ms);
        self
    }

    /// The moment at which the story begins.
    pub(crate) const fn beginning(&self) -> Timestamp {
        self.beginning
    }

    /// The bank's clock, which never jumps.
    pub(crate) fn true_now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.beginning.plus_ms(elapsed)
    }

    pub(crate) fn is_healed(&self) -> bool {
        self.healed.load(Ordering::SeqCst)
    }

    /// Moves the house's clock against everybody else's.
    pub(crate) fn jump(&self, ms: i64) {
        self.jumped.store(true, Ordering::SeqCst);
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
        self.tell(|| format!("the clock jumps by {ms} ms"));
    }

    pub(crate) fn bank(&self) -> MutexGuard<'_, AcpBank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bank reads and executes a message now.
    pub(crate) fn execute(&self, message: &HttpRequest) -> mingka_sandbox::acp::Answer {
        let now = self.true_now();
        let answer = self.bank().answer(now, &self.bank_entropy, message);
        if let Some(mailbox) = self.mailbox.get() {
            for notification in &answer.notifications {
                mailbox(notification.request.clone());
            }
        }
        answer
    }

    /// Says where the bank's own messages go.
    pub(crate) fn set_mailbox(&self, mailbox: Mailbox) {
        let _ = self.mailbox.set(mailbox);
    }

    /// A line of the story.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if !self.traced {
            return;
        }
        let at = self.true_now().since_ms(self.beginning);
        let mut seen = self.seen();
        if seen.trace.len() < TRACE_LINES_MAX {
            seen.trace.push(format!("{:>12} s  {}", Seconds(at), line()));
        }
    }

    /// An operator's switch has been turned.
    pub(crate) fn stop(&self, switch: &StopSwitch, stop: bool) {
        let now = self.true_now();
        self.seen().stopped = stop.then(|| (switch.clone(), now));
    }

    /// The house is held since it was restored, or was released.
    pub(crate) fn hold(&self, held: bool) {
        let now = self.true_now();
        self.seen().held_at = held.then_some(now);
    }

    /// Whether it is held.
    pub(crate) fn is_held(&self) -> bool {
        self.seen().held_at.is_some()
    }

    /// Why a message about money must not leave now, if it must not.
    pub(crate) fn forbids(&self, operation: Operation) -> Option<&'static str> {
        let now = self.true_now();
        let long = |at: Timestamp| now.since_ms(at) > ON_ITS_WAY_MS;
        let seen = self.seen();
        if seen.held_at.is_some_and(long) {
            return Some("the house was held");
        }
        let (switch, at) = seen.stopped.as_ref()?;
        let about = match switch {
            StopSwitch::Operation(stopped) => *stopped == operation,
            _ => true,
        };
        (about && long(*at)).then_some("a switch had stopped it")
    }

    /// Something that must never happen.
    pub(crate) fn violate(&self, what: String) {
        self.tell(|| format!("VIOLATION: {what}"));
        self.seen().violations.push(what);
    }

    /// Notes that a code was taken to the bank for an order, and says whether it had been before.
    pub(crate) fn confirmed_before(&self, order: &str, code: &str) -> bool {
        !self.seen().confirmations.insert((order.to_owned(), code.to_owned()))
    }

    /// Notes that an order about money leaves, and says whether it had left before.
    pub(crate) fn left_before(&self, order: &str) -> bool {
        !self.seen().left.insert(order.to_owned())
    }

    /// Notes that the bank says that an order's amount has moved.
    pub(crate) fn note_told(&self, order: &str) {
        let now = self.true_now();
        self.seen().told.entry(order.to_owned()).or_insert(now);
    }

    /// When the bank first said that an order's amount had moved.
    pub(crate) fn told_at(&self, order: &str) -> Option<Timestamp> {
        self.seen().told.get(order).copied()
    }

    /// Lets the bank's own clock run; what it announces goes to the mailbox.
    pub(crate) fn tick_bank(&self) {
        let now = self.true_now();
        let told = self.bank().tick(now, &self.bank_entropy);
        if let Some(mailbox) = self.mailbox.get() {
            for notification in told {
                mailbox(notification.request);
            }
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.seen().violations.clone()
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.seen().trace.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The house's clock.
impl Clock for World {
    fn now(&self) -> Timestamp {
        self.true_now().plus_ms(self.offset_ms.load(Ordering::SeqCst))
    }
}

struct Seconds(i64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1_000, self.0.rem_euclid(1_000));
        f.pad(&text)
    }
}
