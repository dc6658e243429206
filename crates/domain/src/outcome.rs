//! How a channel answers: one of five ways, and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was asked of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Two- to four-element verification.
    Verify,
    /// Have the bank send a one-time code for a binding.
    SendCode,
    /// Open an agreement (a token) with the code.
    OpenAgreement,
    /// Ask whether an agreement was opened.
    QueryAgreement,
    /// End an agreement.
    CancelAgreement,
    /// Ask for the state of an order.
    QueryState,
    /// Fetch the channel's current encryption certificate.
    RefreshCertificate,
    /// Pay money out to a card or an account (代付).
    Disburse,
    /// Have the bank send a one-time code for one payment, bound to its order and amount.
    SendPaymentCode,
    /// Take money from a bound card (消费).
    Collect,
    /// Give money back that was taken, whole or in part (退货).
    Refund,
    /// Undo a settled collection on its settlement day, whole (消费撤销).
    Undo,
    /// Undo a collection whose result is unknown, on its settlement day (冲正).
    Reverse,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Verify,
        Self::SendCode,
        Self::OpenAgreement,
        Self::QueryAgreement,
        Self::CancelAgreement,
        Self::QueryState,
        Self::RefreshCertificate,
        Self::Disburse,
        Self::SendPaymentCode,
        Self::Collect,
        Self::Refund,
        Self::Undo,
        Self::Reverse,
    ];

    /// The operation with this stable name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// Whether it moves money: then only an inquiry, a statement or two persons decide how it
    /// ended.
    #[must_use]
    pub const fn moves_money(self) -> bool {
        matches!(self, Self::Disburse | Self::Collect | Self::Refund | Self::Undo | Self::Reverse)
    }

    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::SendCode => "send_code",
            Self::OpenAgreement => "open_agreement",
            Self::QueryAgreement => "query_agreement",
            Self::CancelAgreement => "cancel_agreement",
            Self::QueryState => "query_state",
            Self::RefreshCertificate => "refresh_certificate",
            Self::Disburse => "disburse",
            Self::SendPaymentCode => "send_payment_code",
            Self::Collect => "collect",
            Self::Refund => "refund",
            Self::Undo => "undo",
            Self::Reverse => "reverse",
        }
    }
}

/// In which conversation a response code was heard. The same code means different things in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The answer to the request itself.
    Request,
    /// The answer about the original request, heard in an inquiry.
    Inquiry,
    /// A notification the channel sent by itself.
    Notification,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Request, Self::Inquiry, Self::Notification];

    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Inquiry => "inquiry",
            Self::Notification => "notification",
        }
    }
}

/// A bank's own code, exactly as it came (at most 32 characters are kept).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseCode(String);

impl ResponseCode {
    /// The longest code that is kept, in characters.
    pub const LENGTH_MAX: usize = 32;

    /// Keeps the printable ASCII of a code; everything else in it is dropped.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(raw.chars().filter(char::is_ascii_graphic).take(Self::LENGTH_MAX).collect())
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a response code proves, by operation and phase. Whatever is not listed is `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It was done.
    Settled,
    /// It was finally not done: the code is on the allow-list of final declines.
    Declined,
    /// It is being done.
    Pending,
    /// It was never started; it may be tried again.
    NotAttempted,
    /// Nothing is proven.
    Unknown,
}

/// A bank's answer in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawAnswer {
    /// Its code.
    pub code: ResponseCode,
    /// Its text, with every run of digits that could be a number of a person masked.
    pub message: Option<String>,
}

/// Why nothing is known about an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No answer within the time allowed, after the first byte left.
    TimedOut,
    /// The connection broke after the first byte left.
    ConnectionBroken,
    /// An HTTP status that is not the protocol's.
    BadStatus,
    /// The answer could not be read.
    Unreadable,
    /// The answer's signature or certificate is wrong.
    BadSignature,
    /// The answer belongs to another order.
    WrongOrder,
    /// The answer speaks of another amount than the order's.
    WrongAmount,
    /// The code is known, and proves nothing for this operation in this conversation.
    CodeProvesNothing,
    /// Nobody has said what the code means.
    UnmappedCode,
    /// This process stopped between sending and hearing.
    Restarted,
}

/// Why an attempt certainly never reached the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSent {
    /// No connection could be made.
    NoConnection,
    /// The message cannot be written in the channel's form (a name outside its character set).
    Unencodable,
    /// The channel says it did not take the request.
    ChannelRefused,
    /// The channel is stopped or in maintenance.
    ChannelStopped,
}

/// How an exchange with a channel ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Settled,
    /// Finally not done, with the bank's own code.
    Declined(RawAnswer),
    /// Being done.
    Pending(Option<RawAnswer>),
    /// Certainly not started.
    NotAttempted(NotSent, Option<RawAnswer>),
    /// Nothing is proven.
    Unknown(Doubt, Option<RawAnswer>),
}

impl Outcome {
    /// The same to be changed.
    pub fn answer_mut(&mut self) -> Option<&mut RawAnswer> {
        match self {
            Self::Settled => None,
            Self::Declined(answer) => Some(answer),
            Self::Pending(answer) | Self::NotAttempted(_, answer) | Self::Unknown(_, answer) => {
                answer.as_mut()
            }
        }
    }

    /// The bank's own words, where it said any.
    #[must_use]
    pub fn answer(&self) -> Option<&RawAnswer> {
        match self {
            Self::Settled => None,
            Self::Declined(answer) => Some(answer),
            Self::Pending(answer) | Self::NotAttempted(_, answer) | Self::Unknown(_, answer) => {
                answer.as_ref()
            }
        }
    }
}
