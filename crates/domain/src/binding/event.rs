//! What can happen to a binding, and why something cannot. The log of these events is the binding:
//! replayed, it yields the current state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Terms;
use crate::diagnosis::Diagnosis;
use crate::id::{AttemptId, InstrumentId};
use crate::time::Timestamp;

/// Something that happened to a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was opened. Always the first event, and only the first.
    Opened {
        /// The terms it runs under.
        terms: Terms,
    },
    /// It was agreed elsewhere, or is an account that needs no bank's word: its platform stated it.
    /// In place of `Opened`, and only the first.
    Stated {
        /// What is bound from now on.
        instrument: InstrumentId,
        /// Lowercase hexadecimal SHA-256 of the mandate the borrower accepted, where money may be
        /// collected. The platform keeps the text.
        mandate_sha256: Option<String>,
        /// When the borrower accepted it.
        accepted_at: Option<Timestamp>,
    },
    /// What no bank has an agreement about was taken back by its platform.
    Withdrawn,
    /// Something about a request for a code.
    Code {
        /// The request.
        attempt: AttemptId,
        /// What.
        what: CodeEvent,
    },
    /// Something about a confirmation.
    Confirm {
        /// The confirmation.
        attempt: AttemptId,
        /// What.
        what: ConfirmEvent,
    },
    /// The deadline of a doubt passed without proof.
    DoubtStayed {
        /// What the borrower is told: the truth, that nobody knows.
        diagnosis: Diagnosis,
    },
    /// The time for the whole binding is over.
    TimeOver,
    /// The borrower or the platform ended it.
    CancelRequested,
    /// Something about ending the agreement.
    Unbind {
        /// The request that ends it.
        attempt: AttemptId,
        /// What.
        what: UnbindEvent,
    },
    /// Something about an agreement that turned up after its confirmation had been given up. It is
    /// kept while the borrower still waits for one, and ended at the bank once somebody was told
    /// that there is none.
    Stray {
        /// The confirmation that had been given up.
        attempt: AttemptId,
        /// What.
        what: StrayEvent,
    },
}

/// What can happen to a request for a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum CodeEvent {
    /// It is persisted and goes out.
    Requested,
    /// The bank says that it sent the code.
    Sent,
    /// Nobody knows whether it did.
    Unconfirmed {
        /// What is known.
        diagnosis: Diagnosis,
    },
    /// It certainly did not, and asking again may help.
    NotSent {
        /// Why.
        diagnosis: Diagnosis,
        /// How long to wait before asking again.
        wait_ms: i64,
    },
    /// It refused, and asking again with this entry does not help.
    Refused {
        /// Why.
        diagnosis: Diagnosis,
    },
}

/// What can happen to a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ConfirmEvent {
    /// It is persisted and goes out.
    Entered,
    /// The agreement is open.
    Agreed {
        /// The bound card.
        instrument: InstrumentId,
    },
    /// The bank says that the code is wrong.
    CodeWrong {
        /// Why, for as long as another try is possible.
        diagnosis: Diagnosis,
        /// What is said when it was the last try.
        too_many: Diagnosis,
    },
    /// The bank says that the code is over; another one may be asked for.
    CodeOver {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// It certainly never left; the same code may be entered again.
    NotSent {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// The bank finally refused.
    Refused {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// Nobody knows.
    Doubted {
        /// What is known.
        diagnosis: Diagnosis,
    },
    /// The bank was asked and nothing was proven.
    StillOpen,
    /// The bank was asked and knows of nothing. Proof only after its settling window.
    NotFound {
        /// What is said once it is proof.
        diagnosis: Diagnosis,
    },
}

/// What can happen to the ending of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum UnbindEvent {
    /// It is persisted and goes out.
    Requested {
        /// The terms of its inquiries.
        terms: Terms,
    },
    /// The agreement is ended.
    Ended,
    /// The bank finally refused to end it.
    NotEnded {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// This request certainly never left. That says nothing about an earlier one.
    NotSent {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// Nobody knows.
    Doubted,
    /// The bank was asked and nothing was proven.
    StillOpen,
    /// The request was refused, and the bank was asked and has the agreement: no earlier request
    /// ended it either.
    StillActive,
}

/// What can happen to an agreement that turned up late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum StrayEvent {
    /// It was found and is being ended.
    Found,
    /// The bank says that it is ended.
    Ended,
}

impl Event {
    /// The stable name, as in the timeline and the logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Stated { .. } => "stated",
            Self::Withdrawn => "withdrawn",
            Self::Code { what, .. } => match what {
                CodeEvent::Requested => "code.requested",
                CodeEvent::Sent => "code.sent",
                CodeEvent::Unconfirmed { .. } => "code.unconfirmed",
                CodeEvent::NotSent { .. } => "code.not_sent",
                CodeEvent::Refused { .. } => "code.refused",
            },
            Self::Confirm { what, .. } => match what {
                ConfirmEvent::Entered => "confirm.entered",
                ConfirmEvent::Agreed { .. } => "confirm.agreed",
                ConfirmEvent::CodeWrong { .. } => "confirm.code_wrong",
                ConfirmEvent::CodeOver { .. } => "confirm.code_over",
                ConfirmEvent::NotSent { .. } => "confirm.not_sent",
                ConfirmEvent::Refused { .. } => "confirm.refused",
                ConfirmEvent::Doubted { .. } => "confirm.doubted",
                ConfirmEvent::StillOpen => "confirm.still_open",
                ConfirmEvent::NotFound { .. } => "confirm.not_found",
            },
            Self::DoubtStayed { .. } => "doubt_stayed",
            Self::TimeOver => "time_over",
            Self::CancelRequested => "cancel_requested",
            Self::Unbind { what, .. } => match what {
                UnbindEvent::Requested { .. } => "unbind.requested",
                UnbindEvent::Ended => "unbind.ended",
                UnbindEvent::NotEnded { .. } => "unbind.not_ended",
                UnbindEvent::NotSent { .. } => "unbind.not_sent",
                UnbindEvent::Doubted => "unbind.doubted",
                UnbindEvent::StillOpen => "unbind.still_open",
                UnbindEvent::StillActive => "unbind.still_active",
            },
            Self::Stray { what, .. } => match what {
                StrayEvent::Found => "stray.found",
                StrayEvent::Ended => "stray.ended",
            },
        }
    }

    /// What it tells about a failure, where it tells of one.
    #[must_use]
    pub const fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::DoubtStayed { diagnosis }
            | Self::Code {
                what:
                    CodeEvent::Unconfirmed { diagnosis }
                    | CodeEvent::NotSent { diagnosis, .. }
                    | CodeEvent::Refused { diagnosis },
                ..
            }
            | Self::Confirm {
                what:
                    ConfirmEvent::CodeWrong { diagnosis, .. }
                    | ConfirmEvent::CodeOver { diagnosis }
                    | ConfirmEvent::NotSent { diagnosis }
                    | ConfirmEvent::Refused { diagnosis }
                    | ConfirmEvent::Doubted { diagnosis },
                ..
            }
            | Self::Unbind {
                what: UnbindEvent::NotEnded { diagnosis } | UnbindEvent::NotSent { diagnosis },
                ..
            } => Some(diagnosis),
            _ => None,
        }
    }
}

/// A step that is not on the table: nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTransition {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
    /// Why not.
    pub why: Why,
}

/// Why a step is not on the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The state does not know this event.
    WrongState,
    /// It is about another attempt than the one under way.
    OtherAttempt,
    /// Another exchange is under way.
    Busy,
    /// Not before this moment.
    TooEarly(Timestamp),
    /// As many as the terms allow were used.
    TooMany,
    /// The code can no longer be used; ask for another one.
    CodeOver,
    /// The time for the whole binding is over.
    TimeOver,
}

impl fmt::Display for InvalidTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a binding that is {} cannot take {}: ", self.state, self.event)?;
        match self.why {
            Why::WrongState => f.write_str("not in this state"),
            Why::OtherAttempt => f.write_str("it is about another attempt"),
            Why::Busy => f.write_str("an exchange is under way"),
            Why::TooEarly(at) => write!(f, "not before {}", at.rfc3339()),
            Why::TooMany => f.write_str("none is left"),
            Why::CodeOver => f.write_str("the code is over"),
            Why::TimeOver => f.write_str("the time is over"),
        }
    }
}

impl std::error::Error for InvalidTransition {}
