//! How many units end that share one durable commit, and what becomes of a commit whose own outcome
//! is unclear.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::engine::{self, Batcher};
use super::samples::*;
use crate::batch::{Done, Waiting, Work};
use crate::{CommitError, CommitFault, Faults, Statement, Store, Unavailable};

fn writing() -> Batcher {
    let mut writing = Batcher::new(Faults::none());
    let results = writing.run([unit(platform(1).insert(), [])]);
    assert!(results[0].is_ok());
    writing
}

#[test]
fn a_failing_write_undoes_its_own_unit_and_no_other() {
    let mut writing = writing();
    let before = writing.commit_count();
    let results = writing.run([
        unit(binding(1).insert(), [event(1, 1).insert()]),
        unit(binding(2).insert(), [event(2, 1).insert(), event(2, 1).insert()]),
        unit(binding(3).insert(), [event(3, 0).insert()]),
        unit(binding(4).insert(), [event(4, 1).insert()]),
        unit(binding(9).update(), []),
    ]);
    assert!(matches!(results[0], Ok(Done::Unit)));
    assert_eq!(results[1].as_ref().err(), Some(&CommitError::Duplicate { table: "events" }));
    assert_eq!(results[2].as_ref().err(), Some(&CommitError::Invalid { table: "events" }));
    assert!(matches!(results[3], Ok(Done::Unit)));
    assert_eq!(results[4].as_ref().err(), Some(&CommitError::Stale { table: "bindings" }));
    assert_eq!((writing.count("bindings"), writing.count("events")), (2, 2));
    assert_eq!(writing.commit_count(), before + 1);

    let after = writing.run([unit(binding(2).insert(), [])]);
    assert!(after[0].is_ok(), "the writer goes on after an error");
}

#[test]
fn of_many_units_for_one_row_one_wins() {
    let mut writing = writing();
    let results =
        writing.run((0..5).map(|n| unit(idempotency("k").insert(), [binding(n).insert()])));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(matches!(results[0], Ok(Done::Unit)), "equals run in the order they came");
    assert_eq!(writing.count("bindings"), 1);

    let results = writing.run((0..5).map(|_| unit(platform(1).update(), [])));
    let stale = Some(CommitError::Stale { table: "platforms" });
    assert_eq!(results.iter().filter(|result| result.as_ref().err() == stale.as_ref()).count(), 4);
}

#[test]
fn results_stand_in_the_order_asked_though_units_run_in_the_order_of_their_rows() {
    let mut writing = writing();
    let results = writing.run([
        unit(binding(2).update(), []),
        unit(binding(1).insert(), []),
        unit(binding(2).insert(), []),
    ]);
    // Row 1 first, then the two for row 2 as they came: the update is still too early.
    assert!(results[0].is_err() && results[1].is_ok() && results[2].is_ok());
}

#[test]
fn a_batch_of_losers_costs_no_durable_commit() {
    let mut writing = writing();
    let before = writing.commit_count();
    let results = writing.run([unit(platform(1).insert(), [])]);
    assert!(results[0].is_err());
    assert_eq!(writing.commit_count(), before);
}

#[test]
fn a_statement_with_the_wrong_number_of_values_spoils_only_its_unit() {
    let mut writing = writing();
    let short = Statement { values: Vec::new(), ..binding(1).insert() };
    let results = writing.run([unit(short, []), unit(binding(2).insert(), [])]);
    assert_eq!(results[0].as_ref().err(), Some(&CommitError::Invalid { table: "bindings" }));
    assert!(results[1].is_ok());
}

/// A store in memory whose commits after the first go as `script` says.
fn faulty(script: impl IntoIterator<Item = Option<CommitFault>>) -> Store {
    let mut script: VecDeque<_> = std::iter::once(None).chain(script).collect();
    let faults = Faults::script(move || script.pop_front().flatten());
    let store = engine::store(faults);
    now(store.commit(unit(platform(1).insert(), []))).unwrap();
    store
}

#[test]
fn an_unclear_commit_is_read_back_and_never_assumed() {
    let broken = CommitError::Unavailable(Unavailable::Broken);
    let cases = [
        (CommitFault { kept: true, read_back: true }, Ok(())),
        (CommitFault { kept: false, read_back: true }, Err(broken)),
        (CommitFault { kept: true, read_back: false }, Err(CommitError::Unknown)),
        (CommitFault { kept: false, read_back: false }, Err(CommitError::Unknown)),
    ];
    for (fault, expected) in cases {
        let store = faulty([Some(fault)]);
        let result = now(store.commit(unit(binding(1).insert(), [event(1, 1).insert()])));
        assert_eq!(result.map(drop), expected, "{fault:?}");
        let found = now(store.binding(platform_id(1), binding_id(1))).unwrap();
        assert_eq!(found.is_some(), fault.kept, "{fault:?}");
        // And whatever it was, the next unit goes through and is told the truth.
        let next = now(store.commit(unit(binding(1).insert(), [])));
        assert_eq!(next.is_ok(), !fault.kept, "{fault:?}");
    }
}

#[test]
fn two_unclear_commits_in_a_row_are_told_apart() {
    let kept = CommitFault { kept: true, read_back: true };
    let lost = CommitFault { kept: false, read_back: true };
    let store = faulty([Some(kept), Some(lost), Some(kept)]);
    let results = [1, 2, 3].map(|n| now(store.commit(unit(binding(n).insert(), []))).is_ok());
    assert_eq!(results, [true, false, true]);
}

#[test]
fn a_loser_in_an_unclear_batch_is_not_told_that_the_row_is_there() {
    let mut writing = writing();
    let results = {
        let lost = || Some(CommitFault { kept: false, read_back: false });
        let mut faulty = Batcher::new(Faults::script(lost));
        faulty.run([unit(platform(1).insert(), []), unit(platform(1).insert(), [])])
    };
    for result in results {
        assert_eq!(result.unwrap_err(), CommitError::Unknown);
    }
    // With nothing unclear the same pair is one winner and one duplicate.
    let results = writing.run([unit(platform(2).insert(), []), unit(platform(2).insert(), [])]);
    assert!(results[0].is_ok());
    assert_eq!(results[1].as_ref().err(), Some(&CommitError::Duplicate { table: "platforms" }));
}

#[test]
fn a_claim_whose_commit_is_unclear_gives_nobody_the_step() {
    let store = faulty([None, Some(CommitFault { kept: true, read_back: false })]);
    now(store.commit(unit(step(1, NOW).insert(), []))).unwrap();
    assert_eq!(now(store.claim(NOW, "a", 1000, 10)).unwrap_err(), CommitError::Unknown);
    assert!(now(store.claim(NOW, "b", 1000, 10)).unwrap().is_empty());
    let later = NOW.plus_ms(1000);
    assert_eq!(now(store.claim(later, "b", 1000, 10)).unwrap().len(), 1);
}

#[test]
fn what_nobody_waits_for_lets_others_go_first_but_not_for_ever() {
    let (queue, jobs) = mpsc::channel(64);
    let mut waiting = Waiting::new(jobs, 2);
    let bring = |unit: crate::Unit| {
        queue.try_send((Work::Unit(unit), oneshot::channel().0)).unwrap();
    };
    bring(unit(platform(1).insert(), []).behind());
    (1..=20).for_each(|n| bring(unit(binding(n).insert(), [])));
    let mut sizes = || waiting.batch_on_thread().unwrap().0.len();
    assert_eq!([sizes(), sizes(), sizes(), sizes(), sizes()], [2, 2, 2, 2, 3]);
    (0..5).for_each(|_| assert_eq!(sizes(), 2));
    bring(unit(platform(2).insert(), []).behind());
    assert_eq!(sizes(), 1, "nobody else is there");
    bring(unit(platform(3).insert(), []).behind());
    drop(queue);
    assert_eq!(sizes(), 1, "what was brought is done before the end");
    assert!(waiting.batch_on_thread().is_none());
}
