//! How one unit ends, in memory.

use mingka_domain::effect::Effect;
use mingka_domain::outcome::Operation;

use super::samples::*;
use crate::{CommitError, Faults, Store, Unavailable, Unit};

#[test]
fn a_guard_that_finds_its_row_there_is_a_duplicate_and_nothing_is_written() {
    let store = memory();
    let result = now(store.commit(unit(platform(1).insert(), [binding(1).insert()])));
    assert_eq!(result.unwrap_err(), CommitError::Duplicate { table: "platforms" });
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), None);
}

#[test]
fn a_guard_that_changes_no_row_is_stale_and_nothing_is_written() {
    let store = memory();
    now(store.commit(Unit::new(platform(1).update()))).unwrap();
    let stale = platform(1); // still of version 1
    let result = now(store.commit(unit(stale.update(), [binding(1).insert()])));
    assert_eq!(result.unwrap_err(), CommitError::Stale { table: "platforms" });
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), None);
}

#[test]
fn a_write_that_loses_takes_its_guard_with_it() {
    let store = memory();
    now(store.commit(Unit::new(binding(1).insert()))).unwrap();
    let two_of_one = [binding(2).insert(), binding(1).insert()];
    let result = now(store.commit(unit(idempotency("k").insert(), two_of_one)));
    assert_eq!(result.unwrap_err(), CommitError::Duplicate { table: "bindings" });
    assert_eq!(now(store.binding(platform_id(1), binding_id(2))).unwrap(), None);
    assert_eq!(now(store.idempotency(platform_id(1), "k", NOW)).unwrap(), None);
}

#[test]
fn a_stale_write_makes_its_whole_unit_stale() {
    let store = memory();
    now(store.commit(unit(binding(1).insert(), [session(1).insert()]))).unwrap();
    let (mut changed, mut old) = (binding(1), session(1));
    changed.state = "active".to_owned();
    old.version = 7;
    let result = now(store.commit(unit(changed.update(), [old.update()])));
    assert_eq!(result.unwrap_err(), CommitError::Stale { table: "sessions" });
    let kept = now(store.binding(platform_id(1), binding_id(1))).unwrap().unwrap();
    assert_eq!(kept.state, "checked");
}

#[test]
fn a_broken_rule_of_the_schema_is_invalid_and_nothing_is_written() {
    let store = memory();
    let outside = event(1, 0);
    let result = now(store.commit(unit(binding(1).insert(), [outside.insert()])));
    assert_eq!(result.unwrap_err(), CommitError::Invalid { table: "events" });

    let mut too_long = binding(1);
    too_long.card.last4 = "62160018".to_owned();
    let result = now(store.commit(Unit::new(too_long.insert())));
    assert_eq!(result.unwrap_err(), CommitError::Invalid { table: "bindings" });
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), None);
}

#[test]
fn one_order_identity_serves_one_code_and_every_try_to_open_with_it() {
    let store = memory();
    now(store.commit(unit(
        attempt(1, Operation::SendCode).insert(),
        [attempt(2, Operation::OpenAgreement).insert()],
    )))
    .unwrap();
    now(store.commit(Unit::new(attempt(7, Operation::OpenAgreement).insert()))).unwrap();
    let again = now(store.commit(Unit::new(attempt(3, Operation::SendCode).insert())));
    assert_eq!(again.unwrap_err(), CommitError::Duplicate { table: "attempts" });
    for n in 4..6 {
        now(store.commit(Unit::new(attempt(n, Operation::QueryState).insert()))).unwrap();
    }
}

#[test]
fn a_log_that_went_on_meanwhile_refuses_the_same_place_twice() {
    let store = memory();
    now(store.commit(unit(binding(1).insert(), [event(1, 1).insert()]))).unwrap();
    let result = now(store.commit(Unit::new(event(1, 1).insert())));
    assert_eq!(result.unwrap_err(), CommitError::Duplicate { table: "events" });
}

#[test]
fn effects_come_back_only_with_the_proof() {
    let store = memory();
    let effects = vec![Effect::Send(attempt(1, Operation::SendCode).id), Effect::Announce];
    let lost = Unit::new(platform(1).insert()).effects(effects.clone());
    assert!(now(store.commit(lost)).is_err());
    let won = Unit::new(binding(1).insert()).effects(effects.clone());
    assert_eq!(now(store.commit(won)).unwrap().into_effects(), effects);
}

#[test]
fn what_is_closed_says_so() {
    let directory = Directory::new();
    let on_file = directory.store();
    wait(on_file.commit(Unit::new(platform(1).insert()))).unwrap();
    let clone = on_file.clone();
    wait(on_file.close());
    let closed = CommitError::Unavailable(Unavailable::Closed);
    assert_eq!(wait(clone.commit(Unit::new(binding(1).insert()))).unwrap_err(), closed);
    assert!(wait(clone.platforms()).is_err());
    wait(clone.close());

    let in_memory = memory();
    now(in_memory.close());
    assert_eq!(now(in_memory.commit(Unit::new(binding(1).insert()))).unwrap_err(), closed);
    assert!(now(in_memory.platforms()).is_err());
}

#[test]
fn a_copy_in_memory_holds_what_was_there_and_goes_its_own_way() {
    let store = Store::open_in_memory().unwrap();
    wait(store.commit(Unit::new(platform(1).insert()))).unwrap();
    let copy = store.copied_in_memory(Faults::none()).unwrap();
    wait(store.commit(Unit::new(binding(1).insert()))).unwrap();
    wait(copy.commit(Unit::new(binding(2).insert()))).unwrap();
    let has =
        |store: &Store, n| wait(store.binding(platform_id(1), binding_id(n))).unwrap().is_some();
    assert_eq!((has(&store, 1), has(&store, 2)), (true, false));
    assert_eq!((has(&copy, 1), has(&copy, 2)), (false, true));
    let file = Directory::new();
    let on_disk = Store::open(file.file()).unwrap();
    assert!(on_disk.copied_in_memory(Faults::none()).is_err());
}
