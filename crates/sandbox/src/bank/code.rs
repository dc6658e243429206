//! One-time codes and tokens, both derived from the random draw that stands in the books, so that
//! neither is written down in the clear and both come back when the books are read again.

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Rules;
use super::ledger::Entry;
use super::order::Refusal;

/// The code that always passes, as in the published test environment.
pub const CODE_ALWAYS_RIGHT: &str = "111111";
/// The codes that never pass, as in the published test environment.
pub const CODES_ALWAYS_WRONG: [&str; 2] = ["123456", "654321"];

/// Sixteen random bytes that came with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw(pub [u8; 16]);

/// A code that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCode {
    /// The card's short name.
    pub card: String,
    /// Its six digits.
    pub digits: String,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it reached the phone.
    pub delivered: bool,
    /// Whether a later code took its place.
    pub voided: bool,
    /// How many wrong codes came for it.
    pub wrong_count: u32,
}

impl SentCode {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            card: entry.card.clone(),
            digits: digits(entry.draw.unwrap_or_default()),
            at: entry.at,
            delivered: entry.delivered,
            voided: false,
            wrong_count: 0,
        }
    }

    /// Why the typed code does not open anything, if it does not.
    pub(super) fn refuses(&self, typed: &str, now: Timestamp, rules: &Rules) -> Option<Refusal> {
        if self.wrong_count >= rules.code_wrong_count_max {
            return Some(Refusal::CodeLocked);
        }
        if typed == CODE_ALWAYS_RIGHT {
            return None;
        }
        if typed != self.digits || CODES_ALWAYS_WRONG.contains(&typed) {
            return Some(Refusal::CodeWrong);
        }
        if self.voided {
            return Some(Refusal::CodeVoided);
        }
        if now.since_ms(self.at) > rules.code_validity_ms {
            return Some(Refusal::CodeExpired);
        }
        None
    }
}

/// Six digits that are none of the magic ones.
fn digits(draw: Draw) -> String {
    let mut number = u128::from_be_bytes(draw.0) % 1_000_000;
    loop {
        let text = format!("{number:06}");
        if text != CODE_ALWAYS_RIGHT && !CODES_ALWAYS_WRONG.contains(&text.as_str()) {
            return text;
        }
        number = (number + 1) % 1_000_000;
    }
}

/// Nineteen digits that look like UnionPay's tokens.
pub(super) fn token(draw: Draw) -> String {
    let number = u128::from_be_bytes(draw.0) % 10u128.pow(17);
    format!("62{number:017}")
}

impl Serialize for Draw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for Draw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(serde::de::Error::custom)
    }
}
