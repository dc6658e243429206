//! The webhooks as others see them: real deliveries of the built binary, verified by the official
//! Standard Webhooks libraries for JavaScript and Python (tests/webhooks). Installs what it needs.

use std::path::Path;

use crate::browser::is_stale;
use crate::debian;
use crate::run::{Program, Result, failure, target_dir, works, workspace_root};

/// What must be there, and the Debian packages that have it.
const NEEDED: [(&str, &[&str], &str); 3] = [
    ("node", &["--version"], "nodejs"),
    ("npm", &["--version"], "npm"),
    ("python3", &["-c", "import ensurepip, venv"], "python3-venv"),
];

/// Verifies real deliveries; each printed line goes to `see` as well.
pub(crate) fn verified(see: impl FnMut(&str)) -> Result<()> {
    install_what_is_missing()?;
    let folder = workspace_root().join("tests/webhooks");
    if is_stale(&folder) {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        Program::new("npm", &arguments).in_folder(&folder).run()?;
    }
    let target = target_dir();
    let python = virtual_environment(&target.join("webhooks/venv"), &folder)?;
    Program::new("cargo", &["build", "--workspace", "--bin", "mingka"]).run()?;
    let binary = target.join("debug/mingka");
    let arguments = ["run.mjs", "--binary", &binary.to_string_lossy(), "--python", &python];
    Program::new("node", &arguments).in_folder(&folder).run_watched(see)
}

/// A Python of its own with the library in it, made once.
fn virtual_environment(venv: &Path, folder: &Path) -> Result<String> {
    let python = venv.join("bin/python").to_string_lossy().into_owned();
    if !works(&python, &["-c", "import standardwebhooks"]) {
        Program::new("python3", &["-m", "venv", &venv.to_string_lossy()]).run()?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let arguments = [&quiet[..], &["--requirement", "requirements.txt"]].concat();
        Program::new(&python, &arguments).in_folder(folder).run()?;
    }
    Ok(python)
}

fn install_what_is_missing() -> Result<()> {
    let missing = || -> Vec<&str> {
        let absent = NEEDED.iter().filter(|(name, arguments, _)| !works(name, arguments));
        absent.map(|(_, _, package)| *package).collect()
    };
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    if !debian::may_install() {
        return failure(format!(
            "the webhooks' check needs node, npm and Python with venv. On Debian or Ubuntu: `sudo \
             apt-get install {}`. Or leave it out with --no-webhooks",
            packages.join(" ")
        ));
    }
    debian::install(&packages)?;
    match missing().first() {
        None => Ok(()),
        Some(package) => {
            failure(format!("what {package} brings is still missing after apt-get installed it"))
        }
    }
}
