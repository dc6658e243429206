//! One lease holder per step; a stale lease cannot write.

use std::collections::BTreeSet;

use super::samples::*;
use crate::{CommitError, Lane, Store};

const STALE: CommitError = CommitError::Stale { table: "steps" };

fn with_steps(count: u64) -> Store {
    let store = memory();
    for n in 1..=count {
        let due_at = NOW.plus_ms(i64::try_from(count - n).unwrap());
        now(store.commit(unit(step(n, due_at).insert(), []))).unwrap();
    }
    store
}

#[test]
fn a_lease_that_another_took_over_can_write_nothing() {
    let store = with_steps(1);
    let held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    let later = NOW.plus_ms(1000);
    let taken = now(store.claim(later, "b", 1000, 1)).unwrap().remove(0);
    assert_eq!((taken.lease_holder.as_str(), taken.tries), ("b", 2));

    for statement in [
        held.finish(later),
        held.reschedule(later, later),
        held.extend(later, later.plus_ms(9000)),
        held.finish(NOW), // even with a clock that lags
    ] {
        assert_eq!(now(store.commit(unit(statement, []))).unwrap_err(), STALE);
    }
    now(store.commit(unit(taken.finish(later), []))).unwrap();
    assert_eq!(now(store.commit(unit(taken.finish(later), []))).unwrap_err(), STALE);
}

#[test]
fn a_lease_that_is_over_can_write_nothing_though_nobody_took_it() {
    let store = with_steps(1);
    let held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    let over = NOW.plus_ms(1000);
    assert_eq!(now(store.commit(unit(held.finish(over), []))).unwrap_err(), STALE);
    now(store.commit(unit(held.finish(NOW.plus_ms(999)), []))).unwrap();
}

#[test]
fn the_same_holder_does_not_mistake_an_older_lease_for_its_own() {
    let store = with_steps(1);
    let first = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    let again = now(store.claim(NOW.plus_ms(1500), "a", 1000, 1)).unwrap().remove(0);
    let at = NOW.plus_ms(1600);
    for lagging in [at, NOW] {
        assert_eq!(now(store.commit(unit(first.finish(lagging), []))).unwrap_err(), STALE);
    }
    now(store.commit(unit(again.finish(at), []))).unwrap();
}

#[test]
fn a_stale_lease_takes_the_whole_unit_with_it() {
    let store = with_steps(1);
    let held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    let over = NOW.plus_ms(1000);
    let result = now(store.commit(unit(binding(1).insert(), [held.finish(over)])));
    assert_eq!(result.unwrap_err(), STALE);
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), None);
}

#[test]
fn two_holders_never_hold_one_step() {
    let store = with_steps(10);
    let late = NOW.plus_ms(100);
    let mut seen = BTreeSet::new();
    for holder in ["a", "b", "a", "b"] {
        for step in now(store.claim(late, holder, 1000, 3)).unwrap() {
            assert_eq!(step.lease_holder, holder);
            assert!(seen.insert(step.id), "{} was handed out twice", step.id);
        }
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn two_holders_on_one_file_never_hold_one_step() {
    let directory = Directory::new();
    let (one, two) = (directory.file(), directory.file());
    let (one, two) = (Store::open(one).unwrap(), Store::open(two).unwrap());
    wait(one.commit(unit(platform(1).insert(), (1..=40).map(|n| step(n, NOW).insert())))).unwrap();
    let (a, b) = wait(async {
        let claim = async |store: &Store, holder: &str| {
            let mut ids = Vec::new();
            // 20 rounds are enough for one holder to get all; a store without leases has no end.
            for _ in 0..20 {
                let steps = store.claim(NOW, holder, 1000, 2).await.unwrap();
                ids.extend(steps.into_iter().map(|step| step.id));
            }
            ids
        };
        tokio::join!(claim(&one, "a"), claim(&two, "b"))
    });
    let distinct: BTreeSet<_> = a.iter().chain(&b).collect();
    assert_eq!((a.len() + b.len(), distinct.len()), (40, 40));
}

#[test]
fn due_steps_come_oldest_first_and_not_before_their_time() {
    let store = with_steps(5); // number 5 is due first
    assert_eq!(now(store.next_step_at()).unwrap(), Some(NOW));
    assert!(now(store.claim(NOW.plus_ms(-1), "a", 1000, 9)).unwrap().is_empty());
    let due = now(store.claim(NOW.plus_ms(2), "a", 1000, 9)).unwrap();
    let ids: Vec<_> = due.iter().map(|found| found.id).collect();
    assert_eq!(ids, [5, 4, 3].map(|n| step(n, NOW).id));
    assert_eq!(now(store.next_step_at()).unwrap(), Some(NOW.plus_ms(3)));
    let soon = |ms| now(store.next_step_of(Lane::House, NOW.plus_ms(ms))).unwrap();
    assert_eq!(soon(3), Some(NOW.plus_ms(3)));
    assert_eq!(soon(2), Some(NOW.plus_ms(1002)), "what is due and leased until then");
}

#[test]
fn a_step_given_back_comes_again_when_it_is_due() {
    let store = with_steps(1);
    let mut held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    held.payload = r#"{"round":2}"#.to_owned();
    now(store.commit(unit(held.reschedule(NOW, NOW.plus_ms(50)), []))).unwrap();
    assert!(now(store.claim(NOW.plus_ms(49), "b", 1000, 1)).unwrap().is_empty());
    let again = now(store.claim(NOW.plus_ms(50), "b", 1000, 1)).unwrap().remove(0);
    assert_eq!(again.payload, r#"{"round":2}"#);
}

#[test]
fn a_longer_lease_keeps_others_away() {
    let store = with_steps(1);
    let mut held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    let expiry = NOW.plus_ms(5000);
    now(store.commit(unit(held.extend(NOW, expiry), []))).unwrap();
    held.lease_expiry = expiry;
    assert!(now(store.claim(NOW.plus_ms(1000), "b", 1000, 1)).unwrap().is_empty());
    now(store.commit(unit(held.finish(NOW.plus_ms(4000)), []))).unwrap();
    assert_eq!(now(store.next_step_at()).unwrap(), None);
}
