//! An instrument: a bound card.

use mingka_domain::id::{BindingId, InstrumentId, PlatformId, kind};
use mingka_domain::time::Timestamp;

use crate::binding::{CardIndex, MaskedCard};
use crate::cursor::{Cursor, Listed};
use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "instruments";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, binding, borrower_ref, state, sealed, card_index,
                 last4, bank_code, card_kind, created_at, updated_at
             FROM instruments ",
            $rest
        )
    };
}

/// One row of `instruments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentRecord {
    /// Its identity.
    pub id: InstrumentId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The binding it grew out of; one binding gives one instrument.
    pub binding: BindingId,
    /// The platform's own reference for the borrower.
    pub borrower_ref: Option<String>,
    /// The name of its state.
    pub state: String,
    /// The four elements, sealed.
    pub sealed: Vec<u8>,
    /// The card number's keyed index.
    pub card_index: CardIndex,
    /// What may be shown of the card.
    pub card: MaskedCard,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl InstrumentRecord {
    /// Inserts it; `Duplicate` when its id is there already or its binding has one.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO instruments (id, platform, version, binding, borrower_ref, state, sealed,
                 card_index, last4, bank_code, card_kind, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            values![
                self.id,
                self.platform,
                self.version,
                self.binding,
                self.borrower_ref.as_ref(),
                &self.state,
                &self.sealed,
                &self.card_index,
                &self.card.last4,
                self.card.bank_code.as_ref(),
                self.card.kind.as_ref(),
                self.created_at,
                self.updated_at
            ],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE instruments SET state = $1, updated_at = $2, version = version + 1
             WHERE id = $3 AND platform = $4 AND version = $5",
            values![&self.state, self.updated_at, self.id, self.platform, self.version],
        )
    }

    pub(crate) fn of_id(platform: PlatformId, id: InstrumentId) -> Query<Self> {
        Query {
            sql: select!("WHERE id = $1 AND platform = $2"),
            values: values![id, platform],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            binding: row.id()?,
            borrower_ref: row.text_opt()?,
            state: row.text()?,
            sealed: row.bytes()?,
            card_index: row.digest()?,
            card: MaskedCard::decode(row)?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

impl Store {
    /// One instrument of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn instrument(
        &self,
        platform: PlatformId,
        id: InstrumentId,
    ) -> Result<Option<InstrumentRecord>, ReadError> {
        Ok(self.rows(InstrumentRecord::of_id(platform, id)).await?.into_iter().next())
    }

    /// The instrument that grew out of a binding.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn instrument_of_binding(
        &self,
        platform: PlatformId,
        binding: BindingId,
    ) -> Result<Option<InstrumentRecord>, ReadError> {
        self.read_one(
            select!("WHERE binding = $1 AND platform = $2"),
            values![binding, platform],
            InstrumentRecord::decode,
        )
        .await
    }

    /// A platform's instruments, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn instruments(
        &self,
        platform: PlatformId,
        cursor: Cursor<kind::Instrument>,
    ) -> Result<Listed<InstrumentRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
        );
        self.list((upwards, downwards), values![platform], cursor, InstrumentRecord::decode).await
    }

    /// One borrower's instruments, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn instruments_of_borrower(
        &self,
        platform: PlatformId,
        borrower_ref: &str,
        cursor: Cursor<kind::Instrument>,
    ) -> Result<Listed<InstrumentRecord>, ReadError> {
        let (upwards, downwards) = (
            select!(
                "WHERE platform = $1 AND borrower_ref = $2 AND id > $3 AND id < $4
                 ORDER BY id LIMIT $5"
            ),
            select!(
                "WHERE platform = $1 AND borrower_ref = $2 AND id > $3 AND id < $4
                 ORDER BY id DESC LIMIT $5"
            ),
        );
        self.list(
            (upwards, downwards),
            values![platform, borrower_ref],
            cursor,
            InstrumentRecord::decode,
        )
        .await
    }
}
