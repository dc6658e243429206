//! The one way a clear value is held: redacted when printed, wiped when dropped, never serialised.

use std::fmt;

use zeroize::Zeroizing;

/// A clear text that must not leak. No `Display`, no `Serialize`; `Debug` shows only dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the clear text into keeping.
    #[must_use]
    pub fn new(clear: String) -> Self {
        Self(Zeroizing::new(clear))
    }

    /// The clear text. Every call is a place where a secret leaves its type: a codec that writes to
    /// a bank, the envelope that seals it, a check that compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

/// A one-time code as the borrower typed it. It passes through memory to the bank and is never
/// stored.
#[derive(Debug, Clone)]
pub struct OneTimeCode(Secret);

/// Why a text cannot be a one-time code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneTimeCodeError {
    /// Nothing was typed.
    Empty,
    /// Something else than digits, or not 4 to 8 of them.
    NotACode,
}

impl OneTimeCode {
    /// Four to eight digits; white space and full-width digits are forgiven.
    ///
    /// # Errors
    /// Says whether nothing was typed or what was typed cannot be a code.
    pub fn parse(text: &str) -> Result<Self, OneTimeCodeError> {
        let mut digits = Zeroizing::new(String::new());
        for c in text.chars().take(64) {
            match c {
                '0'..='9' => digits.push(c),
                '\u{ff10}'..='\u{ff19}' => {
                    let ascii = u32::from(c) - 0xff10 + u32::from('0');
                    digits.extend(char::from_u32(ascii));
                }
                c if c.is_whitespace() || c == '\u{200b}' || c == '-' => {}
                _ => return Err(OneTimeCodeError::NotACode),
            }
        }
        match digits.len() {
            0 => Err(OneTimeCodeError::Empty),
            4..=8 => Ok(Self(Secret(digits))),
            _ => Err(OneTimeCodeError::NotACode),
        }
    }

    /// The digits, for the codec that sends them to the bank.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_dots() {
        let code = OneTimeCode::parse(" １２3 456 ").unwrap();
        assert_eq!(code.expose(), "123456");
        assert!(!format!("{code:?}").contains("123"));
    }

    #[test]
    fn not_a_code() {
        assert_eq!(OneTimeCode::parse("  ").unwrap_err(), OneTimeCodeError::Empty);
        assert_eq!(OneTimeCode::parse("12345a").unwrap_err(), OneTimeCodeError::NotACode);
        assert_eq!(OneTimeCode::parse("123").unwrap_err(), OneTimeCodeError::NotACode);
        assert_eq!(OneTimeCode::parse("123456789").unwrap_err(), OneTimeCodeError::NotACode);
    }
}
