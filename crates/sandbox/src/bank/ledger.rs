//! The books: one entry for everything the bank executed or refused, with the order it was for.
//! No clear value stands in an entry: cards have short names, codes and tokens only their draw.

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::card::Stage;
use super::code::Draw;
use super::order::{OrderKey, Refusal};

/// One line of the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// For which order.
    #[serde(flatten)]
    pub order: OrderKey,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// The card's short name; empty where no card of the bank is meant.
    pub card: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The randomness the code or the token comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// Of a code: whether it reached the phone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delivered: bool,
    /// Of a closing: the order that had opened the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<OrderKey>,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    /// A one-time code was sent.
    CodeSent,
    /// An agreement was opened.
    AgreementOpened,
    /// An agreement was closed.
    AgreementClosed,
    /// Elements were compared, whatever came out.
    VerificationDone,
    /// Nothing was executed.
    Refused {
        /// What had been asked.
        stage: Stage,
    },
}

impl Kind {
    /// The stage it belongs to.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::CodeSent => Stage::SendCode,
            Self::AgreementOpened => Stage::Open,
            Self::AgreementClosed => Stage::Close,
            Self::VerificationDone => Stage::Verify,
            Self::Refused { stage } => stage,
        }
    }

    /// Whether something was executed.
    #[must_use]
    pub const fn is_execution(self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// The name it has in the books.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeSent => "code_sent",
            Self::AgreementOpened => "agreement_opened",
            Self::AgreementClosed => "agreement_closed",
            Self::VerificationDone => "verification_done",
            Self::Refused { .. } => "refused",
        }
    }
}

/// How an entry ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As asked; for a verification: everything matches.
    Done,
    /// Refused, or found not to match.
    Refused(Refusal),
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Entry {
    /// An entry without its place in the books yet.
    #[must_use]
    pub fn new(at: Timestamp, order: &OrderKey, kind: Kind, card: &str, outcome: Outcome) -> Self {
        Self {
            sequence: 0,
            at,
            order: order.clone(),
            kind,
            card: card.to_owned(),
            outcome,
            draw: None,
            delivered: false,
            closes: None,
        }
    }
}
