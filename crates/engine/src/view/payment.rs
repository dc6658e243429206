//! A payment as its platform may see it.

use mingka_domain::diagnosis::Diagnosis;
use mingka_domain::id::{InstrumentId, LenderId, MandateId, PaymentId};
use mingka_domain::money::Fen;
use mingka_domain::payment::{PaymentKind, Proof, ReviewReason, WaitReason};
use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::TimelineEntry;

/// A payment as its platform sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// Its id.
    pub id: PaymentId,
    /// Which way the money goes.
    pub kind: PaymentKind,
    /// The name of the state it is in.
    pub state: String,
    /// Whose money it is: the lender's code.
    pub lender: String,
    /// The card.
    pub instrument: InstrumentId,
    /// The payment whose money it gives back, where it is one that does.
    pub original: Option<PaymentId>,
    /// What gives back its own, oldest first.
    #[serde(default)]
    pub given_back_by: Vec<PaymentId>,
    /// How much of it was given back.
    pub refunded_amount: Option<Fen>,
    /// The platform's own reference.
    pub reference: String,
    /// For what.
    pub purpose: String,
    /// How much, in fen.
    pub amount: Fen,
    /// The channel of its newest attempt.
    pub channel: Option<String>,
    /// The channel's own number for it.
    pub channel_number: Option<String>,
    /// What it waits for, while it waits.
    pub waits_for: Option<WaitReason>,
    /// While it awaits a code: whether the bank said that it has sent one.
    pub code_confirmed: Option<bool>,
    /// Why people look at it, while they do.
    pub review: Option<ReviewReason>,
    /// What proves that the money moved, once it did.
    pub proof: Option<Proof>,
    /// How much moved, once it did.
    pub settled_amount: Option<Fen>,
    /// When it is looked at next, while it is not at its end.
    pub next_look_at: Option<Timestamp>,
    /// Why it is where it is, where there is something to explain.
    pub diagnosis: Option<Diagnosis>,
    /// What happened, oldest first. Left out in lists.
    pub timeline: Vec<TimelineEntry>,
    /// When it was taken on.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes; a watcher that saw this number has seen everything before it.
    pub version: u64,
}

/// What may be collected from a bound card, as it was stated last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateView {
    /// Its id.
    pub id: MandateId,
    /// The card.
    pub instrument: InstrumentId,
    /// Who may collect.
    pub payee: String,
    /// For what.
    pub purpose: String,
    /// How often, or under which conditions, in words.
    pub cycle: Option<String>,
    /// The most one collection may take.
    pub payment: Option<Fen>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// The hash of the text that was accepted.
    pub consent_sha256: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Since when it is ended, if it is.
    pub ended_at: Option<Timestamp>,
}

/// A lender as its platform sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LenderView {
    /// Its id.
    pub id: LenderId,
    /// The short name by which channels are assigned to it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PaymentView {
    /// Changes whenever anything of it that is shown does: what a page that waits compares.
    #[must_use]
    pub fn watch_word(&self) -> String {
        format!("{}.{}", self.state, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers are kept for more than a year: one from before an upgrade must still be read.
    #[test]
    fn an_answer_of_an_older_program_is_read() {
        let stored = r#"{"id":"pay_019e81439e387951b937f1aa71eaf515","kind":"repayment",
            "state":"in_flight","lender":"default",
            "instrument":"inst_019e81439e387951b937f1aa71eaf515","reference":"loan-7/1",
            "purpose":"principal","amount":5000,"channel":"unionpay","channel_number":null,
            "waits_for":null,"review":null,"proof":null,"settled_amount":null,
            "next_look_at":1780279385068,"diagnosis":null,"timeline":[],
            "created_at":1780279385068,"updated_at":1780279386582,"version":3}"#;
        let view: PaymentView = serde_json::from_str(stored).unwrap();
        assert!(view.given_back_by.is_empty() && view.original.is_none());
        assert_eq!(view.code_confirmed, None);
    }
}
