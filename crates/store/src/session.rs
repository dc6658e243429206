//! A hosted page session: one borrower, one binding, a short-lived token of which only a hash is
//! kept.

use mingka_domain::id::{BindingId, PlatformId, SessionId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "sessions";

/// One row of `sessions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its identity.
    pub id: SessionId,
    /// Whose borrower it serves.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The hash of the token in the page's address.
    pub token_hash: [u8; 32],
    /// The platform's own reference for the borrower.
    pub borrower_ref: Option<String>,
    /// The binding that grew out of it; the newest when there were several.
    pub binding: Option<BindingId>,
    /// What the platform already knows, sealed.
    pub prefill_sealed: Option<Vec<u8>>,
    /// JSON of what is not personal: where to return to, language, the page's own state.
    pub settings: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its token ends.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    /// Inserts it; `Duplicate` when its id or token is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO sessions (id, platform, version, token_hash, borrower_ref, binding,
                 prefill_sealed, settings, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            values![
                self.id,
                self.platform,
                self.version,
                &self.token_hash,
                self.borrower_ref.as_ref(),
                self.binding,
                self.prefill_sealed.as_ref(),
                &self.settings,
                self.created_at,
                self.expires_at
            ],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    /// What was prefilled stays as it is: it may have been sealed anew meanwhile.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE sessions SET binding = $1, settings = $2, expires_at = $3,
                 version = version + 1
             WHERE id = $4 AND platform = $5 AND version = $6",
            values![
                self.binding,
                &self.settings,
                self.expires_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    /// Forgets what was prefilled in every session that ended before `now`.
    #[must_use]
    pub fn forget_prefill(now: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, ""),
            "UPDATE sessions SET prefill_sealed = NULL, version = version + 1
             WHERE expires_at <= $1 AND prefill_sealed IS NOT NULL",
            values![now],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            token_hash: row.digest()?,
            borrower_ref: row.text_opt()?,
            binding: row.id_opt()?,
            prefill_sealed: row.bytes_opt()?,
            settings: row.text()?,
            created_at: row.time()?,
            expires_at: row.time()?,
        })
    }
}

impl Store {
    /// The session of a token, ended or not: this is how a borrower is recognised.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn session_by_token(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<SessionRecord>, ReadError> {
        self.read_one(
            "SELECT id, platform, version, token_hash, borrower_ref, binding, prefill_sealed,
                 settings, created_at, expires_at
             FROM sessions WHERE token_hash = $1",
            values![token_hash],
            SessionRecord::decode,
        )
        .await
    }

    /// One session of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn session(
        &self,
        platform: PlatformId,
        id: SessionId,
    ) -> Result<Option<SessionRecord>, ReadError> {
        self.read_one(
            "SELECT id, platform, version, token_hash, borrower_ref, binding, prefill_sealed,
                 settings, created_at, expires_at
             FROM sessions WHERE id = $1 AND platform = $2",
            values![id, platform],
            SessionRecord::decode,
        )
        .await
    }
}
