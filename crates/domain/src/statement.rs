//! What a channel's statements prove about an order. A line proves what it says; absence proves
//! nothing until the next settlement day's complete statement is there as well, because an order
//! of 22:59:58 may stand in tomorrow's.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::Fen;
use crate::time::{HOUR_MS, Timestamp};

/// A channel's accounting day (清算日), named by the date on which it ends, in Beijing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementDay(Date);

/// When a channel's settlement day ends and the next begins (日切): whole hours of Beijing time,
/// such as 23 for UnionPay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CutOff(u8);

/// What is no settlement day or no cut-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayError;

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a date of the form 2026-11-26, or a cut-off hour from 0 to 24")
    }
}

impl std::error::Error for DayError {}

impl CutOff {
    /// A day that ends at this hour: 24 ends with the calendar's day.
    ///
    /// # Errors
    /// When there is no such hour.
    pub const fn at_hour(hour: u8) -> Result<Self, DayError> {
        if hour > 0 && hour <= 24 { Ok(Self(hour)) } else { Err(DayError) }
    }

    /// The day into which a moment falls.
    #[must_use]
    pub fn day_of(self, at: Timestamp) -> SettlementDay {
        let hours_left = 24 - i64::from(self.0.min(24));
        SettlementDay(at.plus_ms(hours_left * HOUR_MS).beijing().date())
    }

    /// Whether a day is over.
    #[must_use]
    pub fn has_ended(self, day: SettlementDay, now: Timestamp) -> bool {
        self.day_of(now) > day
    }

    /// The first moment of a day.
    #[must_use]
    pub fn begins(self, day: SettlementDay) -> Timestamp {
        let hours_left = 24 - i64::from(self.0.min(24));
        let midnight = format!("{}000000", day.0.strftime("%Y%m%d"));
        let midnight = Timestamp::from_beijing_compact(&midnight);
        midnight.unwrap_or(Timestamp::from_millis(0)).plus_ms(-hours_left * HOUR_MS)
    }
}

impl SettlementDay {
    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(Date::MAX))
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.yesterday().unwrap_or(Date::MIN))
    }
}

impl fmt::Display for SettlementDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SettlementDay {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let sound = text.len() == 10;
        text.parse().ok().filter(|_| sound).map(Self).ok_or(DayError)
    }
}

impl Serialize for SettlementDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SettlementDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a line of a statement says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The money moved.
    Settled,
    /// It moved back (退汇).
    Returned,
}

/// What is known of the statements around an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books<'a> {
    /// The lines that name the order, with their day and amount, in any order.
    pub lines: &'a [(SettlementDay, LineKind, Fen)],
    /// The days whose statement is there and complete.
    pub complete: &'a BTreeSet<SettlementDay>,
}

/// What the statements prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The money moved.
    Settled(SettlementDay, Fen),
    /// It moved and came back.
    Returned(SettlementDay, Fen),
    /// It did not move: neither its own day nor the next one knows of it, and both are complete.
    Absent(SettlementDay),
    /// Nothing is proven yet.
    Open,
}

impl Books<'_> {
    /// What they prove about an order that was sent at a moment.
    #[must_use]
    pub fn verdict(&self, sent_at: Timestamp, cut_off: CutOff) -> Verdict {
        let of_kind = |kind| self.lines.iter().find(move |(_, of, _)| *of == kind);
        if let Some((day, _, amount)) = of_kind(LineKind::Returned) {
            return Verdict::Returned(*day, *amount);
        }
        if let Some((day, _, amount)) = of_kind(LineKind::Settled) {
            return Verdict::Settled(*day, *amount);
        }
        let own = cut_off.day_of(sent_at);
        let both = [own, own.next()];
        if both.iter().all(|day| self.complete.contains(day)) {
            Verdict::Absent(own.next())
        } else {
            Verdict::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_beijing_compact(text).unwrap()
    }

    fn day(text: &str) -> SettlementDay {
        text.parse().unwrap()
    }

    fn verdict(lines: &[(SettlementDay, LineKind, Fen)], complete: &[&str]) -> Verdict {
        let complete: BTreeSet<SettlementDay> = complete.iter().map(|text| day(text)).collect();
        let books = Books { lines, complete: &complete };
        books.verdict(at("20261126225958"), CutOff::at_hour(23).unwrap())
    }

    #[test]
    fn a_day_ends_at_its_cut_off() {
        let unionpay = CutOff::at_hour(23).unwrap();
        for (moment, expected) in [
            ("20261126225959", "2026-11-26"),
            ("20261126230000", "2026-11-27"),
            ("20261231233000", "2027-01-01"),
        ] {
            assert_eq!(unionpay.day_of(at(moment)), day(expected), "{moment}");
            let begins = unionpay.begins(day(expected));
            assert_eq!(unionpay.day_of(begins), day(expected));
            assert_eq!(unionpay.day_of(begins.plus_ms(-1)), day(expected).previous());
        }
        let calendar = CutOff::at_hour(24).unwrap();
        assert_eq!(calendar.day_of(at("20261126235959")), day("2026-11-26"));
        assert!(CutOff::at_hour(0).is_err() && CutOff::at_hour(25).is_err());
    }

    #[test]
    fn absence_proves_nothing_before_the_next_days_complete_statement() {
        assert_eq!(verdict(&[], &[]), Verdict::Open);
        assert_eq!(verdict(&[], &["2026-11-26"]), Verdict::Open);
        assert_eq!(verdict(&[], &["2026-11-27"]), Verdict::Open);
        let both = verdict(&[], &["2026-11-26", "2026-11-27"]);
        assert_eq!(both, Verdict::Absent(day("2026-11-27")));
    }

    #[test]
    fn a_line_proves_what_it_says_on_whatever_day_it_stands() {
        let amount = Fen::new(10_000).unwrap();
        let settled = (day("2026-11-27"), LineKind::Settled, amount);
        assert_eq!(verdict(&[settled], &[]), Verdict::Settled(day("2026-11-27"), amount));
        let returned = (day("2026-11-29"), LineKind::Returned, amount);
        let both = verdict(&[settled, returned], &["2026-11-26", "2026-11-27"]);
        assert_eq!(both, Verdict::Returned(day("2026-11-29"), amount));
    }

    #[test]
    fn only_whole_dates_are_days() {
        for text in ["2026-02-30", "20261126", "2026-11-26T00:00", ""] {
            assert_eq!(text.parse::<SettlementDay>(), Err(DayError), "{text}");
        }
        assert_eq!(serde_json::to_string(&day("2026-11-26")).unwrap(), "\"2026-11-26\"");
    }
}
