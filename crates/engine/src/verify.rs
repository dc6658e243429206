//! Verifications: do these elements belong together? Asked sparingly, because a channel takes only a
//! few questions about one card a day; an answer that is known is not asked for again.

use mingka_channels::{Elements, Product, Request};
use mingka_domain::cause::known;
use mingka_domain::consent::ConsentKind;
use mingka_domain::effect::Subject;
use mingka_domain::id::{PlatformId, VerificationId, kind};
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::precheck::Values;
use mingka_domain::time::{SECOND_MS, Timestamp};
use mingka_domain::verification::{Verification, VerificationEvent};
use mingka_store::{
    AttemptRecord, CommitError, IdempotencyRecord, StepRecord, Unit, VerificationRecord,
};

use crate::conclude::attempt_of;
use crate::consent::Accepted;
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::perform::Room;
use crate::request::{Cursor, Idempotency, NewVerification};
use crate::seal::Purpose;
use crate::view::{Page, VerificationState, VerificationView};

impl Engine {
    /// Asks whether the elements given belong together.
    ///
    /// # Errors
    /// What must be corrected, which consent is missing, or that the day's questions are used up.
    pub async fn verify(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewVerification<'_>,
    ) -> Result<VerificationView, EngineError> {
        if let Some(view) = self.earlier_verification(platform, &idempotency).await? {
            return Ok(view);
        }
        let checked = self.precheck(&new.entry, &new.environment);
        let stopped = checked.stopped();
        let Some((product, elements)) = product_of(checked.values).filter(|_| !stopped) else {
            return Err(EngineError::Findings(checked.findings));
        };
        let needed = [ConsentKind::InformationSharing];
        let accepted = self.check_consents(platform, &needed, &new.consents).await?;
        let room = self.room().await?;
        let (engine, key) = (self.clone(), idempotency.clone());
        let borrower_ref = new.borrower_ref;
        let asking = Asking { platform, key, product, elements, accepted, borrower_ref };
        let work = async move { engine.start_verification(asking, room).await };
        match self.to_the_end(work).await? {
            Some(view) => Ok(view),
            None => self
                .earlier_verification(platform, &idempotency)
                .await?
                .ok_or(EngineError::InProgress),
        }
    }

    /// One verification.
    ///
    /// # Errors
    /// When it is not there, or belongs to another platform.
    pub async fn verification(
        &self,
        platform: PlatformId,
        id: VerificationId,
    ) -> Result<VerificationView, EngineError> {
        let record = self.store().verification(platform, id).await?;
        self.verification_view(&record.ok_or(EngineError::NotFound)?).await
    }

    /// A platform's verifications, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn verifications(
        &self,
        platform: PlatformId,
        cursor: Cursor<VerificationId>,
    ) -> Result<Page<VerificationView>, EngineError> {
        let page: mingka_store::Page<kind::Verification> = mingka_store::Page {
            limit: cursor.limit,
            starting_after: cursor.starting_after,
            ending_before: cursor.ending_before,
        };
        let listed = self.store().verifications(platform, page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for record in &listed.items {
            items.push(self.verification_view(record).await?);
        }
        Ok(Page { items, has_more: listed.has_more })
    }

    async fn earlier_verification(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
    ) -> Result<Option<VerificationView>, EngineError> {
        let now = self.now();
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(view) => Ok(Some(view)),
            Earlier::Unanswered(Subject::Verification(id)) => {
                let view = self.verification(platform, id).await?;
                if view.state == VerificationState::Verifying {
                    return Err(EngineError::InProgress);
                }
                self.answer_late(platform, idempotency, view, now).await.map(Some)
            }
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }

    /// `None` when another request with the same key was quicker.
    async fn start_verification(
        &self,
        asking: Asking,
        room: Room,
    ) -> Result<Option<VerificationView>, EngineError> {
        let now = self.now();
        let channel = self.route(Operation::Verify, now)?;
        let card_index = self.index("card", asking.elements.card_number.expose());
        if self.quota_left(asking.platform, &card_index, &channel.code, now).await? == 0 {
            let window_ms = channel.profile.verification.window_ms;
            let retry_after_s = u32::try_from(window_ms / SECOND_MS).unwrap_or(u32::MAX);
            return Err(EngineError::TooMany { retry_after_s, cause: known::VERIFICATION_QUOTA });
        }
        let id: VerificationId = self.new_id(now);
        let owner = (asking.platform, Subject::Verification(id));
        let of = (None, Some(card_index));
        let attempt = self.attempt(owner, channel, Operation::Verify, of, now);
        let terms = channel.terms(self.settings());
        let step = self.attempt_step(&attempt, terms.exchange_ms, now);
        let (machine, effects) = Verification::start(attempt.id, terms, now);
        let record = VerificationRecord {
            id,
            platform: asking.platform,
            version: 1,
            product: product_name(asking.product).to_owned(),
            state: machine.name().to_owned(),
            machine: to_json(&machine)?,
            sealed: self.seal_elements(Purpose::Verification, &id.to_string(), &asking.elements),
            card_index,
            card: self.masked_card(&asking.elements),
            borrower_ref: asking.borrower_ref,
            channel: channel.code.clone(),
            created_at: now,
            updated_at: now,
        };
        let key = self.take_key(asking.platform, &asking.key, owner.1, None, now);
        let unit = Unit::new(key)
            .writes([record.insert(), attempt.insert(), step.insert()])
            .writes(asking.accepted.iter().map(|yes| yes.insert(asking.platform, owner.1, now)))
            .effects(effects);
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let request = Request::Verify { product: asking.product, elements: asking.elements };
        let heard = self.exchange(&committed, channel, &attempt, &request).await;
        drop(room);
        let event = heard.verification_event(self.dictionary());
        let key = Some(asking.key.key.as_str());
        self.conclude_verification(id, &attempt, event, Some(&heard), Some(&step), key).await?;
        self.earlier_verification(asking.platform, &asking.key).await
    }

    /// A verification whose exchange was interrupted, or whose answer was lost.
    pub(crate) async fn look_after_verification(
        &self,
        id: VerificationId,
        attempt: &AttemptRecord,
        interrupted: bool,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        if interrupted {
            let now = self.now();
            let heard = Heard::interrupted(&attempt.order.channel, Operation::Verify, now);
            let event = heard.verification_event(self.dictionary());
            return self
                .conclude_verification(id, attempt, event, Some(&heard), Some(step), None)
                .await;
        }
        if !attempt_of(attempt)?.is_open() {
            return self.finish(step).await;
        }
        let channel = self.channel(&attempt.order.channel)?;
        let request = Request::QueryState { about: Operation::Verify };
        let heard = self.inquire(channel, &attempt.order, &request).await;
        let (event, proof) = match heard.outcome {
            Outcome::Settled | Outcome::Declined(_) => {
                (heard.verification_event(self.dictionary()), Some(&heard))
            }
            _ => {
                let diagnosis = Heard::unresolved(self.dictionary());
                (VerificationEvent::StillOpen { diagnosis }, None)
            }
        };
        self.conclude_verification(id, attempt, event, proof, Some(step), None).await
    }

    async fn conclude_verification(
        &self,
        id: VerificationId,
        attempt: &AttemptRecord,
        event: VerificationEvent,
        heard: Option<&Heard>,
        step: Option<&StepRecord>,
        key: Option<&str>,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let platform = attempt.platform;
        let mut record =
            self.store().verification(platform, id).await?.ok_or(EngineError::NotFound)?;
        let (machine, effects) = machine_of(&record)?
            .apply(event, now)
            .map_err(|wrong| internal("a verification took a wrong turn", &wrong))?;
        machine.name().clone_into(&mut record.state);
        record.machine = to_json(&machine)?;
        record.updated_at = now;
        let mut unit = Unit::new(record.update()).effects(effects);
        if let Some(heard) = heard {
            unit = unit.write(answered(attempt, heard, now)?.update());
        }
        if let Some(key) = key {
            let json = to_json(&self.verification_view(&record).await?)?;
            unit = unit.write(IdempotencyRecord::answer(platform, key, &json));
        }
        if let Some(step) = step {
            let due = machine.wake_at();
            unit =
                unit.write(due.map_or_else(|| step.finish(now), |due| step.reschedule(now, due)));
        }
        match self.store().commit(unit).await {
            Ok(committed) => {
                self.announce(id, committed.effects());
                Ok(())
            }
            // Whoever has the lease now asks the bank and stores what it says.
            Err(CommitError::Stale { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn verification_view(
        &self,
        record: &VerificationRecord,
    ) -> Result<VerificationView, EngineError> {
        let machine = machine_of(record)?;
        let id = record.id.to_string();
        let elements = self.open_elements(Purpose::Verification, &id, &record.sealed)?;
        let (index, now) = (&record.card_index, self.now());
        let left = self.quota_left(record.platform, index, &record.channel, now).await?;
        Ok(VerificationView {
            id: record.id,
            state: state_of(&machine),
            product: record.product.clone(),
            card: self.card_view(&elements),
            borrower_ref: record.borrower_ref.clone(),
            channel: record.channel.clone(),
            diagnosis: machine.diagnosis().cloned(),
            quota_left: left,
            created_at: record.created_at,
            updated_at: record.updated_at,
        })
    }

    /// How many more questions about a card the channel takes in its window.
    async fn quota_left(
        &self,
        platform: PlatformId,
        card_index: &[u8; 32],
        channel: &str,
        now: Timestamp,
    ) -> Result<u32, EngineError> {
        let quota = self.channel(channel)?.profile.verification;
        let since = now.plus_ms(quota.window_ms.saturating_neg());
        let asked = self
            .store()
            .attempts_on_card_count(platform, card_index, Operation::Verify, since)
            .await?;
        let asked = u32::try_from(asked).unwrap_or(u32::MAX);
        Ok(u32::from(quota.count_max).saturating_sub(asked))
    }
}

/// A verification that may be asked.
struct Asking {
    platform: PlatformId,
    key: Idempotency,
    product: Product,
    elements: Elements,
    accepted: Vec<Accepted>,
    borrower_ref: Option<String>,
}

/// The elements that were given decide what is asked. `None` when no channel compares just these.
fn product_of(values: Values) -> Option<(Product, Elements)> {
    let Values { card_number, name, id_number, phone, .. } = values;
    let product = match (name.is_some(), id_number.is_some(), phone.is_some()) {
        (true, true, true) => Product::FourElements,
        (true, true, false) => Product::CardIdName,
        (false, true, false) => Product::CardId,
        (true, false, false) => Product::CardName,
        (false, false, true) => Product::CardPhone,
        _ => return None,
    };
    let card_number = card_number?;
    Some((product, Elements { card_number, name, id_number, reserved_phone: phone }))
}

const fn product_name(product: Product) -> &'static str {
    match product {
        Product::CardPhone => "card_phone",
        Product::CardName => "card_name",
        Product::CardId => "card_id",
        Product::CardIdName => "card_id_name",
        Product::FourElements => "four_elements",
    }
}

fn machine_of(record: &VerificationRecord) -> Result<Verification, EngineError> {
    serde_json::from_str(&record.machine)
        .map_err(|error| internal("a verification's machine cannot be read", &error))
}

fn state_of(machine: &Verification) -> VerificationState {
    match machine {
        Verification::Verifying { .. } => VerificationState::Verifying,
        Verification::Confirmed => VerificationState::Confirmed,
        Verification::Refused { .. } => VerificationState::Refused,
        Verification::Doubtful { .. } => VerificationState::Doubtful,
    }
}

fn answered(
    attempt: &AttemptRecord,
    heard: &Heard,
    now: Timestamp,
) -> Result<AttemptRecord, EngineError> {
    let after = attempt_of(attempt)?
        .hear(&heard.outcome)
        .map_err(|error| internal("a channel contradicts itself", &error))?;
    Ok(AttemptRecord {
        state: after.name().to_owned(),
        answered_at: Some(now),
        outcome: Some(to_json(&heard.outcome)?),
        code: heard.answer.as_ref().map(|answer| answer.code.as_str().to_owned()),
        ..attempt.clone()
    })
}
