//! What one person proposes and another decides (复核). Nobody decides what they proposed
//! themselves; what nobody decides in time is over, and may be proposed anew.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, PaymentId, PrincipalId};
use crate::money::Fen;
use crate::payment::PaymentKind;
use crate::time::Timestamp;

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Proposal {
    /// To say what became of an attempt that no proof has ended.
    DecidePayment {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: AttemptId,
        /// Whether the money moved.
        moved: bool,
    },
    /// To put a limit in force.
    SetLimit(Limit),
    /// To let a house that was restored from a backup send again.
    ReleaseRestore {
        /// When it was found to be restored.
        found_at: Timestamp,
    },
}

/// Limits on what may be paid, all in fen. Without a number there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// For whom: `platform:ID`, `lender:CODE` or `channel:CODE`.
    pub scope: String,
    /// For which payments.
    pub kind: PaymentKind,
    /// The most one payment may move.
    pub payment: Option<Fen>,
    /// The most one card may see in a calendar day of Beijing.
    pub card_day: Option<Fen>,
    /// The most all payments may move in such a day.
    pub day: Option<Fen>,
    /// The most they may move in a calendar month.
    pub month: Option<Fen>,
}

impl Proposal {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DecidePayment { .. } => "decide_payment",
            Self::SetLimit(_) => "set_limit",
            Self::ReleaseRestore { .. } => "release_restore",
        }
    }

    /// What it is about. One proposal of a kind is open about one thing.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::DecidePayment { payment, .. } => payment.to_string(),
            Self::SetLimit(limit) => format!("{} {}", limit.scope, limit.kind.name()),
            Self::ReleaseRestore { found_at } => found_at.rfc3339(),
        }
    }
}

/// How a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Somebody else may decide.
    Open,
    /// Somebody else approved, and it is done.
    Approved,
    /// Somebody else said no.
    Rejected,
    /// Whoever proposed it took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}

impl ApprovalState {
    /// The stable name, as in records and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Open, Self::Approved, Self::Rejected, Self::Withdrawn, Self::Expired]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What somebody says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Yes; said by another person than the proposer.
    Approve,
    /// No; said by another person than the proposer.
    Reject,
    /// Never mind; said by the proposer.
    Withdraw,
}

/// A proposal and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// How it stands.
    pub state: ApprovalState,
    /// Who proposed it.
    pub proposed_by: PrincipalId,
    /// Until when somebody may decide.
    pub expires_at: Timestamp,
}

/// Why a verdict is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalError {
    /// It takes another person than the proposer.
    SamePerson,
    /// Only the proposer takes a proposal back.
    NotTheirs,
    /// It was decided, or its time is over.
    Over,
    /// One of its kind about the same is open.
    AlreadyOpen,
}

impl Approval {
    /// How it stands now: what nobody decided in time is over.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> ApprovalState {
        match self.state {
            ApprovalState::Open if now >= self.expires_at => ApprovalState::Expired,
            state => state,
        }
    }

    /// How it stands after a verdict.
    ///
    /// # Errors
    /// When it is not this person's to say, or too late.
    pub fn decide(
        &self,
        verdict: Verdict,
        by: PrincipalId,
        now: Timestamp,
    ) -> Result<ApprovalState, ApprovalError> {
        if self.state_at(now) != ApprovalState::Open {
            return Err(ApprovalError::Over);
        }
        match verdict {
            Verdict::Withdraw if by != self.proposed_by => Err(ApprovalError::NotTheirs),
            Verdict::Withdraw => Ok(ApprovalState::Withdrawn),
            _ if by == self.proposed_by => Err(ApprovalError::SamePerson),
            Verdict::Approve => Ok(ApprovalState::Approved),
            Verdict::Reject => Ok(ApprovalState::Rejected),
        }
    }
}

impl fmt::Display for ApprovalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SamePerson => "another person than the proposer must decide",
            Self::NotTheirs => "only the proposer takes a proposal back",
            Self::Over => "the proposal was decided, or its time is over",
            Self::AlreadyOpen => "a proposal about the same is open: decide that one first",
        })
    }
}

impl std::error::Error for ApprovalError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn person(n: u8) -> PrincipalId {
        PrincipalId::new(NOW, [n; 10])
    }

    #[test]
    fn nobody_decides_what_they_proposed_and_nobody_else_takes_it_back() {
        use ApprovalError::{NotTheirs, Over, SamePerson};
        let state = ApprovalState::Open;
        let open = Approval { state, proposed_by: person(1), expires_at: NOW.plus_ms(HOUR_MS) };
        let table = [
            (Verdict::Approve, 1, 0, Err(SamePerson)),
            (Verdict::Reject, 1, 0, Err(SamePerson)),
            (Verdict::Withdraw, 1, 0, Ok(ApprovalState::Withdrawn)),
            (Verdict::Withdraw, 2, 0, Err(NotTheirs)),
            (Verdict::Approve, 2, 0, Ok(ApprovalState::Approved)),
            (Verdict::Reject, 2, 0, Ok(ApprovalState::Rejected)),
            (Verdict::Approve, 2, HOUR_MS, Err(Over)),
            (Verdict::Withdraw, 1, HOUR_MS, Err(Over)),
        ];
        for (verdict, by, later_ms, expected) in table {
            let found = open.decide(verdict, person(by), NOW.plus_ms(later_ms));
            assert_eq!(found, expected, "{verdict:?} by {by} after {later_ms} ms");
        }
        for state in [ApprovalState::Approved, ApprovalState::Rejected, ApprovalState::Withdrawn] {
            let done = Approval { state, ..open };
            assert_eq!(done.decide(Verdict::Approve, person(2), NOW), Err(Over), "{state:?}");
            assert_eq!(ApprovalState::named(state.name()), Some(state));
        }
    }
}
