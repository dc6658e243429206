//! The rules every entry of the dictionary keeps, whoever edits it. They are checked when it is
//! read, so that an operator's own words cannot say only "invalid" either.

use super::{Action, Audience, Cause};
use crate::diagnosis::{Actor, Certainty, NextStep, Retry};
use crate::text::{Lang, Text};

/// A title must fit on one line of a phone, in characters.
const TITLE_ZH_MAX: usize = 18;
const TITLE_EN_MAX: usize = 52;
/// A text or a fix must fit on a phone without scrolling.
const BORROWER_ZH_MAX: usize = 75;
const BORROWER_EN_MAX: usize = 200;
/// Agents and engineers read on larger screens.
const STAFF_ZH_MAX: usize = 160;
const STAFF_EN_MAX: usize = 420;

/// More concrete actions than this nobody reads.
const STEPS_MAX: usize = 4;

/// Words that alone say nothing. A borrower's title made only of a thing and one of these is the
/// blank answer this product exists to replace; in the text they are jargon.
const BARE_ZH: &[&str] = &["无效", "非法", "错误", "失败", "异常"];
const BARE_EN: &[&str] = &["invalid", "illegal", "error", "failed", "failure", "denied"];

/// What a borrower need not know, or must not be told in such words.
const JARGON: &[&str] = &[
    "BIN",
    "Luhn",
    "token",
    "Token",
    "报文",
    "接口",
    "应答码",
    "渠道",
    "HTTP",
    "四要素",
    "核验方",
    "清算",
    "对账",
    "入账",
    "对接",
    "校验码",
    "号段",
    "你自己",
    "your fault",
    "您的错",
];

/// What must not be said of what is never tried again.
const AGAIN_ZH: &str = "再试";
const AGAIN_EN: &str = "try again";

/// Traces of unfinished text.
const LEFTOVERS: &[&str] = &["{", "}", "TODO", "FIXME", "XXX", "???", "？？", "...", "lorem"];

pub(super) fn cause(cause: &Cause) -> Result<(), String> {
    if !cause.code.is_well_formed() {
        return Err("is not of the form area.name".to_owned());
    }
    coherent(cause)?;
    steps(cause)?;
    text(&cause.name, "name", TITLE_ZH_MAX, TITLE_EN_MAX)?;
    for audience in Audience::ALL {
        let (zh, en) = match audience {
            Audience::Borrower => (BORROWER_ZH_MAX, BORROWER_EN_MAX),
            Audience::Agent | Audience::Engineer => (STAFF_ZH_MAX, STAFF_EN_MAX),
        };
        let wording = cause.wording(audience);
        text(&wording.title, "title", TITLE_ZH_MAX, TITLE_EN_MAX)?;
        text(&wording.text, "text", zh, en)?;
        text(&wording.fix, "fix", zh, en)?;
    }
    never(cause)?;
    borrower(cause)
}

/// Actor, next step and retry must tell one story.
fn coherent(cause: &Cause) -> Result<(), String> {
    let steps: &[NextStep] = match cause.actor {
        Actor::Borrower => &[
            NextStep::CorrectEntry,
            NextStep::RequestNewCode,
            NextStep::UseAnotherCard,
            NextStep::TryLater,
            NextStep::BindAgain,
            NextStep::UpdateApp,
            NextStep::ContactSupport,
        ],
        Actor::Issuer => &[NextStep::CallBank, NextStep::VisitBank],
        Actor::Platform => &[NextStep::ContactSupport, NextStep::FixIntegration, NextStep::Wait],
        Actor::Channel => &[NextStep::Wait, NextStep::TryLater, NextStep::ContactSupport],
        Actor::Nobody => &[NextStep::Wait, NextStep::TryLater],
    };
    if !steps.contains(&cause.next_step) {
        return Err(format!("says {:?} must {:?}", cause.actor, cause.next_step));
    }
    let fits = match cause.next_step {
        NextStep::Wait => matches!(cause.retry, Retry::Automatic | Retry::Never | Retry::After(_)),
        NextStep::TryLater => {
            matches!(cause.retry, Retry::After(_) | Retry::NextDay | Retry::NextMonth)
        }
        NextStep::CorrectEntry
        | NextStep::RequestNewCode
        | NextStep::BindAgain
        | NextStep::UpdateApp => {
            matches!(cause.retry, Retry::AfterCorrection | Retry::After(_))
        }
        NextStep::UseAnotherCard => matches!(cause.retry, Retry::Never),
        NextStep::CallBank
        | NextStep::VisitBank
        | NextStep::ContactSupport
        | NextStep::FixIntegration => !matches!(cause.retry, Retry::Automatic),
    };
    if !fits {
        return Err(format!("says {:?} and then retry {:?}", cause.next_step, cause.retry));
    }
    match cause.retry {
        Retry::After(0) => Err("says to retry after 0 seconds".to_owned()),
        _ => Ok(()),
    }
}

/// The concrete actions: few, each once, one of them the next step, and the same wait as the retry.
fn steps(cause: &Cause) -> Result<(), String> {
    if cause.certainty == Certainty::OneOf {
        return Err("is one of a single cause".to_owned());
    }
    let steps = &cause.steps;
    if steps.is_empty() || steps.len() > STEPS_MAX {
        return Err(format!("has {} steps; 1 to {STEPS_MAX} can be followed", steps.len()));
    }
    if steps.iter().enumerate().any(|(place, step)| steps.iter().skip(place + 1).any(|s| s == step))
    {
        return Err("has a step twice".to_owned());
    }
    if !steps.iter().any(|step| step.next_step() == cause.next_step) {
        return Err(format!("has no step for its next step {:?}", cause.next_step));
    }
    for step in steps {
        let wait = match step {
            Action::TryAgain { seconds } => Some(Retry::After(*seconds)),
            Action::TryTomorrow => Some(Retry::NextDay),
            Action::TryNextMonth => Some(Retry::NextMonth),
            Action::VisitBank { bring } if bring.is_empty() => {
                return Err("sends to a branch with nothing to bring".to_owned());
            }
            _ => None,
        };
        if wait.is_some_and(|wait| wait != cause.retry) {
            return Err(format!("waits by {step:?} and then retries {:?}", cause.retry));
        }
    }
    Ok(())
}

/// Where trying again is over, nobody is told to. A sensitive cause borrows its words for the
/// borrower from another, and keeps to that one's retry.
fn never(cause: &Cause) -> Result<(), String> {
    if cause.retry != Retry::Never {
        return Ok(());
    }
    for audience in Audience::ALL {
        let fix = &cause.wording(audience).fix;
        let again = fix.zh.contains(AGAIN_ZH) || fix.en.to_lowercase().contains(AGAIN_EN);
        if again && !(audience == Audience::Borrower && cause.sensitive()) {
            return Err(format!("is never tried again, and its fix says to: {:?}", fix.zh));
        }
    }
    Ok(())
}

/// Words for agents and engineers that are no part of a cause.
pub(super) fn staff(what: &str, words: &Text) -> Result<(), String> {
    text(words, what, STAFF_ZH_MAX, STAFF_EN_MAX)
}

fn text(text: &Text, what: &str, zh_max: usize, en_max: usize) -> Result<(), String> {
    for (lang, max) in [(Lang::Zh, zh_max), (Lang::En, en_max)] {
        let words = text.in_lang(lang);
        let length = words.chars().count();
        if words.trim() != words || length < 2 {
            return Err(format!("has an empty or untrimmed {what} in {lang:?}: {words:?}"));
        }
        if length > max {
            return Err(format!("has a {what} of {length} characters in {lang:?}, over {max}"));
        }
        if let Some(trace) = LEFTOVERS.iter().find(|trace| words.contains(**trace)) {
            return Err(format!("has {trace:?} left over in its {what}: {words:?}"));
        }
        if words.chars().any(|c| c.is_control() || c == '\u{fffd}') {
            return Err(format!("has a control character in its {what}: {words:?}"));
        }
    }
    let han = |words: &str| words.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if !han(&text.zh) {
        return Err(format!("has no Chinese in the zh of its {what}: {:?}", text.zh));
    }
    if han(&text.en) {
        return Err(format!("has Chinese in the en of its {what}: {:?}", text.en));
    }
    Ok(())
}

/// The borrower's words: no bare words, no jargon, no blame, and a fix that says what to do.
fn borrower(cause: &Cause) -> Result<(), String> {
    let wording = cause.wording(Audience::Borrower);
    for part in [&wording.title, &wording.text, &wording.fix] {
        for word in BARE_ZH {
            if part.zh.contains(word) {
                return Err(format!("tells the borrower {word:?}: {:?}", part.zh));
            }
        }
        let english = part.en.to_lowercase();
        for word in BARE_EN {
            if english.split(|c: char| !c.is_alphabetic()).any(|w| w == *word) {
                return Err(format!("tells the borrower {word:?}: {:?}", part.en));
            }
        }
        for word in JARGON {
            if part.zh.contains(word) || part.en.contains(word) {
                return Err(format!("uses {word:?} to the borrower: {:?}", part.zh));
            }
        }
    }
    if wording.text == wording.fix {
        return Err("says the same in text and fix to the borrower".to_owned());
    }
    let sentence = |text: &Text| text.zh.ends_with(['。', '？']) && text.en.ends_with(['.', '?']);
    if !sentence(&wording.text) || !sentence(&wording.fix) {
        return Err("has a text or fix for the borrower that is no whole sentence".to_owned());
    }
    Ok(())
}
