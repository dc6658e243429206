//! A verification: do card, name, ID number and phone belong together? Its outcomes are its own:
//! confirmed, refused with a reason, or doubtful until the bank has spoken.

use serde::{Deserialize, Serialize};

use crate::binding::{InvalidTransition, Terms, Why};
use crate::diagnosis::Diagnosis;
use crate::effect::Effect;
use crate::id::AttemptId;
use crate::time::Timestamp;

/// A verification, in exactly one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verification {
    /// The question is on its way to the bank.
    Verifying {
        /// The exchange.
        attempt: AttemptId,
        /// Since when.
        since: Timestamp,
        /// The terms of its inquiries.
        terms: Terms,
    },
    /// The elements belong together.
    Confirmed,
    /// They do not, or the bank cannot say; the diagnosis says which.
    Refused {
        /// Why, who must act and what next.
        diagnosis: Diagnosis,
    },
    /// Nobody knows, and the bank is not asked any more. It says nothing about the elements.
    Unresolved {
        /// What next.
        diagnosis: Diagnosis,
    },
    /// The question was sent and nobody knows the answer yet.
    Doubtful {
        /// The exchange.
        attempt: AttemptId,
        /// When the doubt is given up.
        deadline: Timestamp,
        /// How often the bank was asked.
        inquiries: u32,
        /// When it is asked next.
        inquire_at: Timestamp,
        /// The terms of the inquiries.
        terms: Terms,
        /// What is known about the doubt.
        diagnosis: Diagnosis,
    },
}

/// What can be heard about a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum VerificationEvent {
    /// The elements belong together.
    Confirmed,
    /// The bank said no, or it was certainly never asked.
    Refused {
        /// Why.
        diagnosis: Diagnosis,
    },
    /// Nobody knows.
    Doubted {
        /// What is known.
        diagnosis: Diagnosis,
    },
    /// The bank was asked again and nothing was proven.
    StillOpen {
        /// What is said when the deadline has passed.
        diagnosis: Diagnosis,
    },
}

impl Verification {
    /// A verification whose question goes out now.
    #[must_use]
    pub fn start(attempt: AttemptId, terms: Terms, now: Timestamp) -> (Self, Vec<Effect>) {
        (Self::Verifying { attempt, since: now, terms }, vec![Effect::Send(attempt)])
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// A step that is not on the table changes nothing and says why.
    pub fn apply(
        self,
        event: VerificationEvent,
        now: Timestamp,
    ) -> Result<(Self, Vec<Effect>), InvalidTransition> {
        let (state, name) = (self.name(), event.name());
        match (self, event) {
            (Self::Verifying { .. } | Self::Doubtful { .. }, VerificationEvent::Confirmed) => {
                Ok((Self::Confirmed, vec![Effect::Announce]))
            }
            (
                Self::Verifying { .. } | Self::Doubtful { .. },
                VerificationEvent::Refused { diagnosis },
            ) => Ok((Self::Refused { diagnosis }, vec![Effect::Announce])),
            (Self::Verifying { attempt, terms, .. }, VerificationEvent::Doubted { diagnosis }) => {
                let inquire_at = now.plus_ms(terms.inquiry_delay_ms(0));
                let deadline = now.plus_ms(terms.doubt_ms);
                let inquiries = 0;
                let next =
                    Self::Doubtful { attempt, deadline, inquiries, inquire_at, terms, diagnosis };
                Ok((next, vec![Effect::Announce]))
            }
            (
                Self::Doubtful { attempt, deadline, inquiries, terms, diagnosis, .. },
                VerificationEvent::StillOpen { diagnosis: at_last },
            ) => {
                if now >= deadline {
                    let unresolved = Self::Unresolved { diagnosis: at_last };
                    return Ok((unresolved, vec![Effect::Announce]));
                }
                let inquiries = inquiries.saturating_add(1);
                let inquire_at = now.plus_ms(terms.inquiry_delay_ms(inquiries));
                let next =
                    Self::Doubtful { attempt, deadline, inquiries, inquire_at, terms, diagnosis };
                Ok((next, Vec::new()))
            }
            _ => Err(InvalidTransition { state, event: name, why: Why::WrongState }),
        }
    }

    /// The stable name of the state.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verifying { .. } => "verifying",
            Self::Confirmed => "confirmed",
            Self::Refused { .. } => "refused",
            Self::Unresolved { .. } => "unresolved",
            Self::Doubtful { .. } => "doubtful",
        }
    }

    /// Whether nothing happens any more.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        !matches!(self, Self::Verifying { .. } | Self::Doubtful { .. })
    }

    /// When somebody must look at it even if nothing is heard.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Verifying { since, terms, .. } => Some(since.plus_ms(terms.exchange_ms)),
            Self::Doubtful { inquire_at, .. } => Some(*inquire_at),
            Self::Confirmed | Self::Refused { .. } | Self::Unresolved { .. } => None,
        }
    }

    /// Why it was refused, or what is or stayed in doubt.
    #[must_use]
    pub const fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Self::Refused { diagnosis }
            | Self::Unresolved { diagnosis }
            | Self::Doubtful { diagnosis, .. } => Some(diagnosis),
            Self::Verifying { .. } | Self::Confirmed => None,
        }
    }
}

impl VerificationEvent {
    /// The stable name, as in logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refused { .. } => "refused",
            Self::Doubted { .. } => "doubted",
            Self::StillOpen { .. } => "still_open",
        }
    }
}
