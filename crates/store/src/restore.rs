//! Restores from a backup: when one was found, until when the books are known, and who let the
//! house send again.

use mingka_domain::id::{AttemptId, PaymentId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::attempt::AttemptRecord;
use crate::payment::PaymentRecord;
use crate::read::{ReadError, Row};
use crate::statement::StatementLineRecord;
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "restores";

/// One row of `restores`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreRecord {
    /// When it was found.
    pub found_at: Timestamp,
    /// The moment of the newest thing the books know: what was sent later is not in them.
    pub known_until: Timestamp,
    /// What was missed: an attempt, or the words of whoever said so.
    pub missing: String,
    /// Since when the house may send again.
    pub released_at: Option<Timestamp>,
    /// By whom: an approval, or the statements.
    pub released_by: Option<String>,
}

impl RestoreRecord {
    /// Inserts it; `Duplicate` when one was found at this very moment.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.found_at.as_millis()),
            "INSERT INTO restores (found_at, known_until, missing, released_at, released_by)
             VALUES ($1, $2, $3, $4, $5)",
            values![
                self.found_at,
                self.known_until,
                &self.missing,
                self.released_at,
                self.released_by.as_ref()
            ],
        )
    }

    /// Lets the house send again; `Stale` when somebody did already.
    #[must_use]
    pub fn release(found_at: Timestamp, by: &str, now: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, found_at.as_millis()),
            "UPDATE restores SET released_at = $1, released_by = $2
             WHERE found_at = $3 AND released_at IS NULL",
            values![now, by, found_at],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            found_at: row.time()?,
            known_until: row.time()?,
            missing: row.text()?,
            released_at: row.time_opt()?,
            released_by: row.text_opt()?,
        })
    }
}

impl Store {
    /// Every restore that was found, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn restores(&self) -> Result<Vec<RestoreRecord>, ReadError> {
        self.read(
            "SELECT found_at, known_until, missing, released_at, released_by FROM restores
             ORDER BY found_at DESC",
            values![],
            RestoreRecord::decode,
        )
        .await
    }

    /// The newest attempt of all, of whatever platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn newest_attempt(&self) -> Result<Option<(AttemptId, Timestamp)>, ReadError> {
        self.read_one(
            "SELECT id, sent_at FROM attempts ORDER BY id DESC LIMIT 1",
            values![],
            |row| Ok((row.id()?, row.time()?)),
        )
        .await
    }

    /// Whether an attempt stands in the books, of whatever platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn has_attempt(&self, id: AttemptId) -> Result<bool, ReadError> {
        let found = self
            .read_one("SELECT id FROM attempts WHERE id = $1", values![id], |row| row.text())
            .await?;
        Ok(found.is_some())
    }

    /// The payments of all platforms that wait to be sent, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_unsent(&self, limit: u32) -> Result<Vec<PaymentId>, ReadError> {
        self.read(
            "SELECT id FROM payments
             WHERE state = 'accepted' OR state = 'waiting' OR state = 'awaiting_code'
             ORDER BY id LIMIT $1",
            values![limit],
            |row| row.id(),
        )
        .await
    }

    /// The platforms that have payments over a channel, or some that were sent over none yet.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn platforms_paying_over(&self, channel: &str) -> Result<Vec<PlatformId>, ReadError> {
        self.read(
            "SELECT id FROM platforms WHERE EXISTS (SELECT 1 FROM payments
                 WHERE payments.platform = platforms.id
                     AND (payments.channel = $1 OR payments.channel IS NULL))
             ORDER BY id",
            values![channel],
            |row| row.id(),
        )
        .await
    }

    /// The lines of all platforms' statements of these days that no attempt of ours is behind,
    /// oldest first, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn lines_of_nobody(
        &self,
        (first, last): (&str, &str),
        limit: u32,
    ) -> Result<Vec<StatementLineRecord>, ReadError> {
        self.read(
            "SELECT platform, channel, merchant, order_id, txn_time, day, movement, amount_fen,
                 query_id, settled_at, original_order_id, original_txn_time
             FROM statement_lines AS line
             WHERE day >= $1 AND day <= $2 AND NOT EXISTS (SELECT 1 FROM attempts
                 WHERE attempts.channel = line.channel AND attempts.order_id = line.order_id
                     AND attempts.merchant = line.merchant
                     AND attempts.txn_time = line.txn_time
                     AND ((attempts.operation = 'disburse'
                             AND (line.movement = 'disbursement' OR line.movement = 'return'))
                         OR (attempts.operation = 'collect' AND line.movement = 'repayment')
                         OR (attempts.operation = 'refund' AND line.movement = 'refund')
                         OR (attempts.operation = 'undo' AND line.movement = 'undo')
                         OR (attempts.operation = 'reverse' AND line.movement = 'reversal')))
             ORDER BY day, order_id LIMIT $3",
            values![first, last, limit],
            StatementLineRecord::decode,
        )
        .await
    }
}

impl AttemptRecord {
    /// The number of the order of a payment's attempt: the payment's own digits and a count, so
    /// that books which lost the attempt still know whose it was.
    #[must_use]
    pub fn order_number(payment: &PaymentRecord) -> String {
        format!("{}{:04x}", payment.id.hex(), payment.version.clamp(0, 0xffff))
    }

    /// The payment in such a number.
    #[must_use]
    pub fn payment_of_number(number: &str) -> Option<PaymentId> {
        let digits = number.get(..32).filter(|_| number.len() == 36)?;
        format!("pay_{digits}").parse().ok()
    }
}
