//! The words of the findings, in both languages: what is wrong, and what to do about it.
//!
//! Only counts, places and version floors are filled in. A text never says merely that something
//! is wrong; it says what, and every one has its advice.

mod card;
mod company;
mod environment;
mod holder;

use std::fmt::Write;

pub(crate) use card::*;
pub(crate) use company::*;
pub(crate) use environment::*;
pub(crate) use holder::*;

use super::{At, Field, Numbers};
use crate::cause::CauseCode;
use crate::text::Lang;

/// What is wrong and what to do, in two languages, with places for small numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) field: Field,
    pub(crate) cause: CauseCode,
    pub(crate) zh: &'static str,
    pub(crate) zh_fix: &'static str,
    pub(crate) en: &'static str,
    pub(crate) en_fix: &'static str,
}

impl Words {
    pub(super) fn text(&self, lang: Lang, numbers: &Numbers, at: Option<At>) -> String {
        match lang {
            Lang::Zh => fill(self.zh, lang, numbers, at),
            Lang::En => fill(self.en, lang, numbers, at),
        }
    }

    pub(super) fn fix(&self, lang: Lang, numbers: &Numbers, at: Option<At>) -> String {
        match lang {
            Lang::Zh => fill(self.zh_fix, lang, numbers, at),
            Lang::En => fill(self.en_fix, lang, numbers, at),
        }
    }
}

/// Makes the words of one part of the house, and the list of them that the tests walk.
macro_rules! words {
    ($($name:ident: $field:ident, $cause:ident, $zh:literal, $zh_fix:literal, $en:literal,
       $en_fix:literal;)*) => {
        $(pub(crate) static $name: Words = Words {
            field: Field::$field,
            cause: causes::$cause,
            zh: $zh,
            zh_fix: $zh_fix,
            en: $en,
            en_fix: $en_fix,
        };)*

        #[cfg(test)]
        pub(super) static ALL: &[&Words] = &[$(&$name),*];
    };
}
pub(super) use words;

/// Puts the numbers into their places.
fn fill(template: &str, lang: Lang, numbers: &Numbers, at: Option<At>) -> String {
    let mut text = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((place, after)) = after.split_once('}') else { break };
        fill_place(&mut text, place, lang, numbers, at);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn fill_place(text: &mut String, place: &str, lang: Lang, numbers: &Numbers, at: Option<At>) {
    let at = at.unwrap_or(At::range(0, 0));
    // Writing into a String cannot fail.
    let _ = match place {
        "count" => write!(text, "{}", numbers.count),
        "digits" if numbers.count == 1 => write!(text, "1 digit"),
        "digits" => write!(text, "{} digits", numbers.count),
        "expected" => write!(text, "{}", numbers.expected),
        "first" => write!(text, "{}", at.first),
        "last" => write!(text, "{}", at.last),
        "groups" => write!(text, "{}", group_list(numbers.groups, lang)),
        "version" => write!(text, "{}", numbers.version.unwrap_or_default()),
        _ => Ok(()),
    };
}

/// `2、3`; `group 2` or `groups 2 and 3`.
fn group_list(groups: u8, lang: Lang) -> String {
    let count = groups.count_ones();
    let mut list = String::from(match lang {
        Lang::Zh => "",
        Lang::En if count == 1 => "group ",
        Lang::En => "groups ",
    });
    let named = (0..8_u32).filter(|bit| groups >> bit & 1 == 1);
    for (place, bit) in (1_u32..).zip(named) {
        let joint = match lang {
            _ if place == 1 => "",
            Lang::Zh => "、",
            Lang::En if place == count => " and ",
            Lang::En => ", ",
        };
        let _ = write!(list, "{joint}{}", bit + 1);
    }
    list
}

#[cfg(test)]
mod tests;
