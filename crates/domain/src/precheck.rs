//! Everything typed is parsed once; all findings at once, the environment's first.
//!
//! It judges only what can be judged without asking a bank, and it never refuses what a bank might
//! accept: an unknown BIN, a rare name, an old region code are remarked on and pass.

mod card;
mod company;
mod holder;

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::bank_guide::BankGuides;
use crate::card::{BinTable, CardKind, CardNumber, KindPolicies, Purpose, issuer_name_en};
use crate::company::{ClearingCode, CompanyName, CreditCode};
use crate::environment::{Environment, EnvironmentRules};
use crate::finding::{Finding, Severity};
use crate::holder::{FourElements, HolderName, IdNumber, ReservedPhone};
use crate::text::Lang;

/// How far the borrower is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The form was submitted: what is missing is a finding.
    #[default]
    Submitted,
    /// Still typing: what is merely not complete yet is no finding.
    Typing,
}

/// What was typed. `None` is a field that was not asked for; an empty text is one left empty.
#[derive(Clone, Copy, Default)]
pub struct Entry<'a> {
    /// The card number.
    pub card_number: Option<&'a str>,
    /// The holder's name.
    pub name: Option<&'a str>,
    /// The ID number.
    pub id_number: Option<&'a str>,
    /// The reserved phone.
    pub phone: Option<&'a str>,
    /// A company's name.
    pub company_name: Option<&'a str>,
    /// A company's unified social credit code.
    pub credit_code: Option<&'a str>,
    /// The clearing code of the branch that keeps a company's account.
    pub clearing_code: Option<&'a str>,
    /// What the card shall be used for.
    pub purpose: Purpose,
    /// How far the borrower is.
    pub stage: Stage,
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(••••)")
    }
}

impl<'a> Entry<'a> {
    /// The four elements of a person's card, all of them asked for.
    #[must_use]
    pub fn four(card_number: &'a str, name: &'a str, id_number: &'a str, phone: &'a str) -> Self {
        Self {
            card_number: Some(card_number),
            name: Some(name),
            id_number: Some(id_number),
            phone: Some(phone),
            ..Self::default()
        }
    }
}

/// What a precheck goes by: the table of BINs and what an operator may set. Beside them what is
/// known of the banks, which an operator's file adds to in the same way.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The table of BINs, embedded or with the operator's own on top.
    pub bins: Arc<BinTable>,
    /// What the banks' customers should know, embedded or with the operator's own on top.
    pub guides: Arc<BankGuides>,
    /// Which kinds of card a loan may be paid out to.
    pub disbursement: KindPolicies,
    /// Which kinds of card a loan may be repaid from.
    pub repayment: KindPolicies,
    /// The lowest age of the holder, in full years.
    pub age_min: u8,
    /// Floors and limits of the environment.
    pub environment: EnvironmentRules,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            bins: BinTable::embedded(),
            guides: BankGuides::embedded(),
            disbursement: KindPolicies::default(),
            repayment: KindPolicies::default(),
            age_min: 18,
            environment: EnvironmentRules::default(),
        }
    }
}

/// What the BIN says about the card. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFacts {
    /// The issuing bank's name in Chinese.
    #[serde(with = "shared_text")]
    pub issuer: Arc<str>,
    /// The bank's code, such as `ICBC`.
    #[serde(with = "shared_text")]
    pub bank_code: Arc<str>,
    /// The kind of card.
    pub kind: CardKind,
    /// How many digits such a card has.
    pub pan_length: u8,
    /// How many digits the BIN has.
    pub bin_length: u8,
}

impl CardFacts {
    /// The issuing bank's name: in English where we know one, otherwise in Chinese.
    #[must_use]
    pub fn issuer_name(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.issuer,
            Lang::En => issuer_name_en(&self.bank_code).unwrap_or(&self.issuer),
        }
    }
}

/// A shared text is written and read like any text.
mod shared_text {
    use std::borrow::Cow;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        Cow::<'de, str>::deserialize(from).map(Arc::from)
    }
}

/// Each field that could be read, as its type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// The card number.
    pub card_number: Option<CardNumber>,
    /// The holder's name.
    pub name: Option<HolderName>,
    /// The ID number.
    pub id_number: Option<IdNumber>,
    /// The reserved phone.
    pub phone: Option<ReservedPhone>,
    /// A company's name.
    pub company_name: Option<CompanyName>,
    /// A company's unified social credit code.
    pub credit_code: Option<CreditCode>,
    /// The clearing code of a branch.
    pub clearing_code: Option<ClearingCode>,
}

/// Everything a precheck found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// All findings, the environment's first, then field by field.
    pub findings: Vec<Finding>,
    /// What the BIN says, when it is known.
    pub card: Option<CardFacts>,
    /// The four elements, when all were read and nothing stops them.
    pub parsed: Option<FourElements>,
    /// Each field that could be read, for verifications of fewer elements and for companies.
    pub values: Values,
}

impl Precheck {
    /// Whether something must be corrected first.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Stop)
    }
}

/// Checks everything that was typed. `today` is the date in Beijing.
#[must_use]
pub fn precheck(
    entry: &Entry<'_>,
    environment: &Environment,
    rules: &Rules,
    today: Date,
) -> Precheck {
    let mut findings = Vec::new();
    rules.environment.check(environment, &mut findings);
    let mut check = Check { entry, rules, today, findings };
    let (card_number, card) = check.card_number();
    let values = Values {
        card_number,
        name: check.name(),
        id_number: check.id_number(),
        phone: check.phone(),
        company_name: check.company_name(),
        credit_code: check.credit_code(),
        clearing_code: check.clearing_code(),
    };
    let mut precheck = Precheck { findings: check.findings, card, parsed: None, values };
    if !precheck.stopped() {
        precheck.parsed = four_elements(&precheck.values);
    }
    precheck
}

fn four_elements(values: &Values) -> Option<FourElements> {
    match values {
        Values {
            card_number: Some(card_number),
            name: Some(name),
            id_number: Some(id_number),
            phone: Some(phone),
            ..
        } => Some(FourElements {
            name: name.clone(),
            id_number: id_number.clone(),
            card_number: card_number.clone(),
            reserved_phone: phone.clone(),
        }),
        _ => None,
    }
}

/// One precheck under way.
struct Check<'a> {
    entry: &'a Entry<'a>,
    rules: &'a Rules,
    today: Date,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn typing(&self) -> bool {
        self.entry.stage == Stage::Typing
    }

    /// Keeps a finding about something that is wrong.
    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Keeps a finding about something that is not complete, unless it is still being typed.
    fn incomplete(&mut self, finding: Finding) {
        if !self.typing() {
            self.findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;
