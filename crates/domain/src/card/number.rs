//! The card number as a type: made once at the edge, wiped when dropped, never printed.

use std::fmt;

use super::luhn::luhn_fits;
use crate::dress::{Digits, NoDigits, undress};
use crate::inline::Inline;

/// A card number: 13 to 20 digits. Whether a card of its BIN has so many, and whether the check
/// digit fits, is for the precheck to say, because an unknown BIN is never a refusal.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(Inline<{ Self::LENGTH_MAX }>);

/// Why a text is no card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardNumberError {
    /// Nothing was typed.
    Missing,
    /// Something was typed, but no digit is in it.
    NotFound,
    /// Too much text to search for a number.
    TooMuchText,
    /// A letter or word stands between the digits, after this many of them.
    Letter {
        /// How many digits stand before it.
        after: u16,
    },
    /// Digits are hidden behind asterisks, after this many digits.
    Masked {
        /// How many digits stand before them.
        after: u16,
    },
    /// Fewer digits than any card has.
    TooShort {
        /// How many there are.
        digits: usize,
    },
    /// More digits than any card has.
    TooLong {
        /// How many there are.
        digits: usize,
    },
}

impl CardNumber {
    /// The fewest digits of any card.
    pub const LENGTH_MIN: usize = 13;
    /// The most digits of any card in the table.
    pub const LENGTH_MAX: usize = 20;
    /// The most digits of a card whose BIN is not in the table (ISO/IEC 7812).
    pub const LENGTH_MAX_UNKNOWN_BIN: usize = 19;

    /// Takes the digits out of any dress: spaces, dashes, full-width, text around a paste.
    ///
    /// # Errors
    /// Says what stands in the way; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, CardNumberError> {
        Self::from_digits(&undress(text)?)
    }

    pub(crate) fn from_digits(digits: &Digits) -> Result<Self, CardNumberError> {
        let count = digits.count();
        if count < Self::LENGTH_MIN {
            return Err(CardNumberError::TooShort { digits: count });
        }
        let mut kept = Inline::new();
        if !kept.push_str(digits.as_str()) {
            return Err(CardNumberError::TooLong { digits: count });
        }
        Ok(Self(kept))
    }

    /// The digits in the clear: for the codec that writes to a bank, and the envelope that seals.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The last four digits, which may be shown.
    #[must_use]
    pub fn last4(&self) -> &str {
        let digits = self.0.as_str();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// `6216 **** 0018`: what lists, logs of a case and pages show.
    #[must_use]
    pub fn masked(&self) -> String {
        let first4 = self.0.as_str().get(..4).unwrap_or_default();
        format!("{first4} **** {}", self.last4())
    }

    /// The masked number in the groups that are on the card: `6216 **** **** ***0 018`, and 4-6-5
    /// for the fifteen digits of American Express.
    #[must_use]
    pub fn grouped(&self) -> String {
        let digits = self.0.as_str();
        let hidden_from = 4;
        let hidden_to = digits.len().saturating_sub(4);
        let amex = digits.len() == 15 && (digits.starts_with("34") || digits.starts_with("37"));
        let mut text = String::with_capacity(digits.len() + 6);
        for (place, digit) in digits.chars().enumerate() {
            let gap = if amex { place == 4 || place == 10 } else { place > 0 && place % 4 == 0 };
            if gap {
                text.push(' ');
            }
            let hidden = (hidden_from..hidden_to).contains(&place);
            text.push(if hidden { '*' } else { digit });
        }
        text
    }

    /// Whether the check digit fits.
    #[must_use]
    pub fn luhn_fits(&self) -> bool {
        luhn_fits(self.0.as_str())
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(••••)")
    }
}

impl From<NoDigits> for CardNumberError {
    fn from(why: NoDigits) -> Self {
        match why {
            NoDigits::Empty => Self::Missing,
            NoDigits::NotFound => Self::NotFound,
            NoDigits::TooMuchText => Self::TooMuchText,
            NoDigits::Letter(after) => Self::Letter { after },
            NoDigits::Star(after) => Self::Masked { after },
        }
    }
}

impl fmt::Display for CardNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no card number was given"),
            Self::NotFound => f.write_str("there is no digit in the text"),
            Self::TooMuchText => f.write_str("too much text to look for a card number in it"),
            Self::Letter { after } => write!(f, "a letter stands after digit {after}"),
            Self::Masked { after } => write!(f, "digits are hidden after digit {after}"),
            Self::TooShort { digits } => write!(f, "{digits} digits are fewer than any card has"),
            Self::TooLong { digits } => write!(f, "{digits} digits are more than any card has"),
        }
    }
}

impl std::error::Error for CardNumberError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_card_number() {
        for (text, why) in [
            ("", CardNumberError::Missing),
            ("卡号", CardNumberError::NotFound),
            ("6216 6101 0000", CardNumberError::TooShort { digits: 12 }),
            ("621661010000000001234", CardNumberError::TooLong { digits: 21 }),
            ("6216 6101 尾号 0018", CardNumberError::Letter { after: 8 }),
            ("6216 **** **** 0018", CardNumberError::Masked { after: 4 }),
        ] {
            assert_eq!(CardNumber::parse(text), Err(why), "{text}");
        }
        let long = "6 ".repeat(50_000);
        assert_eq!(CardNumber::parse(&long), Err(CardNumberError::TooMuchText));
    }

    #[test]
    fn a_number_shows_its_ends_only() {
        let card = CardNumber::parse("卡号 6216 6101 0000 0001 018").unwrap();
        assert_eq!(card.masked(), "6216 **** 1018");
        assert_eq!(card.grouped(), "6216 **** **** ***1 018");
        assert_eq!(card.last4(), "1018");
        assert_eq!(format!("{card:?}"), "CardNumber(••••)");
        let amex = CardNumber::parse("370246000000004").unwrap();
        assert_eq!(amex.grouped(), "3702 ****** *0004");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,200}") {
            let _ = CardNumber::parse(&text);
        }

        #[test]
        fn a_formatted_number_reads_as_the_same(
            digits in "[0-9]{13,20}",
            gap in prop::sample::select(vec![" ", "-", ".", "\u{a0}", "\u{200b}", "　", ""]),
            before in prop::sample::select(vec!["", "卡号：", "my card ", "\n"]),
        ) {
            let card = CardNumber::parse(&digits).unwrap();
            let groups: Vec<String> = digits
                .as_bytes()
                .chunks(4)
                .map(|group| group.iter().copied().map(char::from).collect())
                .collect();
            let dressed = format!("{before}{}", groups.join(gap));
            let wide: String = dressed
                .chars()
                .map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(0xff10 + d).unwrap()))
                .collect();
            prop_assert_eq!(CardNumber::parse(&dressed), Ok(card.clone()));
            prop_assert_eq!(CardNumber::parse(&wide), Ok(card.clone()));
            prop_assert_eq!(card.expose(), digits);
        }
    }
}
