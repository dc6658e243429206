//! The holder's name, made equal to the form banks hold: one middle dot, no stray spaces, ASCII
//! letters. Rare characters are kept as they are; what stands in no name is refused.

use std::fmt;

use super::name_char::{NameChar, Refused, name_char};
use crate::dress::TEXT_BYTES_MAX;
use crate::inline::Inline;

/// A name: Chinese characters, Latin letters, or both.
#[derive(Clone, PartialEq, Eq)]
pub struct HolderName {
    text: Inline<{ Self::BYTES_MAX }>,
    characters: u16,
    rare_at: Option<u16>,
}

/// Why a text is no name. Places are counted from 1, without leading space and invisible marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderNameError {
    /// Nothing was typed.
    Missing,
    /// More characters than any name has.
    TooLong,
    /// Part of the name is hidden behind asterisks.
    Masked,
    /// A digit.
    Digit {
        /// Its place.
        at: u16,
    },
    /// An emoji.
    Emoji {
        /// Its place.
        at: u16,
    },
    /// A sign of program or page code.
    Markup {
        /// Its place.
        at: u16,
    },
    /// An invisible control character.
    Control {
        /// Its place.
        at: u16,
    },
    /// A character of another script that only looks right.
    Lookalike {
        /// Its place.
        at: u16,
    },
    /// Any other character that stands in no name.
    Character {
        /// Its place.
        at: u16,
    },
    /// A middle dot that stands between no two parts.
    MiddleDot {
        /// Its place.
        at: u16,
    },
}

impl HolderName {
    /// The most characters of a name.
    pub const CHARACTERS_MAX: usize = 50;
    /// The most bytes of a name: forty Chinese characters, or thirty of the rarest.
    const BYTES_MAX: usize = 120;

    /// Takes a name into its usual form.
    ///
    /// # Errors
    /// Says what stands in the way and where; never holds what was typed.
    pub fn parse(text: &str) -> Result<Self, HolderNameError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(HolderNameError::TooLong);
        }
        let mut writer = Writer::new();
        for c in text.chars() {
            writer.take(name_char(c))?;
        }
        writer.finish()
    }

    /// The name in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.as_str()
    }

    /// The last character, the others hidden: `*三`, `**伟`.
    #[must_use]
    pub fn masked(&self) -> String {
        let name = self.text.as_str();
        let hidden = usize::from(self.characters.saturating_sub(1)).clamp(1, 4);
        let last = name.chars().next_back().filter(|_| self.characters > 1);
        "*".repeat(hidden).chars().chain(last).collect()
    }

    /// Whether some character cannot be written in GBK, so that a channel that speaks GBK cannot
    /// carry the name. The channel's own encoder has the last word.
    #[must_use]
    pub fn beyond_gbk(&self) -> bool {
        self.rare_at.is_some()
    }

    /// The place of the first character beyond GBK.
    #[must_use]
    pub fn rare_at(&self) -> Option<u16> {
        self.rare_at
    }

    /// Whether the name has a single character, which is possible but seldom.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.characters == 1
    }
}

/// Writes the usual form, character by character.
struct Writer {
    text: Inline<{ HolderName::BYTES_MAX }>,
    /// Characters kept.
    characters: usize,
    /// Characters seen, for places.
    seen: usize,
    rare_at: Option<u16>,
    before: Before,
    space: bool,
}

/// What was kept last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Han,
    Latin,
    Dot,
}

impl Writer {
    fn new() -> Self {
        Self {
            text: Inline::new(),
            characters: 0,
            seen: 0,
            rare_at: None,
            before: Before::Nothing,
            space: false,
        }
    }

    fn take(&mut self, c: NameChar) -> Result<(), HolderNameError> {
        if c == NameChar::Nothing || (c == NameChar::Space && self.seen == 0) {
            return Ok(());
        }
        self.seen += 1;
        match c {
            NameChar::Nothing => Ok(()),
            NameChar::Space => {
                self.space = true;
                Ok(())
            }
            NameChar::Han(c) => self.keep(c, Before::Han),
            NameChar::RareHan(c) => {
                self.rare_at = self.rare_at.or(Some(self.place()));
                self.keep(c, Before::Han)
            }
            NameChar::Latin(c) => self.keep(c, Before::Latin),
            NameChar::Accented(c) => {
                self.rare_at = self.rare_at.or(Some(self.place()));
                self.keep(c, Before::Latin)
            }
            // Behind a Chinese character a period is the dot of a name like 买买提·阿不都.
            NameChar::Dot => self.dot(),
            NameChar::Joint('.') if self.before != Before::Latin => self.dot(),
            NameChar::Joint(c) if self.before == Before::Latin => self.keep(c, Before::Latin),
            NameChar::Joint(_) => Err(HolderNameError::Character { at: self.place() }),
            NameChar::Refused(why) => Err(self.refusal(why)),
        }
    }

    fn keep(&mut self, c: char, kind: Before) -> Result<(), HolderNameError> {
        // A space is part of a Latin name only; between Chinese characters it is a habit of typing.
        let latin = kind == Before::Latin || self.before == Before::Latin;
        let inside = self.before != Before::Nothing && self.before != Before::Dot;
        if self.space && latin && inside {
            self.push(' ')?;
        }
        self.space = false;
        self.before = kind;
        self.push(c)
    }

    fn dot(&mut self) -> Result<(), HolderNameError> {
        if matches!(self.before, Before::Nothing | Before::Dot) {
            return Err(HolderNameError::MiddleDot { at: self.place() });
        }
        self.space = false;
        self.before = Before::Dot;
        self.push('·')
    }

    fn push(&mut self, c: char) -> Result<(), HolderNameError> {
        self.characters += 1;
        let room = self.characters <= HolderName::CHARACTERS_MAX && self.text.push(c);
        if room { Ok(()) } else { Err(HolderNameError::TooLong) }
    }

    fn refusal(&self, why: Refused) -> HolderNameError {
        let at = self.place();
        match why {
            Refused::Digit => HolderNameError::Digit { at },
            Refused::Emoji => HolderNameError::Emoji { at },
            Refused::Markup => HolderNameError::Markup { at },
            Refused::Control => HolderNameError::Control { at },
            Refused::Lookalike => HolderNameError::Lookalike { at },
            Refused::Star => HolderNameError::Masked,
            Refused::Other => HolderNameError::Character { at },
        }
    }

    fn place(&self) -> u16 {
        u16::try_from(self.seen).unwrap_or(u16::MAX)
    }

    fn finish(self) -> Result<HolderName, HolderNameError> {
        match self.before {
            Before::Nothing => Err(HolderNameError::Missing),
            Before::Dot => Err(HolderNameError::MiddleDot { at: self.place() }),
            Before::Han | Before::Latin => Ok(HolderName {
                text: self.text,
                characters: u16::try_from(self.characters).unwrap_or(u16::MAX),
                rare_at: self.rare_at,
            }),
        }
    }
}

impl fmt::Debug for HolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderName(••••)")
    }
}

impl fmt::Display for HolderNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no name was given"),
            Self::TooLong => f.write_str("more characters than a name has"),
            Self::Masked => f.write_str("part of the name is hidden"),
            Self::Digit { at } => write!(f, "a digit at place {at}"),
            Self::Emoji { at } => write!(f, "an emoji at place {at}"),
            Self::Markup { at } => write!(f, "a sign of code at place {at}"),
            Self::Control { at } => write!(f, "a control character at place {at}"),
            Self::Lookalike { at } => write!(f, "a character of another script at place {at}"),
            Self::Character { at } => write!(f, "a character of no name at place {at}"),
            Self::MiddleDot { at } => write!(f, "a middle dot between no two parts at place {at}"),
        }
    }
}

impl std::error::Error for HolderNameError {}

#[cfg(test)]
mod tests;
