//! Settlement days: a bank's day ends at 23:00 in Beijing; what comes after belongs to tomorrow.

use std::fmt;

use mingka_domain::time::{DAY_MS, HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// From 23:00 of the day before to 23:00, Beijing time. Named by the day it ends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementDay(i64);

/// Beijing is ahead of UTC by this much.
const BEIJING_MS: i64 = 8 * HOUR_MS;
/// A settlement day begins this long before its date does.
const EARLY_MS: i64 = HOUR_MS;
/// The statement of a day is there this long after its end: at 09:00.
const STATEMENT_AFTER_MS: i64 = 10 * HOUR_MS;

impl SettlementDay {
    /// The day a moment belongs to.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.plus_ms(BEIJING_MS + EARLY_MS).as_millis().div_euclid(DAY_MS))
    }

    /// Its first moment.
    #[must_use]
    pub const fn begins(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS)).plus_ms(-BEIJING_MS - EARLY_MS)
    }

    /// The first moment of the next day.
    #[must_use]
    pub const fn ends(self) -> Timestamp {
        self.next().begins()
    }

    /// When its statement is there, if it comes in time.
    #[must_use]
    pub const fn statement_at(self) -> Timestamp {
        self.ends().plus_ms(STATEMENT_AFTER_MS)
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Reads `YYYY-MM-DD`; nothing when that is no date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        // The date's midnight lies inside of its settlement day.
        Timestamp::from_beijing_compact(&format!("{year}{month}{day}000000")).map(Self::of)
    }

    /// `MMDD`, as the protocol writes it.
    #[must_use]
    pub fn month_and_day(self) -> String {
        let date = self.ends().beijing();
        format!("{:02}{:02}", date.month(), date.day())
    }
}

impl fmt::Display for SettlementDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.ends().beijing();
        write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

impl Serialize for SettlementDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SettlementDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected a date: YYYY-MM-DD"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_23_in_beijing() {
        for (moment, day) in [
            ("20261126225959", "2026-11-26"),
            ("20261126230000", "2026-11-27"),
            ("20261127000000", "2026-11-27"),
            ("20261231230000", "2027-01-01"),
            ("20280228230000", "2028-02-29"),
        ] {
            let at = Timestamp::from_beijing_compact(moment).unwrap();
            let found = SettlementDay::of(at);
            assert_eq!(found.to_string(), day);
            assert_eq!(SettlementDay::parse(day), Some(found));
            assert!(found.begins() <= at && at < found.ends());
        }
        let day = SettlementDay::parse("2026-11-26").unwrap();
        assert_eq!(day.ends().beijing_compact(), "20261126230000");
        assert_eq!(day.statement_at().beijing_compact(), "20261127090000");
        assert_eq!(day.month_and_day(), "1126");
        for odd in ["", "2026-13-01", "2026-02-30", "20261126", "2026-1-1", "2026-11-26-1"] {
            assert_eq!(SettlementDay::parse(odd), None, "{odd}");
        }
    }
}
