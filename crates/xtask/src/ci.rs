//! `cargo xtask ci`: everything that must hold before a change lands, stage by stage.

use clap::{Args, ValueEnum};

use crate::run::{Program, Result, Stages, works};
use crate::test::{self, Counts};
use crate::tidy;

/// What `cargo xtask ci` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave a stage out; may be given several times
    #[arg(long, value_enum, value_name = "STAGE")]
    without: Vec<Stage>,
    /// Leave the browser walks out of the tests
    #[arg(long)]
    no_browser: bool,
}

/// The stages, in the order in which they run: what is quick to say no comes first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// rustfmt finds nothing to change
    Fmt,
    /// The shape of the house
    Tidy,
    /// Clippy finds nothing in any target
    Clippy,
    /// The binary compiles as it is shipped: without what the workspace's other members switch on
    Product,
    /// The documentation builds without a warning
    Doc,
    /// Licences, advisories and banned crates, where cargo-deny is installed
    Deny,
    /// Every test
    Test,
}

/// Runs the stages; all of them, even after one failed.
pub(crate) fn command(options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    let mut counts = Counts::default();
    for stage in Stage::value_variants() {
        let name = stage.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
        if options.without.contains(stage) {
            stages.left_out(&name, "asked to");
        } else if *stage == Stage::Deny && !works("cargo", &["deny", "--version"]) {
            stages.left_out(&name, "cargo-deny is not installed");
        } else {
            stages.stage(&name, || run(*stage, options, &mut counts));
        }
    }
    let outcome = stages.finish("ci");
    counts.close(&outcome);
    outcome
}

fn run(stage: Stage, options: &Options, counts: &mut Counts) -> Result<()> {
    match stage {
        Stage::Fmt => cargo(&["fmt", "--all", "--check"]).run(),
        Stage::Tidy => tidy::command(&tidy::Options::default()),
        Stage::Clippy => {
            cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()
        }
        Stage::Product => cargo(&["check", "--package", "mingka"]).run(),
        // Clippy has checked the dependencies already: documentation needs no more than that.
        Stage::Doc => cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"])
            .with("RUSTDOCFLAGS", "-D warnings")
            .run(),
        Stage::Deny => cargo(&["deny", "check"]).run(),
        Stage::Test => test::run(&test::Options::all(!options.no_browser), counts),
    }
}

fn cargo(arguments: &[&str]) -> Program {
    Program::new("cargo", arguments)
}
