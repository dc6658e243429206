//! Taking a payment on: everything durable in one commit, the business guard and the whole identity
//! of the order included; then, and only then, the first byte.

use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::payment::{Event, Payment, PaymentKind, Terms, WaitReason};
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, CommitError, Committed, EventRecord, InstrumentRecord, LenderRecord, Named,
    PaymentRecord, Statement, StepRecord, Unit,
};

use super::conclude::{Hearing, Left};
use super::look::STEP_PAYMENT;
use super::plan::{Planned, no_way};
use super::shown::Seen;
use super::{Changed, Loaded};
use crate::core::Engine;
use crate::error::{EngineError, GiveBackError};
use crate::hear::Heard;
use crate::idempotency::{lost_key, to_json};
use crate::limit::reason_of;
use crate::mandate::check_mandate;
use crate::perform::step_id;
use crate::request::{Idempotency, NewPayment};
use crate::retry::issuer_of;
use crate::view::{PaymentView, TimelineEntry};

impl Engine {
    /// `None` when another request with the same key was quicker.
    pub(super) async fn begin_payment(
        &self,
        platform: PlatformId,
        key: Idempotency,
        new: NewPayment,
        named: Named,
    ) -> Result<Option<PaymentView>, EngineError> {
        let now = self.now();
        let key = self.planted_key(key);
        let (lender, instrument) = self.parties_of(named, &new, now)?;
        let room = self.room().await?;
        let terms = self.payment_terms(&new, &lender.code, now);
        let opened = self.opened_payment(platform, &new, &lender, &terms, now)?;
        if new.customer_present {
            let code = (key, lender, instrument, opened);
            return self.ask_for_payment_code(platform, code, room, now).await;
        }
        let planned = self.plan_payment(&opened.payment, &lender, &instrument, now).await?;
        if let Planned::Later(WaitReason::Limit) = &planned {
            // The platform is told at once: no waiting makes a single payment smaller.
            return Err(EngineError::OverLimit);
        }
        if let Planned::NoWay = &planned {
            return Err(no_way(new.kind));
        }
        self.inner.retries.first_try(&issuer_of(&instrument));
        let id = opened.payment.record.id;
        let take = self.take_key_kept(
            platform,
            &key,
            id.into(),
            None,
            (now, self.settings().payment_key_kept_ms),
        );
        let Some(Taken { planned, begun, step, committed, early }) =
            self.take_on(take, &opened, planned, &instrument, now).await?
        else {
            return Ok(None);
        };
        tracing::info!(payment.id = %id, payment.kind = new.kind.name(),
            payment.amount_fen = new.amount.get(), payment.state = begun.changed.machine.name(),
            "a payment was taken on");
        self.announce(id, committed.effects());
        if let (Some(attempt), Planned::Now(plan)) = (&begun.attempt, &planned) {
            let heard = match early {
                Some(heard) => heard,
                None => self.exchange(committed, plan.channel, attempt, &plan.request).await,
            };
            drop(room);
            let heard = heard.hiding_of(self.kept_of_instrument(&instrument).ok().as_ref());
            let hearing = Hearing {
                platform,
                payment: id,
                attempt: attempt.id,
                what: self.first_word(&heard),
                heard: Some(&heard),
                step: Some(&step),
            };
            let left = Left {
                payment: begun.loaded(&opened.payment),
                attempt: attempt.clone(),
                seen: Some(opened.seen(lender.code, &begun)),
            };
            let answered = self.conclude_payment_from(&hearing, Some(left), Some(&key)).await?;
            if answered.is_some() {
                return Ok(answered);
            }
        }
        self.earlier_payment(platform, &key).await
    }

    /// Whose money it is and which card, where both can do this.
    fn parties_of(
        &self,
        named: Named,
        new: &NewPayment,
        now: Timestamp,
    ) -> Result<(LenderRecord, InstrumentRecord), EngineError> {
        let able =
            |lender: &LenderRecord| new.kind.gives_back() || self.has_a_way(lender, new.kind);
        let lender = named.lender.filter(able).ok_or(EngineError::UnknownLender)?;
        let instrument = named.instrument.ok_or(EngineError::NotFound)?;
        if instrument.state != "active" && !new.kind.gives_back() {
            return Err(EngineError::InvalidState {
                state: "unbound",
                cause: mingka_domain::cause::known::AGREEMENT_INVALID,
                possible_at: None,
            });
        }
        if new.kind == PaymentKind::Repayment {
            check_mandate(named.mandate.as_ref(), new.amount, now)?;
        }
        Ok((lender, instrument))
    }

    /// The one commit before the first byte. Where a limit has nothing left the payment waits.
    async fn take_on<'a>(
        &self,
        take: Statement,
        opened: &Opened,
        mut planned: Planned<'a>,
        instrument: &InstrumentRecord,
        now: Timestamp,
    ) -> Result<Option<Taken<'a>>, EngineError> {
        loop {
            let begun = self.begun(&opened.payment, &planned, instrument, now)?;
            let step = self.payment_step(&begun.changed, now);
            let early = self.planted_early(&begun, &planned).await;
            let unit = Unit::new(take.clone())
                .writes([opened.payment.record_after(&begun.changed).insert()])
                .writes([opened.event.insert(), begun.changed.event.insert(), step.insert()])
                .writes(begun.rows(&planned))
                .effects(begun.changed.effects.clone());
            match self.store().commit(unit).await {
                Ok(committed) => {
                    return Ok(Some(Taken { planned, begun, step, committed, early }));
                }
                Err(error) if lost_key(&error) => return Ok(None),
                Err(CommitError::Duplicate { table: "payments" }) => {
                    return Err(self.kept_out(&opened.payment.record).await);
                }
                Err(CommitError::Full { quota }) if begun.attempt.is_some() => {
                    planned = Planned::Later(reason_of(quota));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The payment and the first event of its log.
    fn opened_payment(
        &self,
        platform: PlatformId,
        new: &NewPayment,
        lender: &LenderRecord,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Opened, EngineError> {
        let id: PaymentId = self.new_id(now);
        let machine = Payment::open(terms.clone(), now);
        let mut record = PaymentRecord {
            id,
            platform,
            version: 1,
            kind: new.kind,
            lender: lender.id,
            instrument: new.instrument,
            original: new.original,
            reference: new.reference.clone(),
            purpose: new.purpose.clone(),
            guard: None,
            amount: new.amount,
            state: machine.name().to_owned(),
            machine: to_json(&machine)?,
            channel: None,
            query_id: None,
            created_at: now,
            updated_at: now,
        };
        record.guard = Some(record.guard_text());
        let event = Event::Opened { terms: terms.clone() };
        let event = EventRecord {
            subject: id.into(),
            seq: 1,
            platform,
            at: now,
            kind: event.name().to_owned(),
            body: to_json(&event)?,
        };
        Ok(Opened { payment: Loaded { record, machine }, event })
    }

    /// The next attempt, or why there is none now; not yet durable.
    pub(super) fn begun(
        &self,
        payment: &Loaded,
        planned: &Planned<'_>,
        instrument: &InstrumentRecord,
        now: Timestamp,
    ) -> Result<Begun, EngineError> {
        match planned {
            Planned::Void => {
                let state = payment.machine.name();
                Err(EngineError::GiveBack(GiveBackError::Nothing { state }))
            }
            Planned::Later(_) | Planned::NoWay => {
                // What had a way when it was taken on may have one again.
                let why = planned.reason();
                let until = now.plus_ms(self.settings().payment_look_again_ms);
                let changed = payment.apply(Event::Deferred { until, why }, now)?;
                Ok(Begun { changed, attempt: None })
            }
            Planned::Now(plan) => {
                let channel = plan.channel;
                let attempt = self.attempt_of_plan(payment, plan, instrument, now);
                let mut changed = payment.apply(Event::Sent { attempt: attempt.id }, now)?;
                changed.record.channel = Some(channel.code.clone());
                changed.record.query_id = None;
                Ok(Begun { changed, attempt: Some(attempt) })
            }
        }
    }

    /// The step that looks after a payment until it is at its end; leased to this process while an
    /// exchange may last.
    pub(super) fn payment_step(&self, changed: &Changed, now: Timestamp) -> StepRecord {
        let record = &changed.record;
        let due = changed.machine.wake_at().unwrap_or(now);
        let id = step_id(&record.id.hex());
        let mut step = StepRecord::new(id, record.platform, STEP_PAYMENT, record.id.into(), due);
        if let Payment::InFlight(flying) = &changed.machine {
            step.due_at = now;
            step.lease_holder.clone_from(&self.inner.holder);
            step.lease_expiry = flying.inquire_at;
        }
        step
    }

    /// The older payment that keeps a new one out, by name.
    pub(super) async fn kept_out(&self, record: &PaymentRecord) -> EngineError {
        match self.store().payment_of_guard(&record.guard_text()).await {
            Ok(Some(older)) => EngineError::AlreadyPaying { payment: older.id },
            // It ended in between: the caller may try again.
            Ok(None) => EngineError::InProgress,
            Err(error) => error.into(),
        }
    }
}

/// A payment that is durable, and how it goes on.
struct Taken<'a> {
    planned: Planned<'a>,
    begun: Begun,
    step: StepRecord,
    committed: Committed,
    early: Option<Heard>,
}

/// A payment that is not durable yet, and the first event of its log.
pub(super) struct Opened {
    pub(super) payment: Loaded,
    pub(super) event: EventRecord,
}

impl Opened {
    /// What happened to it with its first unit.
    fn seen(&self, lender: String, begun: &Begun) -> Seen {
        let Self { event: EventRecord { at, kind, .. }, .. } = self;
        let opened = TimelineEntry { at: *at, event: kind.clone(), diagnosis: None };
        Seen { lender, timeline: vec![opened, begun.changed.told.clone()] }
    }
}

/// A payment that goes on.
pub(super) struct Begun {
    pub(super) changed: Changed,
    /// `None` when it waits.
    pub(super) attempt: Option<AttemptRecord>,
}

impl Begun {
    /// The payment as the first commit left it: opened and sent in one.
    fn loaded(&self, opened: &Loaded) -> Loaded {
        Loaded { record: opened.record_after(&self.changed), machine: self.changed.machine.clone() }
    }

    /// What the unit that sends it writes besides the payment: the attempt, its share of every
    /// limit, and that the payment it gives back is as it was read.
    pub(super) fn rows(&self, planned: &Planned<'_>) -> Vec<Statement> {
        let (Some(attempt), Planned::Now(plan)) = (&self.attempt, planned) else {
            return Vec::new();
        };
        let unchanged = plan.original.iter().map(PaymentRecord::unchanged);
        unchanged.chain([attempt.insert()]).chain(plan.limits.take(attempt)).collect()
    }
}

impl Loaded {
    /// The row to insert for a payment that was opened and went one step on in the same unit.
    pub(super) fn record_after(&self, changed: &Changed) -> PaymentRecord {
        let version = self.record.version.saturating_add(1);
        PaymentRecord { version, ..changed.record.clone() }
    }
}
