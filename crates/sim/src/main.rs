//! Runs seeds: `sim --seeds N [--from K]` over all cores, `sim --seed K` with its story.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mingka_sim::{Options, Outcome, Shared, run};

/// How many failing seeds are reported before the run stops.
const FAILURES_MAX: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse::<u64>().ok()
    };
    match (number("--seed"), number("--seeds")) {
        (Some(seed), _) => tell(seed),
        (None, Some(count)) => sweep(number("--from").unwrap_or(0), count),
        (None, None) => {
            say("usage: sim --seeds N [--from K] | sim --seed K");
            ExitCode::from(2)
        }
    }
}

fn tell(seed: u64) -> ExitCode {
    let outcome = run(seed, Options { traced: true, planted: None }, &Shared::new());
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
            (0..cores).map(|_| scope.spawn(|| work(&shared, &next, end))).collect();
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

fn work(shared: &Arc<Shared>, next: &AtomicU64, end: u64) -> Vec<Outcome> {
    let mut failures = Vec::new();
    while failures.len() < FAILURES_MAX {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
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
