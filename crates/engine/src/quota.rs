//! The platform's limits on codes, per card, phone and session. They are counted in the store, by
//! the unit that asks for the code; here is what is counted under which keyed index.

use mingka_domain::cause::{CauseCode, known};
use mingka_domain::holder::ReservedPhone;
use mingka_domain::id::{PlatformId, SessionId};
use mingka_domain::outcome::Operation;
use mingka_domain::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};
use mingka_store::{CardIndex, Quota, Statement};

use crate::core::{Engine, hex};
use crate::error::EngineError;
use crate::machine::Loaded;
use crate::seal::Index;

impl Engine {
    /// What a code to this phone, for this card and from this page, takes a place of. Every unit
    /// takes them in this order, so that no two wait for each other.
    pub(crate) fn code_quotas(
        &self,
        platform: PlatformId,
        session: Option<SessionId>,
        card: &CardIndex,
        phone: Option<&ReservedPhone>,
    ) -> Vec<Quota> {
        let settings = self.settings();
        let index = |of, clear: &str| self.tenant_index(of, platform, clear);
        let session = session.map(|id| Quota {
            name: "code.session",
            key: index(Index::QuotaOfSession, &id.to_string()),
            count_max: settings.code_sends_per_session_hour_max,
            window_ms: HOUR_MS,
        });
        let card = Quota {
            name: "code.card",
            key: index(Index::QuotaOfCard, &hex(card)),
            count_max: settings.code_sends_per_card_day_max,
            window_ms: DAY_MS,
        };
        let phone = phone.map(|phone| Quota {
            name: "code.phone",
            key: index(Index::QuotaOfPhone, phone.expose()),
            count_max: settings.code_sends_per_phone_day_max,
            window_ms: DAY_MS,
        });
        session.into_iter().chain([card]).chain(phone).collect()
    }

    /// Whether each has a place left, before anything is written: most of what is refused costs no
    /// more than this look, and no other unit is held up. What decides is the unit.
    pub(crate) async fn check_code_quotas(
        &self,
        quotas: &[Quota],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for quota in quotas {
            if let Some(until) = self.store().full_until(quota, now).await? {
                return Err(too_many(until, now, known::VERIFICATION_TOO_FREQUENT));
            }
        }
        Ok(())
    }

    /// What an exchange of a binding took, given back: nothing of it was sent.
    pub(crate) fn places_given_back(
        &self,
        binding: &Loaded,
        operation: Operation,
        taken_at: Timestamp,
    ) -> Result<Vec<Statement>, EngineError> {
        if operation != Operation::SendCode {
            return Ok(Vec::new());
        }
        let record = &binding.record;
        let kept = self.kept_of(binding)?;
        let phone = kept.reserved_phone();
        let quotas = self.code_quotas(record.platform, record.session, &record.card_index, phone);
        Ok(quotas.iter().map(|quota| quota.give_back(taken_at)).collect())
    }

    /// What to say when the unit found no place. Should the window have ended just then: try again.
    pub(crate) async fn lost_place(&self, quotas: &[Quota], now: Timestamp) -> EngineError {
        self.check_code_quotas(quotas, now).await.err().unwrap_or(EngineError::Unavailable)
    }
}

/// Too often until then.
pub(crate) fn too_many(until: Timestamp, now: Timestamp, cause: CauseCode) -> EngineError {
    let wait_ms = until.since_ms(now).max(1).saturating_add(SECOND_MS - 1);
    let retry_after_s = u32::try_from(wait_ms / SECOND_MS).unwrap_or(u32::MAX);
    EngineError::TooMany { retry_after_s, cause }
}
