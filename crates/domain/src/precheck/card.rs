//! The card number: is it one, has it the length of its BIN, does its check digit fit, is its kind
//! accepted.

use std::sync::Arc;

use super::{CardFacts, Check};
use crate::card::{
    BinRow, CardNumber, CardNumberError, Hint, hint_for_check_digit, hint_for_extra_digit,
    luhn_fits,
};
use crate::dress::{Digits, undress};
use crate::finding::{At, Finding, words};

/// Fewer digits than this may belong to any bank, so nothing is said about the issuer yet.
const BIN_DIGITS_MIN: usize = 6;

impl Check<'_> {
    /// The number, when it can be read at all, and what its BIN says.
    pub(super) fn card_number(&mut self) -> (Option<CardNumber>, Option<CardFacts>) {
        let Some(text) = self.entry.card_number else { return (None, None) };
        let digits = match undress(text) {
            Ok(digits) => digits,
            Err(why) => {
                self.card_unreadable(why.into());
                return (None, None);
            }
        };
        let rules = self.rules;
        let row = rules.bins.find(digits.as_str());
        let facts = row.map(facts);
        if self.typing() && rules.bins.undecided(digits.as_str()) {
            return (None, facts);
        }
        if let Some(row) = row {
            let kind = crate::card::kind_finding(
                row,
                self.entry.purpose,
                &rules.disbursement,
                &rules.repayment,
            );
            self.findings.extend(kind);
        } else if digits.count() >= BIN_DIGITS_MIN {
            self.found(Finding::warn(&words::CARD_BIN_UNKNOWN).at(Some(At::range(1, 6))));
        }
        if !self.card_length(&digits, row) {
            return (None, facts);
        }
        self.card_check_digit(digits.as_str(), row);
        (CardNumber::from_digits(&digits).ok(), facts)
    }

    fn card_unreadable(&mut self, why: CardNumberError) {
        match why {
            CardNumberError::Missing => {
                self.incomplete(Finding::stop(&words::CARD_NUMBER_MISSING));
            }
            CardNumberError::Letter { after } => self.found(
                Finding::stop(&words::CARD_NUMBER_LETTER).at(Some(At::range(after, after + 1))),
            ),
            CardNumberError::Masked { after } => self.found(
                Finding::stop(&words::CARD_NUMBER_MASKED).at(Some(At::range(after, after + 1))),
            ),
            CardNumberError::TooMuchText => {
                self.found(Finding::stop(&words::CARD_NUMBER_TOO_MUCH_TEXT));
            }
            CardNumberError::NotFound
            | CardNumberError::TooShort { .. }
            | CardNumberError::TooLong { .. } => {
                self.incomplete(Finding::stop(&words::CARD_NUMBER_NOT_FOUND));
            }
        }
    }

    /// Whether the number has a length that its BIN allows.
    fn card_length(&mut self, digits: &Digits, row: Option<&BinRow>) -> bool {
        let count = digits.count();
        let Some(row) = row else { return self.card_length_any(count) };
        if row.takes_length(count) {
            return true;
        }
        // Between the two lengths our sources name, the number is short of the longer.
        let (shortest, longest) = row.lengths();
        let expected = if count < shortest { shortest } else { longest };
        if count < expected {
            let missing = expected - count;
            let finding = Finding::stop(&words::CARD_NUMBER_TOO_SHORT);
            self.incomplete(finding.count(missing).expected(expected));
            return false;
        }
        let extra = count - expected;
        let hint = if extra == 1 {
            hint_for_extra_digit(digits.as_str(), &self.rules.bins)
        } else {
            Hint::None
        };
        let finding = match hint {
            Hint::Place(at) => Finding::stop(&words::CARD_NUMBER_TOO_LONG_AT).at(Some(at)),
            Hint::None | Hint::Groups(_) => Finding::stop(&words::CARD_NUMBER_TOO_LONG),
        };
        self.found(finding.count(extra).expected(expected));
        false
    }

    fn card_length_any(&mut self, count: usize) -> bool {
        let shortest = CardNumber::LENGTH_MIN;
        let longest = CardNumber::LENGTH_MAX_UNKNOWN_BIN;
        if count < shortest {
            let finding = Finding::stop(&words::CARD_NUMBER_TOO_SHORT_ANY);
            self.incomplete(finding.count(shortest - count).expected(shortest));
        } else if count > longest {
            let finding = Finding::stop(&words::CARD_NUMBER_TOO_LONG_ANY);
            self.found(finding.count(count - longest).expected(longest));
        }
        (shortest..=longest).contains(&count)
    }

    fn card_check_digit(&mut self, digits: &str, row: Option<&BinRow>) {
        if luhn_fits(digits) {
            return;
        }
        if row.is_none() && of_international_scheme(digits) {
            // Still typing, and such a number may have more digits than it has now.
            return self.incomplete(Finding::stop(&words::CARD_CHECK_DIGIT_STOP));
        }
        let finding = match hint_for_check_digit(digits, &self.rules.bins) {
            Hint::Place(at) => Finding::warn(&words::CARD_CHECK_DIGIT_SWAP).at(Some(at)),
            Hint::Groups(groups) => {
                let finding = Finding::warn(&words::CARD_CHECK_DIGIT_GROUPS).groups(groups);
                finding.at(span(groups, digits.len()))
            }
            Hint::None => Finding::warn(&words::CARD_CHECK_DIGIT),
        };
        if row.is_some() { self.found(finding) } else { self.incomplete(finding) }
    }
}

fn facts(row: &BinRow) -> CardFacts {
    CardFacts {
        issuer: Arc::clone(&row.bank_name),
        bank_code: Arc::clone(&row.bank_code),
        kind: row.kind,
        pan_length: row.pan_length,
        bin_length: u8::try_from(row.bin.len()).unwrap_or(u8::MAX),
    }
}

/// Numbers of Visa, Mastercard and American Express always pass the check; a domestic one need not.
fn of_international_scheme(digits: &str) -> bool {
    let two = digits.get(..2).unwrap_or_default();
    let four = digits.get(..4).unwrap_or_default();
    digits.starts_with('4')
        || matches!(two, "34" | "37" | "51" | "52" | "53" | "54" | "55")
        || ("2221"..="2720").contains(&four)
}

/// From the first digit of the first group to the last of the last, which may be a short one.
fn span(groups: u8, length: usize) -> Option<At> {
    let first = groups.trailing_zeros() * 4 + 1;
    let last = (8 - groups.leading_zeros()) * 4;
    let last = u16::try_from(last).ok()?.min(u16::try_from(length).ok()?);
    Some(At::range(u16::try_from(first).ok()?, last))
}
