//! The four kinds of payments.

use serde::{Deserialize, Serialize};

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// From the lender to the borrower (放款).
    Disbursement,
    /// From the borrower to the lender (还款).
    Repayment,
    /// Back to the borrower what a repayment took, whole or in part (退款).
    Refund,
    /// A repayment undone on its settlement day, whole: one that settled (撤销), or one of which
    /// nobody knows how it ended (冲正).
    Reversal,
}

impl PaymentKind {
    /// The stable name, as in records and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disbursement => "disbursement",
            Self::Repayment => "repayment",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
        }
    }

    /// Whether it gives back what another payment took.
    #[must_use]
    pub const fn gives_back(self) -> bool {
        matches!(self, Self::Refund | Self::Reversal)
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Disbursement, Self::Repayment, Self::Refund, Self::Reversal];
        all.into_iter().find(|kind| kind.name() == name)
    }
}
