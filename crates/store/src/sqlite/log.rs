//! SQLite's write-ahead log is brought into the database beside the writer, on a thread and a
//! connection of its own, so that hardly any unit waits for it. What is durable stands in the log
//! already: nothing here makes it more so.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

/// How many pages of the log may be missing in the database before somebody brings them there.
const MISSING_PAGES_MAX: i64 = 2_000;
/// How long the log may be, in pages, before the writer itself brings in what is missing: only when
/// nothing is, and nothing is added meanwhile, can the log begin anew.
const LOG_PAGES_MAX: i64 = 8_000;

/// The thread beside the writer.
#[derive(Debug)]
pub(crate) struct Log {
    bell: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Log {
    /// Starts the thread with a connection of its own.
    pub(crate) fn start(beside: Connection) -> std::io::Result<Self> {
        let (bell, rung) = sync_channel(1);
        let body = move || {
            while let Ok(()) = rung.recv() {
                bring_in(&beside);
            }
        };
        let thread = thread::Builder::new().name("mingka-log".to_owned()).spawn(body)?;
        Ok(Self { bell, thread })
    }

    /// Looks at the log after a commit of the writer's connection.
    pub(crate) fn look(&self, writer: &Connection) {
        match pages(writer, "PRAGMA wal_checkpoint(NOOP)") {
            Ok((long, _)) if long >= LOG_PAGES_MAX => bring_in(writer),
            Ok((_, missing)) if missing >= MISSING_PAGES_MAX => {
                // A bell that rings already need not be rung.
                let _ = self.bell.try_send(());
            }
            _ => {}
        }
    }

    /// Ends the thread, once it has done what it is at.
    pub(crate) fn end(self) {
        drop(self.bell);
        let _ = self.thread.join();
    }
}

/// Brings into the database what no reader still needs from the log; waits for nobody.
fn bring_in(connection: &Connection) {
    if let Err(error) = pages(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
        tracing::warn!(error = %error, "the database's log was not brought into it");
    }
}

/// How many pages the log has, and how many of them are missing in the database.
fn pages(connection: &Connection, pragma: &'static str) -> rusqlite::Result<(i64, i64)> {
    connection.prepare_cached(pragma)?.query_row((), |row| {
        let (long, there): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok((long, long.saturating_sub(there)))
    })
}
