//! A payment: money that shall move at most once, whatever is lost on the way. One enum whose
//! variants hold only what is true in that state; [`Payment::apply`] is the only way from one to
//! another.
//!
//! Nothing here believes silence. While an attempt is open no other is made; a payment leaves
//! `Doubtful` only by proof, and what no proof reaches in time goes to people, not to a guess.

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;
use crate::id::{ApprovalId, AttemptId, PaymentId};
use crate::money::Fen;
use crate::statement::SettlementDay;
use crate::time::Timestamp;

mod after;
mod apply;
mod event;
mod kind;
#[cfg(test)]
mod tests;

pub use event::{Decision, Event, Heard, InvalidTransition, Why};
pub use kind::PaymentKind;

/// The terms a payment runs under, fixed when it is accepted, so that a replay needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Which way the money goes.
    pub kind: PaymentKind,
    /// How much of it.
    pub amount: Fen,
    /// No attempt is begun after this moment. With a code of its own: until when that is good.
    pub valid_until: Timestamp,
    /// Whether the borrower is there and confirms it with a code for this very amount.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_present: bool,
    /// How many attempts may be begun, those that never left excepted.
    pub attempts_max: u32,
    /// The longest an exchange may take; whoever is silent for longer was interrupted.
    pub exchange_ms: i64,
    /// How long the bank may call it "being done" before that is a doubt.
    pub pending_ms: i64,
    /// How long a bank's "not found" proves nothing; `i64::MAX` where it never does.
    pub settling_ms: i64,
    /// How many answers of "not found" it takes besides.
    pub not_found_min: u32,
    /// How long a doubt is inquired about before people look at it.
    pub doubt_ms: i64,
    /// Waits between inquiries; the last one repeats.
    pub inquiry_delays_ms: Vec<i64>,
}

/// A payment, in exactly one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Payment {
    /// It is taken on; nothing has been sent.
    Accepted(Accepted),
    /// The bank was asked to send the borrower a code for this very amount; no money is asked for
    /// before it is here.
    AwaitingCode(AwaitingCode),
    /// Nothing is under way, and this is why and until when.
    Waiting(Waiting),
    /// An attempt is under way: its answer is awaited, or the bank says that it is being done.
    InFlight(InFlight),
    /// An attempt was made and nobody knows yet what became of it.
    Doubtful(Doubtful),
    /// People must look at it. The bank is still asked.
    Review(Review),
    /// The money moved.
    Settled(Settled),
    /// The money did not move and will not, and this is why.
    Refused(Refused),
    /// The money moved and came back (退汇).
    Returned {
        /// The attempt that had moved it.
        attempt: AttemptId,
        /// Why it came back.
        diagnosis: Diagnosis,
    },
    /// The money moved, and so much of it was given back since.
    Refunded(Refunded),
    /// It was undone: it is as if it had not moved, whether it had or not.
    Reversed {
        /// The attempt that was undone.
        attempt: AttemptId,
        /// The payment that undid it.
        by: PaymentId,
    },
    /// Somebody ended it before anything was sent.
    Cancelled,
}

/// What every state before the end carries along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The terms.
    pub terms: Terms,
    /// How many attempts may have reached the bank.
    pub attempts: u32,
}

/// See [`Payment::Accepted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What is carried along.
    pub progress: Progress,
    /// Since when.
    pub since: Timestamp,
}

/// See [`Payment::AwaitingCode`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingCode {
    /// What is carried along.
    pub progress: Progress,
    /// The attempt whose order the code is bound to.
    pub order: AttemptId,
    /// Whether the bank said that it has sent the code.
    pub confirmed: bool,
}

/// See [`Payment::Waiting`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What is carried along.
    pub progress: Progress,
    /// When it is looked at next.
    pub until: Timestamp,
    /// What it waits for.
    pub why: WaitReason,
    /// What the last attempt led to, where there was one.
    pub diagnosis: Option<Diagnosis>,
}

/// What a payment waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The message never left; it will be tried again.
    NotSent,
    /// The bank refused for a reason that passes by itself.
    SoftDecline,
    /// No channel works at this hour, or each is in maintenance.
    Hours,
    /// Somebody turned a stop switch (止付).
    Stopped,
    /// The prefunded balance of the merchant account does not reach.
    Balance,
    /// A limit of the lender or the channel is used up for now.
    Limit,
}

/// See [`Payment::InFlight`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// What is carried along.
    pub progress: Progress,
    /// The attempt.
    pub attempt: AttemptId,
    /// Since when.
    pub since: Timestamp,
    /// Whether the bank said that it is being done.
    pub pending: bool,
    /// How often the bank was asked.
    pub inquiries: u32,
    /// When it is asked next, or when the silence counts as an interruption.
    pub inquire_at: Timestamp,
}

/// See [`Payment::Doubtful`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubtful {
    /// What is carried along.
    pub progress: Progress,
    /// The attempt.
    pub attempt: AttemptId,
    /// When the attempt was made.
    pub since: Timestamp,
    /// When people look at it.
    pub deadline: Timestamp,
    /// How often the bank was asked.
    pub inquiries: u32,
    /// How often it said that it knows of nothing.
    pub not_found: u32,
    /// When it is asked next.
    pub inquire_at: Timestamp,
    /// What is known about the doubt.
    pub diagnosis: Diagnosis,
}

/// See [`Payment::Review`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What is carried along.
    pub progress: Progress,
    /// The attempt.
    pub attempt: AttemptId,
    /// When the attempt was made.
    pub since: Timestamp,
    /// Why people must look.
    pub why: ReviewReason,
    /// How often the bank was asked.
    pub inquiries: u32,
    /// When it is asked next: slowly, and until a proof is there.
    pub inquire_at: Timestamp,
    /// What is known.
    pub diagnosis: Diagnosis,
}

/// Why people must look at a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// Nothing was proven in time.
    Unproven,
    /// The channel suspects a duplicate and asks for confirmation: a machine never gives it.
    SuspectedDuplicate,
    /// It was refused, and then it turned out that the money had moved.
    SettledAfterRefusal,
}

/// See [`Payment::Settled`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The attempt that moved the money.
    pub attempt: AttemptId,
    /// How much moved.
    pub amount: Fen,
    /// What proves it.
    pub proof: Proof,
    /// When it was known.
    pub at: Timestamp,
}

/// See [`Payment::Refunded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// What had moved, and what proves it.
    pub settled: Settled,
    /// How much of it was given back.
    pub sum: Fen,
}

/// See [`Payment::Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was carried along.
    pub progress: Progress,
    /// The attempt that ended it, where there was one.
    pub attempt: Option<AttemptId>,
    /// Why, who must act and what next.
    pub diagnosis: Diagnosis,
    /// Since when it is held: two persons said so, and until two statements agree no other payment
    /// may take its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
}

/// What proves how a payment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The channel's final answer to an inquiry.
    Inquiry,
    /// The direct answer to the request: it can only decline, before anything was begun.
    Answer,
    /// The statement of a settlement day.
    Statement(SettlementDay),
    /// The absence from an order's own and the next settlement day's complete statements.
    Absence(SettlementDay),
    /// Two persons, with evidence.
    Persons(ApprovalId),
    /// The message cannot be written in the channel's form, so it never left and never will.
    NeverSent,
}

impl Payment {
    /// The stable name of the state, as in records, the API and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::AwaitingCode(_) => "awaiting_code",
            Self::Waiting(_) => "waiting",
            Self::InFlight(_) => "in_flight",
            Self::Doubtful(_) => "doubtful",
            Self::Review(_) => "review",
            Self::Settled(_) => "settled",
            Self::Refused(_) => "refused",
            Self::Returned { .. } => "returned",
            Self::Refunded(_) => "refunded",
            Self::Reversed { .. } => "reversed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing is under way and nothing will be begun.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(
            self,
            Self::Settled(_)
                | Self::Refused(_)
                | Self::Returned { .. }
                | Self::Refunded(_)
                | Self::Reversed { .. }
                | Self::Cancelled
        )
    }

    /// Whether it keeps another payment for the same loan and purpose, or the same due item, out: a
    /// disbursement as long as its money moved or may still move, everything else as long as it may
    /// still move (an item may be paid, and given back, in parts).
    #[must_use]
    pub const fn keeps_others_out(&self, kind: PaymentKind) -> bool {
        match (self, kind) {
            (Self::Refused(refused), _) => refused.held_since.is_some(),
            (Self::Returned { .. } | Self::Cancelled, _) => false,
            (_, PaymentKind::Disbursement) => true,
            _ => !self.is_ended(),
        }
    }

    /// How much moved and was not given back, and the attempt that moved it.
    #[must_use]
    pub fn kept(&self) -> Option<(AttemptId, Fen)> {
        match self {
            Self::Settled(settled) => Some((settled.attempt, settled.amount)),
            Self::Refunded(refunded) => {
                let left = refunded.settled.amount.minus(refunded.sum)?;
                Some((refunded.settled.attempt, left))
            }
            _ => None,
        }
    }

    /// When somebody must look at this payment even if nothing is heard.
    #[must_use]
    pub const fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Accepted(accepted) => Some(accepted.since),
            Self::AwaitingCode(awaiting) => Some(awaiting.progress.terms.valid_until),
            Self::Waiting(waiting) => Some(waiting.until),
            Self::InFlight(flying) => Some(flying.inquire_at),
            Self::Doubtful(doubtful) => Some(doubtful.inquire_at),
            Self::Review(review) => Some(review.inquire_at),
            _ => None,
        }
    }

    /// The attempt whose result is not known.
    #[must_use]
    pub const fn open_attempt(&self) -> Option<AttemptId> {
        match self {
            Self::InFlight(flying) => Some(flying.attempt),
            Self::Doubtful(doubtful) => Some(doubtful.attempt),
            Self::Review(review) => Some(review.attempt),
            _ => None,
        }
    }

    /// Why it is where it is, where there is something to explain.
    #[must_use]
    pub const fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::Waiting(waiting) => waiting.diagnosis.as_ref(),
            Self::Doubtful(Doubtful { diagnosis, .. })
            | Self::Review(Review { diagnosis, .. })
            | Self::Refused(Refused { diagnosis, .. })
            | Self::Returned { diagnosis, .. } => Some(diagnosis),
            _ => None,
        }
    }
}

impl Terms {
    /// The wait before the inquiry that follows `inquiries` earlier ones. Inquiries thin out and
    /// never stop.
    #[must_use]
    pub fn inquiry_delay_ms(&self, inquiries: u32) -> i64 {
        let index = usize::try_from(inquiries).unwrap_or(usize::MAX);
        let delay = self.inquiry_delays_ms.get(index).or(self.inquiry_delays_ms.last());
        delay.copied().unwrap_or(self.exchange_ms)
    }
}
