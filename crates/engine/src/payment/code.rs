//! Repayments with the borrower there (持卡人在场): the bank sends a code that is bound to the order
//! and to the amount, and the money is asked for under the very order the code was sent for. The
//! code passes through memory and is never stored.

use mingka_channels::Request;
use mingka_domain::cause::known;
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::outcome::Operation;
use mingka_domain::payment::{Event, Payment};
use mingka_domain::secret::OneTimeCode;
use mingka_domain::time::Timestamp;
use mingka_store::{AttemptRecord, CommitError, InstrumentRecord, LenderRecord, Unit};

use super::begin::Opened;
use super::conclude::Hearing;
use super::plan::Plan;
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::lost_key;
use crate::limit::Limits;
use crate::perform::{Room, step_id};
use crate::request::Idempotency;
use crate::view::PaymentView;

impl Engine {
    /// Takes a repayment on and has the bank send its code: one commit, then the first byte.
    pub(super) async fn ask_for_payment_code(
        &self,
        platform: PlatformId,
        (key, lender, instrument, opened): (Idempotency, LenderRecord, InstrumentRecord, Opened),
        room: Room,
        now: Timestamp,
    ) -> Result<Option<PaymentView>, EngineError> {
        let record = &opened.payment.record;
        let plan = self.plan_code(record, &lender, &instrument, now).await?;
        let holder = self.kept_of_instrument(&instrument)?;
        let phone = holder.reserved_phone();
        let quotas = self.code_quotas(platform, None, &instrument.card_index, phone);
        self.check_code_quotas(&quotas, now).await?;
        let attempt = self.attempt_of_plan(&opened.payment, &plan, &instrument, now);
        let mut changed = opened.payment.apply(Event::CodeAsked { attempt: attempt.id }, now)?;
        changed.record.channel = Some(plan.channel.code.clone());
        let id = record.id;
        let kept = (now, self.settings().payment_key_kept_ms);
        let step = self.payment_step(&changed, now);
        let unit = Unit::new(self.take_key_kept(platform, &key, id.into(), None, kept))
            .writes(quotas.iter().map(|quota| quota.take(now)))
            .writes([opened.payment.record_after(&changed).insert()])
            .writes([opened.event.insert(), changed.event.insert(), step.insert()])
            .writes([attempt.insert()])
            .effects(changed.effects.clone());
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(None),
            Err(CommitError::Duplicate { table: "payments" }) => {
                return Err(self.kept_out(record).await);
            }
            Err(CommitError::Full { .. }) => return Err(self.lost_place(&quotas, now).await),
            Err(error) => return Err(error.into()),
        };
        tracing::info!(payment.id = %id, "a code for a repayment is asked for");
        self.announce(id, committed.effects());
        let heard = self.exchange(committed, plan.channel, &attempt, &plan.request).await;
        drop(room);
        let heard = heard.hiding_of(Some(&holder));
        let hearing = Hearing {
            platform,
            payment: id,
            attempt: attempt.id,
            what: self.word_about_code(&heard),
            heard: Some(&heard),
            step: None,
        };
        let answered = self.conclude_payment_from(&hearing, None, Some(&key)).await?;
        match answered {
            Some(view) => Ok(Some(view)),
            None => self.earlier_payment(platform, &key).await,
        }
    }

    /// Takes the borrower's code to the bank and asks for the money, under the order that the code
    /// was sent for.
    ///
    /// # Errors
    /// When the payment waits for no code, or its code is over.
    pub async fn confirm_payment(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        id: PaymentId,
        code: OneTimeCode,
    ) -> Result<PaymentView, EngineError> {
        if let Some(view) = self.earlier_payment(platform, &idempotency).await? {
            return Ok(view);
        }
        let (engine, key) = (self.clone(), idempotency.clone());
        let work = async move { engine.confirm_to_the_end(platform, key, id, code).await };
        if let Some(view) = self.to_the_end(work).await? {
            return Ok(view);
        }
        self.earlier_payment(platform, &idempotency).await?.ok_or(EngineError::InProgress)
    }

    async fn confirm_to_the_end(
        &self,
        platform: PlatformId,
        key: Idempotency,
        id: PaymentId,
        code: OneTimeCode,
    ) -> Result<Option<PaymentView>, EngineError> {
        let now = self.now();
        let payment = self.load_payment(platform, id).await?;
        let record = &payment.record;
        let instrument = self.instrument_of_payment(record).await?;
        let plan = self.plan_with_code(&payment, &instrument, code, now).await?;
        let channel = plan.channel;
        let attempt = self.attempt_of_plan(&payment, &plan, &instrument, now);
        let room = self.room().await?;
        let changed = payment.apply(Event::Sent { attempt: attempt.id }, now)?;
        let kept = (now, self.settings().payment_key_kept_ms);
        let unit = Unit::new(self.take_key_kept(platform, &key, id.into(), None, kept))
            .writes([changed.update(), changed.event.insert(), attempt.insert()])
            .writes(plan.limits.take(&attempt))
            .writes([self.step_sooner(&changed, now)])
            .effects(changed.effects.clone());
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(None),
            Err(CommitError::Full { .. }) => return Err(EngineError::OverLimit),
            Err(error) => return Err(error.into()),
        };
        self.announce(id, committed.effects());
        let heard = self.exchange(committed, channel, &attempt, &plan.request).await;
        drop(room);
        let heard = heard.hiding_of(self.kept_of_instrument(&instrument).ok().as_ref());
        let hearing = Hearing {
            platform,
            payment: id,
            attempt: attempt.id,
            what: self.first_word(&heard),
            heard: Some(&heard),
            step: None,
        };
        self.conclude_payment_from(&hearing, None, Some(&key)).await
    }

    /// What takes a code to the bank, where this payment waits for one now.
    async fn plan_with_code(
        &self,
        payment: &super::Loaded,
        instrument: &InstrumentRecord,
        code: OneTimeCode,
        now: Timestamp,
    ) -> Result<Plan<'_>, EngineError> {
        let record = &payment.record;
        let not_now = |cause| EngineError::InvalidState {
            state: payment.machine.name(),
            cause,
            possible_at: None,
        };
        let Payment::AwaitingCode(awaiting) = &payment.machine else {
            return Err(not_now(super::cause_of(payment.machine.name())));
        };
        if self.may_be_lost(record).await? {
            // Nobody knows any more that it was not confirmed.
            return Err(not_now(known::PAYMENT_CONFIRMING));
        }
        if now >= awaiting.progress.terms.valid_until {
            return Err(not_now(known::CODE_EXPIRED));
        }
        let asked = self.store().attempt(record.platform, awaiting.order).await?;
        let asked = asked.ok_or_else(|| internal("an attempt is missing", &record.id))?;
        let channel = self.channel(&asked.order.channel)?;
        let (stops, force) = self.in_force(record).await?;
        let request = self.payment_request(record, instrument, &force.agreements, channel)?;
        let Some(Request::Collect { token, amount, .. }) = request else {
            return Err(not_now(known::AGREEMENT_INVALID));
        };
        let forbidden = stops.forbid(Some(record.platform), channel, Operation::Collect);
        if forbidden || !channel.can(Operation::Collect, now) {
            return Err(EngineError::NoChannel);
        }
        let limits = Limits::of(&force, record, channel);
        if !limits.allow(amount) {
            return Err(EngineError::OverLimit);
        }
        let request = Request::Collect { token, amount, code: Some(code) };
        let (order, original) = (Some(asked.order), None);
        Ok(Plan { channel, request, order, original, limits })
    }

    /// The step of a payment is due when its exchange counts as interrupted, no longer when its
    /// code is over.
    fn step_sooner(&self, changed: &super::Changed, now: Timestamp) -> mingka_store::Statement {
        let due = changed.machine.wake_at().unwrap_or(now);
        let id = step_id(&changed.record.id.hex());
        mingka_store::StepRecord::bring_forward(id, due)
    }

    /// The attempt of a plan, not durable yet.
    pub(super) fn attempt_of_plan(
        &self,
        payment: &super::Loaded,
        plan: &Plan<'_>,
        instrument: &InstrumentRecord,
        now: Timestamp,
    ) -> AttemptRecord {
        let record = &payment.record;
        let owner = (record.platform, Subject::Payment(record.id));
        let order = (plan.order.as_ref(), Some(instrument.card_index));
        let operation = plan.request.operation();
        let mut attempt = self.attempt(owner, plan.channel, operation, order, now);
        attempt.amount = Some(record.amount);
        if plan.order.is_none() {
            attempt.order.order_id = AttemptRecord::order_number(record);
        }
        attempt
    }
}
