//! Payments: money that shall move once. Taken on and sent with one commit before the first byte,
//! concluded with one after it; what is not known is asked about (`look`), never sent again.

mod back;
mod begin;
mod code;
mod conclude;
mod heard;
mod look;
mod plan;
mod planted;
mod shown;

pub(crate) use conclude::Hearing;
pub(crate) use look::STEP_PAYMENT;

use mingka_domain::cause::{CauseCode, known};
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId, kind};
use mingka_domain::payment::{Event, Payment};
use mingka_domain::time::Timestamp;
use mingka_store::{
    CommitError, Cursor, EventRecord, LenderRecord, Listed, PaymentRecord, Statement, Unit,
};

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::{Earlier, earlier_of, to_json};
use crate::request::{Idempotency, NewPayment};
use crate::view::{LenderView, PaymentView, TimelineEntry};

/// The code of the lender that every platform has from the beginning: itself.
pub const DEFAULT_LENDER: &str = "default";

/// A payment as it stands in the store.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) record: PaymentRecord,
    pub(crate) machine: Payment,
}

/// A payment after one event, not yet durable.
pub(crate) struct Changed {
    pub(crate) record: PaymentRecord,
    pub(crate) machine: Payment,
    pub(crate) event: EventRecord,
    /// The same as it is shown.
    told: TimelineEntry,
    pub(crate) effects: Vec<mingka_domain::effect::Effect>,
}

impl Engine {
    /// Takes a payment on and sends it where that is possible now. The answer comes when the bank
    /// has spoken, or has been silent for too long; how the payment ends may be known much later.
    ///
    /// # Errors
    /// What is missing, or the older payment that keeps this one out.
    pub async fn pay(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewPayment,
    ) -> Result<PaymentView, EngineError> {
        let now = self.now();
        let names = (idempotency.key.as_str(), new.lender.as_str(), new.instrument);
        let mut named = self.store().named(platform, names, now).await?;
        let earlier = earlier_of(named.key.take(), &idempotency)?;
        if let Some(view) = self.view_of_earlier(platform, &idempotency, earlier, now).await? {
            return Ok(view);
        }
        let (engine, key) = (self.clone(), idempotency.clone());
        let work = async move { engine.begin_payment(platform, key, new, named).await };
        if let Some(view) = self.to_the_end(work).await? {
            return Ok(view);
        }
        self.earlier_payment(platform, &idempotency).await?.ok_or(EngineError::InProgress)
    }

    /// Ends a payment of which nothing is under way.
    ///
    /// # Errors
    /// When something is, or was: then only its proof ends it.
    pub async fn cancel_payment(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        id: PaymentId,
    ) -> Result<PaymentView, EngineError> {
        if let Some(view) = self.earlier_payment(platform, &idempotency).await? {
            return Ok(view);
        }
        let now = self.now();
        let payment = self.load_payment(platform, id).await?;
        if self.may_be_lost(&payment.record).await? {
            // Nobody knows any more that nothing was sent.
            return Err(EngineError::InvalidState {
                state: payment.machine.name(),
                cause: known::PAYMENT_CONFIRMING,
                possible_at: None,
            });
        }
        let changed = payment.apply(Event::Cancelled, now)?;
        let view = self.view_after(&payment, &changed, None).await?;
        let answer = Some(to_json(&view)?);
        let key = self.take_key(platform, &idempotency, id.into(), answer, now);
        let unit = Unit::new(key)
            .writes([changed.update(), changed.event.insert()])
            .effects(changed.effects);
        let committed = self.store().commit(unit).await?;
        self.announce(id, committed.effects());
        Ok(view)
    }

    /// One payment.
    ///
    /// # Errors
    /// When it is not there, or belongs to another platform.
    pub async fn payment(
        &self,
        platform: PlatformId,
        id: PaymentId,
    ) -> Result<PaymentView, EngineError> {
        let payment = self.load_payment(platform, id).await?;
        let mut view = self.payment_view(&payment).await?;
        view.timeline = self.payment_timeline(&payment).await?;
        view.given_back_by = self.given_back(&payment).await?;
        Ok(view)
    }

    /// A platform's payments, newest first; only those under one reference when one is named.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn payments(
        &self,
        platform: PlatformId,
        reference: Option<&str>,
        cursor: Cursor<kind::Payment>,
    ) -> Result<Listed<PaymentView>, EngineError> {
        let listed = match reference {
            Some(reference) => {
                self.store().payments_of_reference(platform, reference, cursor).await?
            }
            None => self.store().payments(platform, cursor).await?,
        };
        let mut items = Vec::with_capacity(listed.items.len());
        for record in listed.items {
            items.push(self.payment_view(&loaded(record)?).await?);
        }
        Ok(Listed { items, has_more: listed.has_more })
    }

    /// The changes of a payment from now on.
    #[must_use]
    pub fn watch_payment(&self, payment: PaymentId) -> crate::Watch {
        self.inner.announcer.watch(Subject::Payment(payment))
    }

    /// Makes a lender of a platform; the one that is there already when its code is taken.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn create_lender(
        &self,
        platform: PlatformId,
        code: &str,
        name: &str,
    ) -> Result<LenderView, EngineError> {
        let now = self.now();
        let record = LenderRecord {
            id: self.new_id(now),
            platform,
            code: code.to_owned(),
            name: name.to_owned(),
            created_at: now,
        };
        match self.store().commit(Unit::new(record.insert())).await {
            Ok(_) => Ok(lender_view(record)),
            Err(CommitError::Duplicate { .. }) => {
                let found = self.store().lender_of_code(platform, code).await?;
                found.map(lender_view).ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A platform's lenders, oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn lenders(&self, platform: PlatformId) -> Result<Vec<LenderView>, EngineError> {
        Ok(self.store().lenders(platform).await?.into_iter().map(lender_view).collect())
    }

    pub(crate) async fn load_payment(
        &self,
        platform: PlatformId,
        id: PaymentId,
    ) -> Result<Loaded, EngineError> {
        let record = self.store().payment(platform, id).await?.ok_or(EngineError::NotFound)?;
        loaded(record)
    }

    /// The answer an earlier request with this key had, or would have had if its process had lived.
    async fn earlier_payment(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
    ) -> Result<Option<PaymentView>, EngineError> {
        let now = self.now();
        let earlier = self.earlier(platform, idempotency, now).await?;
        self.view_of_earlier(platform, idempotency, earlier, now).await
    }

    async fn view_of_earlier(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        earlier: Earlier<PaymentView>,
        now: Timestamp,
    ) -> Result<Option<PaymentView>, EngineError> {
        match earlier {
            Earlier::None => Ok(None),
            Earlier::Answered(view) => Ok(Some(view)),
            Earlier::Unanswered(Subject::Payment(id)) => {
                let payment = self.load_payment(platform, id).await?;
                // The first answer is still awaited; afterwards the payment speaks for itself.
                if matches!(&payment.machine, Payment::InFlight(flying) if !flying.pending) {
                    return Err(EngineError::InProgress);
                }
                let view = self.payment(platform, id).await?;
                self.answer_late(platform, idempotency, view, now).await.map(Some)
            }
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }
}

impl Loaded {
    /// One event further. The row's version counts the events, and its guard follows the machine.
    pub(crate) fn apply(&self, event: Event, now: Timestamp) -> Result<Changed, EngineError> {
        let (kind, body) = (event.name().to_owned(), to_json(&event)?);
        let diagnosis = event.diagnosis().cloned();
        let told = TimelineEntry { at: now, event: kind.clone(), diagnosis };
        let (machine, effects) = self.machine.clone().apply(event, now).map_err(refused)?;
        let mut record = self.record.clone();
        machine.name().clone_into(&mut record.state);
        record.machine = to_json(&machine)?;
        record.updated_at = now;
        record.guard = machine.keeps_others_out(record.kind).then(|| record.guard_text());
        let event = EventRecord {
            subject: record.id.into(),
            seq: record.version.saturating_add(1),
            platform: record.platform,
            at: now,
            kind,
            body,
        };
        Ok(Changed { record, machine, event, told, effects })
    }
}

impl Changed {
    /// The statement that lets only one of two changes win.
    pub(crate) fn update(&self) -> Statement {
        self.record.update()
    }

    /// The payment as it stands once this is durable.
    pub(crate) fn loaded(&self) -> Loaded {
        let mut record = self.record.clone();
        record.version = record.version.saturating_add(1);
        Loaded { record, machine: self.machine.clone() }
    }
}

fn refused(wrong: mingka_domain::payment::InvalidTransition) -> EngineError {
    let cause = cause_of(wrong.state);
    EngineError::InvalidState { state: wrong.state, cause, possible_at: None }
}

/// Why a payment in this state takes no more.
fn cause_of(state: &str) -> CauseCode {
    match state {
        "in_flight" | "doubtful" | "review" => known::PAYMENT_CONFIRMING,
        "cancelled" => known::PAYMENT_CANCELLED,
        _ => known::PAYMENT_WRONG_STEP,
    }
}

pub(crate) fn loaded(record: PaymentRecord) -> Result<Loaded, EngineError> {
    let machine = serde_json::from_str(&record.machine)
        .map_err(|error| internal("a payment's machine cannot be read", &error))?;
    Ok(Loaded { record, machine })
}

fn lender_view(record: LenderRecord) -> LenderView {
    LenderView {
        id: record.id,
        code: record.code,
        name: record.name,
        created_at: record.created_at,
    }
}
