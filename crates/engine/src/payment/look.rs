//! Looking after a payment until it is at its end: what waits is tried when its time has come, what
//! was interrupted is a doubt, what is open is asked about. Nothing is ever sent a second time.

use std::pin::Pin;

use mingka_domain::attempt::Attempt;
use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::outcome::Outcome;
use mingka_domain::payment::{Event, Heard as Word, Payment, PaymentKind, Proof, WaitReason};
use mingka_store::{AttemptRecord, CommitError, InstrumentRecord, PaymentRecord, StepRecord, Unit};

use super::Loaded;
use super::begin::Begun;
use super::conclude::{Hearing, next_look};
use super::plan::{Plan, Planned};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::limit::reason_of;
use crate::mandate::check_mandate;
use crate::perform::Inquiry;
use crate::retry::issuer_of;
use crate::settings::Planted;

/// The kind of step that looks after a payment.
pub(crate) const STEP_PAYMENT: &str = "payment";

impl Engine {
    /// Does for a payment what is due.
    pub(crate) async fn look_after_payment(&self, step: &StepRecord) -> Result<(), EngineError> {
        let Subject::Payment(id) = step.subject else { return self.finish(step).await };
        let payment = self.load_payment(step.platform, id).await?;
        if matches!(payment.machine, Payment::Refused(_))
            && !self.moved_already(&payment.record).await?.is_empty()
        {
            self.show_to_people(step.platform, id).await?;
            let due = self.now().plus_ms(self.settings().payment_look_again_ms);
            return self.put_off(step, due).await;
        }
        if payment.machine.is_ended() {
            return self.finish(step).await;
        }
        let wakes_at = payment.machine.wake_at();
        if let Some(later) = wakes_at.filter(|at| self.now() < *at) {
            return self.put_off(step, later).await;
        }
        let Some(attempt) = payment.machine.open_attempt() else {
            return self.try_payment(&payment, step).await;
        };
        let attempt = self.store().attempt(step.platform, attempt).await?;
        let attempt = attempt.ok_or_else(|| internal("an attempt is missing", &id))?;
        match &payment.machine {
            Payment::InFlight(flying) if !flying.pending => {
                self.recover_payment(&payment, &attempt, step).await
            }
            _ => self.inquire_payment(&payment, &attempt, Some(step)).await,
        }
    }

    /// Asks the bank about an open attempt. Without a step when something else made us ask.
    pub(crate) async fn inquire_payment(
        &self,
        payment: &Loaded,
        attempt: &AttemptRecord,
        step: Option<&StepRecord>,
    ) -> Result<(), EngineError> {
        let channel = self.channel(&attempt.order.channel)?;
        let amount = attempt.amount.unwrap_or(payment.record.amount);
        let about = attempt.operation;
        let named = (!self.plants(Planted::AnyAmountBelieved)).then_some(amount);
        let inquiry = Inquiry::State { about, amount: named };
        let instrument = self.instrument_of_payment(&payment.record).await?;
        let whose = self.kept_of_instrument(&instrument).ok();
        let heard = self.inquire(channel, &attempt.order, inquiry, whose.as_ref()).await;
        let decided = matches!(heard.outcome, Outcome::Settled | Outcome::Declined(_));
        self.conclude_payment(&Hearing {
            platform: attempt.platform,
            payment: payment.record.id,
            attempt: attempt.id,
            what: self.inquired(&heard, amount),
            heard: decided.then_some(&heard),
            step,
        })
        .await
    }

    /// The card a payment goes to or comes from.
    pub(super) async fn instrument_of_payment(
        &self,
        record: &PaymentRecord,
    ) -> Result<InstrumentRecord, EngineError> {
        let found = self.store().instrument(record.platform, record.instrument).await?;
        found.ok_or_else(|| internal("an instrument is missing", &record.instrument))
    }

    /// An exchange that its process did not live to finish: nobody knows what became of it.
    async fn recover_payment(
        &self,
        payment: &Loaded,
        attempt: &AttemptRecord,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        if self.plants(Planted::LostRecovery) {
            return self.finish(step).await;
        }
        tracing::warn!(payment.id = %payment.record.id, attempt.id = %attempt.id,
            "an exchange about money was interrupted; the bank will be asked");
        let heard = Heard::interrupted(&attempt.order.channel, attempt.operation, self.now());
        self.conclude_payment(&Hearing {
            platform: attempt.platform,
            payment: payment.record.id,
            attempt: attempt.id,
            what: self.first_word(&heard),
            heard: Some(&heard),
            step: Some(step),
        })
        .await
    }

    /// Begins an attempt of a payment that waits, or lets it wait on, or lets it lapse.
    async fn try_payment(&self, payment: &Loaded, step: &StepRecord) -> Result<(), EngineError> {
        let now = self.now();
        let record = &payment.record;
        // Only its code, or the end of its time, leads on.
        let waits_for_code = matches!(payment.machine, Payment::AwaitingCode(_));
        if self.may_be_lost(record).await? || self.is_being_undone(payment).await? {
            let due = now.plus_ms(self.settings().payment_look_again_ms);
            return self.put_off(step, due).await;
        }
        if !self.moved_already(record).await?.is_empty() {
            self.show_to_people(record.platform, record.id).await?;
            return self.put_off(step, now.plus_ms(self.settings().payment_look_again_ms)).await;
        }
        if let Some(diagnosis) = self.lapsed(payment) {
            return self.end_untried(payment, Event::Lapsed { diagnosis }, step).await;
        }
        if waits_for_code {
            return self.put_off(step, now.plus_ms(self.settings().payment_look_again_ms)).await;
        }
        let lender = self.store().lender(record.platform, record.lender).await?;
        let lender = lender.ok_or_else(|| internal("a lender is missing", &record.lender))?;
        let instrument = self.instrument_of_payment(record).await?;
        if record.kind == PaymentKind::Repayment {
            let mandate = self.store().mandate(record.platform, instrument.id).await?;
            if check_mandate(mandate.as_ref(), record.amount, now).is_err() {
                // It was taken on under a mandate that is over by now: nothing is collected.
                return self
                    .put_off(step, now.plus_ms(self.settings().payment_look_again_ms))
                    .await;
            }
        }
        let planned = self.plan_payment(payment, &lender, &instrument, now).await?;
        if let Planned::Void = planned {
            return self.end_untried(payment, Event::Cancelled, step).await;
        }
        if let (Planned::Later(_) | Planned::NoWay, Payment::Waiting(waiting)) =
            (&planned, &payment.machine)
            && planned.reason() == waiting.why
        {
            // Nothing has changed: the log keeps what happens, not that somebody looked.
            let due = now.plus_ms(self.settings().payment_look_again_ms);
            return self.put_off(step, due).await;
        }
        let begun = self.begun(payment, &planned, &instrument, now)?;
        if let Planned::Now(plan) = &planned
            && matches!(&payment.machine, Payment::Waiting(waiting)
            if waiting.why == WaitReason::NotSent)
        {
            let code = &plan.channel.code;
            let is_ill = self.inner.health.of(code, now).is_ill;
            let issuer = issuer_of(&instrument);
            if !self.inner.retries.may_try_again(&issuer, (code, is_ill), now) {
                return self.put_off(step, self.next_try(now)).await;
            }
        }
        self.send_planned(payment, (&planned, &begun), &instrument, step).await
    }

    /// Attempts of a payment that have moved its money though it waits or was refused: a restore
    /// had cut them out of the books, and a statement has brought them back.
    pub(super) async fn moved_already(
        &self,
        record: &PaymentRecord,
    ) -> Result<Vec<AttemptRecord>, EngineError> {
        let subject = Subject::Payment(record.id);
        let mut attempts = self.store().attempts(record.platform, subject).await?;
        attempts.retain(|one| one.operation.moves_money() && one.state == Attempt::Settled.name());
        Ok(attempts)
    }

    /// Takes a payment whose money has moved under an attempt of before to people, and to no bank.
    /// Boxed: what is judged is concluded in its turn.
    pub(super) fn show_to_people(
        &self,
        platform: PlatformId,
        id: PaymentId,
    ) -> Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send + '_>> {
        Box::pin(async move {
            let payment = self.load_payment(platform, id).await?;
            let attempts = self.moved_already(&payment.record).await?;
            let Some(moved) = attempts.first() else { return Ok(()) };
            let channel = self.channel(&moved.order.channel)?;
            self.judge(channel, platform, &attempts).await
        })
    }

    /// Sends what was planned, once it is durable. Where nothing is left of a limit it waits.
    async fn send_planned(
        &self,
        payment: &Loaded,
        (planned, begun): (&Planned<'_>, &Begun),
        instrument: &InstrumentRecord,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        let (Some(attempt), Planned::Now(plan)) = (&begun.attempt, planned) else {
            return self.wait_on(begun, step).await;
        };
        let Plan { channel, request, .. } = plan.as_ref();
        let (now, record) = (attempt.sent_at, &payment.record);
        let room = self.room().await?;
        // The lease lasts as long as the exchange may.
        let lease = begun.changed.machine.wake_at().unwrap_or(now);
        let unit = Unit::new(begun.changed.update())
            .writes([begun.changed.event.insert(), step.extend(now, lease)])
            .writes(begun.rows(planned))
            .effects(begun.changed.effects.clone());
        let committed = match self.store().commit(unit).await {
            Err(CommitError::Full { quota }) => {
                let why = reason_of(quota);
                if matches!(&payment.machine, Payment::Waiting(waiting) if waiting.why == why) {
                    let due = now.plus_ms(self.settings().payment_look_again_ms);
                    return self.put_off(step, due).await;
                }
                let waits = Planned::Later(why);
                let begun = self.begun(payment, &waits, instrument, now)?;
                return self.wait_on(&begun, step).await;
            }
            committed => committed?,
        };
        let step = StepRecord { lease_expiry: lease, ..step.clone() };
        self.announce(record.id, committed.effects());
        let heard = self.exchange(committed, channel, attempt, request).await;
        drop(room);
        let heard = heard.hiding_of(self.kept_of_instrument(instrument).ok().as_ref());
        self.conclude_payment(&Hearing {
            platform: record.platform,
            payment: record.id,
            attempt: attempt.id,
            what: self.first_word(&heard),
            heard: Some(&heard),
            step: Some(&step),
        })
        .await
    }

    /// Keeps that a payment waits, and for what.
    async fn wait_on(&self, begun: &Begun, step: &StepRecord) -> Result<(), EngineError> {
        let after = begun.changed.loaded();
        let unit = Unit::new(begun.changed.update())
            .writes([begun.changed.event.insert(), next_look(step, &after, self.now())])
            .effects(begun.changed.effects.clone());
        let committed = self.store().commit(unit).await?;
        self.announce(begun.changed.record.id, committed.effects());
        Ok(())
    }

    /// Ends what was never sent, or no more will be.
    async fn end_untried(
        &self,
        payment: &Loaded,
        event: Event,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let changed = payment.apply(event, now)?;
        let unit = Unit::new(changed.update())
            .writes([changed.event.insert(), step.finish(now)])
            .effects(changed.effects.clone());
        let committed = self.store().commit(unit).await?;
        self.announce(payment.record.id, committed.effects());
        Ok(())
    }

    /// What is said to whoever waits for a payment whose time is over before anything was sent.
    fn lapsed(&self, payment: &Loaded) -> Option<Diagnosis> {
        let (progress, last) = match &payment.machine {
            Payment::Accepted(accepted) => (&accepted.progress, None),
            Payment::AwaitingCode(awaiting) => {
                let over = self.now() >= awaiting.progress.terms.valid_until;
                let cause = known::CODE_EXPIRED;
                let said = || Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                return over.then(said);
            }
            Payment::Waiting(waiting) => (&waiting.progress, waiting.diagnosis.clone()),
            _ => return None,
        };
        let unreached = || {
            let cause = known::PAYMENT_EXPIRED;
            Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain)
        };
        (self.now() >= progress.terms.valid_until).then(|| last.unwrap_or_else(unreached))
    }

    /// Somebody says that something became of an order: then we ask.
    pub(crate) async fn told_of_payment(
        &self,
        id: PaymentId,
        attempt: &AttemptRecord,
    ) -> Result<(), EngineError> {
        let payment = self.load_payment(attempt.platform, id).await?;
        let awaited = matches!(&payment.machine, Payment::InFlight(flying) if !flying.pending);
        // Told before the answer came: the answer comes first.
        if awaited || payment.machine.open_attempt() != Some(attempt.id) {
            return Ok(());
        }
        if self.plants(Planted::NotificationBelieved) {
            let amount = payment.record.amount;
            let what = Word::Settled { proof: Proof::Inquiry, amount };
            let (platform, attempt) = (attempt.platform, attempt.id);
            let (heard, step) = (None, None);
            let hearing = Hearing { platform, payment: id, attempt, what, heard, step };
            return self.conclude_payment(&hearing).await;
        }
        if !self.is_news(attempt.id) {
            return Ok(());
        }
        self.inquire_payment(&payment, attempt, None).await
    }
}
