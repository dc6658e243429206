//! Reading: a few connections on threads of their own, each read in its own snapshot, and the
//! decoding of rows. Nothing here changes a row.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mingka_domain::effect::Subject;
use mingka_domain::id::{Id, Kind};
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection};
use tokio::sync::mpsc;

use crate::open::Settings;
use crate::unit::{Unavailable, Value};

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    /// The database gives nothing now.
    Unavailable(Unavailable),
    /// A row is not in the form this program writes: its column, counted from 0.
    Damaged {
        /// The column.
        column: usize,
    },
    /// The statement itself is wrong. A bug of this crate.
    Invalid,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "nothing could be read: {why}"),
            Self::Damaged { column } => write!(f, "column {column} of a row cannot be understood"),
            Self::Invalid => f.write_str("the database does not know this statement"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Turns one row into a record.
pub(crate) type Decode<T> = fn(&mut Row<'_, '_>) -> Result<T, ReadError>;

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
        records.push(decode(&mut Row { row, column: 0 })?);
    }
    Ok(records)
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

/// One row, read column by column from the left.
pub(crate) struct Row<'row, 'statement> {
    row: &'row rusqlite::Row<'statement>,
    column: usize,
}

impl Row<'_, '_> {
    fn value(&mut self) -> Result<(usize, ValueRef<'_>), ReadError> {
        let column = self.column;
        self.column = column.saturating_add(1);
        let value = self.row.get_ref(column).map_err(|_| ReadError::Damaged { column })?;
        Ok((column, value))
    }

    pub(crate) fn text_opt(&mut self) -> Result<Option<String>, ReadError> {
        match self.value()? {
            (_, ValueRef::Null) => Ok(None),
            (column, ValueRef::Text(text)) => std::str::from_utf8(text)
                .map(|text| Some(text.to_owned()))
                .map_err(|_| ReadError::Damaged { column }),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    pub(crate) fn integer_opt(&mut self) -> Result<Option<i64>, ReadError> {
        match self.value()? {
            (_, ValueRef::Null) => Ok(None),
            (_, ValueRef::Integer(number)) => Ok(Some(number)),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    pub(crate) fn bytes_opt(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        match self.value()? {
            (_, ValueRef::Null) => Ok(None),
            (_, ValueRef::Blob(bytes)) => Ok(Some(bytes.to_vec())),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    fn present<T>(&self, value: Option<T>) -> Result<T, ReadError> {
        value.ok_or(ReadError::Damaged { column: self.column.saturating_sub(1) })
    }

    pub(crate) fn text(&mut self) -> Result<String, ReadError> {
        let value = self.text_opt()?;
        self.present(value)
    }

    pub(crate) fn integer(&mut self) -> Result<i64, ReadError> {
        let value = self.integer_opt()?;
        self.present(value)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        let value = self.bytes_opt()?;
        self.present(value)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, ReadError> {
        self.integer().map(Timestamp::from_millis)
    }

    pub(crate) fn time_opt(&mut self) -> Result<Option<Timestamp>, ReadError> {
        Ok(self.integer_opt()?.map(Timestamp::from_millis))
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], ReadError> {
        let bytes = self.bytes()?.try_into().ok();
        self.present(bytes)
    }

    pub(crate) fn digest_opt(&mut self) -> Result<Option<[u8; 32]>, ReadError> {
        match self.bytes_opt()? {
            None => Ok(None),
            Some(bytes) => self.present(bytes.try_into().ok()).map(Some),
        }
    }

    fn parsed<T: FromStr>(&mut self) -> Result<T, ReadError> {
        let value = self.text()?.parse().ok();
        self.present(value)
    }

    pub(crate) fn id<K: Kind>(&mut self) -> Result<Id<K>, ReadError> {
        self.parsed()
    }

    pub(crate) fn id_opt<K: Kind>(&mut self) -> Result<Option<Id<K>>, ReadError> {
        match self.text_opt()? {
            None => Ok(None),
            Some(text) => self.present(text.parse().ok()).map(Some),
        }
    }

    pub(crate) fn operation(&mut self) -> Result<Operation, ReadError> {
        let name = self.text()?;
        self.present(Operation::named(&name))
    }

    pub(crate) fn subject(&mut self) -> Result<Subject, ReadError> {
        self.parsed()
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
        let closed = ReadError::Unavailable(Unavailable::Closed);
        let (reply, answer) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone away; then nobody needs the answer.
            let _ = reply.send(query(connection, sql, &values, decode));
        });
        self.queue.send(job).await.map_err(|_| closed)?;
        answer.await.map_err(|_| closed)?
    }
}

/// The next job. One idle thread waits in the queue, the others wait for the lock.
fn take(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
