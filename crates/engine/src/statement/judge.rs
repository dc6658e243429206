//! What the statements say about one attempt, taken to its payment. A line proves what it says, for
//! the amount that was asked for and no other; absence proves only with two complete days.

use std::collections::BTreeSet;

use mingka_channels::statement::Movement;
use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Operation, Outcome, Phase};
use mingka_domain::payment::{Heard as Word, Payment, Proof, ReviewReason};
use mingka_domain::statement::{Books, LineKind, SettlementDay, Verdict};
use mingka_store::{AttemptRecord, StatementLineRecord};

use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::hear::Heard;
use crate::payment::{Hearing, Loaded, loaded};
use crate::settings::Planted;

impl Engine {
    /// What all statements together prove about an attempt.
    pub(super) async fn verdict(
        &self,
        channel: &Channel,
        attempt: &AttemptRecord,
    ) -> Result<Verdict, EngineError> {
        let lines = self.store().statement_lines_of_order(attempt.platform, &attempt.order).await?;
        let booked = |line| booked(line, attempt.operation);
        let lines: Vec<_> = lines.iter().filter_map(booked).collect();
        let cut_off = channel.cut_off()?;
        let own = cut_off.day_of(attempt.sent_at);
        let mut complete = self.complete_days(channel, attempt.platform, own).await?;
        if self.settings().planted() == Some(Planted::AbsenceOfOneDay) && complete.contains(&own) {
            complete.insert(own.next());
        }
        Ok(Books { lines: &lines, complete: &complete }.verdict(attempt.sent_at, cut_off))
    }

    /// Which of a day and the next have a complete statement.
    async fn complete_days(
        &self,
        channel: &Channel,
        platform: PlatformId,
        first: SettlementDay,
    ) -> Result<BTreeSet<SettlementDay>, EngineError> {
        let mut complete = BTreeSet::new();
        for day in [first, first.next()] {
            let files = self.store().statements_of_day(platform, day).await?;
            let whole = files.iter().any(|file| {
                file.complete
                    && file.channel == channel.code
                    && file.merchant == channel.merchant_number
            });
            complete.extend(whole.then_some(day));
        }
        Ok(complete)
    }

    /// What two persons refused is let go once the two statements after their decision are there
    /// and know of nothing either.
    pub(super) async fn release_held(
        &self,
        platform: PlatformId,
        channel: &Channel,
    ) -> Result<(), EngineError> {
        for record in self.store().payments_held(platform, &channel.code).await? {
            let payment = loaded(record)?;
            let Payment::Refused(refused) = &payment.machine else { continue };
            let (Some(since), Some(attempt)) = (refused.held_since, refused.attempt) else {
                continue;
            };
            let attempt = self.store().attempt(platform, attempt).await?;
            let Some(attempt) = attempt else { continue };
            let decided = channel.cut_off()?.day_of(since);
            let both = self.complete_days(channel, platform, decided).await?.len() == 2;
            if both && matches!(self.verdict(channel, &attempt).await?, Verdict::Absent(_)) {
                tracing::info!(payment.id = %payment.record.id,
                    "two statements agree with the two persons");
                let proof = Proof::Absence(decided.next());
                let diagnosis = refused.diagnosis.clone();
                self.tell(&attempt, Word::Declined { proof, diagnosis, again_at: None }).await?;
            }
        }
        Ok(())
    }

    /// Takes what the statements prove about an attempt to its payment.
    pub(super) async fn judge(
        &self,
        channel: &Channel,
        attempt: &AttemptRecord,
    ) -> Result<(), EngineError> {
        let Subject::Payment(id) = attempt.subject else { return Ok(()) };
        match self.verdict(channel, attempt).await? {
            Verdict::Open => Ok(()),
            Verdict::Absent(day) => {
                let payment = self.load_payment(attempt.platform, id).await?;
                if !payment.may_be_absent(attempt) {
                    return Ok(());
                }
                let cause = known::ORDER_NOT_FOUND;
                let diagnosis = Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                let proof = Proof::Absence(day);
                self.tell(attempt, Word::Declined { proof, diagnosis, again_at: None }).await
            }
            Verdict::Settled(day, amount) => self.moved(attempt, day, amount).await,
            Verdict::Returned(day, amount) => {
                self.moved(attempt, day, amount).await?;
                let payment = self.load_payment(attempt.platform, id).await?;
                if !matches!(&payment.machine, Payment::Settled(one) if one.attempt == attempt.id) {
                    return Ok(());
                }
                tracing::error!(payment.id = %id, statement.day = %day,
                    "a disbursement came back: the money did not stay with the borrower");
                let cause = known::PAYMENT_RETURNED;
                let diagnosis = Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                self.tell(attempt, Word::Returned { diagnosis }).await
            }
        }
    }

    async fn moved(
        &self,
        attempt: &AttemptRecord,
        day: SettlementDay,
        amount: Fen,
    ) -> Result<(), EngineError> {
        let Subject::Payment(id) = attempt.subject else { return Ok(()) };
        let payment = self.load_payment(attempt.platform, id).await?;
        if payment.record.amount != amount {
            tracing::error!(payment.id = %id, statement.day = %day, amount_fen = amount.get(),
                "a statement names another amount than was asked for: people must look");
            return Ok(());
        }
        match &payment.machine {
            Payment::Returned { .. } => return Ok(()),
            machine if machine.kept().is_some() => {
                if machine.kept().is_some_and(|(own, _)| own != attempt.id) {
                    tracing::error!(payment.id = %id, attempt.id = %attempt.id,
                        statement.day = %day,
                        "a statement knows two movements of one payment: people must look");
                }
                return Ok(());
            }
            machine if machine.open_attempt().is_some_and(|open| open != attempt.id) => {
                tracing::error!(payment.id = %id, attempt.id = %attempt.id, statement.day = %day,
                    "what was declined has moved, and another attempt is open: people must look");
                return Ok(());
            }
            Payment::Reversed { by, .. } => {
                if !self.is_undone(attempt.platform, *by).await? {
                    tracing::error!(payment.id = %id, statement.day = %day,
                        "reversed, and the statement knows only of the money: people must look");
                }
                return Ok(());
            }
            // People look already; the same statement again tells nothing new.
            Payment::Review(review) if review.why == ReviewReason::SettledAfterRefusal => {
                return Ok(());
            }
            Payment::Refused(_) if self.settings().planted() == Some(Planted::LineIgnored) => {
                return Ok(());
            }
            Payment::Refused(_) | Payment::Waiting(_) | Payment::Cancelled => {
                tracing::error!(payment.id = %id, attempt.id = %attempt.id, statement.day = %day,
                    "declined in the answer, settled in the statement: people must look");
            }
            _ => {}
        }
        self.tell(attempt, Word::Settled { proof: Proof::Statement(day), amount }).await
    }

    /// The channel's own number for what an attempt moved, as a statement names it.
    async fn number_in_statement(
        &self,
        attempt: &AttemptRecord,
    ) -> Result<Option<String>, EngineError> {
        let lines = self.store().statement_lines_of_order(attempt.platform, &attempt.order).await?;
        let own = lines.into_iter().find(|line| booked(line, attempt.operation).is_some());
        Ok(own.map(|line| line.query_id).filter(|number| !number.is_empty()))
    }

    /// Whether a statement knows of the undoing that a payment did.
    pub(super) async fn is_undone(
        &self,
        platform: PlatformId,
        by: PaymentId,
    ) -> Result<bool, EngineError> {
        for attempt in self.store().attempts(platform, Subject::Payment(by)).await? {
            let lines = self.store().statement_lines_of_order(platform, &attempt.order).await?;
            if lines.iter().any(|line| booked(line, attempt.operation).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn tell(&self, attempt: &AttemptRecord, what: Word) -> Result<(), EngineError> {
        let Subject::Payment(payment) = attempt.subject else { return Ok(()) };
        let moved = matches!(what, Word::Settled { .. });
        let heard = moved.then(|| {
            let (channel, about) = (&attempt.order.channel, attempt.operation);
            Heard::nothing(channel, about, Phase::Inquiry, Outcome::Settled, self.now())
        });
        let number = if moved { self.number_in_statement(attempt).await? } else { None };
        let heard = heard.map(|heard| Heard { query_id: number, ..heard });
        let (platform, attempt) = (attempt.platform, attempt.id);
        let heard = heard.as_ref().filter(|_| moved);
        let hearing = Hearing { platform, payment, attempt, what, heard, step: None };
        self.conclude_payment(&hearing).await
    }
}

impl Loaded {
    /// Whether nobody knows yet what became of this attempt, so that its absence says something.
    fn may_be_absent(&self, attempt: &AttemptRecord) -> bool {
        let open = self.machine.open_attempt() == Some(attempt.id);
        open && match &self.machine {
            Payment::InFlight(flying) => flying.pending,
            Payment::Review(review) => review.why != ReviewReason::SettledAfterRefusal,
            _ => true,
        }
    }
}

/// Whether a movement is what an attempt of this operation does: a collection and its reversal, and
/// the code before it, share one order.
pub(crate) const fn is_movement_of(movement: Movement, operation: Operation) -> bool {
    matches!(
        (movement, operation),
        (Movement::Disbursement | Movement::Return, Operation::Disburse)
            | (Movement::Repayment, Operation::Collect)
            | (Movement::Refund, Operation::Refund)
            | (Movement::Undo, Operation::Undo)
            | (Movement::Reversal, Operation::Reverse)
    )
}

/// What a line says about its own order.
fn booked(
    line: &StatementLineRecord,
    operation: Operation,
) -> Option<(SettlementDay, LineKind, Fen)> {
    let movement = Movement::named(&line.movement)?;
    let returned = movement == Movement::Return;
    let kind = if returned { LineKind::Returned } else { LineKind::Settled };
    is_movement_of(movement, operation).then_some((line.day, kind, line.amount))
}
