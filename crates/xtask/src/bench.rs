//! `cargo xtask bench`: the benchmark in release, with the release binary of the product beside it.

use clap::Args;

use crate::run::{Program, Result, failure, output, target_dir};

/// What `cargo xtask bench` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// A short run that only shows that everything is still measured
    #[arg(long)]
    quick: bool,
    /// The report as JSON instead of tables
    #[arg(long)]
    json: bool,
    /// How many payments are stored in the end, instead of a million
    #[arg(long, value_name = "PAYMENTS")]
    stored: Option<u32>,
}

/// Builds both programs and measures. The databases stand in the target folder, on its disk: a
/// folder for temporary files may be memory, where a durable commit costs nothing. Under
/// `cargo xtask postgres` payments are measured on its server too.
pub(crate) fn command(options: &Options) -> Result<()> {
    let built = ["mingka", "mingka-bench"];
    for package in built {
        run(options, "cargo", &["build", "--quiet", "--release", "--package", package])?;
    }
    let release = target_dir().join("release");
    let [mingka, bench] = built.map(|name| release.join(name));
    let (Some(mingka), Some(bench), Some(folder)) =
        (mingka.to_str(), bench.to_str(), release.to_str())
    else {
        return failure("the target folder's path is no text");
    };
    let mut arguments = vec!["--mingka", mingka, "--folder", folder];
    arguments.extend(options.quick.then_some("--quick"));
    arguments.extend(options.json.then_some("--json"));
    let stored = options.stored.map(|count| count.to_string());
    arguments.extend(stored.iter().flat_map(|count| ["--stored", count]));
    let server = std::env::var("MINGKA_TEST_POSTGRES").ok();
    arguments.extend(server.iter().flat_map(|url| ["--postgres", url]));
    run(options, bench, &arguments)
}

/// With `--json` nothing but the report is printed.
fn run(options: &Options, program: &str, arguments: &[&str]) -> Result<()> {
    if !options.json {
        return Program::new(program, arguments).run();
    }
    match output(program, arguments) {
        Some(printed) => {
            print!("{}", String::from_utf8_lossy(&printed));
            Ok(())
        }
        None => failure(format!("`{program}` failed: run it without --json to see why")),
    }
}
