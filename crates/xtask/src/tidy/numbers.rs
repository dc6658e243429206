//! Card and ID numbers that could be somebody's. What tests need is invented and looks it.
//!
//! A number with six equal digits in a row is evidently invented; any other that passes its check
//! digit stands in the allow-list, with the reason it is nobody's.

use toml::{Table, Value};

use super::Violation;
use super::tree::Tree;

const ALLOW_LIST: &str = "crates/xtask/invented-numbers.toml";
/// Tables of BINs hold no whole numbers; lock files hold hashes.
const NOT_READ: &[&str] = &["data/bin/", "Cargo.lock", "tests/browser/package-lock.json"];
const EQUAL_DIGITS_OF_AN_INVENTED: usize = 6;

/// Names every number that passes as a real card's or person's and is not known as invented.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let allowed = match allowed(tree) {
        Ok(allowed) => allowed,
        Err(why) => return vec![Violation::of_file(ALLOW_LIST, why)],
    };
    let mut found = Vec::new();
    for (path, text) in tree.texts(&[""]) {
        if path == ALLOW_LIST || NOT_READ.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for (line, number) in text.lines().zip(1..) {
            for (digits, kind) in numbers(line) {
                if !looks_invented(&digits) && !allowed.contains(&digits) {
                    let text = format!("a {kind} that could be somebody's: invent another one");
                    found.push(Violation::at(path, number, text));
                }
            }
        }
    }
    found
}

fn allowed(tree: &Tree) -> Result<Vec<String>, String> {
    let text = tree.text(ALLOW_LIST).unwrap_or_default();
    let table: Table = text.parse().map_err(|error| format!("is no TOML: {error}"))?;
    let mut numbers = Vec::new();
    for (number, reason) in table.values().filter_map(Value::as_table).flatten() {
        if reason.as_str().is_none_or(str::is_empty) {
            return Err(format!("…{} has no reason", last_four(number)));
        }
        numbers.push(number.clone());
    }
    Ok(numbers)
}

/// A finding never holds the value it is about, not even here.
fn last_four(number: &str) -> &str {
    number.get(number.len().saturating_sub(4)..).unwrap_or_default()
}

/// The card and ID numbers in a line, in plain digits, each with what it is.
fn numbers(line: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for word in line.split(|character: char| !is_word(character)) {
        found.extend(kind(word).map(|kind| (word.to_uppercase(), kind)));
    }
    for joined in in_groups_of_four(line) {
        found.extend(is_card(&joined).then_some((joined, "Luhn-valid card number in groups")));
    }
    found
}

fn kind(word: &str) -> Option<&'static str> {
    if is_card(word) {
        return Some("Luhn-valid card number");
    }
    is_id(word).then_some("valid ID number")
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Groups of four digits between spaces or dashes, as cards are printed, joined.
fn in_groups_of_four(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut joined = String::new();
    let mut open = false;
    for group in line.split([' ', '-', '\u{a0}']) {
        let digits: String = group.chars().filter(char::is_ascii_digit).collect();
        let starts = group.ends_with(&digits) && digits.len() == 4;
        let goes_on = open && group.starts_with(&digits) && (1..=4).contains(&digits.len());
        if goes_on {
            joined.push_str(&digits);
        } else {
            found.extend((joined.len() > 4).then(|| std::mem::take(&mut joined)));
            joined = if starts { digits.clone() } else { String::new() };
        }
        open = starts || (goes_on && group.len() == 4);
    }
    found.extend((joined.len() > 4).then_some(joined));
    found
}

/// 13 to 19 digits, the first of a card scheme (moments in milliseconds begin with 1), Luhn holds.
fn is_card(word: &str) -> bool {
    let scheme = word.starts_with(['3', '4', '5', '6', '9']);
    scheme && (13..=19).contains(&word.len()) && luhn(word)
}

fn luhn(word: &str) -> bool {
    let mut sum = 0;
    for (index, character) in word.chars().rev().enumerate() {
        let Some(digit) = character.to_digit(10) else { return false };
        let doubled = if index % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    sum % 10 == 0
}

/// 18 characters with a date of birth and the check character of GB 11643.
fn is_id(word: &str) -> bool {
    let digits: Option<Vec<u32>> = word.chars().take(17).map(|c| c.to_digit(10)).collect();
    let (Some(digits), 18) = (digits, word.len()) else { return false };
    let number = |range: std::ops::Range<usize>| {
        word.get(range).and_then(|text| text.parse::<u32>().ok()).unwrap_or_default()
    };
    let dated = (1900..2100).contains(&number(6..10))
        && (1..=12).contains(&number(10..12))
        && (1..=31).contains(&number(12..14));
    // The sequence of a day begins at 001: who has 000 is nobody.
    let issued = number(14..17) > 0;
    // The weight of each place is 2 to the power of its distance from the end, modulo 11.
    let sum: u32 = digits.iter().fold(0, |sum, digit| (sum + digit) * 2 % 11);
    let check = (12 - sum) % 11;
    let last = word.chars().last().and_then(|last| match last {
        'X' | 'x' => Some(10),
        digit => digit.to_digit(10),
    });
    dated && issued && last == Some(check)
}

fn looks_invented(digits: &str) -> bool {
    let mut run = 0;
    let mut before = ' ';
    digits.chars().any(|character| {
        run = if character == before { run + 1 } else { 1 };
        before = character;
        run >= EQUAL_DIGITS_OF_AN_INVENTED
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that this file itself holds no such number.
    fn card() -> String {
        with_luhn("621234567890123")
    }

    fn with_luhn(stem: &str) -> String {
        let with = |last: u32| format!("{stem}{last}");
        (0..10).map(with).find(|number| luhn(number)).unwrap()
    }

    fn id() -> String {
        let with = |last: &str| format!("{}19910307612{last}", "110105");
        let ends = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "X"];
        ends.map(with).into_iter().find(|number| is_id(number)).unwrap()
    }

    fn found(text: &str, allow: &str) -> usize {
        check(&Tree::of(&[("tests/a.rs", text), (ALLOW_LIST, allow)])).len()
    }

    #[test]
    fn a_card_that_could_be_real_is_found_in_any_dress() {
        let card = card();
        let digits: Vec<char> = card.chars().collect();
        let groups: Vec<String> = digits.chunks(4).map(String::from_iter).collect();
        assert_eq!(found(&format!("let card = \"{card}\";"), ""), 1);
        assert_eq!(found(&format!("卡号{card}。"), ""), 1);
        assert_eq!(found(&format!("let card = \"{}\";", groups.join(" ")), ""), 1);
        assert_eq!(found(&format!("card: {}", groups.join("-")), ""), 1);
    }

    #[test]
    fn an_id_that_could_be_real_is_found() {
        assert_eq!(found(&format!("id={}", id()), ""), 1);
        assert_eq!(found(&format!("id={}", id().to_lowercase()), ""), 1);
        // The example GB 11643 gives.
        assert!(is_id(concat!("11010519", "491231002X")));
        assert!(!is_id(concat!("11010519", "4912310021")));
        assert_eq!(found(concat!("11010119", "7101010005"), ""), 0, "given to nobody");
    }

    #[test]
    fn what_is_evidently_invented_or_known_or_no_card_passes() {
        let card = card();
        assert_eq!(found(&with_luhn("621626100000000001"), ""), 0);
        assert_eq!(found(&card, &format!("[cards]\n{card} = \"made up for this test\"\n")), 0);
        assert_eq!(found(&format!("0x{card} a{card} {card}f"), ""), 0);
        assert_eq!(found("2026-01-01 1767225600000 20260101120000", ""), 0);
    }

    #[test]
    fn an_entry_without_reason_is_found_and_does_not_name_the_number() {
        let card = card();
        let allow = format!("[cards]\n{card} = \"\"\n");
        let violations = check(&Tree::of(&[("tests/a.rs", &card), (ALLOW_LIST, &allow)]));
        assert_eq!(violations.len(), 1);
        assert!(violations.iter().all(|violation| !violation.to_string().contains(&card)));
    }
}
