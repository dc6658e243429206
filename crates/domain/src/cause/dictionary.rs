//! The dictionary of causes: parsed once from the embedded files, looked up by code. A file that
//! breaks a rule is refused as a whole, with its name and the cause at fault.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use super::neighbours::{self, Lookalikes};
use super::{Action, Cause, CauseCode, Family, Phrases, Wording, check};
use crate::diagnosis::{Actor, Certainty, NextStep, Retry};
use crate::text::Text;

macro_rules! data {
    ($path:literal) => {
        ($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/causes/", $path)))
    };
}

/// The dictionary's files, embedded. One file per area, each of one family.
pub(super) const FILES: &[(&str, &str)] = &[
    data!("card.toml"),
    data!("holder.toml"),
    data!("company.toml"),
    data!("binding.toml"),
    data!("face.toml"),
    data!("wallet.toml"),
    data!("payment.toml"),
    data!("channel.toml"),
    data!("platform.toml"),
    data!("environment.toml"),
    data!("attack.toml"),
];

const PHRASES: (&str, &str) = data!("phrases.toml");

/// Which causes are confused with which.
pub(super) const NEIGHBOURS: (&str, &str) = data!("neighbours.toml");

static EMBEDDED: LazyLock<Dictionary> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded files are parsed by a test of this crate")]
    Dictionary::parse(FILES, PHRASES, NEIGHBOURS)
        .expect("the embedded dictionary keeps its own rules")
});

/// All causes, and the phrases for actors, next steps and retries.
#[derive(Debug, Clone)]
pub struct Dictionary {
    causes: Vec<Cause>,
    index: HashMap<CauseCode, usize>,
    phrases: Phrases,
    lookalikes: Vec<Lookalikes>,
}

impl Dictionary {
    /// The dictionary this binary was built with; parsed at first use.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads a dictionary from `(name, content)` pairs and checks every rule on it.
    ///
    /// # Errors
    /// Names the file, the cause and the rule that is broken first.
    pub fn parse(
        files: &[(&str, &str)],
        phrases: (&str, &str),
        lookalikes: (&str, &str),
    ) -> Result<Self, DictionaryError> {
        let phrases = Phrases::parse(phrases.0, phrases.1)?;
        let mut raw = Vec::new();
        for &(file, content) in files {
            let parsed: RawFile = toml::from_str(content)
                .map_err(|error| DictionaryError::new(file, "", error.to_string()))?;
            raw.extend(parsed.cause.into_iter().map(|cause| (file, parsed.family, cause)));
        }
        let mut index = HashMap::with_capacity(raw.len());
        for (position, (file, _, cause)) in raw.iter().enumerate() {
            if index.insert(cause.code.clone(), position).is_some() {
                return Err(DictionaryError::new(file, cause.code.as_str(), "is there twice"));
            }
        }
        let mut causes = Vec::with_capacity(raw.len());
        for (file, family, cause) in &raw {
            let borrower = borrower_wording(cause, &raw, &index)
                .map_err(|problem| DictionaryError::new(file, cause.code.as_str(), problem))?;
            let cause = cause.finish(*family, borrower);
            check::cause(&cause)
                .map_err(|problem| DictionaryError::new(file, cause.code.as_str(), problem))?;
            causes.push(cause);
        }
        let (file, content) = lookalikes;
        let lookalikes = neighbours::parse(file, content, |code| index.contains_key(code))?;
        Ok(Self { causes, index, phrases, lookalikes })
    }

    /// The cause with this code.
    #[must_use]
    pub fn get(&self, code: &CauseCode) -> Option<&Cause> {
        self.find(code.as_str())
    }

    /// The cause with this code, asked for as text.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Cause> {
        self.index.get(code).and_then(|&position| self.causes.get(position))
    }

    /// Every cause, in the order of the files.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Cause> {
        self.causes.iter()
    }

    /// The groups of causes this one is confused with, each with what tells them apart.
    pub fn lookalikes(&self, code: &CauseCode) -> impl Iterator<Item = &Lookalikes> {
        self.lookalikes.iter().filter(move |group| group.causes.contains(code))
    }

    /// What this cause is often confused with, each once, in the order of the groups.
    #[must_use]
    pub fn neighbours(&self, code: &CauseCode) -> Vec<&CauseCode> {
        let mut found: Vec<&CauseCode> = Vec::new();
        for other in self.lookalikes(code).flat_map(|group| &group.causes) {
            if other != code && !found.contains(&other) {
                found.push(other);
            }
        }
        found
    }

    /// The phrases for actors, next steps and retries.
    #[must_use]
    pub const fn phrases(&self) -> &Phrases {
        &self.phrases
    }
}

/// Why a dictionary is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryError {
    /// The file.
    pub file: String,
    /// The cause at fault; empty when the file cannot be read at all.
    pub cause: String,
    /// What is wrong with it.
    pub problem: String,
}

impl DictionaryError {
    pub(super) fn new(file: &str, cause: &str, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), cause: cause.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for DictionaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.file, self.cause, self.problem)
    }
}

impl std::error::Error for DictionaryError {}

fn borrower_wording(
    cause: &RawCause,
    all: &[(&str, Family, RawCause)],
    index: &HashMap<CauseCode, usize>,
) -> Result<Wording, String> {
    match (&cause.shown_as, &cause.borrower) {
        (None, Some(words)) => Ok(words.finish(&cause.name)),
        (None, None) => Err("has no words for the borrower".to_owned()),
        (Some(_), Some(_)) => Err("has both shown_as and words for the borrower".to_owned()),
        (Some(target), None) => index
            .get(target)
            .and_then(|&position| all.get(position))
            .and_then(|(_, _, vague)| Some(vague.borrower.as_ref()?.finish(&vague.name)))
            .ok_or_else(|| format!("is shown as {target}, which has no words for the borrower")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    family: Family,
    cause: Vec<RawCause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCause {
    code: CauseCode,
    actor: Actor,
    next_step: NextStep,
    retry: Retry,
    certainty: Certainty,
    steps: Vec<Action>,
    shown_as: Option<CauseCode>,
    name: Text,
    borrower: Option<RawWording>,
    agent: RawWording,
    engineer: RawWording,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWording {
    title: Option<Text>,
    text: Text,
    fix: Text,
}

impl RawCause {
    fn finish(&self, family: Family, borrower: Wording) -> Cause {
        Cause {
            code: self.code.clone(),
            family,
            actor: self.actor,
            next_step: self.next_step,
            retry: self.retry,
            certainty: self.certainty,
            steps: self.steps.clone(),
            shown_as: self.shown_as.clone(),
            name: self.name.clone(),
            borrower,
            agent: self.agent.finish(&self.name),
            engineer: self.engineer.finish(&self.name),
        }
    }
}

impl RawWording {
    /// A wording without a title of its own takes the cause's name.
    fn finish(&self, name: &Text) -> Wording {
        Wording {
            title: self.title.clone().unwrap_or_else(|| name.clone()),
            text: self.text.clone(),
            fix: self.fix.clone(),
        }
    }
}
