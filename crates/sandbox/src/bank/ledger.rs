//! The books: one entry for everything the bank executed or refused, with the order it was for.
//! No clear value stands in an entry: cards have short names, codes and tokens only their draw.

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::card::Stage;
use super::code::Draw;
use super::course::Course;
use super::day::SettlementDay;
use super::order::{OrderKey, Refusal};
use super::payment::Envelope;

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
    /// Where money is concerned: how much, and what else belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Box<Money>>,
}

/// The money of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Money {
    /// How much, in fen. Of a reversal: how much moved back, which is nothing where nothing had
    /// moved. Of a balance: what it is now.
    pub amount_fen: i64,
    /// Of a movement: the settlement day it is booked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<SettlementDay>,
    /// The order whose money is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<OrderKey>,
    /// Of a code: the opening of the agreement it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<OrderKey>,
    /// Of an acceptance: what was decided about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// Of an acceptance: what the protocol wants back with the announcement.
    #[serde(default, skip_serializing_if = "Envelope::is_empty")]
    pub envelope: Envelope,
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
    /// A one-time code for one payment was sent.
    PaymentCodeSent,
    /// An order was accepted; nothing has moved yet.
    PaymentAccepted {
        /// What it is.
        stage: Stage,
    },
    /// Money went from a merchant to a card.
    Disbursed,
    /// Money went from a card to a merchant.
    Collected,
    /// A part of a collection, or all of it, went back.
    Refunded,
    /// A collection went back, whole, on its own day.
    Undone,
    /// A collection was reversed: what had moved went back, what had not never will.
    Reversed,
    /// A disbursement came back to its merchant.
    Returned,
    /// A merchant's prefunded balance was set.
    BalanceSet,
    /// Nothing was executed.
    Refused {
        /// What had been asked.
        stage: Stage,
    },
}

impl Kind {
    /// The stage whose result it is; none where it is no result.
    #[must_use]
    pub const fn stage(self) -> Option<Stage> {
        Some(match self {
            Self::CodeSent => Stage::SendCode,
            Self::AgreementOpened => Stage::Open,
            Self::AgreementClosed => Stage::Close,
            Self::VerificationDone => Stage::Verify,
            Self::PaymentCodeSent => Stage::SendPaymentCode,
            Self::Disbursed => Stage::Disburse,
            Self::Collected => Stage::Collect,
            Self::Refunded => Stage::Refund,
            Self::Undone => Stage::Undo,
            Self::Reversed => Stage::Reverse,
            Self::Refused { stage } => stage,
            Self::PaymentAccepted { .. } | Self::Returned | Self::BalanceSet => return None,
        })
    }

    /// Whether something was executed.
    #[must_use]
    pub const fn is_execution(self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::PaymentAccepted { .. } | Self::BalanceSet)
    }

    /// Whether money moved.
    #[must_use]
    pub const fn is_movement(self) -> bool {
        matches!(
            self,
            Self::Disbursed
                | Self::Collected
                | Self::Refunded
                | Self::Undone
                | Self::Reversed
                | Self::Returned
        )
    }

    /// The name it has in the books.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeSent => "code_sent",
            Self::AgreementOpened => "agreement_opened",
            Self::AgreementClosed => "agreement_closed",
            Self::VerificationDone => "verification_done",
            Self::PaymentCodeSent => "payment_code_sent",
            Self::PaymentAccepted { .. } => "payment_accepted",
            Self::Disbursed => "disbursed",
            Self::Collected => "collected",
            Self::Refunded => "refunded",
            Self::Undone => "undone",
            Self::Reversed => "reversed",
            Self::Returned => "returned",
            Self::BalanceSet => "balance_set",
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
            money: None,
        }
    }
}
