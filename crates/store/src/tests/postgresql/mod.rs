//! What only a server can do to us: other processes at the same rows, lines that are cut, servers
//! that go away. These need PostgreSQL; `cargo xtask test` starts one and runs them.

mod lines;
mod places;
mod servers;

use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use super::engine::{Batcher, fresh, raw, server};
use super::samples::*;
use crate::step::{CLAIM, SKIP};
use crate::unit::Value;
use crate::{CommitError, Faults, Settings, StepRecord, Store, Unavailable};

/// A schema of its own with everything in it, and a store on it with the platform number 1.
fn house() -> (String, Store) {
    let url = fresh(&server().expect("MINGKA_TEST_POSTGRES names no server"));
    let store = Store::connect(&url).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    (url, store)
}

/// The name that the store's connections at an address show.
fn name(url: &str) -> &str {
    url.rsplit_once("application_name=").unwrap().1
}

/// A plain connection beside the store's, told apart from them by its name.
async fn plain(url: &str) -> Client {
    let url = url.replace("application_name=", "application_name=plain_");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Two workers claim at once: the second looks for work before the first has committed, and writes
/// afterwards. How many steps each gets.
async fn claimed_by_two(url: &str, text: &str) -> (u64, u64) {
    let (mut first, second) = (plain(url).await, plain(url).await);
    let claim = |holder: &str| -> [Value; 5] {
        // The lane of the house's own work.
        let lane = 0_i64;
        [NOW.into(), lane.into(), 10_u32.into(), holder.into(), NOW.plus_ms(60_000).into()]
    };
    let text = text.to_owned();
    let (one, other) = (claim("first"), claim("second"));
    let transaction = first.transaction().await.unwrap();
    let found = transaction.execute_raw(&text, &one).await.unwrap();
    let waiting = tokio::spawn(async move { second.execute_raw(&text, &other).await.unwrap() });
    // The second now waits for the first's row, or has skipped it.
    blocked_or_done(url, || waiting.is_finished()).await;
    transaction.commit().await.unwrap();
    (found, waiting.await.unwrap())
}

/// Waits until somebody in this schema waits for a lock, or until `done`.
async fn blocked_or_done(url: &str, done: impl Fn() -> bool) {
    let watch = plain(url).await;
    let waiting = format!(
        "SELECT COUNT(*) FROM pg_stat_activity
         WHERE application_name LIKE '%{}' AND wait_event_type = 'Lock'",
        name(url)
    );
    while !done() && watch.query_one(&waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn without_the_outer_condition_one_step_is_handed_out_twice_and_with_it_never() {
    let outer = "AND done_at IS NULL AND due_at <= $1 AND lease_expiry <= $1\n     RETURNING";
    assert_eq!(CLAIM.matches(outer).count(), 1);
    let without = CLAIM.replace(outer, "RETURNING");
    for (text, expected) in [
        (without.replace(SKIP, ""), (1, 1)),
        (CLAIM.replace(SKIP, ""), (1, 0)),
        (CLAIM.to_owned(), (1, 0)),
    ] {
        let (url, store) = house();
        wait(store.commit(unit(step(1, NOW).insert(), []))).unwrap();
        assert_eq!(run(claimed_by_two(&url, &text)), expected, "{text}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn of_two_processes_each_step_is_claimed_by_one() {
    let (url, store) = house();
    let other = Store::connect(&url).unwrap();
    let steps = (1..=200).map(|n| step(n, NOW).insert());
    wait(store.commit(unit(platform(2).insert(), steps))).unwrap();
    let all = |store: Store, holder: &'static str| async move {
        let mut mine: Vec<StepRecord> = Vec::new();
        loop {
            let steps = store.claim(NOW, holder, 60_000, 7).await.unwrap();
            if steps.is_empty() {
                return mine;
            }
            mine.extend(steps);
        }
    };
    let (mine, theirs) =
        run(async { tokio::join!(tokio::spawn(all(store, "a")), tokio::spawn(all(other, "b"))) });
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    let mut ids: Vec<_> = mine.iter().chain(&theirs).map(|step| step.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), mine.len() + theirs.len()), (200, 200));
    assert!(mine.iter().chain(&theirs).all(|step| step.tries == 1));
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn many_processes_may_start_at_once_on_an_empty_database() {
    let url = fresh(&server().unwrap());
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || Store::connect(&url).unwrap())
        })
        .collect();
    let stores: Vec<_> = starting.into_iter().map(|one| one.join().unwrap()).collect();
    for (n, store) in (1..).zip(&stores) {
        wait(store.commit(unit(platform(n).insert(), []))).unwrap();
    }
    assert_eq!(wait(stores[0].platforms()).unwrap().len(), 8);
    let writers = raw(&url, "SELECT COUNT(DISTINCT writer) FROM commit_marks WHERE batch = 1");
    assert_eq!(writers, ["8"]);
}

/// Ends the store's own connections, the readers' too.
async fn terminate(url: &str) {
    let killer = plain(url).await;
    let ended = killer
        .query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            &[&name(url)],
        )
        .await
        .unwrap();
    assert!(!ended.is_empty());
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_backend_killed_in_the_middle_costs_nobody_his_unit() {
    let (url, store) = house();
    wait(store.commit(unit(binding(1).insert(), []))).unwrap();
    run(async {
        let mut holder = plain(&url).await;
        let holding = holder.transaction().await.unwrap();
        holding.execute("UPDATE bindings SET state = 'held'", &[]).await.unwrap();
        let committing: Vec<_> = (1..=20)
            .map(|n| {
                let store = store.clone();
                let new = binding(n + 10).insert();
                // One of them runs into the row that is held; the others are in its batch or after.
                let guard = if n == 1 { binding(1).update() } else { new };
                tokio::spawn(async move { store.commit(unit(guard, [])).await })
            })
            .collect();
        blocked_or_done(&url, || false).await;
        terminate(&url).await;
        holding.commit().await.unwrap();
        for committed in committing {
            committed.await.unwrap().unwrap();
        }
        // The readers were ended as well.
        let found = store.binding(platform_id(1), binding_id(1)).await.unwrap().unwrap();
        assert_eq!(found.version, 2);
        assert!(store.binding(platform_id(1), binding_id(30)).await.unwrap().is_some());
    });
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_read_whose_backend_is_killed_is_asked_again() {
    let (url, store) = house();
    run(async {
        let mut holder = plain(&url).await;
        let holding = holder.transaction().await.unwrap();
        holding.execute("LOCK TABLE platforms IN ACCESS EXCLUSIVE MODE", &[]).await.unwrap();
        let reading = tokio::spawn(async move { store.platforms().await });
        blocked_or_done(&url, || reading.is_finished()).await;
        terminate(&url).await;
        holding.rollback().await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), [platform(1)]);
    });
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn units_that_wait_share_one_commit_on_a_server_too() {
    let (url, store) = house();
    wait(store.commit(unit(binding(1).insert(), []))).unwrap();
    let before = store.stats();
    run(async {
        let mut holder = plain(&url).await;
        let holding = holder.transaction().await.unwrap();
        holding.execute("UPDATE bindings SET state = 'held'", &[]).await.unwrap();
        let first = store.clone();
        let first = tokio::spawn(async move { first.commit(unit(binding(1).update(), [])).await });
        blocked_or_done(&url, || first.is_finished()).await;
        let committing: Vec<_> = (2..=65)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(unit(binding(n).insert(), [])).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        holding.rollback().await.unwrap();
        first.await.unwrap().unwrap();
        for committed in committing {
            committed.await.unwrap().unwrap();
        }
    });
    let stats = store.stats();
    assert_eq!(stats.units - before.units, 65);
    assert!(stats.commits - before.commits <= 8, "{before:?} {stats:?}");
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn processes_in_each_others_way_lose_nothing_and_count_everything_once() {
    let (url, store) = house();
    wait(store.commit(unit(binding(1).insert(), [binding(2).insert()]))).unwrap();
    let other = Store::connect(&url).unwrap();
    // Each wants both rows, in opposite order: the server undoes one of two that wait in a ring.
    let work = |store: Store, first: u64, second: u64| async move {
        let mut won = 0;
        while won < 25 {
            let read = |n| store.binding(platform_id(1), binding_id(n));
            let rows = (read(first).await.unwrap().unwrap(), read(second).await.unwrap().unwrap());
            match store.commit(unit(rows.0.update(), [rows.1.update()])).await {
                Ok(_) => won += 1,
                Err(CommitError::Stale { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    run(async {
        let both = (tokio::spawn(work(store.clone(), 1, 2)), tokio::spawn(work(other, 2, 1)));
        let (one, two) = tokio::join!(both.0, both.1);
        (one.unwrap(), two.unwrap())
    });
    for n in [1, 2] {
        let row = wait(store.binding(platform_id(1), binding_id(n))).unwrap().unwrap();
        assert_eq!(row.version, 51);
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_guard_that_loses_undoes_nothing_of_the_others() {
    let mut batcher = Batcher::new(Faults::none());
    let Batcher::Postgres { url, .. } = &batcher else { panic!("no server") };
    let url = url.clone();
    // A sequence counts how often an insert was begun, undone or not.
    raw(
        &url,
        "CREATE SEQUENCE begun;
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM nextval('begun'); RETURN NEW; END $$;
         CREATE TRIGGER note BEFORE INSERT ON platforms FOR EACH ROW EXECUTE FUNCTION note();",
    );
    let results = batcher.run([1, 2, 2, 3].map(|n| unit(platform(n).insert(), [])));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(raw(&url, "SELECT last_value FROM begun"), ["4"]);
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_serialization_failure_is_tried_again() {
    let (url, store) = house();
    // A sequence is not undone with its transaction: the third try goes through.
    raw(
        &url,
        "CREATE SEQUENCE tries;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('tries') < 3 THEN
                 RAISE EXCEPTION 'in the way' USING ERRCODE = '40001';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER fail BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fail();",
    );
    wait(store.commit(unit(binding(1).insert(), [event(1, 1).insert()]))).unwrap();
    assert_eq!(raw(&url, "SELECT last_value FROM tries"), ["3"]);
    assert_eq!(raw(&url, "SELECT COUNT(*) FROM events"), ["1"]);
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_row_held_for_too_long_makes_its_own_unit_busy_and_no_other() {
    let (url, store) = house();
    wait(store.commit(unit(binding(1).insert(), []))).unwrap();
    let settings = Settings { lock_timeout_ms: 200, ..Settings::default() };
    let impatient = Store::connect_with(&url, settings, Faults::none()).unwrap();
    run(async {
        let mut holder = plain(&url).await;
        let holding = holder.transaction().await.unwrap();
        holding.execute("UPDATE bindings SET state = 'held'", &[]).await.unwrap();
        let (held, free) = tokio::join!(
            impatient.commit(unit(binding(1).update(), [])),
            impatient.commit(unit(binding(2).insert(), [event(2, 1).insert()]))
        );
        assert_eq!(held.unwrap_err(), CommitError::Unavailable(Unavailable::Busy));
        free.unwrap();
        holding.rollback().await.unwrap();
        impatient.commit(unit(binding(1).update(), [])).await.unwrap();
    });
}
