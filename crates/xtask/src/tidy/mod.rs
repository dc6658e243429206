//! `cargo xtask tidy`: the shape of the house, checked on every file git knows or would add.
//!
//! Each check is a pure function of a [`Tree`], so that each has a test with a planted violation.

mod absences;
mod arrows;
mod files;
mod manifests;
mod numbers;
mod ratchet;
mod sizes;
mod source;
mod sql;
mod tree;

use std::fmt;

use clap::Args;

use crate::run::{Result, failure, workspace_root};
use tree::Tree;

/// What `cargo xtask tidy` takes.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Write what has shrunk into crates/xtask/tidy-ratchet.toml; nothing is ever raised or added
    #[arg(long)]
    bless: bool,
}

/// Runs every check and prints what is against the agreement.
pub(crate) fn command(options: &Options) -> Result<()> {
    let tree = Tree::of_the_workspace()?;
    if options.bless {
        let blessed = ratchet::blessed(&tree);
        let path = workspace_root().join(ratchet::PATH);
        if let Err(error) = std::fs::write(path, blessed) {
            return failure(format!("{} could not be written: {error}", ratchet::PATH));
        }
        return command(&Options::default());
    }
    let violations = violations(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => {
            println!("tidy: {} files, all as agreed", tree.files().len());
            Ok(())
        }
        count => failure(format!("tidy: {count} violation(s), listed above")),
    }
}

/// All checks over `tree`, in the order a reader would mend them.
fn violations(tree: &Tree) -> Vec<Violation> {
    let checks: [fn(&Tree) -> Vec<Violation>; 7] = [
        arrows::check,
        manifests::check,
        absences::check,
        sql::check,
        files::check,
        numbers::check,
        ratchet::check,
    ];
    checks.iter().flat_map(|check| check(tree)).collect()
}

/// One thing that is not as agreed, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    text: String,
}

impl Violation {
    /// At one line, counted from 1.
    fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }

    /// About a file as a whole.
    fn of_file(path: &str, text: impl Into<String>) -> Self {
        Self::at(path, 1, text)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_like_a_compiler_message() {
        let violation = Violation::at("crates/a/src/lib.rs", 7, "too long");
        assert_eq!(violation.to_string(), "crates/a/src/lib.rs:7: too long");
    }

    #[test]
    fn every_check_is_run() {
        let tree = Tree::of(&[
            ("crates/nobody/Cargo.toml", "[package]\nname = \"nobody\"\n"),
            ("crates/domain/src/a.rs", "fn a() { todo!() }\n"),
            ("crates/web/src/b.rs", "//! B.\nconst S: &str = \"DELETE FROM binding\";\n"),
            ("crates/web/src/c.rs", &format!("//! C.\n{}", "// line\n".repeat(400))),
            ("docs/d.md", concat!("card 62123456", "78901232\n")),
        ]);
        let texts: Vec<String> = violations(&tree).iter().map(ToString::to_string).collect();
        for expected in
            ["in no arrow", "lints", "`todo!`", "SQL", "begins with `//!`", "401 lines", "Luhn"]
        {
            assert!(texts.iter().any(|text| text.contains(expected)), "{expected}: {texts:#?}");
        }
    }
}
