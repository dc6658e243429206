//! Bank cards: the number, its BIN, its issuer and kind.

mod account_class;
mod bin;
mod bin_csv;
mod issuer;
mod luhn;
mod number;
mod policy;
mod repair;

use serde::{Deserialize, Serialize};

use crate::text::Lang;

pub use account_class::{AccountClass, ClassLimits};
pub use bin::{BinRow, BinSource, BinTable, OtherReading};
pub use bin_csv::{BinTableError, BinTableProblem};
pub use issuer::issuer_name_en;
pub use luhn::luhn_fits;
pub use number::{CardNumber, CardNumberError};
pub(crate) use policy::kind_finding;
pub use policy::{KindPolicies, KindPolicy, Purpose};
pub use repair::{Hint, hint_for_check_digit, hint_for_extra_digit};

/// UnionPay's own published test credit card. It fails the Luhn check, which is why a failed check
/// never refuses a UnionPay card; and it is no real card, so it may be shown as an example.
pub const EXAMPLE_NUMBER: &str = "6221558812340000";

/// What kind of card it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// 借记卡.
    Debit,
    /// 贷记卡, a credit card.
    Credit,
    /// 准贷记卡: money is deposited, and a small overdraft is possible.
    SemiCredit,
    /// 预付卡.
    Prepaid,
}

impl CardKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Debit, Self::Credit, Self::SemiCredit, Self::Prepaid];

    /// The stable name, as in tables, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
            Self::SemiCredit => "semi_credit",
            Self::Prepaid => "prepaid",
        }
    }

    /// What a person calls it.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Debit, Lang::Zh) => "储蓄卡",
            (Self::Debit, Lang::En) => "debit card",
            (Self::Credit, Lang::Zh) => "信用卡",
            (Self::Credit, Lang::En) => "credit card",
            (Self::SemiCredit, Lang::Zh) => "准贷记卡",
            (Self::SemiCredit, Lang::En) => "semi-credit card",
            (Self::Prepaid, Lang::Zh) => "预付卡",
            (Self::Prepaid, Lang::En) => "prepaid card",
        }
    }

    /// Our own name or the two letters that BIN tables use (DC, CC, SCC, PC).
    pub(crate) fn from_table(text: &str) -> Option<Self> {
        match text {
            "debit" | "DC" => Some(Self::Debit),
            "credit" | "CC" => Some(Self::Credit),
            "semi_credit" | "SCC" => Some(Self::SemiCredit),
            "prepaid" | "PC" => Some(Self::Prepaid),
            _ => None,
        }
    }
}
