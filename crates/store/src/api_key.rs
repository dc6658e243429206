//! A platform's keys to the API. Only a hash is kept; the prefix finds the row.

use mingka_domain::id::{ApiKeyId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "api_keys";

/// One row of `api_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its identity.
    pub id: ApiKeyId,
    /// Whose it is.
    pub platform: PlatformId,
    /// The key's public beginning, unique in the house.
    pub prefix: String,
    /// The hash of the whole key.
    pub hash: [u8; 32],
    /// What it may do: names of scopes with a space between.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to about the precision the caller keeps.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Inserts it; `Duplicate` when its id or prefix is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO api_keys (id, platform, prefix, hash, scopes, created_at, expires_at,
                 revoked_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            values![
                self.id,
                self.platform,
                &self.prefix,
                &self.hash,
                &self.scopes,
                self.created_at,
                self.expires_at,
                self.revoked_at,
                self.last_used_at
            ],
        )
    }

    /// Takes a key back; `Stale` when it is not there or taken back already.
    #[must_use]
    pub fn revoke(platform: PlatformId, id: ApiKeyId, now: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, id),
            "UPDATE api_keys SET revoked_at = $1
             WHERE id = $2 AND platform = $3 AND revoked_at IS NULL",
            values![now, id, platform],
        )
    }

    /// Notes a use, unless one was noted within the last `precision_ms`; then it is `Stale` as a
    /// guard, and nothing is written.
    #[must_use]
    pub fn touch(id: ApiKeyId, now: Timestamp, precision_ms: i64) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, id),
            "UPDATE api_keys SET last_used_at = $1
             WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)",
            values![now, id, now.plus_ms(precision_ms.saturating_neg())],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            prefix: row.text()?,
            hash: row.digest()?,
            scopes: row.text()?,
            created_at: row.time()?,
            expires_at: row.time_opt()?,
            revoked_at: row.time_opt()?,
            last_used_at: row.time_opt()?,
        })
    }
}

impl Store {
    /// The key with this prefix, of whatever platform: this is how a caller is recognised.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn api_key_by_prefix(&self, prefix: &str) -> Result<Option<ApiKeyRecord>, ReadError> {
        self.read_one(
            "SELECT id, platform, prefix, hash, scopes, created_at, expires_at, revoked_at,
                 last_used_at
             FROM api_keys WHERE prefix = $1",
            values![prefix],
            ApiKeyRecord::decode,
        )
        .await
    }

    /// A platform's keys, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn api_keys(&self, platform: PlatformId) -> Result<Vec<ApiKeyRecord>, ReadError> {
        self.read(
            "SELECT id, platform, prefix, hash, scopes, created_at, expires_at, revoked_at,
                 last_used_at
             FROM api_keys WHERE platform = $1 ORDER BY id",
            values![platform],
            ApiKeyRecord::decode,
        )
        .await
    }
}
