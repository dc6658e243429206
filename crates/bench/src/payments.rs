//! Payments: how many become durable in a second, over a channel that costs nothing and over signed
//! ACP; what of a payment's time is the house's own, at half of what it can do; on SQLite, and on
//! PostgreSQL where a server is given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use mingka_store::Store;
use tokio::time::{Instant, sleep};

use crate::Plan;
use crate::bindings::{OtherEnd, own_time};
use crate::floor::{self, Commits, TwoCommits};
use crate::house::{Bank, House};
use crate::machine;
use crate::pay::{self, Paid, Payer};
use crate::report::Section;
use crate::sample::{Sample, number, percentile_ms};

/// The commits a payment needs: before its first byte leaves, and after its answer.
const COMMITS: f64 = 2.0;
/// The share of the floor of durable commits that payments are to reach, by those two.
const FLOOR_GOAL: f64 = 0.5;
/// Our own processor time for a payment is to be less, in milliseconds.
const CPU_GOAL_MS: f64 = 0.4;
/// How many times two bare commits a payment may take, of a hundred of each the slowest.
const OVERHEAD_GOAL: f64 = 3.0;
/// What `engine.pay` leaves in the log: opened, sent, pending.
const EVENTS: f64 = 3.0;
/// How many cards are paid to and from.
const CARDS: u32 = 64;
/// How messages to the bank are signed: with RSA.
const SIGN_METHOD: &str = "01";
/// How long a payment may take to its proof.
const PROOF_MAX: Duration = Duration::from_secs(30);

/// Where the records are.
enum Place<'a> {
    File,
    Server(&'a str),
}

/// What is at the other end, and how the section over it is called.
struct Way<'a> {
    place: &'a Place<'a>,
    title: &'static str,
    signed: Option<&'a OtherEnd>,
}

/// How payments come.
#[derive(Clone, Copy)]
enum Load {
    Clients(usize),
    PerSecond(f64),
}

/// What one run gave.
struct Run {
    paid: Paid,
    /// Counted since the run began.
    counts: Counts,
    bytes_per_unit: u64,
}

/// What has been used and done so far.
#[derive(Clone, Copy)]
struct Counts {
    own: Duration,
    bank: Duration,
    /// All cores, whoever asked for it.
    all: Duration,
    units: u64,
    commits: u64,
    /// Events in the evidence log.
    evidence: i64,
}

/// Everything about payments but what many stored ones do.
pub(crate) async fn measure(
    plan: &Plan,
    other_end: &OtherEnd,
    add: &mut dyn FnMut(Vec<Section>),
) -> Result<(), String> {
    proven(plan).await?;
    let bytes = on(plan, &Place::File, other_end, None, add).await?;
    match &plan.postgres {
        Some(url) => on(plan, &Place::Server(url), other_end, Some(bytes), add).await.map(drop),
        None => {
            let mut section = Section::new("Payments on PostgreSQL");
            section.note("left out: no server; `cargo xtask postgres cargo xtask bench` gives one");
            add(vec![section]);
            Ok(())
        }
    }
}

/// Nothing is measured over a channel whose orders do not settle once they are asked about.
async fn proven(plan: &Plan) -> Result<(), String> {
    let folder = plan.folder.join("payments-proven");
    let house = House::open(&folder, &Bank::Free { first_inquiry_ms: Some(1) }).await?;
    let payer = Payer::new(&house, &pay::bound(&house, 2, &Arc::default()).await?);
    let until = Instant::now() + PROOF_MAX;
    // One of each kind.
    for order in [payer.order().await?, payer.order().await?] {
        loop {
            let seen = house.engine.payment(house.platform, order.id).await;
            let seen = seen.map_err(|e| e.to_string())?;
            if seen.state == "settled" {
                break;
            }
            if Instant::now() > until {
                return Err(format!("{} is `{}` and should be settled", seen.id, seen.state));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    house.close(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

/// Everything on one database. Gives the bytes of a commit, where they can be known.
async fn on(
    plan: &Plan,
    place: &Place<'_>,
    other_end: &OtherEnd,
    bytes: Option<usize>,
    add: &mut dyn FnMut(Vec<Section>),
) -> Result<usize, String> {
    let [free, signed, beside_title, half] = place.titles();
    let way = |title, signed| Way { place, title, signed };
    let (section, free) = ways(plan, &way(free, None)).await?;
    add(vec![section]);
    let (section, signed) = ways(plan, &way(signed, Some(other_end))).await?;
    add(vec![section]);
    let bytes = bytes.unwrap_or_else(|| usize::try_from(free.bytes_per_unit).unwrap_or(0));
    let (section, commits) = place.commits(plan, bytes).await?;
    add(vec![section, beside(place, beside_title, [free.rate, signed.rate], &commits)]);
    let two = place.two_in_a_row(plan, bytes).await?;
    let half_rate = free.rate / 2.0;
    let run = run(plan, &way(half, None), Load::PerSecond(half_rate), "half").await?;
    add(vec![overhead(place, half, half_rate, &run, &two)]);
    Ok(bytes)
}

/// What the other sections need of a way.
struct Most {
    /// Payments a second with the most clients.
    rate: f64,
    bytes_per_unit: u64,
}

/// One way with one, with some and with many clients.
async fn ways(plan: &Plan, way: &Way<'_>) -> Result<(Section, Most), String> {
    let mut section = Section::new(way.title);
    let mut most = Most { rate: 0.0, bytes_per_unit: 0 };
    for clients in [1, plan.clients.div_ceil(4), plan.clients] {
        let many = clients == plan.clients;
        let mut runs = Vec::new();
        for count in 0..(if many { plan.runs.min(3) } else { 1 }) {
            let name = format!("{clients}-{count}");
            runs.push(run(plan, way, Load::Clients(clients), &name).await?);
        }
        rows(&mut section, way, clients, &runs);
        if many {
            if way.signed.is_none() && way.place.has_goals() {
                section.below(CPU_GOAL_MS);
            }
            rows_of_many(&mut section, &runs);
            let bytes_per_unit = runs.iter().map(|run| run.bytes_per_unit).max().unwrap_or(0);
            most = Most { rate: rate(&runs).median, bytes_per_unit };
        }
    }
    section.note("half are disbursements, half repayments");
    section.note("the inquiry that proves each comes minutes later and is not in these figures");
    Ok((section, most))
}

async fn run(plan: &Plan, way: &Way<'_>, load: Load, name: &str) -> Result<Run, String> {
    let bank = match way.signed {
        None => Bank::Free { first_inquiry_ms: None },
        Some(other_end) => Bank::Gateway {
            address: other_end.process.said("address")?,
            merchant: &other_end.merchant,
            sign_method: SIGN_METHOD,
        },
    };
    let kind = if way.signed.is_some() { "signed" } else { "free" };
    let folder = plan.folder.join(format!("payments-{kind}-{name}"));
    let house = way.place.house(&folder, &bank).await?;
    let fresh = Arc::new(AtomicU32::new(0));
    let next = way.signed.map_or(&fresh, |other_end| &other_end.next);
    let payer = Payer::new(&house, &pay::bound(&house, CARDS, next).await?);
    load.put(&payer, plan.warm).await?;
    house.bank_times.take();
    let before = Counts::of(&house, way.signed).await?;
    let paid = load.put(&payer, plan.long).await?;
    let counts = Counts::of(&house, way.signed).await?.since(before);
    let units = house.store.stats().units;
    let bytes = house.close(&folder).await;
    // What is measured next must not pay for what this leaves behind.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(Run { paid, counts, bytes_per_unit: bytes / units.max(1) })
}

impl Load {
    async fn put(self, payer: &Payer, time: Duration) -> Result<Paid, String> {
        match self {
            Self::Clients(clients) => pay::closed(payer, clients, time).await,
            Self::PerSecond(rate) => pay::open(payer, rate, time).await,
        }
    }
}

impl Counts {
    async fn of(house: &House, bank: Option<&OtherEnd>) -> Result<Self, String> {
        let evidence = house.store.evidence_size().await.map_err(|e| e.to_string())?;
        let stats = house.store.stats();
        Ok(Self {
            own: own_time(),
            bank: bank.map(|bank| bank.process.processor_time()).unwrap_or_default(),
            all: machine::busy_time().unwrap_or_default(),
            units: stats.units,
            commits: stats.commits,
            evidence,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            own: self.own.saturating_sub(before.own),
            bank: self.bank.saturating_sub(before.bank),
            all: self.all.saturating_sub(before.all),
            units: self.units.saturating_sub(before.units),
            commits: self.commits.saturating_sub(before.commits),
            evidence: self.evidence.saturating_sub(before.evidence).max(0),
        }
    }
}

impl Place<'_> {
    const fn titles(&self) -> [&'static str; 4] {
        match self {
            Self::File => [
                "Payments at the engine, free channel, SQLite",
                "Payments at the engine, ACP, signMethod 01, bank apart, SQLite",
                "Payments beside the floors, SQLite",
                "A payment's own time at half load, free channel, SQLite",
            ],
            Self::Server(_) => [
                "Payments at the engine, free channel, PostgreSQL",
                "Payments at the engine, ACP, signMethod 01, bank apart, PostgreSQL",
                "Payments beside the floors, PostgreSQL",
                "A payment's own time at half load, free channel, PostgreSQL",
            ],
        }
    }

    /// The goals are those of one process that has its records in a file.
    const fn has_goals(&self) -> bool {
        matches!(self, Self::File)
    }

    async fn house(&self, folder: &Path, bank: &Bank<'_>) -> Result<House, String> {
        let Self::Server(url) = self else { return House::open(folder, bank).await };
        let url = floor::own_schema(url).await?;
        House::on(Store::connect(&url).map_err(|e| e.to_string())?, bank).await
    }

    async fn commits(&self, plan: &Plan, bytes: usize) -> Result<(Section, Commits), String> {
        match self {
            Self::File => floor::commits(plan, &floor_folder(plan)?, bytes, "payments").await,
            Self::Server(url) => floor::commits_on(plan, url, bytes, "payments on SQLite").await,
        }
    }

    async fn two_in_a_row(&self, plan: &Plan, bytes: usize) -> Result<TwoCommits, String> {
        match self {
            Self::File => floor::two_in_a_row(plan, &floor_folder(plan)?, bytes),
            Self::Server(url) => floor::two_in_a_row_on(plan, url, bytes).await,
        }
    }
}

fn floor_folder(plan: &Plan) -> Result<PathBuf, String> {
    let folder = plan.folder.join("payments-floor");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn rows(section: &mut Section, way: &Way<'_>, clients: usize, runs: &[Run]) {
    let who = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
    section.row(format!("payments, {who}"), rate(runs), "/s");
    for (name, per_mille) in [("p50", 500), ("p99", 990)] {
        let times = Sample::of(runs.iter().map(|run| percentile_ms(&run.paid.times, per_mille)));
        section.row(format!("a payment, until it is accepted, {who}: {name}"), times, "ms");
    }
    let own = Sample::of(runs.iter().map(|run| run.each_ms(run.counts.own)));
    section.row(format!("processor time of ours for a payment, {who}"), own, "ms");
    if way.signed.is_some() {
        let bank = Sample::of(runs.iter().map(|run| run.each_ms(run.counts.bank)));
        section.row(format!("processor time of the bank for a payment, {who}"), bank, "ms");
    }
}

fn rows_of_many(section: &mut Section, runs: &[Run]) {
    let each = |count: fn(&Counts) -> f64| {
        Sample::of(runs.iter().map(|run| count(&run.counts) / run.payments()))
    };
    let units = each(|counts| number(counts.units));
    section.row("units of a payment, the house's later work included", units, "");
    let shared = |run: &Run| number(run.counts.units) / number(run.counts.commits).max(1.0);
    section.row("units that share a commit on disk", Sample::of(runs.iter().map(shared)), "");
    let evidence = each(|counts| 100.0 * number(counts.evidence) / EVENTS);
    section.row("events that were in the evidence log when it ended", evidence, "%");
    let cores = number(std::thread::available_parallelism().map_or(1, usize::from));
    let share = |run: &Run, time: Duration| {
        100.0 * time.as_secs_f64() / run.paid.took.as_secs_f64() / cores
    };
    let busy = |run: &Run| share(run, run.counts.own + run.counts.bank);
    section.row("cores busy with this", Sample::of(runs.iter().map(busy)), "%");
    let others =
        |run: &Run| share(run, run.counts.all.saturating_sub(run.counts.own + run.counts.bank));
    section.row("cores busy with anything else", Sample::of(runs.iter().map(others)), "%");
}

/// The payments beside the floors of durable commits.
fn beside(
    place: &Place<'_>,
    title: &'static str,
    [free, signed]: [f64; 2],
    commits: &Commits,
) -> Section {
    let mut section = Section::new(title);
    for (name, rate) in [("free channel", free), ("ACP 01", signed)] {
        let ratio = rate * COMMITS / commits.alone.max(1.0);
        section.value(format!("2 × payments, {name} ÷ commits of 1 committer"), ratio, "×");
        if name == "free channel" && place.has_goals() {
            section.at_least(FLOOR_GOAL);
        }
        let ratio = rate * COMMITS / commits.together.max(1.0);
        let name = format!("2 × payments, {name} ÷ shared commits of 64 committers");
        section.value(name, ratio, "×");
    }
    let half = commits.alone / COMMITS * FLOOR_GOAL;
    section.value("half of the commits of 1 committer, in payments", half, "/s");
    let half = commits.together / COMMITS * FLOOR_GOAL;
    section.value("half of the shared commits of 64 committers, in payments", half, "/s");
    section.note("a payment needs 2 commits: before its first byte leaves, and after its answer");
    section
}

/// The time of a payment beside that of two bare commits in a row.
fn overhead(
    place: &Place<'_>,
    title: &'static str,
    meant: f64,
    run: &Run,
    two: &TwoCommits,
) -> Section {
    let mut section = Section::new(title);
    section.value("payments that were to come, by chance", meant, "/s");
    section.value("payments that came", run.paid.per_second(), "/s");
    section.value("a payment: p50", percentile_ms(&run.paid.times, 500), "ms");
    let p99 = percentile_ms(&run.paid.times, 990);
    section.value("a payment: p99", p99, "ms");
    section.row("two bare commits in a row: p50", two.p50, "ms");
    section.row("two bare commits in a row: p99", two.p99, "ms");
    let ratio = p99 / two.p99.median.max(1e-6);
    section.value("p99 of a payment ÷ p99 of two bare commits", ratio, "×");
    if place.has_goals() {
        section.below(OVERHEAD_GOAL);
    }
    let own = run.each_ms(run.counts.own);
    section.value("processor time of ours for a payment", own, "ms");
    let late = percentile_ms(&run.paid.late, 990);
    section.value("payments that came later than meant, by: p99", late, "ms");
    section.note("the two bare commits had the disk to themselves; the payments had each other");
    section
}

impl Run {
    fn payments(&self) -> f64 {
        number(self.paid.times.len()).max(1.0)
    }

    fn each_ms(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e3 / self.payments()
    }
}

fn rate(runs: &[Run]) -> Sample {
    Sample::of(runs.iter().map(|run| run.paid.per_second()))
}
