//! Bindings from end to end: at the engine and over HTTP, with RSA and without, with many clients
//! and with one; and what of it is the bank's time and the bank's processor time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use mingka_crypto::SystemEntropy;
use mingka_engine::{Clock as _, SystemClock};
use mingka_sandbox::acp::{MerchantMaterial, merchant_material};
use mingka_sandbox::server;
use tokio::net::TcpListener;

use crate::Plan;
use crate::child::{Programs, Running};
use crate::drive::{Door, Driven, Until, drive};
use crate::house::{Bank, House};
use crate::machine;
use crate::report::Section;
use crate::sample::{Sample, mean_ms, number, percentile_ms};

/// Commits of one binding: before and after each of its two exchanges.
pub(crate) const UNITS_PER_BINDING: f64 = 4.0;

/// The bank in a process of its own, and its merchant's side.
pub(crate) struct OtherEnd {
    pub(crate) folder: PathBuf,
    pub(crate) process: Running,
    pub(crate) merchant: MerchantMaterial,
    /// The next card of the series: the bank knows which are bound already.
    pub(crate) next: Arc<AtomicU32>,
}

impl OtherEnd {
    pub(crate) fn start(plan: &Plan, programs: &Programs) -> Result<Self, String> {
        let folder = plan.folder.join("bank");
        let process = programs.bank(&folder)?;
        let merchant =
            merchant_material(&folder, &SystemEntropy::new()).map_err(|e| e.to_string())?;
        Ok(Self { folder, process, merchant, next: Arc::new(AtomicU32::new(0)) })
    }
}

/// Where the bank is while the engine is measured.
#[derive(Clone, Copy)]
enum Where<'a> {
    Apart(&'a OtherEnd),
    SameProcess,
    Memory,
}

/// One way to bind.
struct Way<'a> {
    name: &'static str,
    sign_method: &'static str,
    bank: Where<'a>,
    clients: usize,
    runs: usize,
}

/// What one run gave.
struct Run {
    driven: Driven,
    bank_times: Vec<Duration>,
    own: Duration,
    bank: Duration,
    /// What all cores did meanwhile, whoever asked for it.
    all: Duration,
    /// Commits asked for, durable commits made of them, and the database's bytes for each asked for.
    units: (u64, u64, u64),
}

/// What the other measurements need of these.
pub(crate) struct Measured {
    /// Bindings a second by sign method, and without any RSA.
    pub(crate) rate_11: f64,
    pub(crate) rate_01: f64,
    pub(crate) rate_memory: f64,
    /// Processor milliseconds of the house and of the bank for one binding.
    pub(crate) own_ms: (f64, f64),
    pub(crate) bank_ms: (f64, f64),
    /// Bytes a commit writes on average.
    pub(crate) bytes_per_unit: usize,
}

/// Bindings directly at the engine.
pub(crate) async fn engine(
    plan: &Plan,
    other_end: &OtherEnd,
) -> Result<(Vec<Section>, Measured), String> {
    let way =
        |name, sign_method, bank, clients, runs| Way { name, sign_method, bank, clients, runs };
    let (many, runs, apart) = (plan.clients, plan.runs.min(3), Where::Apart(other_end));
    let ways = [
        way("Bindings at the engine, signMethod 11, bank apart", "11", apart, many, runs),
        way("Bindings at the engine, signMethod 01, bank apart", "01", apart, many, runs),
        way(IN_MEMORY, "", Where::Memory, many, runs),
        way(
            "Bindings at the engine, signMethod 11, same process",
            "11",
            Where::SameProcess,
            many,
            1,
        ),
        way(
            "Bindings at the engine, signMethod 01, same process",
            "01",
            Where::SameProcess,
            many,
            1,
        ),
        way("One client at the engine, signMethod 11, bank apart", "11", apart, 1, 1),
        way("One client at the engine, signMethod 01, bank apart", "01", apart, 1, 1),
    ];
    let mut sections = Vec::new();
    let mut all = Vec::new();
    for way in &ways {
        let mut seen = Vec::new();
        for number in 0..way.runs {
            seen.push(run(plan, way, number).await?);
        }
        sections.push(section(way, &seen));
        all.push(seen);
    }
    let [keyed, rsa, memory, ..] = all.as_slice() else { return Err("no runs".to_owned()) };
    let measured = Measured {
        rate_11: rate(keyed).median,
        rate_01: rate(rsa).median,
        rate_memory: rate(memory).median,
        own_ms: (cpu_ms(keyed, |run| run.own).median, cpu_ms(rsa, |run| run.own).median),
        bank_ms: (cpu_ms(keyed, |run| run.bank).median, cpu_ms(rsa, |run| run.bank).median),
        bytes_per_unit: bytes_per_unit(memory),
    };
    Ok((sections, measured))
}

const IN_MEMORY: &str = "Bindings at the engine, bank in memory, no RSA at all";

/// One run with the bank in memory.
pub(crate) async fn in_memory(plan: &Plan) -> Result<Section, String> {
    let way = Way {
        name: IN_MEMORY,
        sign_method: "",
        bank: Where::Memory,
        clients: plan.clients,
        runs: 1,
    };
    Ok(section(&way, &[run(plan, &way, 0).await?]))
}

async fn run(plan: &Plan, way: &Way<'_>, number: usize) -> Result<Run, String> {
    let here = match way.bank {
        Where::SameProcess => Some(bank_here(plan, way.sign_method).await?),
        Where::Apart(_) | Where::Memory => None,
    };
    let sign_method = way.sign_method;
    let bank = match (way.bank, &here) {
        (Where::Apart(bank), _) => {
            let address = bank.process.said("address")?;
            Bank::Gateway { address, merchant: &bank.merchant, sign_method }
        }
        (_, Some(bank)) => {
            Bank::Gateway { address: &bank.base_url, merchant: &bank.merchant, sign_method }
        }
        (_, None) => Bank::Instant,
    };
    let place = format!("engine-{sign_method}-{}-{}-{number}", way.bank.name(), way.clients);
    let folder = plan.folder.join(place);
    let house = House::open(&folder, &bank).await?;
    let fresh = Arc::new(AtomicU32::new(0));
    let next = if let Where::Apart(bank) = way.bank { &bank.next } else { &fresh };
    let doors = || (0..way.clients).map(|_| Door::engine(&house)).collect::<Vec<_>>();
    drive(doors(), Until::Time(plan.warm), next).await?;
    house.bank_times.take();
    let before = (house.store.stats(), own_time(), way.bank.processor_time());
    let busy = machine::busy_time().unwrap_or_default();
    let driven = drive(doors(), Until::Time(plan.long), next).await?;
    let own = own_time() - before.1;
    let bank = way.bank.processor_time() - before.2;
    let all = machine::busy_time().unwrap_or_default().saturating_sub(busy);
    let (after, bank_times) = (house.store.stats(), house.bank_times.take());
    let bytes = house.close(&folder).await;
    if let Some(here) = here {
        here.shutdown().await;
    }
    let (units, commits) = (after.units - before.0.units, after.commits - before.0.commits);
    // What is measured next must not pay for what this leaves behind.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(Run {
        driven,
        bank_times,
        own,
        bank,
        all,
        units: (units, commits, bytes / after.units.max(1)),
    })
}

impl Where<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Apart(_) => "apart",
            Self::SameProcess => "here",
            Self::Memory => "memory",
        }
    }

    fn processor_time(self) -> Duration {
        match self {
            Self::Apart(bank) => bank.process.processor_time(),
            Self::SameProcess | Self::Memory => Duration::ZERO,
        }
    }
}

async fn bank_here(plan: &Plan, sign_method: &str) -> Result<server::Running, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
    let config = server::Config {
        listener,
        data_dir: plan.folder.join(format!("bank-here-{sign_method}")),
        now: || SystemClock.now(),
        entropy: Arc::new(SystemEntropy::new()),
        clock_ahead_ms: 0,
        faults: Vec::new(),
        payment_code_required: false,
    };
    server::start(config).await.map_err(|e| e.to_string())
}

/// How much processor time this process has used so far.
pub(crate) fn own_time() -> Duration {
    machine::processor_time(std::process::id()).unwrap_or_default()
}

fn section(way: &Way<'_>, runs: &[Run]) -> Section {
    let mut section = Section::new(way.name);
    let clients =
        if way.clients == 1 { "1 client".to_owned() } else { format!("{} clients", way.clients) };
    section.row(format!("bindings, {clients}"), rate(runs), "/s");
    steps(&mut section, runs.iter().map(|run| &run.driven));
    let own = |run: &Run| {
        let steps = [run.driven.bind.as_slice(), &run.driven.confirm].concat();
        mean_ms(&steps) - mean_ms(&run.bank_times)
    };
    if !matches!(way.bank, Where::Memory) {
        let bank = runs.iter().map(|run| mean_ms(&run.bank_times));
        section.row("of a step, waiting for the bank: mean", Sample::of(bank), "ms");
        section.row("of a step, our own: mean", Sample::of(runs.iter().map(own)), "ms");
    }
    if way.clients == 1 {
        own_percentiles(&mut section, runs);
    }
    let name = match way.bank {
        Where::Apart(_) => "processor time of ours for a binding",
        Where::SameProcess | Where::Memory => "processor time for a binding, the bank's included",
    };
    section.row(name, cpu_ms(runs, |run| run.own), "ms");
    if matches!(way.bank, Where::Apart(_)) {
        section.row("processor time of the bank for a binding", cpu_ms(runs, |run| run.bank), "ms");
    }
    let shared = |run: &Run| number(run.units.0) / number(run.units.1).max(1.0);
    section.row(
        "commits of a binding that share one on disk",
        Sample::of(runs.iter().map(shared)),
        "",
    );
    section.row("cores busy with this", cores(runs, |run| run.own + run.bank), "%");
    let others = |run: &Run| run.all.saturating_sub(run.own + run.bank);
    section.row("cores busy with anything else on this machine", cores(runs, others), "%");
    section
}

/// The share of all cores that a processor time is.
fn cores(runs: &[Run], time: impl Fn(&Run) -> Duration) -> Sample {
    let cores = number(std::thread::available_parallelism().map_or(1, usize::from));
    let share = |run: &Run| time(run).as_secs_f64() / run.driven.took.as_secs_f64() / cores;
    Sample::of(runs.iter().map(|run| share(run) * 100.0))
}

/// Latencies of both steps.
pub(crate) fn steps<'a>(section: &mut Section, runs: impl Iterator<Item = &'a Driven> + Clone) {
    for (name, per_mille) in [("p50", 500), ("p99", 990)] {
        let bind = runs.clone().map(|run| percentile_ms(&run.bind, per_mille));
        section.row(format!("bind, until the code is sent: {name}"), Sample::of(bind), "ms");
        let confirm = runs.clone().map(|run| percentile_ms(&run.confirm, per_mille));
        section.row(format!("confirm, until the card is bound: {name}"), Sample::of(confirm), "ms");
    }
}

/// With one client each step has exactly one exchange, so the difference is known for each.
fn own_percentiles(section: &mut Section, runs: &[Run]) {
    for (name, per_mille) in [("p50", 500), ("p99", 990)] {
        let own = runs.iter().map(|run| {
            let steps = run.driven.bind.iter().zip(&run.driven.confirm);
            let steps = steps.flat_map(|(bind, confirm)| [*bind, *confirm]);
            let own: Vec<Duration> =
                steps.zip(&run.bank_times).map(|(step, bank)| step.saturating_sub(*bank)).collect();
            percentile_ms(&own, per_mille)
        });
        section.row(format!("of a step, our own: {name}"), Sample::of(own), "ms");
    }
}

fn rate(runs: &[Run]) -> Sample {
    Sample::of(runs.iter().map(|run| run.driven.per_second()))
}

fn cpu_ms(runs: &[Run], time: impl Fn(&Run) -> Duration) -> Sample {
    let each = |run: &Run| time(run).as_secs_f64() * 1e3 / number(run.driven.bindings()).max(1.0);
    Sample::of(runs.iter().map(each))
}

fn bytes_per_unit(runs: &[Run]) -> usize {
    let most = runs.iter().map(|run| run.units.2).max().unwrap_or(0);
    usize::try_from(most).unwrap_or(0)
}
