//! What the statements and our books hold about many attempts, read with few queries: what is
//! proven about each of them is then a question of memory. Nothing is changed here.

use std::collections::{BTreeMap, BTreeSet};

use mingka_channels::statement::Movement;
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::statement::{Books, CutOff, LineKind, SettlementDay, Verdict};
use mingka_store::{AttemptRecord, OrderKey, StatementLineRecord};

use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::payment::{Loaded, loaded};
use crate::settings::Planted;

/// What is known about some attempts of a platform over one channel.
pub(super) struct Known {
    cut_off: CutOff,
    lines: BTreeMap<OrderKey, Vec<StatementLineRecord>>,
    payments: BTreeMap<PaymentId, Loaded>,
    /// The complete ones of the days on which those could stand of which no line speaks.
    complete: BTreeSet<SettlementDay>,
}

/// An attempt, and what the statements prove about it.
pub(super) struct Case {
    pub(super) attempt: AttemptRecord,
    pub(super) payment: Loaded,
    pub(super) verdict: Verdict,
    /// The channel's own number for what it moved, as a statement names it.
    pub(super) number: Option<String>,
}

impl Engine {
    /// Reads what there is to know about some attempts of a platform over one channel.
    pub(super) async fn known(
        &self,
        channel: &Channel,
        platform: PlatformId,
        attempts: &[AttemptRecord],
    ) -> Result<Known, EngineError> {
        let orders: BTreeSet<OrderKey> = attempts.iter().map(|one| one.order.clone()).collect();
        let ids: BTreeSet<PaymentId> = attempts.iter().filter_map(payment_of).collect();
        let mut known = Known {
            cut_off: channel.cut_off()?,
            lines: self.store().statement_lines_of_orders(platform, &orders).await?,
            payments: self.load_payments(platform, &ids).await?,
            complete: BTreeSet::new(),
        };
        let days = known.days_of_the_unseen(attempts);
        known.complete = self.complete_days(channel, platform, &days).await?;
        if self.settings().planted() == Some(Planted::AbsenceOfOneDay) {
            let next: Vec<SettlementDay> = known.complete.iter().map(|day| day.next()).collect();
            known.complete.extend(next);
        }
        Ok(known)
    }

    /// Payments of a platform, by their ids.
    pub(super) async fn load_payments(
        &self,
        platform: PlatformId,
        ids: &BTreeSet<PaymentId>,
    ) -> Result<BTreeMap<PaymentId, Loaded>, EngineError> {
        let found = self.store().payments_of_ids(platform, ids).await?;
        found.into_iter().map(|record| Ok((record.id, loaded(record)?))).collect()
    }

    /// Which of some days have a complete statement.
    pub(super) async fn complete_days(
        &self,
        channel: &Channel,
        platform: PlatformId,
        days: &BTreeSet<SettlementDay>,
    ) -> Result<BTreeSet<SettlementDay>, EngineError> {
        let mut complete = BTreeSet::new();
        for day in days {
            let files = self.store().statements_of_day(platform, *day).await?;
            let whole = files.iter().any(|file| {
                file.complete
                    && file.channel == channel.code
                    && file.merchant == channel.merchant_number
            });
            complete.extend(whole.then_some(*day));
        }
        Ok(complete)
    }
}

impl Known {
    /// What all statements together prove about an attempt.
    pub(super) fn verdict(&self, attempt: &AttemptRecord) -> Verdict {
        let lines = self.booked(attempt);
        let books = Books { lines: &lines, complete: &self.complete };
        books.verdict(attempt.sent_at, self.cut_off)
    }

    /// The payment an attempt is of, where it is of one.
    pub(super) fn payment(&self, attempt: &AttemptRecord) -> Result<Option<&Loaded>, EngineError> {
        let Some(id) = payment_of(attempt) else { return Ok(None) };
        self.payments.get(&id).map(Some).ok_or(EngineError::NotFound)
    }

    /// The lines that name an attempt's order, whatever they say moved.
    pub(super) fn lines(&self, attempt: &AttemptRecord) -> &[StatementLineRecord] {
        self.lines.get(&attempt.order).map(Vec::as_slice).unwrap_or_default()
    }

    /// An attempt about whose payment something is proven.
    pub(super) fn case(&self, attempt: &AttemptRecord) -> Result<Option<Case>, EngineError> {
        let verdict = self.verdict(attempt);
        let proven = verdict != Verdict::Open;
        let Some(payment) = self.payment(attempt)?.filter(|_| proven) else { return Ok(None) };
        let own = |line: &&StatementLineRecord| booked(line, attempt.operation).is_some();
        let number = self.lines(attempt).iter().find(own).map(|line| line.query_id.clone());
        let number = number.filter(|number| !number.is_empty());
        let (attempt, payment) = (attempt.clone(), payment.clone());
        Ok(Some(Case { attempt, payment, verdict, number }))
    }

    fn booked(&self, attempt: &AttemptRecord) -> Vec<(SettlementDay, LineKind, Fen)> {
        self.lines(attempt).iter().filter_map(|line| booked(line, attempt.operation)).collect()
    }

    /// The days on which attempts could stand of which no line speaks.
    fn days_of_the_unseen(&self, attempts: &[AttemptRecord]) -> BTreeSet<SettlementDay> {
        let unseen = attempts.iter().filter(|attempt| self.booked(attempt).is_empty());
        let own = unseen.map(|attempt| self.cut_off.day_of(attempt.sent_at));
        own.flat_map(|day| [day, day.next()]).collect()
    }
}

/// The payment an attempt is of, where it is of one.
pub(super) const fn payment_of(attempt: &AttemptRecord) -> Option<PaymentId> {
    match attempt.subject {
        Subject::Payment(id) => Some(id),
        _ => None,
    }
}

/// Whether a movement is what an attempt of this operation does: a collection and its reversal, and
/// the code before it, share one order.
pub(super) const fn is_movement_of(movement: Movement, operation: Operation) -> bool {
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
pub(super) fn booked(
    line: &StatementLineRecord,
    operation: Operation,
) -> Option<(SettlementDay, LineKind, Fen)> {
    let movement = Movement::named(&line.movement)?;
    let returned = movement == Movement::Return;
    let kind = if returned { LineKind::Returned } else { LineKind::Settled };
    is_movement_of(movement, operation).then_some((line.day, kind, line.amount))
}
