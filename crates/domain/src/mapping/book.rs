//! Reads the mapping files and answers look-ups. A file names its finality rules once (what a kind
//! of code proves in which conversation) and gives each code one of them, so that the list of
//! final declines can be read on one screen.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::Meaning;
use crate::cause::{CauseCode, Dictionary, known};
use crate::diagnosis::Certainty;
use crate::outcome::{Class, Operation, Phase, ResponseCode};

macro_rules! data {
    ($path:literal) => {
        ($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mappings/", $path)))
    };
}

const FILES: &[(&str, &str)] = &[
    data!("unionpay.toml"),
    data!("tencent_faceid.toml"),
    data!("aliyun_bankmeta.toml"),
    data!("market_four_elements.toml"),
];

static EMBEDDED: LazyLock<MappingBook> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded files are parsed by a test of this crate")]
    MappingBook::parse(FILES, Dictionary::embedded())
        .expect("the embedded mappings keep their own rules")
});

/// Every code of every family that is known.
#[derive(Debug, Clone)]
pub struct MappingBook {
    families: HashMap<String, HashMap<String, Entry>>,
}

impl MappingBook {
    /// The mappings this binary was built with; parsed at first use.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads mappings from `(name, content)` pairs. Every cause must stand in the dictionary.
    ///
    /// # Errors
    /// Names the file, the code and what is wrong with it.
    pub fn parse(files: &[(&str, &str)], dictionary: &Dictionary) -> Result<Self, MappingError> {
        let mut families = HashMap::new();
        for &(file, content) in files {
            let raw: RawFile = toml::from_str(content)
                .map_err(|error| MappingError::new(file, "", error.to_string()))?;
            let rules = raw.rules().map_err(|problem| MappingError::new(file, "", problem))?;
            for (family, codes) in raw.family {
                let mut entries = HashMap::with_capacity(codes.len());
                for (code, row) in codes {
                    let entry = row
                        .finish(&rules, dictionary)
                        .map_err(|problem| MappingError::new(file, &code, problem))?;
                    entries.insert(code, entry);
                }
                if families.insert(family.clone(), entries).is_some() {
                    return Err(MappingError::new(file, &family, "is there twice"));
                }
            }
        }
        Ok(Self { families })
    }

    /// What a code of this family means for this operation and phase. A code that is not listed
    /// proves nothing.
    #[must_use]
    pub fn read(
        &self,
        family: &str,
        operation: Operation,
        phase: Phase,
        code: &ResponseCode,
    ) -> Meaning {
        let entry = self.families.get(family).and_then(|codes| codes.get(code.as_str()));
        entry.map_or_else(Meaning::unmapped, |entry| entry.read(operation, phase))
    }

    /// Whether this family lists this code.
    #[must_use]
    pub fn lists(&self, family: &str, code: &str) -> bool {
        self.families.get(family).is_some_and(|codes| codes.contains_key(code))
    }

    /// The families, sorted.
    #[must_use]
    pub fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.families.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The codes a family lists, sorted; empty for an unknown family.
    #[must_use]
    pub fn codes(&self, family: &str) -> Vec<&str> {
        let listed = self.families.get(family);
        let mut codes: Vec<&str> =
            listed.into_iter().flat_map(|codes| codes.keys().map(String::as_str)).collect();
        codes.sort_unstable();
        codes
    }
}

/// One code: what it proves where, and why it is said.
#[derive(Debug, Clone)]
struct Entry {
    finality: Arc<Finality>,
    why: Why,
    /// Other causes, and perhaps another finality, for one operation.
    by_operation: Vec<(Operation, Arc<Finality>, Why)>,
}

#[derive(Debug, Clone)]
struct Why {
    causes: Vec<CauseCode>,
    certainty: Certainty,
}

/// What a kind of code proves, by operation and phase. What is not named is unknown.
type Finality = Vec<(Operation, Phase, Class)>;

impl Entry {
    fn read(&self, operation: Operation, phase: Phase) -> Meaning {
        let special = self.by_operation.iter().find(|(of, ..)| *of == operation);
        let (finality, why) =
            special.map_or((&self.finality, &self.why), |(_, finality, why)| (finality, why));
        let class = proves(finality, operation, phase);
        // A code that decides elsewhere but not here must not be explained as if it did: a borrower
        // who is told to correct a number would submit again while the first try may still go on.
        let decides_elsewhere = class == Class::Unknown && !finality.is_empty();
        match class {
            Class::Settled => Meaning::settled(),
            _ if !why.causes.is_empty() && !decides_elsewhere => {
                Meaning { class, causes: why.causes.clone(), certainty: why.certainty }
            }
            Class::Pending => Meaning {
                class,
                causes: vec![known::CHANNEL_PROCESSING],
                certainty: Certainty::Certain,
            },
            _ => Meaning {
                class,
                causes: vec![known::CHANNEL_RESULT_UNKNOWN],
                certainty: Certainty::Unknown,
            },
        }
    }
}

fn proves(finality: &Finality, operation: Operation, phase: Phase) -> Class {
    finality
        .iter()
        .find(|(of, when, _)| *of == operation && *when == phase)
        .map_or(Class::Unknown, |(_, _, class)| *class)
}

/// Why a mapping file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The file.
    pub file: String,
    /// The code at fault; empty when it is the file itself.
    pub code: String,
    /// What is wrong.
    pub problem: String,
}

impl MappingError {
    fn new(file: &str, code: &str, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), code: code.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: code {:?}: {}", self.file, self.code, self.problem)
    }
}

impl std::error::Error for MappingError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    /// Names for lists of operations.
    operations: BTreeMap<String, Vec<String>>,
    /// By rule, then by class: `"group/phase"` or `"operation/phase"`.
    finality: BTreeMap<String, HashMap<Class, Vec<String>>>,
    /// By family, then by code.
    family: BTreeMap<String, BTreeMap<String, RawRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    finality: String,
    #[serde(default)]
    causes: Vec<CauseCode>,
    certainty: Option<Certainty>,
    #[serde(default)]
    by_operation: BTreeMap<String, RawRow>,
}

impl RawFile {
    fn rules(&self) -> Result<HashMap<String, Arc<Finality>>, String> {
        let mut rules = HashMap::new();
        for (name, classes) in &self.finality {
            let mut finality = Finality::new();
            for (class, places) in classes {
                for place in places {
                    for (operation, phase) in self.places(place)? {
                        if finality.iter().any(|(o, p, _)| (*o, *p) == (operation, phase)) {
                            return Err(format!("finality {name} says two things about {place}"));
                        }
                        finality.push((operation, phase, *class));
                    }
                }
            }
            rules.insert(name.clone(), Arc::new(finality));
        }
        Ok(rules)
    }

    /// `"binding/request"` becomes each operation of the group `binding` with that phase.
    fn places(&self, place: &str) -> Result<Vec<(Operation, Phase)>, String> {
        let (who, phase) =
            place.split_once('/').ok_or_else(|| format!("{place} is not operation/phase"))?;
        let phase = match phase {
            "request" => Phase::Request,
            "inquiry" => Phase::Inquiry,
            "notification" => Phase::Notification,
            other => return Err(format!("{other} is no phase")),
        };
        let alone = [who.to_owned()];
        let operations = self.operations.get(who).map_or(&alone[..], Vec::as_slice);
        operations.iter().map(|name| Ok((operation(name)?, phase))).collect()
    }
}

impl RawRow {
    fn finish(
        self,
        rules: &HashMap<String, Arc<Finality>>,
        dictionary: &Dictionary,
    ) -> Result<Entry, String> {
        let (finality, why) = self.read(rules, dictionary)?;
        let mut by_operation = Vec::new();
        for (name, row) in &self.by_operation {
            if !row.by_operation.is_empty() {
                return Err(format!("nests by_operation inside {name}"));
            }
            let (finality, why) = row.read(rules, dictionary)?;
            by_operation.push((operation(name)?, finality, why));
        }
        Ok(Entry { finality, why, by_operation })
    }

    fn read(
        &self,
        rules: &HashMap<String, Arc<Finality>>,
        dictionary: &Dictionary,
    ) -> Result<(Arc<Finality>, Why), String> {
        let finality = rules
            .get(&self.finality)
            .ok_or_else(|| format!("has the unknown finality {}", self.finality))?;
        if let Some(odd) = self.causes.iter().find(|code| dictionary.get(code).is_none()) {
            return Err(format!("has the cause {odd}, which the dictionary does not hold"));
        }
        let alone = self.causes.first().and_then(|code| dictionary.get(code));
        let certainty = match (self.causes.len(), self.certainty) {
            (0 | 1, None) => alone.map_or(Certainty::Certain, |cause| cause.certainty),
            (0 | 1, Some(Certainty::OneOf)) => return Err("is one of a single cause".to_owned()),
            (0 | 1, Some(certainty)) => certainty,
            (_, None | Some(Certainty::OneOf)) => Certainty::OneOf,
            (_, Some(_)) => return Err("has several causes and is not one_of".to_owned()),
        };
        let success = finality.iter().any(|(.., class)| *class == Class::Settled);
        if self.causes.is_empty() && !success {
            return Err("has no cause and is no success".to_owned());
        }
        Ok((Arc::clone(finality), Why { causes: self.causes.clone(), certainty }))
    }
}

fn operation(name: &str) -> Result<Operation, String> {
    Operation::named(name).ok_or_else(|| format!("{name} is no operation"))
}
