//! The other processes of a measurement: the bank, the served house, an echo. Each is this program
//! again, or the real `mingka`; each says one JSON line when it is ready and ends with its owner.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::machine;

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// This program.
    own: PathBuf,
    /// The product's own binary, where it was built.
    pub(crate) mingka: Option<PathBuf>,
}

/// A process that is ready.
pub(crate) struct Running {
    child: Child,
    ready: Value,
}

impl Programs {
    pub(crate) fn new(mingka: Option<PathBuf>) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|e| format!("this program's path: {e}"))?;
        Ok(Self { own, mingka })
    }

    /// A sandbox bank in a process of its own.
    pub(crate) fn bank(&self, folder: &Path) -> Result<Running, String> {
        let folder = text(folder)?;
        match &self.mingka {
            Some(mingka) => {
                start(mingka, &["bank", "--data", folder, "--listen", "127.0.0.1:0", "--json"])
            }
            None => start(&self.own, &["bank", folder]),
        }
    }

    /// The house behind its HTTP interface, with that bank at the other end.
    pub(crate) fn house(
        &self,
        folder: &Path,
        bank: (&Path, &Running),
        sign_method: &str,
    ) -> Result<Running, String> {
        let (folder, bank_folder) = (text(folder)?, text(bank.0)?);
        let mingka = ["sandbox", "--data", folder, "--bank", bank_folder, "--listen"];
        match &self.mingka {
            Some(program) => {
                let rest = ["127.0.0.1:0", "--json", "--sign-method", sign_method];
                start(program, &[&mingka[..], &rest].concat())
            }
            None => {
                let address = bank.1.said("address")?;
                start(&self.own, &["serve", folder, bank_folder, address, sign_method])
            }
        }
    }

    /// A server that answers every request with the same bytes.
    pub(crate) fn echo(&self, bytes: usize) -> Result<Running, String> {
        start(&self.own, &["echo", &bytes.to_string()])
    }

    /// A house that fills its database with payments and then pays: ready when all of it is done.
    pub(crate) fn filled(&self, folder: &Path, numbers: &[String]) -> Result<Running, String> {
        let numbers = numbers.iter().map(String::as_str);
        let arguments: Vec<&str> = ["filled", text(folder)?].into_iter().chain(numbers).collect();
        start(&self.own, &arguments)
    }
}

impl Running {
    /// One word of its ready line.
    pub(crate) fn said(&self, name: &str) -> Result<&str, String> {
        let word = self.ready.get(name).and_then(Value::as_str);
        word.ok_or_else(|| format!("a ready line without `{name}`: {}", self.ready))
    }

    /// Its whole ready line.
    pub(crate) fn told<T: DeserializeOwned>(&self) -> Result<T, String> {
        let line = serde_json::from_value(self.ready.clone());
        line.map_err(|e| format!("a ready line that is none: {e}: {}", self.ready))
    }

    /// How much processor time it has used so far.
    pub(crate) fn processor_time(&self) -> Duration {
        machine::processor_time(self.child.id()).unwrap_or_default()
    }

    /// What it holds in memory now, and held at most, in MB.
    pub(crate) fn memory_mb(&self) -> Result<(f64, f64), String> {
        machine::memory_mb(self.child.id()).ok_or_else(|| "a process without memory".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program and waits for its ready line.
#[expect(clippy::disallowed_methods, reason = "the bank's processor time must be counted apart")]
pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Running, String> {
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // More than any machine can ask: the limits are not what is measured.
    for limit in ["KEY_REQUESTS_PER_MINUTE", "KEY_BURST"] {
        command.env(format!("MINGKA_SERVER_{limit}"), "60000000");
    }
    for limit in ["ADDRESS_REQUESTS_PER_MINUTE", "ADDRESS_BURST"] {
        command.env(format!("MINGKA_SERVER_{limit}"), "60000000");
    }
    let mut child = command.spawn().map_err(|e| format!("`{line}` could not start: {e}"))?;
    let stdout = child.stdout.take().ok_or("a process without output")?;
    let mut running = Running { child, ready: Value::Null };
    let mut ready = String::new();
    let mut reader = BufReader::new(stdout);
    reader.read_line(&mut ready).map_err(|e| format!("`{line}`: {e}"))?;
    running.ready = serde_json::from_str(&ready)
        .map_err(|e| format!("`{line}` said {ready:?} instead of a ready line: {e}"))?;
    // Nothing more is said; the pipe stays open so that nothing breaks if something is.
    running.child.stdout = Some(reader.into_inner());
    Ok(running)
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()))
}
