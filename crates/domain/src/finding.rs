//! What a precheck found, field by field, without the value it is about.
//!
//! A finding is data: which words, which small numbers. Its text is rendered on demand, and only
//! counts, positions and version floors ever go into it, never what was typed.

pub mod causes;
pub(crate) mod words;

use serde::{Deserialize, Serialize};

use crate::cause::CauseCode;
use crate::environment::Version;
use crate::text::Lang;

use words::Words;

/// The field of the form a finding belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What the borrower types on: app, system, device, clock, network.
    Environment,
    /// The card number.
    CardNumber,
    /// The holder's name.
    Name,
    /// The number of the holder's identity document.
    IdNumber,
    /// The phone number reserved at the bank.
    Phone,
    /// A company's name.
    CompanyName,
    /// A company's unified social credit code.
    CreditCode,
    /// The clearing code of a bank's branch.
    ClearingCode,
}

impl Field {
    /// The stable name, as in the API, in forms and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::CardNumber => "card_number",
            Self::Name => "name",
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::CompanyName => "company_name",
            Self::CreditCode => "credit_code",
            Self::ClearingCode => "clearing_code",
        }
    }
}

/// Whether the borrower may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a second look; the borrower may go on.
    Warn,
    /// Must be corrected first.
    Stop,
}

/// Where in the field, counted from 1: digits in a field of digits (whatever dress they were typed
/// in), characters elsewhere. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct At {
    /// The first place.
    pub first: u16,
    /// The last place.
    pub last: u16,
}

impl At {
    /// From one place to another.
    #[must_use]
    pub const fn range(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    /// A single place.
    #[must_use]
    pub const fn one(place: u16) -> Self {
        Self { first: place, last: place }
    }
}

/// The small numbers a finding's words may mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Numbers {
    /// How many: missing, too many, typed, accounts, minutes.
    pub(crate) count: u16,
    /// How many there should be.
    pub(crate) expected: u16,
    /// Which groups of four digits, the lowest bit being the first group.
    pub(crate) groups: u8,
    /// The lowest version that is supported.
    pub(crate) version: Option<Version>,
}

/// One thing a precheck found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The field it belongs to.
    pub field: Field,
    /// Whether the borrower may go on.
    pub severity: Severity,
    /// The stable cause, to be looked up in the dictionary.
    pub cause: CauseCode,
    /// Where in the field, when it can be said.
    pub at: Option<At>,
    words: &'static Words,
    numbers: Numbers,
}

impl Finding {
    pub(crate) fn stop(words: &'static Words) -> Self {
        Self::new(Severity::Stop, words)
    }

    pub(crate) fn warn(words: &'static Words) -> Self {
        Self::new(Severity::Warn, words)
    }

    pub(crate) fn new(severity: Severity, words: &'static Words) -> Self {
        Self {
            field: words.field,
            severity,
            cause: words.cause.clone(),
            at: None,
            words,
            numbers: Numbers::default(),
        }
    }

    pub(crate) fn at(mut self, at: Option<At>) -> Self {
        self.at = at;
        self
    }

    pub(crate) fn count(mut self, count: usize) -> Self {
        self.numbers.count = u16::try_from(count).unwrap_or(u16::MAX);
        self
    }

    pub(crate) fn expected(mut self, expected: usize) -> Self {
        self.numbers.expected = u16::try_from(expected).unwrap_or(u16::MAX);
        self
    }

    pub(crate) fn groups(mut self, groups: u8) -> Self {
        self.numbers.groups = groups;
        self
    }

    pub(crate) fn version(mut self, version: Version) -> Self {
        self.numbers.version = Some(version);
        self
    }

    /// What is wrong, as a sentence for the borrower.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        self.words.text(lang, &self.numbers, self.at)
    }

    /// What to do about it, as a sentence for the borrower.
    #[must_use]
    pub fn fix(&self, lang: Lang) -> String {
        self.words.fix(lang, &self.numbers, self.at)
    }

    /// Everything in one language, in the shape of the API and of the command line's JSON.
    #[must_use]
    pub fn view(&self, lang: Lang) -> FindingView {
        FindingView {
            field: self.field,
            severity: self.severity,
            cause: self.cause.clone(),
            text: self.text(lang),
            fix: self.fix(lang),
            at: self.at,
        }
    }
}

/// A finding rendered in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// The field it belongs to.
    pub field: Field,
    /// Whether the borrower may go on.
    pub severity: Severity,
    /// The stable cause.
    pub cause: CauseCode,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub fix: String,
    /// Where in the field, when it can be said.
    pub at: Option<At>,
}
