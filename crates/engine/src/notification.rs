//! A message a bank sends by itself. It is believed only as far as to make us ask: the inquiry
//! decides, and the acknowledgement follows it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mingka_channels::{Acknowledgement, HttpRequest, Notice, OrderIdentity};
use mingka_domain::binding::Binding;
use mingka_domain::effect::Subject;
use mingka_domain::id::AttemptId;
use mingka_domain::outcome::Operation;
use mingka_domain::time::{SECOND_MS, Timestamp};
use mingka_store::OrderKey;

use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;

/// Banks want their answer within ten seconds; what takes longer is looked at by the worker.
const ANSWER_WITHIN_MS: u64 = 8_000;

impl Engine {
    /// Takes a bank's message and says what it wants to hear.
    ///
    /// # Errors
    /// When there is no such channel, or the message cannot be believed.
    pub async fn notification(
        &self,
        channel: &str,
        message: &HttpRequest,
    ) -> Result<Acknowledgement, EngineError> {
        let channel = self.channel_named(channel).ok_or(EngineError::NotFound)?;
        let nothing = OrderIdentity { order_id: String::new(), txn_time: self.now() };
        let context = self.context(&nothing);
        let (notice, acknowledgement) =
            channel.exchange.notice(message, &context).map_err(|error| {
                tracing::warn!(channel.code = channel.code, error = %error,
                    "a message that claims to come from a bank is not believed");
                EngineError::Unbelieved
            })?;
        let looked = self.look_at(channel, &notice);
        match tokio::time::timeout(Duration::from_millis(ANSWER_WITHIN_MS), looked).await {
            Ok(Ok(())) => {}
            Ok(Err(EngineError::InProgress)) | Err(_) => {}
            Ok(Err(error)) => return Err(error),
        }
        Ok(acknowledgement)
    }

    async fn look_at(&self, channel: &Channel, notice: &Notice) -> Result<(), EngineError> {
        let order = OrderKey {
            channel: channel.code.clone(),
            merchant: channel.merchant_number.clone(),
            order_id: notice.order.order_id.clone(),
            txn_time: whole_second(notice.order.txn_time),
        };
        let attempts = self.store().attempts_of_order(&order).await?;
        // A collection and its reversal share one order: both may have something to learn.
        let mut about_money = false;
        for attempt in &attempts {
            if let Subject::Payment(id) = attempt.subject {
                about_money = true;
                self.told_of_payment(id, attempt).await?;
            }
        }
        if about_money {
            return Ok(());
        }
        let opening =
            attempts.iter().rev().find(|attempt| attempt.operation == Operation::OpenAgreement);
        let Some(attempt) = opening else {
            tracing::info!(
                channel.code = channel.code,
                "a bank tells of an order nobody waits for"
            );
            return Ok(());
        };
        let Subject::Binding(id) = attempt.subject else { return Ok(()) };
        let binding = self.load(attempt.platform, id).await?;
        match &binding.machine {
            Binding::Doubtful(doubtful)
                if doubtful.attempt == attempt.id && self.is_news(attempt.id) =>
            {
                self.inquire_confirm(&binding, attempt, None).await
            }
            // Told before the answer came, or after everything was known, or twice: the answer
            // decides, or the sweep, or the inquiry under way.
            _ => Ok(()),
        }
    }

    /// Whether what a bank tells of this attempt is worth an inquiry, or one was made a moment ago.
    pub(crate) fn is_news(&self, attempt: AttemptId) -> bool {
        self.inner.told.first(attempt, self.now())
    }
}

/// The attempts that a bank told us about a moment ago. A message may come twice, or be replayed by
/// whoever saw it pass; each inquiry it causes is a message to the bank: one in a while is enough.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<AttemptId, Timestamp>>);

impl Told {
    /// How long after an inquiry the same message asks for no other, in milliseconds.
    const PAUSE_MS: i64 = 5 * SECOND_MS;

    /// Whether nobody told of this attempt within the pause; remembered from now on.
    fn first(&self, attempt: AttemptId, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back forgets too.
        told.retain(|_, at| (0..Self::PAUSE_MS).contains(&now.since_ms(*at)));
        match told.entry(attempt) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(now);
                true
            }
        }
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() / SECOND_MS * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use mingka_domain::id::Id;

    use super::*;

    #[test]
    fn a_message_told_again_asks_once_in_a_while() {
        let told = Told::default();
        let at = Timestamp::from_millis;
        let (one, other) = (Id::new(at(1), [1; 10]), Id::new(at(1), [2; 10]));
        assert!(told.first(one, at(1_000)));
        assert!(!told.first(one, at(1_001)));
        assert!(told.first(other, at(1_001)));
        assert!(!told.first(one, at(5_999)));
        assert!(told.first(one, at(6_000)));
        assert!(told.first(one, at(10)), "a clock set back keeps nobody waiting");
        assert_eq!(told.0.lock().unwrap().len(), 1, "what is over is forgotten");
    }
}
