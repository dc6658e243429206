//! The floor that measurements stand beside: bare durable commits under the store's own settings.
//! Not used by a running house.

use std::path::Path;

use crate::open::{OpenError, Settings};
use crate::sqlite::open;

/// Writes `count` durable commits of `bytes` each, one after the other, into a database of its own
/// at `path`. The caller holds the watch.
///
/// # Errors
/// When the database cannot be opened or written.
pub fn bare_commits(path: impl AsRef<Path>, count: u32, bytes: usize) -> Result<(), OpenError> {
    let connection = open::writer(path.as_ref(), &Settings::default())?;
    connection.execute_batch("CREATE TABLE IF NOT EXISTS bare (content BYTEA NOT NULL)")?;
    let content = vec![0x5a_u8; bytes];
    for _ in 0..count {
        connection
            .prepare_cached("INSERT INTO bare (content) VALUES ($1)")?
            .execute((content.as_slice(),))?;
    }
    Ok(())
}
