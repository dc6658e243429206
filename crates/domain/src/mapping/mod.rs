//! From a bank's own code to a class and a cause, by operation and phase. Which codes are final is
//! data in `data/mappings/*.toml`; whatever is not listed there proves nothing.

mod book;
mod coverage;
mod file;

use crate::cause::{CauseCode, known};
use crate::diagnosis::Certainty;
use crate::outcome::{Class, Doubt};

pub use self::book::{MappingBook, MappingError};
pub use self::coverage::Coverage;

/// What a code means: what it proves, and why it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What it proves for this operation and phase.
    pub class: Class,
    /// One cause, or the candidates of a "one of", likeliest first. Empty only when settled.
    pub causes: Vec<CauseCode>,
    /// How sure the causes are.
    pub certainty: Certainty,
}

impl Meaning {
    /// The meaning of a code nobody has mapped: it proves nothing.
    #[must_use]
    pub fn unmapped() -> Self {
        Self {
            class: Class::Unknown,
            causes: vec![known::CHANNEL_CODE_UNMAPPED],
            certainty: Certainty::Unknown,
        }
    }

    /// Why nothing is known after an answer with this meaning proved nothing.
    #[must_use]
    pub fn doubt(&self) -> Doubt {
        let unmapped = self.causes.first() == Some(&known::CHANNEL_CODE_UNMAPPED);
        if unmapped { Doubt::UnmappedCode } else { Doubt::CodeProvesNothing }
    }

    /// It was done.
    #[must_use]
    pub const fn settled() -> Self {
        Self { class: Class::Settled, causes: Vec::new(), certainty: Certainty::Certain }
    }
}

#[cfg(test)]
mod families;
#[cfg(test)]
mod tests;
