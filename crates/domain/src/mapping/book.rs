//! Answers look-ups in the mapping files. Each file is read when one of its families is first asked
//! for: a process that speaks with one bank does not parse the papers of all others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use super::Meaning;
use super::file;
use crate::cause::{CauseCode, Dictionary, known};
use crate::diagnosis::Certainty;
use crate::outcome::{Class, Operation, Phase, ResponseCode};

macro_rules! data {
    ($path:literal) => {
        ($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mappings/", $path)))
    };
}

/// A family's name is its file's, or begins with it and a dot.
const FILES: &[(&str, &str)] = &[
    data!("unionpay.toml"),
    data!("iso8583.toml"),
    data!("iso20022.toml"),
    data!("tencent_faceid.toml"),
    data!("tencent_face_h5.toml"),
    data!("aliyun_bankmeta.toml"),
    data!("aliyun_face.toml"),
    data!("market_four_elements.toml"),
    data!("baofoo_agreement.toml"),
    data!("baofoo_payout.toml"),
    data!("lianlian_payout.toml"),
    data!("cmb_cdc.toml"),
    data!("wechat_transfer.toml"),
];

static EMBEDDED: LazyLock<MappingBook> = LazyLock::new(|| MappingBook {
    shelves: FILES.iter().map(|(name, content)| Shelf::unread(name, content)).collect(),
});

/// Every code of every family that is known.
#[derive(Debug, Clone)]
pub struct MappingBook {
    shelves: Vec<Shelf>,
}

/// The codes of a file's families.
pub(super) type Families = HashMap<String, HashMap<String, Entry>>;

/// One file.
#[derive(Debug, Clone)]
struct Shelf {
    name: String,
    /// What is embedded; empty where the families were read at once.
    content: &'static str,
    families: OnceLock<Families>,
}

impl Shelf {
    fn unread(file: &str, content: &'static str) -> Self {
        Self { name: stem(file).to_owned(), content, families: OnceLock::new() }
    }

    fn families(&self) -> &Families {
        self.families.get_or_init(|| {
            #[expect(
                clippy::expect_used,
                reason = "a test of this crate reads every embedded file"
            )]
            file::parse(&self.name, self.content, Dictionary::embedded())
                .expect("the embedded mappings keep their own rules")
        })
    }
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".toml").unwrap_or(file)
}

impl MappingBook {
    /// The mappings this binary was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads mappings from `(name, content)` pairs, all at once. Every cause must stand in the
    /// dictionary.
    ///
    /// # Errors
    /// Names the file, the code and what is wrong with it.
    pub fn parse(files: &[(&str, &str)], dictionary: &Dictionary) -> Result<Self, MappingError> {
        let mut shelves: Vec<Shelf> = Vec::with_capacity(files.len());
        for &(file, content) in files {
            let name = stem(file);
            if shelves.iter().any(|shelf| shelf.name == name) {
                return Err(MappingError::new(file, "", "is there twice"));
            }
            let families = OnceLock::from(file::parse(name, content, dictionary)?);
            shelves.push(Shelf { name: name.to_owned(), content: "", families });
        }
        Ok(Self { shelves })
    }

    /// Reads the embedded files all at once, for whoever must prove that each keeps its rules.
    ///
    /// # Errors
    /// Names the file, the code and what is wrong with it.
    pub fn parse_embedded() -> Result<Self, MappingError> {
        Self::parse(FILES, Dictionary::embedded())
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
        let entry = self.family(family).and_then(|codes| codes.get(code.as_str()));
        entry.map_or_else(Meaning::unmapped, |entry| entry.read(operation, phase))
    }

    /// Every cause the code may mean in some conversation, likeliest first: what a list of codes
    /// says about itself, whatever it proves where.
    #[must_use]
    pub fn causes(&self, family: &str, code: &str) -> Vec<&CauseCode> {
        let Some(entry) = self.family(family).and_then(|codes| codes.get(code)) else {
            return Vec::new();
        };
        let special = entry.by_operation.iter().map(|(_, _, why)| why);
        let mut causes: Vec<&CauseCode> = Vec::new();
        for cause in std::iter::once(&entry.why).chain(special).flat_map(|why| &why.causes) {
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        causes
    }

    /// Whether there is such a family. Reads no other file.
    #[must_use]
    pub fn knows(&self, family: &str) -> bool {
        self.family(family).is_some()
    }

    /// Whether this family lists this code.
    #[must_use]
    pub fn lists(&self, family: &str, code: &str) -> bool {
        self.family(family).is_some_and(|codes| codes.contains_key(code))
    }

    /// The families, sorted. Reads every file.
    #[must_use]
    pub fn families(&self) -> Vec<&str> {
        let shelves = self.shelves.iter();
        let mut names: Vec<&str> =
            shelves.flat_map(|shelf| shelf.families().keys().map(String::as_str)).collect();
        names.sort_unstable();
        names
    }

    /// The codes a family lists, sorted; empty for an unknown family.
    #[must_use]
    pub fn codes(&self, family: &str) -> Vec<&str> {
        let listed = self.family(family);
        let mut codes: Vec<&str> =
            listed.into_iter().flat_map(|codes| codes.keys().map(String::as_str)).collect();
        codes.sort_unstable();
        codes
    }

    fn family(&self, family: &str) -> Option<&HashMap<String, Entry>> {
        let name = family.split('.').next().unwrap_or(family);
        let shelf = self.shelves.iter().find(|shelf| shelf.name == name)?;
        shelf.families().get(family)
    }
}

/// One code: what it proves where, and why it is said.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) finality: Arc<Finality>,
    pub(super) why: Why,
    /// Other causes, and perhaps another finality, for one operation.
    pub(super) by_operation: Vec<(Operation, Arc<Finality>, Why)>,
}

#[derive(Debug, Clone)]
pub(super) struct Why {
    pub(super) causes: Vec<CauseCode>,
    pub(super) certainty: Certainty,
}

/// What a kind of code proves, by operation and phase. What is not named is unknown.
pub(super) type Finality = Vec<(Operation, Phase, Class)>;

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
    pub(super) fn new(file: &str, code: &str, problem: impl Into<String>) -> Self {
        let file = if file.contains('.') { file.to_owned() } else { format!("{file}.toml") };
        Self { file, code: code.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: code {:?}: {}", self.file, self.code, self.problem)
    }
}

impl std::error::Error for MappingError {}
