//! Places: no more are taken than there are, whoever takes them at once; a unit that loses takes
//! none.

use mingka_domain::outcome::Operation;
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

use super::samples::*;
use crate::{CardQuota, CommitError, Quota, Store, Unavailable, Unit};

const FULL: CommitError = CommitError::Full { quota: "code.card" };

pub(super) fn quota(count_max: u32) -> Quota {
    Quota { name: "code.card", key: [3; 32], count_max, window_ms: DAY_MS }
}

/// What the sample attempts are counted under.
fn card(now: Timestamp) -> CardQuota<'static> {
    let operation = Operation::Verify;
    CardQuota { channel: "unionpay", card_index: [3; 32], operation, window_ms: DAY_MS, now }
}

fn attempt_of(n: u64) -> crate::AttemptRecord {
    let mut attempt = attempt(n, Operation::Verify);
    attempt.order = order(n);
    attempt
}

/// A request that needs a place.
pub(super) fn request(n: u64, quota: &Quota, at: Timestamp) -> Unit {
    unit(idempotency(&format!("k{n}")).insert(), [quota.take(at), binding(n).insert()])
}

/// A question that needs one of so many places.
pub(super) fn question(n: u64, places: u32, at: Timestamp) -> Unit {
    let (quota, mut attempt) = (card(at), attempt_of(n));
    attempt.sent_at = at;
    let writes = [quota.hold(), attempt.insert(), quota.check(places)];
    unit(idempotency(&format!("k{n}")).insert(), writes)
}

fn take(store: &Store, quota: Quota, at: Timestamp) -> Result<(), CommitError> {
    now(store.commit(Unit::new(quota.take(at)))).map(drop)
}

fn is_full(store: &Store, quota: Quota, at: Timestamp) -> bool {
    now(store.full_until(&quota, at)).unwrap().is_some()
}

/// Commits all at once over two stores, as two processes would, and gives what became of them.
fn all_at_once(place: &Directory, units: Vec<Unit>) -> Vec<Result<(), CommitError>> {
    let stores = [place.store(), place.store()];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let mut committing = Vec::new();
        for (unit, store) in units.into_iter().zip(stores.iter().cycle()) {
            let store = store.clone();
            committing.push(tokio::spawn(async move {
                loop {
                    match store.commit(unit.clone()).await {
                        Err(CommitError::Unavailable(Unavailable::Busy)) => {}
                        ended => return ended.map(drop),
                    }
                }
            }));
        }
        let mut results = Vec::new();
        for one in committing {
            results.push(one.await.unwrap());
        }
        results
    })
}

#[test]
fn of_many_at_once_exactly_as_many_win_as_there_are_places() {
    let place = Directory::new();
    let store = place.store();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let units = (0..60).map(|n| request(n, &quota(7), NOW.plus_ms(n.cast_signed()))).collect();
    let results = all_at_once(&place, units);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 7);
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(FULL))), "{results:?}");
    for (n, result) in (0..).zip(&results) {
        let there = wait(store.binding(platform_id(1), binding_id(n))).unwrap().is_some();
        let key = wait(store.idempotency(platform_id(1), &format!("k{n}"), NOW)).unwrap();
        assert_eq!((there, key.is_some()), (result.is_ok(), result.is_ok()), "{n}");
    }
    // Not one more was counted than won.
    let full = |count_max| wait(store.full_until(&quota(count_max), NOW)).unwrap().is_some();
    assert_eq!((full(7), full(8)), (true, false));
}

#[test]
fn of_many_questions_at_once_exactly_as_many_are_asked_as_a_channel_takes() {
    let place = Directory::new();
    let store = place.store();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let units = (0..60).map(|n| question(n, 5, NOW)).collect();
    let results = all_at_once(&place, units);
    let full = CommitError::Full { quota: "verify" };
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
    assert!(results.iter().all(|result| *result == Ok(()) || *result == Err(full)), "{results:?}");
    assert_eq!(wait(store.asked_about_card(&card(NOW))).unwrap().len(), 5);
}

#[test]
fn of_many_who_ask_the_same_at_once_one_does() {
    let place = Directory::new();
    let store = place.store();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let ask = |n: u64| {
        let (quota, record) = (card(NOW), verification(n));
        let seen = quota.not_asked_since(platform_id(1), &record.elements_index, None);
        unit(idempotency(&format!("k{n}")).insert(), [quota.hold(), seen, record.insert()])
    };
    let results = all_at_once(&place, (0..30).map(ask).collect());
    let stale = CommitError::Stale { table: "verifications" };
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| *result == Ok(()) || *result == Err(stale)), "{results:?}");

    // Whoever has seen the newest may ask again; an older one is not the newest.
    let newest =
        verification((0..30).find(|n| results[usize::try_from(*n).unwrap()].is_ok()).unwrap());
    let again = |seen, at| {
        let quota = card(at);
        let seen = quota.not_asked_since(platform_id(1), &newest.elements_index, seen);
        wait(store.commit(unit(quota.hold(), [seen]))).map(drop)
    };
    assert_eq!(again(Some(newest.id), NOW), Ok(()));
    assert_eq!(again(Some(verification(99).id), NOW), Err(stale));
    // Beyond the window it was never asked.
    assert_eq!(again(None, NOW.plus_ms(DAY_MS + 1)), Ok(()));
}

#[test]
fn a_unit_that_loses_takes_no_place() {
    let store = memory();
    let quota = quota(2);
    now(store.commit(request(1, &quota, NOW))).unwrap();
    let repeated = now(store.commit(request(1, &quota, NOW))).unwrap_err();
    assert_eq!(repeated, CommitError::Duplicate { table: "idempotency" });
    // The place is taken before the write that loses.
    let same_binding = unit(idempotency("other").insert(), [quota.take(NOW), binding(1).insert()]);
    let lost = now(store.commit(same_binding)).unwrap_err();
    assert_eq!(lost, CommitError::Duplicate { table: "bindings" });
    // Of two quotas the second is full: the first keeps its place.
    let empty = Quota { key: [9; 32], count_max: 0, ..quota };
    let both = unit(idempotency("both").insert(), [quota.take(NOW), empty.take(NOW)]);
    assert_eq!(now(store.commit(both)).unwrap_err(), FULL);
    assert!(!is_full(&store, quota, NOW));
    now(store.commit(request(2, &quota, NOW))).unwrap();
    assert_eq!(now(store.commit(request(3, &quota, NOW))).unwrap_err(), FULL);
}

#[test]
fn a_window_begins_with_its_first_place_and_ends_whole() {
    let store = memory();
    let (two, other) = (quota(2), Quota { key: [4; 32], ..quota(2) });
    let at = |ms| NOW.plus_ms(ms);
    assert_eq!(take(&store, two, at(0)), Ok(()));
    assert_eq!(take(&store, two, at(HOUR_MS)), Ok(()));
    assert_eq!(take(&store, two, at(DAY_MS - 1)), Err(FULL));
    assert_eq!(now(store.full_until(&two, at(DAY_MS - 1))), Ok(Some(at(DAY_MS))));
    assert_eq!(take(&store, other, at(DAY_MS - 1)), Ok(()), "somebody else's");
    assert!(!is_full(&store, two, at(DAY_MS)));
    assert_eq!(take(&store, two, at(DAY_MS)), Ok(()));
    assert_eq!(take(&store, two, at(DAY_MS + 1)), Ok(()));
    assert_eq!(take(&store, two, at(DAY_MS + 2)), Err(FULL));
    let none = quota(0);
    assert_eq!(take(&store, Quota { key: [5; 32], ..none }, at(0)), Err(FULL));
    assert!(is_full(&store, Quota { key: [5; 32], ..none }, at(0)));
}

#[test]
fn a_clock_set_back_locks_nobody_out_and_clocks_apart_begin_no_new_window() {
    let store = memory();
    let one = quota(1);
    assert_eq!(take(&store, one, NOW), Ok(()));
    let apart = NOW.plus_ms(-MINUTE_MS);
    assert!(is_full(&store, one, apart));
    assert_eq!(take(&store, one, apart), Err(FULL));
    let back = NOW.plus_ms(-HOUR_MS);
    assert!(!is_full(&store, one, back));
    assert_eq!(take(&store, one, back), Ok(()));
    assert_eq!(take(&store, one, back), Err(FULL));

    now(store.commit(question(1, 1, NOW))).unwrap();
    let full = Err(CommitError::Full { quota: "verify" });
    assert_eq!(now(store.commit(question(2, 1, apart))).map(drop), full);
    assert_eq!(now(store.commit(question(3, 1, back))).map(drop), Ok(()));
    assert_eq!(now(store.asked_about_card(&card(back))), Ok(vec![back]));
}

#[test]
fn a_place_given_back_is_free_again_and_only_in_its_own_window() {
    let store = memory();
    let one = quota(1);
    let give_back = |at| now(store.commit(unit(idempotency("x").insert(), [one.give_back(at)])));
    give_back(NOW).unwrap();
    assert_eq!(take(&store, one, NOW), Ok(()), "nothing was taken, nothing is given back");
    assert_eq!(take(&store, one, NOW), Err(FULL));
    now(store.commit(Unit::new(one.give_back(NOW)))).unwrap();
    now(store.commit(Unit::new(one.give_back(NOW)))).unwrap();
    assert_eq!(take(&store, one, NOW), Ok(()));
    assert_eq!(take(&store, one, NOW), Err(FULL), "it never goes below none");
    assert_eq!(take(&store, one, NOW.plus_ms(DAY_MS)), Ok(()));
    now(store.commit(Unit::new(one.give_back(NOW)))).unwrap();
    assert_eq!(take(&store, one, NOW.plus_ms(DAY_MS)), Err(FULL), "of the window before");
}

#[test]
fn questions_count_for_a_window_wherever_it_begins() {
    let store = memory();
    let mut unsent = attempt_of(1);
    unsent.state = "not_attempted".to_owned();
    let mut other_card = attempt_of(2);
    other_card.card_index = Some([0; 32]);
    let mut other_channel = attempt_of(3);
    other_channel.order.channel = "other".to_owned();
    let mut other_platform = attempt_of(4);
    other_platform.platform = platform_id(2);
    let other_operation = attempt(5, Operation::SendCode);
    let rows = [unsent, other_card, other_channel, other_platform, other_operation];
    now(store.commit(unit(platform(2).insert(), rows.map(|row| row.insert())))).unwrap();
    // One of another platform counts: the quota is the channel's.
    assert_eq!(now(store.asked_about_card(&card(NOW))), Ok(vec![NOW]));
    let ask = |n, ms| now(store.commit(question(n, 2, NOW.plus_ms(ms)))).map(drop);
    let full = Err(CommitError::Full { quota: "verify" });
    assert_eq!(ask(6, DAY_MS / 2), Ok(()));
    assert_eq!(ask(7, DAY_MS), full);
    assert_eq!(ask(8, DAY_MS + 1), Ok(()), "the first is older than the window");
    assert_eq!(ask(9, DAY_MS + 2), full, "the second is not");
    assert_eq!(ask(10, DAY_MS + DAY_MS / 2 + 1), Ok(()));
}

#[test]
fn what_is_over_is_thrown_away() {
    let directory = Directory::new();
    let store = directory.store();
    wait(store.commit(unit(platform(1).insert(), [quota(1).take(NOW)]))).unwrap();
    let purge = |at| wait(store.commit(Unit::new(Quota::purge(at)))).unwrap();
    purge(NOW.plus_ms(DAY_MS - 1));
    let later = Quota { count_max: 1, ..quota(1) };
    assert!(wait(store.full_until(&later, NOW)).unwrap().is_some());
    purge(NOW.plus_ms(DAY_MS));
    assert!(wait(store.full_until(&later, NOW)).unwrap().is_none());
}
