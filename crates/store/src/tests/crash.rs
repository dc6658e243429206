//! A process killed in the middle of committing: what it was told is durable is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::engine;
use super::samples::*;
use crate::{Faults, Settings};

/// A child is told its database by one more name of a test, which is the name of none.
const CHILD: &str = "database=";

/// Not a test by itself: the child of the one below runs it, and is killed in it.
#[test]
fn child_commits_until_it_is_killed() {
    let file = std::env::args().find_map(|name| Some(name.strip_prefix(CHILD)?.to_owned()));
    let Some(file) = file else { return };
    let store = engine::open(&file, Settings::default(), Faults::none());
    wait(async {
        store.commit(unit(platform(1).insert(), [])).await.unwrap();
        for n in 1..1_000_000 {
            store.commit(unit(binding(n).insert(), [event(n, 1).insert()])).await.unwrap();
            let mut out = std::io::stdout().lock();
            out.write_all(format!("\ndurable {n}\n").as_bytes()).unwrap();
            out.flush().unwrap();
        }
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a process to kill")]
fn what_a_killed_process_was_told_is_there() {
    for wanted in [1, 40, 137] {
        let directory = Directory::new();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["tests::crash::child_commits_until_it_is_killed", "--exact", "--nocapture"])
            .arg(format!("{CHILD}{}", directory.place()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = |line: &str| line.strip_prefix("durable ")?.parse::<u64>().ok();
        let mut last = 0;
        while last < wanted {
            last = told(&lines.next().unwrap().unwrap()).unwrap_or(last);
        }
        child.kill().unwrap(); // SIGKILL
        // What it still managed to say before the end counts as well.
        last = lines.filter_map(|line| told(&line.ok()?)).last().unwrap_or(last);
        child.wait().unwrap();

        let store = directory.store();
        let bindings = wait(store.records_to_reseal(crate::SealedKind::Binding, "", 1_000_000));
        let bindings = u64::try_from(bindings.unwrap().len()).unwrap();
        assert!(bindings == last || bindings == last + 1, "told {last}, found {bindings}");
        for n in 1..=bindings {
            let events = wait(store.events_of(platform_id(1), binding_id(n).into(), 0, 9)).unwrap();
            assert_eq!(events.len(), 1, "half a unit of binding {n}");
        }
        if engine::server().is_some() {
            continue;
        }
        let connection = rusqlite::Connection::open(directory.file()).unwrap();
        let check: String =
            connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
