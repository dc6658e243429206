//! A card at the bank: who holds it, what state it is in per direction, what it refuses and when.

use serde::{Deserialize, Serialize};

use super::account::Terms;
use super::course::Habit;
use super::order::{Elements, Refusal};
use crate::faults::Fault;

/// A card on the bank's books. Its holder is invented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The short name it has in the books and in documents, such as `lost`.
    pub slug: String,
    /// The card number.
    pub number: String,
    /// The holder's name.
    pub name: String,
    /// The holder's ID number.
    pub id_number: String,
    /// The phone the bank knows, if it knows one.
    pub reserved_phone: Option<String>,
    /// Whether money can come in.
    pub receiving: CardState,
    /// Whether money can go out.
    pub paying: CardState,
    /// In which state it is once money is concerned, where that is another: an account can be
    /// frozen after its card was bound.
    pub later: Option<Directions>,
    /// What its account holds and allows.
    pub terms: Terms,
    /// How its bank treats orders about it.
    pub habit: Option<Habit>,
    /// A reason of its own to refuse, and when.
    pub hurdle: Option<Hurdle>,
    /// Whether messages to its phone arrive.
    pub sms_arrives: bool,
    /// Its own daily limit of verifications.
    pub verifications_per_day: Option<usize>,
    /// What goes wrong on the wire whenever it is used.
    pub trouble: Option<Trouble>,
}

/// What goes wrong on the wire whenever a card is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Trouble {
    /// Only in this operation; none means in every one.
    pub on: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The state of a card in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directions {
    /// Whether money can come in.
    pub receiving: CardState,
    /// Whether money can go out.
    pub paying: CardState,
}

/// The state of a card in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// Nothing stands against it.
    #[default]
    Normal,
    /// Reported lost by its holder.
    Lost,
    /// Reported stolen: to be kept by whoever sees it.
    Stolen,
    /// Frozen by the bank.
    Frozen,
    /// Frozen by a court or an authority.
    CourtFrozen,
    /// The account is closed.
    Closed,
    /// Not used for years and put to sleep.
    Dormant,
    /// Never taken into use.
    NotActivated,
    /// Swallowed by a machine.
    Captured,
    /// Past its date.
    Expired,
    /// Locked after too many wrong PINs.
    PinLocked,
    /// Limited away from the counter.
    Restricted,
    /// Something else the bank does not name.
    Abnormal,
}

/// In which conversation a card is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A verification.
    Verify,
    /// Sending a code.
    SendCode,
    /// Opening an agreement.
    Open,
    /// Closing an agreement.
    Close,
    /// Paying out to the card.
    Disburse,
    /// Sending a code for one payment.
    SendPaymentCode,
    /// Taking a payment from the card.
    Collect,
    /// Refunding a payment.
    Refund,
    /// Undoing a payment on its day.
    Undo,
    /// Reversing a payment whose result is not known.
    Reverse,
}

/// A reason to refuse from a certain stage on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hurdle {
    /// The first stage of a binding that meets it; the closing and what moves money meet only their
    /// own. A verification meets it always, unless it stands only before the opening or later.
    pub stage: Stage,
    /// The reason.
    pub refusal: Refusal,
}

impl Card {
    /// A card in order, with the phone its holder reserved.
    #[must_use]
    pub fn normal(slug: &str, number: &str, name: &str, id_number: &str, phone: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            number: number.to_owned(),
            name: name.to_owned(),
            id_number: id_number.to_owned(),
            reserved_phone: Some(phone.to_owned()),
            receiving: CardState::Normal,
            paying: CardState::Normal,
            later: None,
            terms: Terms::default(),
            habit: None,
            hurdle: None,
            sms_arrives: true,
            verifications_per_day: None,
            trouble: None,
        }
    }

    /// The same card in this state both ways.
    #[must_use]
    pub fn in_state(mut self, state: CardState) -> Self {
        self.receiving = state;
        self.paying = state;
        self
    }

    /// Why this card refuses at this stage, whatever is said about its holder.
    ///
    /// An agreement is for paying, so the paying direction decides it; a verification only asks
    /// whether the account lives, so one open direction is enough.
    #[must_use]
    pub fn refuses(&self, stage: Stage) -> Option<Refusal> {
        let now = Directions { receiving: self.receiving, paying: self.paying };
        let later = self.later.unwrap_or(now);
        let by_state = match stage {
            Stage::Verify if self.receiving == CardState::Normal => None,
            Stage::Verify | Stage::SendCode | Stage::Open => now.refuses_paying(),
            Stage::SendPaymentCode | Stage::Collect => later.refuses_paying(),
            // Money that comes back comes in.
            Stage::Disburse | Stage::Refund | Stage::Undo => later.refuses_receiving(),
            Stage::Close | Stage::Reverse => None,
        };
        let by_hurdle = self.hurdle.filter(|hurdle| match stage {
            Stage::Verify => hurdle.stage <= Stage::SendCode,
            Stage::SendCode | Stage::Open => hurdle.stage <= stage && hurdle.stage != Stage::Verify,
            own => hurdle.stage == own,
        });
        by_state.or_else(|| by_hurdle.map(|hurdle| hurdle.refusal))
    }

    /// Whether what is said about the holder is wrong. A bank does not say which element.
    #[must_use]
    pub fn mismatch(&self, elements: &Elements) -> Option<Refusal> {
        if elements.phone.is_some() && self.reserved_phone.is_none() {
            return Some(Refusal::NoReservedPhone);
        }
        let differs = |said: &Option<String>, known: &str| {
            said.as_ref().is_some_and(|said| !said.eq_ignore_ascii_case(known))
        };
        let wrong = differs(&elements.name, &self.name)
            || differs(&elements.id_number, &self.id_number)
            || differs(&elements.phone, self.reserved_phone.as_deref().unwrap_or_default());
        wrong.then_some(Refusal::MismatchOneOf)
    }
}

impl Directions {
    fn refuses_paying(self) -> Option<Refusal> {
        match self.paying {
            CardState::Frozen if self.receiving == CardState::Normal => Some(Refusal::ReceiveOnly),
            state => state.refusal(),
        }
    }

    /// A lost or expired card is still an account that money can come to, at most banks; here it is
    /// not: whoever reported it lost should not be paid there.
    fn refuses_receiving(self) -> Option<Refusal> {
        match self.receiving {
            CardState::Frozen if self.paying == CardState::Normal => Some(Refusal::PayOnly),
            state => state.refusal(),
        }
    }
}

impl CardState {
    const fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::Normal => return None,
            Self::Frozen => Refusal::Frozen,
            Self::Lost => Refusal::Lost,
            Self::Stolen => Refusal::Stolen,
            Self::CourtFrozen => Refusal::CourtFrozen,
            Self::Closed => Refusal::Closed,
            Self::Dormant => Refusal::Dormant,
            Self::NotActivated => Refusal::NotActivated,
            Self::Captured => Refusal::Captured,
            Self::Expired => Refusal::CardExpired,
            Self::PinLocked => Refusal::PinLocked,
            Self::Restricted => Refusal::Restricted,
            Self::Abnormal => Refusal::StateAbnormal,
        })
    }
}
