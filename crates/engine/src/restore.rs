//! After a restore from a backup nothing is sent until what may have been paid since is known, or
//! two persons let the house go on. Here is how a restore is noticed (`knows`), what holds the
//! house (a stop switch that nobody turns by name), what is asked of the statements, and how a
//! payment whose attempt was lost is found again by its order's number.

use mingka_channels::statement::{Movement, StatementLine};
use mingka_domain::attempt::Attempt;
use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::payment::{Event, Payment, PaymentKind, Proof};
use mingka_domain::statement::SettlementDay;
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, CommitError, OrderKey, PaymentRecord, RestoreRecord, Statement, Unit,
};

use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::payment::{Loaded, loaded};
use crate::settings::Planted;

/// The most of each kind that a report names.
const NAMED_MAX: u32 = 500;

/// What is known of the time that a restore has cut out of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the restore was found.
    pub found_at: Timestamp,
    /// The moment of the newest thing that the books know.
    pub known_until: Timestamp,
    /// What was missed.
    pub missing: String,
    /// Since when the house sends again, and by whom it was let.
    pub released: Option<(Timestamp, String)>,
    /// The settlement days whose complete statement is wanted, by channel and merchant account.
    pub days_wanted: Vec<(String, String, SettlementDay)>,
    /// Whether the books knew no attempt at all: then no day is where they end, and only two
    /// persons let the house go on.
    pub knows_nothing: bool,
    /// Movements on the statements of those days that nothing in the books is behind.
    pub lines_of_nobody: Vec<LostLine>,
    /// Payments that wait to be sent: any of them may have been sent since the backup.
    pub unsent: Vec<PaymentId>,
}

/// A movement that nothing in the books is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostLine {
    /// The channel's code.
    pub channel: String,
    /// The settlement day.
    pub day: SettlementDay,
    /// The order's number at the bank.
    pub order_id: String,
    /// What moved.
    pub movement: String,
    /// How much.
    pub amount: Fen,
    /// The payment in the order's number, which the books may have lost as well.
    pub payment: Option<PaymentId>,
}

impl RestoreReport {
    /// Whether everything that may have been paid since the backup is known.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !self.knows_nothing && self.days_wanted.is_empty() && self.lines_of_nobody.is_empty()
    }
}

impl Engine {
    /// The newest attempt in the books: whoever keeps it elsewhere can tell later whether the books
    /// have lost it.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn newest_attempt(&self) -> Result<Option<AttemptId>, EngineError> {
        Ok(self.store().newest_attempt().await?.map(|(id, _)| id))
    }

    /// Whether an attempt that was in the books is there still.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn knows(&self, attempt: AttemptId) -> Result<bool, EngineError> {
        if self.settings().planted() == Some(Planted::RestoreUnnoticed) {
            return Ok(true);
        }
        Ok(self.store().has_attempt(attempt).await?)
    }

    /// Holds the house: its books are older than what was sent. What is in flight is inquired
    /// about; nothing is sent, by any process, until this is released. A house that is held
    /// already, or was released after missing the same, stays as it is.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn hold_restored(&self, missing: &str) -> Result<(), EngineError> {
        let known = |one: &RestoreRecord| one.released_at.is_none() || one.missing == missing;
        if self.store().restores().await?.iter().any(known) {
            return Ok(());
        }
        let now = self.now();
        let newest = self.store().newest_attempt().await?;
        let record = RestoreRecord {
            found_at: now,
            known_until: newest.map_or(Timestamp::from_millis(0), |(_, sent_at)| sent_at),
            missing: missing.to_owned(),
            released_at: None,
            released_by: None,
        };
        let turn = self.turn_of_restored(true, ("mingka", missing)).await?;
        match self.store().commit(Unit::new(record.insert()).write(turn.insert())).await {
            Ok(_) => {}
            // Another process has noticed it at the same moment.
            Err(CommitError::Duplicate { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        tracing::error!(restore.found_at = %now.rfc3339(), restore.missing = missing,
            restore.known_until = %record.known_until.rfc3339(),
            "the database is older than what was sent: nothing is sent until it is known what may \
             have been paid since (`mingka restore-check`)");
        self.stops().await?;
        Ok(())
    }

    /// Every restore that was found, newest first, and what is known of it now.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn restores(&self) -> Result<Vec<RestoreReport>, EngineError> {
        let mut reports = Vec::new();
        for record in self.store().restores().await? {
            reports.push(self.restore_report(record).await?);
        }
        Ok(reports)
    }

    /// Lets the house go on once the statements have told everything.
    pub(crate) async fn release_when_known(&self) -> Result<(), EngineError> {
        for record in self.store().restores().await? {
            let found_at = record.found_at;
            if record.released_at.is_some() || !self.restore_report(record).await?.is_known() {
                continue;
            }
            let rows = self.rows_of_release(found_at, "statements", self.now()).await?;
            let mut rows = rows.into_iter();
            if let Some(guard) = rows.next() {
                self.store().commit(Unit::new(guard).writes(rows)).await?;
                tracing::warn!(restore.found_at = %found_at.rfc3339(),
                    "the statements have told what was paid since the backup: the house goes on");
                self.stops().await?;
            }
        }
        Ok(())
    }

    /// Whether a payment may have been sent in the time that a restore has cut out of the books:
    /// then nothing about it may be said to be over.
    pub(crate) async fn may_be_lost(&self, payment: &PaymentRecord) -> Result<bool, EngineError> {
        if !self.stops().await?.is_restored() {
            return Ok(false);
        }
        let restores = self.store().restores().await?;
        let holds =
            |one: &RestoreRecord| one.released_at.is_none() && one.found_at > payment.created_at;
        Ok(restores.iter().any(holds))
    }

    /// A restore that holds the house.
    pub(crate) async fn unreleased(
        &self,
        found_at: Timestamp,
    ) -> Result<RestoreRecord, EngineError> {
        let restores = self.store().restores().await?;
        let found = restores.into_iter().find(|one| one.found_at == found_at);
        found.filter(|one| one.released_at.is_none()).ok_or(EngineError::NotFound)
    }

    /// What lets the house go on, the guard first.
    pub(crate) async fn rows_of_release(
        &self,
        found_at: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<Statement>, EngineError> {
        let turn = self.turn_of_restored(false, (by, "released")).await?;
        Ok(vec![RestoreRecord::release(found_at, by, now), turn.insert()])
    }

    async fn restore_report(&self, record: RestoreRecord) -> Result<RestoreReport, EngineError> {
        let mut days_wanted = Vec::new();
        let mut span: Option<(SettlementDay, SettlementDay)> = None;
        let knows_nothing = record.known_until == Timestamp::from_millis(0);
        let channels = self.parts().channels.iter().filter(|_| !knows_nothing);
        for channel in channels {
            let payers = self.store().platforms_paying_over(&channel.code).await?;
            let cut_off = channel.cut_off()?;
            let (mut day, found) =
                (cut_off.day_of(record.known_until), cut_off.day_of(record.found_at));
            // What was sent just before the restore may stand on the day after.
            let last = found.next();
            let (first, until) = span.unwrap_or((day, last));
            span = Some((first.min(day), until.max(last)));
            while day <= last {
                if !self.is_complete(channel, day, &payers).await? {
                    let merchant = channel.merchant_number.clone();
                    days_wanted.push((channel.code.clone(), merchant, day));
                }
                day = day.next();
            }
        }
        let mut lines_of_nobody = Vec::new();
        if let Some((first, last)) = span {
            let days = (first.to_string(), last.to_string());
            let lines = self.store().lines_of_nobody((&days.0, &days.1), NAMED_MAX).await?;
            lines_of_nobody.extend(lines.into_iter().map(|line| LostLine {
                payment: AttemptRecord::payment_of_number(&line.order.order_id),
                channel: line.order.channel,
                day: line.day,
                order_id: line.order.order_id,
                movement: line.movement,
                amount: line.amount,
            }));
        }
        Ok(RestoreReport {
            found_at: record.found_at,
            known_until: record.known_until,
            missing: record.missing,
            released: record.released_at.zip(record.released_by),
            days_wanted,
            knows_nothing,
            lines_of_nobody,
            unsent: self.store().payments_unsent(NAMED_MAX).await?,
        })
    }

    /// Whether every platform that pays over a channel has imported a complete statement of this
    /// day: what one of them brings proves nothing about another's payments.
    async fn is_complete(
        &self,
        channel: &Channel,
        day: SettlementDay,
        payers: &[PlatformId],
    ) -> Result<bool, EngineError> {
        for platform in payers {
            let files = self.store().statements_of_day(*platform, day).await?;
            let whole = files.iter().any(|file| {
                file.complete
                    && file.channel == channel.code
                    && file.merchant == channel.merchant_number
            });
            if !whole {
                return Ok(false);
            }
        }
        Ok(!payers.is_empty())
    }

    /// The payment that a movement under an order of this number is of.
    async fn payment_behind(
        &self,
        platform: PlatformId,
        id: PaymentId,
        movement: Movement,
    ) -> Result<Option<Loaded>, EngineError> {
        if movement == Movement::Reversal {
            // A reversal goes under the order that it reverses.
            let back = self.store().payments_of_original(platform, id).await?;
            let unsent = |one: &PaymentRecord| {
                one.kind == PaymentKind::Reversal && ["accepted", "waiting"].contains(&&*one.state)
            };
            return back.into_iter().find(unsent).map(loaded).transpose();
        }
        match self.load_payment(platform, id).await {
            Ok(payment) => Ok(Some(payment)),
            Err(EngineError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A statement's line that no attempt is behind: where its order's number names a payment of
    /// ours that was not sent as far as the books know, it was, and the books have lost it.
    pub(crate) async fn find_lost(
        &self,
        platform: PlatformId,
        channel: &Channel,
        (order, line): (&OrderKey, &StatementLine),
        day: SettlementDay,
    ) -> Result<(), EngineError> {
        let Some(id) = AttemptRecord::payment_of_number(&order.order_id) else { return Ok(()) };
        let Some(payment) = self.payment_behind(platform, id, line.movement).await? else {
            return Ok(());
        };
        let id = payment.record.id;
        let operation = match (payment.record.kind, line.movement) {
            (PaymentKind::Disbursement, Movement::Disbursement) => Operation::Disburse,
            (PaymentKind::Repayment, Movement::Repayment) => Operation::Collect,
            (PaymentKind::Refund, Movement::Refund) => Operation::Refund,
            (PaymentKind::Reversal, Movement::Undo) => Operation::Undo,
            (PaymentKind::Reversal, Movement::Reversal) => Operation::Reverse,
            _ => return Ok(()),
        };
        if payment.record.amount != line.amount {
            tracing::error!(payment.id = %id, order.id = order.order_id,
                "a statement knows an order of this payment that our books have lost, with another \
                 amount: people must look");
            return Ok(());
        }
        let (now, owner) = (self.now(), (platform, Subject::Payment(id)));
        let own = self.store().attempts(platform, owner.1).await?;
        if own.iter().any(|one| one.order.order_id == order.order_id && one.operation == operation)
        {
            tracing::error!(payment.id = %id, order.id = order.order_id,
                "a statement knows an order of this payment under another time: people must look");
            return Ok(());
        }
        let mut attempt = self.attempt(owner, channel, operation, (Some(order), None), now);
        attempt.amount = Some(line.amount);
        attempt.sent_at = line.txn_time;
        Attempt::Settled.name().clone_into(&mut attempt.state);
        attempt.answered_at = Some(now);
        attempt.outcome = Some(to_json(&Outcome::Settled)?);
        let unsent = matches!(
            payment.machine,
            Payment::Accepted(_) | Payment::Waiting(_) | Payment::AwaitingCode(_)
        );
        if !unsent {
            return self.keep_lost(&payment, &attempt).await;
        }
        let (proof, amount) = (Proof::Statement(day), line.amount);
        let mut changed =
            payment.apply(Event::Found { attempt: attempt.id, proof, amount }, now)?;
        changed.record.channel = Some(channel.code.clone());
        changed.record.query_id = Some(line.query_id.clone());
        let original = self.original_after(&payment, &changed, now).await?;
        let more = original.iter().flat_map(|one| [one.update(), one.event.insert()]);
        let unit = Unit::new(changed.update())
            .writes([changed.event.insert(), attempt.insert()])
            .writes(more)
            .effects(changed.effects.clone());
        let committed = self.store().commit(unit).await?;
        self.announce(id, committed.effects());
        if let Some(original) = payment.record.original {
            self.announce(original, committed.effects());
        }
        tracing::error!(payment.id = %id, order.id = order.order_id,
            "a payment that our books had lost was found in a statement: its money had moved");
        Ok(())
    }

    /// The books know the payment by an earlier attempt, which is open, or ended otherwise: the one
    /// they had lost becomes theirs again, and what its line proves is judged like any other.
    async fn keep_lost(
        &self,
        payment: &Loaded,
        attempt: &AttemptRecord,
    ) -> Result<(), EngineError> {
        let unit = Unit::new(payment.record.unchanged()).write(attempt.insert());
        match self.store().commit(unit).await {
            // Another import has found it at the same moment.
            Ok(_) | Err(CommitError::Duplicate { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        tracing::error!(payment.id = %payment.record.id, order.id = attempt.order.order_id,
            payment.state = payment.machine.name(),
            "an attempt that our books had lost was found in a statement: its money had moved");
        Ok(())
    }
}
