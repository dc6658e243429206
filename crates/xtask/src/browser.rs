//! The browser walks: finds or installs what they need and runs tests/browser on the built binary.

use std::path::{Path, PathBuf};

use crate::debian;
use crate::run::{Program, Result, failure, output, target_dir, works, workspace_root};

const NODE_MAJOR_MIN: u32 = 18;
const CHROMIUM: &str = "/usr/bin/chromium";
/// Where Debian's fonts-noto-cjk puts its fonts.
const CJK_FONTS: &str = "/usr/share/fonts/opentype/noto";

/// Runs every walk; each printed line goes to `see` as well.
pub(crate) fn walks(see: impl FnMut(&str)) -> Result<()> {
    install_what_is_missing()?;
    let folder = workspace_root().join("tests/browser");
    if is_stale(&folder) {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        Program::new("npm", &arguments).in_folder(&folder).run()?;
    }
    Program::new("cargo", &["build", "--workspace", "--bin", "mingka"]).run()?;
    let target = target_dir();
    let (binary, pictures) = (target.join("debug/mingka"), target.join("screenshots"));
    let (binary, pictures) = (binary.to_string_lossy(), pictures.to_string_lossy());
    let chromium = chromium().unwrap_or_else(|| CHROMIUM.into());
    let arguments = [
        "run.mjs",
        "--binary",
        &binary,
        "--chromium",
        &chromium.to_string_lossy(),
        "--screenshots",
        &pictures,
    ];
    Program::new("node", &arguments).in_folder(&folder).run_watched(see)
}

/// Whether node_modules is older than the lock file, or absent.
pub(crate) fn is_stale(folder: &Path) -> bool {
    let time = |path: &str| folder.join(path).metadata().and_then(|data| data.modified()).ok();
    match (time("node_modules/.package-lock.json"), time("package-lock.json")) {
        (Some(installed), Some(locked)) => installed < locked,
        _ => true,
    }
}

/// Debian, as root: installs. Elsewhere: says what to install, because guessing would be rude.
fn install_what_is_missing() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    if !debian::may_install() {
        let tools: Vec<&str> = missing.iter().map(|tool| tool.what).collect();
        return failure(format!(
            "the browser walks need {}. On Debian or Ubuntu: `sudo apt-get install {}`; elsewhere \
             install them and set CHROMIUM to the browser's path. Or leave the walks out with \
             --no-browser",
            tools.join(", "),
            packages.join(" ")
        ));
    }
    debian::install(&packages)?;
    match self::missing().first() {
        None => Ok(()),
        Some(tool) => failure(format!("{} is still missing after apt-get installed it", tool.what)),
    }
}

/// Something the walks need, and the Debian package that has it.
struct Tool {
    what: &'static str,
    package: &'static str,
}

fn missing() -> Vec<Tool> {
    let node = works("node", &["--version"]) && node_major().is_some_and(|m| m >= NODE_MAJOR_MIN);
    let tools = [
        (node, Tool { what: "node 18 or newer", package: "nodejs" }),
        (works("npm", &["--version"]), Tool { what: "npm", package: "npm" }),
        (chromium().is_some(), Tool { what: "Chromium", package: "chromium" }),
        (has_cjk_font(), Tool { what: "a font for Chinese", package: "fonts-noto-cjk" }),
    ];
    tools.into_iter().filter(|(here, _)| !here).map(|(_, tool)| tool).collect()
}

fn node_major() -> Option<u32> {
    let version = String::from_utf8(output("node", &["--version"])?).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn chromium() -> Option<PathBuf> {
    let given = std::env::var_os("CHROMIUM").map(PathBuf::from);
    given.or_else(|| Some(CHROMIUM.into())).filter(|path| path.exists())
}

fn has_cjk_font() -> bool {
    let listed = output("fc-list", &[":lang=zh", "family"]).is_some_and(|list| !list.is_empty());
    listed || Path::new(CJK_FONTS).exists()
}
