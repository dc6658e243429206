//! `cargo xtask chaos`: payments under `kill -9` on a broken line, as often as one likes; what the
//! tests do forty times.

use clap::Args;

use crate::postgres::Servers;
use crate::run::{Program, Result, works};

/// What `cargo xtask chaos` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// How often a gateway is killed
    #[arg(long, default_value_t = 400)]
    kills: u64,
    /// The seed of the faults and the moments; the process's number when left out
    #[arg(long)]
    seed: Option<u64>,
    /// Three gateways on one PostgreSQL instead of one on SQLite
    #[arg(long)]
    postgres: bool,
}

/// Runs it and shows what happened.
pub(crate) fn command(options: &Options) -> Result<()> {
    let told = |program: Program| {
        let program = program.with("MINGKA_CHAOS_KILLS", &options.kills.to_string());
        match options.seed {
            Some(seed) => program.with("MINGKA_CHAOS_SEED", &seed.to_string()),
            None => program,
        }
    };
    if !options.postgres {
        return told(story("no_payment_moves_twice")).run();
    }
    let servers = Servers::start()?;
    servers.told(told(story("three_gateways_share"))).run()
}

fn story(name: &str) -> Program {
    if works("cargo", &["nextest", "--version"]) {
        let chosen = format!("package(mingka) & test({name})");
        let arguments = ["nextest", "run", "--workspace", "--run-ignored", "all", "--no-capture"];
        return Program::new("cargo", &[&arguments[..], &["-E", &chosen]].concat());
    }
    let arguments = ["test", "--workspace", "--test", "process", name, "--", "--include-ignored"];
    Program::new("cargo", &[&arguments[..], &["--nocapture"]].concat())
}
