//! Carrying the schema's history out on SQLite.

use rusqlite::Connection;

use crate::migrate::Migration;
use crate::open::OpenError;

/// Brings the database to `migrations`' end, each step in a transaction of its own.
pub(crate) fn migrate(connection: &Connection, migrations: &[Migration]) -> Result<i64, OpenError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             number BIGINT NOT NULL PRIMARY KEY,
             name TEXT NOT NULL,
             program TEXT NOT NULL
         )",
    )?;
    let program = migrations.last().map_or(0, |migration| migration.number);
    let mut database = version(connection)?;
    while let Some(next) = migrations.iter().find(|migration| migration.number > database) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let step = apply(connection, next);
        connection.execute_batch(if step.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        database = step?;
    }
    if database > program {
        return Err(OpenError::Newer { database, program });
    }
    Ok(database)
}

/// Runs one migration, unless another process has done so since we looked.
fn apply(connection: &Connection, next: &Migration) -> Result<i64, OpenError> {
    let database = version(connection)?;
    if database >= next.number {
        return Ok(database);
    }
    connection.execute_batch(next.sql)?;
    connection.execute(
        "INSERT INTO schema_migrations (number, name, program) VALUES ($1, $2, $3)",
        (next.number, next.name, env!("CARGO_PKG_VERSION")),
    )?;
    Ok(next.number)
}

/// The number of the newest migration in the database; 0 when there is none.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .query_row("SELECT COALESCE(MAX(number), 0) FROM schema_migrations", (), |row| row.get(0))
}
