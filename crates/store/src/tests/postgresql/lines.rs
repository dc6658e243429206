//! Lines to the server: cut when COMMIT passes, or slow.

use std::time::Duration;

use super::run;
use crate::tests::engine::{fresh, raw, server};
use crate::tests::proxy::{AtCommit, Proxy};
use crate::tests::samples::*;
use crate::{CommitError, Store, Unavailable};

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_line_cut_at_commit_is_read_back_and_the_truth_is_told() {
    let broken = CommitError::Unavailable(Unavailable::Broken);
    for (plan, expected) in [
        (AtCommit::CutBefore, Err(broken)),
        (AtCommit::CutAfter, Ok(())),
        // The server commits only after we are back and ask: whoever does not wait for the old
        // transaction to end says "not committed", and is wrong.
        (AtCommit::HoldBack, Ok(())),
    ] {
        let url = fresh(&server().unwrap());
        let proxy = Proxy::new(&url, Duration::ZERO);
        let store = Store::connect(&proxy.url).unwrap();
        wait(store.commit(unit(platform(1).insert(), []))).unwrap();
        proxy.at_next_commit(plan);
        let result = wait(store.commit(unit(binding(1).insert(), [event(1, 1).insert()])));
        assert!(proxy.is_done(), "no COMMIT passed");
        assert_eq!(result.map(drop), expected, "{plan:?}");
        // Nothing can come after what was told.
        std::thread::spawn(move || drop(proxy));
        let found = raw(&url, "SELECT COUNT(*) FROM bindings");
        assert_eq!(found, [if expected.is_ok() { "1" } else { "0" }], "{plan:?}");
        let again = wait(store.commit(unit(binding(1).insert(), [event(1, 1).insert()])));
        assert_eq!(again.is_err(), expected.is_ok(), "{plan:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_batch_takes_three_turns_on_the_line_however_many_its_statements() {
    const DELAY: Duration = Duration::from_millis(10);
    let url = fresh(&server().unwrap());
    let proxy = Proxy::new(&url, DELAY);
    let store = Store::connect(&proxy.url).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let batch = |from: u64| {
        let writes = |n| (1..=4).map(move |seq| event(n, seq).insert());
        let units: Vec<_> =
            (from..from + 64).map(|n| unit(binding(n).insert(), writes(n))).collect();
        let store = store.clone();
        async move {
            let before = store.stats();
            let started = tokio::time::Instant::now();
            let committing: Vec<_> = units
                .into_iter()
                .map(|unit| {
                    let store = store.clone();
                    tokio::spawn(async move { store.commit(unit).await })
                })
                .collect();
            for committed in committing {
                committed.await.unwrap().unwrap();
            }
            (started.elapsed(), store.stats().commits - before.commits)
        }
    };
    // The first prepares its texts; the second is measured: 64 guards and 256 writes.
    run(batch(1_000));
    let (took, commits) = run(batch(2_000));
    let one_by_one = DELAY * 2 * (64 + 256);
    println!(
        "320 statements in {commits} commits took {took:?}; one by one: {one_by_one:?} at least"
    );
    assert!(commits <= 3, "{commits} commits");
    assert!(took < one_by_one / 8, "{took:?}: nothing is sent before an answer has come");
}
