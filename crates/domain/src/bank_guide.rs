//! What a bank's customers should know: its hotline, and how to find or change the phone reserved
//! there. Data with source and date. What no source says is not here, and whoever shows it says
//! "call the number on the back of the card".

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;

use crate::text::{Lang, Text};

const FILE: &str = include_str!("../../../data/banks/guidance.toml");

static EMBEDDED: LazyLock<Arc<BankGuides>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test of this module")]
    let guides = BankGuides::parse(FILE).expect("the embedded guides keep their own rules");
    Arc::new(guides)
});

/// The longest text, in characters: it must fit on a phone.
const TEXT_CHARACTERS_MAX: usize = 300;
/// The longest number that is dialled or pressed, in digits.
const DIGIT_COUNT_MAX: usize = 15;
/// The one blank in a text: the hotline as it is shown.
const BLANK: &str = "{hotline}";

/// What is known of one bank.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankGuide {
    /// Our code of the bank, as in the BIN table.
    #[serde(deserialize_with = "line")]
    pub bank_code: String,
    /// The bank's name.
    #[serde(deserialize_with = "text")]
    pub bank: Text,
    /// Its hotline.
    pub hotline: Option<Hotline>,
    /// What its customers should know about the reserved phone.
    pub reserved_phone: Option<PhoneGuide>,
}

/// A bank's hotline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotline {
    /// The number as it is dialled inside the mainland.
    #[serde(deserialize_with = "digits")]
    pub number: String,
    /// What is pressed once somebody answers.
    #[serde(default, deserialize_with = "some_digits", skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Whether at least two independent sources agree.
    pub confirmed: bool,
    /// Where it was read.
    #[serde(deserialize_with = "line")]
    pub source: String,
    /// When, as year and month.
    #[serde(deserialize_with = "month")]
    pub date: String,
}

/// What a bank's customers should know about the phone reserved there. What is not said here is no
/// different at this bank, or not known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneGuide {
    /// What it is.
    #[serde(default, deserialize_with = "some_text")]
    pub what: Option<Text>,
    /// How to find out which number it is.
    #[serde(default, deserialize_with = "some_text")]
    pub find: Option<Text>,
    /// How to change it.
    #[serde(default, deserialize_with = "some_text")]
    pub change: Option<Text>,
    /// Whether at least two independent sources agree.
    pub confirmed: bool,
    /// Where it was read.
    #[serde(deserialize_with = "line")]
    pub source: String,
    /// When, as year and month.
    #[serde(deserialize_with = "month")]
    pub date: String,
}

/// Whom to call about a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankContact {
    /// The bank's name.
    pub bank: Text,
    /// Its hotline.
    pub hotline: Hotline,
}

impl BankGuide {
    /// Whom to call, where a number is known.
    #[must_use]
    pub fn contact(&self) -> Option<BankContact> {
        let hotline = self.hotline.clone()?;
        Some(BankContact { bank: self.bank.clone(), hotline })
    }

    /// What the reserved phone is, how to find it and how to change it, where this bank's own way
    /// is known.
    #[must_use]
    pub fn phone_words(&self, lang: Lang) -> [Option<String>; 3] {
        let Some(phone) = &self.reserved_phone else { return [None, None, None] };
        [&phone.what, &phone.find, &phone.change]
            .map(|text| text.as_ref().map(|text| self.filled(text.in_lang(lang), lang)))
    }

    fn filled(&self, words: &str, lang: Lang) -> String {
        let number = match (&self.hotline, lang) {
            (Some(hotline), _) => hotline.shown(lang),
            (None, Lang::Zh) => "卡背面的客服电话".to_owned(),
            (None, Lang::En) => "the number on the back of the card".to_owned(),
        };
        words.replace(BLANK, &number)
    }
}

impl Hotline {
    /// The number as it is shown: with what to press afterwards.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> String {
        let number = &self.number;
        match (&self.extension, lang) {
            (None, _) => number.clone(),
            (Some(extension), Lang::Zh) => format!("{number} 转 {extension}"),
            (Some(extension), Lang::En) => format!("{number}, then {extension}"),
        }
    }

    /// What to do first about a number that only one source names.
    #[must_use]
    pub const fn caution(&self, lang: Lang) -> Option<&'static str> {
        match (self.confirmed, lang) {
            (true, _) => None,
            (false, Lang::Zh) => Some("请与卡背面的号码核对"),
            (false, Lang::En) => Some("Please compare it with the number on the back of the card"),
        }
    }

    /// The number in a sentence: as it is shown, and what to do first.
    #[must_use]
    pub fn said(&self, lang: Lang) -> String {
        let shown = self.shown(lang);
        match (self.caution(lang), lang) {
            (None, _) => shown,
            (Some(caution), Lang::Zh) => format!("{shown}，{caution}"),
            (Some(caution), Lang::En) => format!("{shown}. {caution}"),
        }
    }
}

/// What is known of all banks.
#[derive(Debug, Clone)]
pub struct BankGuides {
    by_bank: HashMap<String, BankGuide>,
}

impl BankGuides {
    /// The guides this binary was built with.
    #[must_use]
    pub fn embedded() -> Arc<Self> {
        Arc::clone(&EMBEDDED)
    }

    /// The embedded guides with the operator's own on top: a bank in the file replaces ours.
    ///
    /// # Errors
    /// Names the first line that cannot be used, and why.
    pub fn with_operator_toml(content: &str) -> Result<Self, BankGuidesError> {
        let mut guides = (*Self::embedded()).clone();
        guides.by_bank.extend(Self::parse(content)?.by_bank);
        Ok(guides)
    }

    /// Reads a file of guides.
    ///
    /// # Errors
    /// Names the first line that cannot be used, and why.
    pub fn parse(content: &str) -> Result<Self, BankGuidesError> {
        let wrong = |at: usize, reason: String| {
            let before = content.bytes().take(at);
            BankGuidesError { line: before.filter(|byte| *byte == b'\n').count() + 1, reason }
        };
        let file: File = toml::from_str(content).map_err(|error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut by_bank = HashMap::with_capacity(file.guide.len());
        for guide in file.guide {
            let at = guide.span().start;
            let guide = guide.into_inner();
            if let Some(first) = by_bank.insert(guide.bank_code.clone(), guide) {
                return Err(wrong(at, format!("{} is there twice", first.bank_code)));
            }
        }
        Ok(Self { by_bank })
    }

    /// What is known of this bank.
    #[must_use]
    pub fn get(&self, bank_code: &str) -> Option<&BankGuide> {
        self.by_bank.get(bank_code)
    }

    /// Whom to call at this bank, where a number is known.
    #[must_use]
    pub fn contact(&self, bank_code: &str) -> Option<BankContact> {
        self.get(bank_code)?.contact()
    }

    /// Every guide, in no particular order.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &BankGuide> {
        self.by_bank.values()
    }
}

/// Why a file of guides is refused. The line is counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankGuidesError {
    /// The line of the file.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BankGuidesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for BankGuidesError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    guide: Vec<Spanned<BankGuide>>,
}

/// A word or two that must be there.
fn line<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let line = String::deserialize(from)?;
    if line.trim().is_empty() || line.chars().count() > TEXT_CHARACTERS_MAX {
        let why = format!("needs some words, at most {TEXT_CHARACTERS_MAX} characters");
        return Err(D::Error::custom(why));
    }
    Ok(line)
}

/// Words in both languages, with the same blanks.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
    let text = Text::deserialize(from)?;
    for words in [&text.zh, &text.en] {
        if words.trim().is_empty() || words.chars().count() > TEXT_CHARACTERS_MAX {
            let why = format!("needs words in zh and en, at most {TEXT_CHARACTERS_MAX} characters");
            return Err(D::Error::custom(why));
        }
        if words.replace(BLANK, "").contains(['{', '}']) {
            return Err(D::Error::custom(format!("no braces but {BLANK} can be filled in")));
        }
    }
    if text.zh.contains(BLANK) != text.en.contains(BLANK) {
        return Err(D::Error::custom(format!("{BLANK} stands in one language only")));
    }
    Ok(text)
}

fn some_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    text(from).map(Some)
}

/// What can be dialled or pressed on any phone.
fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let digits = String::deserialize(from)?;
    let count_fits = (1..=DIGIT_COUNT_MAX).contains(&digits.len());
    if !count_fits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(D::Error::custom(format!(
            "\"{digits}\" cannot be dialled: give 1 to {DIGIT_COUNT_MAX} digits and nothing else; \
             what is pressed afterwards is `extension`"
        )));
    }
    Ok(digits)
}

fn some_digits<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    digits(from).map(Some)
}

/// A year and a month.
fn month<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let date = String::deserialize(from)?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = date.split_once('-').is_some_and(|(year, month)| {
        year.len() == 4 && month.len() == 2 && all_digits(year) && all_digits(month)
    });
    if !fits {
        let why = format!("\"{date}\" is no year and month such as \"2026-11\"");
        return Err(D::Error::custom(why));
    }
    Ok(date)
}

#[cfg(test)]
mod tests;
