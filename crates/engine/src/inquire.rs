//! Asking the bank what became of something whose answer was lost. Nothing is ever sent again here;
//! silence and "not found" are believed only as far as the binding's terms allow.

use mingka_channels::Token;
use mingka_domain::attempt::Attempt;
use mingka_domain::binding::{Binding, ConfirmEvent, Event, UnbindEvent};
use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::effect::Subject;
use mingka_domain::outcome::{Operation, Outcome};
use mingka_store::{AttemptRecord, OrderKey, StepRecord};

use crate::channel::Channel;
use crate::conclude::{Conclusion, attempt_of};
use crate::core::Engine;
use crate::error::EngineError;
use crate::hear::Heard;
use crate::machine::Loaded;
use crate::perform::Inquiry;
use crate::unbind::Ending;

/// What the bank says about an opening.
pub(crate) enum Opening {
    /// The agreement is there; its number is in what was heard.
    Open(Heard),
    /// It was finally refused.
    Refused(Heard),
    /// It knows of none, or of none any more.
    NotFound,
    /// It said nothing that proves anything.
    Silent,
}

impl Engine {
    /// Asks about a confirmation that is in doubt.
    pub(crate) async fn inquire_confirm(
        &self,
        binding: &Loaded,
        attempt: &AttemptRecord,
        step: Option<&StepRecord>,
    ) -> Result<(), EngineError> {
        let channel = self.channel(&attempt.order.channel)?;
        let opening = self.ask_about_opening(binding, channel, attempt).await?;
        let (what, heard) = match &opening {
            Opening::Open(heard) => {
                (ConfirmEvent::Agreed { instrument: self.new_id(heard.at) }, Some(heard))
            }
            Opening::Refused(heard) => {
                let instrument = self.new_id(heard.at);
                match heard.confirm_event(self.dictionary(), instrument) {
                    ConfirmEvent::Doubted { .. } => (ConfirmEvent::StillOpen, None),
                    what => (what, Some(heard)),
                }
            }
            Opening::NotFound => (ConfirmEvent::NotFound { diagnosis: self.code_is_spent() }, None),
            Opening::Silent => (ConfirmEvent::StillOpen, None),
        };
        let event = self.or_doubt_stayed(binding, Event::Confirm { attempt: attempt.id, what });
        tracing::info!(binding.id = %binding.record.id, attempt.id = %attempt.id,
            event = event.name(), "the bank was asked about a confirmation");
        self.conclude(&Conclusion {
            platform: attempt.platform,
            binding: binding.record.id,
            attempt: attempt.id,
            event,
            heard,
            step,
            answer: None,
        })
        .await?;
        Ok(())
    }

    /// The event itself, unless it leaves a doubt whose deadline has passed.
    fn or_doubt_stayed(&self, binding: &Loaded, event: Event) -> Event {
        let Binding::Doubtful(doubtful) = &binding.machine else { return event };
        let now = self.now();
        let over = now >= doubtful.deadline && doubtful.inquiries > 0;
        let proves = match binding.apply(event.clone(), now) {
            Ok(changed) => !matches!(changed.machine, Binding::Doubtful(_)),
            Err(_) => true,
        };
        if over && !proves {
            return Event::DoubtStayed { diagnosis: Heard::binding_unresolved(self.dictionary()) };
        }
        event
    }

    /// Asks every order under which this binding may have been agreed, then how this one ended.
    pub(crate) async fn ask_about_opening(
        &self,
        binding: &Loaded,
        channel: &Channel,
        attempt: &AttemptRecord,
    ) -> Result<Opening, EngineError> {
        let subject = Subject::Binding(binding.record.id);
        let attempts = self.store().attempts(attempt.platform, subject).await?;
        let kept = self.kept_of(binding).ok();
        let asked = self.inquire(channel, &attempt.order, Inquiry::Agreement, kept.as_ref()).await;
        if asked.agreement().is_some() {
            return Ok(Opening::Open(asked));
        }
        let mut ended = asked.no_agreement;
        for order in other_orders(&attempts, &attempt.order) {
            let other = self.inquire(channel, order, Inquiry::Agreement, kept.as_ref()).await;
            if other.agreement().is_some() {
                return Ok(Opening::Open(other));
            }
            ended |= other.no_agreement;
        }
        let inquiry = Inquiry::State { about: Operation::OpenAgreement, amount: None };
        let state = self.inquire(channel, &attempt.order, inquiry, kept.as_ref()).await;
        Ok(match state.outcome {
            // Two confirmations under one order look the same to the bank: an earlier one's refusal
            // proves nothing about this one.
            Outcome::Declined(_) if !may_have_been_taken(&attempts, attempt) => {
                Opening::Refused(state)
            }
            Outcome::Declined(_) if asked.not_found => Opening::NotFound,
            _ if asked.not_found && state.not_found => Opening::NotFound,
            _ if ended => Opening::NotFound,
            _ => Opening::Silent,
        })
    }

    /// Asks about an ending that is in doubt.
    pub(crate) async fn inquire_unbind(
        &self,
        binding: &Loaded,
        attempt: &AttemptRecord,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        let channel = self.channel(&attempt.order.channel)?;
        let inquiry = Inquiry::State { about: Operation::CancelAgreement, amount: None };
        let kept = self.kept_of(binding).ok();
        let state = self.inquire(channel, &attempt.order, inquiry, kept.as_ref()).await;
        let refused = was_refused(binding);
        let (what, heard) = match &state.outcome {
            Outcome::Settled => (UnbindEvent::Ended, Some(&state)),
            Outcome::Declined(_) if !refused => {
                (state.unbind_event(self.dictionary()), Some(&state))
            }
            _ => match self.ask_whether_open(binding, channel).await? {
                Some(false) => (UnbindEvent::Ended, None),
                Some(true) if refused => (UnbindEvent::StillActive, None),
                Some(true) if state.not_found && self.may_repeat(binding, channel) => {
                    let room = self.room().await?;
                    self.end_agreement(binding, Ending::Repeated(step), room).await?;
                    return Ok(());
                }
                Some(true) | None => (UnbindEvent::StillOpen, None),
            },
        };
        self.conclude(&Conclusion {
            platform: attempt.platform,
            binding: binding.record.id,
            attempt: attempt.id,
            event: Event::Unbind { attempt: attempt.id, what },
            heard,
            step: Some(step),
            answer: None,
        })
        .await?;
        Ok(())
    }

    /// Whether the binding's agreement is open at the bank; `None` when it does not say.
    async fn ask_whether_open(
        &self,
        binding: &Loaded,
        channel: &Channel,
    ) -> Result<Option<bool>, EngineError> {
        let own = self.token_of(binding).await?;
        let kept = self.kept_of(binding).ok();
        let subject = Subject::Binding(binding.record.id);
        let attempts = self.store().attempts(binding.record.platform, subject).await?;
        if orders(&attempts).next().is_none() {
            // It was opened elsewhere, under an order we do not know: only a refusal to end it says
            // that it may have been ended before.
            return Ok((!was_refused(binding)).then_some(true));
        }
        let mut ended = false;
        for order in orders(&attempts) {
            let heard = self.inquire(channel, order, Inquiry::Agreement, kept.as_ref()).await;
            let is_own = |token: &Token| token.number == own;
            if heard.agreement().is_some_and(is_own) {
                return Ok(Some(true));
            }
            ended |= heard.no_agreement || heard.inactive.as_ref().is_some_and(is_own);
        }
        Ok(ended.then_some(false))
    }

    /// What may not be sent now is only asked about.
    fn may_repeat(&self, binding: &Loaded, channel: &Channel) -> bool {
        match &binding.machine {
            Binding::Unbinding(unbinding) => {
                let platform = Some(binding.record.platform);
                let now = self.now();
                self.may_send(platform, channel, Operation::CancelAgreement, now)
                    && now.since_ms(unbinding.since) >= unbinding.terms.settling_ms
            }
            _ => false,
        }
    }

    /// The bank never took the code; it is not used twice.
    fn code_is_spent(&self) -> Diagnosis {
        Diagnosis::from_cause(self.dictionary(), known::CODE_EXPIRED, Certainty::Likely)
    }
}

/// Whether this request to end the agreement was finally refused, while an earlier one may have
/// ended it: then only the agreement itself tells.
fn was_refused(binding: &Loaded) -> bool {
    matches!(&binding.machine, Binding::Unbinding(unbinding) if unbinding.refusal.is_some())
}

/// Every order under which an agreement may have been opened, the latest first.
pub(crate) fn orders(attempts: &[AttemptRecord]) -> impl Iterator<Item = &OrderKey> {
    let mut seen: Vec<&OrderKey> = Vec::new();
    for attempt in attempts.iter().rev() {
        let opens = attempt.operation == Operation::OpenAgreement;
        if opens && !seen.contains(&&attempt.order) {
            seen.push(&attempt.order);
        }
    }
    seen.into_iter()
}

fn other_orders<'a>(
    attempts: &'a [AttemptRecord],
    order: &'a OrderKey,
) -> impl Iterator<Item = &'a OrderKey> {
    orders(attempts).filter(move |other| *other != order)
}

/// Whether an earlier confirmation under the same order may have reached the bank.
fn may_have_been_taken(attempts: &[AttemptRecord], attempt: &AttemptRecord) -> bool {
    attempts.iter().any(|other| {
        other.operation == Operation::OpenAgreement
            && other.order == attempt.order
            && other.id < attempt.id
            && !matches!(attempt_of(other), Ok(Attempt::NotAttempted(_)))
    })
}
