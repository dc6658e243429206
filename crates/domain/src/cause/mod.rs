//! Causes: the stable codes of our own dictionary, such as `card.lost`, and what is said about
//! each to whom. The words live in `data/causes/*.toml`; this module only reads and serves them.

mod action;
mod check;
mod dictionary;
pub mod document;
pub mod known;
mod neighbours;
mod phrases;

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::action::{Action, BankTask, CardWanted, Paper};
pub use self::dictionary::{Dictionary, DictionaryError};
pub use self::neighbours::Lookalikes;
pub use self::phrases::Phrases;
use crate::diagnosis::{Actor, Certainty, NextStep, Retry};
use crate::text::{Lang, Text};

/// A stable cause code: area, dot, name. Part of the API; never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseCode(Cow<'static, str>);

impl CauseCode {
    /// A code that is written in the source. A test proves that the dictionary holds each of them.
    #[must_use]
    pub const fn known(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// A code as it stands in a data file. Whoever reads the file asks the dictionary for it.
    pub(crate) fn read(code: &str) -> Self {
        Self(Cow::Owned(code.to_owned()))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form `area.name`: lower-case letters, digits and underscores.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let part = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        self.0.split_once('.').is_some_and(|(area, name)| part(area) && part(name))
    }
}

impl fmt::Display for CauseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for CauseCode {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// One entry of the dictionary: who must act, what next, whether to retry, and the words for each
/// audience in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its stable code.
    pub code: CauseCode,
    /// Which of the four origins it belongs to.
    pub family: Family,
    /// Who must act.
    pub actor: Actor,
    /// What that party does next.
    pub next_step: NextStep,
    /// Whether and when to try again.
    pub retry: Retry,
    /// How sure one may be when a bank names this cause alone.
    pub certainty: Certainty,
    /// What is concretely to be done, the most useful first. Never empty.
    pub steps: Vec<Action>,
    /// A sensitive cause is shown to the borrower as this vaguer one, so that nobody can learn from
    /// the page what a stolen card's bank knows. Agents and engineers see the exact cause.
    pub shown_as: Option<CauseCode>,
    /// The exact name, for agents and engineers.
    pub name: Text,
    borrower: Wording,
    agent: Wording,
    engineer: Wording,
}

impl Cause {
    /// Whether the borrower must not be told exactly this.
    #[must_use]
    pub const fn sensitive(&self) -> bool {
        self.shown_as.is_some()
    }

    /// What is said to this audience. For a sensitive cause the borrower's words are those of the
    /// vaguer cause.
    #[must_use]
    pub const fn wording(&self, audience: Audience) -> &Wording {
        match audience {
            Audience::Borrower => &self.borrower,
            Audience::Agent => &self.agent,
            Audience::Engineer => &self.engineer,
        }
    }

    /// The title for this audience and language.
    #[must_use]
    pub fn title(&self, audience: Audience, lang: Lang) -> &str {
        self.wording(audience).title.in_lang(lang)
    }

    /// What is wrong, for this audience and language.
    #[must_use]
    pub fn text(&self, audience: Audience, lang: Lang) -> &str {
        self.wording(audience).text.in_lang(lang)
    }

    /// What to do, for this audience and language.
    #[must_use]
    pub fn fix(&self, audience: Audience, lang: Lang) -> &str {
        self.wording(audience).fix.in_lang(lang)
    }
}

/// What is said to one audience: a short title, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wording {
    /// A few words.
    pub title: Text,
    /// What is wrong, in one or two sentences.
    pub text: Text,
    /// What to do, in one or two sentences.
    pub fix: Text,
}

/// The four origins of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The platform, the channel, or ourselves.
    PlatformChannel,
    /// Network, app, device.
    Environment,
    /// The card, its holder, and what was typed about them.
    CardHolder,
    /// Somebody attacks.
    Attack,
}

impl Family {
    /// All four.
    pub const ALL: [Self; 4] =
        [Self::PlatformChannel, Self::Environment, Self::CardHolder, Self::Attack];

    /// The stable name, as in data files, the API and the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformChannel => "platform_channel",
            Self::Environment => "environment",
            Self::CardHolder => "card_holder",
            Self::Attack => "attack",
        }
    }
}

/// To whom something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The person at the phone.
    Borrower,
    /// The platform's support, who reads it out.
    Agent,
    /// The platform's engineer.
    Engineer,
}

impl Audience {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Borrower, Self::Agent, Self::Engineer];
}

#[cfg(test)]
mod tests;
