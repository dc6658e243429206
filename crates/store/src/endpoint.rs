//! Where a platform wants to be told: an address, what it wants to hear of, a sealed secret.

use mingka_domain::id::{EndpointId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "endpoints";

/// One row of `endpoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRecord {
    /// Its identity.
    pub id: EndpointId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Where it is.
    pub url: String,
    /// What it wants to hear of: types and groups of events with a space between.
    pub event_types: String,
    /// What the platform calls it.
    pub description: String,
    /// The language of the texts in what it is told.
    pub lang: String,
    /// Its secrets, sealed.
    pub sealed: Vec<u8>,
    /// When the newest secret was made.
    pub secret_at: Timestamp,
    /// Until when the one before it signs as well.
    pub old_secret_until: Option<Timestamp>,
    /// Since when nothing got through.
    pub failing_since: Option<Timestamp>,
    /// Since when it is told nothing.
    pub disabled_at: Option<Timestamp>,
    /// Why, in one word.
    pub disabled_why: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl EndpointRecord {
    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO endpoints (id, platform, version, url, event_types, description, lang,
                 sealed, secret_at, old_secret_until, failing_since, disabled_at, disabled_why,
                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            values![
                self.id,
                self.platform,
                self.version,
                &self.url,
                &self.event_types,
                &self.description,
                &self.lang,
                &self.sealed,
                self.secret_at,
                self.old_secret_until,
                self.failing_since,
                self.disabled_at,
                self.disabled_why.as_ref(),
                self.created_at,
                self.updated_at
            ],
        )
    }

    /// Writes what may change, secrets excepted, if the row still has this record's version, which
    /// then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE endpoints SET url = $1, event_types = $2, description = $3, lang = $4,
                 failing_since = $5, disabled_at = $6, disabled_why = $7, updated_at = $8,
                 version = version + 1
             WHERE id = $9 AND platform = $10 AND version = $11",
            values![
                &self.url,
                &self.event_types,
                &self.description,
                &self.lang,
                self.failing_since,
                self.disabled_at,
                self.disabled_why.as_ref(),
                self.updated_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    /// Writes new secrets, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update_secrets(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE endpoints SET sealed = $1, secret_at = $2, old_secret_until = $3,
                 updated_at = $4, version = version + 1
             WHERE id = $5 AND platform = $6 AND version = $7",
            values![
                &self.sealed,
                self.secret_at,
                self.old_secret_until,
                self.updated_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    /// Notes that nothing gets through since this moment, unless that is known.
    #[must_use]
    pub fn fails(id: EndpointId, since: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, id),
            "UPDATE endpoints SET failing_since = $1 WHERE id = $2 AND failing_since IS NULL",
            values![since, id],
        )
    }

    /// Notes that something got through.
    #[must_use]
    pub fn works(id: EndpointId) -> Statement {
        Statement::any(
            RowKey::new(TABLE, id),
            "UPDATE endpoints SET failing_since = NULL
             WHERE id = $1 AND failing_since IS NOT NULL",
            values![id],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            url: row.text()?,
            event_types: row.text()?,
            description: row.text()?,
            lang: row.text()?,
            sealed: row.bytes()?,
            secret_at: row.time()?,
            old_secret_until: row.time_opt()?,
            failing_since: row.time_opt()?,
            disabled_at: row.time_opt()?,
            disabled_why: row.text_opt()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, url, event_types, description, lang, sealed, secret_at,
                 old_secret_until, failing_since, disabled_at, disabled_why, created_at, updated_at
             FROM endpoints ",
            $rest
        )
    };
}

impl Store {
    /// One endpoint of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn endpoint(
        &self,
        platform: PlatformId,
        id: EndpointId,
    ) -> Result<Option<EndpointRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            EndpointRecord::decode,
        )
        .await
    }

    /// A platform's endpoints, oldest first: it has few.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn endpoints(&self, platform: PlatformId) -> Result<Vec<EndpointRecord>, ReadError> {
        self.read(
            select!("WHERE platform = $1 ORDER BY id"),
            values![platform],
            EndpointRecord::decode,
        )
        .await
    }
}
