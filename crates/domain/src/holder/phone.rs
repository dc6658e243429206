//! The mobile number reserved at the bank: eleven digits of the mainland, in any dress.

use std::fmt;

use crate::dress::{NoDigits, undress};
use crate::inline::Inline;

/// A mainland mobile number.
#[derive(Clone, PartialEq, Eq)]
pub struct ReservedPhone(Inline<{ Self::LENGTH }>);

/// Why a text is no mainland mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservedPhoneError {
    /// Nothing was typed.
    Missing,
    /// Too much text to search for a number.
    TooMuchText,
    /// A letter or word stands between the digits, after this many of them.
    Letter {
        /// How many digits stand before it.
        after: u16,
    },
    /// Digits are hidden behind asterisks.
    Masked,
    /// Fewer than eleven digits.
    TooShort {
        /// How many are missing.
        missing: usize,
    },
    /// More than eleven digits.
    TooLong {
        /// How many are too much.
        extra: usize,
    },
    /// A landline, a service number, or a range that no mobile network has.
    NotMobile,
    /// A number from outside the mainland.
    NotMainland,
}

impl ReservedPhone {
    /// The digits of every mainland mobile number.
    pub const LENGTH: usize = 11;

    /// Takes the digits out of any dress; +86, 0086 and 86 in front are let go of.
    ///
    /// # Errors
    /// Says what stands in the way; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, ReservedPhoneError> {
        let digits = undress(text)?;
        let all = digits.as_str();
        let plus = text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+' && c != '＋');
        let abroad = plus.starts_with(['+', '＋']);
        let national = match (all.strip_prefix("0086"), all.strip_prefix("86")) {
            (Some(rest), _) => rest,
            (None, Some(rest)) if abroad || digits.count() > Self::LENGTH => rest,
            _ if abroad || all.starts_with("00") => return Err(ReservedPhoneError::NotMainland),
            _ => all,
        };
        let count = digits.count() - (all.len() - national.len());
        let second = national.as_bytes().get(1);
        match (national.as_bytes().first(), second) {
            (Some(b'1'), None | Some(b'3'..=b'9')) => {}
            // 0 before the number was once dialled for mobiles of another town.
            (Some(b'0'), Some(b'1')) if is_mobile(national.get(1..).unwrap_or_default()) => {
                return Self::of(national.get(1..).unwrap_or_default());
            }
            _ => return Err(ReservedPhoneError::NotMobile),
        }
        match count {
            0..Self::LENGTH => Err(ReservedPhoneError::TooShort { missing: Self::LENGTH - count }),
            Self::LENGTH => Self::of(national),
            _ => Err(ReservedPhoneError::TooLong { extra: count - Self::LENGTH }),
        }
    }

    fn of(national: &str) -> Result<Self, ReservedPhoneError> {
        let mut kept = Inline::new();
        let whole = kept.push_str(national);
        let extra = national.len().saturating_sub(Self::LENGTH);
        if whole { Ok(Self(kept)) } else { Err(ReservedPhoneError::TooLong { extra }) }
    }

    /// The eleven digits in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// `138****0018`.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.0.as_str();
        let first = digits.get(..3).unwrap_or_default();
        let last = digits.get(7..).unwrap_or_default();
        format!("{first}****{last}")
    }

    /// Whether the range belongs to a virtual operator, which banks and channels take all the same.
    #[must_use]
    pub fn of_virtual_operator(&self) -> bool {
        matches!(self.0.as_str().get(..3), Some("162" | "165" | "167" | "168" | "170" | "171"))
    }

    /// Whether the range is one for devices (data cards, meters), which seldom receive messages.
    #[must_use]
    pub fn for_devices(&self) -> bool {
        matches!(self.0.as_str().get(..3), Some("140" | "141" | "144" | "146" | "148"))
    }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == ReservedPhone::LENGTH && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

impl From<NoDigits> for ReservedPhoneError {
    fn from(why: NoDigits) -> Self {
        match why {
            NoDigits::Empty | NoDigits::NotFound => Self::Missing,
            NoDigits::TooMuchText => Self::TooMuchText,
            NoDigits::Letter(after) => Self::Letter { after },
            NoDigits::Star(_) => Self::Masked,
        }
    }
}

impl fmt::Debug for ReservedPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReservedPhone(••••)")
    }
}

impl fmt::Display for ReservedPhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no phone number was given"),
            Self::TooMuchText => f.write_str("too much text to look for a phone number in it"),
            Self::Letter { after } => write!(f, "a letter stands after digit {after}"),
            Self::Masked => f.write_str("part of the phone number is hidden"),
            Self::TooShort { missing } => write!(f, "{missing} digits are missing"),
            Self::TooLong { extra } => write!(f, "{extra} digits are too much"),
            Self::NotMobile => f.write_str("not a mobile number of the mainland"),
            Self::NotMainland => f.write_str("a number from outside the mainland"),
        }
    }
}

impl std::error::Error for ReservedPhoneError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_mainland_mobile() {
        use ReservedPhoneError as Why;
        for (text, why) in [
            ("", Why::Missing),
            ("手机", Why::Missing),
            ("1380013800", Why::TooShort { missing: 1 }),
            ("1", Why::TooShort { missing: 10 }),
            ("138001380000", Why::TooLong { extra: 1 }),
            ("13800138000 13900139000", Why::TooLong { extra: 11 }),
            ("138a00138000", Why::Letter { after: 3 }),
            ("13800138000 或 13900139000", Why::Letter { after: 11 }),
            ("138****8000", Why::Masked),
            ("010-62345678", Why::NotMobile),
            ("95588", Why::NotMobile),
            ("4008008000", Why::NotMobile),
            ("12345678901", Why::NotMobile),
            ("10010", Why::NotMobile),
            ("+852 5123 4567", Why::NotMainland),
            ("＋1 415 555 0100", Why::NotMainland),
            ("00853 6612 3456", Why::NotMainland),
        ] {
            assert_eq!(ReservedPhone::parse(text), Err(why), "{text}");
        }
        let long = "1".repeat(100_000);
        assert_eq!(ReservedPhone::parse(&long), Err(Why::TooMuchText));
    }

    #[test]
    fn any_dress_comes_off() {
        for text in [
            "13800138000",
            " 138 0013 8000 ",
            "138-0013-8000",
            "１３８００１３８０００",
            "+86 138 0013 8000",
            "+8613800138000",
            "0086-13800138000",
            "8613800138000",
            "(+86)13800138000",
            "手机：13800138000",
            "013800138000",
        ] {
            let phone = ReservedPhone::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(phone.expose(), "13800138000");
            assert_eq!(phone.masked(), "138****8000");
        }
    }

    #[test]
    fn every_range_of_the_mainland_passes() {
        for prefix in 130..=199 {
            let phone = ReservedPhone::parse(&format!("{prefix}00138000")).unwrap();
            assert_eq!(phone.for_devices(), [140, 141, 144, 146, 148].contains(&prefix));
        }
        assert!(ReservedPhone::parse("17000138000").unwrap().of_virtual_operator());
        assert!(!ReservedPhone::parse("19200138000").unwrap().of_virtual_operator());
        assert_eq!(format!("{:?}", ReservedPhone::parse("19200138000")), "Ok(ReservedPhone(••••))");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}") {
            let _ = ReservedPhone::parse(&text);
        }

        #[test]
        fn what_reads_reads_the_same_again(text in "[+0-9 ()-]{0,20}") {
            if let Ok(phone) = ReservedPhone::parse(&text) {
                prop_assert_eq!(ReservedPhone::parse(phone.expose()), Ok(phone));
            }
        }
    }
}
