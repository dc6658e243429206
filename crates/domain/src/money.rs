//! Money, in fen, as whole numbers. No amount is ever a fraction, and no sum overflows silently.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Deserializer, Serialize};

/// An amount in fen (分): a hundredth of a yuan. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Fen(i64);

/// An amount that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenError;

impl fmt::Display for FenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a whole number of fen, not below 0 and not above 10^15")
    }
}

impl std::error::Error for FenError {}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount: ten trillion yuan. Any two of them can be added without overflow.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// An amount of this many fen.
    ///
    /// # Errors
    /// When it is negative or above [`Fen::MAX`].
    pub const fn new(fen: i64) -> Result<Self, FenError> {
        if 0 <= fen && fen <= Self::MAX.0 { Ok(Self(fen)) } else { Err(FenError) }
    }

    /// How many fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Both together; nothing when that is above [`Fen::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_add(other.0)?).ok()
    }

    /// What is left; nothing when the other is larger.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_sub(other.0)?).ok()
    }
}

/// As people write it: `¥1,234.05`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (yuan, cents) = (self.0 / 100, self.0 % 100);
        let digits = yuan.to_string();
        f.write_str("¥")?;
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, ".{cents:02}")
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A sum above [`Fen::MAX`] stays there: it is larger than anything it can be compared with.
impl Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum.plus(amount).unwrap_or(Self::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(fen: i64) -> Fen {
        Fen::new(fen).unwrap()
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        assert_eq!(Fen::new(-1), Err(FenError));
        assert_eq!(Fen::new(Fen::MAX.get() + 1), Err(FenError));
        assert!(serde_json::from_str::<Fen>("-5").is_err());
        assert!(serde_json::from_str::<Fen>("1.5").is_err());
        assert_eq!(serde_json::from_str::<Fen>("150").unwrap(), fen(150));
    }

    #[test]
    fn sums_do_not_wrap() {
        assert_eq!(fen(1).minus(fen(2)), None);
        assert_eq!(Fen::MAX.plus(fen(1)), None);
        assert_eq!([Fen::MAX, Fen::MAX].into_iter().sum::<Fen>(), Fen::MAX);
        assert_eq!(fen(7).plus(fen(5)).unwrap().minus(fen(12)), Some(Fen::ZERO));
    }

    #[test]
    fn it_reads_as_people_write_it() {
        for (amount, text) in
            [(0, "¥0.00"), (5, "¥0.05"), (123_405, "¥1,234.05"), (100_000_000, "¥1,000,000.00")]
        {
            assert_eq!(fen(amount).to_string(), text);
        }
    }
}
