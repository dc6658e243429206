//! The floor that measurements stand beside: bare durable commits under the store's own settings.
//! Not used by a running house.

use std::path::Path;

use crate::open::{OpenError, Settings};
use crate::postgres::server::Server;
use crate::postgres::session::Session;
use crate::sqlite::open;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS bare (content BYTEA NOT NULL)";
const ROW: &str = "INSERT INTO bare (content) VALUES ($1)";

/// Writes `count` durable commits of `bytes` each, one after the other, into a database of its own
/// at `path`, and says so after each. The caller holds the watch.
///
/// # Errors
/// When the database cannot be opened or written.
pub fn bare_commits(
    path: impl AsRef<Path>,
    count: u32,
    bytes: usize,
    mut after_each: impl FnMut(),
) -> Result<(), OpenError> {
    let connection = open::writer(path.as_ref(), &Settings::default())?;
    connection.execute_batch(TABLE)?;
    let content = vec![0x5a_u8; bytes];
    for _ in 0..count {
        connection.prepare_cached(ROW)?.execute((content.as_slice(),))?;
        after_each();
    }
    Ok(())
}

/// The same in a database of PostgreSQL, each commit one statement and one answer.
///
/// # Errors
/// When the server cannot be reached, or the database cannot be written.
pub async fn bare_commits_on(
    url: &str,
    count: u32,
    bytes: usize,
    mut after_each: impl FnMut(),
) -> Result<(), OpenError> {
    let session = Session::connect(&Server::parse(url, &Settings::default())?).await?;
    session.client().batch_execute(TABLE).await?;
    let row = session.client().prepare(ROW).await?;
    let content = vec![0x5a_u8; bytes];
    for _ in 0..count {
        session.client().execute(&row, &[&content]).await?;
        after_each();
    }
    session.close().await;
    Ok(())
}

/// Makes an empty schema on a server and gives the address at which it is the whole database. Its
/// name holds small letters, digits and `_` alone; nobody removes it.
///
/// # Errors
/// When the server cannot be reached, or has a schema of this name.
pub async fn own_schema(url: &str, name: &str) -> Result<String, OpenError> {
    let session = Session::connect(&Server::parse(url, &Settings::default())?).await?;
    session.client().batch_execute(&format!("CREATE SCHEMA \"{name}\"")).await?;
    session.close().await;
    let sign = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{sign}options=-c%20search_path%3D{name}"))
}
