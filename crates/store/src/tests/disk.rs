//! Files: full, read only, foreign, too new, reopened.

use std::io::Write;

use super::samples::*;
use crate::migrate::{self, Migration};
use crate::sqlite::migrate::{migrate, version};
use crate::sqlite::open;
use crate::{CommitError, Faults, OpenError, Settings, Store, Unavailable};

/// A database that may hardly grow any more.
fn nearly_full(directory: &Directory, spare_pages: u32) -> Store {
    let pages: u32 = {
        let connection = open::writer(&directory.file(), &Settings::default()).unwrap();
        connection.query_row("PRAGMA page_count", (), |row| row.get(0)).unwrap()
    };
    let settings = Settings { page_count_max: Some(pages + spare_pages), ..Settings::default() };
    let store = Store::open_with(directory.file(), settings, Faults::none()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    store
}

#[test]
fn a_full_disk_refuses_whole_units_and_keeps_what_it_had() {
    let directory = Directory::new();
    let store = nearly_full(&directory, 16);
    let full = CommitError::Unavailable(Unavailable::Full);
    let mut kept = 0;
    for n in 1..1000 {
        match wait(store.commit(unit(binding(n).insert(), [event(n, 1).insert()]))) {
            Ok(_) => kept = n,
            Err(error) => {
                assert_eq!(error, full);
                break;
            }
        }
    }
    assert!(kept > 0 && kept < 900, "the disk was full after {kept} units");
    wait(store.close());

    let store = Store::open(directory.file()).unwrap();
    for n in 1..=kept {
        assert!(wait(store.binding(platform_id(1), binding_id(n))).unwrap().is_some());
        assert_eq!(
            wait(store.events_of(platform_id(1), binding_id(n).into(), 0, 9)).unwrap().len(),
            1
        );
    }
    assert_eq!(wait(store.binding(platform_id(1), binding_id(kept + 1))).unwrap(), None);
    wait(store.commit(unit(binding(kept + 1).insert(), []))).unwrap();
}

#[test]
fn a_unit_too_large_for_the_disk_does_not_take_others_with_it() {
    let directory = Directory::new();
    let store = nearly_full(&directory, 12);
    let mut large = binding(1);
    large.sealed = vec![0; 400_000];
    let results = wait(async {
        let small = unit(platform(2).insert(), []);
        let also_small = unit(platform(3).insert(), []);
        tokio::join!(
            store.commit(small),
            store.commit(unit(large.insert(), [])),
            store.commit(also_small)
        )
    });
    assert!(results.0.is_ok() && results.2.is_ok());
    assert_eq!(results.1.unwrap_err(), CommitError::Unavailable(Unavailable::Full));
    assert_eq!(wait(store.platforms()).unwrap().len(), 3);
}

/// What is written stands in the log first. Were it never brought into the database, or the log
/// never begun anew, it would grow with everything that is written.
#[test]
fn the_log_is_brought_into_the_database_and_begins_anew() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    for n in 1..=60 {
        let mut large = binding(n);
        large.sealed = vec![0; 1_000_000];
        wait(store.commit(unit(large.insert(), []))).unwrap();
    }
    let log = directory.file().with_extension("db-wal");
    let bytes = std::fs::metadata(log).unwrap().len();
    assert!((20_000_000..50_000_000).contains(&bytes), "{bytes}");
    wait(store.close());
}

#[test]
fn what_is_read_only_takes_nothing() {
    let directory = Directory::new();
    assert!(Store::open_read_only(directory.file()).is_err(), "there is no file yet");
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let reading = Store::open_read_only(directory.file()).unwrap();
    let refused = CommitError::Unavailable(Unavailable::ReadOnly);
    assert_eq!(wait(reading.commit(unit(platform(2).insert(), []))).unwrap_err(), refused);
    assert_eq!(wait(reading.claim(NOW, "a", 1, 1)).unwrap_err(), refused);
    assert_eq!(wait(reading.platforms()).unwrap(), [platform(1)]);
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let directory = Directory::new();
    let connection = open::writer(&directory.file(), &Settings::default()).unwrap();
    let newest = migrate::newest();
    connection
        .execute_batch(&format!("INSERT INTO schema_migrations VALUES ({}, 'x', 'x')", newest + 1))
        .unwrap();
    drop(connection);
    for refused in [Store::open(directory.file()), Store::open_read_only(directory.file())] {
        match refused {
            Err(OpenError::Newer { database, program }) => {
                assert_eq!((database, program), (newest + 1, newest));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_database_of_an_older_program_is_not_read_without_migrating() {
    let directory = Directory::new();
    let connection = rusqlite::Connection::open(directory.file()).unwrap();
    migrate(&connection, &[]).unwrap();
    drop(connection);
    let refused = Store::open_read_only(directory.file());
    assert!(matches!(refused, Err(OpenError::Older { database: 0, .. })), "{refused:?}");
    Store::open(directory.file()).unwrap();
    Store::open_read_only(directory.file()).unwrap();
}

#[test]
fn a_database_that_lost_its_log_is_no_new_one() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    wait(store.close());
    // Closed, the one file is whole.
    let copy = directory.0.join("copy.db");
    std::fs::copy(directory.file(), &copy).unwrap();
    assert_eq!(wait(Store::open(&copy).unwrap().platforms()).unwrap(), [platform(1)]);
    for length in [0, 4096] {
        let emptied = directory.0.join(format!("emptied-{length}.db"));
        let connection = rusqlite::Connection::open(&emptied).unwrap();
        if length > 0 {
            let wal = "PRAGMA journal_mode = WAL";
            let _: String = connection.query_row(wal, (), |row| row.get(0)).unwrap();
        }
        drop(connection);
        assert_eq!(std::fs::metadata(&emptied).unwrap().len(), length);
        for refused in [Store::open(&emptied), Store::open_read_only(&emptied)] {
            assert!(matches!(refused, Err(OpenError::Emptied)), "{refused:?}");
        }
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = Directory::new();
    let text = "not a database, but a letter of some length\n".repeat(100);
    std::fs::File::create(directory.file()).unwrap().write_all(text.as_bytes()).unwrap();
    let refused = Store::open(directory.file());
    assert!(matches!(refused, Err(OpenError::Database(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(directory.file()).unwrap(), text);
}

#[test]
fn a_migration_that_fails_leaves_the_database_as_it_was() {
    let connection = open::memory().unwrap();
    let number = migrate::newest() + 1;
    let sql = "CREATE TABLE half (id TEXT); CREATE TABLE platforms (id TEXT);";
    let failing = [Migration { number, name: "failing", sql }];
    assert!(migrate(&connection, &failing).is_err());
    assert_eq!(version(&connection).unwrap(), number - 1);
    let working = [Migration { number, name: "working", sql: "CREATE TABLE half (id TEXT)" }];
    assert_eq!(migrate(&connection, &working).unwrap(), number);
}

#[test]
fn migrations_count_up_from_one() {
    let numbers: Vec<i64> = migrate::MIGRATIONS.iter().map(|migration| migration.number).collect();
    let expected: Vec<i64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn what_was_committed_is_there_again_though_nobody_closed() {
    let directory = Directory::new();
    {
        let store = Store::open(directory.file()).unwrap();
        wait(store.commit(unit(platform(1).insert(), [binding(1).insert()]))).unwrap();
    }
    let store = Store::open(directory.file()).unwrap();
    assert_eq!(wait(store.binding(platform_id(1), binding_id(1))).unwrap(), Some(binding(1)));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    for file in std::fs::read_dir(&directory.0).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn the_settings_that_make_commits_durable_are_on() {
    let directory = Directory::new();
    let connection = open::writer(&directory.file(), &Settings::default()).unwrap();
    let setting = |name: &str| -> String {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        format!("{:?}", connection.query_row(&format!("PRAGMA {name}"), (), read).unwrap())
    };
    assert_eq!(setting("journal_mode"), r#"Text("wal")"#);
    assert_eq!(setting("synchronous"), "Integer(2)");
    assert_eq!(setting("foreign_keys"), "Integer(1)");
}
