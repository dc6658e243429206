//! The commands: each reads its arguments, builds what it needs, and prints an answer.

mod agreements;
mod bank;
mod check;
mod control;
mod doctor;
mod evidence;
mod explain;
mod keys;
mod migrate;
mod restore_check;
mod sandbox;
mod serve;
mod statement;
mod webhooks;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use mingka_engine::{Clock as _, SystemClock};

pub(crate) use self::sandbox::sandbox_links;
use crate::cli::{Cli, Command, ConfigArgs};
use crate::compose;
use crate::config::Config;
use crate::database::DatabaseUrl;

/// Runs one command.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, String> {
    match cli.command {
        Command::Check(args) => {
            let rules = compose::rules(&load_file(args.config.as_deref())?.precheck)?;
            check::run(&args, &rules, SystemClock.now())
        }
        Command::Explain(args) => explain::run(&args, SystemClock.now()),
        Command::Doctor(args) => doctor::run(&args),
        Command::Migrate(args) => migrate::run(&load(&args)?),
        Command::Keys(command) => keys::run(command),
        Command::Evidence(command) => evidence::run(command),
        Command::Statement(command) => block_on(statement::run(command)),
        Command::Agreements(command) => block_on(agreements::run(command)),
        Command::Export(args) => block_on(agreements::export(args)),
        Command::RestoreCheck(args) => block_on(restore_check::run(args)),
        Command::Stop(args) => block_on(control::turn(args, true)),
        Command::Resume(args) => block_on(control::turn(args, false)),
        Command::Stops(args) => block_on(control::stops(args)),
        Command::People(command) => block_on(control::people(command)),
        Command::Webhooks(command) => block_on(webhooks::run(command)),
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Sandbox(args) => block_on(sandbox::run(args)),
        Command::Bank(args) => block_on(bank::run(args)),
    }
}

/// The configuration a command was given.
fn load(args: &ConfigArgs) -> Result<Config, String> {
    let mut config = load_file(args.config.as_deref())?;
    if let Some(url) = &args.database {
        config.server.database = DatabaseUrl::new(url.clone());
        config.server.database_url_file = PathBuf::new();
        if config.server.database.has_password() {
            print_error(
                "warning: others on this machine can read the password in the list of processes; \
                 give the address by MINGKA_SERVER_DATABASE or [server] database_url_file",
            );
        }
    }
    Ok(config)
}

#[expect(clippy::disallowed_methods, reason = "only the binary reads the environment")]
fn load_file(file: Option<&Path>) -> Result<Config, String> {
    Config::load(file, std::env::vars())
}

fn block_on(work: impl Future<Output = Result<ExitCode, String>>) -> Result<ExitCode, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("cannot start the runtime: {e}"))?
        .block_on(work)
}

/// Whether a line was lost on its way out.
static LINE_LOST: AtomicBool = AtomicBool::new(false);

/// One line on standard output. A reader that went away (`| head`) is no error worth a word; after
/// any other line that could not be written the program ends as a failure, so that nobody takes
/// silence for success.
fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) else { return };
    let gone = error.kind() == std::io::ErrorKind::BrokenPipe;
    if !gone && !LINE_LOST.swap(true, Ordering::Relaxed) {
        print_error(&format!("standard output cannot be written: {error}"));
    }
}

/// The program's exit code, now that everything is printed.
pub(crate) fn exit_code(code: ExitCode) -> ExitCode {
    if LINE_LOST.load(Ordering::Relaxed) { ExitCode::FAILURE } else { code }
}

/// How far a long job is, over itself on standard error.
fn print_progress(line: &str) {
    let _ = write!(std::io::stderr().lock(), "\r{line}");
}

/// An error on standard error.
pub(crate) fn print_error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "mingka: {message}");
}
