//! What was heard about a verification becomes durable: state, attempt, answer and the next step,
//! together or not at all. Nothing is asked here.

use std::time::Duration;

use mingka_domain::id::VerificationId;
use mingka_domain::verification::VerificationEvent;
use mingka_store::{
    AttemptRecord, CommitError, IdempotencyRecord, SealedKind, SealedRecord, StepRecord, Unit,
    VerificationRecord,
};

use super::{event_of, machine_of};
use crate::conclude::{TRIES_MAX, WAIT_MS, heard_of};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::to_json;

/// What is to become durable.
pub(super) struct Hearing<'a> {
    pub(super) id: VerificationId,
    pub(super) attempt: &'a AttemptRecord,
    /// What happened to the verification.
    pub(super) event: VerificationEvent,
    /// What the attempt is known as from now on; `None` when nothing about it was proven.
    pub(super) heard: Option<&'a Heard>,
    /// The step that looks after the attempt, while it is leased to us.
    pub(super) step: Option<&'a StepRecord>,
    /// The key whose answer this is.
    pub(super) key: Option<&'a str>,
}

impl Engine {
    pub(super) async fn conclude_verification(
        &self,
        hearing: &Hearing<'_>,
    ) -> Result<(), EngineError> {
        let (mut step, mut key) = (hearing.step, hearing.key);
        let mut wait_ms = WAIT_MS;
        for _ in 0..TRIES_MAX {
            let Some(unit) = self.hearing_unit(hearing, step, key).await? else { return Ok(()) };
            match self.store().commit(unit).await {
                Ok(committed) => {
                    self.announce(hearing.id, committed.effects());
                    return Ok(());
                }
                // What was heard stays true without the lease, and without the first answer.
                Err(CommitError::Stale { table: "steps" }) => step = None,
                Err(CommitError::Stale { table: "idempotency" }) => key = None,
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
        tracing::warn!(verification.id = %hearing.id, attempt.id = %hearing.attempt.id,
            "what was heard could not be stored; it will be asked for again");
        Err(EngineError::Unavailable)
    }

    /// `None` when everything is durable already.
    async fn hearing_unit(
        &self,
        hearing: &Hearing<'_>,
        step: Option<&StepRecord>,
        key: Option<&str>,
    ) -> Result<Option<Unit>, EngineError> {
        let now = self.now();
        let (platform, id) = (hearing.attempt.platform, hearing.id);
        let found = self.store().verification(platform, id).await?;
        let mut record = found.ok_or(EngineError::NotFound)?;
        let attempt = self.store().attempt(platform, hearing.attempt.id).await?;
        let attempt = attempt.ok_or_else(|| internal("an attempt is missing", &id))?;
        let (_, attempt_write) = heard_of(attempt, hearing.heard, now)?;
        let mut writes: Vec<_> = attempt_write.into_iter().collect();
        let before = machine_of(&record)?;
        let (machine, effects) = match before.clone().apply(hearing.event.clone(), now) {
            Ok((machine, effects)) => {
                machine.name().clone_into(&mut record.state);
                record.machine = to_json(&machine)?;
                record.updated_at = now;
                writes.insert(0, record.update());
                let after = VerificationRecord {
                    version: record.version.saturating_add(1),
                    ..record.clone()
                };
                writes.push(event_of(&after).insert());
                if machine.is_settled() && !self.settings().keep_card_numbers {
                    let (kind, id) = (SealedKind::Verification, id.to_string());
                    let sealed = record.sealed.clone();
                    writes.extend(self.forgetting_in(SealedRecord { kind, id, sealed })?);
                }
                if let Some(key) = key {
                    let json = to_json(&self.verification_view(&record).await?)?;
                    writes.push(IdempotencyRecord::answer(platform, key, &json));
                }
                (machine, effects)
            }
            // It came too late to change anything, or an earlier try of ours is durable after all.
            Err(late) => {
                tracing::debug!(verification.id = %id, error = %late, "nothing new");
                (before, Vec::new())
            }
        };
        if let Some(step) = step {
            let due = machine.wake_at();
            writes.push(due.map_or_else(|| step.finish(now), |due| step.reschedule(now, due)));
        }
        let mut writes = writes.into_iter();
        Ok(writes.next().map(|guard| Unit::new(guard).writes(writes).effects(effects)))
    }
}
