//! The schema's history: numbered, forward only, kept in a table of the database itself. A database
//! newer than the program is refused, so that an old program cannot misread it.

/// One step of the schema's history.
pub(crate) struct Migration {
    /// Its number; they count up from 1 without gaps.
    pub(crate) number: i64,
    /// What it brings, in one word.
    pub(crate) name: &'static str,
    /// Its statements.
    pub(crate) sql: &'static str,
}

/// All of them. A migration that was ever released is never changed: a new one is added.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "house", sql: include_str!("migrations/0001_house.sql") },
    Migration { number: 2, name: "books", sql: include_str!("migrations/0002_books.sql") },
    Migration { number: 3, name: "control", sql: include_str!("migrations/0003_control.sql") },
    Migration { number: 4, name: "evidence", sql: include_str!("migrations/0004_evidence.sql") },
    Migration { number: 5, name: "hooks", sql: include_str!("migrations/0005_hooks.sql") },
    Migration {
        number: 6,
        name: "statements",
        sql: include_str!("migrations/0006_statements.sql"),
    },
    Migration { number: 7, name: "sequence", sql: include_str!("migrations/0007_sequence.sql") },
    Migration { number: 8, name: "quotas", sql: include_str!("migrations/0008_quotas.sql") },
    Migration {
        number: 9,
        name: "certificates",
        sql: include_str!("migrations/0009_certificates.sql"),
    },
    Migration { number: 10, name: "names", sql: include_str!("migrations/0010_names.sql") },
    Migration { number: 11, name: "persons", sql: include_str!("migrations/0011_persons.sql") },
    Migration { number: 12, name: "stated", sql: include_str!("migrations/0012_stated.sql") },
    Migration { number: 13, name: "places", sql: include_str!("migrations/0013_places.sql") },
];

/// The number of the newest migration this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}
