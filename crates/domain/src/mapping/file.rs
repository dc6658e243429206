//! The form of a mapping file. It names its finality rules once (what a kind of code proves in
//! which conversation) and gives each code one of them, so that the list of final declines can be
//! read on one screen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::MappingError;
use super::book::{Entry, Families, Finality, Why};
use crate::cause::{CauseCode, Dictionary};
use crate::diagnosis::Certainty;
use crate::outcome::{Class, Operation, Phase};

/// What stands between the causes of a "one of" in a table of codes.
const OR: &str = " | ";

/// Reads one file. `name` is its own, without the ending.
pub(super) fn parse(
    name: &str,
    content: &str,
    dictionary: &Dictionary,
) -> Result<Families, MappingError> {
    let raw: RawFile =
        toml::from_str(content).map_err(|error| MappingError::new(name, "", error.to_string()))?;
    let rules = raw.rules().map_err(|problem| MappingError::new(name, "", problem))?;
    let mut families = Families::new();
    for (family, code, row) in raw.rows() {
        if family != name && !family.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')) {
            return Err(MappingError::new(name, &family, "is no family of this file"));
        }
        let entry = row
            .finish(&rules, dictionary)
            .map_err(|problem| MappingError::new(name, &code, problem))?;
        if families.entry(family).or_default().insert(code.clone(), entry).is_some() {
            return Err(MappingError::new(name, &code, "is there twice"));
        }
    }
    Ok(families)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    /// Names for lists of operations.
    operations: BTreeMap<String, Vec<String>>,
    /// By rule, then by class: `"group/phase"` or `"operation/phase"`.
    finality: BTreeMap<String, HashMap<Class, Vec<String>>>,
    /// By family, then by code: for codes that mean something else in another operation.
    #[serde(default)]
    family: BTreeMap<String, BTreeMap<String, RawRow>>,
    /// By family, then by finality: a table of code and cause. Empty means done.
    #[serde(default)]
    codes: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
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

type Rules = HashMap<String, Arc<Finality>>;

impl RawFile {
    fn rules(&self) -> Result<Rules, String> {
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

    /// Every code with its family, in either form.
    fn rows(self) -> impl Iterator<Item = (String, String, RawRow)> {
        let full = self.family.into_iter().flat_map(|(family, codes)| {
            codes.into_iter().map(move |(code, row)| (family.clone(), code, row))
        });
        let short = self.codes.into_iter().flat_map(|(family, finalities)| {
            finalities.into_iter().flat_map(move |(finality, codes)| {
                let family = family.clone();
                codes.into_iter().map(move |(code, causes)| {
                    (family.clone(), code, RawRow::short(&finality, &causes))
                })
            })
        });
        full.chain(short)
    }
}

impl RawRow {
    fn short(finality: &str, causes: &str) -> Self {
        let causes = causes.split(OR).filter(|cause| !cause.is_empty());
        Self {
            finality: finality.to_owned(),
            causes: causes.map(CauseCode::read).collect(),
            certainty: None,
            by_operation: BTreeMap::new(),
        }
    }

    fn finish(self, rules: &Rules, dictionary: &Dictionary) -> Result<Entry, String> {
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

    fn read(&self, rules: &Rules, dictionary: &Dictionary) -> Result<(Arc<Finality>, Why), String> {
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
