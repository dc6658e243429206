//! Says a diagnosis to somebody: title, what is wrong, what to do, who acts, when to try again.
//! The borrower gets the vague form of sensitive causes; staff get the exact one.

use serde::Serialize;

use super::{Actor, Certainty, Diagnosis, NextStep, Retry};
use crate::bank_guide::BankContact;
use crate::cause::{Action, Audience, CauseCode, Dictionary};
use crate::text::Lang;

/// How many concrete actions are said at once.
const STEPS_SAID_MAX: usize = 4;
/// How many candidates the title of a "one of" names.
const TITLES_NAMED_MAX: usize = 3;

/// A diagnosis in words, for one audience and language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// A few words. For a "one of" it names the likeliest candidates.
    pub title: String,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub fix: String,
    /// The candidates of a "one of", likeliest first; empty when there is one cause.
    pub candidates: Vec<Candidate>,
    /// How sure this is.
    pub certainty: String,
    /// Who must act.
    pub actor: String,
    /// What that party does next.
    pub next_step: String,
    /// What is concretely to be done, the most useful first; of a "one of", each candidate's first.
    pub steps: Vec<Step>,
    /// Whether and when to try again.
    pub retry: String,
    /// How to reach the bank, where the bank must act.
    pub hotline: Option<String>,
}

/// One concrete action, as data and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is.
    #[serde(flatten)]
    pub action: Action,
    /// The number to dial, where the bank is to be called and its hotline is known. Where it is
    /// not, the words name the number on the back of the card; they also say what to press then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// In words.
    pub text: String,
}

/// One candidate of a "one of".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its code.
    pub cause: CauseCode,
    /// A few words.
    pub title: String,
    /// What is wrong, if it is this one.
    pub text: String,
    /// What to do, if it is this one.
    pub fix: String,
}

impl Diagnosis {
    /// Says it. `bank` is the issuer, where its hotline is known.
    #[must_use]
    pub fn render(
        &self,
        dictionary: &Dictionary,
        audience: Audience,
        lang: Lang,
        bank: Option<&BankContact>,
    ) -> Rendered {
        if audience == Audience::Borrower {
            return self.for_borrower(dictionary).say(dictionary, audience, lang, bank);
        }
        self.say(dictionary, audience, lang, bank)
    }

    /// What is wrong and what to do, in one string.
    #[must_use]
    pub fn text(&self, dictionary: &Dictionary, audience: Audience, lang: Lang) -> String {
        let rendered = self.render(dictionary, audience, lang, None);
        match lang {
            Lang::Zh => format!("{}{}", rendered.text, rendered.fix),
            Lang::En => format!("{} {}", rendered.text, rendered.fix),
        }
    }

    fn say(
        &self,
        dictionary: &Dictionary,
        audience: Audience,
        lang: Lang,
        bank: Option<&BankContact>,
    ) -> Rendered {
        let phrases = dictionary.phrases();
        let mut candidates: Vec<Candidate> = self
            .causes
            .iter()
            .filter_map(|code| candidate(dictionary, code, audience, lang))
            .collect();
        let (title, text, fix) = match candidates.as_slice() {
            [] => unknown_words(dictionary, audience, lang),
            [only] => (only.title.clone(), only.text.clone(), only.fix.clone()),
            several => one_of(several, phrases.certainty(Certainty::OneOf, lang), lang),
        };
        if candidates.len() == 1 {
            candidates.clear();
        }
        let bank_acts = self.actor == Actor::Issuer
            || matches!(self.next_step, NextStep::CallBank | NextStep::VisitBank);
        Rendered {
            title,
            text,
            fix,
            candidates,
            certainty: phrases.certainty(self.certainty, lang).to_owned(),
            actor: phrases.actor(self.actor, lang).to_owned(),
            next_step: phrases.next_step(self.next_step, lang).to_owned(),
            steps: self.steps(dictionary, audience, lang, bank),
            retry: match (self.retry, self.next_step) {
                (Retry::Never, NextStep::ContactSupport) => phrases.no_retry(lang).to_owned(),
                (retry, _) => phrases.retry(retry, lang),
            },
            hotline: bank_acts.then(|| phrases.hotline(bank, lang)),
        }
    }
}

impl Diagnosis {
    /// The concrete actions. Where several causes are possible, the first action of each, in the
    /// order of likelihood: what is cheap to check is checked before anything else.
    fn steps(
        &self,
        dictionary: &Dictionary,
        audience: Audience,
        lang: Lang,
        bank: Option<&BankContact>,
    ) -> Vec<Step> {
        let each = if self.causes.len() > 1 { 1 } else { STEPS_SAID_MAX };
        let mut actions: Vec<Action> = Vec::new();
        for cause in self.causes.iter().filter_map(|code| dictionary.get(code)) {
            let said = cause.steps.iter().filter(|action| {
                audience != Audience::Borrower || **action != Action::FixIntegration
            });
            for action in said.take(each) {
                if !actions.contains(action) {
                    actions.push(action.clone());
                }
            }
        }
        if actions.is_empty() {
            actions.push(Action::ContactSupport);
        }
        actions.truncate(STEPS_SAID_MAX);
        let number = bank.map(|bank| &bank.hotline.number);
        let say = |action: Action| Step {
            number: number.filter(|_| action == Action::CallBank).cloned(),
            text: dictionary.phrases().action(&action, bank, lang),
            action,
        };
        actions.into_iter().map(say).collect()
    }
}

fn candidate(
    dictionary: &Dictionary,
    code: &CauseCode,
    audience: Audience,
    lang: Lang,
) -> Option<Candidate> {
    let cause = dictionary.get(code)?;
    Some(Candidate {
        cause: code.clone(),
        title: cause.title(audience, lang).to_owned(),
        text: cause.text(audience, lang).to_owned(),
        fix: cause.fix(audience, lang).to_owned(),
    })
}

/// The words of an honest "one of": the titles, and the likeliest one's fix first.
fn one_of(several: &[Candidate], lead: &str, lang: Lang) -> (String, String, String) {
    let titles: Vec<&str> = several.iter().map(|candidate| candidate.title.as_str()).collect();
    let fix = several.first().map_or_else(String::new, |first| first.fix.clone());
    let named: Vec<&str> = titles.iter().copied().take(TITLES_NAMED_MAX).collect();
    let more = titles.len() > named.len();
    match lang {
        Lang::Zh => {
            let title = format!("{}{}", named.join("，或"), if more { "等" } else { "" });
            (title, format!("{lead}：{}。", titles.join("、")), fix)
        }
        Lang::En => {
            let title = format!("{}{}", named.join(", or "), if more { ", or other" } else { "" });
            (title, format!("{lead}: {}.", titles.join("; ")), fix)
        }
    }
}

/// A diagnosis made with a newer dictionary than this one: say honestly that it is not known.
fn unknown_words(
    dictionary: &Dictionary,
    audience: Audience,
    lang: Lang,
) -> (String, String, String) {
    let fallback = dictionary.get(&crate::cause::known::CHANNEL_CODE_UNMAPPED);
    fallback.map_or_else(Default::default, |cause| {
        (
            cause.title(audience, lang).to_owned(),
            cause.text(audience, lang).to_owned(),
            cause.fix(audience, lang).to_owned(),
        )
    })
}
