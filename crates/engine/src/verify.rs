//! Verifications: do these elements belong together? Asked sparingly, because a channel takes only
//! a few questions about one card a day: an answer that is known is not asked for again (`known`),
//! what is asked takes its place as it becomes durable (`ask`), and what is heard becomes durable
//! as one (`conclude`).

mod ask;
mod conclude;
mod known;

use mingka_channels::{Elements, Product};
use mingka_domain::consent::ConsentKind;
use mingka_domain::effect::Subject;
use mingka_domain::id::{PlatformId, VerificationId, kind};
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::precheck::{Entry, Stage, Values};
use mingka_domain::verification::{Verification, VerificationEvent};
use mingka_store::{AttemptRecord, Cursor, EventRecord, Listed, StepRecord, VerificationRecord};

use crate::conclude::attempt_of;
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::idempotency::Earlier;
use crate::perform::Inquiry;
use crate::request::{Idempotency, NewVerification};
use crate::seal::Purpose;
use crate::view::{VerificationState, VerificationView};

use ask::Asking;
use conclude::Hearing;

impl Engine {
    /// Asks whether the elements given belong together. What a bank has answered within its quota's
    /// window about exactly these elements is answered from the record.
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
        let checked = self.precheck(&completed(&new.entry), &new.environment);
        let stopped = checked.stopped();
        let Some((product, elements)) = product_of(checked.values).filter(|_| !stopped) else {
            return Err(EngineError::Findings(checked.findings));
        };
        let needed = [ConsentKind::InformationSharing];
        let accepted = self.check_consents(platform, &needed, &new.consents).await?;
        let (engine, key) = (self.clone(), idempotency.clone());
        let borrower_ref = new.borrower_ref;
        let asking = Asking { platform, key, product, elements, accepted, borrower_ref };
        let work = async move { engine.start_verification(asking).await };
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

    /// A platform's verifications, or those of one borrower, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn verifications(
        &self,
        platform: PlatformId,
        borrower_ref: Option<&str>,
        cursor: Cursor<kind::Verification>,
    ) -> Result<Listed<VerificationView>, EngineError> {
        let listed = match borrower_ref {
            Some(whose) => self.store().verifications_of_borrower(platform, whose, cursor).await?,
            None => self.store().verifications(platform, cursor).await?,
        };
        let mut items = Vec::with_capacity(listed.items.len());
        for record in &listed.items {
            items.push(self.verification_view(record).await?);
        }
        Ok(Listed { items, has_more: listed.has_more })
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
            let heard = Some(&heard);
            let hearing = Hearing { id, attempt, event, heard, step: Some(step), key: None };
            return self.conclude_verification(&hearing).await;
        }
        if !attempt_of(attempt)?.is_open() {
            return self.finish(step).await;
        }
        let channel = self.channel(&attempt.order.channel)?;
        let inquiry = Inquiry::State { about: Operation::Verify, amount: None };
        let record = self.store().verification(attempt.platform, id).await?;
        let record = record.ok_or_else(|| internal("a verification is missing", &id))?;
        let kept = self.open_kept(Purpose::Verification, &id.to_string(), &record.sealed).ok();
        let heard = self.inquire(channel, &attempt.order, inquiry, kept.as_ref()).await;
        let (event, heard) = match heard.outcome {
            Outcome::Settled | Outcome::Declined(_) => {
                (heard.verification_event(self.dictionary()), Some(&heard))
            }
            _ => {
                let diagnosis = Heard::verification_unresolved(self.dictionary());
                (VerificationEvent::StillOpen { diagnosis }, None)
            }
        };
        let hearing = Hearing { id, attempt, event, heard, step: Some(step), key: None };
        self.conclude_verification(&hearing).await
    }

    /// A verification as it stood from one of its events on.
    pub(crate) async fn verification_at(
        &self,
        platform: PlatformId,
        id: VerificationId,
        event: &EventRecord,
    ) -> Result<VerificationView, EngineError> {
        let record = self.store().verification(platform, id).await?;
        let mut record = record.ok_or(EngineError::NotFound)?;
        record.machine.clone_from(&event.body);
        record.updated_at = event.at;
        self.verification_view(&record).await
    }

    async fn verification_view(
        &self,
        record: &VerificationRecord,
    ) -> Result<VerificationView, EngineError> {
        let machine = machine_of(record)?;
        let id = record.id.to_string();
        let kept = self.open_kept(Purpose::Verification, &id, &record.sealed)?;
        let (index, now) = (&record.card_index, self.now());
        let left = self.quota_left(*index, &record.channel, now).await?;
        Ok(VerificationView {
            id: record.id,
            state: state_of(&machine),
            product: record.product.clone(),
            card: self.card_view(&kept, &record.card),
            borrower_ref: record.borrower_ref.clone(),
            channel: record.channel.clone(),
            diagnosis: machine.diagnosis().cloned(),
            answered_from: record.answered_from,
            quota_left: left,
            created_at: record.created_at,
            updated_at: record.updated_at,
        })
    }
}

/// The entry with what is missing asked for. A card is compared with the name, with the ID number,
/// with both, with the phone, or with all three; anything else is on its way to all three, and what
/// lacks is then a finding of the precheck like any other.
fn completed<'a>(entry: &Entry<'a>) -> Entry<'a> {
    let given = (entry.name.is_some(), entry.id_number.is_some(), entry.phone.is_some());
    let entry =
        Entry { card_number: entry.card_number.or(Some("")), stage: Stage::Submitted, ..*entry };
    if product(given).is_some() {
        return entry;
    }
    Entry {
        name: entry.name.or(Some("")),
        id_number: entry.id_number.or(Some("")),
        phone: entry.phone.or(Some("")),
        ..entry
    }
}

/// What is asked when these were given: name, ID number, phone.
const fn product(given: (bool, bool, bool)) -> Option<Product> {
    Some(match given {
        (true, true, true) => Product::FourElements,
        (true, true, false) => Product::CardIdName,
        (false, true, false) => Product::CardId,
        (true, false, false) => Product::CardName,
        (false, false, true) => Product::CardPhone,
        _ => return None,
    })
}

/// The elements that were given decide what is asked. `None` when no channel compares just these.
fn product_of(values: Values) -> Option<(Product, Elements)> {
    let Values { card_number, name, id_number, phone, .. } = values;
    let product = product((name.is_some(), id_number.is_some(), phone.is_some()))?;
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

/// What the log keeps of a verification: what it has become. The row's version counts the events.
fn event_of(record: &VerificationRecord) -> EventRecord {
    EventRecord {
        subject: record.id.into(),
        seq: record.version,
        platform: record.platform,
        at: record.updated_at,
        kind: record.state.clone(),
        body: record.machine.clone(),
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
        Verification::Unresolved { .. } => VerificationState::Unresolved,
        Verification::Doubtful { .. } => VerificationState::Doubtful,
    }
}
