//! What can be asked of a bank, with its data, in words no channel owns.

use mingka_domain::card::CardNumber;
use mingka_domain::company::{CompanyName, CreditCode};
use mingka_domain::holder::{FourElements, HolderName, IdNumber, ReservedPhone};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::secret::{OneTimeCode, Secret};

/// A request to a channel.
#[derive(Debug, Clone)]
pub enum Request {
    /// Do these elements belong together?
    Verify {
        /// Which of them are compared.
        product: Product,
        /// The elements.
        elements: Elements,
    },
    /// Send a one-time code to the phone reserved at the bank.
    SendCode {
        /// The card and its holder.
        elements: Elements,
    },
    /// Open an agreement with that code. The order is the one the code was asked for with.
    OpenAgreement {
        /// The card and its holder.
        elements: Elements,
        /// The code as the borrower typed it.
        code: OneTimeCode,
    },
    /// Was the agreement of the context's order opened, and what is its number?
    QueryAgreement,
    /// End an agreement.
    CancelAgreement {
        /// The agreement's number.
        token: Secret,
    },
    /// How did the context's order end?
    QueryState {
        /// What that order was for.
        about: Operation,
        /// The amount that order was for, when it moves money: the answer must speak of the same.
        amount: Option<Fen>,
    },
    /// The channel's current encryption certificate.
    RefreshCertificate,
    /// Pay out.
    Disburse {
        /// To whom.
        payee: Payee,
        /// How much.
        amount: Fen,
        /// A number that the payee's bank is shown, such as the loan's.
        bill_number: Option<String>,
    },
    /// Send a one-time code for one collection, bound to the context's order and to the amount.
    SendPaymentCode {
        /// The agreement's number.
        token: Secret,
        /// How much will be collected.
        amount: Fen,
    },
    /// Collect from a bound card. With a code, the order and the amount are those it was sent for.
    Collect {
        /// The agreement's number.
        token: Secret,
        /// How much.
        amount: Fen,
        /// The code as the borrower typed it, where the contract asks for one.
        code: Option<OneTimeCode>,
    },
    /// Give back what was collected, whole or in part.
    Refund {
        /// The channel's own number for the collection.
        original: String,
        /// How much.
        amount: Fen,
    },
    /// Undo a settled collection on its settlement day.
    Undo {
        /// The channel's own number for the collection.
        original: String,
        /// All that was collected.
        amount: Fen,
    },
    /// Undo a collection of which nobody knows how it ended, on its settlement day. The context's
    /// order is that of the collection.
    Reverse {
        /// What would have been collected.
        amount: Fen,
    },
}

/// Who is paid.
#[derive(Debug, Clone)]
pub enum Payee {
    /// A person's card, with the name or the ID number of its holder, or both.
    Person(Elements),
    /// A company's account.
    Company(CompanyAccount),
}

/// A company's account.
#[derive(Debug, Clone)]
pub struct CompanyAccount {
    /// The account's number.
    pub account_number: Secret,
    /// The company's registered name.
    pub name: CompanyName,
    /// The company's credit code.
    pub credit_code: Option<CreditCode>,
}

impl Request {
    /// Everything in it that must not stand in the clear anywhere else.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Verify { elements, .. }
            | Self::SendCode { elements }
            | Self::Disburse { payee: Payee::Person(elements), .. } => elements.secrets(),
            Self::OpenAgreement { elements, code } => {
                let mut secrets = elements.secrets();
                secrets.push(code.expose());
                secrets
            }
            Self::CancelAgreement { token } | Self::SendPaymentCode { token, .. } => {
                vec![token.expose()]
            }
            Self::Collect { token, code, .. } => {
                [token.expose()].into_iter().chain(code.as_ref().map(OneTimeCode::expose)).collect()
            }
            Self::Disburse { payee: Payee::Company(company), .. } => {
                vec![company.account_number.expose()]
            }
            Self::QueryAgreement
            | Self::QueryState { .. }
            | Self::RefreshCertificate
            | Self::Refund { .. }
            | Self::Undo { .. }
            | Self::Reverse { .. } => Vec::new(),
        }
    }

    /// What is asked, without the data.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Verify { .. } => Operation::Verify,
            Self::SendCode { .. } => Operation::SendCode,
            Self::OpenAgreement { .. } => Operation::OpenAgreement,
            Self::QueryAgreement => Operation::QueryAgreement,
            Self::CancelAgreement { .. } => Operation::CancelAgreement,
            Self::QueryState { .. } => Operation::QueryState,
            Self::RefreshCertificate => Operation::RefreshCertificate,
            Self::Disburse { .. } => Operation::Disburse,
            Self::SendPaymentCode { .. } => Operation::SendPaymentCode,
            Self::Collect { .. } => Operation::Collect,
            Self::Refund { .. } => Operation::Refund,
            Self::Undo { .. } => Operation::Undo,
            Self::Reverse { .. } => Operation::Reverse,
        }
    }

    /// The amount it is about, where it moves money or asks about an order that does.
    #[must_use]
    pub const fn amount(&self) -> Option<Fen> {
        match self {
            Self::Disburse { amount, .. }
            | Self::SendPaymentCode { amount, .. }
            | Self::Collect { amount, .. }
            | Self::Refund { amount, .. }
            | Self::Undo { amount, .. }
            | Self::Reverse { amount } => Some(*amount),
            Self::QueryState { amount, .. } => *amount,
            Self::Verify { .. }
            | Self::SendCode { .. }
            | Self::OpenAgreement { .. }
            | Self::QueryAgreement
            | Self::CancelAgreement { .. }
            | Self::RefreshCertificate => None,
        }
    }
}

/// Which elements a verification compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Product {
    /// Card and phone.
    CardPhone,
    /// Card and name.
    CardName,
    /// Card and ID number.
    CardId,
    /// Card, ID number and name.
    CardIdName,
    /// All four.
    FourElements,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 5] =
        [Self::CardPhone, Self::CardName, Self::CardId, Self::CardIdName, Self::FourElements];

    /// Whether it compares the name.
    #[must_use]
    pub const fn needs_name(self) -> bool {
        matches!(self, Self::CardName | Self::CardIdName | Self::FourElements)
    }

    /// Whether it compares the ID number.
    #[must_use]
    pub const fn needs_id_number(self) -> bool {
        matches!(self, Self::CardId | Self::CardIdName | Self::FourElements)
    }

    /// Whether it compares the phone.
    #[must_use]
    pub const fn needs_phone(self) -> bool {
        matches!(self, Self::CardPhone | Self::FourElements)
    }
}

/// The card and what is said about its holder. The card is always there.
#[derive(Debug, Clone)]
pub struct Elements {
    /// The card.
    pub card_number: CardNumber,
    /// The holder's name.
    pub name: Option<HolderName>,
    /// The number of the holder's identity document.
    pub id_number: Option<IdNumber>,
    /// The phone reserved at the bank.
    pub reserved_phone: Option<ReservedPhone>,
}

impl Elements {
    /// All of them in the clear, the card number first.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        let Self { card_number, name, id_number, reserved_phone } = self;
        [Some(card_number.expose()), name.as_ref().map(HolderName::expose)]
            .into_iter()
            .chain([id_number.as_ref().map(IdNumber::expose)])
            .chain([reserved_phone.as_ref().map(ReservedPhone::expose)])
            .flatten()
            .collect()
    }
}

impl From<FourElements> for Elements {
    fn from(all: FourElements) -> Self {
        Self {
            card_number: all.card_number,
            name: Some(all.name),
            id_number: Some(all.id_number),
            reserved_phone: Some(all.reserved_phone),
        }
    }
}
