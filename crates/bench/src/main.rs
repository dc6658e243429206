//! `cargo xtask bench`: what the house does in a second, beside the floors of the machine, all in
//! one run. Dev-only; measures the product as it is and has no rule of its own.

mod bindings;
mod child;
mod client;
mod drive;
mod floor;
mod free;
mod house;
mod machine;
mod pay;
mod payments;
mod precheck;
mod report;
mod sample;
mod served;
mod stored;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::bindings::{Measured, OtherEnd, UNITS_PER_BINDING};
use crate::child::Programs;
use crate::floor::{Commits, Rsa};
use crate::machine::Machine;
use crate::report::{Report, Section};
use crate::sample::number;

const USAGE: &str = "usage: mingka-bench [--quick] [--json] [--mingka BINARY] [--folder FOLDER] \
                     [--postgres URL] [--stored PAYMENTS]";
/// How many payments are stored where there are few.
const FEW: u32 = 10_000;
/// The share of the floor of durable commits that bindings are to reach.
const THIRD: f64 = 1.0 / 3.0;
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
    /// How many payments are stored at first, and in the end.
    pub(crate) stored: [u32; 2],
    /// The address of a PostgreSQL, where one is to be measured too.
    pub(crate) postgres: Option<String>,
    pub(crate) folder: PathBuf,
}

impl Plan {
    fn new(quick: bool, folder: PathBuf) -> Self {
        let ms = Duration::from_millis;
        if quick {
            let (short, warm, long) = (ms(20), ms(50), ms(200));
            let (clients, many, stored, postgres) = (4, 20, [50, 500], None);
            let runs = 1;
            return Self {
                quick,
                runs,
                short,
                warm,
                long,
                clients,
                many,
                stored,
                postgres,
                folder,
            };
        }
        let (short, warm, long) = (ms(500), ms(1_000), ms(8_000));
        let (clients, many, stored, postgres) = (64, 10_000, [FEW, 1_000_000], None);
        Self { quick, runs: 5, short, warm, long, clients, many, stored, postgres, folder }
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
            "filled" => stored::filled_here(rest).await,
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
    let (mut postgres, mut stored) = (None, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => quick = true,
            "--json" => json = true,
            "--mingka" => mingka = words.next().map(PathBuf::from),
            "--folder" => folder = words.next().map(PathBuf::from),
            "--postgres" => postgres = words.next().cloned(),
            "--stored" => stored = Some(words.next().and_then(|n| n.parse().ok()).ok_or(USAGE)?),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let own = format!("mingka-bench-{}", std::process::id());
    let folder = folder.unwrap_or_else(std::env::temp_dir).join(own);
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut plan = Plan { postgres, ..Plan::new(quick, folder) };
    if let Some(most) = stored {
        plan.stored = [FEW.min(most), most];
    }
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
    let bytes = measured.bytes_per_unit;
    let (section, commits) = floor::commits(plan, &plan.folder, bytes, "bindings").await?;
    add(vec![section]);
    let (section, round_trips) = floor::http(plan, programs, HTTP_BYTES).await?;
    add(vec![section]);
    let (sections, http) = served::bindings(plan, programs, &other_end).await?;
    add(sections);
    add(vec![beside(&measured, &rsa, &commits, round_trips, http)]);
    let sections = served::memory_and_start(plan, programs, &other_end).await?;
    add(sections.into());
    payments::measure(plan, &other_end, &mut add).await?;
    add(vec![stored::measure(plan, programs)?]);
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
    let Measured { rate_11, rate_01, rate_memory, .. } = *measured;
    let rates = [("11", rate_11), ("01", rate_01), ("no RSA", rate_memory)];
    for (name, rate) in rates {
        let ratio = rate * UNITS_PER_BINDING / commits.alone.max(1.0);
        let name = format!("commits of bindings, {name} ÷ durable commits of 1 committer");
        section.value(name, ratio, "×");
        section.at_least(THIRD);
    }
    for (name, rate) in rates {
        let ratio = rate * UNITS_PER_BINDING / commits.together.max(1.0);
        let name = format!("commits of bindings, {name} ÷ shared commits of 64 committers");
        section.value(name, ratio, "×");
    }
    // Two messages; each hides card and phone, and with 01 each is signed and its answer proven.
    let (ours, bank) = (4.0 * rsa.encrypt_ms, 4.0 * rsa.decrypt_ms);
    let signed = 2.0 * rsa.sign_ms + 2.0 * rsa.verify_ms;
    section.value("RSA of ours in a binding, 11: 4 encryptions", ours, "ms");
    section.value("RSA of ours in a binding, 01: and 2 signatures, 2 proofs", ours + signed, "ms");
    section.value("RSA of the bank in a binding, 11: 4 decryptions", bank, "ms");
    section.value("RSA of the bank in a binding, 01: and 2 + 2", bank + signed, "ms");
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| number(cores.get()));
    for (name, ms) in [("11", ours + bank), ("01", ours + bank + 2.0 * signed)] {
        let name = format!("bindings that RSA alone allows on these cores, {name}");
        section.value(name, 1_000.0 * cores / ms.max(0.001), "/s");
    }
    let third = commits.together / UNITS_PER_BINDING * THIRD;
    section.value("a third of the shared commits of 64 committers, in bindings", third, "/s");
    let ((own_11, own_01), (bank_11, bank_01)) = (measured.own_ms, measured.bank_ms);
    section.value("our processor time, 01 less 11, as measured", own_01 - own_11, "ms");
    let share = |rsa: f64, all: f64| 100.0 * rsa / all.max(0.001);
    let all_11 = share(ours + bank, own_11 + bank_11);
    section.value("RSA's share of all processor time, 11", all_11, "%");
    let all_01 = share(ours + bank + 2.0 * signed, own_01 + bank_01);
    section.value("RSA's share of all processor time, 01", all_01, "%");
    for (name, rate) in [("11", http_11), ("01", http_01)] {
        let name = format!("round trips of bindings over HTTP, {name} ÷ bare round trips");
        section.value(name, 2.0 * rate / round_trips.max(1.0), "×");
    }
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
