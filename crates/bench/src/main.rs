//! `cargo xtask bench`: what the house does in a second, beside the floors of the machine, all in
//! one run. Dev-only; measures the product as it is and has no rule of its own.

mod bindings;
mod child;
mod client;
mod drive;
mod floor;
mod house;
mod machine;
mod precheck;
mod report;
mod sample;
mod served;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::bindings::{Measured, OtherEnd, UNITS_PER_BINDING};
use crate::child::Programs;
use crate::floor::{Commits, Rsa};
use crate::machine::Machine;
use crate::report::{Report, Section};

const USAGE: &str = "usage: mingka-bench [--quick] [--json] [--mingka BINARY] [--folder FOLDER]";
/// How many bytes a binding's request and answer have, about.
const HTTP_BYTES: (usize, usize) = (700, 1_200);

/// How long and how often everything is measured, and where.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) runs: usize,
    pub(crate) short: Duration,
    pub(crate) warm: Duration,
    pub(crate) long: Duration,
    pub(crate) clients: usize,
    pub(crate) many: u32,
    pub(crate) folder: PathBuf,
}

impl Plan {
    fn new(quick: bool, folder: PathBuf) -> Self {
        let ms = Duration::from_millis;
        if quick {
            let (short, warm, long) = (ms(20), ms(50), ms(200));
            return Self { quick, runs: 1, short, warm, long, clients: 4, many: 20, folder };
        }
        let (short, warm, long) = (ms(500), ms(1_000), ms(8_000));
        Self { quick, runs: 5, short, warm, long, clients: 64, many: 10_000, folder }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let (first, rest) = match arguments.split_first() {
        Some((first, rest)) => (first.as_str(), rest),
        None => ("", arguments.as_slice()),
    };
    // The other processes of a measurement are this program again.
    let done = runtime.block_on(async {
        match first {
            "bank" => served::bank_here(rest).await,
            "serve" => served::serve_here(rest).await,
            "echo" => served::echo_here(rest).await,
            "prechecks" => prechecks().await,
            "profile" => profile(rest).await,
            _ => bench(&arguments).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => failed(&reason),
    }
}

async fn bench(arguments: &[String]) -> Result<(), String> {
    let (mut quick, mut json, mut mingka, mut folder) = (false, false, None, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => quick = true,
            "--json" => json = true,
            "--mingka" => mingka = words.next().map(PathBuf::from),
            "--folder" => folder = words.next().map(PathBuf::from),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let own = format!("mingka-bench-{}", std::process::id());
    let folder = folder.unwrap_or_else(std::env::temp_dir).join(own);
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let plan = Plan::new(quick, folder);
    let programs = Programs::new(mingka)?;
    let report = measure(&plan, &programs, json).await;
    let _ = std::fs::remove_dir_all(&plan.folder);
    if json {
        say(&report?.json());
    } else {
        report?;
    }
    Ok(())
}

/// `prechecks`: nothing else, for a profiler to look at.
async fn prechecks() -> Result<(), String> {
    say(&precheck::measure(&Plan::new(false, PathBuf::new())).table());
    Ok(())
}

/// `profile FOLDER SECONDS`: only bindings, with the bank in memory, for a profiler to look at.
async fn profile(arguments: &[String]) -> Result<(), String> {
    let [folder, seconds] = arguments else { return Err("profile FOLDER SECONDS".to_owned()) };
    let mut plan = Plan::new(false, PathBuf::from(folder));
    plan.long = Duration::from_secs(seconds.parse().map_err(|e| format!("{seconds}: {e}"))?);
    say(&bindings::in_memory(&plan).await?.table());
    Ok(())
}

/// Measures everything; without `json` each section is shown as soon as it is there.
async fn measure(plan: &Plan, programs: &Programs, json: bool) -> Result<Report, String> {
    let machine = Machine::of(&plan.folder);
    if !json {
        say(&format!("{machine}\n"));
    }
    let mut report = Report { machine, quick: plan.quick, sections: Vec::new() };
    let mut add = |sections: Vec<Section>| {
        for section in sections {
            if !json {
                say(&section.table());
            }
            report.sections.push(section);
        }
    };
    add(vec![precheck::measure(plan)]);
    let other_end = OtherEnd::start(plan, programs)?;
    let (section, rsa) = floor::rsa(plan, &other_end.merchant)?;
    add(vec![section]);
    let (sections, measured) = bindings::engine(plan, &other_end).await?;
    add(sections);
    let (section, commits) = floor::commits(plan, &plan.folder, measured.bytes_per_unit).await?;
    add(vec![section]);
    let (section, round_trips) = floor::http(plan, programs, HTTP_BYTES).await?;
    add(vec![section]);
    let (sections, http) = served::bindings(plan, programs, &other_end).await?;
    add(sections);
    add(vec![beside(&measured, &rsa, &commits, round_trips, http)]);
    let sections = served::memory_and_start(plan, programs, &other_end).await?;
    add(sections.into());
    Ok(report)
}

/// The bindings beside the floors.
fn beside(
    measured: &Measured,
    rsa: &Rsa,
    commits: &Commits,
    round_trips: f64,
    [http_11, http_01]: [f64; 2],
) -> Section {
    let mut section = Section::new("Beside the floors");
    let third = commits.together / 3.0;
    let ratio = |rate: f64| rate * UNITS_PER_BINDING / commits.together.max(1.0);
    section.value("a third of the shared durable commits", third, "/s");
    section.value(
        "commits of bindings without RSA ÷ floor of shared commits",
        ratio(measured.rate_memory),
        "×",
    );
    section.at_least(1.0 / 3.0);
    section.value(
        "commits of bindings with 11 ÷ floor of shared commits",
        ratio(measured.rate_11),
        "×",
    );
    section.value(
        "commits of bindings with 01 ÷ floor of shared commits",
        ratio(measured.rate_01),
        "×",
    );
    section.value(
        "bindings without RSA ÷ unshared durable commits",
        measured.rate_memory / commits.alone.max(1.0),
        "×",
    );
    // Two messages; each hides card and phone, and with 01 each is signed and its answer proven.
    let hide = 4.0 * rsa.encrypt_ms;
    let sign = 2.0 * rsa.sign_ms + 2.0 * rsa.verify_ms;
    section.value("RSA of ours in a binding with 11 (4 encryptions)", hide, "ms");
    section.value(
        "RSA of ours in a binding with 01 (and 2 signatures, 2 proofs)",
        hide + sign,
        "ms",
    );
    let other = (4.0 * rsa.decrypt_ms, 2.0 * rsa.sign_ms + 2.0 * rsa.verify_ms);
    section.value("RSA of the bank in a binding with 11 (4 decryptions)", other.0, "ms");
    section.value("RSA of the bank in a binding with 01", other.0 + other.1, "ms");
    section.value(
        "measured: our processor time with 01 less that with 11",
        measured.own_ms.1 - measured.own_ms.0,
        "ms",
    );
    let cores = sample::number(std::thread::available_parallelism().map_or(1, usize::from));
    let busy_11 = measured.rate_11 * (measured.own_ms.0 + measured.bank_ms.0) / 1e3 / cores;
    let busy_01 = measured.rate_01 * (measured.own_ms.1 + measured.bank_ms.1) / 1e3 / cores;
    section.value("all cores busy, house and bank, with 11", busy_11 * 100.0, "%");
    section.value("all cores busy, house and bank, with 01", busy_01 * 100.0, "%");
    section.value(
        "round trips of bindings over HTTP with 11 ÷ floor of HTTP",
        2.0 * http_11 / round_trips.max(1.0),
        "×",
    );
    section.value(
        "round trips of bindings over HTTP with 01 ÷ floor of HTTP",
        2.0 * http_01 / round_trips.max(1.0),
        "×",
    );
    section.note("a binding makes 4 commits: before and after each of its two exchanges");
    section
}

#[expect(clippy::print_stdout, reason = "a tool for developers says what it measured")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a tool for developers says why it stopped")]
fn failed(reason: &str) -> ExitCode {
    eprintln!("bench: {reason}");
    ExitCode::FAILURE
}
