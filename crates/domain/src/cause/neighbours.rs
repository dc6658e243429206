//! Which causes are often confused with each other, and how to tell them apart: for whoever must
//! decide between two that sound alike. Being confused goes both ways, so it is kept in groups.

use serde::{Deserialize, Serialize};

use super::{CauseCode, DictionaryError};
use crate::text::Text;

/// Causes that are taken for one another, and what tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookalikes {
    /// Two or more of them.
    pub causes: Vec<CauseCode>,
    /// How to tell them apart, for agents and engineers.
    pub tell: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Lookalikes>,
}

pub(super) fn parse(
    file: &str,
    content: &str,
    known: impl Fn(&CauseCode) -> bool,
) -> Result<Vec<Lookalikes>, DictionaryError> {
    let parsed: File = toml::from_str(content)
        .map_err(|error| DictionaryError::new(file, "", error.to_string()))?;
    for group in &parsed.group {
        let first = group.causes.first().map_or("", CauseCode::as_str);
        if let Some(odd) = group.causes.iter().find(|code| !known(code)) {
            return Err(DictionaryError::new(file, odd.as_str(), "is not in the dictionary"));
        }
        let mut sorted = group.causes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < 2 || sorted.len() != group.causes.len() {
            return Err(DictionaryError::new(file, first, "is confused with itself"));
        }
        super::check::staff("tell", &group.tell)
            .map_err(|problem| DictionaryError::new(file, first, problem))?;
    }
    Ok(parsed.group)
}
