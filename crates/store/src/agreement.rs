//! An agreement: what one channel and one merchant account call a bound card. Its number is sealed.

use mingka_domain::id::{AgreementId, InstrumentId, PlatformId, kind};
use mingka_domain::time::Timestamp;

use crate::cursor::{Cursor, Listed};
use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "agreements";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, instrument, channel, merchant, state, sealed_token,
                 token_index, created_at, valid_until, cancelled_at
             FROM agreements ",
            $rest
        )
    };
}

/// One row of `agreements`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRecord {
    /// Its identity.
    pub id: AgreementId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The bound card.
    pub instrument: InstrumentId,
    /// The channel it belongs to.
    pub channel: String,
    /// The merchant's number with that channel.
    pub merchant: String,
    /// The name of its state.
    pub state: String,
    /// The channel's token, sealed.
    pub sealed_token: Vec<u8>,
    /// A keyed index of channel, merchant and token; `None` in rows older than it.
    pub token_index: Option<[u8; 32]>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub valid_until: Option<Timestamp>,
    /// When it was ended.
    pub cancelled_at: Option<Timestamp>,
}

impl AgreementRecord {
    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO agreements (id, platform, version, instrument, channel, merchant, state,
                 sealed_token, token_index, created_at, valid_until, cancelled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            values![
                self.id,
                self.platform,
                self.version,
                self.instrument,
                &self.channel,
                &self.merchant,
                &self.state,
                &self.sealed_token,
                self.token_index.as_ref(),
                self.created_at,
                self.valid_until,
                self.cancelled_at
            ],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE agreements SET state = $1, valid_until = $2, cancelled_at = $3,
                 version = version + 1
             WHERE id = $4 AND platform = $5 AND version = $6",
            values![
                &self.state,
                self.valid_until,
                self.cancelled_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    pub(crate) fn of_card(platform: PlatformId, instrument: InstrumentId) -> Query<Self> {
        Query {
            sql: select!("WHERE instrument = $1 AND platform = $2 ORDER BY id"),
            values: values![instrument, platform],
            decode: Self::decode,
        }
    }

    /// Keeps the index of a row that is older than it.
    #[must_use]
    pub fn index(&self, token_index: &[u8; 32]) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE agreements SET token_index = $1 WHERE id = $2 AND token_index IS NULL",
            values![token_index, self.id],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            instrument: row.id()?,
            channel: row.text()?,
            merchant: row.text()?,
            state: row.text()?,
            sealed_token: row.bytes()?,
            token_index: row.digest_opt()?,
            created_at: row.time()?,
            valid_until: row.time_opt()?,
            cancelled_at: row.time_opt()?,
        })
    }
}

impl Store {
    /// One agreement of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn agreement(
        &self,
        platform: PlatformId,
        id: AgreementId,
    ) -> Result<Option<AgreementRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            AgreementRecord::decode,
        )
        .await
    }

    /// Every agreement of an instrument, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn agreements(
        &self,
        platform: PlatformId,
        instrument: InstrumentId,
    ) -> Result<Vec<AgreementRecord>, ReadError> {
        self.rows(AgreementRecord::of_card(platform, instrument)).await
    }

    /// The newest agreement under this index, whichever platform has it.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn agreement_of_token(
        &self,
        token_index: &[u8; 32],
    ) -> Result<Option<AgreementRecord>, ReadError> {
        self.read_one(
            select!("WHERE token_index = $1 ORDER BY id DESC LIMIT 1"),
            values![token_index],
            AgreementRecord::decode,
        )
        .await
    }

    /// Agreements older than their index, at most `limit`, whichever platform has them.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn agreements_without_index(
        &self,
        limit: u32,
    ) -> Result<Vec<AgreementRecord>, ReadError> {
        self.read(
            select!("WHERE token_index IS NULL ORDER BY id LIMIT $1"),
            values![limit],
            AgreementRecord::decode,
        )
        .await
    }

    /// A platform's agreements, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn agreements_of_platform(
        &self,
        platform: PlatformId,
        cursor: Cursor<kind::Agreement>,
    ) -> Result<Listed<AgreementRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
        );
        self.list((upwards, downwards), values![platform], cursor, AgreementRecord::decode).await
    }
}
