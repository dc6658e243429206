//! Companies: name, unified social credit code, clearing code of the bank's branch.

use std::fmt;

use crate::dress::{Glyph, NoDigits, TEXT_BYTES_MAX, glyph, is_invisible, undress};
use crate::inline::Inline;
use crate::secret::Secret;

/// A company's registered name. It is public, but it is kept as carefully as a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct CompanyName(String);

/// Why a text is no company's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanyNameError {
    /// Nothing was typed.
    Missing,
    /// Fewer characters than a registered name has.
    TooShort,
    /// More characters than a registered name has.
    TooLong,
    /// A character that stands in no registered name.
    Character {
        /// Its place.
        at: u16,
    },
}

impl CompanyName {
    /// The fewest characters of a registered name.
    pub const CHARACTERS_MIN: usize = 4;
    /// The most characters that channels take.
    pub const CHARACTERS_MAX: usize = 60;

    /// Takes a name into the form of the licence: full-width brackets, no stray spaces.
    ///
    /// # Errors
    /// Says what stands in the way and where; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, CompanyNameError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(CompanyNameError::TooLong);
        }
        let mut name = String::with_capacity(text.len());
        let mut space = false;
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        let visible = text.chars().filter(|c| !is_invisible(*c));
        for (at, c) in (1_u16..).zip(visible) {
            if c.is_whitespace() {
                space = true;
                continue;
            }
            let c = usual(c).ok_or(CompanyNameError::Character { at })?;
            let latin = c.is_ascii_alphanumeric()
                && name.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
            if space && latin {
                name.push(' ');
            }
            space = false;
            name.push(c);
        }
        match name.chars().count() {
            0 => Err(CompanyNameError::Missing),
            count if count < Self::CHARACTERS_MIN => Err(CompanyNameError::TooShort),
            count if count > Self::CHARACTERS_MAX => Err(CompanyNameError::TooLong),
            _ => Ok(Self(name)),
        }
    }

    /// The name.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `上海**公司`: the first two and the last two characters, which may be shown.
    #[must_use]
    pub fn masked(&self) -> String {
        let characters: Vec<char> = self.0.chars().collect();
        let (first, rest) = characters.split_at(characters.len().min(2));
        let last = rest.get(rest.len().saturating_sub(2)..).unwrap_or_default();
        first.iter().chain(&['*', '*']).chain(last).collect()
    }
}

/// The form in which the registers write a character; `None` when they never do.
fn usual(c: char) -> Option<char> {
    match c {
        '(' => Some('（'),
        ')' => Some('）'),
        '（' | '）' | '·' | '-' | '&' | '＆' | '、' | '“' | '”' | '《' | '》' | '—' | '.' | '+' => {
            Some(c)
        }
        '•' | '‧' | '・' => Some('·'),
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '０'..='９' | '－' | '．' | '＋' => {
            char::from_u32(u32::from(c) - 0xfee0)
        }
        _ if c.is_ascii() => c.is_ascii_alphanumeric().then_some(c),
        _ => c.is_alphanumeric().then_some(c),
    }
}

/// The number of a company's account out of its dress: 8 to 32 digits. `None` when it cannot be
/// one. Accounts have no check digit that all banks share.
#[must_use]
pub fn account_number(text: &str) -> Option<Secret> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut digits = String::with_capacity(TEXT_BYTES_MAX);
    for c in text.chars() {
        match glyph(c) {
            Glyph::Digit(digit) => digits.push(digit),
            Glyph::Dress => {}
            Glyph::Letter | Glyph::Star => return None,
        }
    }
    (8..=32).contains(&digits.len()).then(|| Secret::new(digits))
}

/// A unified social credit code of 18 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct CreditCode {
    text: Inline<{ Self::LENGTH }>,
    organisation_fits: bool,
}

/// Why a text is no credit code. Places are counted from 1 and leave separators out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditCodeError {
    /// Nothing was typed.
    Missing,
    /// Too much text, or not 18 characters.
    Length {
        /// How many there are.
        characters: usize,
    },
    /// A character the code never uses.
    Character {
        /// Its place.
        at: u16,
    },
    /// The last character does not fit the others; the slip most likely lies in these places.
    Check {
        /// The first place.
        first: u16,
        /// The last place.
        last: u16,
    },
}

/// The 31 characters of the code, in the order of their values: no I, O, S, V, Z.
const CREDIT_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

impl CreditCode {
    /// The length of every code.
    pub const LENGTH: usize = 18;

    /// Takes the code out of its dress and proves its check character.
    ///
    /// # Errors
    /// Says what stands in the way and where; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, CreditCodeError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(CreditCodeError::Length { characters: text.chars().count() });
        }
        let mut kept = Inline::new();
        let mut count = 0_usize;
        let mut unused = None;
        for c in text.chars() {
            let c = match glyph(c) {
                Glyph::Digit(digit) => digit,
                Glyph::Letter => capital(c),
                Glyph::Dress if c.is_ascii_punctuation() && !matches!(c, '-' | '.' | '_') => c,
                Glyph::Dress => continue,
                Glyph::Star => c,
            };
            // Words before the code, such as its name on the licence, are let go of.
            if count == 0 && !c.is_ascii_alphanumeric() {
                continue;
            }
            count += 1;
            if credit_value(c).is_none() {
                unused = unused.or(u16::try_from(count).ok());
            } else {
                let _ = kept.push(c);
            }
        }
        match (count, unused) {
            (0, _) => Err(CreditCodeError::Missing),
            (Self::LENGTH, None) => Self::of_18(kept),
            (Self::LENGTH, Some(at)) => Err(CreditCodeError::Character { at }),
            (characters, _) => Err(CreditCodeError::Length { characters }),
        }
    }

    fn of_18(text: Inline<{ Self::LENGTH }>) -> Result<Self, CreditCodeError> {
        let organisation_fits = organisation_fits(text.as_str().get(8..17).unwrap_or_default());
        if check_fits(text.as_str()) {
            return Ok(Self { text, organisation_fits });
        }
        // The organisation part has a check of its own, so it tells on which side the slip is.
        let (first, last) = if organisation_fits { (1, 8) } else { (9, 17) };
        Err(CreditCodeError::Check { first, last })
    }

    /// The code, letters in capital.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.as_str()
    }

    /// Whether the organisation part (places 9 to 17) fits its own check character.
    #[must_use]
    pub fn organisation_fits(&self) -> bool {
        self.organisation_fits
    }
}

fn capital(c: char) -> char {
    match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c).to_ascii_uppercase()
        }
        _ => c.to_ascii_uppercase(),
    }
}

fn credit_value(c: char) -> Option<u32> {
    CREDIT_ALPHABET.chars().position(|known| known == c).and_then(|v| u32::try_from(v).ok())
}

/// The sum of the first seventeen, weighted by the powers of 3 modulo 31, and the last make zero.
fn check_fits(code: &str) -> bool {
    let mut weight = 1;
    let mut sum = 0;
    for (place, c) in code.chars().enumerate() {
        let Some(value) = credit_value(c) else { return false };
        sum += value * if place + 1 == CreditCode::LENGTH { 1 } else { weight };
        weight = weight * 3 % 31;
    }
    sum % 31 == 0
}

/// The old organisation code: eight characters, 0-9 and A-Z as 0 to 35, and a check modulo 11.
fn organisation_fits(code: &str) -> bool {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = code.chars().zip(weights).map(|(c, w)| c.to_digit(36).unwrap_or(0) * w).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        value => char::from_digit(value, 10).unwrap_or('0'),
    };
    code.chars().nth(8) == Some(check)
}

/// The clearing code (联行号) of a bank's branch: twelve digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingCode(Inline<{ Self::LENGTH }>);

/// Why a text is no clearing code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearingCodeError {
    /// Nothing was typed.
    Missing,
    /// A letter or word stands between the digits, after this many of them.
    Letter {
        /// How many digits stand before it.
        after: u16,
    },
    /// Too much text, or not 12 digits.
    Length {
        /// How many there are.
        digits: usize,
    },
    /// The last digit does not fit the others.
    Check,
}

impl ClearingCode {
    /// The length of every code.
    pub const LENGTH: usize = 12;

    /// Takes the digits out of their dress and proves the check digit (ISO 7064 MOD 11,10).
    ///
    /// # Errors
    /// Says what stands in the way; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, ClearingCodeError> {
        let digits = undress(text).map_err(|why| match why {
            NoDigits::Empty | NoDigits::NotFound => ClearingCodeError::Missing,
            NoDigits::TooMuchText => ClearingCodeError::Length { digits: text.chars().count() },
            NoDigits::Letter(after) | NoDigits::Star(after) => ClearingCodeError::Letter { after },
        })?;
        let mut kept = Inline::new();
        if digits.count() != Self::LENGTH || !kept.push_str(digits.as_str()) {
            return Err(ClearingCodeError::Length { digits: digits.count() });
        }
        if clearing_check_fits(kept.as_bytes()) {
            Ok(Self(kept))
        } else {
            Err(ClearingCodeError::Check)
        }
    }

    /// The twelve digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

fn clearing_check_fits(digits: &[u8]) -> bool {
    let Some((last, first)) = digits.split_last() else { return false };
    let mut product = 10_u32;
    for digit in first {
        let sum = (u32::from(digit.wrapping_sub(b'0')) + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    (product + u32::from(last.wrapping_sub(b'0'))) % 10 == 1
}

macro_rules! shown {
    ($($name:ident, $error:ident;)*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // The variants' names and numbers are plain enough for an engineer.
                write!(f, "{self:?}")
            }
        }

        impl std::error::Error for $error {}
    )*};
}

shown! {
    CompanyName, CompanyNameError;
    CreditCode, CreditCodeError;
    ClearingCode, ClearingCodeError;
}

impl fmt::Debug for CompanyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompanyName(••••)")
    }
}

impl fmt::Debug for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CreditCode(••••)")
    }
}

#[cfg(test)]
mod tests;
