//! Limits on what may be paid: each change is a row, only ever added; the newest of a limit is in
//! force, in every process at once.

use mingka_domain::id::ApprovalId;
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_domain::time::Timestamp;

use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "limits";

/// One row of `limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRecord {
    /// Of what kind it is: `platform`, `lender` or `channel`.
    pub scope: String,
    /// Which of that kind.
    pub target: String,
    /// For which payments.
    pub payment_kind: PaymentKind,
    /// The place of this change among those of the limit, from 1.
    pub seq: i64,
    /// The most one payment may move.
    pub payment: Option<Fen>,
    /// The most one card may see in a calendar day of Beijing.
    pub card_day: Option<Fen>,
    /// The most all payments may move in such a day.
    pub day: Option<Fen>,
    /// The most they may move in a calendar month.
    pub month: Option<Fen>,
    /// By which approval.
    pub approval: ApprovalId,
    /// When.
    pub at: Timestamp,
}

impl LimitRecord {
    /// Adds it; `Duplicate` when somebody else changed the limit meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, format!("{}:{}", self.scope, self.target)),
            "INSERT INTO limits (scope, target, payment_kind, seq, payment_fen, card_day_fen,
                 day_fen, month_fen, approval, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            values![
                &self.scope,
                &self.target,
                self.payment_kind.name(),
                self.seq,
                self.payment.map(Fen::get),
                self.card_day.map(Fen::get),
                self.day.map(Fen::get),
                self.month.map(Fen::get),
                self.approval,
                self.at
            ],
        )
    }

    pub(crate) fn newest() -> Query<Self> {
        Query {
            sql: "SELECT scope, target, payment_kind, seq, payment_fen, card_day_fen, day_fen,
                     month_fen, approval, at
                 FROM limits AS change
                 WHERE seq = (SELECT MAX(seq) FROM limits WHERE scope = change.scope
                     AND target = change.target AND payment_kind = change.payment_kind)
                 ORDER BY scope, target, payment_kind",
            values: values![],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            scope: row.text()?,
            target: row.text()?,
            payment_kind: row.payment_kind()?,
            seq: row.integer()?,
            payment: row.fen_opt()?,
            card_day: row.fen_opt()?,
            day: row.fen_opt()?,
            month: row.fen_opt()?,
            approval: row.id()?,
            at: row.time()?,
        })
    }
}

impl Store {
    /// The limits in force.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn limits(&self) -> Result<Vec<LimitRecord>, ReadError> {
        self.rows(LimitRecord::newest()).await
    }
}
