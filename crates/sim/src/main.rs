//! Runs seeds: `sim --seeds N [--from K]` over all cores, `sim --seed K` with its story, and
//! `sim --planted` writes the table of planted mistakes and the seeds that catch them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mingka_sim::{MISTAKES, Mistake, Options, Outcome, Shared, run};

/// How many failing seeds are reported before the run stops.
const FAILURES_MAX: usize = 5;

/// The head of the table of planted mistakes.
const PLANTED_HEAD: &str = "\
# Planted mistakes

Written by `cargo xtask sim --planted > docs/planted.md`. A checker that catches nothing proves
nothing: each of these mistakes is switched on in a house of the simulator, and the seed named here
is the first that notices it, by the rule the mistake breaks. `cargo test -p mingka-sim` does the
same.

| mistake | switch | story | first seed | what is said |
|---|---|---|---|---|";
/// After how many seeds a long run says how far it is.
const PROGRESS_EVERY: u64 = 10_000;
/// In how many seeds a planted mistake is looked for.
const PLANTED_SEEDS_MAX: u64 = 400;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse::<u64>().ok()
    };
    if arguments.iter().any(|argument| argument == "--planted") {
        return planted();
    }
    match (number("--seed"), number("--seeds")) {
        (Some(seed), _) => tell(seed),
        (None, Some(count)) => sweep(number("--from").unwrap_or(0), count),
        (None, None) => {
            say("usage: sim --seeds N [--from K] | sim --seed K | sim --planted");
            ExitCode::from(2)
        }
    }
}

/// The table of planted mistakes as it stands in docs/planted.md.
fn planted() -> ExitCode {
    let shared = Shared::new();
    say(PLANTED_HEAD);
    let mut missed = false;
    for mistake in MISTAKES {
        let caught = mistake.caught_by(PLANTED_SEEDS_MAX, &shared);
        missed |= caught.is_none();
        let seed = caught.map_or("none".to_owned(), |seed| seed.to_string());
        let Mistake { what, planted, story, rule } = mistake;
        say(&format!("| {what} | `{planted:?}` | {story:?} | {seed} | …{rule}… |"));
    }
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn tell(seed: u64) -> ExitCode {
    let outcome = run(seed, Options { traced: true, ..Options::default() }, &Shared::new());
    say(&outcome.to_string());
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn sweep(from: u64, count: u64) -> ExitCode {
    let shared = Shared::new();
    let next = Arc::new(AtomicU64::new(from));
    let end = from.saturating_add(count);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failures: Vec<Outcome> = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..cores).map(|_| scope.spawn(|| work(&shared, &next, (from, end)))).collect();
        for worker in workers {
            if let Ok(found) = worker.join() {
                failures.extend(found);
            }
        }
    });
    failures.sort_by_key(|outcome| outcome.seed);
    for outcome in &failures {
        say(&outcome.to_string());
    }
    let summary = format!("{count} seeds from {from}: {} broke an invariant", failures.len());
    say(&summary);
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(shared: &Arc<Shared>, next: &AtomicU64, (from, end): (u64, u64)) -> Vec<Outcome> {
    let mut failures = Vec::new();
    while failures.len() < FAILURES_MAX {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let done = seed.saturating_sub(from);
        if done > 0 && done.is_multiple_of(PROGRESS_EVERY) {
            say(&format!("{done} seeds so far"));
        }
        let outcome = run(seed, Options::default(), shared);
        if !outcome.violations.is_empty() {
            failures.push(outcome);
        }
    }
    failures
}

#[expect(clippy::print_stdout, reason = "a tool for developers says what it found")]
fn say(text: &str) {
    println!("{text}");
}
