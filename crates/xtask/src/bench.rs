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
}

/// Builds both programs and measures. The databases stand in the target folder, on its disk: a
/// folder for temporary files may be memory, where a durable commit costs nothing.
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
