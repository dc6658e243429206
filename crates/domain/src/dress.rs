//! Digits in any dress: spaces, dashes, dots, full-width, invisible marks, words around a paste.
//! This file only tells what a character is and gathers the digits; what they mean is said by the
//! types that use it.

use crate::inline::Inline;

/// A longer text is not searched for a number. A paste of a whole message is far shorter.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;

/// How many digits are kept; the rest is only counted.
const KEPT_MAX: usize = 24;

/// What a character is to somebody looking for digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// A digit, in whatever script or width.
    Digit(char),
    /// A sign that hides a digit.
    Star,
    /// A letter of any script.
    Letter,
    /// Everything else: space, punctuation, invisible marks.
    Dress,
}

/// Tells what a character is.
pub(crate) fn glyph(c: char) -> Glyph {
    match c {
        '0'..='9' => Glyph::Digit(c),
        ' ' | '-' | '.' => Glyph::Dress,
        '*' | '＊' | '•' | '●' | '∗' | '⁎' | '×' | '█' => Glyph::Star,
        _ if c.is_ascii() => {
            if c.is_ascii_alphabetic() {
                Glyph::Letter
            } else {
                Glyph::Dress
            }
        }
        _ => match foreign_digit(c) {
            Some(digit) => Glyph::Digit(digit),
            None if c.is_alphabetic() => Glyph::Letter,
            None => Glyph::Dress,
        },
    }
}

/// Full-width digits, Arabic digits as Uyghur keyboards write them, and mathematical ones.
fn foreign_digit(c: char) -> Option<char> {
    let value = match c {
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10,
        '\u{0660}'..='\u{0669}' => u32::from(c) - 0x0660,
        '\u{06f0}'..='\u{06f9}' => u32::from(c) - 0x06f0,
        '\u{1d7ce}'..='\u{1d7ff}' => (u32::from(c) - 0x1d7ce) % 10,
        _ => return None,
    };
    char::from_digit(value, 10)
}

/// The digits of a text.
#[derive(Debug, Clone)]
pub(crate) struct Digits {
    kept: Inline<KEPT_MAX>,
    count: usize,
}

impl Digits {
    /// The digits, at most the first 24.
    pub(crate) fn as_str(&self) -> &str {
        self.kept.as_str()
    }

    /// How many there were in all.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

/// Why no run of digits can be taken from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoDigits {
    /// Nothing was typed.
    Empty,
    /// Something was typed, but no digit is in it.
    NotFound,
    /// Too much text to search.
    TooMuchText,
    /// A letter stands behind this many digits, and more digits follow.
    Letter(u16),
    /// Asterisks stand behind this many digits.
    Star(u16),
}

/// Takes the digits out of a text. Words before the first and after the last are let go of; a
/// letter between two digits is not, because then there may be two numbers, or a wrong one.
pub(crate) fn undress(text: &str) -> Result<Digits, NoDigits> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(NoDigits::TooMuchText);
    }
    let mut digits = Digits { kept: Inline::new(), count: 0 };
    let mut letter = false;
    let mut anything = false;
    for c in text.chars() {
        match glyph(c) {
            Glyph::Digit(digit) => {
                if letter {
                    return Err(NoDigits::Letter(place(digits.count)));
                }
                digits.count += 1;
                // What does not fit is counted, and the count is what refuses it.
                let _ = digits.kept.push(digit);
            }
            Glyph::Letter => {
                anything = true;
                letter |= digits.count > 0;
            }
            Glyph::Star if digits.count > 0 && !letter => {
                return Err(NoDigits::Star(place(digits.count)));
            }
            Glyph::Star => anything = true,
            Glyph::Dress => anything |= !c.is_whitespace() && !is_invisible(c),
        }
    }
    match digits.count {
        0 if anything => Err(NoDigits::NotFound),
        0 => Err(NoDigits::Empty),
        _ => Ok(digits),
    }
}

/// Marks that take no room: zero-width spaces and joiners, direction marks, the byte order mark.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{180e}' | '\u{061c}'
    )
}

fn place(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Result<String, NoDigits> {
        undress(text).map(|d| d.as_str().to_owned())
    }

    #[test]
    fn what_is_no_run_of_digits() {
        for (text, why) in [
            ("", NoDigits::Empty),
            (" \u{200b}\u{a0}\t", NoDigits::Empty),
            ("卡号", NoDigits::NotFound),
            ("---", NoDigits::NotFound),
            ("****", NoDigits::NotFound),
            ("6222a0210", NoDigits::Letter(4)),
            ("6222 0210 尾号 1234", NoDigits::Letter(8)),
            ("6222 **** 1234", NoDigits::Star(4)),
            ("6222O0210", NoDigits::Letter(4)),
        ] {
            assert_eq!(digits(text), Err(why), "{text}");
        }
        assert_eq!(digits(&"6".repeat(TEXT_BYTES_MAX + 1)), Err(NoDigits::TooMuchText));
    }

    #[test]
    fn any_dress_comes_off() {
        for text in [
            "62220210",
            " 6222 0210\n",
            "6222-0210",
            "6222.0210",
            "６２２２　０２１０",
            "6\u{200b}222\u{feff}0210",
            "6222\u{a0}0210",
            "卡号：6222 0210（工商银行）",
            "my card is 6222 0210, thank you",
            "٦٢٢٢٠٢١٠",
            "𝟔𝟐𝟐𝟐𝟎𝟐𝟏𝟎",
        ] {
            assert_eq!(digits(text).as_deref(), Ok("62220210"), "{text}");
        }
    }

    #[test]
    fn too_many_digits_are_counted() {
        let digits = undress(&"1234567890".repeat(10)).unwrap();
        assert_eq!(digits.count(), 100);
        assert_eq!(digits.as_str(), "123456789012345678901234");
    }
}
