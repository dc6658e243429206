//! Two processes at one quota: the second comes while the first has not committed yet, and counts
//! what it leaves behind all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio_postgres::Transaction;

use super::super::quotas::{question, quota, request};
use super::{blocked_or_done, house, plain, run};
use crate::Unit;
use crate::tests::samples::*;
use crate::unit::Statement;

/// Runs statements by hand; whether none lost.
async fn won(transaction: &Transaction<'_>, statements: &[Statement]) -> bool {
    for statement in statements {
        let changed = transaction.execute_raw(&*statement.text(), &statement.values).await;
        if statement.judge(changed.unwrap()).is_err() {
            return false;
        }
    }
    true
}

/// Two units, the second begun when the first has only its last statement before it, and ended when
/// the first has run that and not committed. How many of them win.
async fn winners(url: &str, first: Unit, second: Unit) -> usize {
    let (mut one, mut other) = (plain(url).await, plain(url).await);
    let all = |unit: Unit| unit.statements().cloned().collect::<Vec<_>>();
    let (first, second) = (all(first), all(second));
    let transaction = one.transaction().await.unwrap();
    let (last, before) = first.split_last().unwrap();
    assert!(won(&transaction, before).await);
    let is_through = Arc::new(AtomicBool::new(false));
    let through = Arc::clone(&is_through);
    let go = Arc::new(Notify::new());
    let may_go = Arc::clone(&go);
    let going = tokio::spawn(async move {
        let transaction = other.transaction().await.unwrap();
        let (last, before) = second.split_last().unwrap();
        let mut has_won = won(&transaction, before).await;
        through.store(true, Ordering::SeqCst);
        may_go.notified().await;
        has_won = has_won && won(&transaction, std::slice::from_ref(last)).await;
        if has_won {
            transaction.commit().await.unwrap();
        }
        has_won
    });
    blocked_or_done(url, || is_through.load(Ordering::SeqCst)).await;
    let has_won = won(&transaction, std::slice::from_ref(last)).await;
    go.notify_one();
    blocked_or_done(url, || going.is_finished()).await;
    if has_won {
        transaction.commit().await.unwrap();
    } else {
        transaction.rollback().await.unwrap();
    }
    usize::from(has_won) + usize::from(going.await.unwrap())
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn the_last_question_is_not_asked_by_two() {
    let (url, store) = house();
    wait(store.commit(question(1, 2, NOW))).unwrap();
    assert_eq!(run(winners(&url, question(2, 2, NOW), question(3, 2, NOW))), 1);
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn the_last_place_is_not_taken_by_two() {
    let (url, store) = house();
    wait(store.commit(request(1, &quota(2), NOW))).unwrap();
    assert_eq!(run(winners(&url, request(2, &quota(2), NOW), request(3, &quota(2), NOW))), 1);
}
