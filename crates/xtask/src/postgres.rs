//! A PostgreSQL for the tests: found or installed, made in a temporary folder, reached over a
//! socket in it, stopped and thrown away. Never the machine's own server.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::debian;
use crate::run::{Failure, Program, Result, failure, works};

/// Where Debian keeps its versions, each in a folder of its number.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The account that the package makes. The server refuses to run as root.
const ACCOUNT: &str = "postgres";

/// What `cargo xtask postgres` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// The command, with MINGKA_TEST_POSTGRES set; for example `cargo nextest run -p mingka-store`
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Runs one command beside a server that ends with it.
pub(crate) fn command(options: &Options) -> Result<()> {
    let servers = Servers::start()?;
    let [name, arguments @ ..] = options.command.as_slice() else { return Ok(()) };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    servers.told(Program::new(name, &arguments)).run()
}

/// Two servers in a folder that goes away with them: one for everybody, and one that a test stops
/// and starts.
pub(crate) struct Servers {
    folder: PathBuf,
    bin: PathBuf,
}

const SHARED: &str = "shared";
const RESTARTED: &str = "restarted";

impl Servers {
    /// Makes and starts them.
    pub(crate) fn start() -> Result<Self> {
        let bin = programs()?;
        let folder = std::env::temp_dir().join(format!("mingka-postgres-{}", std::process::id()));
        let servers = Self { folder, bin };
        fs::create_dir_all(&servers.folder).map_err(|error| servers.cannot_make(&error))?;
        if debian::is_root() {
            let folder = servers.folder.to_string_lossy();
            Program::new("chown", &[ACCOUNT, &folder]).run_quietly(&mut Vec::new())?;
        }
        servers.script()?;
        for name in [SHARED, RESTARTED] {
            servers.make(name)?;
            servers.control(name, "start")?;
        }
        Ok(servers)
    }

    /// The same program, told where the servers are.
    pub(crate) fn told(&self, program: Program) -> Program {
        let script = self.folder.join("control");
        program
            .with("MINGKA_TEST_POSTGRES", &self.url(SHARED))
            .with("MINGKA_TEST_POSTGRES_RESTARTED", &self.url(RESTARTED))
            .with("MINGKA_TEST_POSTGRES_RESTART", &script.to_string_lossy())
    }

    /// The socket lies in the server's own folder.
    fn url(&self, name: &str) -> String {
        let folder = self.folder.join(name).to_string_lossy().replace('/', "%2F");
        format!("postgres://mingka@{folder}/postgres")
    }

    fn make(&self, name: &str) -> Result<()> {
        let data = self.folder.join(name);
        let initdb = self.bin.join("initdb");
        let (data, initdb) = (data.to_string_lossy(), initdb.to_string_lossy());
        // Sorted by bytes, as Mingka wants it; nothing of it is worth waiting for the disk here.
        let arguments = ["-D", &data, "-U", "mingka", "-A", "trust"];
        let settings = ["--locale=C", "--encoding=UTF8", "--no-sync"];
        self.as_account(&initdb, &[&arguments[..], &settings[..]].concat())
    }

    fn control(&self, name: &str, what: &str) -> Result<()> {
        let script = self.folder.join("control");
        quietly(Program::new("sh", &[&script.to_string_lossy(), what, name]))
    }

    /// What starts and stops a server, also for the test that wants to: a script, so that a test
    /// need not know how.
    fn script(&self) -> Result<()> {
        let (folder, bin) = (self.folder.to_string_lossy(), self.bin.to_string_lossy());
        let account =
            if debian::is_root() { format!("runuser -u {ACCOUNT} --") } else { String::new() };
        let text = format!(
            "#!/bin/sh\n# {{start|stop}} [name]: a server that dies at once, and starts again.\n\
             cd '{folder}' || exit 1\n\
             data='{folder}'/${{2:-{RESTARTED}}}\n\
             case $1 in\n\
             start) {account} '{bin}/pg_ctl' -D \"$data\" -w -s -l \"$data.log\" -o \"-k '$data' \
             -c listen_addresses= -c max_connections=300\" start ;;\n\
             stop) {account} '{bin}/pg_ctl' -D \"$data\" -w -s -m immediate stop ;;\n\
             esac\n"
        );
        fs::write(self.folder.join("control"), text).map_err(|error| self.cannot_make(&error))
    }

    fn as_account(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = if debian::is_root() {
            let account = ["-u", ACCOUNT, "--", program];
            Program::new("runuser", &[&account[..], arguments].concat())
        } else {
            Program::new(program, arguments)
        };
        quietly(program.in_folder(&self.folder))
    }

    fn cannot_make(&self, error: &std::io::Error) -> Failure {
        Failure(format!("{}: {error}", self.folder.display()))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for name in [SHARED, RESTARTED] {
            // One that never started has nothing to stop.
            let _ = self.control(name, "stop");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a program, and shows what it printed only when it fails.
fn quietly(program: Program) -> Result<()> {
    let mut printed = Vec::new();
    let outcome = program.run_quietly(&mut printed);
    outcome.map_err(|Failure(why)| Failure(format!("{why}\n{}", printed.join("\n"))))
}

/// The folder of the newest server's programs; on Debian, as root, installed where there is none.
fn programs() -> Result<PathBuf> {
    if let Some(found) = newest(Path::new(VERSIONS)) {
        return Ok(found);
    }
    if !debian::may_install() {
        return failure(
            "the store's tests on PostgreSQL need its server (13 or newer). On Debian or Ubuntu: \
             `sudo apt-get install postgresql`. Or leave them out with --no-postgres",
        );
    }
    debian::install(&["postgresql"])?;
    newest(Path::new(VERSIONS))
        .ok_or_else(|| Failure(format!("{VERSIONS} is empty after apt-get installed postgresql")))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(versions).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let numbered = folders.filter_map(|folder| {
        let number: u32 = folder.file_name()?.to_str()?.parse().ok()?;
        Some((number, folder.join("bin")))
    });
    let runs = |bin: &Path| works(&bin.join("initdb").to_string_lossy(), &["--version"]);
    numbered.filter(|(_, bin)| runs(bin)).max().map(|(_, bin)| bin)
}
