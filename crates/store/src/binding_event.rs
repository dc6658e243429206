//! What happened to a binding, in order. The log replays to the binding's current state; rows are
//! only ever added.

use mingka_domain::id::{BindingId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "binding_events";

/// One row of `binding_events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingEventRecord {
    /// To which binding it happened.
    pub binding: BindingId,
    /// Its place in the binding's log, from 1.
    pub seq: i64,
    /// Whose binding it is.
    pub platform: PlatformId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in one word.
    pub kind: String,
    /// The event as JSON, without anything personal.
    pub body: String,
}

impl BindingEventRecord {
    /// Adds it; `Duplicate` when the binding's log has gone on meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.binding),
            "INSERT INTO binding_events (binding, seq, platform, at, kind, body)
             VALUES ($1, $2, $3, $4, $5, $6)",
            values![self.binding, self.seq, self.platform, self.at, &self.kind, &self.body],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            binding: row.id()?,
            seq: row.integer()?,
            platform: row.id()?,
            at: row.time()?,
            kind: row.text()?,
            body: row.text()?,
        })
    }
}

impl Store {
    /// What happened to a binding after its event number `after` (0: from the beginning), oldest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn binding_events(
        &self,
        platform: PlatformId,
        binding: BindingId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<BindingEventRecord>, ReadError> {
        self.read(
            "SELECT binding, seq, platform, at, kind, body FROM binding_events
             WHERE binding = $1 AND platform = $2 AND seq > $3 ORDER BY seq LIMIT $4",
            values![binding, platform, after, limit],
            BindingEventRecord::decode,
        )
        .await
    }
}
