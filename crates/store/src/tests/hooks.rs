//! Endpoints, deliveries and the hand-out: each event once, and nothing that is about money waits
//! for somebody's endpoint.

use super::samples::*;
use crate::{CommitError, DeliveryRecord, EndpointRecord, Lane, Store, UnplacedEvent};

fn store_with_an_endpoint() -> Store {
    let store = memory();
    let rows = [endpoint(1).insert(), endpoint(2).insert()];
    now(store.commit(unit(platform(2).insert(), rows))).unwrap();
    store
}

#[test]
fn an_endpoint_round_trips_and_its_secrets_change_apart() {
    let store = store_with_an_endpoint();
    let read = || now(store.endpoint(platform_id(1), endpoint(1).id)).unwrap().unwrap();
    assert_eq!(read(), endpoint(1));
    let mut changed = read();
    changed.url = "https://other.example/".to_owned();
    changed.disabled_at = Some(NOW);
    changed.sealed = b"never written by this".to_vec();
    now(store.commit(unit(changed.update(), []))).unwrap();
    let after = read();
    assert_eq!((after.version, &*after.url, after.disabled_at), (2, &*changed.url, Some(NOW)));
    assert_eq!(after.sealed, endpoint(1).sealed);
    let mut rotated = after.clone();
    (rotated.sealed, rotated.old_secret_until) = (b"new".to_vec(), Some(NOW));
    now(store.commit(unit(rotated.update_secrets(), []))).unwrap();
    assert_eq!((read().version, read().sealed), (3, b"new".to_vec()));
    let late = now(store.commit(unit(after.update(), [])));
    assert_eq!(late.unwrap_err(), CommitError::Stale { table: "endpoints" });
}

#[test]
fn failing_is_noted_from_its_beginning_until_something_gets_through() {
    let store = store_with_an_endpoint();
    let since =
        || now(store.endpoint(platform_id(1), endpoint(1).id)).unwrap().unwrap().failing_since;
    for moment in [NOW, NOW.plus_ms(5)] {
        now(store.commit(unit(EndpointRecord::fails(endpoint(1).id, moment), []))).unwrap();
        assert_eq!(since(), Some(NOW));
    }
    now(store.commit(unit(EndpointRecord::works(endpoint(1).id), []))).unwrap();
    assert_eq!(since(), None);
}

#[test]
fn an_endpoint_has_an_event_once() {
    let store = store_with_an_endpoint();
    now(store.commit(unit(delivery(1).insert(), []))).unwrap();
    let again = DeliveryRecord { event: delivery(1).event, ..delivery(2) };
    let lost = now(store.commit(unit(again.insert(), [])));
    assert_eq!(lost.unwrap_err(), CommitError::Duplicate { table: "deliveries" });
    let other = DeliveryRecord { endpoint: endpoint(2).id, ..again };
    now(store.commit(unit(other.insert(), []))).unwrap();
}

#[test]
fn of_two_who_hand_out_from_one_place_one_does() {
    let store = store_with_an_endpoint();
    let from = now(store.handed_out()).unwrap();
    now(store.commit(unit(DeliveryRecord::hand_out(from, from + 3), [delivery(1).insert()])))
        .unwrap();
    let late =
        now(store.commit(unit(DeliveryRecord::hand_out(from, from + 5), [delivery(2).insert()])));
    assert_eq!(late.unwrap_err(), CommitError::Stale { table: "hand_outs" });
    assert_eq!(now(store.handed_out()).unwrap(), from + 3);
    let theirs = now(store.delivery(platform_id(1), delivery(2).id)).unwrap();
    assert_eq!(theirs, None, "what the loser made is not there either");
}

#[test]
fn a_lane_is_claimed_by_itself() {
    let store = store_with_an_endpoint();
    let mut carried = step(1, NOW);
    carried.lane = Lane::Endpoints;
    let rows = [step(2, NOW.plus_ms(5)).insert()];
    now(store.commit(unit(carried.insert(), rows))).unwrap();
    assert_eq!(now(store.next_step_at()).unwrap(), Some(NOW.plus_ms(5)));
    assert_eq!(now(store.next_step_of(Lane::Endpoints, NOW)).unwrap(), Some(NOW));
    let later = NOW.plus_ms(10);
    let house = now(store.claim(later, "a", 1_000, 9)).unwrap();
    assert_eq!(house.iter().map(|step| step.id).collect::<Vec<_>>(), [step(2, NOW).id]);
    let told = now(store.claim_of(Lane::Endpoints, later, "a", 1_000, 9)).unwrap();
    assert_eq!(
        told.iter().map(|step| (step.id, step.lane)).collect::<Vec<_>>(),
        [(carried.id, Lane::Endpoints)]
    );
}

#[test]
fn deliveries_that_ended_go_away_and_those_under_way_stay() {
    let store = store_with_an_endpoint();
    let ended = DeliveryRecord { state: "delivered".to_owned(), ..delivery(1) };
    now(store.commit(unit(ended.insert(), [delivery(2).insert()]))).unwrap();
    now(store.commit(unit(DeliveryRecord::purge(NOW.plus_ms(1)), []))).unwrap();
    assert_eq!(now(store.delivery(platform_id(1), ended.id)).unwrap(), None);
    assert!(now(store.delivery(platform_id(1), delivery(2).id)).unwrap().is_some());
}

/// What is placed, by position: subject and number.
fn order(store: &Store) -> Vec<(i64, String, i64)> {
    let placed = now(store.events_after(0, 100)).unwrap();
    let told = |p: crate::PlacedEvent| (p.position, p.event.subject.to_string(), p.event.seq);
    placed.into_iter().map(told).collect()
}

#[test]
fn events_are_read_in_the_order_of_their_places_and_those_without_are_not() {
    let store = store_with_an_endpoint();
    let rows = [event(1, 1).insert(), event(2, 1).insert(), event(1, 2).insert()];
    now(store.commit(unit(binding(1).insert(), rows))).unwrap();
    assert_eq!(order(&store), []);
    let unplaced = now(store.unplaced_events(10)).unwrap();
    let waiting: Vec<_> = unplaced.iter().map(|one| (one.seq, one.before_it)).collect();
    assert_eq!(waiting.iter().filter(|one| **one == (2, 1)).count(), 1, "{waiting:?}");
    // Placed in another order than they were written in.
    let places: Vec<_> = unplaced.iter().rev().zip(1..).map(|(one, at)| one.place(at)).collect();
    now(store.commit(unit(UnplacedEvent::move_end(0, 3), places))).unwrap();
    assert_eq!(order(&store).iter().map(|one| one.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(now(store.events_after(1, 1)).unwrap()[0].position, 2);
    assert_eq!(now(store.unplaced_events(10)).unwrap(), []);
    let (own, other) = (platform_id(1), platform_id(2));
    assert_eq!(now(store.events_of_platform(own, 1, 10)).unwrap().len(), 2);
    assert_eq!(now(store.events_of_platform(other, 0, 10)).unwrap(), []);
}

#[test]
fn of_two_who_give_places_from_one_end_one_does_and_none_gives_a_place_twice() {
    let store = store_with_an_endpoint();
    now(store.commit(unit(binding(1).insert(), [event(1, 1).insert(), event(2, 1).insert()])))
        .unwrap();
    let both = now(store.unplaced_events(10)).unwrap();
    let give = |from, to, place: crate::Statement| {
        now(store.commit(unit(UnplacedEvent::move_end(from, to), [place])))
    };
    give(0, 1, both[0].place(1)).unwrap();
    let late = give(0, 1, both[1].place(1)).unwrap_err();
    assert_eq!(late, CommitError::Stale { table: "hand_outs" });
    let again = give(1, 2, both[0].place(2)).unwrap_err();
    assert_eq!(again, CommitError::Stale { table: "events" });
    assert_eq!(now(store.end_of_order()).unwrap(), 1, "the loser moved nothing");
    give(1, 2, both[1].place(2)).unwrap();
    assert_eq!(order(&store).len(), 2);
}

/// Two processes on one database give places at once, and more events come meanwhile: no place is
/// given twice, none is left out, and each log keeps its own order.
#[test]
fn two_processes_give_places_in_one_order() {
    let directory = Directory::new();
    let (one, two) = (directory.store(), directory.store());
    wait(one.commit(unit(platform(1).insert(), (1..=8).map(|n| binding(n).insert())))).unwrap();
    let write = async |store: &Store| {
        for seq in 1..=6 {
            for n in 1..=8 {
                store.commit(unit(event(n, seq).insert(), [])).await.unwrap();
            }
        }
    };
    let place = async |store: &Store| {
        loop {
            let end = store.end_of_order().await.unwrap();
            if end == 48 {
                return;
            }
            let found = store.unplaced_events(5).await.unwrap();
            // Without its predecessor none gets a place: what the engine's own order sees to.
            let ready: Vec<_> = found.into_iter().filter(|one| one.before_it == 0).collect();
            if !ready.is_empty() {
                let to = end + i64::try_from(ready.len()).unwrap();
                let places = ready.iter().zip(end + 1..).map(|(one, at)| one.place(at));
                let tried = store.commit(unit(UnplacedEvent::move_end(end, to), places)).await;
                assert!(matches!(tried, Ok(_) | Err(CommitError::Stale { .. })), "{tried:?}");
            }
        }
    };
    wait(async { tokio::join!(write(&one), place(&one), place(&two)) });
    let placed = wait(one.events_after(0, 100)).unwrap();
    let positions: Vec<_> = placed.iter().map(|found| found.position).collect();
    assert_eq!(positions, (1..=48).collect::<Vec<_>>());
    for n in 1..=8 {
        let own = placed.iter().filter(|found| found.event.subject == binding_id(n).into());
        assert_eq!(own.map(|found| found.event.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}
