//! Every text says what is wrong and what to do, and every cause has its words.

use std::collections::BTreeSet;

use super::super::causes;
use super::{Words, card, company, environment, fill, group_list, holder};
use crate::finding::{At, Finding, Numbers};
use crate::text::Lang;

fn all() -> impl Iterator<Item = &'static Words> {
    [card::ALL, company::ALL, environment::ALL, holder::ALL].into_iter().flatten().copied()
}

#[test]
fn every_cause_has_words_and_every_word_a_cause() {
    let published: BTreeSet<_> = causes::ALL.iter().map(|c| c.as_str()).collect();
    let worded: BTreeSet<_> = all().map(|w| w.cause.as_str()).collect();
    assert_eq!(published, worded);
    assert_eq!(published.len(), causes::ALL.len(), "a code is listed twice");
}

#[test]
fn a_text_says_what_is_wrong_and_what_to_do() {
    for words in all() {
        let finding =
            Finding::stop(words).at(Some(At::range(7, 8))).count(2).expected(19).groups(6);
        for lang in [Lang::Zh, Lang::En] {
            for text in [finding.text(lang), finding.fix(lang)] {
                for empty in
                    ["无效", "非法", "错误", "失败", "invalid", "Invalid", "error", "failed"]
                {
                    assert!(!text.contains(empty), "{:?}: {text}", words.cause);
                }
                for jargon in ["BIN", "核验方", "校验码", "号段"] {
                    assert!(!text.contains(jargon), "{:?}: {text}", words.cause);
                }
                assert!(text.chars().count() >= 8, "{:?}: {text}", words.cause);
                assert!(!text.contains(['{', '}']), "{:?}: {text}", words.cause);
                let four = text.as_bytes().windows(4).any(|w| w.iter().all(u8::is_ascii_digit));
                assert!(!four, "{:?} has a run of four digits: {text}", words.cause);
                let han = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert_eq!(han, lang == Lang::Zh, "{:?}: {text}", words.cause);
            }
            assert_ne!(finding.text(lang), finding.fix(lang));
        }
    }
}

#[test]
fn every_place_in_a_text_is_known() {
    let known = ["count", "digits", "expected", "first", "last", "groups", "version"];
    for words in all() {
        for template in [words.zh, words.zh_fix, words.en, words.en_fix] {
            for part in template.split('{').skip(1) {
                let place = part.split('}').next().unwrap();
                assert!(known.contains(&place), "{:?}: {{{place}}}", words.cause);
            }
        }
    }
}

#[test]
fn numbers_go_into_their_places() {
    let numbers = Numbers { count: 1, expected: 19, groups: 0b1_0110, version: None };
    let text = fill("{digits} of {expected} near {first}", Lang::En, &numbers, Some(At::one(3)));
    assert_eq!(text, "1 digit of 19 near 3");
    assert_eq!(group_list(numbers.groups, Lang::Zh), "2、3、5");
    assert_eq!(group_list(numbers.groups, Lang::En), "groups 2, 3 and 5");
    assert_eq!(group_list(1, Lang::En), "group 1");
}
