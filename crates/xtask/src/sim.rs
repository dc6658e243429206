//! `cargo xtask sim`: the simulator's binary, in release, because seeds are many.

use clap::Args;

use crate::run::{Program, Result};

/// What `cargo xtask sim` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// Replay this one seed, with its trace
    #[arg(long)]
    seed: Option<u64>,
    /// The first of the seeds
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Plant every mistake and write the table of the seeds that catch them
    #[arg(long)]
    planted: bool,
    /// Further arguments for the simulator itself, after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds and runs the simulator.
pub(crate) fn command(options: &Options) -> Result<()> {
    let (seeds, from) = (options.seeds.to_string(), options.from.to_string());
    let seed = options.seed.map(|seed| seed.to_string());
    let mut arguments = vec!["run", "--quiet", "--release", "--package", "mingka-sim", "--"];
    match &seed {
        _ if options.planted => arguments.push("--planted"),
        Some(seed) => arguments.extend(["--seed", seed]),
        None => arguments.extend(["--seeds", &seeds, "--from", &from]),
    }
    arguments.extend(options.rest.iter().map(String::as_str));
    Program::new("cargo", &arguments).run()
}
