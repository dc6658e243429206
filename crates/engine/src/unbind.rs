//! Ending an agreement at the bank. An ending whose answer was lost is inquired about, and repeated
//! only once nothing can be on its way any more: ending twice does no harm.

use mingka_channels::Request;
use mingka_domain::binding::{Event, UnbindEvent};
use mingka_domain::effect::Subject;
use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::outcome::Operation;
use mingka_domain::secret::Secret;
use mingka_store::{Statement, StepRecord, Unit};

use crate::conclude::{Answer, Conclusion};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key};
use crate::machine::Loaded;
use crate::perform::Room;
use crate::request::Idempotency;
use crate::view::InstrumentView;

impl Engine {
    /// Ends a bound card's agreement.
    ///
    /// # Errors
    /// When it is not bound any more, being unbound already, or its channel is stopped.
    pub async fn unbind(
        &self,
        platform: PlatformId,
        id: InstrumentId,
        idempotency: Idempotency,
    ) -> Result<InstrumentView, EngineError> {
        if let Some(view) = self.earlier_instrument(platform, &idempotency).await? {
            return Ok(view);
        }
        let record = self.store().instrument(platform, id).await?.ok_or(EngineError::NotFound)?;
        let binding = self.load(platform, record.binding).await?;
        if binding.record.channel.is_empty() {
            return self.withdraw(&binding, &idempotency).await;
        }
        let room = self.room().await?;
        let engine = self.clone();
        let key = idempotency.clone();
        let work = async move {
            engine.end_agreement(&binding, Ending::Asked(&key), room).await?;
            engine.earlier_instrument(platform, &key).await
        };
        match self.to_the_end(work).await? {
            Some(view) => Ok(view),
            None => self
                .earlier_instrument(platform, &idempotency)
                .await?
                .ok_or(EngineError::InProgress),
        }
    }

    async fn earlier_instrument(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
    ) -> Result<Option<InstrumentView>, EngineError> {
        let now = self.now();
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(view) => Ok(Some(view)),
            Earlier::Unanswered(Subject::Instrument(id)) => {
                let view = self.instrument(platform, id).await?;
                let binding = self.load(platform, view.binding).await?;
                if binding.machine.in_flight().is_some() {
                    return Err(EngineError::InProgress);
                }
                self.answer_late(platform, idempotency, view, now).await.map(Some)
            }
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }

    /// Sends the request that ends a binding's agreement, unless another request with the same key
    /// was quicker.
    pub(crate) async fn end_agreement(
        &self,
        binding: &Loaded,
        ending: Ending<'_>,
        room: Room,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let (platform, id) = (binding.record.platform, binding.record.id);
        let channel = self.channel(&binding.record.channel)?;
        if !self.may_send(Some(platform), channel, Operation::CancelAgreement, now) {
            return Err(EngineError::NoChannel);
        }
        let terms = channel.terms(self.settings());
        let instrument = self.instrument_record(binding).await?;
        let owner = (platform, Subject::Binding(id));
        let of = (None, Some(binding.record.card_index));
        let attempt = self.attempt(owner, channel, Operation::CancelAgreement, of, now);
        let step = self.attempt_step(&attempt, terms.exchange_ms, now);
        let event = Event::Unbind { attempt: attempt.id, what: UnbindEvent::Requested { terms } };
        let changed = binding.apply(event, now)?;
        let token = self.token_of(binding).await?;
        let rows = self.instrument_rows(&changed, now).await?;
        let (guard, before): (Statement, Vec<Statement>) = match ending {
            Ending::Asked(key) => {
                let subject = Subject::Instrument(instrument.id);
                let key = self.take_key(platform, key, subject, None, now);
                (key, vec![changed.update()])
            }
            Ending::Repeated(step) => (changed.update(), vec![step.finish(now)]),
        };
        let unit = Unit::new(guard)
            .writes(before)
            .writes([changed.event.insert(), attempt.insert(), step.insert()])
            .writes(rows)
            .effects(changed.effects.clone());
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.announce(id, committed.effects());
        let request = Request::CancelAgreement { token };
        let heard = self.exchange(committed, channel, &attempt, &request).await;
        let heard = heard.hiding_of(self.kept_of(binding).ok().as_ref());
        drop(room);
        let answer = match ending {
            Ending::Asked(idempotency) => Some((idempotency.key.as_str(), Answer::Instrument)),
            Ending::Repeated(_) => None,
        };
        let conclusion = Conclusion {
            platform,
            binding: id,
            attempt: attempt.id,
            event: self.event_of(&attempt, &heard),
            heard: Some(&heard),
            step: Some(&step),
            answer,
        };
        self.conclude(&conclusion).await
    }

    /// The number of a binding's own agreement.
    pub(crate) async fn token_of(&self, binding: &Loaded) -> Result<Secret, EngineError> {
        let instrument = self.instrument_record(binding).await?;
        let agreements = self.store().agreements(instrument.platform, instrument.id).await?;
        let agreement =
            agreements.last().ok_or_else(|| internal("an agreement is missing", &instrument.id))?;
        self.open_token(&agreement.id.to_string(), &agreement.sealed_token)
    }
}

/// Who wants the agreement ended.
#[derive(Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// The platform, under this key.
    Asked(&'a Idempotency),
    /// We ourselves, because the bank never took the earlier request, whose step this is.
    Repeated(&'a StepRecord),
}
