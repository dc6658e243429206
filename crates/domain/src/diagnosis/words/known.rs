//! Known messages, and how alike a new one is to each: by the pairs of characters both have, the
//! rarer the weightier.

use std::collections::HashMap;

use serde::Deserialize;

use super::fold::Folder;
use super::{Labels, Voice, WordsError};

/// Two characters that stand side by side.
type Pair = (char, char);

/// The known messages.
#[derive(Debug)]
pub(super) struct Known {
    messages: Vec<Message>,
    /// For each pair its weight and who has it: the message, and its share of that message.
    index: HashMap<Pair, (f64, Vec<(usize, f64)>)>,
    /// The weight of a pair nobody has.
    unheard: f64,
}

#[derive(Debug)]
struct Message {
    label: usize,
    text: String,
}

impl Known {
    /// How strongly the known messages speak for each label: by the one most alike.
    pub(super) fn speak(&self, text: &str, labels: usize) -> Vec<Voice> {
        let mut voices = vec![Voice::default(); labels];
        let mut alike = vec![0.0; self.messages.len()];
        let mut square = 0.0;
        for (pair, count) in pairs(text) {
            let found = self.index.get(&pair);
            let share = count * found.map_or(self.unheard, |(weight, _)| *weight);
            square += share * share;
            for (message, of_message) in found.into_iter().flat_map(|(_, who)| who) {
                if let Some(sum) = alike.get_mut(*message) {
                    *sum += share * of_message;
                }
            }
        }
        let length = f64::sqrt(square).max(f64::MIN_POSITIVE);
        for (place, (message, sum)) in self.messages.iter().zip(&alike).enumerate() {
            if let Some(voice) = voices.get_mut(message.label) {
                voice.hear(sum / length, place);
            }
        }
        voices
    }

    pub(super) fn message(&self, place: usize) -> &str {
        self.messages.get(place).map_or("", |message| message.text.as_str())
    }
}

#[derive(Deserialize)]
struct Row {
    cause: String,
    text: String,
}

/// Reads the file of known messages.
pub(super) fn parse(
    content: &str,
    folder: &Folder,
    labels: &mut Labels<'_>,
) -> Result<Known, WordsError> {
    let mut messages = Vec::new();
    let mut spoken = Vec::new();
    for row in csv::Reader::from_reader(content.as_bytes()).deserialize() {
        let row: Row = row.map_err(|error| WordsError(error.to_string()))?;
        let label = labels.place(&row.cause)?;
        spoken.push(pairs(&folder.fold(&row.text).text));
        messages.push(Message { label, text: row.text });
    }
    let all = f64::from(u32::try_from(messages.len()).unwrap_or(u32::MAX)) + 1.0;
    let weight = |having: f64| (all / (having + 0.5)).ln();
    let mut having: HashMap<Pair, f64> = HashMap::new();
    for pair in spoken.iter().flatten().map(|(pair, _)| *pair) {
        *having.entry(pair).or_default() += 1.0;
    }
    let mut index: HashMap<Pair, (f64, Vec<(usize, f64)>)> =
        having.iter().map(|(pair, having)| (*pair, (weight(*having), Vec::new()))).collect();
    for (place, message) in spoken.iter().enumerate() {
        let share = |pair: &Pair, count: f64| count * having.get(pair).map_or(0.0, |h| weight(*h));
        let square: f64 = message.iter().map(|(pair, count)| share(pair, *count).powi(2)).sum();
        let length = square.sqrt().max(f64::MIN_POSITIVE);
        for (pair, count) in message {
            if let Some((_, who)) = index.get_mut(pair) {
                who.push((place, share(pair, *count) / length));
            }
        }
    }
    Ok(Known { messages, index, unheard: weight(0.0) })
}

/// Every pair of a text with how often it stands there.
fn pairs(text: &str) -> Vec<(Pair, f64)> {
    let mut found: Vec<(Pair, f64)> = Vec::with_capacity(text.len() / 3);
    for pair in text.chars().zip(text.chars().skip(1)) {
        match found.iter_mut().find(|(other, _)| *other == pair) {
            Some((_, count)) => *count += 1.0,
            None => found.push((pair, 1.0)),
        }
    }
    found
}
