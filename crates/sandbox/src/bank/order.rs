//! What can be asked of a bank and what it can answer, free of any protocol.

use std::fmt;

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::card::Stage;
use super::clock::Report;
use super::course::Habit;
use super::ledger::Outcome;
use super::payment::Envelope;

/// The identity of an order: the same three are the same order, for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The merchant's number.
    pub merchant: String,
    /// The merchant's order number.
    pub order_id: String,
    /// The order's own time, as the protocol writes it.
    pub txn_time: String,
}

/// What a merchant says about a card and its holder. Absent means not asserted.
#[derive(Clone, PartialEq, Eq)]
pub struct Elements {
    /// The card number.
    pub card: String,
    /// The holder's name.
    pub name: Option<String>,
    /// The holder's ID number.
    pub id_number: Option<String>,
    /// The reserved phone.
    pub phone: Option<String>,
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elements")
            .field("name", &self.name.is_some())
            .field("id_number", &self.id_number.is_some())
            .field("phone", &self.phone.is_some())
            .finish_non_exhaustive()
    }
}

/// A question to the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Two- to four-element verification: the elements that are there are compared.
    Verify {
        /// The verification's order.
        order: OrderKey,
        /// What is to be compared.
        elements: Elements,
    },
    /// Send a one-time code for opening an agreement.
    SendCode {
        /// The opening's order.
        order: OrderKey,
        /// The card and the phone, more if the merchant sends more.
        elements: Elements,
    },
    /// Open an agreement with the code.
    Open {
        /// The opening's order.
        order: OrderKey,
        /// The card and the phone, more if the merchant sends more.
        elements: Elements,
        /// The code that was typed.
        code: String,
    },
    /// Was an agreement opened?
    QueryOpening {
        /// The opening's order.
        order: OrderKey,
    },
    /// End an agreement.
    Close {
        /// The closing's own order.
        order: OrderKey,
        /// The agreement's token.
        token: String,
    },
    /// How did an order end?
    QueryState {
        /// The order in question.
        order: OrderKey,
    },
    /// Send a one-time code for one payment.
    SendPaymentCode {
        /// The payment's order.
        order: OrderKey,
        /// The agreement's token.
        token: String,
        /// The payment's amount, in fen.
        amount_fen: i64,
    },
    /// Move money.
    Move(Movement),
    /// Undo a collection whose result is not known to its merchant.
    Reverse {
        /// The reversal's order: its own, or the collection's again.
        order: OrderKey,
        /// The collection.
        original: Original,
    },
}

/// Money that is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The order.
    pub order: OrderKey,
    /// How much, in fen.
    pub amount_fen: i64,
    /// From where to where.
    pub what: What,
}

/// From where to where money is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// From the merchant's prefunded balance to a card.
    Disburse {
        /// The card, and what is said of its holder.
        elements: Elements,
    },
    /// From a card with an agreement to the merchant.
    Collect {
        /// The agreement's token.
        token: String,
        /// The code that was sent for this payment.
        code: Option<String>,
    },
    /// Back to the card, in part or whole, for months.
    Refund {
        /// The collection.
        original: Original,
    },
    /// Back to the card, whole, on the collection's own day.
    Undo {
        /// The collection.
        original: Original,
    },
}

impl Movement {
    /// What it is.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self.what {
            What::Disburse { .. } => Stage::Disburse,
            What::Collect { .. } => Stage::Collect,
            What::Refund { .. } => Stage::Refund,
            What::Undo { .. } => Stage::Undo,
        }
    }
}

/// How an earlier order is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// By the bank's own number.
    QueryId(String),
    /// By its identity.
    Order(OrderKey),
}

/// Under which circumstances a question comes, as far as they are none of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether messages to phones arrive.
    pub sms_arrives: bool,
    /// How the bank treats the order; none leaves it to the card.
    pub habit: Option<Habit>,
    /// What the protocol wants back when the order's end is announced.
    pub envelope: Envelope,
}

impl Default for Circumstances {
    fn default() -> Self {
        Self { sms_arrives: true, habit: None, envelope: Envelope::new() }
    }
}

impl Ask {
    /// The elements, where the question holds any.
    #[must_use]
    pub fn elements(&self) -> Option<&Elements> {
        match self {
            Self::Verify { elements, .. }
            | Self::SendCode { elements, .. }
            | Self::Open { elements, .. } => Some(elements),
            Self::Move(Movement { what: What::Disburse { elements }, .. }) => Some(elements),
            Self::QueryOpening { .. }
            | Self::Close { .. }
            | Self::QueryState { .. }
            | Self::SendPaymentCode { .. }
            | Self::Move(_)
            | Self::Reverse { .. } => None,
        }
    }

    /// The order it belongs to or asks about.
    #[must_use]
    pub fn order(&self) -> &OrderKey {
        match self {
            Self::Verify { order, .. }
            | Self::SendCode { order, .. }
            | Self::Open { order, .. }
            | Self::QueryOpening { order }
            | Self::Close { order, .. }
            | Self::QueryState { order }
            | Self::SendPaymentCode { order, .. }
            | Self::Move(Movement { order, .. })
            | Self::Reverse { order, .. } => order,
        }
    }
}

/// The bank's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It did what was asked.
    Done(Done),
    /// It did not, and says why.
    Refused(Refusal),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// All elements match.
    Matched,
    /// A code is on its way.
    CodeSent,
    /// The agreement is open.
    Opened {
        /// Its token.
        token: String,
        /// Since when.
        opened_at: Timestamp,
    },
    /// The agreement is closed.
    Closed,
    /// The order was found, and this is how it ended.
    State {
        /// What kind of order it was.
        stage: Stage,
        /// How it ended.
        outcome: Outcome,
    },
    /// The order was accepted: it will be executed, or refused, later.
    Accepted {
        /// The bank's own number for it.
        query_id: String,
    },
    /// The collection is reversed.
    Reversed,
    /// The order was found; it moves money.
    Payment(Box<Report>),
}

/// Why a bank does not do what it is asked. One word for each reason a bank may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is the reason itself; the protocol's texts explain it")]
pub enum Refusal {
    CardUnknown,
    Lost,
    Stolen,
    Frozen,
    CourtFrozen,
    ReceiveOnly,
    PayOnly,
    Closed,
    Dormant,
    NotActivated,
    Captured,
    StateAbnormal,
    CardExpired,
    MismatchOneOf,
    NoReservedPhone,
    AuthenticationFailed,
    PinWrong,
    PinLocked,
    PinRequired,
    InsufficientFunds,
    ClassDayMax,
    ClassYearMax,
    ClassBalanceMax,
    NotFaceConfirmed,
    MerchantBalance,
    MerchantUnsupported,
    BusinessUnsupported,
    NotSignedAtBank,
    NeedsPinToEnable,
    NotEnabled,
    Restricted,
    NoSmsAtIssuer,
    NumberOrNotEnabled,
    RiskRefused,
    LimitExceeded,
    MonthlyLimitExceeded,
    TooOften,
    AskUnionPay,
    UseAnotherCard,
    AskIssuer,
    CodeWrong,
    CodeExpired,
    CodeVoided,
    CodeLocked,
    CodeNeverSent,
    OriginalDiffers,
    OriginalState,
    AlreadyGivenBack,
    Reversed,
    Duplicate,
    SuspectedDuplicate,
    NotFound,
    TokenInvalid,
    TokenExpired,
    OutOfHours,
    Maintenance,
    Busy,
    IssuerProcessing,
    Pending,
    MerchantState,
    NoPermission,
    SignatureWrong,
    FormatWrong,
    FieldMissing,
    General,
    NobodyKnows,
}
