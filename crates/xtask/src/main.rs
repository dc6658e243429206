//! What a developer runs: `cargo xtask tidy | ci | test | postgres | sim | bench | causes | words`.
//!
//! A thin shell over cargo, node and git. It holds no rule of the product and is never shipped.

mod bench;
mod browser;
mod causes;
mod chaos;
mod ci;
mod debian;
mod postgres;
mod run;
mod sim;
mod test;
mod tidy;
mod webhooks;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tools around Mingka.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the shape of the house: arrows, sizes, SQL, stated absences, data, stray secrets
    Tidy(tidy::Options),
    /// Everything that must hold before a change lands; each stage prints its minutes
    Ci(ci::Options),
    /// Every test: unit, documentation, outside vectors, webhooks, the browser walks
    Test(test::Options),
    /// Run one command beside a throwaway PostgreSQL (MINGKA_TEST_POSTGRES says where)
    Postgres(postgres::Options),
    /// Run the simulator over many seeds, or replay one
    Sim(sim::Options),
    /// Payments under kill -9 on a broken line, as often as one likes
    Chaos(chaos::Options),
    /// What the house does in a second, beside the floors measured in the same run
    Bench(bench::Options),
    /// Write docs/causes.md from the dictionary of causes
    Causes,
    /// Write docs/words.md: what the reader of banks' own words makes of unseen wording
    Words,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Tidy(options) => tidy::command(&options),
        Command::Ci(options) => ci::command(&options),
        Command::Test(options) => test::command(&options),
        Command::Postgres(options) => postgres::command(&options),
        Command::Sim(options) => sim::command(&options),
        Command::Chaos(options) => chaos::command(&options),
        Command::Bench(options) => bench::command(&options),
        Command::Causes => causes::command(),
        Command::Words => words::command(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
