//! `cargo xtask test`: every test there is, and one plain closing line that counts them.

use clap::Args;

use crate::browser;
use crate::postgres::Servers;
use crate::run::{Program, Result, Stages, works, workspace_root};
use crate::webhooks;

/// What `cargo xtask test` takes.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Leave out the browser walks (they need node, npm, Chromium and a CJK font)
    #[arg(long, conflicts_with = "only_browser")]
    no_browser: bool,
    /// Leave out the store's tests on PostgreSQL (they need its server)
    #[arg(long, conflicts_with = "only_browser")]
    no_postgres: bool,
    /// Leave out the webhooks' check (it needs node, npm and Python)
    #[arg(long, conflicts_with = "only_browser")]
    no_webhooks: bool,
    /// Run the webhooks' check alone, on the binary as it is built by then
    #[arg(long, conflicts_with_all = ["only_browser", "no_webhooks"])]
    only_webhooks: bool,
    /// Run the browser walks alone, on the binary as it is built by then
    #[arg(long)]
    only_browser: bool,
}

impl Options {
    /// Everything, with or without the browser.
    pub(crate) fn all(browser: bool) -> Self {
        Self { no_browser: !browser, ..Self::default() }
    }
}

/// Runs the tests and ends with `N passed, N failed`.
pub(crate) fn command(options: &Options) -> Result<()> {
    let mut counts = Counts::default();
    let outcome = run(options, &mut counts);
    counts.close(&outcome);
    outcome
}

/// Runs the tests and counts them.
pub(crate) fn run(options: &Options, counts: &mut Counts) -> Result<()> {
    let mut stages = Stages::default();
    let alone = options.only_browser || options.only_webhooks;
    if !alone {
        vectors(&mut stages);
        let (runner, tests) = tests();
        stages.stage("tests", || tests.run_watched(|line| counts.add(runner, line)));
        let doc = |line: &str| counts.add(Runner::Cargo, line);
        stages.stage("doc tests", || doc_tests().run_watched(doc));
        if options.no_postgres {
            stages.left_out("postgresql", "asked to");
        } else {
            stages.stage("postgresql", || {
                let servers = Servers::start()?;
                for (runner, again) in [store_tests(), gateways_tests()] {
                    servers.told(again).run_watched(|line| counts.add(runner, line))?;
                }
                Ok(())
            });
        }
    }
    if options.no_webhooks || options.only_browser {
        stages.left_out("webhooks", "asked to");
    } else {
        stages.stage("webhooks", || webhooks::verified(|line| counts.add(Runner::Walks, line)));
    }
    if options.no_browser || options.only_webhooks {
        stages.left_out("browser", "asked to");
    } else {
        stages.stage("browser", || browser::walks(|line| counts.add(Runner::Walks, line)));
    }
    stages.finish("test")
}

fn tests() -> (Runner, Program) {
    if works("cargo", &["nextest", "--version"]) {
        let arguments = ["nextest", "run", "--workspace", "--no-fail-fast", "--color", "never"];
        return (Runner::Nextest, Program::new("cargo", &arguments));
    }
    let arguments = ["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    (Runner::Cargo, Program::new("cargo", &arguments))
}

/// The store's whole suite once more, and what only a server can show.
fn store_tests() -> (Runner, Program) {
    let store = ["--package", "mingka-store", "--no-fail-fast"];
    if works("cargo", &["nextest", "--version"]) {
        let arguments = ["nextest", "run", "--run-ignored", "all", "--color", "never"];
        return (Runner::Nextest, Program::new("cargo", &[&arguments[..], &store[..]].concat()));
    }
    let arguments = [&["test", "--lib"], &store[..], &["--", "--include-ignored"]].concat();
    (Runner::Cargo, Program::new("cargo", &arguments))
}

/// What gateways as processes do who share a server.
fn gateways_tests() -> (Runner, Program) {
    let package = ["--package", "mingka", "--test", "process", "--no-fail-fast"];
    if works("cargo", &["nextest", "--version"]) {
        let arguments = ["nextest", "run", "--run-ignored", "only", "--color", "never"];
        return (Runner::Nextest, Program::new("cargo", &[&arguments[..], &package[..]].concat()));
    }
    let arguments = [&["test"], &package[..], &["--", "--ignored"]].concat();
    (Runner::Cargo, Program::new("cargo", &arguments))
}

fn doc_tests() -> Program {
    Program::new("cargo", &["test", "--workspace", "--doc", "--no-fail-fast"])
}

/// Genuine messages from outside lie beside the repository where somebody has them.
fn vectors(stages: &mut Stages) {
    let folder = workspace_root().join("../shared/vectors");
    match std::fs::read_dir(&folder) {
        Ok(entries) => println!("\n== vectors: found, {} folders", entries.count()),
        Err(_) => stages.left_out("vectors", "no ../shared/vectors beside the repository"),
    }
}

/// Who printed a line: each says in its own words what it counted.
#[derive(Clone, Copy)]
enum Runner {
    Nextest,
    Cargo,
    Walks,
}

/// What the runners said they counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    /// Prints the closing line of a run. A stage that broke off before it counted is a failure
    /// too, and must not read as a success.
    pub(crate) fn close(&self, outcome: &Result<()>) {
        let failed = if outcome.is_err() { self.failed.max(1) } else { self.failed };
        println!("\n{} passed, {failed} failed", self.passed);
    }

    /// Reads a runner's closing line. What a failing test printed is shown as well, so a line in
    /// the words of another runner says nothing.
    fn add(&mut self, runner: Runner, line: &str) {
        let line = line.trim();
        let counts = match runner {
            Runner::Nextest if line.starts_with("Summary [") => {
                line.split_once(" run: ").map(|(_, counts)| counts)
            }
            Runner::Cargo => line.strip_prefix("test result:"),
            Runner::Walks if line.contains(" passed, ") && line.ends_with(" failed") => Some(line),
            Runner::Nextest | Runner::Walks => None,
        };
        for part in counts.unwrap_or_default().split([',', ';', '.']) {
            let mut words = part.split_whitespace();
            let (number, word) = (words.next().unwrap_or_default(), words.next());
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                Some("passed") => self.passed += number,
                Some("failed" | "timed") => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lines: &[(Runner, &str)]) -> (u64, u64) {
        let mut counts = Counts::default();
        lines.iter().for_each(|(runner, line)| counts.add(*runner, line));
        (counts.passed, counts.failed)
    }

    const NEXTEST: &str = "     Summary [   1.5s] 45 tests run: 42 passed (1 slow), 2 failed, \
                           1 timed out, 3 skipped";
    const CARGO: &str = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured";

    #[test]
    fn every_runner_is_counted() {
        assert_eq!(counts(&[(Runner::Nextest, NEXTEST)]), (42, 3));
        let one = "Summary [ 0.1s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(counts(&[(Runner::Nextest, one)]), (1, 0));
        assert_eq!(counts(&[(Runner::Cargo, CARGO)]), (3, 1));
        assert_eq!(counts(&[(Runner::Walks, "7 passed, 0 failed")]), (7, 0));
        assert_eq!(counts(&[(Runner::Nextest, NEXTEST), (Runner::Cargo, CARGO)]), (45, 4));
    }

    #[test]
    fn what_a_failing_test_printed_is_not_counted_twice() {
        assert_eq!(counts(&[(Runner::Nextest, CARGO), (Runner::Walks, CARGO)]), (0, 0));
        assert_eq!(counts(&[(Runner::Cargo, "test a::b ... ok"), (Runner::Walks, "")]), (0, 0));
    }
}
