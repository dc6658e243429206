//! An instrument: a bound card.

use mingka_domain::id::{BindingId, InstrumentId, PlatformId, kind};
use mingka_domain::time::Timestamp;

use crate::binding::{CardIndex, MaskedCard};
use crate::page::{Cursor, Listed, Page};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "instruments";

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
    /// The name of its state; `active` is the one that is looked for by card.
    pub state: String,
    /// Its machine as JSON, without anything personal.
    pub machine: String,
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
            "INSERT INTO instruments (id, platform, version, binding, borrower_ref, state, machine,
                 sealed, card_index, last4, bank_code, card_kind, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            values![
                self.id,
                self.platform,
                self.version,
                self.binding,
                self.borrower_ref.as_ref(),
                &self.state,
                &self.machine,
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
            "UPDATE instruments SET state = $1, machine = $2, updated_at = $3,
                 version = version + 1
             WHERE id = $4 AND platform = $5 AND version = $6",
            values![
                &self.state,
                &self.machine,
                self.updated_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            binding: row.id()?,
            borrower_ref: row.text_opt()?,
            state: row.text()?,
            machine: row.text()?,
            sealed: row.bytes()?,
            card_index: row.digest()?,
            card: MaskedCard::decode(row)?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, binding, borrower_ref, state, machine, sealed,
                 card_index, last4, bank_code, card_kind, created_at, updated_at
             FROM instruments ",
            $rest
        )
    };
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
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            InstrumentRecord::decode,
        )
        .await
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
        page: Page<kind::Instrument>,
    ) -> Result<Listed<InstrumentRecord>, ReadError> {
        let cursor = Cursor::from(page);
        let sql = if cursor.backwards {
            select!("WHERE platform = $1 AND id > $2 ORDER BY id LIMIT $3")
        } else {
            select!("WHERE platform = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
        };
        let values = values![platform, &cursor.from, cursor.fetch];
        Ok(cursor.listed(self.read(sql, values, InstrumentRecord::decode).await?))
    }

    /// One borrower's instruments, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn instruments_of_borrower(
        &self,
        platform: PlatformId,
        borrower_ref: &str,
        page: Page<kind::Instrument>,
    ) -> Result<Listed<InstrumentRecord>, ReadError> {
        let cursor = Cursor::from(page);
        let sql = if cursor.backwards {
            select!("WHERE platform = $1 AND borrower_ref = $2 AND id > $3 ORDER BY id LIMIT $4")
        } else {
            select!(
                "WHERE platform = $1 AND borrower_ref = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
            )
        };
        let values = values![platform, borrower_ref, &cursor.from, cursor.fetch];
        Ok(cursor.listed(self.read(sql, values, InstrumentRecord::decode).await?))
    }

    /// A platform's active instruments of one card, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn active_instruments_of_card(
        &self,
        platform: PlatformId,
        card_index: &CardIndex,
    ) -> Result<Vec<InstrumentRecord>, ReadError> {
        self.read(
            select!(
                "WHERE card_index = $1 AND platform = $2 AND state = 'active' ORDER BY id DESC"
            ),
            values![card_index, platform],
            InstrumentRecord::decode,
        )
        .await
    }
}
