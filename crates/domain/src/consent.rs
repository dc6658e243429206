//! What a borrower accepted: versioned texts, their hashes, and when. The texts are data in
//! `data/consents/`; a published version is never edited, only followed by a newer one.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::text::{Lang, Text};
use crate::time::Timestamp;

macro_rules! data {
    ($path:literal) => {
        ($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/consents/", $path)))
    };
}

/// Oldest first: the last of a kind is the current one.
const FILES: &[(&str, &str)] = &[data!("information_sharing.v1.toml"), data!("mandate.v1.toml")];

static EMBEDDED: LazyLock<ConsentBook> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the embedded files are parsed by a test of this module"
    )]
    ConsentBook::parse(FILES).expect("the embedded consents keep their own rules")
});

/// What is consented to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// That personal information goes to named recipients: separate consent, for this purpose only.
    InformationSharing,
    /// That the payee may collect what is due from the card.
    Mandate,
}

impl ConsentKind {
    /// Both kinds, in the order a page shows them.
    pub const ALL: [Self; 2] = [Self::InformationSharing, Self::Mandate];

    /// The stable name, as in data files, the API and form fields.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InformationSharing => "information_sharing",
            Self::Mandate => "mandate",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One version of one text, in both languages, with blanks to fill.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentDocument {
    /// What is consented to.
    pub kind: ConsentKind,
    /// The version: the day it was published.
    pub version: String,
    /// What the box beside it says.
    pub label: Text,
    /// The title.
    pub title: Text,
    /// The text; an empty line parts two paragraphs.
    pub body: Text,
}

/// Somebody who receives the borrower's information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its full name.
    pub name: Text,
    /// How the borrower reaches it.
    pub contact: Text,
}

/// Who the blanks of a text stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The lending platform.
    pub platform: Text,
    /// How the borrower reaches the platform.
    pub platform_contact: Text,
    /// Who may collect; often the platform or the lender.
    pub payee: Text,
    /// The bank that issued the card, where it is known already.
    pub issuer: Option<Text>,
    /// Everybody else who receives the borrower's information, each by name.
    pub recipients: Vec<Recipient>,
}

impl Parties {
    /// The platform collects for itself, is reached through its own app, and the issuer is whoever
    /// issued the card that will be entered.
    #[must_use]
    pub fn new(platform: &str, recipients: Vec<Recipient>) -> Self {
        let same = Text { zh: platform.to_owned(), en: platform.to_owned() };
        Self {
            platform_contact: Text {
                zh: format!("{platform}应用内的客服"),
                en: format!("the support inside the {platform} app"),
            },
            payee: same.clone(),
            platform: same,
            issuer: None,
            recipients,
        }
    }
}

/// A text as the borrower reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RenderedConsent {
    /// What is consented to.
    pub kind: ConsentKind,
    /// The version.
    pub version: String,
    /// The language.
    pub lang: Lang,
    /// What the box beside it says.
    pub label: String,
    /// The title.
    pub title: String,
    /// The paragraphs, plain text: a page must escape them like any other text.
    pub paragraphs: Vec<String>,
}

impl RenderedConsent {
    /// The bytes whose hash is kept as what was accepted: everything the borrower read.
    #[must_use]
    pub fn canonical(&self) -> String {
        let lang = match self.lang {
            Lang::Zh => "zh",
            Lang::En => "en",
        };
        let mut text = format!("{} {} {lang}\n", self.kind.name(), self.version);
        for part in [&self.title, &self.label].into_iter().chain(&self.paragraphs) {
            text.push_str(part);
            text.push('\n');
        }
        text
    }
}

/// What is kept of an acceptance, for ever, with the binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What was consented to.
    pub kind: ConsentKind,
    /// Which version.
    pub version: String,
    /// In which language it was read.
    pub lang: Lang,
    /// SHA-256 of [`RenderedConsent::canonical`], in lower-case hexadecimal.
    pub sha256: String,
    /// When.
    pub accepted_at: Timestamp,
}

impl ConsentDocument {
    /// Fills the blanks.
    #[must_use]
    pub fn render(&self, lang: Lang, parties: &Parties) -> RenderedConsent {
        let body = self.fill(self.body.in_lang(lang), lang, parties);
        RenderedConsent {
            kind: self.kind,
            version: self.version.clone(),
            lang,
            label: self.fill(self.label.in_lang(lang), lang, parties),
            title: self.fill(self.title.in_lang(lang), lang, parties),
            paragraphs: paragraphs(&body),
        }
    }

    /// One pass from left to right, so that a name with braces in it is never taken for a blank.
    fn fill(&self, text: &str, lang: Lang, parties: &Parties) -> String {
        let mut filled = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((blank, tail)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            filled.push_str(&value(blank, lang, parties));
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }
}

/// The blanks a text may have.
const BLANKS: &[&str] = &["platform", "platform_contact", "payee", "issuer", "recipients"];

fn value(blank: &str, lang: Lang, parties: &Parties) -> String {
    match blank {
        "platform" => parties.platform.in_lang(lang).to_owned(),
        "platform_contact" => parties.platform_contact.in_lang(lang).to_owned(),
        "payee" => parties.payee.in_lang(lang).to_owned(),
        "issuer" => match (&parties.issuer, lang) {
            (Some(issuer), lang) => issuer.in_lang(lang).to_owned(),
            (None, Lang::Zh) => "您所填银行卡的发卡银行".to_owned(),
            (None, Lang::En) => "the bank that issued the card you enter".to_owned(),
        },
        "recipients" => recipients(lang, parties),
        other => format!("{{{other}}}"),
    }
}

fn recipients(lang: Lang, parties: &Parties) -> String {
    let one = |recipient: &Recipient| {
        let (name, contact) = (recipient.name.in_lang(lang), recipient.contact.in_lang(lang));
        match lang {
            Lang::Zh => format!("{name}（联系方式：{contact}）"),
            Lang::En => format!("{name} (contact: {contact})"),
        }
    };
    let all: Vec<String> = parties.recipients.iter().map(one).collect();
    all.join(match lang {
        Lang::Zh => "、",
        Lang::En => ", ",
    })
}

/// Lines of one paragraph are joined as the language joins them.
fn paragraphs(body: &str) -> Vec<String> {
    let whole = body.trim().replace("\r\n", "\n");
    whole.split("\n\n").map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// All versions of all texts.
#[derive(Debug, Clone)]
pub struct ConsentBook {
    documents: Vec<ConsentDocument>,
}

impl ConsentBook {
    /// The texts this binary was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads texts from `(name, content)` pairs, oldest first.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, ConsentError> {
        let mut documents: Vec<ConsentDocument> = Vec::with_capacity(files.len());
        for &(file, content) in files {
            let document: ConsentDocument =
                toml::from_str(content).map_err(|error| ConsentError::new(file, error))?;
            check(&document).map_err(|problem| ConsentError::new(file, problem))?;
            let older = documents.iter().filter(|other| other.kind == document.kind);
            if older.into_iter().any(|other| other.version >= document.version) {
                return Err(ConsentError::new(file, "is not newer than the version before it"));
            }
            documents.push(document);
        }
        let book = Self { documents };
        for kind in ConsentKind::ALL {
            if book.newest(kind).is_none() {
                return Err(ConsentError::new(kind.name(), "has no text"));
            }
        }
        Ok(book)
    }

    /// The version a borrower is asked to accept today.
    #[must_use]
    #[expect(clippy::expect_used, reason = "`parse` refuses a book without a text of each kind")]
    pub fn current(&self, kind: ConsentKind) -> &ConsentDocument {
        self.newest(kind).expect("parse has seen a text of each kind")
    }

    /// One version, also an old one.
    #[must_use]
    pub fn find(&self, kind: ConsentKind, version: &str) -> Option<&ConsentDocument> {
        self.documents.iter().find(|document| document.kind == kind && document.version == version)
    }

    fn newest(&self, kind: ConsentKind) -> Option<&ConsentDocument> {
        self.documents.iter().rfind(|document| document.kind == kind)
    }
}

fn check(document: &ConsentDocument) -> Result<(), String> {
    if document.version.len() != 10 || document.version.split('-').count() != 3 {
        return Err(format!("has a version that is no day: {:?}", document.version));
    }
    for text in [&document.title, &document.label, &document.body] {
        for words in [&text.zh, &text.en] {
            if words.trim().is_empty() {
                return Err("has an empty text".to_owned());
            }
            for blank in blanks(words) {
                if !BLANKS.contains(&blank) {
                    return Err(format!("has the unknown blank {blank:?}"));
                }
            }
        }
    }
    let (mut zh, mut en) = (blanks(&document.body.zh), blanks(&document.body.en));
    zh.sort_unstable();
    zh.dedup();
    en.sort_unstable();
    en.dedup();
    if zh != en {
        return Err("has other blanks in zh than in en".to_owned());
    }
    Ok(())
}

fn blanks(text: &str) -> Vec<&str> {
    text.split('{').skip(1).map(|part| part.split('}').next().unwrap_or(part)).collect()
}

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentError {
    /// The file, or the kind that is missing.
    pub file: String,
    /// What is wrong.
    pub problem: String,
}

impl ConsentError {
    fn new(file: &str, problem: impl fmt::Display) -> Self {
        Self { file: file.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for ConsentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.problem)
    }
}

impl std::error::Error for ConsentError {}

#[cfg(test)]
mod tests;
