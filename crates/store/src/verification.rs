//! A verification: whether card, name, ID number and reserved phone belong together, and how it
//! ended.

use mingka_domain::id::{PlatformId, VerificationId, kind};
use mingka_domain::time::Timestamp;

use crate::binding::{CardIndex, MaskedCard};
use crate::cursor::{Cursor, Listed};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "verifications";

/// One row of `verifications`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationRecord {
    /// Its identity.
    pub id: VerificationId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Which elements are verified.
    pub product: String,
    /// The name of the machine's state.
    pub state: String,
    /// The machine as JSON, without anything personal.
    pub machine: String,
    /// The elements, sealed.
    pub sealed: Vec<u8>,
    /// The card number's keyed index.
    pub card_index: CardIndex,
    /// What may be shown of the card.
    pub card: MaskedCard,
    /// The platform's own reference for the borrower.
    pub borrower_ref: Option<String>,
    /// The channel it goes over.
    pub channel: String,
    /// The keyed index of all elements together: the same question has the same one.
    pub elements_index: [u8; 32],
    /// The verification whose answer this one repeats; the bank was not asked again.
    pub answered_from: Option<VerificationId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl VerificationRecord {
    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO verifications (id, platform, version, product, state, machine, sealed,
                 card_index, last4, bank_code, card_kind, borrower_ref, channel, elements_index,
                 answered_from, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            values![
                self.id,
                self.platform,
                self.version,
                &self.product,
                &self.state,
                &self.machine,
                &self.sealed,
                &self.card_index,
                &self.card.last4,
                self.card.bank_code.as_ref(),
                self.card.kind.as_ref(),
                self.borrower_ref.as_ref(),
                &self.channel,
                &self.elements_index,
                self.answered_from,
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
            "UPDATE verifications SET state = $1, machine = $2, channel = $3, updated_at = $4,
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
            product: row.text()?,
            state: row.text()?,
            machine: row.text()?,
            sealed: row.bytes()?,
            card_index: row.digest()?,
            card: MaskedCard::decode(row)?,
            borrower_ref: row.text_opt()?,
            channel: row.text()?,
            elements_index: row.digest()?,
            answered_from: row.id_opt()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, product, state, machine, sealed, card_index, last4,
                 bank_code, card_kind, borrower_ref, channel, elements_index, answered_from,
                 created_at, updated_at
             FROM verifications ",
            $rest
        )
    };
}

impl Store {
    /// One verification of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn verification(
        &self,
        platform: PlatformId,
        id: VerificationId,
    ) -> Result<Option<VerificationRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            VerificationRecord::decode,
        )
        .await
    }

    /// A platform's verifications, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn verifications(
        &self,
        platform: PlatformId,
        cursor: Cursor<kind::Verification>,
    ) -> Result<Listed<VerificationRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
        );
        self.list((upwards, downwards), values![platform], cursor, VerificationRecord::decode).await
    }

    /// One borrower's verifications, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn verifications_of_borrower(
        &self,
        platform: PlatformId,
        borrower_ref: &str,
        cursor: Cursor<kind::Verification>,
    ) -> Result<Listed<VerificationRecord>, ReadError> {
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
            VerificationRecord::decode,
        )
        .await
    }

    /// The latest verification since a moment in which a bank was asked about exactly these
    /// elements for this platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn verification_of_elements(
        &self,
        platform: PlatformId,
        elements_index: &[u8; 32],
        since: Timestamp,
    ) -> Result<Option<VerificationRecord>, ReadError> {
        self.read_one(
            select!(
                "WHERE elements_index = $1 AND platform = $2 AND created_at >= $3
                     AND answered_from IS NULL
                 ORDER BY id DESC LIMIT 1"
            ),
            values![elements_index, platform, since],
            VerificationRecord::decode,
        )
        .await
    }
}
