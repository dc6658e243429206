//! The evidence log as it is stored: leaves, the tiles of the tree over them, and its signed
//! states. Rows are only ever added; the newest tile of a level grows.

use mingka_domain::effect::Subject;
use mingka_domain::id::{EventId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

/// One row of `evidence_leaves`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRecord {
    /// The place of its event in the one order, from 1; its index in the tree is one less.
    pub position: i64,
    /// The event.
    pub event: EventId,
    /// What the commitment was made with; `None` once what it committed to was erased.
    pub salt: Option<[u8; 32]>,
    /// SHA-256 of salt and facts.
    pub commitment: [u8; 32],
}

impl LeafRecord {
    /// Adds it.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new("evidence_leaves", self.position),
            "INSERT INTO evidence_leaves (position, event, salt, commitment)
             VALUES ($1, $2, $3, $4)",
            values![self.position, self.event, self.salt.as_ref(), &self.commitment],
        )
    }

    /// Moves the end of the log; `Stale` when somebody else did. The guard of every unit that
    /// appends.
    #[must_use]
    pub fn move_end(from: i64, to: i64) -> Statement {
        Statement::guarded(
            RowKey::new("evidence_log", "evidence"),
            "UPDATE evidence_log SET size = $1 WHERE name = 'evidence' AND size = $2",
            values![to, from],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            position: row.integer()?,
            event: row.id()?,
            salt: row.digest_opt()?,
            commitment: row.digest()?,
        })
    }
}

/// One row of `evidence_tiles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRecord {
    /// Its level: 0 holds the hashes of leaves.
    pub level: i64,
    /// Its number in that level.
    pub number: i64,
    /// Its hashes, one after the other.
    pub hashes: Vec<u8>,
}

impl TileRecord {
    /// Writes it, over a shorter one of the same place.
    #[must_use]
    pub fn write(&self) -> Statement {
        Statement::any(
            RowKey::new("evidence_tiles", format!("{} {}", self.level, self.number)),
            "INSERT INTO evidence_tiles (level, number, hashes) VALUES ($1, $2, $3)
             ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
            values![self.level, self.number, &self.hashes],
        )
    }
}

/// One row of `evidence_checkpoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRecord {
    /// How many leaves.
    pub size: i64,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub at: Timestamp,
}

impl CheckpointRecord {
    /// Adds it.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new("evidence_checkpoints", self.size),
            "INSERT INTO evidence_checkpoints (size, note, at) VALUES ($1, $2, $3)",
            values![self.size, &self.note, self.at],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self { size: row.integer()?, note: row.text()?, at: row.time()? })
    }
}

impl Store {
    /// How many leaves the evidence log has.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn evidence_size(&self) -> Result<i64, ReadError> {
        let sql = "SELECT size FROM evidence_log WHERE name = 'evidence'";
        Ok(self.read_one(sql, values![], |row| row.integer()).await?.unwrap_or(0))
    }

    /// A tile of the tree.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn evidence_tile(
        &self,
        level: i64,
        number: i64,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let sql = "SELECT hashes FROM evidence_tiles WHERE level = $1 AND number = $2";
        self.read_one(sql, values![level, number], |row| row.bytes()).await
    }

    /// The newest signed state.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn newest_checkpoint(&self) -> Result<Option<CheckpointRecord>, ReadError> {
        let sql = "SELECT size, note, at FROM evidence_checkpoints ORDER BY size DESC LIMIT 1";
        self.read_one(sql, values![], CheckpointRecord::decode).await
    }

    /// The leaves after a position, in order, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn leaves_after(&self, after: i64, limit: u32) -> Result<Vec<LeafRecord>, ReadError> {
        self.read(
            "SELECT position, event, salt, commitment FROM evidence_leaves
             WHERE position > $1 ORDER BY position LIMIT $2",
            values![after, limit],
            LeafRecord::decode,
        )
        .await
    }

    /// The leaves of a subject's events that are at or before a position, in the order of its log.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn leaves_of(
        &self,
        platform: PlatformId,
        subject: Subject,
        until: i64,
    ) -> Result<Vec<LeafRecord>, ReadError> {
        self.read(
            "SELECT leaf.position, leaf.event, leaf.salt, leaf.commitment
             FROM events JOIN evidence_leaves AS leaf ON leaf.position = events.position
             WHERE events.platform = $1 AND events.subject = $2 AND leaf.position <= $3
             ORDER BY events.seq",
            values![platform, subject, until],
            LeafRecord::decode,
        )
        .await
    }
}
