//! Opening a file of SQLite: connections and their settings. The only place that knows SQLite's own
//! switches.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mingka_crypto::SystemEntropy;
use mingka_crypto::digest::hex;
use mingka_crypto::entropy::random;
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::migrate;
use crate::migrate::MIGRATIONS;
use crate::open::{self, OpenError, Settings};

/// How long a connection waits for another process before it says busy.
const BUSY_TIMEOUT_MS: u64 = 2_000;
/// Prepared statements kept by each connection: more than the house has texts.
const STATEMENT_COUNT_MAX: usize = 128;
/// How a copy is told to take every page in one step.
const ALL_PAGES: std::ffi::c_int = -1;

/// The writing connection of a file, its schema brought up to date.
pub(crate) fn writer(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    if !path.exists() {
        make(path)?;
    }
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
    not_emptied(&connection)?;
    migrate::migrate(&connection, MIGRATIONS)?;
    if let Some(pages) = settings.page_count_max {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))?;
    }
    Ok(connection)
}

/// A connection to a file that only brings its log into it; the writer's own then no longer does so
/// after its commits.
pub(crate) fn beside(path: &Path, writer: &Connection) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
    writer.query_row("PRAGMA wal_autocheckpoint = 0", (), |_| Ok(()))?;
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
    not_emptied(connection)?;
    open::same_schema(migrate::version(connection)?)
}

/// A database that lives in memory and ends with its connection. The schema's history is carried
/// out once a process, on a database that is then copied: a simulator opens thousands.
pub(crate) fn memory() -> Result<Connection, OpenError> {
    static FINISHED: Mutex<Option<Connection>> = Mutex::new(None);
    let connection = bare_memory()?;
    let mut finished = FINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    if finished.is_none() {
        let template = bare_memory()?;
        migrate::migrate(&template, MIGRATIONS)?;
        *finished = Some(template);
    }
    match &*finished {
        Some(template) => filled(connection, template),
        None => Ok(connection),
    }
}

/// A database that lives in memory, with everything that is in another one now.
pub(crate) fn copied(source: &Connection) -> Result<Connection, OpenError> {
    filled(bare_memory()?, source)
}

fn filled(mut connection: Connection, source: &Connection) -> Result<Connection, OpenError> {
    Backup::new(source, &mut connection)?.step(ALL_PAGES)?;
    Ok(connection)
}

fn bare_memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;",
    )?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_COUNT_MAX);
    Ok(connection)
}

/// Plans do not depend on the values bound: otherwise SQLite prepares a statement anew whenever a
/// bound moment changes, which cost more than running it.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Makes a new database beside its place and puts it there when it is whole, so that a file that is
/// there without a table is never a new one.
fn make(path: &Path) -> Result<(), OpenError> {
    // A name nobody else has, in other containers neither: what is not ours is not touched.
    let own = hex(&random::<8>(&SystemEntropy::new()));
    let beside = path.with_extension(format!("new-{own}"));
    create_private(&beside)?;
    let connection = Connection::open_with_flags(&beside, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
    migrate::migrate(&connection, MIGRATIONS)?;
    drop(connection);
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        // The name must survive a power cut as well as the content does.
        _ => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
        }
    }
}

/// Refuses a file without a table: it was emptied, or copied without its log.
fn not_emptied(connection: &Connection) -> Result<(), OpenError> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_migrations'";
    let count: i64 = connection.query_row(sql, (), |row| row.get(0))?;
    if count == 0 { Err(OpenError::Emptied) } else { Ok(()) }
}

/// Makes an absent file readable for its owner only; SQLite gives its log the same rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
