//! Giving back: refunds, and undoing. Each is a payment of its own with everything a payment has;
//! when it has moved, the payment it is about changes in the same commit.

use mingka_domain::id::{AttemptId, PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::payment::{Event, Payment, PaymentKind};
use mingka_domain::time::Timestamp;
use mingka_store::OrderKey;

use super::{Changed, Loaded};
use crate::core::{Engine, internal};
use crate::error::{EngineError, GiveBackError};
use crate::request::{Idempotency, NewGiveBack, NewPayment};
use crate::view::PaymentView;

/// How a payment is given back, as far as its own state decides.
pub(super) struct Way {
    /// The code of the channel that took it.
    pub(super) channel: String,
    /// What is asked of the bank.
    pub(super) operation: Operation,
    /// The channel's own number for what was taken, where the message names it.
    pub(super) number: Option<String>,
    /// The order that is undone under its own identity.
    pub(super) order: Option<OrderKey>,
}

impl Engine {
    /// Gives money back that a repayment took: whole or in part where it settled, or undone on its
    /// settlement day.
    ///
    /// # Errors
    /// When there is nothing to give back, more is asked for than is left, it is too late to undo,
    /// or something is being given back already.
    pub async fn give_back(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewGiveBack,
    ) -> Result<PaymentView, EngineError> {
        if let Some(view) = self.earlier_payment(platform, &idempotency).await? {
            return Ok(view);
        }
        let original = self.load_payment(platform, new.original).await?;
        let way = self.way_back(&original, new.kind, self.now()).await?;
        tracing::debug!(payment.id = %new.original, operation = way.operation.name(),
            "a way back was found");
        let left = original.machine.kept().map_or(original.record.amount, |(_, left)| left);
        let amount = new.amount.unwrap_or(left);
        if amount > left || amount.is_zero() {
            return Err(EngineError::GiveBack(GiveBackError::MoreThanIsLeft { left }));
        }
        let record = &original.record;
        let lender = self.store().lender(platform, record.lender).await?;
        let lender = lender.ok_or_else(|| internal("a lender is missing", &record.lender))?;
        let payment = NewPayment {
            kind: new.kind,
            lender: lender.code,
            instrument: record.instrument,
            original: Some(new.original),
            reference: record.reference.clone(),
            purpose: record.purpose.clone(),
            amount,
            customer_present: false,
            valid_until: None,
        };
        self.pay(platform, idempotency, payment).await
    }

    /// The payment whose money a payment gives back.
    pub(super) async fn original_of(&self, payment: &Loaded) -> Result<Loaded, EngineError> {
        let record = &payment.record;
        let id = record.original.ok_or_else(|| internal("an original is missing", &record.id))?;
        self.load_payment(record.platform, id).await
    }

    /// How a payment can be given back now.
    pub(super) async fn way_back(
        &self,
        original: &Loaded,
        kind: PaymentKind,
        now: Timestamp,
    ) -> Result<Way, EngineError> {
        let record = &original.record;
        let state = original.machine.name();
        let not_now = EngineError::GiveBack(GiveBackError::Nothing { state });
        if record.kind != PaymentKind::Repayment {
            return Err(not_now);
        }
        let (attempt, unknown) = match &original.machine {
            Payment::Settled(settled) => (settled.attempt, false),
            Payment::Refunded(refunded) if kind == PaymentKind::Refund => {
                (refunded.settled.attempt, false)
            }
            Payment::Doubtful(doubtful) if kind == PaymentKind::Reversal => {
                (doubtful.attempt, true)
            }
            Payment::Review(review) if kind == PaymentKind::Reversal => (review.attempt, true),
            _ => return Err(not_now),
        };
        let attempt = self.store().attempt(record.platform, attempt).await?;
        let attempt = attempt.ok_or_else(|| internal("an attempt is missing", &record.id))?;
        let channel = self.channel(&attempt.order.channel)?;
        let same_day = channel.profile.settlement.is_same_day(attempt.order.txn_time, now);
        if kind == PaymentKind::Reversal && !same_day {
            return Err(EngineError::GiveBack(GiveBackError::TooLate));
        }
        let operation = match (kind, unknown) {
            (PaymentKind::Refund, _) => Operation::Refund,
            (_, false) => Operation::Undo,
            (_, true) => Operation::Reverse,
        };
        if !channel.profile.can(operation) {
            return Err(not_now);
        }
        let number = record.query_id.clone();
        if !unknown && number.is_none() {
            return Err(not_now);
        }
        Ok(Way {
            channel: attempt.order.channel.clone(),
            operation,
            number,
            order: unknown.then_some(attempt.order),
        })
    }

    /// What becomes of the original once a payment that gives back has moved.
    pub(crate) async fn original_after(
        &self,
        before: &Loaded,
        after: &Changed,
        now: Timestamp,
    ) -> Result<Option<Changed>, EngineError> {
        let kind = before.record.kind;
        let moves = matches!(after.machine, Payment::Settled(_))
            && !matches!(before.machine, Payment::Settled(_));
        if !kind.gives_back() || !moves {
            return Ok(None);
        }
        let Payment::Settled(settled) = &after.machine else { return Ok(None) };
        let original = self.original_of(before).await?;
        let attempt = self.undone_by(&original, settled.attempt).await?;
        let amount: Option<Fen> = (kind == PaymentKind::Refund).then_some(before.record.amount);
        let by: PaymentId = before.record.id;
        match original.apply(Event::GivenBack { by, amount, attempt }, now) {
            Ok(changed) => Ok(Some(changed)),
            Err(error) => {
                // Reversed, and known by other proof not to have moved: both say the same.
                if !matches!(original.machine, Payment::Refused(_)) {
                    tracing::error!(payment.id = %by, error = %error,
                        "money was given back that was not there to give: people must look");
                }
                Ok(None)
            }
        }
    }

    /// The attempt of a payment that another's attempt gives back: the one whose order a reversal
    /// goes under, or the one that moved the money.
    async fn undone_by(
        &self,
        original: &Loaded,
        back: AttemptId,
    ) -> Result<AttemptId, EngineError> {
        let record = &original.record;
        let missing = || internal("an attempt is missing", &record.id);
        let kept = original.machine.kept().map(|(attempt, _)| attempt);
        let back = match self.store().attempt(record.platform, back).await? {
            Some(back) => back,
            // Found in a statement: it becomes durable in this very unit.
            None => return kept.or(original.machine.open_attempt()).ok_or_else(missing),
        };
        if back.operation != Operation::Reverse {
            return kept.ok_or_else(missing);
        }
        let own = self.store().attempts(record.platform, record.id.into()).await?;
        let own = own
            .iter()
            .rev()
            .find(|own| own.order == back.order && own.operation == Operation::Collect);
        own.map(|own| own.id).ok_or_else(missing)
    }

    /// Whether something that would undo a payment as a whole is on its way.
    pub(super) async fn is_being_undone(&self, payment: &Loaded) -> Result<bool, EngineError> {
        let record = &payment.record;
        if record.kind != PaymentKind::Repayment {
            return Ok(false);
        }
        let back = self.store().payments_of_original(record.platform, record.id).await?;
        Ok(back.iter().any(|one| one.guard.is_some()))
    }

    /// What gives back the money of a payment, oldest first.
    pub(super) async fn given_back(&self, payment: &Loaded) -> Result<Vec<PaymentId>, EngineError> {
        let record = &payment.record;
        if record.kind != PaymentKind::Repayment {
            return Ok(Vec::new());
        }
        let found = self.store().payments_of_original(record.platform, record.id).await?;
        Ok(found.into_iter().map(|one| one.id).collect())
    }
}
