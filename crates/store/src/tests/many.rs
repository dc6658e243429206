//! Many at once: all durable, and sharing their commits.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::samples::*;
use crate::{CommitError, Settings, Store, Unavailable};

#[test]
fn units_that_wait_share_one_durable_commit() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(async {
        store.commit(unit(platform(1).insert(), [])).await.unwrap();
        // Hold the database, so that the writer waits with the first unit and the rest queue up.
        let holder = rusqlite::Connection::open(directory.file()).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let committing: Vec<_> = (1..=64)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(unit(binding(n).insert(), [])).await })
            })
            .collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        holder.execute_batch("ROLLBACK").unwrap();
        for committed in committing {
            committed.await.unwrap().unwrap();
        }
    });
    let stats = store.stats();
    assert_eq!(stats.units, 65);
    assert!(stats.commits < stats.units / 8, "{stats:?}");
}

#[test]
fn sixty_four_committers_lose_nothing() {
    let directory = Directory::new();
    let store = Arc::new(directory.store());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        store.commit(unit(platform(1).insert(), [])).await.unwrap();
        let committing: Vec<_> = (0..64u64)
            .map(|client| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for round in 0..10 {
                        let n = client * 10 + round;
                        let new = unit(binding(n).insert(), [event(n, 1).insert()]);
                        store.commit(new).await.unwrap();
                        let mut read =
                            store.binding(platform_id(1), binding_id(n)).await.unwrap().unwrap();
                        read.state = "active".to_owned();
                        store.commit(unit(read.update(), [event(n, 2).insert()])).await.unwrap();
                    }
                })
            })
            .collect();
        for client in committing {
            client.await.unwrap();
        }
    });
    let stats = store.stats();
    assert_eq!(stats.units, 1 + 64 * 10 * 2);
    assert!(stats.commits < stats.units, "nothing was grouped: {stats:?}");
    drop(store);

    let reopened = directory.store();
    let all: BTreeSet<_> = wait(reopened.records_to_reseal(crate::SealedKind::Binding, "", 10_000))
        .unwrap()
        .into_iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(all.len(), 640);
    for n in [0, 333, 639] {
        let found = wait(reopened.binding(platform_id(1), binding_id(n))).unwrap().unwrap();
        assert_eq!((found.state.as_str(), found.version), ("active", 2));
    }
}

#[test]
fn a_unit_is_durable_though_whoever_asked_went_away() {
    let directory = Directory::new();
    let store = directory.store();
    wait(async {
        store.commit(unit(platform(1).insert(), [])).await.unwrap();
        let gone = store.commit(unit(binding(1).insert(), []));
        tokio::select! {
            biased;
            _ = gone => panic!("the writer cannot have answered within one poll"),
            () = std::future::ready(()) => {}
        }
        // The queue is in order: when this one is done, so is the other.
        store.commit(unit(binding(2).insert(), [])).await.unwrap();
        assert!(store.binding(platform_id(1), binding_id(1)).await.unwrap().is_some());
    });
}

#[test]
fn a_full_queue_makes_callers_wait_and_loses_none() {
    let directory = Directory::new();
    let settings = Settings { queue_count_max: 1, batch_count_max: 2, ..Settings::default() };
    let store = directory.store_with(settings);
    wait(async {
        store.commit(unit(platform(1).insert(), [])).await.unwrap();
        let committing: Vec<_> = (1..=50)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(unit(binding(n).insert(), [])).await })
            })
            .collect();
        for committed in committing {
            committed.await.unwrap().unwrap();
        }
    });
    assert_eq!(store.stats().units, 51);
    assert!(store.stats().commits >= 26, "a batch is at most two units");
}

#[test]
fn a_database_held_by_another_process_is_busy_and_nothing_is_committed() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let holder = rusqlite::Connection::open(directory.file()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = wait(store.commit(unit(binding(1).insert(), [])));
    assert_eq!(refused.unwrap_err(), CommitError::Unavailable(Unavailable::Busy));
    holder.execute_batch("ROLLBACK").unwrap();
    wait(store.commit(unit(binding(1).insert(), []))).unwrap();
}
