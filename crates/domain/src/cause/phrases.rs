//! The phrases around a cause: who acts, what next, whether to retry, how sure we are. In a data
//! file like the causes, so that an operator edits one kind of thing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Action, DictionaryError};
use crate::bank_guide::BankContact;
use crate::diagnosis::{Actor, Certainty, NextStep, Retry};
use crate::text::{Lang, Text};

/// Phrases by what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    actor: BTreeMap<String, Text>,
    next_step: BTreeMap<String, Text>,
    retry: BTreeMap<String, Text>,
    certainty: BTreeMap<String, Text>,
    span: BTreeMap<String, Text>,
    hotline: BTreeMap<String, Text>,
    action: BTreeMap<String, Text>,
    field: BTreeMap<String, Text>,
    task: BTreeMap<String, Text>,
    paper: BTreeMap<String, Text>,
    card: BTreeMap<String, Text>,
}

impl Phrases {
    pub(super) fn parse(file: &str, content: &str) -> Result<Self, DictionaryError> {
        let phrases: Self = toml::from_str(content)
            .map_err(|error| DictionaryError::new(file, "", error.to_string()))?;
        for (table, keys) in phrases.required() {
            for key in keys {
                if !table.get(*key).is_some_and(|text| !text.zh.is_empty() && !text.en.is_empty()) {
                    return Err(DictionaryError::new(file, key, "has no phrase"));
                }
            }
        }
        phrases
            .every_action_has_words()
            .map_err(|key| DictionaryError::new(file, &key, "has no phrase"))?;
        Ok(phrases)
    }

    fn every_action_has_words(&self) -> Result<(), String> {
        let has = |table: &BTreeMap<String, Text>, key: &str| {
            table.get(key).is_some_and(|text| !text.zh.is_empty() && !text.en.is_empty())
        };
        for action in Action::every() {
            let detail = match &action {
                Action::Correct { field } => Some((&self.field, field.name())),
                Action::BankApp { task } => Some((&self.task, task.name())),
                Action::UseAnotherCard { card } => Some((&self.card, card.name())),
                Action::VisitBank { bring } => {
                    bring.first().map(|paper| (&self.paper, paper.name()))
                }
                _ => None,
            };
            if !has(&self.action, action.name()) {
                return Err(action.name().to_owned());
            }
            if let Some((table, key)) = detail
                && !has(table, key)
            {
                return Err(key.to_owned());
            }
        }
        Ok(())
    }

    fn required(&self) -> [(&BTreeMap<String, Text>, &'static [&'static str]); 6] {
        [
            (&self.actor, &["borrower", "issuer", "platform", "channel", "nobody"]),
            (
                &self.next_step,
                &[
                    "correct_entry",
                    "request_new_code",
                    "call_bank",
                    "visit_bank",
                    "use_another_card",
                    "wait",
                    "try_later",
                    "bind_again",
                    "update_app",
                    "contact_support",
                    "fix_integration",
                ],
            ),
            (
                &self.retry,
                &["never", "after_correction", "after", "next_day", "next_month", "automatic"],
            ),
            (&self.certainty, &["certain", "likely", "one_of", "unknown"]),
            (&self.span, &["seconds", "minutes", "hours", "days"]),
            (&self.hotline, &["known", "unknown"]),
        ]
    }

    /// Who must act.
    #[must_use]
    pub fn actor(&self, actor: Actor, lang: Lang) -> &str {
        phrase(&self.actor, actor.name(), lang)
    }

    /// What that party does next.
    #[must_use]
    pub fn next_step(&self, step: NextStep, lang: Lang) -> &str {
        phrase(&self.next_step, step.name(), lang)
    }

    /// How sure we are.
    #[must_use]
    pub fn certainty(&self, certainty: Certainty, lang: Lang) -> &str {
        phrase(&self.certainty, certainty.name(), lang)
    }

    /// Whether and when to try again; a span is said in the largest unit that fits, rounded up.
    #[must_use]
    pub fn retry(&self, retry: Retry, lang: Lang) -> String {
        let words = phrase(&self.retry, retry.name(), lang);
        match retry {
            Retry::After(seconds) => words.replace("{span}", &self.span(seconds, lang)),
            _ => words.to_owned(),
        }
    }

    /// That trying again is not what helps, and another card would not either.
    #[must_use]
    pub fn no_retry(&self, lang: Lang) -> &str {
        phrase(&self.retry, "no_need", lang)
    }

    /// One concrete action in words. `bank` is the issuer, where its hotline is known.
    #[must_use]
    pub fn action(&self, action: &Action, bank: Option<&BankContact>, lang: Lang) -> String {
        let words = phrase(&self.action, action.name(), lang);
        let fill = |blank: &str, with: &str| words.replace(blank, with);
        match action {
            Action::Correct { field } => fill("{field}", phrase(&self.field, field.name(), lang)),
            Action::BankApp { task } => fill("{task}", phrase(&self.task, task.name(), lang)),
            Action::UseAnotherCard { card } => {
                fill("{card}", phrase(&self.card, card.name(), lang))
            }
            Action::VisitBank { bring } => {
                let papers: Vec<&str> =
                    bring.iter().map(|paper| phrase(&self.paper, paper.name(), lang)).collect();
                let and = match lang {
                    Lang::Zh => "和",
                    Lang::En => " and ",
                };
                fill("{papers}", &papers.join(and))
            }
            Action::TryAgain { seconds } => fill("{span}", &self.span(*seconds, lang)),
            Action::CallBank => match bank {
                Some(bank) => named(words, bank, lang),
                None => phrase(&self.hotline, "unknown", lang).to_owned(),
            },
            _ => words.to_owned(),
        }
    }

    /// A span of time, such as "15 minutes".
    #[must_use]
    pub fn span(&self, seconds: u32, lang: Lang) -> String {
        let (unit, one) = match seconds {
            0..120 => ("seconds", 1),
            120..7_200 => ("minutes", 60),
            7_200..172_800 => ("hours", 3_600),
            _ => ("days", 86_400),
        };
        phrase(&self.span, unit, lang).replace("{n}", &seconds.div_ceil(one).to_string())
    }

    /// How to reach the bank: its hotline, or the number on the back of the card.
    #[must_use]
    pub fn hotline(&self, bank: Option<&BankContact>, lang: Lang) -> String {
        match bank {
            Some(bank) => named(phrase(&self.hotline, "known", lang), bank, lang),
            None => phrase(&self.hotline, "unknown", lang).to_owned(),
        }
    }
}

fn named(words: &str, bank: &BankContact, lang: Lang) -> String {
    let number = bank.hotline.said(lang);
    words.replace("{bank}", bank.bank.in_lang(lang)).replace("{number}", &number)
}

/// `parse` has proven that every key is there.
fn phrase<'a>(table: &'a BTreeMap<String, Text>, key: &str, lang: Lang) -> &'a str {
    table.get(key).map_or("", |text| text.in_lang(lang))
}
