//! Which engine the tests run on. The suite is one: without more it runs on SQLite, and where
//! `MINGKA_TEST_POSTGRES` names a server it runs there, each test in a schema of its own.
//! (`cargo xtask test` does both.) A server given so is filled with what tests leave behind.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use super::samples::wait;
use crate::batch::{Work, WorkResult};
use crate::postgres::open::tests_writing;
use crate::{Faults, Settings, Store, Unit, postgres, sqlite};

/// The server that the tests were given.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the server is")]
pub(super) fn server() -> Option<String> {
    std::env::var("MINGKA_TEST_POSTGRES").ok()
}

/// The address of a schema, made where it is not there. Whoever uses it shows its name.
pub(super) fn schema(server: &str, name: &str) -> String {
    raw(server, &format!("CREATE SCHEMA IF NOT EXISTS {name}"));
    let sign = if server.contains('?') { '&' } else { '?' };
    format!("{server}{sign}options=-c%20search_path%3D{name}&application_name={name}")
}

/// The address of a schema that nobody else uses.
pub(super) fn fresh(server: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    schema(server, &format!("test_{}_{count}", std::process::id()))
}

/// Runs SQL at an address, and gives the first column of what it returns, as text.
pub(super) fn raw(url: &str, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let said = client.simple_query(sql).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
        let rows = said.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        rows.collect()
    })
}

/// The database at a place.
pub(super) fn open(place: &str, settings: Settings, faults: Faults) -> Store {
    if place.starts_with("postgres://") {
        return Store::connect_with(place, settings, faults).unwrap();
    }
    Store::open_with(place, settings, faults).unwrap()
}

/// An empty store of its own.
pub(super) fn store(faults: Faults) -> Store {
    match server() {
        Some(server) => open(&fresh(&server), Settings::default(), faults),
        None => Store::open_in_memory_with(faults).unwrap(),
    }
}

/// What runs batches, without the queue before it.
pub(super) enum Batcher {
    Sqlite(sqlite::Writing),
    Postgres { url: String, runtime: Runtime, writing: Box<postgres::batch::Writing> },
}

impl Batcher {
    /// On an empty database of its own.
    pub(super) fn new(faults: Faults) -> Self {
        let Some(server) = server() else {
            let connection = sqlite::open::memory().unwrap();
            return Self::Sqlite(sqlite::Writing::new(connection, faults).unwrap());
        };
        let url = fresh(&server);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let writing = Box::new(runtime.block_on(tests_writing(&url, faults)).unwrap());
        Self::Postgres { url, runtime, writing }
    }

    pub(super) fn run(&mut self, units: impl IntoIterator<Item = Unit>) -> Vec<WorkResult> {
        let works: Vec<Work> = units.into_iter().map(Work::Unit).collect();
        match self {
            Self::Sqlite(writing) => writing.run(&works),
            Self::Postgres { runtime, writing, .. } => runtime.block_on(writing.run(&works)),
        }
    }

    pub(super) fn commit_count(&self) -> u64 {
        match self {
            Self::Sqlite(writing) => writing.commit_count,
            Self::Postgres { writing, .. } => writing.commit_count,
        }
    }

    pub(super) fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        match self {
            Self::Sqlite(writing) => {
                writing.connection().query_row(&sql, (), |row| row.get(0)).unwrap()
            }
            Self::Postgres { url, .. } => raw(url, &sql)[0].parse().unwrap(),
        }
    }
}

#[test]
fn in_memory_everything_is_ready_at_once() {
    let store = Store::open_in_memory().unwrap();
    let mut commit = Box::pin(store.commit(Unit::new(super::samples::platform(1).insert())));
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(commit.as_mut().poll(context).is_ready());
    assert_eq!(wait(store.platforms()).unwrap().len(), 1);
}
