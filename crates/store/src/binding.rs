//! A binding: one card on its way to becoming an instrument. The machine's state is JSON here; what
//! it means is the domain's.

use mingka_domain::id::{BindingId, PlatformId, SessionId, kind};
use mingka_domain::time::Timestamp;

use crate::cursor::{Cursor, Listed};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "bindings";

/// A card number's keyed index: equal for equal numbers, and telling nothing without the key.
pub type CardIndex = [u8; 32];

/// What may be shown of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedCard {
    /// The last four digits.
    pub last4: String,
    /// The issuing bank's code, where the BIN is known.
    pub bank_code: Option<String>,
    /// The kind of card, where the BIN is known.
    pub kind: Option<String>,
}

impl MaskedCard {
    pub(crate) fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self { last4: row.text()?, bank_code: row.text_opt()?, kind: row.text_opt()? })
    }
}

/// One row of `bindings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingRecord {
    /// Its identity.
    pub id: BindingId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The name of the machine's state.
    pub state: String,
    /// The machine as JSON, without anything personal.
    pub machine: String,
    /// The four elements, sealed.
    pub sealed: Vec<u8>,
    /// The card number's keyed index.
    pub card_index: CardIndex,
    /// What may be shown of the card.
    pub card: MaskedCard,
    /// The platform's own reference for the borrower.
    pub borrower_ref: Option<String>,
    /// The channel it goes over.
    pub channel: String,
    /// The page session it came from.
    pub session: Option<SessionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl BindingRecord {
    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO bindings (id, platform, version, state, machine, sealed, card_index,
                 last4, bank_code, card_kind, borrower_ref, channel, session, created_at,
                 updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            values![
                self.id,
                self.platform,
                self.version,
                &self.state,
                &self.machine,
                &self.sealed,
                &self.card_index,
                &self.card.last4,
                self.card.bank_code.as_ref(),
                self.card.kind.as_ref(),
                self.borrower_ref.as_ref(),
                &self.channel,
                self.session,
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
            "UPDATE bindings SET state = $1, machine = $2, channel = $3, updated_at = $4,
                 version = version + 1
             WHERE id = $5 AND platform = $6 AND version = $7",
            values![
                &self.state,
                &self.machine,
                &self.channel,
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
            state: row.text()?,
            machine: row.text()?,
            sealed: row.bytes()?,
            card_index: row.digest()?,
            card: MaskedCard::decode(row)?,
            borrower_ref: row.text_opt()?,
            channel: row.text()?,
            session: row.id_opt()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, state, machine, sealed, card_index, last4, bank_code,
                 card_kind, borrower_ref, channel, session, created_at, updated_at
             FROM bindings ",
            $rest
        )
    };
}

impl Store {
    /// One binding of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn binding(
        &self,
        platform: PlatformId,
        id: BindingId,
    ) -> Result<Option<BindingRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            BindingRecord::decode,
        )
        .await
    }

    /// A platform's bindings, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn bindings(
        &self,
        platform: PlatformId,
        cursor: Cursor<kind::Binding>,
    ) -> Result<Listed<BindingRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
        );
        self.list((upwards, downwards), values![platform], cursor, BindingRecord::decode).await
    }

    /// One borrower's bindings, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn bindings_of_borrower(
        &self,
        platform: PlatformId,
        borrower_ref: &str,
        cursor: Cursor<kind::Binding>,
    ) -> Result<Listed<BindingRecord>, ReadError> {
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
            BindingRecord::decode,
        )
        .await
    }
}
