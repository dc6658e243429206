//! Idempotency keys: the insert that may lose, and the answer that is given again. Whether a second
//! request is the same is the engine's to say, by the fingerprint.

use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::time::Timestamp;

use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "idempotency";

/// One row of `idempotency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose key it is.
    pub platform: PlatformId,
    /// The key the platform chose.
    pub key: String,
    /// What was asked, as a hash.
    pub fingerprint: [u8; 32],
    /// What came of it.
    pub subject: Subject,
    /// The answer as JSON; none while the first request is running.
    pub answer: Option<String>,
    /// When the first request came.
    pub created_at: Timestamp,
    /// Until when the answer is kept.
    pub expires_at: Timestamp,
}

impl IdempotencyRecord {
    /// Takes the key: the guard of the first unit of a request. `Duplicate` when it is taken; a key
    /// whose time is over at `created_at` is taken anew.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, format_args!("{} {}", self.platform, self.key)),
            "INSERT INTO idempotency (platform, key, fingerprint, subject, answer, created_at,
                 expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (platform, key) DO UPDATE SET fingerprint = excluded.fingerprint,
                 subject = excluded.subject, answer = excluded.answer,
                 created_at = excluded.created_at, expires_at = excluded.expires_at
             WHERE idempotency.expires_at <= excluded.created_at",
            values![
                self.platform,
                &self.key,
                &self.fingerprint,
                self.subject,
                self.answer.as_ref(),
                self.created_at,
                self.expires_at
            ],
        )
    }

    /// Stores the answer, once; `Stale` when there is one already or the key is not there.
    #[must_use]
    pub fn answer(platform: PlatformId, key: &str, answer: &str) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, format_args!("{platform} {key}")),
            "UPDATE idempotency SET answer = $1
             WHERE platform = $2 AND key = $3 AND answer IS NULL",
            values![answer, platform, key],
        )
    }

    /// Removes every key whose time is over.
    #[must_use]
    pub fn purge(now: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, ""),
            "DELETE FROM idempotency WHERE expires_at <= $1",
            values![now],
        )
    }

    pub(crate) fn of_key(platform: PlatformId, key: &str, now: Timestamp) -> Query<Self> {
        Query {
            sql: "SELECT platform, key, fingerprint, subject, answer, created_at, expires_at
                 FROM idempotency WHERE platform = $1 AND key = $2 AND expires_at > $3",
            values: values![platform, key, now],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            platform: row.id()?,
            key: row.text()?,
            fingerprint: row.digest()?,
            subject: row.subject()?,
            answer: row.text_opt()?,
            created_at: row.time()?,
            expires_at: row.time()?,
        })
    }
}

impl Store {
    /// A platform's key whose time is not over at `now`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn idempotency(
        &self,
        platform: PlatformId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, ReadError> {
        Ok(self.rows(IdempotencyRecord::of_key(platform, key, now)).await?.into_iter().next())
    }
}
