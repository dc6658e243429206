//! A payment, as it stands. How it came to stand there is in `events`; what was sent for it in
//! `attempts`. The business guard is a unique column: no code has to remember to look.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use mingka_domain::id::{InstrumentId, LenderId, PaymentId, PlatformId, kind};
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_domain::time::Timestamp;

use crate::cursor::{Cursor, Listed};
use crate::keys::{KEY_COUNT_MAX, filled, places};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "payments";

/// One row of `payments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its identity.
    pub id: PaymentId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Which way the money goes.
    pub kind: PaymentKind,
    /// Whose money it is.
    pub lender: LenderId,
    /// The card.
    pub instrument: InstrumentId,
    /// The payment whose money it gives back, where it is one that does.
    pub original: Option<PaymentId>,
    /// The platform's own reference: of the loan, or of the item that is due.
    pub reference: String,
    /// For what, in one word of the platform's.
    pub purpose: String,
    /// What no other payment may have at the same time: see [`PaymentRecord::guard_text`].
    pub guard: Option<String>,
    /// How much.
    pub amount: Fen,
    /// The name of its state.
    pub state: String,
    /// Its machine as JSON, without anything personal.
    pub machine: String,
    /// The channel of its newest attempt.
    pub channel: Option<String>,
    /// The channel's own number for it.
    pub query_id: Option<String>,
    /// When it was taken on.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl PaymentRecord {
    /// What keeps two payments for one loan and purpose (or one due item) apart, whatever reference
    /// the request has and whichever lender pays; and whatever gives back one and the same payment.
    #[must_use]
    pub fn guard_text(&self) -> String {
        let Self { platform, kind, reference, purpose, original, .. } = self;
        if let Some(original) = original {
            return format!("{platform} back {original}");
        }
        format!("{platform} {} {purpose} {reference}", kind.name())
    }

    /// Inserts it; `Duplicate` when its id is there already, or another payment has its guard.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO payments (id, platform, version, kind, lender, instrument, original,
                 reference, purpose, guard, amount_fen, state, machine, channel, query_id,
                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            values![
                self.id,
                self.platform,
                self.version,
                self.kind.name(),
                self.lender,
                self.instrument,
                self.original,
                &self.reference,
                &self.purpose,
                self.guard.as_ref(),
                self.amount.get(),
                &self.state,
                &self.machine,
                self.channel.as_ref(),
                self.query_id.as_ref(),
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
            "UPDATE payments SET guard = $1, state = $2, machine = $3, channel = $4,
                 query_id = $5, updated_at = $6, version = version + 1
             WHERE id = $7 AND platform = $8 AND version = $9",
            values![
                self.guard.as_ref(),
                &self.state,
                &self.machine,
                self.channel.as_ref(),
                self.query_id.as_ref(),
                self.updated_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    /// Holds the row as it was read: the unit is `Stale` when it has changed since.
    #[must_use]
    pub fn unchanged(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE payments SET version = version
             WHERE id = $1 AND platform = $2 AND version = $3",
            values![self.id, self.platform, self.version],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            kind: row.payment_kind()?,
            lender: row.id()?,
            instrument: row.id()?,
            original: row.id_opt()?,
            reference: row.text()?,
            purpose: row.text()?,
            guard: row.text_opt()?,
            amount: row.fen()?,
            state: row.text()?,
            machine: row.text()?,
            channel: row.text_opt()?,
            query_id: row.text_opt()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, kind, lender, instrument, original, reference, purpose,
                 guard, amount_fen, state, machine, channel, query_id, created_at, updated_at
             FROM payments ",
            $rest
        )
    };
}

/// `|| ''` keeps both engines from walking a platform's payments instead of taking them by id.
pub(crate) static PAYMENTS_OF_IDS: LazyLock<String> = LazyLock::new(|| {
    let select = select!("WHERE platform || '' = $1 AND id IN (");
    format!("{select}{}) ORDER BY id", places(2))
});

impl Store {
    /// One payment of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payment(
        &self,
        platform: PlatformId,
        id: PaymentId,
    ) -> Result<Option<PaymentRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            PaymentRecord::decode,
        )
        .await
    }

    /// Payments of a platform, by their ids.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_of_ids(
        &self,
        platform: PlatformId,
        ids: &BTreeSet<PaymentId>,
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        let ids: Vec<PaymentId> = ids.iter().copied().collect();
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(KEY_COUNT_MAX) {
            let mut values = values![platform];
            values.extend(filled(part.iter().copied()));
            let rows = self.read(PAYMENTS_OF_IDS.as_str(), values, PaymentRecord::decode);
            found.extend(rows.await?);
        }
        Ok(found)
    }

    /// The payment that holds a guard.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payment_of_guard(&self, guard: &str) -> Result<Option<PaymentRecord>, ReadError> {
        self.read_one(select!("WHERE guard = $1"), values![guard], PaymentRecord::decode).await
    }

    /// A platform's payments, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments(
        &self,
        platform: PlatformId,
        cursor: Cursor<kind::Payment>,
    ) -> Result<Listed<PaymentRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
            select!("WHERE platform = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
        );
        self.list((upwards, downwards), values![platform], cursor, PaymentRecord::decode).await
    }

    /// A platform's payments under one reference, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_of_reference(
        &self,
        platform: PlatformId,
        reference: &str,
        cursor: Cursor<kind::Payment>,
    ) -> Result<Listed<PaymentRecord>, ReadError> {
        let (upwards, downwards) = (
            select!(
                "WHERE platform = $1 AND reference = $2 AND id > $3 AND id < $4
                 ORDER BY id LIMIT $5"
            ),
            select!(
                "WHERE platform = $1 AND reference = $2 AND id > $3 AND id < $4
                 ORDER BY id DESC LIMIT $5"
            ),
        );
        self.list((upwards, downwards), values![platform, reference], cursor, PaymentRecord::decode)
            .await
    }

    /// What gives back the money of a payment, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_of_original(
        &self,
        platform: PlatformId,
        original: PaymentId,
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        self.read(
            select!("WHERE original = $1 AND platform = $2 ORDER BY id"),
            values![original, platform],
            PaymentRecord::decode,
        )
        .await
    }

    /// The payments whose logs begin after a position of the one order and not after another, of
    /// whatever platform: for the house's own workers.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_begun(
        &self,
        after: i64,
        until: i64,
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        self.read(
            select!(
                "WHERE id IN (SELECT subject FROM events
                     WHERE position > $1 AND position <= $2 AND seq = 1)"
            ),
            values![after, until],
            PaymentRecord::decode,
        )
        .await
    }

    /// What people have to look at, of whatever platform, newest first: for the operator.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_in_review(
        &self,
        cursor: Cursor<kind::Payment>,
    ) -> Result<Listed<PaymentRecord>, ReadError> {
        let (upwards, downwards) = (
            select!("WHERE state = 'review' AND id > $1 AND id < $2 ORDER BY id LIMIT $3"),
            select!("WHERE state = 'review' AND id > $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        );
        self.list((upwards, downwards), values![], cursor, PaymentRecord::decode).await
    }

    /// What two persons refused over a channel and no statement has confirmed yet.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payments_held(
        &self,
        platform: PlatformId,
        channel: &str,
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        self.read(
            select!(
                "WHERE state = 'refused' AND guard IS NOT NULL AND channel = $1 AND platform = $2
                 ORDER BY id"
            ),
            values![channel, platform],
            PaymentRecord::decode,
        )
        .await
    }

    /// A payment of whatever platform: for persons of the house.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn payment_of_any(&self, id: PaymentId) -> Result<Option<PaymentRecord>, ReadError> {
        self.read_one(select!("WHERE id = $1"), values![id], PaymentRecord::decode).await
    }
}
