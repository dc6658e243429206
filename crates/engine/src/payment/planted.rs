//! Mistakes about money that the simulator switches on and must notice. Nothing here happens in a
//! running house.

use mingka_domain::outcome::{Doubt, Outcome, Phase};
use mingka_domain::payment::{Heard as Word, Payment, Proof};
use mingka_store::PaymentRecord;

use super::begin::Begun;
use super::conclude::Hearing;
use super::plan::Planned;
use crate::core::Engine;
use crate::hear::Heard;
use crate::request::Idempotency;
use crate::settings::Planted;

impl Engine {
    /// Whether this mistake is switched on.
    pub(super) fn plants(&self, mistake: Planted) -> bool {
        self.settings().planted() == Some(mistake)
    }

    /// What a planted mistake makes of what was heard.
    pub(super) fn planted_word(
        &self,
        hearing: &Hearing<'_>,
        record: &PaymentRecord,
    ) -> Option<Word> {
        let planted = self.settings().planted()?;
        let heard = hearing.heard.filter(|heard| heard.phase == Phase::Request)?;
        let (diagnosis, at) = (heard.diagnosis(self.dictionary()), heard.at);
        let accepted = heard.answer.as_ref().is_some_and(|answer| answer.code.as_str() == "00");
        match (planted, &heard.outcome) {
            (Planted::FailOverOnTimeout, Outcome::Unknown(..)) => {
                Some(Word::Declined { proof: Proof::Inquiry, diagnosis, again_at: Some(at) })
            }
            (Planted::ResendAfterCrash, Outcome::Unknown(Doubt::Restarted, _)) => {
                Some(Word::NotSent { diagnosis, again_at: at })
            }
            (Planted::FirstAnswerSettles, Outcome::Settled | Outcome::Pending(_)) if accepted => {
                Some(Word::Settled { proof: Proof::Inquiry, amount: record.amount })
            }
            _ => None,
        }
    }

    /// The answer to an order that leaves before it is durable.
    pub(super) async fn planted_early(
        &self,
        begun: &Begun,
        planned: &Planned<'_>,
    ) -> Option<Heard> {
        let (Some(attempt), Planned::Now(plan)) = (&begun.attempt, planned) else { return None };
        self.plant_early_send(plan.channel, attempt, &plan.request).await
    }

    /// The key that is taken for a payment: with the mistake, one that nobody else can have.
    pub(super) fn planted_key(&self, mut key: Idempotency) -> Idempotency {
        if self.plants(Planted::KeyNotGuarded) {
            key.key = format!("{}-{}", key.key, u64::from_be_bytes(self.random::<8>()));
        }
        key
    }

    /// Whether the loan of a payment is let go although nobody knows whether money moved.
    pub(super) fn lets_go(&self, machine: &Payment) -> bool {
        self.plants(Planted::GuardReleasedInDoubt) && matches!(machine, Payment::Doubtful(_))
    }
}
