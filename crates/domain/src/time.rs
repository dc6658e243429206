//! Moments and spans. The domain never asks what time it is: a [`Timestamp`] is always handed in.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Seconds, minutes, hours and days in milliseconds, for constants that end in `_ms`.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl Timestamp {
    /// The moment `ms` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `ms` milliseconds (saturating).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Wall clock in Beijing, the clock of every mainland bank (UTC+8, no summer time since 1992).
    #[must_use]
    pub fn beijing(self) -> DateTime {
        let zone = TimeZone::fixed(Offset::constant(8));
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        zone.to_datetime(moment)
    }

    /// The first moment of the next day in Beijing.
    #[must_use]
    pub fn next_day(self) -> Self {
        let since_midnight_ms = self.0.saturating_add(8 * HOUR_MS).rem_euclid(DAY_MS);
        self.plus_ms(DAY_MS - since_midnight_ms)
    }

    /// The first moment of the next month in Beijing.
    #[must_use]
    pub fn next_month(self) -> Self {
        let today = self.beijing();
        let days_left = i64::from(today.days_in_month() - today.day());
        self.next_day().plus_ms(days_left * DAY_MS)
    }

    /// `YYYYMMDDhhmmss` in Beijing time: the `txnTime` of UnionPay ACP.
    #[must_use]
    pub fn beijing_compact(self) -> String {
        let t = self.beijing();
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// Reads `YYYYMMDDhhmmss` in Beijing time; nothing when it is no moment.
    #[must_use]
    pub fn from_beijing_compact(text: &str) -> Option<Self> {
        if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
        let small = |from: usize| number(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let time = DateTime::new(
            number(0, 4)?,
            small(4)?,
            small(6)?,
            small(8)?,
            small(10)?,
            small(12)?,
            0,
        );
        let moment = Offset::constant(8).to_timestamp(time.ok()?).ok()?;
        Some(Self(moment.as_millisecond()))
    }

    /// Reads a moment of RFC 3339; nothing when it is none.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// RFC 3339 with milliseconds and the Beijing offset, as the API and the logs show moments.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let t = self.beijing();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+08:00",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.millisecond()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_is_eight_hours_ahead() {
        let t = Timestamp::from_millis(1_509_374_183_000); // 2017-10-30T14:36:23Z
        assert_eq!(t.beijing_compact(), "20171030223623");
        assert_eq!(t.rfc3339(), "2017-10-30T22:36:23.000+08:00");
        assert_eq!(Timestamp::from_beijing_compact("20171030223623"), Some(t));
        assert_eq!(Timestamp::from_rfc3339(&t.rfc3339()), Some(t));
        assert_eq!(Timestamp::from_rfc3339("2017-10-30"), None);
    }

    #[test]
    fn the_next_day_and_the_next_month_begin_at_midnight_in_beijing() {
        for (now, day, month) in [
            ("2026-11-23T10:00:00.000", "2026-11-24", "2026-12-01"),
            ("2026-11-23T00:00:00.000", "2026-11-24", "2026-12-01"),
            ("2026-12-31T23:59:59.999", "2027-01-01", "2027-01-01"),
            ("2028-02-01T06:00:00.000", "2028-02-02", "2028-03-01"),
        ] {
            let now = Timestamp::from_rfc3339(&format!("{now}+08:00")).unwrap();
            assert_eq!(now.next_day().rfc3339(), format!("{day}T00:00:00.000+08:00"));
            assert_eq!(now.next_month().rfc3339(), format!("{month}T00:00:00.000+08:00"));
        }
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in ["", "20171330223623", "20170229000000", "2017103022362", "2017103022362a"] {
            assert_eq!(Timestamp::from_beijing_compact(text), None, "{text}");
        }
    }
}
