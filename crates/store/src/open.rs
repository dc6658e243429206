//! Opening a database: connections, their settings, and why it may be refused. The only place that
//! knows SQLite's own switches.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::migrate;

/// How a store on a file runs. Every number is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Connections that read, each on a thread of its own.
    pub reader_count: usize,
    /// Reads, and separately units, that may wait; whoever comes then waits to get in.
    pub queue_count_max: usize,
    /// Units that share one durable commit.
    pub batch_count_max: usize,
    /// The database's greatest size in pages of 4 KiB; `None` is SQLite's own limit.
    pub page_count_max: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { reader_count: 2, queue_count_max: 1024, batch_count_max: 256, page_count_max: None }
    }
}

/// Why a database cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A newer program has written it.
    Newer {
        /// The schema's number in the database.
        database: i64,
        /// The newest number this program knows.
        program: i64,
    },
    /// It is older than this program, and may only be read.
    Older {
        /// The schema's number in the database.
        database: i64,
        /// The number this program needs.
        program: i64,
    },
    /// The file system cannot keep the log the way durable commits need it.
    NoWriteAheadLog,
    /// The database itself says no.
    Database(rusqlite::Error),
    /// A file or a thread could not be made.
    System(std::io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { database, program } => write!(
                f,
                "the database has schema {database}, written by a newer mingka; this one knows \
                 schema {program}: run the newer program"
            ),
            Self::Older { database, program } => write!(
                f,
                "the database has schema {database}, this mingka needs {program}: migrate it first"
            ),
            Self::NoWriteAheadLog => f.write_str(
                "the file system allows no write-ahead log: keep the database on a local disk",
            ),
            Self::Database(error) => write!(f, "the database cannot be opened: {error}"),
            Self::System(error) => write!(f, "the database cannot be opened: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

/// How long a connection waits for another process before it says busy.
const BUSY_TIMEOUT_MS: u64 = 2_000;
/// Prepared statements kept by each connection: more than the house has texts.
const STATEMENT_COUNT_MAX: usize = 128;

/// The writing connection of a file, its schema brought up to date.
pub(crate) fn writer(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    create_private(path)?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoWriteAheadLog);
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;",
    )?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_COUNT_MAX);
    migrate::migrate(&connection, migrate::MIGRATIONS)?;
    if let Some(pages) = settings.page_count_max {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))?;
    }
    Ok(connection)
}

/// A connection to a file that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_COUNT_MAX);
    Ok(connection)
}

/// Refuses a database whose schema is not exactly this program's.
pub(crate) fn same_schema(connection: &Connection) -> Result<(), OpenError> {
    let database = migrate::version(connection)?;
    let program = migrate::newest();
    match database.cmp(&program) {
        std::cmp::Ordering::Less => Err(OpenError::Older { database, program }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { database, program }),
    }
}

/// A database that lives in memory and ends with its connection.
pub(crate) fn memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;",
    )?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_COUNT_MAX);
    migrate::migrate(&connection, migrate::MIGRATIONS)?;
    Ok(connection)
}

/// Plans do not depend on the values bound: otherwise SQLite prepares a statement anew whenever a
/// bound moment changes, which cost more than running it.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Makes an absent file readable for its owner only; SQLite gives its log the same rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
