//! What may be collected from a bound card (代扣授权): each statement is a row, only ever added; the
//! newest of a card is in force.

use mingka_domain::id::{InstrumentId, MandateId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;

use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "mandates";

/// One row of `mandates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateRecord {
    /// The card.
    pub instrument: InstrumentId,
    /// The place of this statement among those of the card, from 1.
    pub seq: i64,
    /// Its identity.
    pub id: MandateId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Who may collect.
    pub payee: String,
    /// For what.
    pub purpose: String,
    /// How often, or under which conditions, in words.
    pub cycle: Option<String>,
    /// The most one collection may take.
    pub payment: Option<Fen>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// The hash of the text that was accepted.
    pub consent_sha256: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Since when it is ended, if it is.
    pub ended_at: Option<Timestamp>,
    /// When this was stated.
    pub stated_at: Timestamp,
}

impl MandateRecord {
    /// Adds it; `Duplicate` when somebody else stated one meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.instrument),
            "INSERT INTO mandates (instrument, seq, id, platform, payee, purpose, cycle,
                 payment_fen, valid_until, consent_sha256, accepted_at, ended_at, stated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            values![
                self.instrument,
                self.seq,
                self.id,
                self.platform,
                &self.payee,
                &self.purpose,
                self.cycle.as_ref(),
                self.payment.map(Fen::get),
                self.valid_until,
                &self.consent_sha256,
                self.accepted_at,
                self.ended_at,
                self.stated_at
            ],
        )
    }

    pub(crate) fn of_card(platform: PlatformId, instrument: InstrumentId) -> Query<Self> {
        Query {
            sql: "SELECT instrument, seq, id, platform, payee, purpose, cycle, payment_fen,
                     valid_until, consent_sha256, accepted_at, ended_at, stated_at
                 FROM mandates WHERE instrument = $1 AND platform = $2
                 ORDER BY seq DESC LIMIT 1",
            values: values![instrument, platform],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            instrument: row.id()?,
            seq: row.integer()?,
            id: row.id()?,
            platform: row.id()?,
            payee: row.text()?,
            purpose: row.text()?,
            cycle: row.text_opt()?,
            payment: row.fen_opt()?,
            valid_until: row.time_opt()?,
            consent_sha256: row.text()?,
            accepted_at: row.time()?,
            ended_at: row.time_opt()?,
            stated_at: row.time()?,
        })
    }
}

impl Store {
    /// The mandate of a card that is in force, or was last.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn mandate(
        &self,
        platform: PlatformId,
        instrument: InstrumentId,
    ) -> Result<Option<MandateRecord>, ReadError> {
        Ok(self.rows(MandateRecord::of_card(platform, instrument)).await?.into_iter().next())
    }
}
