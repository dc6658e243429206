//! Key rotation: everything sealed, page by page, and a write that gives way to anybody else's.
//! Whether something needs a new seal is the key ring's to say, from the sealed bytes.

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

/// Where sealed bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedKind {
    /// The elements of a binding.
    Binding,
    /// The elements of an instrument.
    Instrument,
    /// The elements of a verification.
    Verification,
    /// An agreement's token.
    Agreement,
    /// What a session was prefilled with.
    Session,
    /// The secrets of an endpoint.
    Endpoint,
}

impl SealedKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Binding,
        Self::Instrument,
        Self::Verification,
        Self::Agreement,
        Self::Session,
        Self::Endpoint,
    ];
}

/// Sealed bytes and where they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// Which table.
    pub kind: SealedKind,
    /// The row's id: the cursor of the next page.
    pub id: String,
    /// The sealed bytes as they were read.
    pub sealed: Vec<u8>,
}

impl SealedRecord {
    /// Puts new sealed bytes in their place; `Stale` when they were changed since they were read.
    /// The row's version does not grow: nothing that anybody can see has changed.
    #[must_use]
    pub fn reseal(&self, sealed: &[u8]) -> Statement {
        let (table, sql) = match self.kind {
            SealedKind::Binding => {
                ("bindings", "UPDATE bindings SET sealed = $1 WHERE id = $2 AND sealed = $3")
            }
            SealedKind::Instrument => {
                ("instruments", "UPDATE instruments SET sealed = $1 WHERE id = $2 AND sealed = $3")
            }
            SealedKind::Verification => (
                "verifications",
                "UPDATE verifications SET sealed = $1 WHERE id = $2 AND sealed = $3",
            ),
            SealedKind::Agreement => (
                "agreements",
                "UPDATE agreements SET sealed_token = $1 WHERE id = $2 AND sealed_token = $3",
            ),
            SealedKind::Session => (
                "sessions",
                "UPDATE sessions SET prefill_sealed = $1 WHERE id = $2 AND prefill_sealed = $3",
            ),
            SealedKind::Endpoint => {
                ("endpoints", "UPDATE endpoints SET sealed = $1 WHERE id = $2 AND sealed = $3")
            }
        };
        Statement::guarded(
            RowKey::new(table, &self.id),
            sql,
            values![sealed, &self.id, &self.sealed],
        )
    }
}

impl Store {
    /// What stands sealed in one table of what has come to its end, where a card number is needed
    /// no
    /// more: bindings and verifications that are settled, and every instrument. By id, after the id
    /// given; nothing of the other tables.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn records_of_settled(
        &self,
        kind: SealedKind,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedRecord>, ReadError> {
        let sql = match kind {
            SealedKind::Binding => {
                "SELECT id, sealed FROM bindings
                 WHERE id > $1 AND state <> 'checked' AND state <> 'awaiting_code'
                     AND state <> 'confirming' AND state <> 'doubtful' ORDER BY id LIMIT $2"
            }
            SealedKind::Verification => {
                "SELECT id, sealed FROM verifications
                 WHERE id > $1 AND state <> 'verifying' AND state <> 'doubtful'
                 ORDER BY id LIMIT $2"
            }
            SealedKind::Instrument => {
                return self.records_to_reseal(kind, after, limit).await;
            }
            SealedKind::Agreement | SealedKind::Session | SealedKind::Endpoint => {
                return Ok(Vec::new());
            }
        };
        self.sealed_page(kind, sql, after, limit).await
    }

    async fn sealed_page(
        &self,
        kind: SealedKind,
        sql: &'static str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedRecord>, ReadError> {
        let decode = |row: &mut Row<'_, '_>| Ok((row.text()?, row.bytes()?));
        let rows = self.read(sql, values![after, limit], decode).await?;
        Ok(rows.into_iter().map(|(id, sealed)| SealedRecord { kind, id, sealed }).collect())
    }

    /// What stands sealed in one table, by id, after the id given (`""`: from the beginning).
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn records_to_reseal(
        &self,
        kind: SealedKind,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedRecord>, ReadError> {
        let sql = match kind {
            SealedKind::Binding => {
                "SELECT id, sealed FROM bindings WHERE id > $1 ORDER BY id LIMIT $2"
            }
            SealedKind::Instrument => {
                "SELECT id, sealed FROM instruments WHERE id > $1 ORDER BY id LIMIT $2"
            }
            SealedKind::Verification => {
                "SELECT id, sealed FROM verifications WHERE id > $1 ORDER BY id LIMIT $2"
            }
            SealedKind::Agreement => {
                "SELECT id, sealed_token FROM agreements WHERE id > $1 ORDER BY id LIMIT $2"
            }
            SealedKind::Session => {
                "SELECT id, prefill_sealed FROM sessions
                 WHERE id > $1 AND prefill_sealed IS NOT NULL ORDER BY id LIMIT $2"
            }
            SealedKind::Endpoint => {
                "SELECT id, sealed FROM endpoints WHERE id > $1 ORDER BY id LIMIT $2"
            }
        };
        self.sealed_page(kind, sql, after, limit).await
    }
}
