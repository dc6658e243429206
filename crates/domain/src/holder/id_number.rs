//! ID numbers: resident cards of 18 and 15 digits, residence permits for Hong Kong, Macau and
//! Taiwan, and the foreigner's permanent residence card. Whether the region code is known and the
//! holder old enough is for the precheck to say.

use std::fmt;

use jiff::civil::Date;

use super::birth::{age_on, date_of};
use super::region::{Region, province_known, region};
use crate::dress::{Glyph, TEXT_BYTES_MAX, glyph};
use crate::inline::Inline;

/// Which document the number stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// The resident identity card, 18 characters.
    Resident,
    /// Its first form, 15 digits without century and check digit, replaced since 1999.
    ResidentOld,
    /// The residence permit for residents of Hong Kong, Macau and Taiwan (810000, 820000, 830000).
    Permit,
    /// The foreigner's permanent residence card in the form of 1 December 2023, beginning with 9.
    PermanentResident,
    /// Its earlier form: three letters and twelve digits.
    PermanentResidentOld,
}

/// An ID number whose form, date and check digit are right.
#[derive(Clone, PartialEq, Eq)]
pub struct IdNumber {
    text: Inline<{ Self::LENGTH }>,
    kind: IdKind,
    birth: Option<Date>,
}

/// Why a text is no ID number. Places are counted from 1 and leave separators out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdNumberError {
    /// Nothing was typed.
    Missing,
    /// Too much text to search for a number.
    TooMuchText,
    /// A letter where a digit belongs.
    Letter {
        /// Its place.
        at: u16,
    },
    /// Some characters are hidden behind asterisks.
    Masked,
    /// Fewer than 18 characters.
    TooShort {
        /// How many are missing.
        missing: usize,
    },
    /// More than 18 characters.
    TooLong {
        /// How many are too much.
        extra: usize,
    },
    /// The digits of the birth date are no date.
    BirthDate {
        /// The first place of the date.
        first: u16,
        /// The last place of the date.
        last: u16,
    },
    /// The check digit does not fit; where exactly one swap of two neighbours mends it, the place
    /// of the first.
    CheckDigit {
        /// The place of the first of the two that may be swapped.
        swap_at: Option<u16>,
    },
}

impl IdNumber {
    /// The length of every form in use.
    pub const LENGTH: usize = 18;
    const LENGTH_OLD: usize = 15;

    /// Takes the number out of its dress and proves form, birth date and check digit.
    ///
    /// # Errors
    /// Says what stands in the way; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, IdNumberError> {
        let kept = undress(text)?;
        let text = kept.as_str();
        if is_old_permanent(text) {
            return Ok(Self { text: kept, kind: IdKind::PermanentResidentOld, birth: None });
        }
        if let Some(at) = misplaced_letter(text) {
            return Err(IdNumberError::Letter { at });
        }
        match text.len() {
            Self::LENGTH => Self::of_18(kept),
            Self::LENGTH_OLD => Self::of_15(kept),
            length => Err(IdNumberError::TooShort { missing: Self::LENGTH - length }),
        }
    }

    fn of_18(kept: Inline<{ Self::LENGTH }>) -> Result<Self, IdNumberError> {
        let text = kept.as_str();
        let birth = text.get(6..14).and_then(date_of);
        let check_fits = remainder(text.as_bytes()) == Some(1);
        // One swap that mends the check digit and the date says more than either finding.
        let swap_at = if check_fits { None } else { only_swap(text) };
        let birth = match (birth, check_fits) {
            (Some(birth), true) => birth,
            (Some(_), false) => return Err(IdNumberError::CheckDigit { swap_at }),
            (None, false) if swap_at.is_some() => {
                return Err(IdNumberError::CheckDigit { swap_at });
            }
            (None, _) => return Err(IdNumberError::BirthDate { first: 7, last: 14 }),
        };
        let kind = match text.get(..6) {
            Some("810000" | "820000" | "830000") => IdKind::Permit,
            _ if text.starts_with('9') => IdKind::PermanentResident,
            _ => IdKind::Resident,
        };
        Ok(Self { text: kept, kind, birth: Some(birth) })
    }

    fn of_15(kept: Inline<{ Self::LENGTH }>) -> Result<Self, IdNumberError> {
        let mut digits = Inline::<8>::new();
        let whole =
            digits.push_str("19") && digits.push_str(kept.as_str().get(6..12).unwrap_or_default());
        let Some(birth) = date_of(digits.as_str()).filter(|_| whole) else {
            return Err(IdNumberError::BirthDate { first: 7, last: 12 });
        };
        Ok(Self { text: kept, kind: IdKind::ResidentOld, birth: Some(birth) })
    }

    /// The number in the clear, a final `X` in capital.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.as_str()
    }

    /// First two and last two characters, the rest hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = self.text.as_str();
        let hidden = text.len().saturating_sub(4);
        let first = text.get(..2).unwrap_or_default();
        let last = text.get(text.len().saturating_sub(2)..).unwrap_or_default();
        format!("{first}{}{last}", "*".repeat(hidden))
    }

    /// Which document it stands on.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The birth date, where the number holds one.
    #[must_use]
    pub fn birth(&self) -> Option<Date> {
        self.birth
    }

    /// Full years on a day, where the number holds a birth date.
    #[must_use]
    pub fn age_on(&self, today: Date) -> Option<i16> {
        self.birth.map(|birth| age_on(birth, today))
    }

    /// What is known about its region code.
    #[must_use]
    pub fn region(&self) -> Region {
        let text = self.text.as_str();
        match self.kind {
            IdKind::Resident | IdKind::ResidentOld | IdKind::Permit => {
                region(text.get(..6).unwrap_or_default())
            }
            IdKind::PermanentResident if province_known(text.get(1..3).unwrap_or_default()) => {
                Region::Current
            }
            IdKind::PermanentResident => Region::Unknown,
            IdKind::PermanentResidentOld => Region::Current,
        }
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber(••••)")
    }
}

impl fmt::Display for IdNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no ID number was given"),
            Self::TooMuchText => f.write_str("too much text to look for an ID number in it"),
            Self::Letter { at } => write!(f, "a letter at place {at}"),
            Self::Masked => f.write_str("part of the ID number is hidden"),
            Self::TooShort { missing } => write!(f, "{missing} characters are missing"),
            Self::TooLong { extra } => write!(f, "{extra} characters are too much"),
            Self::BirthDate { first, last } => write!(f, "places {first} to {last} are no date"),
            Self::CheckDigit { .. } => f.write_str("the last character does not fit the others"),
        }
    }
}

impl std::error::Error for IdNumberError {}

/// The digits and ASCII letters of a text, capital; words in other scripts around it are let go of.
fn undress(text: &str) -> Result<Inline<{ IdNumber::LENGTH }>, IdNumberError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(IdNumberError::TooMuchText);
    }
    let mut kept = Inline::new();
    let mut count = 0_usize;
    let mut foreign = None;
    for c in text.chars() {
        let c = match glyph(c) {
            Glyph::Digit(digit) => digit,
            _ if is_x(c) => 'X',
            Glyph::Letter => match latin_capital(c) {
                Some(capital) => capital,
                None => {
                    foreign = foreign.or(Some(count).filter(|count| *count > 0));
                    continue;
                }
            },
            Glyph::Star => return Err(IdNumberError::Masked),
            Glyph::Dress => continue,
        };
        if let Some(count) = foreign {
            return Err(IdNumberError::Letter { at: place(count) });
        }
        count += 1;
        // What does not fit is counted, and the count is what refuses it.
        let _ = kept.push(c);
    }
    match count {
        0 => Err(IdNumberError::Missing),
        _ if count > IdNumber::LENGTH => {
            Err(IdNumberError::TooLong { extra: count - IdNumber::LENGTH })
        }
        _ => Ok(kept),
    }
}

/// The signs that keyboards and pastes put for the final X: letters of other scripts, the Roman
/// ten, the sign of multiplication.
const fn is_x(c: char) -> bool {
    matches!(c, 'x' | 'X' | 'ｘ' | 'Ｘ' | 'Х' | 'х' | 'Χ' | 'χ' | 'Ⅹ' | 'ⅹ' | '×' | '✕' | '╳')
}

fn latin_capital(c: char) -> Option<char> {
    let c = match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0)?,
        _ => c,
    };
    c.is_ascii_alphabetic().then(|| c.to_ascii_uppercase())
}

fn is_old_permanent(text: &str) -> bool {
    let letters = text.get(..3).unwrap_or_default();
    let digits = text.get(3..).unwrap_or_default();
    text.len() == IdNumber::LENGTH_OLD
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The place of a letter other than a final X of eighteen.
fn misplaced_letter(text: &str) -> Option<u16> {
    let misplaced = |(place, c): (usize, char)| {
        let final_x = c == 'X' && place + 1 == IdNumber::LENGTH;
        (!c.is_ascii_digit() && !final_x).then_some(place)
    };
    text.chars().enumerate().find_map(misplaced).map(place)
}

fn place(before: usize) -> u16 {
    u16::try_from(before + 1).unwrap_or(u16::MAX)
}

/// ISO 7064 MOD 11-2 over all eighteen characters: 1 when the last fits.
fn remainder(text: &[u8]) -> Option<u32> {
    let mut sum = 0_u32;
    for byte in text {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'X' => 10,
            _ => return None,
        };
        // Doubling before each further character gives the weights 2^17 … 2^0 modulo 11.
        sum = (sum * 2 + value) % 11;
    }
    Some(sum)
}

/// Whether a number of eighteen begins with a region, or a permanent card's province, on our list.
fn region_known(text: &str) -> bool {
    if text.starts_with('9') {
        return province_known(text.get(1..3).unwrap_or_default());
    }
    region(text.get(..6).unwrap_or_default()) != Region::Unknown
}

/// The place of the one swap of two neighbours that gives a right number with a real date and a
/// region that is known: whoever is told two places looks at nothing else.
fn only_swap(text: &str) -> Option<u16> {
    let mut only = None;
    for at in 0..text.len().saturating_sub(1) {
        let mut bytes = [0_u8; IdNumber::LENGTH];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        bytes.swap(at, at + 1);
        let swapped = std::str::from_utf8(&bytes).ok()?;
        let right = remainder(&bytes) == Some(1)
            && misplaced_letter(swapped).is_none()
            && swapped.get(6..14).and_then(date_of).is_some()
            && region_known(swapped);
        if right && only.replace(place(at)).is_some() {
            return None;
        }
    }
    only
}

#[cfg(test)]
mod tests;
