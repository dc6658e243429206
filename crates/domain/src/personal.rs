//! Recognises a card number, an ID number or a phone number where a platform's own reference
//! belongs: references are stored and listed in the clear. Says only yes or no.

use crate::card::{BinTable, CardNumber};
use crate::holder::{IdNumber, ReservedPhone};

/// Whether a reference is a person's number, or holds one that is beyond doubt.
#[must_use]
pub fn is_personal(text: &str) -> bool {
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let card = is_digits(&bare) && (is_known_card(&bare) || is_card_form(&bare));
    let person = is_id_number(&bare) || is_phone(&bare);
    card || person || holds_personal(text)
}

/// Whether a card number or an ID number stands somewhere in a text. Phone numbers are left out:
/// eleven digits within a longer name are too often a number of the platform's own.
#[must_use]
pub fn holds_personal(text: &str) -> bool {
    holds_run(text) || holds_run(&text.replace(['-', ' '], ""))
}

fn holds_run(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_digit() && !matches!(c, 'x' | 'X'));
    let mut runs = runs.filter(|run| run.len() >= CardNumber::LENGTH_MIN);
    runs.any(|run| (is_known_card(run) && luhn(run)) || is_id_number(run))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn luhn(digits: &str) -> bool {
    CardNumber::parse(digits).is_ok_and(|card| card.luhn_fits())
}

/// A number of a range and length that some issuer has.
fn is_known_card(digits: &str) -> bool {
    let row = if is_digits(digits) { BinTable::embedded().find(digits).cloned() } else { None };
    row.is_some_and(|row| usize::from(row.pan_length) == digits.len())
}

/// A number whose check digit fits, beginning as bank cards do. Others (counters and moments, which
/// begin with 1 for years to come) pass: one in ten of them fits by chance.
fn is_card_form(digits: &str) -> bool {
    let bank = digits.starts_with(['3', '4', '5', '6', '9'])
        || (digits.len() == 16 && digits.starts_with('2'));
    bank && digits.len() <= CardNumber::LENGTH_MAX_UNKNOWN_BIN && luhn(digits)
}

/// The eighteen characters with their check digit; the fifteen of old have none to judge by.
fn is_id_number(text: &str) -> bool {
    text.len() == IdNumber::LENGTH && IdNumber::parse(text).is_ok()
}

fn is_phone(digits: &str) -> bool {
    is_digits(digits) && ReservedPhone::parse(digits).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_recognised_in_any_dress() {
        for personal in [
            "4111111111111111",
            "4111-1111-1111-1111",
            "6217000000000000000",
            "6217 0000 0000 0000 000",
            "user:6217000010000000003",
            "11010519491231002X",
            "11010519491231002x",
            "loan-11010519491231002X",
            "x:6217-0000-1000-0000-003",
            "13800138000",
            "+8613800138000",
            "138-0013-8000",
            "8613800138000",
        ] {
            assert!(is_personal(personal), "{personal}");
        }
    }

    #[test]
    fn numbers_of_the_platforms_own_pass() {
        for own in [
            "loan-42/borrower:7",
            "1795399200000",
            "1795399200009",
            "1860000000000000006",
            "12800138000",
            "110105194912310021",
            "2026-11-23/000123",
            "b1f0c3d2-8a7e-4c55-9f11-0123456789ab",
            "x",
            "",
        ] {
            assert!(!is_personal(own), "{own}");
        }
    }
}
