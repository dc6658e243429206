//! What can be asked of a bank and what it can answer, free of any protocol.

use std::fmt;

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::card::Stage;
use super::ledger::Outcome;

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
}

impl Ask {
    /// The elements, where the question holds any.
    #[must_use]
    pub fn elements(&self) -> Option<&Elements> {
        match self {
            Self::Verify { elements, .. }
            | Self::SendCode { elements, .. }
            | Self::Open { elements, .. } => Some(elements),
            Self::QueryOpening { .. } | Self::Close { .. } | Self::QueryState { .. } => None,
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
            | Self::QueryState { order } => order,
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
    Duplicate,
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
