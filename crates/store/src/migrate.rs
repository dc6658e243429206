//! The schema's history: numbered, forward only, kept in a table of the database itself. A database
//! newer than the program is refused, so that an old program cannot misread it.

use rusqlite::Connection;

use crate::open::OpenError;

/// One step of the schema's history.
pub(crate) struct Migration {
    /// Its number; they count up from 1 without gaps.
    pub(crate) number: i64,
    /// What it brings, in one word.
    pub(crate) name: &'static str,
    /// Its statements.
    pub(crate) sql: &'static str,
}

/// All of them. A migration that was ever released is never changed: a new one is added.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "house", sql: include_str!("migrations/0001_house.sql") },
    Migration { number: 2, name: "books", sql: include_str!("migrations/0002_books.sql") },
    Migration { number: 3, name: "control", sql: include_str!("migrations/0003_control.sql") },
    Migration { number: 4, name: "evidence", sql: include_str!("migrations/0004_evidence.sql") },
    Migration { number: 5, name: "hooks", sql: include_str!("migrations/0005_hooks.sql") },
    Migration {
        number: 6,
        name: "statements",
        sql: include_str!("migrations/0006_statements.sql"),
    },
];

/// The number of the newest migration this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

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
