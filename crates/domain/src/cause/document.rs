//! The dictionary as a page for people: `docs/causes.md` is made from this, never by hand.

use super::{Audience, Cause, Dictionary, Family};
use crate::text::Lang;

/// The whole dictionary in Markdown, by family, in the order of the files.
#[must_use]
pub fn markdown(dictionary: &Dictionary) -> String {
    let mut page = String::from(
        "# Causes\n\nMade from `data/causes/`; do not edit. A sensitive cause is shown to the borrower \
         as the vaguer one named after it.\n",
    );
    for family in Family::ALL {
        let title = match family {
            Family::PlatformChannel => "Platform and channel · 平台与通道",
            Family::Environment => "Environment · 操作环境",
            Family::CardHolder => "Card and holder · 卡与持卡人",
            Family::Attack => "Attack · 攻击",
        };
        page.push_str(&format!("\n## {title}\n"));
        for cause in dictionary.all().filter(|cause| cause.family == family) {
            page.push_str(&section(dictionary, cause));
        }
    }
    page
}

fn section(dictionary: &Dictionary, cause: &Cause) -> String {
    let phrases = dictionary.phrases();
    let mut text = format!("\n### `{}` {} · {}\n", cause.code, cause.name.zh, cause.name.en);
    if let Some(vague) = &cause.shown_as {
        text.push_str(&format!("\nSensitive: the borrower sees `{vague}`.\n"));
    }
    text.push_str("\n| | 中文 | English |\n|---|---|---|\n");
    let mut row = |what: &str, say: &dyn Fn(Lang) -> String| {
        text.push_str(&format!("| {what} | {} | {} |\n", say(Lang::Zh), say(Lang::En)));
    };
    row("who", &|lang| phrases.actor(cause.actor, lang).to_owned());
    row("next", &|lang| phrases.next_step(cause.next_step, lang).to_owned());
    row("again", &|lang| phrases.retry(cause.retry, lang));
    row("sure", &|lang| phrases.certainty(cause.certainty, lang).to_owned());
    row("steps", &|lang| {
        let said = cause.steps.iter().map(|step| phrases.action(step, None, lang));
        let said: Vec<String> = said.collect();
        said.join(if lang == Lang::Zh { "；" } else { "; " })
    });
    for (what, audience) in [
        ("borrower", Audience::Borrower),
        ("agent", Audience::Agent),
        ("engineer", Audience::Engineer),
    ] {
        if audience == Audience::Borrower && cause.sensitive() {
            continue;
        }
        row(what, &|lang| {
            let (text, fix) = (cause.text(audience, lang), cause.fix(audience, lang));
            match lang {
                Lang::Zh => format!("{text}{fix}"),
                Lang::En => format!("{text} {fix}"),
            }
        });
    }
    for group in dictionary.lookalikes(&cause.code) {
        let others: Vec<String> = group
            .causes
            .iter()
            .filter(|code| **code != cause.code)
            .map(|code| format!("`{code}`"))
            .collect();
        let (others, tell) = (others.join(", "), &group.tell);
        text.push_str(&format!("\nConfused with {others}: {} {}\n", tell.zh, tell.en));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_section_and_every_row_its_cells() {
        let dictionary = Dictionary::embedded();
        let page = markdown(dictionary);
        for cause in dictionary.all() {
            assert!(page.contains(&format!("### `{}` ", cause.code)));
        }
        assert_eq!(page.matches("\n### ").count(), dictionary.all().len());
        for line in page.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 4, "{line}");
        }
    }
}
