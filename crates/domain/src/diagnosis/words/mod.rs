//! Reads a bank's own words where it gives no code: a small classifier that can say what it went
//! by. Phrases speak for causes; the nearest known message speaks as well; below a threshold the
//! reader says that it does not know. It explains and never decides: no class comes from here.

mod fold;
mod known;
mod lexicon;
pub mod measure;

use std::fmt;
use std::sync::LazyLock;

use serde::Serialize;

use self::fold::Folder;
use self::known::Known;
use self::lexicon::Lexicon;
use super::Certainty;
use super::heard::VAGUE;
use crate::cause::{CauseCode, Dictionary};
use crate::outcome::ResponseCode;

const PHRASES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/words/phrases.toml"));
const KNOWN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/words/known.csv"));

/// Below this strength the reader does not know. Chosen on the messages that were at hand when the
/// phrases were written; `docs/words.md` shows what it does to wording nobody had seen.
const STRENGTH_MIN: f64 = 0.38;
/// Two readings nearer to each other than this are none.
const MARGIN_MIN: f64 = 0.02;
/// How far a phrase and a known message are believed at most.
const PHRASE_BELIEVED: f64 = 0.9;
const KNOWN_BELIEVED: f64 = 0.8;
/// A known message less alike than this is not worth naming.
const ALIKE_MIN: f64 = 0.3;

static EMBEDDED: LazyLock<WordReader> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded files are read by a test of this module")]
    WordReader::parse(PHRASES, KNOWN, Dictionary::embedded())
        .expect("the embedded words keep their own rules")
});

/// Reads messages.
#[derive(Debug)]
pub struct WordReader {
    folder: Folder,
    labels: Vec<Label>,
    lexicon: Lexicon,
    known: Known,
}

/// What a message can mean: one cause, or the candidates of a "one of".
type Label = Vec<CauseCode>;

/// What was read in a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// The cause, or the candidates of an honest "one of", likeliest first; empty when it is not
    /// known.
    pub causes: Vec<CauseCode>,
    /// Never `certain`: words alone are not.
    pub certainty: Certainty,
    /// How strongly the words speak for it, from 0 to 1.
    pub strength: f64,
    /// What it went by. Only our own phrases and known messages, never a piece of the message.
    pub clues: Vec<Clue>,
    /// The codes that stood in brackets.
    pub codes: Vec<ResponseCode>,
}

/// One thing the reader went by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Clue {
    /// These words stood in the message.
    Phrase {
        /// The words.
        words: Vec<String>,
    },
    /// The message is like this known one.
    Like {
        /// The known message.
        message: String,
        /// How alike, from 0 to 1.
        alike: f64,
    },
}

impl WordReader {
    /// The reader this binary was built with; made at first use.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Makes a reader from phrases (TOML) and known messages (CSV: `cause,text`). Every cause must
    /// stand in the dictionary.
    ///
    /// # Errors
    /// Says which entry breaks which rule.
    pub fn parse(phrases: &str, known: &str, dictionary: &Dictionary) -> Result<Self, WordsError> {
        let mut labels = Labels { all: Vec::new(), dictionary };
        let (folder, lexicon) = lexicon::parse(phrases, &mut labels)?;
        let known = known::parse(known, &folder, &mut labels)?;
        Ok(Self { folder, labels: labels.all, lexicon, known })
    }

    /// Whether a label says so little that anything else in a message says more.
    fn is_vague(&self, label: usize) -> bool {
        let causes = self.labels.get(label).map_or(&[][..], Vec::as_slice);
        causes.iter().all(|cause| VAGUE.contains(&cause.as_str()))
    }

    /// Reads a message.
    #[must_use]
    pub fn read(&self, message: &str) -> Reading {
        let folded = self.folder.fold(message);
        let by_phrase = self.lexicon.speak(&folded.text, self.labels.len());
        let by_known = self.known.speak(&folded.text, self.labels.len());
        let voices: Vec<(f64, usize, &Voice, &Voice)> = by_phrase
            .iter()
            .zip(&by_known)
            .enumerate()
            .map(|(label, (phrase, known))| {
                let doubt = (1.0 - PHRASE_BELIEVED * phrase.strength)
                    * (1.0 - KNOWN_BELIEVED * known.strength);
                (1.0 - doubt, label, phrase, known)
            })
            .collect();
        let (mut best, mut which) = clearest(voices.iter().copied());
        // "The card's state is wrong: the account is closed": what says little stands before what
        // says more, and is no reason not to hear it.
        let strongest = voices.iter().max_by(|one, other| one.0.total_cmp(&other.0));
        if strongest.is_some_and(|(_, label, ..)| self.is_vague(*label)) {
            let specific = voices
                .iter()
                .copied()
                .filter(|(_, label, phrase, _)| !self.is_vague(*label) && phrase.strength > 0.0);
            if let (strength, Some(voice)) = clearest(specific) {
                (best, which) = (strength, Some(voice));
            }
        }
        let Some((label, phrase, known)) = which else {
            return Reading {
                causes: Vec::new(),
                certainty: Certainty::Unknown,
                strength: rounded(best),
                clues: Vec::new(),
                codes: folded.codes,
            };
        };
        let causes = self.labels.get(label).cloned().unwrap_or_default();
        let certainty = if causes.len() > 1 { Certainty::OneOf } else { Certainty::Likely };
        let words = phrase.place.map(|place| self.lexicon.words(place, &folded.text));
        let like = known.place.filter(|_| known.strength >= ALIKE_MIN).map(|place| Clue::Like {
            message: self.known.message(place).to_owned(),
            alike: rounded(known.strength),
        });
        let clues = words.map(|words| Clue::Phrase { words }).into_iter().chain(like).collect();
        Reading { causes, certainty, strength: rounded(best), clues, codes: folded.codes }
    }
}

/// The strongest, if it is strong enough and stands out.
fn clearest<'v>(
    voices: impl Iterator<Item = (f64, usize, &'v Voice, &'v Voice)>,
) -> (f64, Option<(usize, &'v Voice, &'v Voice)>) {
    let (mut best, mut second, mut which) = (0.0, 0.0, None);
    for (strength, label, phrase, known) in voices {
        if strength > best {
            (second, best, which) = (best, strength, Some((label, phrase, known)));
        } else if strength > second {
            second = strength;
        }
    }
    let clear = best >= STRENGTH_MIN && best - second >= MARGIN_MIN;
    (best, which.filter(|_| clear))
}

/// How strongly something speaks for a label, and where it stands.
#[derive(Debug, Clone, Copy, Default)]
struct Voice {
    strength: f64,
    place: Option<usize>,
}

impl Voice {
    fn hear(&mut self, strength: f64, place: usize) {
        if strength > self.strength {
            *self = Self { strength, place: Some(place) };
        }
    }
}

/// The labels, each once.
struct Labels<'a> {
    all: Vec<Label>,
    dictionary: &'a Dictionary,
}

impl Labels<'_> {
    /// The place of `a | b`, which is made when it is new.
    fn place(&mut self, written: &str) -> Result<usize, WordsError> {
        let label: Label = written.split(" | ").map(CauseCode::read).collect();
        if let Some(odd) = label.iter().find(|code| self.dictionary.get(code).is_none()) {
            return Err(WordsError(format!("{odd} is not in the dictionary")));
        }
        Ok(self.all.iter().position(|other| *other == label).unwrap_or_else(|| {
            self.all.push(label);
            self.all.len() - 1
        }))
    }
}

fn rounded(strength: f64) -> f64 {
    (strength * 100.0).round() / 100.0
}

/// Why phrases or known messages are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsError(String);

impl fmt::Display for WordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "words: {}", self.0)
    }
}

impl std::error::Error for WordsError {}

#[cfg(test)]
mod tests;
