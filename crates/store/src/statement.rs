//! Banks' statements, as a platform imported them. A line is there once, however often its file is
//! imported; a statement's own row says that all of its lines are, and whether it was acted on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use mingka_domain::id::PlatformId;
use mingka_domain::money::Fen;
use mingka_domain::statement::SettlementDay;
use mingka_domain::time::Timestamp;

use crate::attempt::{AttemptRecord, OrderKey};
use crate::keys::{filled, places};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "statements";
const LINES: &str = "statement_lines";

/// One row of `statements`: one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRecord {
    /// Whose it is.
    pub platform: PlatformId,
    /// The channel's code.
    pub channel: String,
    /// The merchant account's number.
    pub merchant: String,
    /// The settlement day.
    pub day: SettlementDay,
    /// The hash of the file.
    pub sha256: [u8; 32],
    /// Whether nothing of the day is missing.
    pub complete: bool,
    /// How many movements it holds.
    pub line_count: i64,
    /// The sum of their amounts.
    pub total_fen: i64,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// When everything it proves had been acted on.
    pub applied_at: Option<Timestamp>,
}

/// One row of `statement_lines`: one movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLineRecord {
    /// Whose it is.
    pub platform: PlatformId,
    /// The settlement day.
    pub day: SettlementDay,
    /// The order.
    pub order: OrderKey,
    /// What moved, in the word of the statement.
    pub movement: String,
    /// How much.
    pub amount: Fen,
    /// The channel's own number.
    pub query_id: String,
    /// When it moved.
    pub settled_at: Timestamp,
    /// The order whose money it gives back.
    pub original: Option<(String, Timestamp)>,
}

impl StatementRecord {
    /// Inserts it; `Duplicate` when this very file is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, format!("{} {}", self.platform, self.day)),
            "INSERT INTO statements (platform, channel, merchant, day, sha256, complete,
                 line_count, total_fen, imported_at, applied_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            values![
                self.platform,
                &self.channel,
                &self.merchant,
                self.day.to_string(),
                &self.sha256,
                i64::from(self.complete),
                self.line_count,
                self.total_fen,
                self.imported_at,
                self.applied_at
            ],
        )
    }

    /// Notes that everything it proves was acted on.
    #[must_use]
    pub fn applied(&self, now: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, format!("{} {}", self.platform, self.day)),
            "UPDATE statements SET applied_at = $1
             WHERE platform = $2 AND day = $3 AND channel = $4 AND merchant = $5 AND sha256 = $6
                 AND applied_at IS NULL",
            values![
                now,
                self.platform,
                self.day.to_string(),
                &self.channel,
                &self.merchant,
                &self.sha256
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            platform: row.id()?,
            channel: row.text()?,
            merchant: row.text()?,
            day: row.day()?,
            sha256: row.digest()?,
            complete: row.integer()? != 0,
            line_count: row.integer()?,
            total_fen: row.integer()?,
            imported_at: row.time()?,
            applied_at: row.time_opt()?,
        })
    }
}

impl StatementLineRecord {
    /// Inserts it where it is not there yet.
    #[must_use]
    pub fn keep(&self) -> Statement {
        let (original, original_time) = self.original.clone().unzip();
        Statement::any(
            RowKey::new(LINES, &self.order.order_id),
            "INSERT INTO statement_lines (platform, channel, merchant, day, order_id, txn_time,
                 movement, amount_fen, query_id, settled_at, original_order_id, original_txn_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT DO NOTHING",
            values![
                self.platform,
                &self.order.channel,
                &self.order.merchant,
                self.day.to_string(),
                &self.order.order_id,
                self.order.txn_time,
                &self.movement,
                self.amount.get(),
                &self.query_id,
                self.settled_at,
                original.as_ref(),
                original_time
            ],
        )
    }

    pub(crate) fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            platform: row.id()?,
            order: OrderKey {
                channel: row.text()?,
                merchant: row.text()?,
                order_id: row.text()?,
                txn_time: row.time()?,
            },
            day: row.day()?,
            movement: row.text()?,
            amount: row.fen()?,
            query_id: row.text()?,
            settled_at: row.time()?,
            original: row.text_opt()?.zip(row.time_opt()?),
        })
    }
}

macro_rules! select_lines {
    ($rest:literal) => {
        concat!(
            "SELECT platform, channel, merchant, order_id, txn_time, day, movement, amount_fen,
                 query_id, settled_at, original_order_id, original_txn_time
             FROM statement_lines ",
            $rest
        )
    };
}

/// `|| ''`: asked for a platform plainly, both engines walk all of its lines.
pub(crate) static LINES_OF_ORDERS: LazyLock<String> = LazyLock::new(|| {
    let select = select_lines!("WHERE platform || '' = $1 AND order_id IN (");
    format!("{select}{})", places(2))
});

/// Without an order: asked for one, SQLite walks all lines of the platform in its key's.
pub(crate) const LINES_OF_ORDER: &str = select_lines!(
    "WHERE order_id = $1 AND txn_time = $2 AND merchant = $3 AND channel = $4 AND platform = $5"
);

impl Store {
    /// The files of a platform's day, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn statements_of_day(
        &self,
        platform: PlatformId,
        day: SettlementDay,
    ) -> Result<Vec<StatementRecord>, ReadError> {
        self.read(
            "SELECT platform, channel, merchant, day, sha256, complete, line_count, total_fen,
                 imported_at, applied_at
             FROM statements WHERE platform = $1 AND day = $2 ORDER BY imported_at, sha256",
            values![platform, day.to_string()],
            StatementRecord::decode,
        )
        .await
    }

    /// Every file of a platform, in the order of their days.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn statements_of_platform(
        &self,
        platform: PlatformId,
    ) -> Result<Vec<StatementRecord>, ReadError> {
        self.read(
            "SELECT platform, channel, merchant, day, sha256, complete, line_count, total_fen,
                 imported_at, applied_at
             FROM statements WHERE platform = $1 ORDER BY day, imported_at, sha256",
            values![platform],
            StatementRecord::decode,
        )
        .await
    }

    /// The movements of a platform's day, after one order's number and time, in their order.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn statement_lines(
        &self,
        platform: PlatformId,
        day: SettlementDay,
        offset: i64,
        limit: u32,
    ) -> Result<Vec<StatementLineRecord>, ReadError> {
        self.read(
            select_lines!(
                "WHERE platform = $1 AND day = $2
                 ORDER BY channel, merchant, order_id, txn_time, movement LIMIT $3 OFFSET $4"
            ),
            values![platform, day.to_string(), limit, offset],
            StatementLineRecord::decode,
        )
        .await
    }

    /// The movements that name an order, on whatever day.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn statement_lines_of_order(
        &self,
        platform: PlatformId,
        order: &OrderKey,
    ) -> Result<Vec<StatementLineRecord>, ReadError> {
        let found = self.read(
            LINES_OF_ORDER,
            values![&order.order_id, order.txn_time, &order.merchant, &order.channel, platform],
            StatementLineRecord::decode,
        );
        let mut lines = found.await?;
        in_order(&mut lines);
        Ok(lines)
    }

    /// The movements that name each of many orders, as
    /// [`statement_lines_of_order`](Self::statement_lines_of_order) finds them for one.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn statement_lines_of_orders(
        &self,
        platform: PlatformId,
        orders: &BTreeSet<OrderKey>,
    ) -> Result<BTreeMap<OrderKey, Vec<StatementLineRecord>>, ReadError> {
        let mut found: BTreeMap<OrderKey, Vec<StatementLineRecord>> = BTreeMap::new();
        for part in OrderKey::in_parts(orders) {
            let mut values = values![platform];
            values.extend(filled(part.iter().map(|order| &order.order_id)));
            let rows = self.read(LINES_OF_ORDERS.as_str(), values, StatementLineRecord::decode);
            for one in rows.await? {
                if part.binary_search(&&one.order).is_ok() {
                    found.entry(one.order.clone()).or_default().push(one);
                }
            }
        }
        found.values_mut().for_each(|lines| in_order(lines));
        Ok(found)
    }

    /// A platform's attempts to move money over a merchant account that were sent from one
    /// moment and before another, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn money_attempts_between(
        &self,
        platform: PlatformId,
        (channel, merchant): (&str, &str),
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<AttemptRecord>, ReadError> {
        self.read(
            "SELECT id, platform, version, subject, operation, state, channel, merchant, order_id,
                 txn_time, profile_version, card_index, amount_fen, sent_at, answered_at, outcome,
                 code
             FROM attempts
             WHERE channel = $1 AND merchant = $2 AND sent_at >= $3 AND sent_at < $4
                 AND (operation = 'disburse' OR operation = 'collect' OR operation = 'refund'
                     OR operation = 'undo' OR operation = 'reverse')
                 AND platform = $5
             ORDER BY sent_at, id",
            values![channel, merchant, from, until, platform],
            AttemptRecord::decode,
        )
        .await
    }
}

/// The lines of one order by their day.
fn in_order(lines: &mut [StatementLineRecord]) {
    lines.sort_by(|one, other| (one.day, &one.movement).cmp(&(other.day, &other.movement)));
}
