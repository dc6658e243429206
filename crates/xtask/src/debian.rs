//! Debian's packages, where this runs as root on a machine that has them.

use crate::run::{Failure, Program, Result, output, works};

/// Whether this is root, who may do more and whom some programs refuse.
pub(crate) fn is_root() -> bool {
    output("id", &["-u"]).is_some_and(|id| id.trim_ascii() == b"0")
}

/// Whether packages can be installed without asking anybody.
pub(crate) fn may_install() -> bool {
    is_root() && works("apt-get", &["--version"])
}

/// Installs packages; another apt that runs is waited for.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let wait = ["-o", "DPkg::Lock::Timeout=300", "-qq"];
    apt(&[&wait[..], &["update"]].concat())?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt(&[&wait[..], &install[..], packages].concat())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let seen = &mut Vec::new();
    let program = Program::new("apt-get", arguments).with("DEBIAN_FRONTEND", "noninteractive");
    let outcome = program.run_quietly(seen);
    outcome.map_err(|Failure(why)| Failure(format!("{why}\n{}", seen.join("\n"))))
}
