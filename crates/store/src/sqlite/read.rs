//! Reading from SQLite: a few connections on threads of their own, each read in its own snapshot.
//! Nothing here changes a row.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection};
use tokio::sync::mpsc;

use crate::open::Settings;
use crate::read::{Cell, Decode, Four, Query, ReadError, Row, RowsOfFour};
use crate::unit::{Unavailable, Value};

/// Runs a query on a connection and decodes every row.
pub(crate) fn query<T>(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    decode: Decode<T>,
) -> Result<Vec<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| failed(&error))?;
    bind(&mut statement, values).map_err(|error| failed(&error))?;
    let mut rows = statement.raw_query();
    let mut records = Vec::new();
    while let Some(row) = rows.next().map_err(|error| failed(&error))? {
        records.push(decode(&mut Row::of_sqlite(row))?);
    }
    Ok(records)
}

/// Every row of four queries, all at one moment.
pub(crate) fn four<A, B, C, D>(
    connection: &Connection,
    (a, b, c, d): &Four<A, B, C, D>,
) -> Result<RowsOfFour<A, B, C, D>, ReadError> {
    // Over when it is dropped: nothing was written.
    let _moment = connection.unchecked_transaction().map_err(|error| failed(&error))?;
    Ok((rows(connection, a)?, rows(connection, b)?, rows(connection, c)?, rows(connection, d)?))
}

fn rows<T>(connection: &Connection, asked: &Query<T>) -> Result<Vec<T>, ReadError> {
    query(connection, asked.sql, &asked.values, asked.decode)
}

/// Binds the values in order. `$n` is a name to SQLite, which numbers names by first appearance:
/// so does this house, and a text that does not is refused here.
pub(crate) fn bind(statement: &mut CachedStatement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    if statement.parameter_count() != values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(
            values.len(),
            statement.parameter_count(),
        ));
    }
    for (place, value) in (1..).zip(values) {
        debug_assert_eq!(
            statement.parameter_name(place),
            Some(format!("${place}").as_str()),
            "number the parameters by first appearance"
        );
        match value {
            Value::Null => statement.raw_bind_parameter(place, rusqlite::types::Null)?,
            Value::Integer(number) => statement.raw_bind_parameter(place, number)?,
            Value::Text(text) => statement.raw_bind_parameter(place, text.as_str())?,
            Value::Bytes(bytes) => statement.raw_bind_parameter(place, bytes.as_slice())?,
        }
    }
    Ok(())
}

fn failed(error: &rusqlite::Error) -> ReadError {
    match Unavailable::of(error) {
        Some(why) => ReadError::Unavailable(why),
        None => {
            tracing::error!(error = %error, "a read was refused by the database");
            ReadError::Invalid
        }
    }
}

impl Unavailable {
    /// The reason outside the statement, where the error has one.
    pub(crate) fn of(error: &rusqlite::Error) -> Option<Self> {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code()? {
            Code::DiskFull => Some(Self::Full),
            Code::ReadOnly | Code::PermissionDenied => Some(Self::ReadOnly),
            Code::DatabaseBusy | Code::DatabaseLocked => Some(Self::Busy),
            Code::SystemIoFailure
            | Code::DatabaseCorrupt
            | Code::CannotOpen
            | Code::NotADatabase
            | Code::OutOfMemory
            | Code::OperationInterrupted
            | Code::OperationAborted
            | Code::FileLockingProtocolFailed
            | Code::NoLargeFileSupport => Some(Self::Broken),
            _ => None,
        }
    }
}

/// A value of a row; `None` when it is none that this house writes.
pub(crate) fn cell<'row>(row: &'row rusqlite::Row<'_>, column: usize) -> Option<Cell<'row>> {
    match row.get_ref(column).ok()? {
        ValueRef::Null => Some(Cell::Null),
        ValueRef::Integer(number) => Some(Cell::Integer(number)),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(Cell::Text),
        ValueRef::Blob(bytes) => Some(Cell::Bytes(bytes)),
        ValueRef::Real(_) => None,
    }
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The readers: threads with a connection each, behind one bounded queue.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: mpsc::Sender<Job>,
}

impl Readers {
    pub(crate) fn start(
        connections: Vec<Connection>,
        settings: &Settings,
        alive: &mpsc::Sender<Infallible>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>(settings.queue_count_max.max(1));
        let jobs = Arc::new(Mutex::new(jobs));
        for connection in connections {
            let (jobs, alive) = (Arc::clone(&jobs), alive.clone());
            let body = move || {
                while let Some(job) = take(&jobs) {
                    job(&connection);
                }
                drop((connection, alive));
            };
            thread::Builder::new().name("mingka-reader".to_owned()).spawn(body)?;
        }
        Ok(Self { queue })
    }

    pub(crate) async fn query<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        decode: Decode<T>,
    ) -> Result<Vec<T>, ReadError> {
        self.run(move |connection| query(connection, sql, &values, decode)).await
    }

    /// Whatever is read in one go.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let closed = ReadError::Unavailable(Unavailable::Closed);
        let (reply, answer) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone away; then nobody needs the answer.
            let _ = reply.send(work(connection));
        });
        self.queue.send(job).await.map_err(|_| closed)?;
        answer.await.map_err(|_| closed)?
    }
}

/// The next job. One idle thread waits in the queue, the others wait for the lock.
fn take(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
