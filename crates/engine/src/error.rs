//! What can go wrong in a use case, said so that the caller knows whose fault it is and what next.
//! What the log keeps stays in the log: nothing here carries an internal text.

use std::fmt;

use mingka_domain::approval::ApprovalError;
use mingka_domain::binding::{InvalidTransition, Why};
use mingka_domain::cause::{CauseCode, known};
use mingka_domain::consent::ConsentKind;
use mingka_domain::finding::Finding;
use mingka_domain::id::PaymentId;
use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;

use crate::hooks::Forbidden;
use crate::request::Role;

/// Why a use case did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// No such thing, or it belongs to another platform.
    NotFound,
    /// The key or token is unknown, over, or lacks the scope.
    Unauthorized,
    /// A message that claims to come from a bank does not prove it.
    Unbelieved,
    /// What was typed must be corrected first.
    Findings(Vec<Finding>),
    /// These consents were not given in their current wording.
    ConsentMissing(Vec<ConsentKind>),
    /// Not in this state.
    InvalidState {
        /// The state it is in.
        state: &'static str,
        /// The cause, for words and the next step.
        cause: CauseCode,
        /// When it becomes possible, where time is all it takes.
        possible_at: Option<Timestamp>,
    },
    /// The idempotency key was used with another body.
    IdempotencyMismatch,
    /// The first request with this key is still running.
    InProgress,
    /// Too often.
    TooMany {
        /// When to try again.
        retry_after_s: u32,
        /// The cause, for words and the next step.
        cause: CauseCode,
    },
    /// The platform has no lender of this code with a channel that can do this.
    UnknownLender,
    /// An older payment for the same loan and purpose, or the same due item, keeps this one out.
    AlreadyPaying {
        /// The older one.
        payment: PaymentId,
    },
    /// An endpoint cannot be so, or cannot be used so.
    Endpoint(EndpointError),
    /// A statement that is not taken.
    Statement(StatementError),
    /// Money cannot be given back like this.
    GiveBack(GiveBackError),
    /// One payment may not move so much, or so much is not left of the day or the month.
    OverLimit,
    /// The card's mandate does not reach.
    Mandate(MandateError),
    /// The card has no agreement over which this lender may collect.
    NoAgreement,
    /// The card's number is not kept, and nothing can be paid out without it.
    CardNumberNotKept,
    /// The number of a company's account cannot be one.
    AccountNumber,
    /// A file of agreements that is not in the documented form; nothing of it was imported.
    AgreementFile {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// A proposal is not this person's to decide, or it is over.
    Approval(ApprovalError),
    /// A proposal says no evidence, or too much.
    EvidenceWanting {
        /// The most it may have, in bytes.
        bytes_max: usize,
    },
    /// The person lacks the role.
    RoleMissing(Role),
    /// No channel can do this now.
    NoChannel,
    /// The database is busy or away.
    Unavailable,
    /// A fault of ours; the log has it under the request's id.
    Internal,
}

/// Why an endpoint is not made, changed or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointError {
    /// Its address may not be called.
    Address(Forbidden),
    /// There is no such type of event: which of those given, from 0.
    EventType {
        /// Its place in the list.
        index: usize,
    },
    /// The platform has as many as it may.
    TooMany {
        /// How many that are.
        max: usize,
    },
    /// It is disabled.
    Disabled,
}

/// Why a statement is not taken; nothing of it was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementError {
    /// It is not in the documented form, or does not hold what it says.
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// It is of no channel and merchant account of ours.
    NotOurs,
    /// Its settlement day is not over: nothing about it can be complete.
    DayNotOver,
}

/// Why a card's mandate does not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MandateError {
    /// Its term is over, or it was ended.
    Over,
    /// It allows less for one collection.
    Above {
        /// How much.
        most: Fen,
    },
}

impl fmt::Display for MandateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over => f.write_str("the card's mandate is over"),
            Self::Above { most } => {
                write!(f, "the card's mandate allows {} fen for one collection", most.get())
            }
        }
    }
}

/// Why money is not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBackError {
    /// There is nothing to give back, or not in this way.
    Nothing {
        /// The state the payment is in.
        state: &'static str,
    },
    /// More than is left of it.
    MoreThanIsLeft {
        /// How much that is.
        left: Fen,
    },
    /// Its settlement day is over: it can only be refunded.
    TooLate,
}

impl fmt::Display for GiveBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing { state } => {
                write!(f, "a payment that is {state} cannot be given back like this")
            }
            Self::MoreThanIsLeft { left } => {
                write!(f, "only {} fen are left to give back", left.get())
            }
            Self::TooLate => f.write_str("its settlement day is over: refund it instead"),
        }
    }
}

impl From<ApprovalError> for EngineError {
    fn from(error: ApprovalError) -> Self {
        Self::Approval(error)
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { line, problem } => write!(f, "line {line}: {problem}"),
            Self::NotOurs => f.write_str("it is of no channel and merchant account of ours"),
            Self::DayNotOver => f.write_str("its settlement day is not over yet"),
        }
    }
}

impl From<EndpointError> for EngineError {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => why.fmt(f),
            Self::EventType { index } => write!(f, "event type {} is not known", index + 1),
            Self::TooMany { max } => write!(f, "a platform has at most {max} endpoints in use"),
            Self::Disabled => f.write_str("the endpoint is disabled; enable it first"),
        }
    }
}

impl From<InvalidTransition> for EngineError {
    fn from(wrong: InvalidTransition) -> Self {
        let (cause, possible_at) = match wrong.why {
            Why::WrongState | Why::OtherAttempt => (cause_of_state(wrong.state), None),
            Why::Busy => (known::BINDING_CONFIRMING, None),
            Why::TooEarly(at) => (known::CODE_RESEND_TOO_EARLY, Some(at)),
            Why::TooMany => (known::CODE_TOO_MANY_SENDS, None),
            Why::CodeOver => (known::CODE_EXPIRED, None),
            Why::TimeOver => (known::BINDING_EXPIRED, None),
        };
        Self::InvalidState { state: wrong.state, cause, possible_at }
    }
}

/// Why a state that is at its end takes no more.
fn cause_of_state(state: &str) -> CauseCode {
    match state {
        "expired" => known::BINDING_EXPIRED,
        "cancelled" => known::BINDING_CANCELLED,
        "active" => known::BINDING_ALREADY_BOUND,
        "confirming" | "doubtful" | "unbinding" => known::BINDING_CONFIRMING,
        "checked" => known::CODE_NOT_ARRIVED,
        "refused" => known::BINDING_WRONG_STEP,
        _ => known::AGREEMENT_INVALID,
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such thing"),
            Self::Unauthorized => f.write_str("the key or token is not valid for this"),
            Self::Unbelieved => f.write_str("the message is not signed by the bank"),
            Self::Findings(findings) => {
                write!(f, "the entry has {} findings to correct", findings.len())
            }
            Self::ConsentMissing(kinds) => {
                write!(f, "{} consents are missing in their current wording", kinds.len())
            }
            Self::InvalidState { state, cause, .. } => {
                write!(f, "not possible while it is {state} ({cause})")
            }
            Self::IdempotencyMismatch => {
                f.write_str("the idempotency key was used with another body")
            }
            Self::InProgress => f.write_str("the first request with this key is still running"),
            Self::TooMany { retry_after_s, .. } => {
                write!(f, "too often; again in {retry_after_s} s")
            }
            Self::UnknownLender => f.write_str("no lender of this code can do this"),
            Self::AlreadyPaying { payment } => {
                write!(f, "the older payment {payment} is for the same and has not ended")
            }
            Self::Endpoint(error) => error.fmt(f),
            Self::Statement(error) => error.fmt(f),
            Self::GiveBack(error) => error.fmt(f),
            Self::Mandate(error) => error.fmt(f),
            Self::NoAgreement => {
                f.write_str("the card has no agreement over which this lender may collect")
            }
            Self::CardNumberNotKept => {
                f.write_str("the card's number is not kept, so nothing can be paid out to it")
            }
            Self::AccountNumber => f.write_str("an account number has 8 to 32 digits"),
            Self::AgreementFile { line, problem } => write!(f, "line {line}: {problem}"),
            Self::OverLimit => f.write_str("a limit is below this amount, or used up"),
            Self::Approval(error) => error.fmt(f),
            Self::EvidenceWanting { bytes_max } => {
                write!(f, "say the evidence, in at most {bytes_max} bytes")
            }
            Self::RoleMissing(role) => write!(f, "this takes the role {}", role.name()),
            Self::NoChannel => f.write_str("no channel can do this now"),
            Self::Unavailable => f.write_str("the database is busy or away; try again"),
            Self::Internal => f.write_str("a fault of ours; the log has it"),
        }
    }
}

impl std::error::Error for EngineError {}
