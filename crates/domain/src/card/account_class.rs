//! What the law allows an account of class II and III: rules of the central bank (notices of 2016,
//! No. 302, and 2018, No. 16). No BIN shows the class; an amount can rule one out.

use crate::money::Fen;

/// The class of a personal account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountClass {
    /// Opened face to face: no limit by rule.
    One,
    /// Limited by day and year.
    Two,
    /// Limited in balance too.
    Three,
}

/// The most an account may move, and hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassLimits {
    /// In a day.
    pub per_day: Fen,
    /// In a year.
    pub per_year: Fen,
    /// At any time, where there is such a limit.
    pub balance: Option<Fen>,
}

impl AccountClass {
    /// The limits, where the rules set any.
    #[must_use]
    pub fn limits(self) -> Option<ClassLimits> {
        let yuan = |yuan: i64| Fen::new(yuan * 100).unwrap_or(Fen::MAX);
        match self {
            Self::One => None,
            Self::Two => {
                let (per_day, per_year) = (yuan(10_000), yuan(200_000));
                Some(ClassLimits { per_day, per_year, balance: None })
            }
            Self::Three => {
                let (per_day, per_year) = (yuan(2_000), yuan(50_000));
                Some(ClassLimits { per_day, per_year, balance: Some(yuan(2_000)) })
            }
        }
    }

    /// Whether an account of this class can never take or pay this in one payment.
    #[must_use]
    pub fn rules_out(self, amount: Fen) -> bool {
        self.limits().is_some_and(|limits| {
            amount > limits.per_day || limits.balance.is_some_and(|balance| amount > balance)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_rules_a_class_out_exactly_above_its_limit() {
        use AccountClass::{One, Three, Two};
        for (yuan, ruled_out) in [
            (0, [].as_slice()),
            (2_000, &[]),
            (2_001, &[Three]),
            (10_000, &[Three]),
            (10_001, &[Two, Three]),
            (1_000_000, &[Two, Three]),
        ] {
            let amount = Fen::new(yuan * 100).unwrap();
            let found: Vec<AccountClass> =
                [One, Two, Three].into_iter().filter(|class| class.rules_out(amount)).collect();
            assert_eq!(found, ruled_out, "{yuan}");
        }
    }
}
