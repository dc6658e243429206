//! Birth dates inside ID numbers, and the age on a given day.

use jiff::civil::Date;

/// Nobody alive was born earlier.
const YEAR_MIN: i16 = 1900;

/// `YYYYMMDD` as a real date.
pub(super) fn date_of(digits: &str) -> Option<Date> {
    let year = digits.get(..4)?.parse().ok()?;
    let month = digits.get(4..6)?.parse().ok()?;
    let day = digits.get(6..8)?.parse().ok()?;
    Date::new(year, month, day).ok().filter(|date| date.year() >= YEAR_MIN)
}

/// Full years on a day; negative for somebody not yet born. The birthday itself counts as reached,
/// and somebody born on 29 February has it on 1 March in other years.
pub(super) fn age_on(birth: Date, today: Date) -> i16 {
    let years = today.year() - birth.year();
    let reached = (today.month(), today.day()) >= (birth.month(), birth.day());
    if reached { years } else { years - 1 }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn no_dates() {
        for digits in ["19000230", "18991231", "20231301", "20230229", "2023010", "", "0000000x"] {
            assert_eq!(date_of(digits), None, "{digits}");
        }
        assert_eq!(date_of("20240229"), Some(date(2024, 2, 29)));
    }

    #[test]
    fn the_age_changes_on_the_birthday() {
        let birth = date(2008, 11, 22);
        assert_eq!(age_on(birth, date(2026, 11, 21)), 17);
        assert_eq!(age_on(birth, date(2026, 11, 22)), 18);
        assert_eq!(age_on(birth, date(2007, 1, 1)), -2);
        assert_eq!(age_on(date(2008, 2, 29), date(2026, 2, 28)), 17);
        assert_eq!(age_on(date(2008, 2, 29), date(2026, 3, 1)), 18);
    }
}
