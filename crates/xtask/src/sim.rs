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

/// What tells glibc to keep the memory of one seed for the next, instead of giving it back to the
/// system and faulting it in again. Other allocators do not know these names.
const KEEP_MEMORY: [&str; 3] =
    ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"];
/// More than a seed ever holds.
const KEPT_BYTES: &str = "67108864";

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
    let simulator = Program::new("cargo", &arguments);
    KEEP_MEMORY.iter().fold(simulator, |it, name| it.with(name, KEPT_BYTES)).run()
}
