//! A binding: one card on its way to becoming an instrument. One enum whose variants hold only what
//! is true in that state; [`Binding::apply`] is the only way from one to another.
//!
//! Every code the bank sends has an order identity of its own (the id of the attempt that asked for
//! it); the code is confirmed under that identity. What the bank may have done is never assumed.

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;
use crate::id::{AttemptId, InstrumentId};
use crate::time::Timestamp;

mod apply;
mod event;
#[cfg(test)]
mod tests;
mod unbind;

pub use event::{CodeEvent, ConfirmEvent, Event, InvalidTransition, StrayEvent, UnbindEvent, Why};

/// A binding, in exactly one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Binding {
    /// The entry is checked and consented to; no code has been sent yet.
    Checked(Checked),
    /// The bank sent a code, or may have sent one.
    AwaitingCode(AwaitingCode),
    /// A code is on its way to the bank.
    Confirming(Confirming),
    /// A code went to the bank and nobody knows yet what became of it.
    Doubtful(Doubtful),
    /// The card is bound.
    Active(Active),
    /// It will not be bound, and this is why.
    Refused {
        /// Why, who must act and what next.
        diagnosis: Diagnosis,
    },
    /// Nobody finished it in time.
    Expired,
    /// The borrower or the platform ended it.
    Cancelled,
    /// The agreement is being ended at the bank.
    Unbinding(Unbinding),
    /// The agreement was ended.
    Unbound,
}

/// The terms a binding runs under, fixed when it is opened, so that a replay needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How long the whole binding may take before it expires.
    pub valid_ms: i64,
    /// How long a code can be used.
    pub code_valid_ms: i64,
    /// How long the borrower waits before asking for another code.
    pub resend_after_ms: i64,
    /// How many codes may be asked for.
    pub sends_max: u32,
    /// How many wrong codes end the binding.
    pub wrong_codes_max: u32,
    /// The longest an exchange may take; whoever is silent for longer was interrupted.
    pub exchange_ms: i64,
    /// How long a bank's "not found" proves nothing.
    pub settling_ms: i64,
    /// How many answers of "not found" it takes besides.
    pub not_found_min: u32,
    /// How long a doubt is inquired about before the borrower is told that it stays one.
    pub doubt_ms: i64,
    /// Waits between inquiries; the last one repeats.
    pub inquiry_delays_ms: Vec<i64>,
}

/// What every state before the end carries along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The terms.
    pub terms: Terms,
    /// When the binding expires.
    pub expires_at: Timestamp,
    /// How many codes were asked for and may have been sent.
    pub sends: u32,
    /// How many wrong codes were tried.
    pub wrong_codes: u32,
}

/// An exchange under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Since when.
    pub since: Timestamp,
}

/// See [`Binding::Checked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What is carried along.
    pub progress: Progress,
    /// The request for the first code, while it is under way.
    pub sending: Option<InFlight>,
    /// When a code may be asked for.
    pub resend_after: Timestamp,
    /// Why the last request for a code led to none.
    pub problem: Option<Diagnosis>,
}

/// See [`Binding::AwaitingCode`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingCode {
    /// What is carried along.
    pub progress: Progress,
    /// The attempt that asked for the code: its order identity goes with the confirmation.
    pub order: AttemptId,
    /// Whether the bank said that it sent the code.
    pub delivery: Delivery,
    /// When another code may be asked for.
    pub resend_after: Timestamp,
    /// When the code can no longer be used.
    pub code_expires_at: Timestamp,
    /// The request for another code, while it is under way.
    pub sending: Option<InFlight>,
    /// What went wrong last: a wrong code, a code that could not be asked for.
    pub problem: Option<Diagnosis>,
}

/// Whether the bank said that it sent the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It said so.
    Confirmed,
    /// Its answer was lost; the code may or may not have been sent.
    Unconfirmed,
}

/// See [`Binding::Confirming`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirming {
    /// The state to return to when the bank says no or heard nothing.
    pub awaiting: AwaitingCode,
    /// The confirmation.
    pub attempt: AttemptId,
    /// Since when.
    pub since: Timestamp,
}

/// See [`Binding::Doubtful`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubtful {
    /// The state to return to when the bank never took the confirmation.
    pub awaiting: AwaitingCode,
    /// The confirmation.
    pub attempt: AttemptId,
    /// Since when.
    pub since: Timestamp,
    /// When the borrower is told that the doubt stays.
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

/// See [`Binding::Active`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// The bound card.
    pub instrument: InstrumentId,
    /// Why the last try to unbind it led to nothing.
    pub problem: Option<Diagnosis>,
}

/// See [`Binding::Unbinding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbinding {
    /// The bound card.
    pub instrument: InstrumentId,
    /// The terms of the inquiries.
    pub terms: Terms,
    /// The request that ends the agreement.
    pub attempt: AttemptId,
    /// Since when.
    pub since: Timestamp,
    /// Whether its answer was lost, so that only inquiries follow.
    pub doubtful: bool,
    /// Whether an earlier request that ends it was never accounted for: it may take effect yet.
    pub unproven: bool,
    /// Why this request was finally refused, while an earlier one is not accounted for.
    pub refusal: Option<Diagnosis>,
    /// How often the bank was asked.
    pub inquiries: u32,
    /// When it is asked next, or when the silence counts as an interruption.
    pub inquire_at: Timestamp,
}

impl Binding {
    /// The stable name of the state, as in records, the API and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checked(_) => "checked",
            Self::AwaitingCode(_) => "awaiting_code",
            Self::Confirming(_) => "confirming",
            Self::Doubtful(_) => "doubtful",
            Self::Active(_) => "active",
            Self::Refused { .. } => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Unbinding(_) => "unbinding",
            Self::Unbound => "unbound",
        }
    }

    /// Whether nothing happens any more unless somebody asks for it.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Active(_)
                | Self::Refused { .. }
                | Self::Expired
                | Self::Cancelled
                | Self::Unbound
        )
    }

    /// When somebody must look at this binding even if nothing is heard: an exchange that never
    /// came back, an inquiry that is due, an expiry.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Checked(checked) => Some(checked.progress.wake_at(checked.sending)),
            Self::AwaitingCode(awaiting) => Some(awaiting.progress.wake_at(awaiting.sending)),
            Self::Confirming(confirming) => {
                let terms = &confirming.awaiting.progress.terms;
                Some(confirming.since.plus_ms(terms.exchange_ms))
            }
            Self::Doubtful(doubtful) => Some(doubtful.inquire_at),
            Self::Unbinding(unbinding) => Some(unbinding.inquire_at),
            Self::Active(_)
            | Self::Refused { .. }
            | Self::Expired
            | Self::Cancelled
            | Self::Unbound => None,
        }
    }

    /// The exchange that is under way now, if one is.
    #[must_use]
    pub const fn in_flight(&self) -> Option<AttemptId> {
        match self {
            Self::Checked(Checked { sending: Some(sending), .. })
            | Self::AwaitingCode(AwaitingCode { sending: Some(sending), .. }) => {
                Some(sending.attempt)
            }
            Self::Confirming(confirming) => Some(confirming.attempt),
            Self::Unbinding(Unbinding { attempt, doubtful: false, .. }) => Some(*attempt),
            _ => None,
        }
    }

    /// What the borrower should know: why it was refused, what went wrong last, what is in doubt.
    #[must_use]
    pub const fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::Checked(Checked { problem, .. })
            | Self::AwaitingCode(AwaitingCode { problem, .. })
            | Self::Active(Active { problem, .. }) => problem.as_ref(),
            Self::Doubtful(Doubtful { diagnosis, .. }) | Self::Refused { diagnosis } => {
                Some(diagnosis)
            }
            _ => None,
        }
    }

    /// The bound card, where there is one.
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Active(Active { instrument, .. })
            | Self::Unbinding(Unbinding { instrument, .. }) => Some(*instrument),
            _ => None,
        }
    }
}

impl Progress {
    fn wake_at(&self, sending: Option<InFlight>) -> Timestamp {
        match sending {
            Some(sending) => sending.since.plus_ms(self.terms.exchange_ms),
            None => self.expires_at,
        }
    }
}

impl Terms {
    /// The wait before the inquiry that follows `inquiries` earlier ones.
    #[must_use]
    pub fn inquiry_delay_ms(&self, inquiries: u32) -> i64 {
        let index = usize::try_from(inquiries).unwrap_or(usize::MAX);
        let delay = self.inquiry_delays_ms.get(index).or(self.inquiry_delays_ms.last());
        delay.copied().unwrap_or(self.exchange_ms)
    }
}
