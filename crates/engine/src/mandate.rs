//! What may be collected from a bound card (代扣授权): payee, purpose, cycle, the most of one
//! collection, term; beside the text that was accepted when the card was bound.

use mingka_domain::consent::ConsentKind;
use mingka_domain::effect::Subject;
use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;
use mingka_store::{CommitError, InstrumentRecord, MandateRecord, Unit};

use crate::core::Engine;
use crate::error::{EngineError, MandateError};
use crate::idempotency::{Earlier, to_json};
use crate::request::{Idempotency, NewMandate};
use crate::view::MandateView;

impl Engine {
    /// States what may be collected from a card, in place of what was stated before; nothing any
    /// more, when `new` is `None`.
    ///
    /// # Errors
    /// When there is no such card, or nobody stated anything to end.
    pub async fn state_mandate(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        instrument: InstrumentId,
        new: Option<NewMandate>,
    ) -> Result<MandateView, EngineError> {
        let now = self.now();
        match self.earlier(platform, &idempotency, now).await? {
            Earlier::None => {}
            Earlier::Answered(view) => return Ok(view),
            Earlier::Unanswered(_) => return Err(EngineError::IdempotencyMismatch),
        }
        let card = self.store().instrument(platform, instrument).await?;
        let card = card.ok_or(EngineError::NotFound)?;
        let last = self.store().mandate(platform, instrument).await?;
        let seq = last.as_ref().map_or(0, |last| last.seq).saturating_add(1);
        let record = match new {
            Some(new) => self.mandate_of(&card, new, last.as_ref(), (seq, now)).await?,
            None => {
                let last = last.ok_or(EngineError::NotFound)?;
                MandateRecord { seq, id: self.new_id(now), ended_at: Some(now), ..last }
            }
        };
        let record = MandateRecord { stated_at: now, ..record };
        let view = MandateView::from(record.clone());
        let subject: Subject = instrument.into();
        let key = self.take_key(platform, &idempotency, subject, Some(to_json(&view)?), now);
        match self.store().commit(Unit::new(key).write(record.insert())).await {
            Ok(_) => Ok(view),
            Err(CommitError::Duplicate { .. }) => Err(EngineError::InProgress),
            Err(error) => Err(error.into()),
        }
    }

    /// What may be collected from a card, as it was stated last.
    ///
    /// # Errors
    /// When there is no such card, or nobody stated anything.
    pub async fn mandate(
        &self,
        platform: PlatformId,
        instrument: InstrumentId,
    ) -> Result<MandateView, EngineError> {
        let found = self.store().mandate(platform, instrument).await?;
        found.map(MandateView::from).ok_or(EngineError::NotFound)
    }

    async fn mandate_of(
        &self,
        card: &InstrumentRecord,
        new: NewMandate,
        last: Option<&MandateRecord>,
        (seq, now): (i64, Timestamp),
    ) -> Result<MandateRecord, EngineError> {
        let consents = self.store().consents(card.platform, card.binding.into()).await?;
        let accepted = consents.into_iter().find(|one| one.kind == ConsentKind::Mandate.name());
        let accepted = accepted.map(|accepted| (accepted.sha256, accepted.accepted_at));
        // Of an agreement that was brought, the mandate it came with says what was accepted.
        let brought = last.map(|last| (last.consent_sha256.clone(), last.accepted_at));
        let (consent_sha256, accepted_at) = accepted.or(brought).ok_or(EngineError::NoAgreement)?;
        Ok(MandateRecord {
            instrument: card.id,
            seq,
            id: self.new_id(now),
            platform: card.platform,
            payee: new.payee,
            purpose: new.purpose,
            cycle: new.cycle,
            payment: new.payment,
            valid_until: new.valid_until,
            consent_sha256,
            accepted_at,
            ended_at: None,
            stated_at: now,
        })
    }
}

/// Whether a card's mandate allows to collect so much now. Where nobody stated more, the text that
/// was accepted is all there is.
pub(crate) fn check_mandate(
    mandate: Option<&MandateRecord>,
    amount: Fen,
    now: Timestamp,
) -> Result<(), EngineError> {
    let Some(mandate) = mandate else { return Ok(()) };
    let is_over = mandate.valid_until.is_some_and(|until| now >= until);
    if is_over || mandate.ended_at.is_some() {
        return Err(EngineError::Mandate(MandateError::Over));
    }
    match mandate.payment {
        Some(most) if amount > most => Err(EngineError::Mandate(MandateError::Above { most })),
        _ => Ok(()),
    }
}

impl From<MandateRecord> for MandateView {
    fn from(record: MandateRecord) -> Self {
        Self {
            id: record.id,
            instrument: record.instrument,
            payee: record.payee,
            purpose: record.purpose,
            cycle: record.cycle,
            payment: record.payment,
            valid_until: record.valid_until,
            consent_sha256: record.consent_sha256,
            accepted_at: record.accepted_at,
            ended_at: record.ended_at,
        }
    }
}
