//! What can happen to a payment. Events are what the log keeps, so they hold ids, moments, amounts
//! and diagnoses, never anything of the borrower.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Proof, Terms, WaitReason};
use crate::diagnosis::Diagnosis;
use crate::id::{ApprovalId, AttemptId, PaymentId, PrincipalId};
use crate::money::Fen;
use crate::time::Timestamp;

/// Something that happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was taken on. The first event of every log.
    Opened {
        /// The terms it runs under.
        terms: Terms,
    },
    /// A message that asks the bank to send a code is durable, and now it leaves.
    CodeAsked {
        /// The attempt whose order the code is bound to.
        attempt: AttemptId,
    },
    /// Nothing can be begun now.
    Deferred {
        /// When it is looked at again.
        until: Timestamp,
        /// What it waits for.
        why: WaitReason,
    },
    /// An attempt is durable, and now it leaves.
    Sent {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Something was heard, or not heard, about an attempt.
    Heard {
        /// The attempt.
        attempt: AttemptId,
        /// What.
        what: Heard,
    },
    /// Two persons said what became of an attempt.
    Decided {
        /// The attempt.
        attempt: AttemptId,
        /// Who, and by what evidence.
        decision: Decision,
        /// Whether the money moved.
        moved: bool,
        /// Said where it did not.
        diagnosis: Diagnosis,
    },
    /// A statement knows of an attempt that the books have lost, as after a restore.
    Found {
        /// The attempt.
        attempt: AttemptId,
        /// What proves that the money moved.
        proof: Proof,
        /// How much.
        amount: Fen,
    },
    /// What it took was given back.
    GivenBack {
        /// The payment that did.
        by: PaymentId,
        /// How much; `None` when it was undone, whether it had moved or not.
        amount: Option<Fen>,
        /// The attempt that had taken it, or might have.
        attempt: AttemptId,
    },
    /// It was ended before anything was sent.
    Cancelled,
    /// Its time was over before anything was sent.
    Lapsed {
        /// Said to whoever waits.
        diagnosis: Diagnosis,
    },
}

/// Who decided what no proof had reached, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The approval.
    pub approval: ApprovalId,
    /// Who proposed it.
    pub proposed_by: PrincipalId,
    /// Who approved: somebody else.
    pub approved_by: PrincipalId,
    /// Lowercase hexadecimal SHA-256 of the evidence as it was put down.
    pub evidence_sha256: String,
}

/// What was heard about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Heard {
    /// The bank has sent the code.
    CodeSent,
    /// The bank will send no code, or the message certainly never left.
    CodeRefused {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// The money moved.
    Settled {
        /// What proves it.
        proof: Proof,
        /// How much moved.
        amount: Fen,
    },
    /// It finally did not move.
    Declined {
        /// What proves it.
        proof: Proof,
        /// Why.
        diagnosis: Diagnosis,
        /// When another attempt makes sense; `None` when none does.
        again_at: Option<Timestamp>,
    },
    /// The message certainly never left.
    NotSent {
        /// Why.
        diagnosis: Diagnosis,
        /// When it is tried again.
        again_at: Timestamp,
    },
    /// The bank says that it is being done.
    Pending {
        /// What is said meanwhile.
        diagnosis: Diagnosis,
    },
    /// Nobody knows what became of it.
    Unknown {
        /// What is known about the doubt.
        diagnosis: Diagnosis,
    },
    /// An inquiry proved nothing.
    StillOpen {
        /// What is known by now.
        diagnosis: Diagnosis,
    },
    /// The bank knows of no such order.
    NotFound {
        /// Said when that becomes final.
        diagnosis: Diagnosis,
    },
    /// The channel took it for a duplicate and wants a confirmation.
    SuspectedDuplicate {
        /// What is known.
        diagnosis: Diagnosis,
    },
    /// The money that had moved came back.
    Returned {
        /// Why.
        diagnosis: Diagnosis,
    },
}

impl Event {
    /// The stable name, as in records and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::CodeAsked { .. } => "code_asked",
            Self::Deferred { .. } => "deferred",
            Self::Sent { .. } => "sent",
            Self::Heard { what, .. } => match what {
                Heard::CodeSent => "code_sent",
                Heard::CodeRefused { .. } => "code_refused",
                Heard::Settled { .. } => "settled",
                Heard::Declined { .. } => "declined",
                Heard::NotSent { .. } => "not_sent",
                Heard::Pending { .. } => "pending",
                Heard::Unknown { .. } => "unknown",
                Heard::StillOpen { .. } => "still_open",
                Heard::NotFound { .. } => "not_found",
                Heard::SuspectedDuplicate { .. } => "suspected_duplicate",
                Heard::Returned { .. } => "returned",
            },
            Self::Decided { .. } => "decided",
            Self::Found { .. } => "found",
            Self::GivenBack { amount: Some(_), .. } => "refunded",
            Self::GivenBack { amount: None, .. } => "reversed",
            Self::Cancelled => "cancelled",
            Self::Lapsed { .. } => "lapsed",
        }
    }

    /// What it tells about a failure, where it tells of one.
    #[must_use]
    pub const fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::Heard {
                what:
                    Heard::Declined { diagnosis, .. }
                    | Heard::CodeRefused { diagnosis }
                    | Heard::NotSent { diagnosis, .. }
                    | Heard::Pending { diagnosis }
                    | Heard::Unknown { diagnosis }
                    | Heard::StillOpen { diagnosis }
                    | Heard::NotFound { diagnosis }
                    | Heard::SuspectedDuplicate { diagnosis }
                    | Heard::Returned { diagnosis },
                ..
            }
            | Self::Decided { diagnosis, moved: false, .. }
            | Self::Lapsed { diagnosis } => Some(diagnosis),
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
    /// It is about another attempt than the one that is open.
    OtherAttempt,
    /// Not before this moment.
    TooEarly(Timestamp),
    /// As many attempts as the terms allow were made.
    TooMany,
    /// No attempt is begun any more.
    TimeOver,
    /// This kind of proof does not reach here.
    NotProven,
    /// More would be given back than was taken.
    TooMuch,
}

impl fmt::Display for InvalidTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a payment that is {} cannot take {}: ", self.state, self.event)?;
        match self.why {
            Why::WrongState => f.write_str("not in this state"),
            Why::OtherAttempt => f.write_str("it is about another attempt"),
            Why::TooEarly(at) => write!(f, "not before {}", at.rfc3339()),
            Why::TooMany => f.write_str("no attempt is left"),
            Why::TimeOver => f.write_str("its time is over"),
            Why::NotProven => f.write_str("that proves nothing here"),
            Why::TooMuch => f.write_str("more would be given back than was taken"),
        }
    }
}

impl std::error::Error for InvalidTransition {}
