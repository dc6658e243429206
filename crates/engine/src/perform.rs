//! Talking to a bank. An attempt leaves only with the store's proof that it is durable; inquiries
//! change nothing at the bank and need none.

use std::time::Duration;

use mingka_channels::{Context, OrderIdentity, Reply, Request};
use mingka_domain::attempt::Attempt;
use mingka_domain::cause::known;
use mingka_domain::effect::{Effect, Subject};
use mingka_domain::id::{AttemptId, PlatformId, StepId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Doubt, NotSent, Operation, Outcome, Phase};
use mingka_domain::time::{SECOND_MS, Timestamp};
use mingka_store::{AttemptRecord, CardIndex, Committed, OrderKey, StepRecord};
use tokio::sync::OwnedSemaphorePermit;

use crate::channel::Channel;
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::kept::Kept;
use crate::settings::Planted;
use crate::transport::Delivery;

/// The kind of step that looks after an attempt until nothing about it is open.
pub(crate) const STEP_ATTEMPT: &str = "attempt";
/// The kind of step that ends a binding nobody finished.
pub(crate) const STEP_EXPIRY: &str = "expiry";

/// Room for one exchange; given back when dropped.
pub(crate) type Room = OwnedSemaphorePermit;

/// What can be asked about an order, as often as one likes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inquiry {
    /// Is there an agreement, and which?
    Agreement,
    /// How did it end?
    State {
        /// What the order was for.
        about: Operation,
        /// The amount it was for, when it moves money: the answer must speak of the same.
        amount: Option<Fen>,
    },
}

impl Engine {
    /// Sends an attempt, once it is durable, and hears what comes back.
    /// The proof is used up: what was sent once is not sent again.
    pub(crate) async fn exchange(
        &self,
        committed: Committed,
        channel: &Channel,
        attempt: &AttemptRecord,
        request: &Request,
    ) -> Heard {
        if !committed.effects().contains(&Effect::Send(attempt.id)) {
            tracing::error!(attempt.id = %attempt.id, "an attempt was to be sent without its effect");
            return self.kept_back(channel, attempt);
        }
        // The last look: a switch may have been turned since this was chosen, by any process.
        match self.stops().await {
            Ok(stops) if !stops.forbid(Some(attempt.platform), channel, attempt.operation) => {}
            _ => return self.kept_back(channel, attempt),
        }
        self.talk(channel, &attempt.order, request, channel.timeout_ms()).await
    }

    /// Nothing left, and nothing will of this attempt.
    fn kept_back(&self, channel: &Channel, attempt: &AttemptRecord) -> Heard {
        let outcome = Outcome::NotAttempted(NotSent::ChannelStopped, None);
        Heard::nothing(&channel.code, attempt.operation, Phase::Request, outcome, self.now())
    }

    /// Asks about an order of somebody's card. Changes nothing there.
    pub(crate) async fn inquire(
        &self,
        channel: &Channel,
        order: &OrderKey,
        inquiry: Inquiry,
        whose: Option<&Kept>,
    ) -> Heard {
        let timeout_ms = channel.timeout_ms().min(self.settings().inquiry_timeout_ms);
        let request = match inquiry {
            Inquiry::Agreement => Request::QueryAgreement,
            Inquiry::State { about, amount } => Request::QueryState { about, amount },
        };
        let heard = self.talk(channel, order, &request, timeout_ms).await;
        let mut heard = heard.hiding_of(whose);
        // An inquiry that never left says nothing about the order.
        if let Outcome::NotAttempted(_, answer) = heard.outcome {
            heard.outcome = Outcome::Unknown(Doubt::TimedOut, answer);
            heard.phase = Phase::Inquiry;
        }
        heard
    }

    async fn talk(
        &self,
        channel: &Channel,
        order: &OrderKey,
        request: &Request,
        timeout_ms: u64,
    ) -> Heard {
        let operation = request.operation();
        let order = OrderIdentity { order_id: order.order_id.clone(), txn_time: order.txn_time };
        let heard = match self.reply(channel, &order, request, timeout_ms).await {
            Ok(reply) => {
                let heard = Heard::reply(&channel.code, operation, reply, self.now());
                let heard = heard.read_agreement(&channel.profile.family);
                let mut heard = heard.hiding(&request.secrets());
                self.plant_unmapped_decline(&mut heard);
                heard
            }
            Err(outcome) => {
                Heard::nothing(&channel.code, operation, Phase::Request, outcome, self.now())
            }
        };
        self.inner.health.note(&heard, self.dictionary());
        heard
    }

    /// One message and the believed reply to it, or how it ended without one.
    pub(crate) async fn reply(
        &self,
        channel: &Channel,
        order: &OrderIdentity,
        request: &Request,
        timeout_ms: u64,
    ) -> Result<Reply, Outcome> {
        let operation = request.operation();
        let encoded = channel.exchange.encode(request, &self.context(order));
        let (message, sent) = encoded.map_err(|error| {
            tracing::warn!(channel.code = channel.code, operation = operation.name(),
                order.id = order.order_id, error = %error,
                "a message cannot be written in the channel's form");
            Outcome::NotAttempted(NotSent::Unencodable, None)
        })?;
        let response = match self.parts().transport.send(message, timeout_ms).await {
            Delivery::Answered(response) => response,
            Delivery::NotSent(why) => {
                tracing::warn!(channel.code = channel.code, operation = operation.name(),
                    order.id = order.order_id,
                    reason = ?why, "a message did not leave");
                return Err(Outcome::NotAttempted(why, None));
            }
            Delivery::Lost(doubt) => {
                tracing::warn!(channel.code = channel.code, operation = operation.name(),
                    order.id = order.order_id,
                    reason = ?doubt, "an answer did not come");
                return Err(Outcome::Unknown(doubt, None));
            }
        };
        let decoded = channel.exchange.decode(&sent, &response, &self.context(order));
        let reply = decoded.map_err(|error| {
            tracing::warn!(channel.code = channel.code, operation = operation.name(),
                order.id = order.order_id, error = %error, "an answer proves nothing");
            error.outcome()
        })?;
        alert_if_unmapped(&channel.code, operation, order, &reply);
        Ok(reply)
    }

    pub(crate) fn context<'a>(&'a self, order: &'a OrderIdentity) -> Context<'a> {
        Context { now: self.now(), entropy: self.parts().entropy.as_ref(), order }
    }

    /// Room for an exchange, so that a slow bank cannot pile requests up without end.
    pub(crate) async fn room(&self) -> Result<Room, EngineError> {
        let wait = Duration::from_millis(self.settings().exchange_wait_ms);
        let room = std::sync::Arc::clone(&self.inner.exchanges).acquire_owned();
        match tokio::time::timeout(wait, room).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("all exchanges with banks are taken");
                Err(EngineError::Unavailable)
            }
        }
    }

    /// Runs what must not stop when whoever asked goes away.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, EngineError> {
        let engine = self.clone();
        // Large, and handed on several times: from here on by its place.
        let work = Box::pin(work);
        let until_halted = async move {
            tokio::select! {
                biased;
                () = engine.halted() => Err(EngineError::Unavailable),
                result = work => result,
            }
        };
        match tokio::spawn(until_halted).await {
            Ok(result) => result,
            Err(error) => Err(internal("a task ended by itself", &error)),
        }
    }

    /// A new attempt, not yet durable. An opening repeats the order of its code; everything else
    /// has an order of its own.
    pub(crate) fn attempt(
        &self,
        owner: (PlatformId, Subject),
        channel: &Channel,
        operation: Operation,
        (order, card_index): (Option<&OrderKey>, Option<CardIndex>),
        now: Timestamp,
    ) -> AttemptRecord {
        let id: AttemptId = self.new_id(now);
        let fresh = || OrderKey {
            channel: channel.code.clone(),
            merchant: channel.merchant_number.clone(),
            order_id: id.hex(),
            // Channels keep seconds, and so do we: what they repeat is what we look for.
            txn_time: Timestamp::from_millis(now.as_millis() / SECOND_MS * SECOND_MS),
        };
        AttemptRecord {
            id,
            platform: owner.0,
            version: 1,
            subject: owner.1,
            operation,
            state: Attempt::Sent.name().to_owned(),
            order: order.cloned().unwrap_or_else(fresh),
            profile_version: format!("{}/{}", channel.profile.id, channel.profile.version),
            card_index,
            amount: None,
            sent_at: now,
            answered_at: None,
            outcome: None,
            code: None,
        }
    }

    /// The step that looks after an attempt, leased to this process while the exchange may last.
    pub(crate) fn attempt_step(
        &self,
        attempt: &AttemptRecord,
        exchange_ms: i64,
        now: Timestamp,
    ) -> StepRecord {
        let id = step_id(&attempt.id.hex());
        let mut step = StepRecord::new(id, attempt.platform, STEP_ATTEMPT, attempt.subject, now);
        step.payload = format!("{{\"attempt\":\"{}\",\"sweeps\":0}}", attempt.id);
        step.lease_holder.clone_from(&self.inner.holder);
        step.lease_expiry = now.plus_ms(exchange_ms);
        step
    }

    /// The mistake of sending before the attempt is durable.
    pub(crate) async fn plant_early_send(
        &self,
        channel: &Channel,
        attempt: &AttemptRecord,
        request: &Request,
    ) -> Option<Heard> {
        if self.settings().planted() != Some(Planted::SendBeforePersist) {
            return None;
        }
        Some(self.talk(channel, &attempt.order, request, channel.timeout_ms()).await)
    }

    /// The mistake of sending again what nobody knows about.
    pub(crate) async fn plant_resend(
        &self,
        heard: Heard,
        channel: &Channel,
        attempt: &AttemptRecord,
        request: &Request,
    ) -> Heard {
        let unknown = matches!(heard.outcome, Outcome::Unknown(..));
        if unknown && self.settings().planted() == Some(Planted::ResendAfterUnknown) {
            return self.talk(channel, &attempt.order, request, channel.timeout_ms()).await;
        }
        heard
    }

    fn plant_unmapped_decline(&self, heard: &mut Heard) {
        if self.settings().planted() != Some(Planted::UnmappedIsDecline) {
            return;
        }
        if let Outcome::Unknown(Doubt::UnmappedCode | Doubt::CodeProvesNothing, Some(answer)) =
            &heard.outcome
        {
            heard.outcome = Outcome::Declined(answer.clone());
        }
    }
}

/// A code nobody mapped is an alert: a borrower waits for somebody to look it up.
fn alert_if_unmapped(channel: &str, operation: Operation, order: &OrderIdentity, reply: &Reply) {
    if reply.meaning.causes.contains(&known::CHANNEL_CODE_UNMAPPED) {
        let code = reply.answer.as_ref().map_or("", |answer| answer.code.as_str());
        tracing::error!(
            channel.code = channel,
            operation = operation.name(),
            order.id = order.order_id,
            phase = reply.phase.name(),
            response.code = code,
            "a response code that nobody has mapped: add it to data/mappings"
        );
    }
}

/// A step shares its digits with what it looks after, so that it needs no search.
pub(crate) fn step_id(hex: &str) -> StepId {
    #[expect(clippy::expect_used, reason = "the 32 digits of one id are those of any other")]
    format!("step_{hex}").parse().expect("an id's digits")
}
