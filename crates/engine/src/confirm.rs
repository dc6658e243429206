//! The code: entered, asked for again, given up. It passes from the request to the bank in memory
//! and is never stored.

use mingka_channels::{Elements, Request};
use mingka_domain::binding::{Binding, CodeEvent, ConfirmEvent, Event};
use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, BindingId, PlatformId};
use mingka_domain::outcome::Operation;
use mingka_domain::secret::OneTimeCode;
use mingka_domain::time::Timestamp;
use mingka_store::{AttemptRecord, CommitError, OrderKey, StepRecord, Unit};

use crate::conclude::{Answer, Conclusion};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::{lost_key, to_json};
use crate::machine::{Changed, Loaded};
use crate::perform::Room;
use crate::request::Idempotency;
use crate::view::BindingView;

impl Engine {
    /// Takes the code to the bank, under the identity of the latest order.
    ///
    /// # Errors
    /// When the binding is not waiting for a code, or the code is over.
    pub async fn confirm(
        &self,
        platform: PlatformId,
        id: BindingId,
        idempotency: Idempotency,
        code: OneTimeCode,
    ) -> Result<BindingView, EngineError> {
        self.talk_about(platform, id, idempotency, Talk::Confirm(code)).await
    }

    /// Has the bank send another code; the earlier one is void then.
    ///
    /// # Errors
    /// When it is too early, too often, or the binding waits for no code.
    pub async fn resend(
        &self,
        platform: PlatformId,
        id: BindingId,
        idempotency: Idempotency,
    ) -> Result<BindingView, EngineError> {
        self.talk_about(platform, id, idempotency, Talk::Resend).await
    }

    /// Ends a binding that nobody wants any more.
    ///
    /// # Errors
    /// When a code is on its way to the bank: it may be bound already.
    pub async fn cancel(
        &self,
        platform: PlatformId,
        id: BindingId,
        idempotency: Idempotency,
    ) -> Result<BindingView, EngineError> {
        if let Some(view) = self.earlier_binding(platform, &idempotency).await? {
            return Ok(view);
        }
        let now = self.now();
        let binding = self.load(platform, id).await?;
        let changed = binding.apply(Event::CancelRequested, now)?;
        let mut history = self.history_of(&binding).await?;
        history.events.push(changed.event.clone());
        let view = self.binding_view(&changed.clone().loaded(), &history)?;
        let answer = Some(to_json(&view)?);
        let key = self.take_key(platform, &idempotency, Subject::Binding(id), answer, now);
        let unit = Unit::new(key)
            .writes([changed.update(), changed.event.insert()])
            .writes(self.forgetting(&changed)?)
            .effects(changed.effects);
        match self.store().commit(unit).await {
            Ok(committed) => {
                self.announce(id, committed.effects());
                tracing::info!(binding.id = %id, "a binding was cancelled");
                Ok(view)
            }
            Err(error) if lost_key(&error) => {
                self.earlier_binding(platform, &idempotency).await?.ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn talk_about(
        &self,
        platform: PlatformId,
        id: BindingId,
        idempotency: Idempotency,
        talk: Talk,
    ) -> Result<BindingView, EngineError> {
        if let Some(view) = self.earlier_binding(platform, &idempotency).await? {
            return Ok(view);
        }
        let binding = self.load(platform, id).await?;
        // What the table refuses is refused before it costs anything.
        binding.apply(talk.event(self.new_id(self.now())), self.now())?;
        let room = self.room().await?;
        let engine = self.clone();
        let key = idempotency.clone();
        let work = async move { engine.run_talk(binding, key, talk, room).await };
        match self.to_the_end(work).await? {
            Some(view) => Ok(view),
            None => {
                self.earlier_binding(platform, &idempotency).await?.ok_or(EngineError::InProgress)
            }
        }
    }

    /// `None` when another request with the same key was quicker.
    async fn run_talk(
        &self,
        binding: Loaded,
        idempotency: Idempotency,
        talk: Talk,
        room: Room,
    ) -> Result<Option<BindingView>, EngineError> {
        let now = self.now();
        let (platform, id) = (binding.record.platform, binding.record.id);
        let channel = self.channel(&binding.record.channel)?;
        if !self.may_send(Some(platform), channel, talk.operation(), now) {
            return Err(EngineError::NoChannel);
        }
        let elements = self.kept_of(&binding)?.elements();
        let elements = elements.ok_or_else(|| internal("a card number is missing", &id))?;
        let (order, quotas) = match &talk {
            Talk::Confirm(_) => (Some(self.order_of_code(&binding).await?), Vec::new()),
            Talk::Resend => {
                let (record, phone) = (&binding.record, elements.reserved_phone.as_ref());
                (None, self.code_quotas(platform, record.session, &record.card_index, phone))
            }
        };
        self.check_code_quotas(&quotas, now).await?;
        let owner = (platform, Subject::Binding(id));
        let of = (order.as_ref(), Some(binding.record.card_index));
        let attempt = self.attempt(owner, channel, talk.operation(), of, now);
        let changed = binding.apply(talk.event(attempt.id), now)?;
        let exchange_ms = channel.terms(self.settings()).exchange_ms;
        let step = self.attempt_step(&attempt, exchange_ms, now);
        let request = talk.request(elements);
        let early = self.plant_early_send(channel, &attempt, &request).await;
        let unit = self
            .talk_unit(&changed, &idempotency, &attempt, &step, now)
            .writes(quotas.iter().map(|quota| quota.take(now)));
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(None),
            Err(CommitError::Full { .. }) => return Err(self.lost_place(&quotas, now).await),
            Err(error) => return Err(error.into()),
        };
        self.announce(id, committed.effects());
        tracing::info!(binding.id = %id, attempt.id = %attempt.id, channel.code = channel.code,
            operation = attempt.operation.name(), "a message goes to the bank");
        let heard = match early {
            Some(heard) => heard,
            None => self.exchange(committed, channel, &attempt, &request).await,
        };
        let heard = self.plant_resend(heard, channel, &attempt, &request).await;
        drop(room);
        let conclusion = Conclusion {
            platform,
            binding: id,
            attempt: attempt.id,
            event: self.event_of(&attempt, &heard),
            heard: Some(&heard),
            step: Some(&step),
            answer: Some((&idempotency.key, Answer::Binding)),
        };
        match self.conclude_from(&conclusion, Some((changed.loaded(), attempt))).await? {
            Some(view) => Ok(Some(view)),
            None => self.earlier_binding(platform, &idempotency).await,
        }
    }

    fn talk_unit(
        &self,
        changed: &Changed,
        idempotency: &Idempotency,
        attempt: &AttemptRecord,
        step: &StepRecord,
        now: Timestamp,
    ) -> Unit {
        let key = self.take_key(attempt.platform, idempotency, attempt.subject, None, now);
        Unit::new(key)
            .writes([changed.update(), changed.event.insert(), attempt.insert(), step.insert()])
            .effects(changed.effects.clone())
    }

    /// What the direct answer to an attempt means for its binding.
    pub(crate) fn event_of(&self, attempt: &AttemptRecord, heard: &Heard) -> Event {
        let id = attempt.id;
        let dictionary = self.dictionary();
        match attempt.operation {
            Operation::SendCode => Event::Code { attempt: id, what: heard.code_event(dictionary) },
            Operation::CancelAgreement => {
                Event::Unbind { attempt: id, what: heard.unbind_event(dictionary) }
            }
            _ => {
                let instrument = self.new_id(heard.at);
                Event::Confirm { attempt: id, what: heard.confirm_event(dictionary, instrument) }
            }
        }
    }

    /// The identity of the order whose code the borrower holds.
    async fn order_of_code(&self, binding: &Loaded) -> Result<OrderKey, EngineError> {
        let Binding::AwaitingCode(awaiting) = &binding.machine else {
            return Err(EngineError::InProgress);
        };
        let found = self.store().attempt(binding.record.platform, awaiting.order).await?;
        let attempt = found.ok_or_else(|| internal("an order is missing", &awaiting.order))?;
        Ok(attempt.order)
    }
}

/// What is said to the bank about a binding that has begun.
enum Talk {
    Confirm(OneTimeCode),
    Resend,
}

impl Talk {
    const fn operation(&self) -> Operation {
        match self {
            Self::Confirm(_) => Operation::OpenAgreement,
            Self::Resend => Operation::SendCode,
        }
    }

    const fn event(&self, attempt: AttemptId) -> Event {
        match self {
            Self::Confirm(_) => Event::Confirm { attempt, what: ConfirmEvent::Entered },
            Self::Resend => Event::Code { attempt, what: CodeEvent::Requested },
        }
    }

    fn request(self, elements: Elements) -> Request {
        match self {
            Self::Confirm(code) => Request::OpenAgreement { elements, code },
            Self::Resend => Request::SendCode { elements },
        }
    }
}
