//! Carrying the schema's history out on PostgreSQL. Several processes may start at once: one does
//! it, the others wait and find it done.

use tokio_postgres::Client;

use crate::migrate::Migration;
use crate::open::OpenError;

/// How long a migration, or waiting for another process's, may take.
const PATIENCE: &str = "SET statement_timeout = '30min'; SET lock_timeout = '30min';
    SET idle_in_transaction_session_timeout = '30min'";
/// One lock for each schema of a database; it ends with the connection.
const LOCK: &str = "SELECT pg_advisory_lock(hashtext('mingka'), hashtext(current_schema()))";

/// Brings the database to `migrations`' end, each step in a transaction of its own. The connection
/// is of no use for anything else afterwards.
pub(crate) async fn migrate(client: &Client, migrations: &[Migration]) -> Result<i64, OpenError> {
    client.batch_execute(PATIENCE).await?;
    client.batch_execute(LOCK).await?;
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 number BIGINT NOT NULL PRIMARY KEY,
                 name TEXT NOT NULL,
                 program TEXT NOT NULL
             )",
        )
        .await?;
    let program = migrations.last().map_or(0, |migration| migration.number);
    let mut database = version(client).await?;
    while let Some(next) = migrations.iter().find(|migration| migration.number > database) {
        client.batch_execute("BEGIN").await?;
        let step = apply(client, next).await;
        client.batch_execute(if step.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        step?;
        database = next.number;
    }
    if database > program {
        return Err(OpenError::Newer { database, program });
    }
    Ok(database)
}

async fn apply(client: &Client, next: &Migration) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(next.sql).await?;
    let program = env!("CARGO_PKG_VERSION");
    let noted = "INSERT INTO schema_migrations (number, name, program) VALUES ($1, $2, $3)";
    client.execute(noted, &[&next.number, &next.name, &program]).await.map(drop)
}

/// The number of the newest migration in the database; 0 when there is none.
pub(crate) async fn version(client: &Client) -> Result<i64, tokio_postgres::Error> {
    let there = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    if !client.query_one(there, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(number), 0) FROM schema_migrations";
    client.query_one(newest, &[]).await?.try_get(0)
}
