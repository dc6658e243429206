//! What a platform stated instead of binding it here: an agreement of before, a company's account.
//! The key lets each be stated once, whoever states it.

use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "stated";

/// One row of `stated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedRecord {
    /// A keyed index of what was stated: equal for equal agreements or accounts.
    pub key: [u8; 32],
    /// Who stated it.
    pub platform: PlatformId,
    /// A keyed index of everything that was said about it.
    pub fingerprint: [u8; 32],
    /// What it became.
    pub instrument: InstrumentId,
    /// When.
    pub at: Timestamp,
}

/// The key as text, by which all writers lock these rows in one order.
fn hex(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl StatedRecord {
    /// Inserts it; `Duplicate` when it was stated already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, hex(&self.key)),
            "INSERT INTO stated (key, platform, fingerprint, instrument, at)
             VALUES ($1, $2, $3, $4, $5)",
            values![&self.key, self.platform, &self.fingerprint, self.instrument, self.at],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            key: row.digest()?,
            platform: row.id()?,
            fingerprint: row.digest()?,
            instrument: row.id()?,
            at: row.time()?,
        })
    }
}

impl Store {
    /// What was stated under a key, by whichever platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn stated(&self, key: &[u8; 32]) -> Result<Option<StatedRecord>, ReadError> {
        self.read_one(
            "SELECT key, platform, fingerprint, instrument, at FROM stated WHERE key = $1",
            values![key],
            StatedRecord::decode,
        )
        .await
    }
}
