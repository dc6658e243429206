//! The evidence log's rows: one appends at a time, the newest tile grows, leaves come in order.

use super::samples::*;
use crate::{CheckpointRecord, CommitError, LeafRecord, TileRecord, UnplacedEvent};

fn leaf(position: i64, salt: u8) -> LeafRecord {
    let event = event(1, position).id();
    LeafRecord { position, event, salt: Some([salt; 32]), commitment: [9; 32] }
}

#[test]
fn of_two_who_append_from_one_end_one_does() {
    let store = memory();
    assert_eq!(now(store.evidence_size()).unwrap(), 0);
    now(store.commit(unit(LeafRecord::move_end(0, 1), [leaf(1, 1).insert()]))).unwrap();
    let late = now(store.commit(unit(LeafRecord::move_end(0, 2), [leaf(2, 2).insert()])));
    assert_eq!(late.unwrap_err(), CommitError::Stale { table: "evidence_log" });
    assert_eq!(now(store.evidence_size()).unwrap(), 1);
    assert_eq!(now(store.leaves_after(0, 9)).unwrap(), [leaf(1, 1)]);
    let again = now(store.commit(unit(LeafRecord::move_end(1, 2), [leaf(1, 3).insert()])));
    assert_eq!(again.unwrap_err(), CommitError::Duplicate { table: "evidence_leaves" });
}

#[test]
fn the_newest_tile_grows_and_the_newest_checkpoint_is_found() {
    let store = memory();
    let tile = |bytes: &[u8]| TileRecord { level: 1, number: 2, hashes: bytes.to_vec() };
    let note = |size: i64| CheckpointRecord { size, note: format!("note {size}"), at: NOW };
    now(store.commit(unit(LeafRecord::move_end(0, 1), [tile(b"a").write(), note(1).insert()])))
        .unwrap();
    now(store.commit(unit(LeafRecord::move_end(1, 3), [tile(b"ab").write(), note(3).insert()])))
        .unwrap();
    assert_eq!(now(store.evidence_tile(1, 2)).unwrap(), Some(b"ab".to_vec()));
    assert_eq!(now(store.evidence_tile(1, 3)).unwrap(), None);
    assert_eq!(now(store.newest_checkpoint()).unwrap(), Some(note(3)));
}

#[test]
fn the_leaves_of_a_subject_come_in_the_order_of_its_log() {
    let store = memory();
    let (first, second) = (event(1, 1), event(1, 2));
    let rows = [first.insert(), second.insert()];
    now(store.commit(unit(UnplacedEvent::move_end(0, 2), rows))).unwrap();
    let places: Vec<_> = now(store.unplaced_events(9)).unwrap();
    let placed = (1..).zip(&places).map(|(position, event)| event.place(position));
    now(store.commit(unit(UnplacedEvent::move_end(2, 4), placed))).unwrap();
    let leaves = [leaf(1, 1), leaf(2, 2)];
    let rows = leaves.iter().map(LeafRecord::insert);
    now(store.commit(unit(LeafRecord::move_end(0, 2), rows))).unwrap();
    let of = |platform, until| now(store.leaves_of(platform, first.subject, until)).unwrap();
    assert_eq!(of(platform_id(1), 2), leaves);
    assert_eq!(of(platform_id(1), 1), leaves[..1]);
    assert_eq!(of(platform_id(2), 2), []);
}
