//! The money side of a card: what its account holds, what class it is of, and what has gone out.
//! The terms never change; the account is the sum of the ledger's movements.

use std::collections::BTreeMap;

use mingka_domain::time::{DAY_MS, HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::order::Refusal;

/// The terms of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// What it held when the books were opened, in fen.
    pub opening_fen: i64,
    /// How much of its balance is frozen, in fen.
    pub frozen_fen: i64,
    /// Its class.
    pub class: AccountClass,
    /// The most that one payment takes, in fen.
    pub payment_max_fen: Option<i64>,
    /// The most that a day's payments take, in fen.
    pub day_max_fen: Option<i64>,
}

/// The classes of personal accounts of 2016.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountClass {
    /// Class I: no limit by law.
    #[default]
    One,
    /// Class II, confirmed face to face: 10,000 yuan a day and 200,000 a year go out.
    Two,
    /// Class II, not confirmed face to face: besides, nothing comes in from accounts not bound.
    TwoUnconfirmed,
    /// Class III: 2,000 yuan a day and 50,000 a year go out, and it never holds more than 2,000.
    Three,
}

impl AccountClass {
    const fn out_max_fen(self) -> Option<(i64, i64)> {
        match self {
            Self::One => None,
            Self::Two | Self::TwoUnconfirmed => Some((10_000 * YUAN_FEN, 200_000 * YUAN_FEN)),
            Self::Three => Some((2_000 * YUAN_FEN, 50_000 * YUAN_FEN)),
        }
    }

    const fn balance_max_fen(self) -> Option<i64> {
        match self {
            Self::Three => Some(2_000 * YUAN_FEN),
            Self::One | Self::Two | Self::TwoUnconfirmed => None,
        }
    }
}

const YUAN_FEN: i64 = 100;

impl Default for Terms {
    fn default() -> Self {
        Self {
            opening_fen: 1_000_000 * YUAN_FEN,
            frozen_fen: 0,
            class: AccountClass::One,
            payment_max_fen: None,
            day_max_fen: None,
        }
    }
}

/// What has happened to an account since the books were opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What came in less what went out, in fen.
    pub change_fen: i64,
    /// What accepted payments will take, in fen.
    pub held_fen: i64,
    out_by_day: BTreeMap<i64, i64>,
    out_by_year: BTreeMap<i16, i64>,
}

impl Account {
    /// What it holds, in fen.
    #[must_use]
    pub const fn balance_fen(&self, terms: &Terms) -> i64 {
        terms.opening_fen.saturating_add(self.change_fen)
    }

    /// Why this much cannot come in.
    pub(super) fn refuses_in(&self, terms: &Terms, amount_fen: i64) -> Option<Refusal> {
        if terms.class == AccountClass::TwoUnconfirmed {
            return Some(Refusal::NotFaceConfirmed);
        }
        let balance_fen = self.balance_fen(terms).saturating_add(amount_fen);
        let above = terms.class.balance_max_fen().is_some_and(|max| balance_fen > max);
        above.then_some(Refusal::ClassBalanceMax)
    }

    /// Why this much cannot go out. A bank does not say that an amount is frozen: what is left is
    /// not enough.
    pub(super) fn refuses_out(
        &self,
        terms: &Terms,
        amount_fen: i64,
        at: Timestamp,
    ) -> Option<Refusal> {
        let asked_fen = self.held_fen.saturating_add(amount_fen);
        let out = |known: Option<&i64>| known.copied().unwrap_or(0).saturating_add(asked_fen);
        let in_day_fen = out(self.out_by_day.get(&date(at)));
        let in_year_fen = out(self.out_by_year.get(&at.beijing().year()));
        if terms.payment_max_fen.is_some_and(|max| amount_fen > max)
            || terms.day_max_fen.is_some_and(|max| in_day_fen > max)
        {
            return Some(Refusal::LimitExceeded);
        }
        if let Some((day_max_fen, year_max_fen)) = terms.class.out_max_fen() {
            if in_day_fen > day_max_fen {
                return Some(Refusal::ClassDayMax);
            }
            if in_year_fen > year_max_fen {
                return Some(Refusal::ClassYearMax);
            }
        }
        let free_fen = self.balance_fen(terms).saturating_sub(terms.frozen_fen);
        (asked_fen > free_fen).then_some(Refusal::InsufficientFunds)
    }

    pub(super) fn goes_in(&mut self, amount_fen: i64) {
        self.change_fen = self.change_fen.saturating_add(amount_fen);
    }

    pub(super) fn goes_out(&mut self, amount_fen: i64, at: Timestamp) {
        self.change_fen = self.change_fen.saturating_sub(amount_fen);
        self.count_out(amount_fen, at);
    }

    /// A payment is undone: it does not count towards the limits of its day any more.
    pub(super) fn comes_back(&mut self, amount_fen: i64, paid_at: Timestamp) {
        self.goes_in(amount_fen);
        self.count_out(amount_fen.saturating_neg(), paid_at);
    }

    /// A disbursement is sent back: that is no payment of the holder's.
    pub(super) fn goes_back(&mut self, amount_fen: i64) {
        self.change_fen = self.change_fen.saturating_sub(amount_fen);
    }

    pub(super) fn hold(&mut self, amount_fen: i64) {
        self.held_fen = self.held_fen.saturating_add(amount_fen);
    }

    pub(super) fn release(&mut self, amount_fen: i64) {
        self.held_fen = self.held_fen.saturating_sub(amount_fen);
    }

    fn count_out(&mut self, amount_fen: i64, at: Timestamp) {
        let day = self.out_by_day.entry(date(at)).or_default();
        *day = day.saturating_add(amount_fen);
        let year = self.out_by_year.entry(at.beijing().year()).or_default();
        *year = year.saturating_add(amount_fen);
    }
}

/// A merchant's money at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Purse {
    /// Prefunded for disbursements, in fen.
    pub balance_fen: i64,
    /// Of that, promised to accepted disbursements, in fen.
    pub reserved_fen: i64,
    /// Collected less refunded, in fen: settled elsewhere, not for disbursements.
    pub collected_fen: i64,
}

impl Purse {
    pub(super) const fn prefunded(balance_fen: i64) -> Self {
        Self { balance_fen, reserved_fen: 0, collected_fen: 0 }
    }

    /// What a new disbursement may take, in fen.
    #[must_use]
    pub const fn available_fen(&self) -> i64 {
        self.balance_fen.saturating_sub(self.reserved_fen)
    }
}

/// A calendar day in Beijing: limits follow the calendar, not the settlement day.
const fn date(at: Timestamp) -> i64 {
    at.plus_ms(8 * HOUR_MS).as_millis().div_euclid(DAY_MS)
}
