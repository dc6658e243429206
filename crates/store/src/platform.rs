//! A platform: the tenant under whom everything else stands.

use mingka_domain::id::PlatformId;
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "platforms";

/// One row of `platforms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformRecord {
    /// Its identity.
    pub id: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The company's name, as borrowers read it. No two platforms have one.
    pub name: String,
    /// When it came.
    pub created_at: Timestamp,
    /// Since when it is stopped, if it is.
    pub stopped_at: Option<Timestamp>,
}

impl PlatformRecord {
    /// Inserts it; `Duplicate` when it, or another of its name, is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO platforms (id, version, name, created_at, stopped_at)
             VALUES ($1, $2, $3, $4, $5)",
            values![self.id, self.version, &self.name, self.created_at, self.stopped_at],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE platforms SET name = $1, stopped_at = $2, version = version + 1
             WHERE id = $3 AND version = $4",
            values![&self.name, self.stopped_at, self.id, self.version],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            version: row.integer()?,
            name: row.text()?,
            created_at: row.time()?,
            stopped_at: row.time_opt()?,
        })
    }
}

impl Store {
    /// One platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn platform(&self, id: PlatformId) -> Result<Option<PlatformRecord>, ReadError> {
        self.read_one(
            "SELECT id, version, name, created_at, stopped_at FROM platforms WHERE id = $1",
            values![id],
            PlatformRecord::decode,
        )
        .await
    }

    /// All platforms, oldest first: for the operator.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn platforms(&self) -> Result<Vec<PlatformRecord>, ReadError> {
        self.read(
            "SELECT id, version, name, created_at, stopped_at FROM platforms ORDER BY id",
            values![],
            PlatformRecord::decode,
        )
        .await
    }
}
