//! Looking after confirmations that were given up without proof. An agreement that turns up late is
//! kept while the borrower still waits for one; once somebody was told that there is none, it is
//! ended at the bank and the log says so. It is never lost silently.

use mingka_channels::{Request, Token};
use mingka_domain::binding::{Binding, ConfirmEvent, Event, StrayEvent};
use mingka_domain::effect::{Effect, Subject};
use mingka_domain::outcome::Operation;
use mingka_domain::time::{MINUTE_MS, SECOND_MS, Timestamp};
use mingka_store::{AttemptRecord, StepRecord, Unit};
use serde::{Deserialize, Serialize};

use crate::conclude::{Conclusion, heard_of};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::to_json;
use crate::machine::{Loaded, Refusal};
use crate::perform::Inquiry;

/// What the step of an attempt remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttemptStep {
    pub(crate) attempt: mingka_domain::id::AttemptId,
    /// How often the bank was asked after the attempt had been given up, and answered.
    pub(crate) sweeps: usize,
}

/// Whether an attempt that was given up is looked at again.
#[derive(PartialEq, Eq)]
enum Swept {
    Later,
    Done,
}

impl Engine {
    pub(crate) fn sweep_delay_ms(&self, sweeps: usize) -> i64 {
        let delays = &self.settings().sweep_delays_ms;
        delays.get(sweeps).or(delays.last()).copied().unwrap_or(MINUTE_MS)
    }

    /// Looks whether a confirmation that was given up took effect after all.
    pub(crate) async fn sweep(
        &self,
        binding: &Loaded,
        attempt: &AttemptRecord,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        let now = self.now();
        // While the borrower is being served, the sweep waits.
        if binding.machine.in_flight().is_some() || matches!(binding.machine, Binding::Doubtful(_))
        {
            return self.put_off(step, now.plus_ms(30 * SECOND_MS)).await;
        }
        let channel = self.channel(&attempt.order.channel)?;
        let kept = self.kept_of(binding).ok();
        let heard = self.inquire(channel, &attempt.order, Inquiry::Agreement, kept.as_ref()).await;
        let Some(token) = heard.agreement().cloned() else {
            let answered = heard.answer.is_some();
            return self.sweep_again(step, answered).await.map(|_| ());
        };
        match &binding.machine {
            Binding::AwaitingCode(_) => self.keep(binding, attempt, step, &heard).await,
            Binding::Active(_) if self.token_of(binding).await? == token.number => {
                self.own(attempt, step, &heard).await
            }
            _ => self.end_stray(binding, attempt, step, &token).await,
        }
    }

    /// The borrower still waits: the agreement is theirs.
    async fn keep(
        &self,
        binding: &Loaded,
        attempt: &AttemptRecord,
        step: &StepRecord,
        heard: &Heard,
    ) -> Result<(), EngineError> {
        let instrument = self.new_id(heard.at);
        let what = ConfirmEvent::Agreed { instrument };
        tracing::warn!(binding.id = %binding.record.id, attempt.id = %attempt.id,
            "an agreement turned up late and is kept");
        self.conclude(&Conclusion {
            platform: attempt.platform,
            binding: binding.record.id,
            attempt: attempt.id,
            event: Event::Confirm { attempt: attempt.id, what },
            heard: Some(heard),
            step: Some(step),
            answer: None,
        })
        .await?;
        Ok(())
    }

    /// It is the agreement the binding has anyway.
    async fn own(
        &self,
        attempt: &AttemptRecord,
        step: &StepRecord,
        heard: &Heard,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let (_, row) = heard_of(attempt.clone(), Some(heard), now)?;
        self.store().commit(Unit::new(step.finish(now)).writes(row)).await?;
        Ok(())
    }

    /// Nobody waits for it any more: it is ended, and the log says so.
    async fn end_stray(
        &self,
        binding: &Loaded,
        opened: &AttemptRecord,
        step: &StepRecord,
        token: &Token,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let channel = self.channel(&opened.order.channel)?;
        if !self.may_send(Some(opened.platform), channel, Operation::CancelAgreement, now) {
            // It is ended once that may be sent again.
            return self.put_off(step, now.plus_ms(MINUTE_MS)).await;
        }
        let room = self.room().await?;
        let owner = (opened.platform, Subject::Binding(binding.record.id));
        let of = (None, opened.card_index);
        let ending = self.attempt(owner, channel, Operation::CancelAgreement, of, now);
        let found = Event::Stray { attempt: opened.id, what: StrayEvent::Found };
        let changed = match binding.apply(found, now) {
            Ok(changed) => changed,
            Err(Refusal::Table(_)) => {
                return self.put_off(step, now.plus_ms(30 * SECOND_MS)).await;
            }
            Err(Refusal::Fault(error)) => return Err(error),
        };
        tracing::warn!(binding.id = %binding.record.id, attempt.id = %opened.id,
            "an agreement turned up that nobody waits for; it is being ended");
        let unit = Unit::new(changed.update())
            .writes([changed.event.insert(), ending.insert()])
            .effects([Effect::Send(ending.id), Effect::Announce]);
        let committed = self.store().commit(unit).await?;
        let request = Request::CancelAgreement { token: token.number.clone() };
        let heard = self.exchange(committed, channel, &ending, &request).await;
        let heard = heard.hiding_of(self.kept_of(binding).ok().as_ref());
        drop(room);
        let ended =
            heard.unbind_event(self.dictionary()) == mingka_domain::binding::UnbindEvent::Ended;
        let conclusion = Conclusion {
            platform: opened.platform,
            binding: binding.record.id,
            attempt: ending.id,
            event: Event::Stray { attempt: opened.id, what: StrayEvent::Ended },
            heard: Some(&heard),
            step: None,
            answer: None,
        };
        if ended {
            self.conclude(&conclusion).await?;
        } else {
            // Only the attempt's own row: the event would not be true.
            if let (_, Some(row)) = heard_of(ending, Some(&heard), heard.at)? {
                self.store().commit(Unit::new(row)).await?;
            }
        }
        // Looked at again either way, but for the last time: the bank's word is checked by asking.
        // What it refuses to end is not sent to it for ever.
        let asked = !heard.no_byte_left();
        if self.sweep_again(step, asked).await? == Swept::Done && !ended {
            tracing::error!(binding.id = %binding.record.id, attempt.id = %opened.id,
                "an agreement that nobody waits for cannot be ended: ask the bank to end it");
        }
        Ok(())
    }

    async fn sweep_again(&self, step: &StepRecord, answered: bool) -> Result<Swept, EngineError> {
        let now = self.now();
        let mut state = state_of(step)?;
        state.sweeps = state.sweeps.saturating_add(usize::from(answered));
        if state.sweeps >= self.settings().sweep_delays_ms.len() {
            self.store().commit(Unit::new(step.finish(now))).await?;
            return Ok(Swept::Done);
        }
        let due = now.plus_ms(self.sweep_delay_ms(state.sweeps));
        let step = StepRecord { payload: to_json(&state)?, ..step.clone() };
        self.put_off(&step, due).await?;
        Ok(Swept::Later)
    }

    /// Gives a step back until later.
    pub(crate) async fn put_off(
        &self,
        step: &StepRecord,
        due_at: Timestamp,
    ) -> Result<(), EngineError> {
        self.store().commit(Unit::new(step.reschedule(self.now(), due_at))).await?;
        Ok(())
    }

    /// Finishes a step.
    pub(crate) async fn finish(&self, step: &StepRecord) -> Result<(), EngineError> {
        self.store().commit(Unit::new(step.finish(self.now()))).await?;
        Ok(())
    }
}

/// What the step of an attempt remembers.
pub(crate) fn state_of(step: &StepRecord) -> Result<AttemptStep, EngineError> {
    serde_json::from_str(&step.payload)
        .map_err(|error| internal("a step's payload cannot be read", &error))
}
