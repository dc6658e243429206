//! Two processes at one quota: the second comes while the first has not committed yet, and counts
//! what it left behind all the same.

use super::super::quotas::{question, quota, request};
use super::{blocked_or_done, house, plain, run};
use crate::tests::samples::*;
use crate::{CommitError, Store, Unit};

/// Runs a unit by hand and commits it only when the other waits for it, or is done.
async fn before(url: &str, store: &Store, first: Unit, second: Unit) -> Result<(), CommitError> {
    let mut client = plain(url).await;
    let transaction = client.transaction().await.unwrap();
    for statement in first.statements() {
        let changed = transaction.execute_raw(&*statement.text(), &statement.values).await;
        statement.judge(changed.unwrap()).unwrap();
    }
    let store = store.clone();
    let waiting = tokio::spawn(async move { store.commit(second).await });
    blocked_or_done(url, || waiting.is_finished()).await;
    transaction.commit().await.unwrap();
    waiting.await.unwrap().map(drop)
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn the_last_question_is_not_asked_by_two() {
    let (url, store) = house();
    wait(store.commit(question(1, 2, NOW))).unwrap();
    let second = run(before(&url, &store, question(2, 2, NOW), question(3, 2, NOW)));
    assert_eq!(second, Err(CommitError::Full { quota: "verify" }));
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn the_last_place_is_not_taken_by_two() {
    let (url, store) = house();
    wait(store.commit(request(1, &quota(2), NOW))).unwrap();
    let second = run(before(&url, &store, request(2, &quota(2), NOW), request(3, &quota(2), NOW)));
    assert_eq!(second, Err(CommitError::Full { quota: "code.card" }));
}
