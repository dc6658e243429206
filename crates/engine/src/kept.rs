//! What is kept, sealed, of whom money moves to or from: a person's card with its holder, with or
//! without the card's number, or a company's account. A house that may hold no card numbers forgets
//! each one as soon as its binding or its question has come to its end.

use mingka_channels::{CompanyAccount, Elements, Payee};
use mingka_crypto::keyring::KeyRing;
use mingka_domain::card::{CardKind, CardNumber};
use mingka_domain::company::{CompanyName, CreditCode};
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::secret::Secret;
use mingka_store::{MaskedCard, SealedKind, SealedRecord, Statement, Unit};
use zeroize::Zeroizing;

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::machine::Changed;
use crate::seal::{Index, Purpose, RESEAL_PAGE};
use crate::view::CardView;

/// The first line of a company's account; a card's begins with digits or is empty.
const COMPANY: &str = "company";

/// What is kept of a payer or payee.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    /// A person's card.
    Person(Holder),
    /// A company's account.
    Company(CompanyAccount),
}

/// A person's card. Its number may have been forgotten.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) card_number: Option<CardNumber>,
    pub(crate) name: Option<HolderName>,
    pub(crate) id_number: Option<IdNumber>,
    pub(crate) reserved_phone: Option<ReservedPhone>,
}

impl From<Elements> for Kept {
    fn from(elements: Elements) -> Self {
        let Elements { card_number, name, id_number, reserved_phone } = elements;
        Self::Person(Holder { card_number: Some(card_number), name, id_number, reserved_phone })
    }
}

impl Kept {
    /// The card with its number; `None` for a company, and where the number was forgotten.
    pub(crate) fn elements(self) -> Option<Elements> {
        match self {
            Self::Person(Holder {
                card_number: Some(card_number),
                name,
                id_number,
                reserved_phone,
            }) => Some(Elements { card_number, name, id_number, reserved_phone }),
            _ => None,
        }
    }

    /// Whom a bank can be told to pay.
    pub(crate) fn payee(self) -> Option<Payee> {
        match self {
            Self::Company(account) => Some(Payee::Company(account)),
            person @ Self::Person(_) => person.elements().map(Payee::Person),
        }
    }

    /// The reserved phone, where one is known.
    pub(crate) fn reserved_phone(&self) -> Option<&ReservedPhone> {
        match self {
            Self::Person(holder) => holder.reserved_phone.as_ref(),
            Self::Company(_) => None,
        }
    }

    /// Everything in the clear; `None` where the number was forgotten: then nobody can tell where
    /// else it stands.
    pub(crate) fn secrets(&self) -> Option<Vec<&str>> {
        match self {
            Self::Person(Holder { card_number, name, id_number, reserved_phone }) => {
                let card_number = card_number.as_ref()?.expose();
                let name = name.as_ref().map(HolderName::expose);
                let id_number = id_number.as_ref().map(IdNumber::expose);
                let phone = reserved_phone.as_ref().map(ReservedPhone::expose);
                Some([Some(card_number), name, id_number, phone].into_iter().flatten().collect())
            }
            Self::Company(account) => {
                Some(vec![account.account_number.expose(), account.name.expose()])
            }
        }
    }

    /// The same without the card's number; `None` when there is no number in it.
    fn without_number(self) -> Option<Self> {
        match self {
            Self::Person(Holder { card_number: Some(_), name, id_number, reserved_phone }) => {
                let holder = Holder { card_number: None, name, id_number, reserved_phone };
                Some(Self::Person(holder))
            }
            _ => None,
        }
    }

    /// One line a field; none of the values can hold a line break.
    pub(crate) fn lines(&self) -> Zeroizing<String> {
        match self {
            Self::Person(holder) => lines(&[
                holder.card_number.as_ref().map(CardNumber::expose),
                holder.name.as_ref().map(HolderName::expose),
                holder.id_number.as_ref().map(IdNumber::expose),
                holder.reserved_phone.as_ref().map(ReservedPhone::expose),
            ]),
            Self::Company(account) => lines(&[
                Some(COMPANY),
                Some(account.account_number.expose()),
                Some(account.name.expose()),
                account.credit_code.as_ref().map(CreditCode::expose),
            ]),
        }
    }

    /// From its lines; `None` when they are not in their form.
    pub(crate) fn read(clear: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(clear).ok()?.split('\n');
        let first = lines.next()?;
        if first == COMPANY {
            return Some(Self::Company(CompanyAccount {
                account_number: Secret::new(lines.next()?.to_owned()),
                name: CompanyName::parse(lines.next()?).ok()?,
                credit_code: optional(lines.next()?, |text| CreditCode::parse(text).ok())?,
            }));
        }
        Some(Self::Person(Holder {
            card_number: optional(first, |text| CardNumber::parse(text).ok())?,
            name: optional(lines.next()?, |text| HolderName::parse(text).ok())?,
            id_number: optional(lines.next()?, |text| IdNumber::parse(text).ok())?,
            reserved_phone: optional(lines.next()?, |text| ReservedPhone::parse(text).ok())?,
        }))
    }
}

/// One line a field; none of the values can hold a line break.
pub(crate) fn lines(fields: &[Option<&str>]) -> Zeroizing<String> {
    // Long enough for every field: a text that grows leaves its clear beginning behind.
    let mut clear = Zeroizing::new(String::with_capacity(1_024));
    for field in fields {
        clear.push_str(field.unwrap_or_default());
        clear.push('\n');
    }
    clear
}

/// An empty line is an element that was not given; a line that does not parse is damage.
pub(crate) fn optional<T>(line: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if line.is_empty() { Some(None) } else { parse(line).map(Some) }
}

impl Engine {
    pub(crate) fn seal_kept(&self, purpose: Purpose, record: &str, kept: &Kept) -> Vec<u8> {
        self.seal(purpose, record, kept.lines().as_bytes())
    }

    pub(crate) fn open_kept(
        &self,
        purpose: Purpose,
        record: &str,
        sealed: &[u8],
    ) -> Result<Kept, EngineError> {
        let clear = self.open(purpose, record, sealed)?;
        Kept::read(&clear).ok_or_else(|| internal("a sealed value is not in its form", &record))
    }

    /// What is kept of what came to its end: without the card's number where the house keeps none.
    pub(crate) fn to_keep(&self, kept: Kept) -> Kept {
        if self.settings().keep_card_numbers {
            return kept;
        }
        kept.clone().without_number().unwrap_or(kept)
    }

    /// The write that forgets the card number of a binding that comes to its end, where the house
    /// keeps none.
    pub(crate) fn forgetting(&self, changed: &Changed) -> Result<Option<Statement>, EngineError> {
        if self.settings().keep_card_numbers || !changed.machine.is_settled() {
            return Ok(None);
        }
        let (id, sealed) = (changed.record.id.to_string(), changed.record.sealed.clone());
        self.forgetting_in(SealedRecord { kind: SealedKind::Binding, id, sealed })
    }

    /// The write that forgets the card number in a sealed value; `None` when there is none in it.
    pub(crate) fn forgetting_in(
        &self,
        record: SealedRecord,
    ) -> Result<Option<Statement>, EngineError> {
        let purpose = Purpose::of(record.kind);
        let kept = self.open_kept(purpose, &record.id, &record.sealed)?.without_number();
        let sealed = kept.map(|kept| self.seal_kept(purpose, &record.id, &kept));
        Ok(sealed.map(|sealed| record.reseal(&sealed)))
    }

    /// Forgets every card number that is needed no more, where the house keeps none, and says how
    /// many there were: those from before the house was told to. It may run beside everything else.
    ///
    /// # Errors
    /// When a value does not open, or the store is away.
    pub async fn forget_card_numbers(&self) -> Result<u64, EngineError> {
        let (mut count, mut trouble) = (0_u64, Ok(()));
        if self.settings().keep_card_numbers {
            return Ok(count);
        }
        for kind in [SealedKind::Binding, SealedKind::Instrument, SealedKind::Verification] {
            let mut after = String::new();
            loop {
                let page = self.store().records_of_settled(kind, &after, RESEAL_PAGE).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for record in page {
                    // One that is damaged keeps no other.
                    let write = match self.forgetting_in(record) {
                        Ok(Some(write)) => write,
                        Ok(None) => continue,
                        Err(error) => {
                            trouble = Err(error);
                            continue;
                        }
                    };
                    // What somebody changes meanwhile is forgotten by them.
                    if self.commit_unless_changed(Unit::new(write)).await? {
                        count = count.saturating_add(1);
                    }
                }
            }
        }
        trouble.map(|()| count)
    }

    /// What may be shown of a payer or payee to the outside.
    pub(crate) fn card_view(&self, kept: &Kept, masked: &MaskedCard) -> CardView {
        let rules = self.rules();
        let mut view = CardView {
            masked: format!("**** {}", masked.last4),
            last4: masked.last4.clone(),
            kind: CardKind::ALL
                .into_iter()
                .find(|kind| masked.kind.as_deref() == Some(kind.name())),
            bank_name: masked.bank_code.as_deref().and_then(|code| rules.bins.bank_name(code)),
            bank_code: masked.bank_code.clone(),
            contact: None,
            name_masked: None,
            id_number_masked: None,
            phone_masked: None,
        };
        match kept {
            Kept::Company(account) => view.name_masked = Some(account.name.masked()),
            Kept::Person(holder) => {
                if let Some(number) = &holder.card_number {
                    let row = rules.bins.find_card(number);
                    view.masked = number.masked();
                    view.kind = row.map(|row| row.kind);
                    view.bank_code = row.map(|row| row.bank_code.to_string());
                    view.bank_name = row.map(|row| row.bank_name.to_string());
                }
                view.name_masked = holder.name.as_ref().map(HolderName::masked);
                view.id_number_masked = holder.id_number.as_ref().map(IdNumber::masked);
                view.phone_masked = holder.reserved_phone.as_ref().map(ReservedPhone::masked);
            }
        }
        view.contact = view.bank_code.as_deref().and_then(|code| rules.guides.contact(code));
        view
    }

    /// Gives agreements that are older than their index one, before a file may name them.
    pub(crate) async fn index_agreements(&self) -> Result<(), EngineError> {
        loop {
            let page = self.store().agreements_without_index(RESEAL_PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for record in page {
                let token = self.open_token(&record.id.to_string(), &record.sealed_token)?;
                let index = self.token_index(&record.channel, &record.merchant, &token);
                self.commit_unless_changed(Unit::new(record.index(&index))).await?;
            }
        }
    }

    /// The index under which an agreement is found.
    pub(crate) fn token_index(&self, channel: &str, merchant: &str, token: &Secret) -> [u8; 32] {
        token_index(&self.parts().keyring, channel, merchant, token.expose())
    }
}

/// The index under which an agreement is found.
pub(crate) fn token_index(
    keyring: &KeyRing,
    channel: &str,
    merchant: &str,
    token: &str,
) -> [u8; 32] {
    let clear = lines(&[Some(channel), Some(merchant), Some(token)]);
    keyring.blind_index(Index::Agreement.label(), clear.as_bytes())
}
