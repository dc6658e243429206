//! Starting programs, streaming what they print, and keeping the minutes of each stage.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a stage failed, in one sentence that says what to do.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What every stage gives back.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure with `text` as its sentence.
pub(crate) fn failure<T>(text: impl Into<String>) -> Result<T> {
    Err(Failure(text.into()))
}

/// The folder of the workspace, whatever folder the command was started in.
pub(crate) fn workspace_root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    workspace_root().join(given.unwrap_or_else(|| "target".into()))
}

/// A program to be started in the workspace's root, shown as a shell line before it runs.
pub(crate) struct Program {
    command: Command,
    line: String,
}

impl Program {
    /// `name` with `arguments`.
    pub(crate) fn new(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(workspace_root()).stdin(Stdio::null());
        Self { command, line: format!("{name} {}", arguments.join(" ")) }
    }

    /// The same in another folder.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// The same with an environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.line = format!("{name}={value:?} {}", self.line);
        self
    }

    /// Runs it on this terminal; anything but exit code 0 is a failure. What it prints may be kept
    /// in a file, so the line that says what runs goes beside it.
    pub(crate) fn run(mut self) -> Result<()> {
        eprintln!("$ {}", self.line);
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => failure(format!("`{}` ended with {status}", self.line)),
            Err(error) => failure(format!("`{}` could not start: {error}", self.line)),
        }
    }

    /// Runs it and hands each line it prints, on either stream, to `see` after showing it.
    pub(crate) fn run_watched(self, mut see: impl FnMut(&str)) -> Result<()> {
        println!("$ {}", self.line);
        self.each_line(|line| {
            println!("{line}");
            see(line);
        })
    }

    /// Runs it and keeps what it prints, for the case that it fails.
    pub(crate) fn run_quietly(self, printed: &mut Vec<String>) -> Result<()> {
        println!("$ {}", self.line);
        self.each_line(|line| printed.push(line.to_owned()))
    }

    fn each_line(mut self, mut see: impl FnMut(&str)) -> Result<()> {
        let (reader, writer) = std::io::pipe().map_err(|error| Failure(error.to_string()))?;
        let errors = writer.try_clone().map_err(|error| Failure(error.to_string()))?;
        self.command.stdout(writer).stderr(errors);
        let started = self.command.spawn();
        // The command keeps the pipe's writing end: with it alive the reader would never end.
        drop(self.command);
        let mut child = started
            .map_err(|error| Failure(format!("`{}` could not start: {error}", self.line)))?;
        let mut lines = BufReader::new(reader);
        let mut bytes = Vec::new();
        while lines.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            see(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => failure(format!("`{}` ended with {status}", self.line)),
            Err(error) => failure(format!("`{}` was lost: {error}", self.line)),
        }
    }
}

/// Whether `name` can be started here with `arguments` and ends well; it prints nothing.
pub(crate) fn works(name: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What `name` printed, if it ended well.
pub(crate) fn output(name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(workspace_root()).stdin(Stdio::null());
    command.output().ok().filter(|output| output.status.success()).map(|output| output.stdout)
}

/// The stages of one run, each with its time and what became of it.
#[derive(Default)]
pub(crate) struct Stages {
    rows: Vec<(String, Duration, String)>,
    failed: bool,
}

impl Stages {
    /// Runs one stage and prints its minutes; a failure is kept, so that later stages still run.
    pub(crate) fn stage(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = work();
        let took = start.elapsed();
        let word = match &outcome {
            Ok(()) => "ok".to_owned(),
            Err(reason) => format!("FAILED: {reason}"),
        };
        println!("== {name}: {word} ({})", minutes(took));
        self.failed |= outcome.is_err();
        self.rows.push((name.to_owned(), took, word));
    }

    /// Notes a stage that did not run, and why.
    pub(crate) fn left_out(&mut self, name: &str, why: &str) {
        println!("\n== {name}: left out: {why}");
        self.rows.push((name.to_owned(), Duration::ZERO, format!("left out: {why}")));
    }

    /// Prints the table; fails when any stage did.
    pub(crate) fn finish(self, title: &str) -> Result<()> {
        println!("\n== {title}: summary");
        let mut total = Duration::ZERO;
        for (name, took, word) in &self.rows {
            total += *took;
            println!("  {name:<12} {:>9}  {word}", minutes(*took));
        }
        println!("  {:<12} {:>9}", "total", minutes(total));
        let failed = self.rows.iter().filter(|row| row.2.starts_with("FAILED")).count();
        if self.failed { failure(format!("{title}: {failed} stage(s) failed")) } else { Ok(()) }
    }
}

fn minutes(time: Duration) -> String {
    format!("{:.1} min", time.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_fails_the_run_and_later_stages_still_run() {
        let mut stages = Stages::default();
        let mut later = false;
        stages.stage("first", || failure("planted"));
        stages.stage("second", || {
            later = true;
            Ok(())
        });
        assert!(stages.finish("a run").is_err());
        assert!(later);
    }

    #[test]
    fn a_stage_left_out_is_no_failure() {
        let mut stages = Stages::default();
        stages.left_out("deny", "not installed");
        assert!(stages.finish("a run").is_ok());
    }

    #[test]
    fn a_program_that_fails_is_a_failure_and_its_lines_are_seen() {
        let mut seen: Vec<String> = Vec::new();
        let script = "echo to-out; echo to-err >&2; exit 3";
        let outcome =
            Program::new("sh", &["-c", script]).run_watched(|line| seen.push(line.into()));
        seen.sort();
        assert_eq!(seen, ["to-err".to_owned(), "to-out".to_owned()]);
        assert!(outcome.unwrap_err().0.contains("exit status: 3"));
        assert!(Program::new("no-such-program", &[]).run().is_err());
    }
}
