//! Which kinds of card are accepted for what. An operator may change it per purpose.

use serde::{Deserialize, Serialize};

use super::{BinRow, CardKind};
use crate::finding::{Finding, Severity, words};

/// What the card shall be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Both: the loan is paid out to it and repaid from it. What a binding is for.
    #[default]
    Both,
    /// The loan is paid out to it.
    Disbursement,
    /// The loan is repaid from it.
    Repayment,
}

/// What becomes of a card of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindPolicy {
    /// Nothing is said.
    Accept,
    /// It is remarked on; the borrower may go on.
    Warn,
    /// The borrower must use another card.
    Stop,
}

/// The policy for each kind in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindPolicies {
    /// For debit cards.
    pub debit: KindPolicy,
    /// For credit cards.
    pub credit: KindPolicy,
    /// For semi-credit cards.
    pub semi_credit: KindPolicy,
    /// For prepaid cards.
    pub prepaid: KindPolicy,
}

impl Default for KindPolicies {
    /// Debit cards pass, credit cards are stopped, what lies between is remarked on.
    fn default() -> Self {
        Self {
            debit: KindPolicy::Accept,
            credit: KindPolicy::Stop,
            semi_credit: KindPolicy::Warn,
            prepaid: KindPolicy::Warn,
        }
    }
}

impl KindPolicies {
    /// What becomes of a card of this kind.
    #[must_use]
    pub const fn of(&self, kind: CardKind) -> KindPolicy {
        match kind {
            CardKind::Debit => self.debit,
            CardKind::Credit => self.credit,
            CardKind::SemiCredit => self.semi_credit,
            CardKind::Prepaid => self.prepaid,
        }
    }
}

/// What the policies say about a card, if anything.
pub(crate) fn kind_finding(
    row: &BinRow,
    purpose: Purpose,
    disbursement: &KindPolicies,
    repayment: &KindPolicies,
) -> Option<Finding> {
    let of = |kind| {
        let pay_out = disbursement.of(kind);
        let pay_in = repayment.of(kind);
        match purpose {
            Purpose::Disbursement => (pay_out, Purpose::Disbursement),
            Purpose::Repayment => (pay_in, Purpose::Repayment),
            Purpose::Both if pay_out > pay_in => (pay_out, Purpose::Disbursement),
            Purpose::Both if pay_in > pay_out => (pay_in, Purpose::Repayment),
            Purpose::Both => (pay_out, Purpose::Both),
        }
    };
    let (policy, direction) = of(row.kind);
    let severity = match policy {
        KindPolicy::Accept => return None,
        KindPolicy::Warn => Severity::Warn,
        // Where our two sources disagree and one of them names a kind that is accepted, we are not
        // sure enough to turn the borrower away.
        KindPolicy::Stop => match row.other.as_ref().map(|other| of(other.kind).0) {
            Some(KindPolicy::Accept) => Severity::Warn,
            _ => Severity::Stop,
        },
    };
    let words = match (row.kind, direction) {
        (CardKind::Credit, Purpose::Both) => &words::CARD_KIND_CREDIT,
        (CardKind::Credit, Purpose::Disbursement) => &words::CARD_KIND_CREDIT_DISBURSEMENT,
        (CardKind::Credit, Purpose::Repayment) => &words::CARD_KIND_CREDIT_REPAYMENT,
        (CardKind::SemiCredit, _) => &words::CARD_KIND_SEMI_CREDIT,
        (CardKind::Prepaid, _) => &words::CARD_KIND_PREPAID,
        (CardKind::Debit, _) => &words::CARD_KIND_DEBIT,
    };
    Some(Finding::new(severity, words))
}
