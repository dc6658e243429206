//! How a store runs, and why a database may be refused, whatever the engine. How each engine is
//! opened stands in its own `open`.

use std::cmp::Ordering;
use std::fmt;

use crate::migrate;
use crate::postgres::examine::Finding;

/// How a store on a file or on a server runs. Every number is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Connections that read, each on a thread of its own.
    pub reader_count: usize,
    /// Reads, and separately units, that may wait; whoever comes then waits to get in.
    pub queue_count_max: usize,
    /// Units that share one durable commit.
    pub batch_count_max: usize,
    /// The database's greatest size in pages of 4 KiB; `None` is SQLite's own limit. On a file
    /// only.
    pub page_count_max: Option<u32>,
    /// How long a statement may take, in milliseconds. On a server only.
    pub statement_timeout_ms: u32,
    /// How long a statement may wait for a row that another holds, in milliseconds. On a server
    /// only.
    pub lock_timeout_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reader_count: 2,
            queue_count_max: 1024,
            batch_count_max: 256,
            page_count_max: None,
            statement_timeout_ms: 10_000,
            lock_timeout_ms: 5_000,
        }
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
    /// The file is there and holds nothing at all.
    Emptied,
    /// The file system cannot keep the log the way durable commits need it.
    NoWriteAheadLog,
    /// The database itself says no.
    Database(rusqlite::Error),
    /// The address of a server cannot be read.
    Address,
    /// The server stands on another machine, and the way there is not protected.
    NoTls,
    /// The server cannot be reached, or says no.
    Server(tokio_postgres::Error),
    /// The server is not to be trusted with money.
    Unsafe(Vec<Finding>),
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
            Self::Emptied => f.write_str(
                "the database file is there and holds no table: it was emptied, or copied without \
                 the -wal file beside it. Put all its files of one moment back, or move this one \
                 away to begin anew",
            ),
            Self::NoWriteAheadLog => f.write_str(
                "the file system allows no write-ahead log: keep the database on a local disk",
            ),
            Self::Database(error) => write!(f, "the database cannot be opened: {error}"),
            Self::Address => f.write_str(
                "the address of the database cannot be read: give postgres://USER@HOST/DATABASE \
                 (several hosts with commas between; %3A, %2F, %40 for : / @ in a password)",
            ),
            Self::NoTls => f.write_str(
                "the database's server is on another machine, and Mingka speaks no TLS to it: \
                 reach it over a TLS proxy or a tunnel on this machine, or say sslmode=disable if \
                 the network between them is your own",
            ),
            Self::Server(error) => match std::error::Error::source(error) {
                Some(source) => write!(f, "PostgreSQL: {error}: {source}"),
                None => write!(f, "PostgreSQL: {error}"),
            },
            Self::Unsafe(findings) => {
                f.write_str("the database's server is not to be trusted with money")?;
                findings.iter().try_for_each(|one| write!(f, "; {} ({})", one.what, one.mend))
            }
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

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

/// Refuses a database whose schema, number `database`, is not exactly this program's.
pub(crate) fn same_schema(database: i64) -> Result<(), OpenError> {
    let program = migrate::newest();
    match database.cmp(&program) {
        Ordering::Less => Err(OpenError::Older { database, program }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::Newer { database, program }),
    }
}
