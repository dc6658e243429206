//! Phrases that speak for a cause: words that must all stand in a message, in any order.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fold::Folder;
use super::{Labels, Voice, WordsError};

/// How much each further character of a phrase leaves of the doubt.
const DOUBT_PER_CHARACTER: f64 = 0.74;

/// All phrases, over one table of distinct words: each word is looked for once in a message.
#[derive(Debug)]
pub(super) struct Lexicon {
    words: Vec<Word>,
    phrases: Vec<Phrase>,
}

#[derive(Debug)]
struct Word {
    text: String,
    /// In characters.
    length: i32,
}

#[derive(Debug)]
struct Phrase {
    label: usize,
    /// Places in the table of words: any word of each part, all parts.
    parts: Vec<Vec<usize>>,
}

impl Lexicon {
    /// How strongly the phrases speak for each label.
    pub(super) fn speak(&self, text: &str, labels: usize) -> Vec<Voice> {
        let present: Vec<bool> =
            self.words.iter().map(|word| text.contains(word.text.as_str())).collect();
        let mut voices = vec![Voice::default(); labels];
        for (place, phrase) in self.phrases.iter().enumerate() {
            let matched = phrase
                .parts
                .iter()
                .try_fold(0, |length, part| Some(length + self.longest(part, &present)?.length));
            if let (Some(length), Some(voice)) = (matched, voices.get_mut(phrase.label)) {
                voice.hear(1.0 - DOUBT_PER_CHARACTER.powi(length), place);
            }
        }
        voices
    }

    /// The words of this phrase that stand in the message.
    pub(super) fn words(&self, place: usize, text: &str) -> Vec<String> {
        let present: Vec<bool> =
            self.words.iter().map(|word| text.contains(word.text.as_str())).collect();
        let parts = self.phrases.get(place).map_or(&[][..], |phrase| &phrase.parts);
        let found = parts.iter().filter_map(|part| self.longest(part, &present));
        found.map(|word| word.text.clone()).collect()
    }

    fn longest(&self, part: &[usize], present: &[bool]) -> Option<&Word> {
        let here = part.iter().filter(|place| present.get(**place).copied().unwrap_or(false));
        here.filter_map(|place| self.words.get(*place)).max_by_key(|word| word.length)
    }

    fn place(&mut self, word: &str) -> Result<usize, WordsError> {
        if word.is_empty() {
            return Err(WordsError("a phrase has an empty word".to_owned()));
        }
        Ok(self.words.iter().position(|other| other.text == word).unwrap_or_else(|| {
            let length = i32::try_from(word.chars().count()).unwrap_or(i32::MAX);
            self.words.push(Word { text: word.to_owned(), length });
            self.words.len() - 1
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What says nothing.
    ignore: Vec<String>,
    /// Lists of words, by name.
    words: BTreeMap<String, Vec<String>>,
    /// By `cause` or `cause | cause`: `word+<list>+…`.
    phrases: BTreeMap<String, Vec<String>>,
}

/// Reads the file of phrases.
pub(super) fn parse(
    content: &str,
    labels: &mut Labels<'_>,
) -> Result<(Folder, Lexicon), WordsError> {
    let file: File = toml::from_str(content).map_err(|error| WordsError(error.to_string()))?;
    let folder = Folder::new(&file.ignore);
    let mut lexicon = Lexicon { words: Vec::new(), phrases: Vec::new() };
    for (written, phrases) in &file.phrases {
        let label = labels.place(written)?;
        for phrase in phrases {
            let mut parts = Vec::new();
            for part in phrase.split('+') {
                let named = part.strip_prefix('<').and_then(|part| part.strip_suffix('>'));
                let alone = [part.to_owned()];
                let words = match named {
                    Some(name) => file
                        .words
                        .get(name)
                        .ok_or_else(|| WordsError(format!("{phrase} names the list {name}")))?,
                    None => &alone[..],
                };
                for word in words {
                    let same = folder.fold(word).text == *word;
                    if !same && !file.ignore.contains(word) {
                        return Err(WordsError(format!("{word} is not as messages are compared")));
                    }
                }
                let places: Result<Vec<usize>, _> =
                    words.iter().map(|w| lexicon.place(w)).collect();
                parts.push(places?);
            }
            lexicon.phrases.push(Phrase { label, parts });
        }
    }
    Ok((folder, lexicon))
}
