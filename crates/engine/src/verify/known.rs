//! What need not be asked: an answer a bank gave within the quota's window about exactly the same
//! elements. And what may be: the quota is the channel's for a card, whichever platform asks.

use mingka_channels::Elements;
use mingka_domain::attempt::Attempt;
use mingka_domain::cause::known;
use mingka_domain::diagnosis::Retry;
use mingka_domain::effect::Subject;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::id::VerificationId;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use mingka_domain::verification::Verification;
use mingka_store::{CardIndex, CardQuota, Unit, VerificationRecord};
use zeroize::Zeroizing;

use super::ask::Asking;
use super::{event_of, machine_of};
use crate::channel::Channel;
use crate::conclude::attempt_of;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::{lost_key, to_json};
use crate::quota::too_many;
use crate::seal::Index;
use crate::view::VerificationView;

/// What is known about a question that was asked before.
pub(super) enum Known {
    /// The bank has answered it.
    Answered(Verification),
    /// It is on its way, or in doubt and being inquired about.
    Open,
}

impl Engine {
    /// The answer to a question that was asked before; `None` when it has to be asked again,
    /// because it never reached the bank, was given up, or was refused only for the time being.
    pub(super) async fn answer_of(
        &self,
        same: &VerificationRecord,
    ) -> Result<Option<Known>, EngineError> {
        let machine = machine_of(same)?;
        let retry = match &machine {
            Verification::Confirmed => return Ok(Some(Known::Answered(machine))),
            Verification::Verifying { .. } | Verification::Doubtful { .. } => {
                return Ok(Some(Known::Open));
            }
            Verification::Unresolved { .. } => return Ok(None),
            Verification::Refused { diagnosis } => diagnosis.retry,
        };
        if !matches!(retry, Retry::Never | Retry::AfterCorrection) {
            return Ok(None);
        }
        for attempt in self.store().attempts(same.platform, Subject::Verification(same.id)).await? {
            if matches!(attempt_of(&attempt)?, Attempt::Declined(_)) {
                return Ok(Some(Known::Answered(machine)));
            }
        }
        Ok(None)
    }

    /// Answers without the bank. A question that is still open is the same verification; an answer
    /// becomes a verification of its own, with its own consents, that says where it is from.
    pub(super) async fn answer_from_record(
        &self,
        asking: Asking,
        same: VerificationRecord,
        known: Known,
        now: Timestamp,
    ) -> Result<Option<VerificationView>, EngineError> {
        let platform = asking.platform;
        let (record, new) = match known {
            Known::Open => (same, false),
            Known::Answered(machine) => {
                let id: VerificationId = self.new_id(now);
                let fresh = self.new_record(id, &asking, &same.channel, &machine, now)?;
                (VerificationRecord { answered_from: Some(same.id), ..fresh }, true)
            }
        };
        let subject = Subject::Verification(record.id);
        let view = self.verification_view(&record).await?;
        let key = self.take_key(platform, &asking.key, subject, Some(to_json(&view)?), now);
        let mut unit = Unit::new(key);
        if new {
            let consents = asking.accepted.iter().flat_map(|yes| yes.keep(platform, subject, now));
            unit = unit.writes([record.insert(), event_of(&record).insert()]).writes(consents);
        }
        match self.store().commit(unit).await {
            Ok(_) => Ok(Some(view)),
            Err(error) if lost_key(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The latest question about exactly these elements within the quota's window.
    pub(super) async fn asked_before(
        &self,
        asking: &Asking,
        channel: &Channel,
        now: Timestamp,
    ) -> Result<Option<VerificationRecord>, EngineError> {
        let index = self.elements_index(&asking.elements);
        let since = now.plus_ms(channel.profile.verification.window_ms.saturating_neg());
        Ok(self.store().verification_of_elements(asking.platform, &index, since).await?)
    }

    /// How many questions about the card this one may be one of. The last are kept for the
    /// borrower's own corrections: asking the same again does not get them.
    pub(super) async fn check_quota(
        &self,
        channel: &Channel,
        elements: &Elements,
        asked_before: bool,
        now: Timestamp,
    ) -> Result<u32, EngineError> {
        let quota = channel.profile.verification;
        let kept = if asked_before { quota.kept_for_corrections } else { 0 };
        let places = quota.count_max.saturating_sub(kept);
        let card_index = self.card_index(&elements.card_number);
        let asked = self.store().asked_about_card(&card_quota(channel, card_index, now)).await?;
        if asked.len() < usize::from(places) {
            return Ok(u32::from(places));
        }
        // A place is free once the question that has it is older than the window.
        let oldest = usize::from(places).checked_sub(1).and_then(|place| asked.get(place));
        let until = oldest.unwrap_or(&now).plus_ms(quota.window_ms.saturating_add(1));
        Err(too_many(until, now, known::VERIFICATION_QUOTA))
    }

    /// How many more questions about a card the channel takes in its window: none, once it is not
    /// configured any more.
    pub(super) async fn quota_left(
        &self,
        card_index: CardIndex,
        channel: &str,
        now: Timestamp,
    ) -> Result<u32, EngineError> {
        let Some(channel) = self.channel_named(channel) else { return Ok(0) };
        let asked = self.store().asked_about_card(&card_quota(channel, card_index, now)).await?;
        let asked = u32::try_from(asked.len()).unwrap_or(u32::MAX);
        Ok(u32::from(channel.profile.verification.count_max).saturating_sub(asked))
    }

    /// The keyed index of all elements together, and of which of them were given.
    pub(super) fn elements_index(&self, elements: &Elements) -> [u8; 32] {
        let Elements { card_number, name, id_number, reserved_phone } = elements;
        // None of the parsed values can hold a line break.
        let mut clear = Zeroizing::new(String::with_capacity(256));
        for part in [
            card_number.expose(),
            name.as_ref().map_or("", HolderName::expose),
            id_number.as_ref().map_or("", IdNumber::expose),
            reserved_phone.as_ref().map_or("", ReservedPhone::expose),
        ] {
            clear.push_str(part);
            clear.push('\n');
        }
        self.index(Index::Elements, &clear)
    }
}

/// What is counted for a card: by the channel, in its window.
pub(super) fn card_quota(
    channel: &Channel,
    card_index: CardIndex,
    now: Timestamp,
) -> CardQuota<'_> {
    CardQuota {
        channel: &channel.code,
        card_index,
        operation: Operation::Verify,
        window_ms: channel.profile.verification.window_ms,
        now,
    }
}
