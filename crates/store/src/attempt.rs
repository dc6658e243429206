//! One exchange with a bank: stored as sent before its first byte leaves, and answered afterwards.
//! The order's whole identity stands here before anybody outside knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;

use crate::binding::CardIndex;
use crate::keys::{KEY_COUNT_MAX, filled, places};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "attempts";

/// The identity a bank knows an order by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderKey {
    /// The channel.
    pub channel: String,
    /// The merchant's number with it.
    pub merchant: String,
    /// The order's number.
    pub order_id: String,
    /// The order's own time.
    pub txn_time: Timestamp,
}

impl OrderKey {
    /// The same orders in parts that one query can ask for: each of one channel, and in order.
    pub(crate) fn in_parts(orders: &BTreeSet<Self>) -> Vec<Vec<&Self>> {
        let orders: Vec<&Self> = orders.iter().collect();
        let of_channels = orders.chunk_by(|one, other| one.channel == other.channel);
        of_channels.flat_map(|orders| orders.chunks(KEY_COUNT_MAX)).map(<[_]>::to_vec).collect()
    }
}

/// One row of `attempts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Its identity.
    pub id: AttemptId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// What it is for.
    pub subject: Subject,
    /// What was asked.
    pub operation: Operation,
    /// The name of its state.
    pub state: String,
    /// Under which identity the bank knows it. Unique for each operation, inquiries, tries to open
    /// an agreement and reversals excepted.
    pub order: OrderKey,
    /// The version of the channel's profile it was sent under.
    pub profile_version: String,
    /// The card it is about, for quotas.
    pub card_index: Option<CardIndex>,
    /// How much it is to move, where it moves money.
    pub amount: Option<Fen>,
    /// When it was stored as sent.
    pub sent_at: Timestamp,
    /// When its answer, or the want of one, was stored.
    pub answered_at: Option<Timestamp>,
    /// How it ended, as JSON of the domain's `Outcome`.
    pub outcome: Option<String>,
    /// The bank's own code.
    pub code: Option<String>,
}

impl AttemptRecord {
    /// Inserts it; `Duplicate` when its id or its order's identity is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO attempts (id, platform, version, subject, operation, state, channel,
                 merchant, order_id, txn_time, profile_version, card_index, amount_fen, sent_at,
                 answered_at, outcome, code)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            values![
                self.id,
                self.platform,
                self.version,
                self.subject,
                self.operation.name(),
                &self.state,
                &self.order.channel,
                &self.order.merchant,
                &self.order.order_id,
                self.order.txn_time,
                &self.profile_version,
                self.card_index.as_ref(),
                self.amount.map(Fen::get),
                self.sent_at,
                self.answered_at,
                self.outcome.as_ref(),
                self.code.as_ref()
            ],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE attempts SET state = $1, answered_at = $2, outcome = $3, code = $4,
                 version = version + 1
             WHERE id = $5 AND platform = $6 AND version = $7",
            values![
                &self.state,
                self.answered_at,
                self.outcome.as_ref(),
                self.code.as_ref(),
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    pub(crate) fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            subject: row.subject()?,
            operation: row.operation()?,
            state: row.text()?,
            order: OrderKey {
                channel: row.text()?,
                merchant: row.text()?,
                order_id: row.text()?,
                txn_time: row.time()?,
            },
            profile_version: row.text()?,
            card_index: row.digest_opt()?,
            amount: row.fen_opt()?,
            sent_at: row.time()?,
            answered_at: row.time_opt()?,
            outcome: row.text_opt()?,
            code: row.text_opt()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, subject, operation, state, channel, merchant, order_id,
                 txn_time, profile_version, card_index, amount_fen, sent_at, answered_at, outcome,
                 code
             FROM attempts ",
            $rest
        )
    };
}

pub(crate) static ATTEMPTS_OF_ORDERS: LazyLock<String> = LazyLock::new(|| {
    let select = select!("WHERE channel = $1 AND order_id IN (");
    format!("{select}{}) ORDER BY id", places(2))
});

impl Store {
    /// One attempt of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn attempt(
        &self,
        platform: PlatformId,
        id: AttemptId,
    ) -> Result<Option<AttemptRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            AttemptRecord::decode,
        )
        .await
    }

    /// Every attempt of a subject, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn attempts(
        &self,
        platform: PlatformId,
        subject: Subject,
    ) -> Result<Vec<AttemptRecord>, ReadError> {
        self.read(
            select!("WHERE subject = $1 AND platform = $2 ORDER BY id"),
            values![subject, platform],
            AttemptRecord::decode,
        )
        .await
    }

    /// The attempts of whatever has an event after a position of the one order and not after
    /// another, of whatever platform: for the house's own workers.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn attempts_between(
        &self,
        after: i64,
        until: i64,
    ) -> Result<Vec<AttemptRecord>, ReadError> {
        self.read(
            select!(
                "WHERE subject IN (SELECT subject FROM events
                     WHERE position > $1 AND position <= $2)"
            ),
            values![after, until],
            AttemptRecord::decode,
        )
        .await
    }

    /// The attempts under one order identity, oldest first, of whatever platform: a bank's
    /// notification knows no platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn attempts_of_order(
        &self,
        order: &OrderKey,
    ) -> Result<Vec<AttemptRecord>, ReadError> {
        self.read(
            select!(
                "WHERE channel = $1 AND merchant = $2 AND order_id = $3 AND txn_time = $4
                 ORDER BY id"
            ),
            values![&order.channel, &order.merchant, &order.order_id, order.txn_time],
            AttemptRecord::decode,
        )
        .await
    }

    /// The attempts under each of many order identities, as
    /// [`attempts_of_order`](Self::attempts_of_order) finds them for one.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn attempts_of_orders(
        &self,
        orders: &BTreeSet<OrderKey>,
    ) -> Result<BTreeMap<OrderKey, Vec<AttemptRecord>>, ReadError> {
        let mut found: BTreeMap<OrderKey, Vec<AttemptRecord>> = BTreeMap::new();
        for part in OrderKey::in_parts(orders) {
            let mut values = values![part.first().map(|order| &order.channel)];
            values.extend(filled(part.iter().map(|order| &order.order_id)));
            let rows = self.read(ATTEMPTS_OF_ORDERS.as_str(), values, AttemptRecord::decode);
            for one in rows.await? {
                if part.binary_search(&&one.order).is_ok() {
                    found.entry(one.order.clone()).or_default().push(one);
                }
            }
        }
        Ok(found)
    }
}
