//! Where a mistyped card number is most likely wrong. It names places, never digits, and a single
//! place only when exactly one simple slip explains what was typed.

use super::luhn::{contribution, remainder};
use super::{BinTable, luhn_fits};
use crate::finding::At;
use crate::inline::Inline;

/// Where to look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// No simple slip explains it.
    None,
    /// Exactly one: these two neighbours are swapped, or this digit is too much.
    Place(At),
    /// Several: the groups of four they lie in, the lowest bit being the first group.
    Groups(u8),
}

/// For a number of the right length whose check digit does not fit: the swaps of two neighbours
/// that would mend it. (A single wrong digit can be mended at every place, so it never narrows.)
#[must_use]
pub fn hint_for_check_digit(digits: &str, table: &BinTable) -> Hint {
    let Some(sum) = remainder(digits.as_bytes()) else { return Hint::None };
    let bin_known = table.find(digits).is_some();
    let length = digits.len();
    let mut candidates = Candidates::default();
    for (place, pair) in digits.as_bytes().windows(2).enumerate() {
        let &[left, right] = pair else { continue };
        if left == right || !swap_mends(sum, left, right, length - place) {
            continue;
        }
        if place < BinTable::BIN_DIGITS_MAX {
            let Some(swapped) = swapped(digits, place) else { continue };
            let fits = match table.find(swapped.as_str()) {
                Some(row) => row.takes_length(length),
                None => !bin_known,
            };
            if !fits {
                continue;
            }
        }
        candidates.add(place, place + 1);
    }
    candidates.hint()
}

/// For a number that is one digit too long: the digits without which it would fit its BIN, its
/// length and its check digit.
#[must_use]
pub fn hint_for_extra_digit(digits: &str, table: &BinTable) -> Hint {
    let mut candidates = Candidates::default();
    let mut before = None;
    for (place, digit) in digits.char_indices() {
        // Taking out either of two equal neighbours gives the same number.
        if before.replace(digit) == Some(digit) {
            continue;
        }
        let Some(shorter) = without(digits, place) else { continue };
        let shorter = shorter.as_str();
        let fits = table.find(shorter).is_some_and(|row| row.takes_length(shorter.len()));
        if fits && luhn_fits(shorter) {
            candidates.add(place, place);
        }
    }
    candidates.hint()
}

/// Whether swapping two neighbours brings the sum to zero; `from_right` counts the left one from
/// the right end, beginning with 1.
fn swap_mends(sum: u8, left: u8, right: u8, from_right: usize) -> bool {
    let (left, right) = (left.wrapping_sub(b'0'), right.wrapping_sub(b'0'));
    let left_doubled = from_right.is_multiple_of(2);
    let now = contribution(left, left_doubled) + contribution(right, !left_doubled);
    let then = contribution(right, left_doubled) + contribution(left, !left_doubled);
    (20 + sum + then - now).is_multiple_of(10)
}

type Candidate = Inline<24>;

fn swapped(digits: &str, place: usize) -> Option<Candidate> {
    let mut text = Candidate::new();
    let whole = text.push_str(digits.get(..place)?)
        && text.push_str(digits.get(place + 1..place + 2)?)
        && text.push_str(digits.get(place..=place)?)
        && text.push_str(digits.get(place + 2..)?);
    whole.then_some(text)
}

fn without(digits: &str, place: usize) -> Option<Candidate> {
    let mut text = Candidate::new();
    let whole = text.push_str(digits.get(..place)?) && text.push_str(digits.get(place + 1..)?);
    whole.then_some(text)
}

/// The slips found, as far as a hint needs them.
#[derive(Default)]
struct Candidates {
    count: usize,
    only: Option<At>,
    groups: u8,
}

impl Candidates {
    fn add(&mut self, first: usize, last: usize) {
        let place = |index: usize| u16::try_from(index + 1).unwrap_or(u16::MAX);
        let group = |index: usize| 1_u8.checked_shl(u32::try_from(index / 4).unwrap_or(8));
        self.count += 1;
        self.only = Some(At::range(place(first), place(last)));
        self.groups |= group(first).unwrap_or(0) | group(last).unwrap_or(0);
    }

    fn hint(self) -> Hint {
        match (self.count, self.only) {
            (1, Some(at)) => Hint::Place(at),
            (0, _) => Hint::None,
            _ => Hint::Groups(self.groups),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number of the BIN table that passes the Luhn check, from free digits.
    fn valid(row: usize, filler: &[u8]) -> String {
        let table = BinTable::embedded();
        let row = &table.rows()[row % table.rows().len()];
        let mut digits = row.bin.to_string();
        let free = usize::from(row.pan_length) - 1;
        digits.extend(filler.iter().map(|d| char::from(b'0' + d % 10)));
        digits.truncate(free);
        digits.push('0');
        let check = (10 - remainder(digits.as_bytes()).unwrap()) % 10;
        digits.pop();
        digits.push(char::from(b'0' + check));
        assert!(luhn_fits(&digits));
        digits
    }

    proptest! {
        #[test]
        fn a_swap_is_always_among_the_places_named(
            row in 0_usize..10_000,
            filler in prop::collection::vec(0_u8..10, 20),
            place in 10_usize..18,
        ) {
            let table = BinTable::embedded();
            let right = valid(row, &filler);
            prop_assume!(place + 1 < right.len());
            let mistyped = swapped(&right, place).unwrap();
            let mistyped = mistyped.as_str();
            prop_assume!(mistyped != right && !luhn_fits(mistyped));
            let places = u16::try_from(place + 1).unwrap();
            match hint_for_check_digit(mistyped, &table) {
                Hint::None => prop_assert!(false, "the true swap was not found"),
                Hint::Place(at) => prop_assert_eq!(at, At::range(places, places + 1)),
                Hint::Groups(groups) => {
                    prop_assert!(groups >> (place / 4) & 1 == 1);
                    prop_assert!(groups >> ((place + 1) / 4) & 1 == 1);
                }
            }
        }

        #[test]
        fn a_doubled_digit_is_always_among_the_places_named(
            row in 0_usize..10_000,
            filler in prop::collection::vec(0_u8..10, 20),
            place in 10_usize..18,
        ) {
            let table = BinTable::embedded();
            let right = valid(row, &filler);
            prop_assume!(place < right.len());
            // Only where the number is one of its BIN's own: a longer BIN may lie inside.
            prop_assume!(table.find(&right).is_some_and(|r| r.takes_length(right.len())));
            let mut mistyped = right.clone();
            mistyped.insert(place, char::from(right.as_bytes()[place]));
            // Of a run of equal digits the first is named.
            let typed = right.as_bytes()[place];
            let before = mistyped.as_bytes()[..place].iter().rev();
            let start = place - before.take_while(|digit| **digit == typed).count();
            match hint_for_extra_digit(&mistyped, &table) {
                Hint::None => prop_assert!(false, "the true slip was not found"),
                Hint::Place(at) => prop_assert_eq!(usize::from(at.first), start + 1),
                Hint::Groups(groups) => prop_assert!(groups >> (start / 4) & 1 == 1),
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}", digits in "[0-9]{0,40}") {
            let table = BinTable::embedded();
            let _ = (hint_for_check_digit(&text, &table), hint_for_extra_digit(&text, &table));
            let _ = (hint_for_check_digit(&digits, &table), hint_for_extra_digit(&digits, &table));
        }
    }

    #[test]
    fn uniqueness_is_as_rare_as_measured() {
        let table = BinTable::embedded();
        let (mut unique, mut all) = (0_u32, 0_u32);
        for seed in 0_u8..200 {
            let filler: Vec<u8> =
                (0..20).map(|i: u8| seed.wrapping_mul(31) ^ i.wrapping_mul(97)).collect();
            let right = valid(usize::from(seed) * 11, &filler);
            for place in 6..right.len() - 1 {
                let mistyped = swapped(&right, place).unwrap();
                if luhn_fits(mistyped.as_str()) {
                    continue;
                }
                all += 1;
                let hint = hint_for_check_digit(mistyped.as_str(), &table);
                unique += u32::from(matches!(hint, Hint::Place(_)));
            }
        }
        assert!(unique * 100 / all < 60, "{unique} of {all}");
        assert!(unique > 0);
    }
}
