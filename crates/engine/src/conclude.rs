//! The second commit of an exchange, and every later one: what was heard becomes state, event,
//! attempt, answer and the next step, together or not at all.

use std::time::Duration;

use mingka_channels::Token;
use mingka_domain::attempt::Attempt;
use mingka_domain::binding::{Binding, ConfirmEvent, Event};
use mingka_domain::id::{AttemptId, BindingId, InstrumentId, PlatformId};
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::time::Timestamp;
use mingka_store::{
    AgreementRecord, AttemptRecord, CommitError, IdempotencyRecord, InstrumentRecord, Statement,
    StepRecord, Unit,
};

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::to_json;
use crate::instrument::event_of;
use crate::machine::{Changed, Loaded, Refusal};
use crate::seal::Purpose;
use crate::view::BindingView;

/// How often a conclusion is tried again when the row changed meanwhile or the store was away.
pub(crate) const TRIES_MAX: u32 = 6;
/// The first wait when the store was away; it doubles.
pub(crate) const WAIT_MS: u64 = 20;

/// What is to become durable.
pub(crate) struct Conclusion<'a> {
    pub(crate) platform: PlatformId,
    pub(crate) binding: BindingId,
    pub(crate) attempt: AttemptId,
    /// What happened to the binding.
    pub(crate) event: Event,
    /// What the attempt is known as from now on; `None` when nothing about it was proven.
    pub(crate) heard: Option<&'a Heard>,
    /// The step that looks after the attempt, while it is leased to us.
    pub(crate) step: Option<&'a StepRecord>,
    /// The key whose answer this is, and which kind of answer it wants.
    pub(crate) answer: Option<(&'a str, Answer)>,
}

/// What a key is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Binding,
    Instrument,
}

impl Engine {
    /// Makes a conclusion durable.
    pub(crate) async fn conclude(&self, conclusion: &Conclusion<'_>) -> Result<(), EngineError> {
        self.conclude_from(conclusion, None).await.map(|_| ())
    }

    /// The same, from the rows as our own first commit left them, and gives the answer that was
    /// stored for a binding's key. Should somebody have changed the rows since, they are read anew.
    pub(crate) async fn conclude_from(
        &self,
        conclusion: &Conclusion<'_>,
        mut left: Option<(Loaded, AttemptRecord)>,
    ) -> Result<Option<BindingView>, EngineError> {
        let (mut step, mut answer) = (conclusion.step, conclusion.answer);
        let mut wait_ms = WAIT_MS;
        for _ in 0..TRIES_MAX {
            let rows = match left.take() {
                Some(rows) => rows,
                None => self.rows_of(conclusion).await?,
            };
            let draft = self.draft(conclusion, rows, step, answer).await?;
            let Some(unit) = draft.unit else { return Ok(None) };
            match self.store().commit(unit).await {
                Ok(committed) => {
                    self.announce(conclusion.binding, committed.effects());
                    return Ok(draft.answered);
                }
                // The lease ended while we were waiting for the bank. What we heard is still true,
                // and the binding's own guard keeps it from being written over anything newer.
                Err(CommitError::Stale { table: "steps" }) => step = None,
                Err(CommitError::Stale { table: "idempotency" }) => answer = None,
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
        tracing::warn!(binding.id = %conclusion.binding, attempt.id = %conclusion.attempt,
            "what was heard could not be stored; it will be asked for again");
        Err(EngineError::Unavailable)
    }

    async fn rows_of(
        &self,
        conclusion: &Conclusion<'_>,
    ) -> Result<(Loaded, AttemptRecord), EngineError> {
        let (platform, id) = (conclusion.platform, conclusion.binding);
        let binding = self.load(platform, id).await?;
        let attempt = self.store().attempt(platform, conclusion.attempt).await?;
        Ok((binding, attempt.ok_or_else(|| internal("an attempt is missing", &id))?))
    }

    async fn draft(
        &self,
        conclusion: &Conclusion<'_>,
        (binding, attempt): (Loaded, AttemptRecord),
        step: Option<&StepRecord>,
        answer: Option<(&str, Answer)>,
    ) -> Result<Draft, EngineError> {
        let (platform, now) = (conclusion.platform, self.now());
        let mut answered = None;
        let sent_at = attempt.sent_at;
        let (attempt_state, attempt_write) = heard_of(attempt, conclusion.heard, now)?;
        let mut writes: Vec<Statement> = attempt_write.into_iter().collect();
        if !writes.is_empty() && conclusion.heard.is_some_and(Heard::no_byte_left) {
            writes.extend(self.places_given_back(&binding, attempt_state.1, sent_at)?);
        }
        let mut effects = Vec::new();
        let mut late_agreement = false;
        let (guard, after) = match binding.apply(conclusion.event.clone(), now) {
            Ok(changed) => {
                writes.push(changed.event.insert());
                writes.extend(self.rows_of_change(conclusion, &changed, now).await?);
                writes.extend(self.forgetting(&changed)?);
                effects.clone_from(&changed.effects);
                let guard = changed.update();
                if let Some((key, kind)) = answer {
                    let after = changed.clone().loaded();
                    let json = match kind {
                        Answer::Binding => {
                            let mut history = self.history_of(&after).await?;
                            history.events.push(changed.event.clone());
                            to_json(answered.insert(self.binding_view(&after, &history)?))?
                        }
                        Answer::Instrument => to_json(&self.instrument_of(&after).await?)?,
                    };
                    writes.push(IdempotencyRecord::answer(platform, key, &json));
                }
                (Some(guard), changed.loaded())
            }
            // It came too late to change anything; the attempt's own row still keeps it, and an
            // agreement that nobody waits for any more is looked after by the sweep.
            Err(Refusal::Table(_)) => {
                late_agreement = conclusion.heard.is_some_and(|heard| heard.token.is_some());
                (None, binding)
            }
            Err(Refusal::Fault(error)) => return Err(error),
        };
        let operation = attempt_state.1;
        let open = attempt_state.0.is_open() || late_agreement;
        if let Some(step) = step {
            let due = self.next_look(&after.machine, conclusion.attempt, operation, open, now);
            writes.push(due.map_or_else(|| step.finish(now), |due| step.reschedule(now, due)));
        }
        let unit = match (guard, writes.is_empty()) {
            (Some(guard), _) => Some(Unit::new(guard).writes(writes).effects(effects)),
            (None, true) => None,
            (None, false) => {
                let guard = writes.remove(0);
                Some(Unit::new(guard).writes(writes))
            }
        };
        Ok(Draft { unit, answered })
    }

    /// The rows a change brings along: a new instrument with its agreement, or their end.
    async fn rows_of_change(
        &self,
        conclusion: &Conclusion<'_>,
        changed: &Changed,
        now: Timestamp,
    ) -> Result<Vec<Statement>, EngineError> {
        match &conclusion.event {
            Event::Confirm { what: ConfirmEvent::Agreed { instrument }, .. } => {
                let token = conclusion.heard.and_then(|heard| heard.token.as_ref());
                let token = token
                    .ok_or_else(|| internal("an agreement has no number", &conclusion.attempt))?;
                self.new_instrument(changed, *instrument, token, now)
            }
            Event::Unbind { .. } => self.instrument_rows(changed, now).await,
            _ => Ok(Vec::new()),
        }
    }

    fn new_instrument(
        &self,
        changed: &Changed,
        instrument: InstrumentId,
        token: &Token,
        now: Timestamp,
    ) -> Result<Vec<Statement>, EngineError> {
        let binding = &changed.record;
        let kept = self.open_kept(Purpose::Binding, &binding.id.to_string(), &binding.sealed)?;
        let id = instrument.to_string();
        let row = InstrumentRecord {
            id: instrument,
            platform: binding.platform,
            version: 1,
            binding: binding.id,
            borrower_ref: binding.borrower_ref.clone(),
            state: "active".to_owned(),
            sealed: self.seal_kept(Purpose::Instrument, &id, &self.to_keep(kept)),
            card_index: binding.card_index,
            card: binding.card.clone(),
            created_at: now,
            updated_at: now,
        };
        let merchant = self.channel(&binding.channel)?.merchant_number.clone();
        let token_index = self.token_index(&binding.channel, &merchant, &token.number);
        let agreement_id = self.new_id(now);
        let agreement = AgreementRecord {
            id: agreement_id,
            platform: binding.platform,
            version: 1,
            instrument,
            channel: binding.channel.clone(),
            merchant,
            state: "active".to_owned(),
            sealed_token: self.seal_token(&agreement_id.to_string(), &token.number),
            token_index: Some(token_index),
            created_at: now,
            valid_until: token.ends_at,
            cancelled_at: None,
        };
        Ok(vec![row.insert(), event_of(&row).insert(), agreement.insert()])
    }

    /// When an attempt is looked at next, if it has to be.
    pub(crate) fn next_look(
        &self,
        machine: &Binding,
        attempt: AttemptId,
        operation: Operation,
        open: bool,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match machine {
            Binding::Doubtful(doubtful) if doubtful.attempt == attempt => machine.wake_at(),
            Binding::Unbinding(unbinding) if unbinding.attempt == attempt => machine.wake_at(),
            // Given up without proof: the agreement may still turn up.
            _ if open && operation == Operation::OpenAgreement => {
                Some(now.plus_ms(self.sweep_delay_ms(0)))
            }
            _ => None,
        }
    }
}

struct Draft {
    /// `None` when there is nothing to write.
    unit: Option<Unit>,
    /// The answer in it.
    answered: Option<BindingView>,
}

/// The attempt after what was heard about it, and the statement that says so.
pub(crate) fn heard_of(
    mut record: AttemptRecord,
    heard: Option<&Heard>,
    now: Timestamp,
) -> Result<((Attempt, Operation), Option<Statement>), EngineError> {
    let operation = record.operation;
    let known = attempt_of(&record)?;
    let Some(heard) = heard else { return Ok(((known, operation), None)) };
    match known.clone().hear(&heard.outcome) {
        Ok(after) if after == known => Ok(((after, operation), None)),
        Ok(after) => {
            after.name().clone_into(&mut record.state);
            record.answered_at = Some(now);
            record.outcome = Some(to_json(&heard.outcome)?);
            record.code = heard.answer.as_ref().map(|answer| answer.code.as_str().to_owned());
            let write = record.update();
            Ok(((after, operation), Some(write)))
        }
        Err(contradiction) => {
            tracing::error!(attempt.id = %record.id, error = %contradiction,
                "a channel contradicts itself");
            Ok(((known, operation), None))
        }
    }
}

/// What is known about an attempt, from its row.
pub(crate) fn attempt_of(record: &AttemptRecord) -> Result<Attempt, EngineError> {
    let Some(outcome) = &record.outcome else { return Ok(Attempt::Sent) };
    let outcome: Outcome = serde_json::from_str(outcome)
        .map_err(|error| internal("an attempt's outcome cannot be read", &error))?;
    // From `Sent`, everything can be heard.
    Attempt::Sent
        .hear(&outcome)
        .map_err(|error| internal("an attempt's outcome contradicts itself", &error))
}
