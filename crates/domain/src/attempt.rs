//! An attempt: one exchange with a bank that may have done something there. It is persisted as
//! `Sent` before the first byte leaves, and from then on only evidence moves it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::outcome::{Doubt, NotSent, Outcome, RawAnswer};

/// What is known about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Persisted; the bytes may have left, the answer has not been heard.
    Sent,
    /// The bank did it.
    Settled,
    /// The bank finally did not do it.
    Declined(RawAnswer),
    /// It certainly never started.
    NotAttempted(NotSent),
    /// The bank says it is being done.
    Pending,
    /// Nothing is proven; only inquiries may follow.
    Doubtful(Doubt),
}

/// Evidence that cannot follow what is already proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptContradiction {
    /// What was proven before.
    pub known: &'static str,
    /// What was heard now.
    pub heard: &'static str,
}

impl Attempt {
    /// The attempt after what was heard about it.
    ///
    /// # Errors
    /// What is proven stays proven: other evidence about it is a contradiction, and the caller
    /// reports it instead of believing the later voice.
    pub fn hear(self, outcome: &Outcome) -> Result<Self, AttemptContradiction> {
        let heard = Self::from_outcome(outcome);
        match (&self, &heard) {
            (known, heard) if known == heard => Ok(self),
            // Hearing nothing never undoes what is known.
            (Self::Settled | Self::Declined(_) | Self::NotAttempted(_), Self::Doubtful(_)) => {
                Ok(self)
            }
            // Once the bytes may have left, nobody can say they did not.
            (Self::Pending | Self::Doubtful(_), Self::NotAttempted(_))
            | (Self::Settled | Self::Declined(_) | Self::NotAttempted(_), _) => {
                Err(AttemptContradiction { known: self.name(), heard: heard.name() })
            }
            (Self::Sent | Self::Pending | Self::Doubtful(_), _) => Ok(heard),
        }
    }

    /// Whether the bank may still be doing it: nothing else may be sent for its purpose meanwhile.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Sent | Self::Pending | Self::Doubtful(_))
    }

    /// The stable name, as in records and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Settled => "settled",
            Self::Declined(_) => "declined",
            Self::NotAttempted(_) => "not_attempted",
            Self::Pending => "pending",
            Self::Doubtful(_) => "doubtful",
        }
    }

    fn from_outcome(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Settled => Self::Settled,
            Outcome::Declined(answer) => Self::Declined(answer.clone()),
            Outcome::Pending(_) => Self::Pending,
            Outcome::NotAttempted(why, _) => Self::NotAttempted(*why),
            Outcome::Unknown(doubt, _) => Self::Doubtful(*doubt),
        }
    }
}

impl fmt::Display for AttemptContradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an attempt known as {} was now called {}", self.known, self.heard)
    }
}

impl std::error::Error for AttemptContradiction {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::ResponseCode;

    fn declined() -> Outcome {
        Outcome::Declined(RawAnswer { code: ResponseCode::new("66"), message: None })
    }

    fn unknown() -> Outcome {
        Outcome::Unknown(Doubt::TimedOut, None)
    }

    fn not_sent() -> Outcome {
        Outcome::NotAttempted(NotSent::NoConnection, None)
    }

    /// `known: what is heard -> what is known then`, or `!` for a contradiction.
    #[test]
    fn only_evidence_moves_an_attempt() {
        let table = [
            ("sent", Outcome::Settled, "settled"),
            ("sent", declined(), "declined"),
            ("sent", not_sent(), "not_attempted"),
            ("sent", unknown(), "doubtful"),
            ("sent", Outcome::Pending(None), "pending"),
            ("doubtful", Outcome::Settled, "settled"),
            ("doubtful", declined(), "declined"),
            ("doubtful", not_sent(), "!"),
            ("pending", not_sent(), "!"),
            ("pending", unknown(), "doubtful"),
            ("settled", unknown(), "settled"),
            ("settled", declined(), "!"),
            ("settled", not_sent(), "!"),
            ("declined", Outcome::Settled, "!"),
            ("declined", unknown(), "declined"),
            ("not_attempted", Outcome::Settled, "!"),
        ];
        for (known, heard, expected) in table {
            let attempt = match known {
                "sent" => Attempt::Sent,
                "settled" => Attempt::from_outcome(&Outcome::Settled),
                "declined" => Attempt::from_outcome(&declined()),
                "not_attempted" => Attempt::from_outcome(&not_sent()),
                "pending" => Attempt::Pending,
                _ => Attempt::from_outcome(&unknown()),
            };
            let found = attempt.hear(&heard).map_or("!", |attempt| attempt.name());
            assert_eq!(found, expected, "{known} hears {heard:?}");
        }
    }
}
