//! What the statements say about attempts, taken to their payments. A line proves what it says, for
//! the amount that was asked for and no other; absence proves only with two complete days.

use std::collections::{BTreeMap, BTreeSet};

use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Outcome, Phase};
use mingka_domain::payment::{Heard as Word, Payment, Proof, ReviewReason};
use mingka_domain::statement::{SettlementDay, Verdict};
use mingka_store::AttemptRecord;
use tokio::task::{JoinError, JoinSet};

use super::LINES_AT_ONCE;
use super::known::{Case, booked};
use crate::channel::Channel;
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::payment::{Hearing, Loaded, loaded};
use crate::settings::Planted;

/// How many payments go on at once: what they have become shares its commits.
const AT_ONCE_MAX: usize = 64;

impl Engine {
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
            let Some(attempt) = self.store().attempt(platform, attempt).await? else { continue };
            let decided = channel.cut_off()?.day_of(since);
            let both = BTreeSet::from([decided, decided.next()]);
            if self.complete_days(channel, platform, &both).await? != both {
                continue;
            }
            let known = self.known(channel, platform, std::slice::from_ref(&attempt)).await?;
            let Some(case) = known.case(&attempt)? else { continue };
            if matches!(case.verdict, Verdict::Absent(_)) {
                tracing::info!(payment.id = %payment.record.id,
                    "two statements agree with the two persons");
                let proof = Proof::Absence(decided.next());
                let diagnosis = refused.diagnosis.clone();
                self.tell(&case, Word::Declined { proof, diagnosis, again_at: None }).await?;
            }
        }
        Ok(())
    }

    /// Takes what the statements prove about attempts to their payments. What is about one payment,
    /// or gives back its money, goes one after the other, everything else side by side.
    pub(crate) async fn judge(
        &self,
        channel: &Channel,
        platform: PlatformId,
        attempts: &[AttemptRecord],
    ) -> Result<(), EngineError> {
        for attempts in attempts.chunks(LINES_AT_ONCE) {
            let known = self.known(channel, platform, attempts).await?;
            let mut of_payments: BTreeMap<PaymentId, Vec<Case>> = BTreeMap::new();
            for attempt in attempts {
                if let Some(case) = known.case(attempt)? {
                    let record = &case.payment.record;
                    let root = record.original.unwrap_or(record.id);
                    of_payments.entry(root).or_default().push(case);
                }
            }
            self.judge_side_by_side(of_payments).await?;
        }
        Ok(())
    }

    /// Whatever goes wrong with one, the others are finished.
    async fn judge_side_by_side(
        &self,
        of_payments: BTreeMap<PaymentId, Vec<Case>>,
    ) -> Result<(), EngineError> {
        let (mut under_way, mut ended) = (JoinSet::new(), Ok(()));
        for cases in of_payments.into_values() {
            if under_way.len() >= AT_ONCE_MAX
                && let Some(done) = under_way.join_next().await
            {
                ended = ended.and(end_of(done));
            }
            let engine = self.clone();
            under_way.spawn(async move { engine.judge_one_by_one(cases).await });
        }
        while let Some(done) = under_way.join_next().await {
            ended = ended.and(end_of(done));
        }
        ended
    }

    async fn judge_one_by_one(&self, cases: Vec<Case>) -> Result<(), EngineError> {
        for (place, mut case) in cases.into_iter().enumerate() {
            // Those before may have changed it since it was read.
            if place > 0 {
                let (platform, id) = (case.attempt.platform, case.payment.record.id);
                case.payment = self.load_payment(platform, id).await?;
            }
            self.judge_one(&case).await?;
        }
        Ok(())
    }

    async fn judge_one(&self, case: &Case) -> Result<(), EngineError> {
        let Case { attempt, payment, .. } = case;
        match case.verdict {
            Verdict::Open => Ok(()),
            Verdict::Absent(day) => {
                if !payment.may_be_absent(attempt) {
                    return Ok(());
                }
                let cause = known::ORDER_NOT_FOUND;
                let diagnosis = Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                let proof = Proof::Absence(day);
                self.tell(case, Word::Declined { proof, diagnosis, again_at: None }).await
            }
            Verdict::Settled(day, amount) => self.moved(case, day, amount).await,
            Verdict::Returned(day, amount) => {
                self.moved(case, day, amount).await?;
                let id = payment.record.id;
                let payment = self.load_payment(attempt.platform, id).await?;
                if !matches!(&payment.machine, Payment::Settled(one) if one.attempt == attempt.id) {
                    return Ok(());
                }
                tracing::error!(payment.id = %id, statement.day = %day,
                    "a disbursement came back: the money did not stay with the borrower");
                let cause = known::PAYMENT_RETURNED;
                let diagnosis = Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                self.tell(case, Word::Returned { diagnosis }).await
            }
        }
    }

    async fn moved(&self, case: &Case, day: SettlementDay, amount: Fen) -> Result<(), EngineError> {
        let Case { attempt, payment, .. } = case;
        let id = payment.record.id;
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
        self.tell(case, Word::Settled { proof: Proof::Statement(day), amount }).await
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

    async fn tell(&self, case: &Case, what: Word) -> Result<(), EngineError> {
        let Case { attempt, payment, number, .. } = case;
        let heard = matches!(what, Word::Settled { .. }).then(|| {
            let (channel, about) = (&attempt.order.channel, attempt.operation);
            let settled = Outcome::Settled;
            let heard = Heard::nothing(channel, about, Phase::Inquiry, settled, self.now());
            Heard { query_id: number.clone(), ..heard }
        });
        self.conclude_payment(&Hearing {
            platform: attempt.platform,
            payment: payment.record.id,
            attempt: attempt.id,
            what,
            heard: heard.as_ref(),
            step: None,
        })
        .await
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

/// How a task ended.
fn end_of(task: Result<Result<(), EngineError>, JoinError>) -> Result<(), EngineError> {
    task.unwrap_or_else(|error| Err(internal("a task ended by itself", &error)))
}
