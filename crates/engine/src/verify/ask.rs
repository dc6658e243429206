//! Asking a bank: the place among the day's questions about the card is taken by the unit that
//! makes the question durable, and of two who ask the same at once only one does.

use mingka_channels::{Elements, Product, Request};
use mingka_domain::effect::Subject;
use mingka_domain::id::{PlatformId, VerificationId};
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use mingka_domain::verification::Verification;
use mingka_store::{AttemptRecord, CommitError, Committed, StepRecord, Unit, VerificationRecord};

use super::conclude::Hearing;
use super::known::card_quota;
use super::{event_of, product_name};
use crate::channel::Channel;
use crate::conclude::TRIES_MAX;
use crate::consent::Accepted;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::{lost_key, to_json};
use crate::kept::Kept;
use crate::perform::Room;
use crate::request::Idempotency;
use crate::seal::Purpose;
use crate::view::VerificationView;

/// A verification that may be asked.
pub(super) struct Asking {
    pub(super) platform: PlatformId,
    pub(super) key: Idempotency,
    pub(super) product: Product,
    pub(super) elements: Elements,
    pub(super) accepted: Vec<Accepted>,
    pub(super) borrower_ref: Option<String>,
}

/// A question on its way to a bank.
struct Question {
    id: VerificationId,
    attempt: AttemptRecord,
    step: StepRecord,
}

impl Engine {
    /// `None` when another request with the same key was quicker.
    pub(super) async fn start_verification(
        &self,
        asking: Asking,
    ) -> Result<Option<VerificationView>, EngineError> {
        for _ in 0..TRIES_MAX {
            let now = self.now();
            let channel =
                self.route(Operation::Verify, asking.platform, asking.elements.name.as_ref(), now)?;
            let same = self.asked_before(&asking, channel, now).await?;
            if let Some(same) = &same
                && let Some(answer) = self.answer_of(same).await?
            {
                return self.answer_from_record(asking, same.clone(), answer, now).await;
            }
            let same = same.map(|same| same.id);
            let places = self.check_quota(channel, &asking.elements, same.is_some(), now).await?;
            let room = self.room().await?;
            let (question, unit) = self.question(&asking, channel, (same, places), now)?;
            match self.store().commit(unit).await {
                Ok(committed) => return self.ask(asking, channel, question, committed, room).await,
                Err(error) if lost_key(&error) => return Ok(None),
                // The same was asked meanwhile, or the last place taken: look again.
                Err(CommitError::Stale { table: "verifications" } | CommitError::Full { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::InProgress)
    }

    /// The first commit: the key, the place, the question with its consents, the attempt.
    fn question(
        &self,
        asking: &Asking,
        channel: &Channel,
        (same, places): (Option<VerificationId>, u32),
        now: Timestamp,
    ) -> Result<(Question, Unit), EngineError> {
        let id: VerificationId = self.new_id(now);
        let owner = (asking.platform, Subject::Verification(id));
        let terms = channel.terms(self.settings());
        let card_index = self.card_index(&asking.elements.card_number);
        let of = (None, Some(card_index));
        let attempt = self.attempt(owner, channel, Operation::Verify, of, now);
        let step = self.attempt_step(&attempt, terms.exchange_ms, now);
        let (machine, effects) = Verification::start(attempt.id, terms, now);
        let record = self.new_record(id, asking, &channel.code, &machine, now)?;
        let quota = card_quota(channel, card_index, now);
        let key = self.take_key(asking.platform, &asking.key, owner.1, None, now);
        let unit = Unit::new(key)
            .writes([quota.hold()])
            .writes([quota.not_asked_since(asking.platform, &record.elements_index, same)])
            .writes([record.insert(), event_of(&record).insert(), attempt.insert(), step.insert()])
            .writes([quota.check(places)])
            .writes(asking.accepted.iter().flat_map(|yes| yes.keep(asking.platform, owner.1, now)))
            .effects(effects);
        Ok((Question { id, attempt, step }, unit))
    }

    async fn ask(
        &self,
        asking: Asking,
        channel: &Channel,
        question: Question,
        committed: Committed,
        room: Room,
    ) -> Result<Option<VerificationView>, EngineError> {
        let request = Request::Verify { product: asking.product, elements: asking.elements };
        let heard = self.exchange(committed, channel, &question.attempt, &request).await;
        drop(room);
        let hearing = Hearing {
            id: question.id,
            attempt: &question.attempt,
            event: heard.verification_event(self.dictionary()),
            heard: Some(&heard),
            step: Some(&question.step),
            key: Some(&asking.key.key),
        };
        self.conclude_verification(&hearing).await?;
        self.earlier_verification(asking.platform, &asking.key).await
    }

    /// The row of a verification that begins.
    pub(super) fn new_record(
        &self,
        id: VerificationId,
        asking: &Asking,
        channel: &str,
        machine: &Verification,
        now: Timestamp,
    ) -> Result<VerificationRecord, EngineError> {
        let kept: Kept = asking.elements.clone().into();
        let kept = if machine.is_settled() { self.to_keep(kept) } else { kept };
        Ok(VerificationRecord {
            id,
            platform: asking.platform,
            version: 1,
            product: product_name(asking.product).to_owned(),
            state: machine.name().to_owned(),
            machine: to_json(machine)?,
            sealed: self.seal_kept(Purpose::Verification, &id.to_string(), &kept),
            card_index: self.card_index(&asking.elements.card_number),
            card: self.masked_card(&asking.elements.card_number),
            borrower_ref: asking.borrower_ref.clone(),
            channel: channel.to_owned(),
            elements_index: self.elements_index(&asking.elements),
            answered_from: None,
            created_at: now,
            updated_at: now,
        })
    }
}
