//! How good the reader is on wording it has never seen: measured by a test, and written down in
//! `docs/words.md` by `cargo xtask words`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{WordReader, WordsError};

/// Messages whose right answer is that nobody can know.
const NOTHING: &str = "?";

/// What became of one set of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Messages that mean something.
    pub meaningful: usize,
    /// Of these, those that were answered.
    pub answered: usize,
    /// Of these, those that were answered rightly.
    pub right: usize,
    /// Messages that mean nothing.
    pub empty: usize,
    /// Of these, those about which the reader said that it does not know.
    pub silent: usize,
    /// Wrong answers: what it is, what was said, how often.
    pub confused: BTreeMap<(String, String), usize>,
}

#[derive(Deserialize)]
struct Row {
    set: String,
    cause: String,
    text: String,
}

/// Reads every message of a CSV (`set,cause,text`) and counts, by set in the order of the file.
///
/// # Errors
/// When the file is not of that form.
pub fn measure(reader: &WordReader, csv: &str) -> Result<Vec<(String, Measured)>, WordsError> {
    let mut sets: Vec<(String, Measured)> = Vec::new();
    for row in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
        let row: Row = row.map_err(|error| WordsError(error.to_string()))?;
        if sets.last().is_none_or(|(name, _)| *name != row.set) {
            sets.push((row.set.clone(), Measured::default()));
        }
        let said = reader.read(&row.text).causes;
        let said = said.iter().map(|cause| cause.as_str()).collect::<Vec<_>>().join(" | ");
        if let Some((_, counts)) = sets.last_mut() {
            counts.add(&row.cause, &said);
        }
    }
    Ok(sets)
}

impl Measured {
    fn add(&mut self, cause: &str, said: &str) {
        let nothing = usize::from(cause == NOTHING);
        let silent = usize::from(said.is_empty());
        self.empty += nothing;
        self.silent += nothing * silent;
        self.meaningful += 1 - nothing;
        self.answered += (1 - nothing) * (1 - silent);
        self.right += usize::from(cause == said);
        if silent == 0 && cause != said {
            *self.confused.entry((cause.to_owned(), said.to_owned())).or_default() += 1;
        }
    }

    /// The share that was answered, in percent.
    #[must_use]
    pub fn answered_percent(&self) -> f64 {
        percent(self.answered, self.meaningful)
    }

    /// The share of the answers that were right, in percent.
    #[must_use]
    pub fn right_percent(&self) -> f64 {
        percent(self.right, self.answered)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    100.0 * number(part) / number(whole.max(1))
}

/// The page for people.
#[must_use]
pub fn markdown(sets: &[(String, Measured)]) -> String {
    let mut page = String::from(
        "# Words without codes\n\nMade by `cargo xtask words`; do not edit. What the reader of \
         banks' own words makes of wording\nthat stands in none of its files. The messages are \
         invented; `data/README.md` says how the sets came to be.\n\n\
         | set | messages | answered | right of these | mean nothing | left unanswered |\n\
         |---|---|---|---|---|---|\n",
    );
    for (name, counts) in sets {
        page.push_str(&format!(
            "| {name} | {} | {:.1} % | {:.1} % | {} | {} |\n",
            counts.meaningful,
            counts.answered_percent(),
            counts.right_percent(),
            counts.empty,
            counts.silent
        ));
    }
    page.push_str(
        "\n## What is taken for what\n\nEverything else that was answered was answered rightly.\n\n\
         | set | it is | it was read as | times |\n|---|---|---|---|\n",
    );
    for (name, counts) in sets {
        for ((cause, said), times) in &counts.confused {
            let (cause, said) = (cause.replace(" | ", ", "), said.replace(" | ", ", "));
            let cause = if cause == NOTHING { "nothing".to_owned() } else { format!("`{cause}`") };
            page.push_str(&format!("| {name} | {cause} | `{said}` | {times} |\n"));
        }
    }
    page
}
