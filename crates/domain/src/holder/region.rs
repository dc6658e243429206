//! Region codes: the first six digits of an ID number. Old codes stay on old numbers for life, so
//! nothing here refuses anybody.

use std::sync::OnceLock;

const TABLE: &str = include_str!("../../../../data/regions/regions.csv");

/// What is known about a region code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// In use.
    Current,
    /// No longer in use; the year is the last one in which it was.
    Revoked {
        /// The last year in which it was in use.
        last_year: u16,
    },
    /// Not on our list.
    Unknown,
}

/// Looks up the first six digits of an ID number.
#[must_use]
pub fn region(code: &str) -> Region {
    let Ok(code) = code.parse::<u32>() else { return Region::Unknown };
    let table = table();
    let found = table.binary_search_by_key(&code, |row| row.0).ok();
    match found.and_then(|place| table.get(place)) {
        None => Region::Unknown,
        Some((_, 0)) => Region::Current,
        Some((_, last_year)) => Region::Revoked { last_year: *last_year },
    }
}

/// Whether a province has these two digits.
pub(super) fn province_known(code: &str) -> bool {
    let Ok(province) = code.parse::<u32>() else { return false };
    table().binary_search_by_key(&(province * 10_000), |row| row.0).is_ok()
}

/// Codes in order; the year is 0 for those in use. A test proves that every line reads.
fn table() -> &'static [(u32, u16)] {
    static ROWS: OnceLock<Vec<(u32, u16)>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |line: &str| {
            let (code, year) = line.split_once(',')?;
            let year = if year.is_empty() { 0 } else { year.parse().ok()? };
            Some((code.parse().ok()?, year))
        };
        let mut rows: Vec<_> = TABLE.lines().skip(1).filter_map(row).collect();
        rows.sort_unstable();
        rows
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads_and_every_province_is_there() {
        assert_eq!(table().len(), TABLE.lines().count() - 1);
        assert!(table().len() > 6_000);
        assert!(table().windows(2).all(|pair| pair[0].0 < pair[1].0));
        for province in ["11", "33", "44", "54", "65", "71", "81", "82", "83"] {
            assert!(province_known(province), "{province}");
        }
        for other in ["00", "10", "99", "x", ""] {
            assert!(!province_known(other), "{other}");
        }
    }

    #[test]
    fn codes_of_each_kind() {
        assert_eq!(region("110101"), Region::Current);
        assert_eq!(region("110104"), Region::Revoked { last_year: 2009 });
        for code in ["810000", "820000", "830000"] {
            assert_eq!(region(code), Region::Current, "{code}");
        }
        for code in ["999999", "000000", "11010x", ""] {
            assert_eq!(region(code), Region::Unknown, "{code}");
        }
    }
}
