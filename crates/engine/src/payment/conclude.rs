//! What was heard about a payment becomes durable: state, event, attempt and the next look,
//! together or not at all. Nothing is asked here.

use std::time::Duration;

use mingka_domain::id::{AttemptId, PaymentId, PlatformId};
use mingka_domain::payment::{Event, Heard as Word, Payment, Proof};
use mingka_store::{AttemptRecord, CommitError, IdempotencyRecord, Statement, StepRecord, Unit};

use super::shown::Seen;
use super::{Loaded, loaded};
use crate::conclude::{TRIES_MAX, WAIT_MS, heard_of};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::to_json;
use crate::limit::Limits;
use crate::request::Idempotency;
use crate::settings::Planted;
use crate::view::PaymentView;

/// What is to become durable.
pub(crate) struct Hearing<'a> {
    pub(crate) platform: PlatformId,
    pub(crate) payment: PaymentId,
    pub(crate) attempt: AttemptId,
    /// What happened.
    pub(crate) what: Word,
    /// What the attempt is known as from now on; `None` when nothing about it was proven.
    pub(crate) heard: Option<&'a Heard>,
    /// The step that looks after the payment, while it is leased to us.
    pub(crate) step: Option<&'a StepRecord>,
}

/// The rows that something was heard about, as they were read or as our own first commit left them.
pub(super) struct Left {
    pub(super) payment: Loaded,
    pub(super) attempt: AttemptRecord,
    /// What an answer needs besides, where it is at hand.
    pub(super) seen: Option<Seen>,
}

impl Engine {
    /// Makes it durable. What comes too late to change anything changes nothing.
    pub(crate) async fn conclude_payment(&self, hearing: &Hearing<'_>) -> Result<(), EngineError> {
        self.conclude_payment_from(hearing, None, None).await.map(|_| ())
    }

    /// The same, from the rows as our own first commit left them, with the answer to a request's
    /// key in the same commit; gives that answer where it was stored.
    pub(super) async fn conclude_payment_from(
        &self,
        hearing: &Hearing<'_>,
        mut left: Option<Left>,
        mut answer: Option<&Idempotency>,
    ) -> Result<Option<PaymentView>, EngineError> {
        let (mut step, mut keeps_out) = (hearing.step, true);
        let mut wait_ms = WAIT_MS;
        for _ in 0..TRIES_MAX {
            let rows = match left.take() {
                Some(rows) => rows,
                None => self.payment_rows(hearing).await?,
            };
            let draft = self.payment_draft(hearing, rows, step, answer, keeps_out).await?;
            let Some(unit) = draft.unit else { return Ok(None) };
            match self.store().commit(unit).await {
                Ok(committed) => {
                    self.announce(hearing.payment, committed.effects());
                    if let Some(original) = draft.original {
                        self.announce(original, committed.effects());
                    }
                    if draft.moved_otherwise {
                        self.show_to_people(hearing.platform, hearing.payment).await?;
                    }
                    return Ok(draft.answered);
                }
                // What was heard stays true without the lease.
                Err(CommitError::Stale { table: "steps" }) => step = None,
                Err(CommitError::Stale { table: "idempotency" }) => answer = None,
                // It had let the loan go, another payment took it, and now this one turns out to
                // have moved money as well.
                Err(CommitError::Duplicate { table: "payments" }) => {
                    if self.cancel_unsent_rival(hearing).await? {
                        continue;
                    }
                    tracing::error!(payment.id = %hearing.payment,
                        "two payments for one loan: people must look at both");
                    keeps_out = false;
                }
                Err(CommitError::Stale { .. } | CommitError::Duplicate { .. }) => {}
                Err(CommitError::Unknown | CommitError::Unavailable(_)) => {
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    wait_ms = wait_ms.saturating_mul(2);
                }
                Err(error @ (CommitError::Full { .. } | CommitError::Invalid { .. })) => {
                    return Err(error.into());
                }
            }
        }
        tracing::warn!(payment.id = %hearing.payment, attempt.id = %hearing.attempt,
            "what was heard could not be stored; it will be asked for again");
        Err(EngineError::Unavailable)
    }

    /// Cancels the payment that has taken this one's loan, where nothing of it is under way or has
    /// moved: the money of the loan has moved already.
    async fn cancel_unsent_rival(&self, hearing: &Hearing<'_>) -> Result<bool, EngineError> {
        let own = self.load_payment(hearing.platform, hearing.payment).await?;
        let rival = self.store().payment_of_guard(&own.record.guard_text()).await?;
        let Some(rival) = rival.map(loaded).transpose()? else { return Ok(true) };
        let id = rival.record.id;
        let Ok(mut changed) = rival.apply(Event::Cancelled, self.now()) else { return Ok(false) };
        changed.record.guard = None;
        let unit = Unit::new(changed.update())
            .write(changed.event.insert())
            .effects(changed.effects.clone());
        match self.store().commit(unit).await {
            Ok(committed) => self.announce(id, committed.effects()),
            Err(CommitError::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        tracing::error!(payment.id = %id, payment.paid = %hearing.payment,
            "a payment was cancelled unsent: the loan it is for was paid before");
        Ok(true)
    }

    async fn payment_rows(&self, hearing: &Hearing<'_>) -> Result<Left, EngineError> {
        let payment = self.load_payment(hearing.platform, hearing.payment).await?;
        let attempt = self.store().attempt(hearing.platform, hearing.attempt).await?;
        let missing = || internal("an attempt is missing", &hearing.payment);
        Ok(Left { payment, attempt: attempt.ok_or_else(missing)?, seen: None })
    }

    /// An attempt's share of every limit it was under: nothing of it moved.
    async fn shares_given_back(
        &self,
        payment: &Loaded,
        attempt: AttemptId,
    ) -> Result<Vec<Statement>, EngineError> {
        let record = &payment.record;
        let attempt = self.store().attempt(record.platform, attempt).await?;
        let attempt = attempt.ok_or_else(|| internal("an attempt is missing", &record.id))?;
        let Some(channel) = self.channel_named(&attempt.order.channel) else {
            return Ok(Vec::new());
        };
        let (_, force) = self.in_force(record).await?;
        Ok(Limits::of(&force, record, channel).give_back(&attempt))
    }

    async fn payment_draft(
        &self,
        hearing: &Hearing<'_>,
        Left { payment, attempt, seen }: Left,
        step: Option<&StepRecord>,
        answer: Option<&Idempotency>,
        keeps_out: bool,
    ) -> Result<Draft, EngineError> {
        let now = self.now();
        let id = hearing.payment;
        let (_, attempt_write) = heard_of(attempt, hearing.heard, now)?;
        let mut writes: Vec<Statement> = attempt_write.into_iter().collect();
        let (mut answered, mut given_back, mut moved_otherwise) = (None, None, false);
        let what = self.planted_word(hearing, &payment.record);
        let what = match what.unwrap_or_else(|| hearing.what.clone()) {
            // The house was put back: what may have been sent again since is not called over. Two
            // complete statements may: they would know of what was sent.
            Word::Declined { diagnosis, proof, .. }
                if !matches!(proof, Proof::Absence(_))
                    && self.may_be_lost(&payment.record).await? =>
            {
                Word::StillOpen { diagnosis }
            }
            what => what,
        };
        let event = Event::Heard { attempt: hearing.attempt, what };
        let name = event.name();
        let (guard, after, effects) = match payment.apply(event, now) {
            Ok(mut changed) => {
                let nothing = matches!(changed.machine, Payment::Refused(_) | Payment::Waiting(_));
                moved_otherwise = nothing && !self.moved_already(&payment.record).await?.is_empty();
                if !keeps_out || (self.lets_go(&changed.machine) && !moved_otherwise) {
                    changed.record.guard = None;
                }
                if let Some(number) = hearing.heard.and_then(|heard| heard.query_id.clone()) {
                    changed.record.query_id = Some(number);
                }
                if !(self.plants(Planted::EventNotLogged) && name == "pending") {
                    writes.push(changed.event.insert());
                }
                let original = self.original_after(&payment, &changed, now).await?;
                if let Some(one) = &original {
                    writes.extend([one.update(), one.event.insert()]);
                    given_back = Some(one.record.id);
                }
                if moved_nothing(&payment.machine, &changed.machine, hearing.attempt) {
                    writes.extend(self.shares_given_back(&payment, hearing.attempt).await?);
                }
                if let Some(key) = answer {
                    let view = self.view_after(&payment, &changed, seen).await?;
                    let text = to_json(&view)?;
                    writes.push(IdempotencyRecord::answer(hearing.platform, &key.key, &text));
                    answered = Some(view);
                }
                tracing::info!(payment.id = %id, attempt.id = %hearing.attempt, event = name,
                    payment.state = changed.machine.name(), "a payment went on");
                (Some(changed.update()), changed.loaded(), changed.effects)
            }
            Err(EngineError::InvalidState { state, .. }) => {
                tracing::info!(payment.id = %id, event = name, payment.state = state,
                    "what was heard of a payment came too late to change it");
                (None, payment, Vec::new())
            }
            Err(error) => return Err(error),
        };
        if let Some(step) = step {
            // Shown to people right after this; should the process not live to do so, then soon.
            writes.push(match moved_otherwise {
                true => step.reschedule(now, now),
                false => next_look(step, &after, now),
            });
        }
        let unit = match guard {
            Some(guard) => Some(Unit::new(guard).writes(writes).effects(effects)),
            None if writes.is_empty() => None,
            None => {
                let guard = writes.remove(0);
                Some(Unit::new(guard).writes(writes))
            }
        };
        Ok(Draft { unit, answered, original: given_back, moved_otherwise })
    }
}

struct Draft {
    /// `None` when everything is durable already.
    unit: Option<Unit>,
    /// The answer in it.
    answered: Option<PaymentView>,
    /// The payment whose money was given back with it.
    original: Option<PaymentId>,
    /// Whether another attempt of it has moved the money: its loan is not let go, and people look.
    moved_otherwise: bool,
}

/// Whether it has just turned out that an attempt moved nothing.
fn moved_nothing(before: &Payment, after: &Payment, attempt: AttemptId) -> bool {
    let held = |payment: &Payment| match payment {
        Payment::Refused(refused) => refused.held_since.is_some(),
        _ => false,
    };
    let open = before.open_attempt() == Some(attempt) || held(before);
    open && !held(after) && matches!(after, Payment::Waiting(_) | Payment::Refused(_))
}

/// When the payment is looked at next, if it has to be.
pub(super) fn next_look(
    step: &StepRecord,
    payment: &Loaded,
    now: mingka_domain::time::Timestamp,
) -> Statement {
    match payment.machine.wake_at() {
        Some(due) => step.reschedule(now, due),
        None => step.finish(now),
    }
}
