//! The clear values of a person on their way into and out of the database: sealed for exactly one
//! row, opened only to be sent or to be masked.

use std::collections::BTreeSet;

use mingka_crypto::keyring::{KeyRing, Place};
use mingka_domain::card::CardNumber;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::id::PlatformId;
use mingka_domain::secret::Secret;
use mingka_store::{
    CardIndex, CommitError, Cursor, MaskedCard, ReadError, SealedKind, Store, Unit,
};
use zeroize::Zeroizing;

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::kept::{Kept, lines, optional, token_index};
use crate::session::Prefill;

/// How many sealed values are looked at together.
pub(crate) const RESEAL_PAGE: u32 = 100;

/// Which field a sealed value is. Together with the row's id it is where the value opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Binding,
    Instrument,
    Verification,
    AgreementToken,
    SessionPrefill,
    EndpointSecret,
}

impl Purpose {
    pub(crate) const fn of(kind: SealedKind) -> Self {
        match kind {
            SealedKind::Binding => Self::Binding,
            SealedKind::Instrument => Self::Instrument,
            SealedKind::Verification => Self::Verification,
            SealedKind::Agreement => Self::AgreementToken,
            SealedKind::Session => Self::SessionPrefill,
            SealedKind::Endpoint => Self::EndpointSecret,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Binding => "binding.elements",
            Self::Instrument => "instrument.elements",
            Self::Verification => "verification.elements",
            Self::AgreementToken => "agreement.token",
            Self::SessionPrefill => "session.prefill",
            Self::EndpointSecret => "endpoint.secret",
        }
    }
}

/// What is found again by a keyed index of it. Two things of one spelling have different indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    Card,
    Agreement,
    AgreementLine,
    Account,
    Elements,
    SessionToken,
    PaymentLink,
    QuotaOfSession,
    QuotaOfCard,
    QuotaOfPhone,
}

impl Index {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Agreement => "agreement",
            Self::AgreementLine => "agreement.line",
            Self::Account => "account",
            Self::Elements => "verification.elements",
            Self::SessionToken => "session.token",
            Self::PaymentLink => "payment.link",
            Self::QuotaOfSession => "limit.session",
            Self::QuotaOfCard => "limit.card",
            Self::QuotaOfPhone => "limit.phone",
        }
    }
}

/// The index under which everything about a card is found.
fn card_index(keyring: &KeyRing, card: &CardNumber) -> CardIndex {
    keyring.blind_index(Index::Card.label(), card.expose().as_bytes())
}

impl Engine {
    /// The keyed index of something.
    pub(crate) fn index(&self, of: Index, clear: &str) -> [u8; 32] {
        self.parts().keyring.blind_index(of.label(), clear.as_bytes())
    }

    /// A keyed index that keeps tenants apart.
    pub(crate) fn tenant_index(&self, of: Index, platform: PlatformId, clear: &str) -> [u8; 32] {
        self.index(of, &format!("{platform} {clear}"))
    }

    /// The index under which everything about a card is found.
    pub(crate) fn card_index(&self, card: &CardNumber) -> CardIndex {
        card_index(&self.parts().keyring, card)
    }

    /// Seals everything under the current key that an older one had sealed, and says how much that
    /// was. It may run beside everything else: a value that changes meanwhile is left to the next
    /// run.
    ///
    /// # Errors
    /// When a value does not open, or the store is away.
    pub async fn reseal(&self) -> Result<u64, EngineError> {
        let mut count = 0_u64;
        for kind in SealedKind::ALL {
            let purpose = Purpose::of(kind);
            let mut after = String::new();
            loop {
                let page = self.store().records_to_reseal(kind, &after, RESEAL_PAGE).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for record in page {
                    if !self.parts().keyring.needs_reseal(&record.sealed) {
                        continue;
                    }
                    let clear = self.open(purpose, &record.id, &record.sealed)?;
                    let sealed = self.seal(purpose, &record.id, &clear);
                    if self.commit_unless_changed(Unit::new(record.reseal(&sealed))).await? {
                        count = count.saturating_add(1);
                    }
                }
            }
        }
        Ok(count)
    }

    /// Whether it was committed: not when somebody changed the row meanwhile.
    pub(crate) async fn commit_unless_changed(&self, unit: Unit) -> Result<bool, EngineError> {
        match self.store().commit(unit).await {
            Ok(_) => Ok(true),
            Err(CommitError::Stale { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// `None` when nothing is known.
    pub(crate) fn seal_prefill(&self, record: &str, prefill: &Prefill) -> Option<Vec<u8>> {
        let fields = [
            prefill.name.as_ref().map(HolderName::expose),
            prefill.id_number.as_ref().map(IdNumber::expose),
            prefill.phone.as_ref().map(ReservedPhone::expose),
        ];
        let known = fields.iter().any(Option::is_some);
        known.then(|| self.seal(Purpose::SessionPrefill, record, lines(&fields).as_bytes()))
    }

    pub(crate) fn open_prefill(&self, record: &str, sealed: &[u8]) -> Result<Prefill, EngineError> {
        let clear = self.open(Purpose::SessionPrefill, record, sealed)?;
        read_prefill(&clear).ok_or_else(|| internal("a sealed prefill is not in its form", &record))
    }

    pub(crate) fn seal_token(&self, record: &str, token: &Secret) -> Vec<u8> {
        self.seal(Purpose::AgreementToken, record, token.expose().as_bytes())
    }

    pub(crate) fn open_token(&self, record: &str, sealed: &[u8]) -> Result<Secret, EngineError> {
        let clear = self.open(Purpose::AgreementToken, record, sealed)?;
        let text = std::str::from_utf8(&clear)
            .map_err(|error| internal("a sealed token is not text", &error))?;
        Ok(Secret::new(text.to_owned()))
    }

    pub(crate) fn seal(&self, purpose: Purpose, record: &str, clear: &[u8]) -> Vec<u8> {
        let place = Place { purpose: purpose.name(), record };
        let parts = self.parts();
        parts.keyring.seal(place, clear, parts.entropy.as_ref())
    }

    pub(crate) fn open(
        &self,
        purpose: Purpose,
        record: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, EngineError> {
        let place = Place { purpose: purpose.name(), record };
        self.parts()
            .keyring
            .open(place, sealed)
            .map_err(|error| internal("a sealed value does not open", &error))
    }

    /// What may be shown of a card in a record.
    pub(crate) fn masked_card(&self, card_number: &CardNumber) -> MaskedCard {
        let rules = self.rules();
        let row = rules.bins.find_card(card_number);
        MaskedCard {
            last4: card_number.last4().to_owned(),
            bank_code: row.map(|row| row.bank_code.to_string()),
            kind: row.map(|row| row.kind.name().to_owned()),
        }
    }
}

fn read_prefill(clear: &[u8]) -> Option<Prefill> {
    let mut lines = std::str::from_utf8(clear).ok()?.split('\n');
    let name = optional(lines.next()?, |text| HolderName::parse(text).ok())?;
    let id_number = optional(lines.next()?, |text| IdNumber::parse(text).ok())?;
    let phone = optional(lines.next()?, |text| ReservedPhone::parse(text).ok())?;
    Some(Prefill { name, id_number, phone })
}

/// How many values of a kind are tried before keys are believed to be the store's.
const TRIED: u32 = 3;

/// Whether these keys are those of the store: whether they open what is sealed, and give a card the
/// index it was stored under. Asked before anything is served or rotated. With another sealing key
/// the old records could not be read; with another index key no card, request or key that was used
/// before would be recognised, and the same request would act twice. A value that does not open
/// while others of its key do was damaged: it is named in the log, and keeps nobody else waiting.
///
/// # Errors
/// When nothing can be read.
pub async fn keys_fit(store: &Store, keyring: &KeyRing) -> Result<bool, ReadError> {
    let mut tried = Tried::default();
    for kind in SealedKind::ALL {
        for record in store.records_to_reseal(kind, "", TRIED).await? {
            let place = Place { purpose: Purpose::of(kind).name(), record: &record.id };
            let opens = keyring.open(place, &record.sealed).is_ok();
            tried.note(&record.sealed, &record.id, opens);
        }
    }
    for platform in store.platforms().await? {
        let bound = store.bindings(platform.id, Cursor::first(TRIED)).await?.items.into_iter();
        let bound =
            bound.map(|row| (Purpose::Binding, row.id.to_string(), row.sealed, row.card_index));
        let asked = store.verifications(platform.id, Cursor::first(TRIED)).await?.items;
        let asked = asked
            .into_iter()
            .map(|row| (Purpose::Verification, row.id.to_string(), row.sealed, row.card_index));
        for (purpose, record, sealed, stored_index) in bound.chain(asked) {
            let place = Place { purpose: purpose.name(), record: &record };
            let clear = keyring.open(place, &sealed).ok();
            let kept = clear.and_then(|clear| Kept::read(&clear));
            tried.note(&sealed, &record, kept.is_some());
            let elements = kept.and_then(Kept::elements);
            let index = elements.map(|elements| card_index(keyring, &elements.card_number));
            if index.is_some_and(|index| index != stored_index) {
                return Ok(false);
            }
        }
        // A house that keeps no card numbers still has the numbers of its agreements.
        let agreements = store.agreements_of_platform(platform.id, Cursor::first(TRIED)).await?;
        for row in agreements.items {
            let id = row.id.to_string();
            let place = Place { purpose: Purpose::AgreementToken.name(), record: &id };
            let clear = keyring.open(place, &row.sealed_token).ok();
            let token = clear.as_deref().and_then(|clear| std::str::from_utf8(clear).ok());
            let index = token.map(|token| token_index(keyring, &row.channel, &row.merchant, token));
            if let (Some(index), Some(stored)) = (index, row.token_index)
                && index != stored
            {
                return Ok(false);
            }
        }
    }
    Ok(tried.fits())
}

/// What was tried to open, by the version of the key it says it was sealed under.
#[derive(Default)]
struct Tried {
    opened: BTreeSet<Option<u32>>,
    damaged: Vec<(Option<u32>, String)>,
}

impl Tried {
    fn note(&mut self, sealed: &[u8], record: &str, opens: bool) {
        let version = KeyRing::version_of(sealed);
        if opens {
            self.opened.insert(version);
        } else {
            self.damaged.push((version, record.to_owned()));
        }
    }

    /// A key that opens nothing is not the store's.
    fn fits(&self) -> bool {
        let fits = self.damaged.iter().all(|(version, _)| self.opened.contains(version));
        if fits {
            for (_, id) in &self.damaged {
                tracing::error!(record.id = id, "a sealed value does not open: it was damaged");
            }
        }
        fits
    }
}
