//! Reading what cannot be understood, lists by cursor, counts, and rotation.

use proptest::prelude::*;

use super::samples::*;
use crate::{CommitError, Cursor, Listed, ReadError, SealedKind, Store};

#[test]
fn a_row_that_cannot_be_understood_names_its_column_and_nothing_else() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    wait(store.commit(unit(platform(1).insert(), [binding(1).insert()]))).unwrap();
    let other = rusqlite::Connection::open(directory.file()).unwrap();
    // Columns of the row as it is read: the masked card is three of them, 7 to 9.
    for (change, column) in [
        ("sealed = 'text'", 5),
        ("card_index = x'00'", 6),
        ("session = 'nonsense'", 12),
        ("created_at = 'yesterday'", 13),
    ] {
        other.execute_batch(&format!("UPDATE bindings SET {change}")).unwrap();
        let read = wait(store.binding(platform_id(1), binding_id(1)));
        assert_eq!(read, Err(ReadError::Damaged { column }), "{change}");
        restore(&other);
    }
    assert_eq!(wait(store.binding(platform_id(1), binding_id(1))), Ok(Some(binding(1))));
}

fn restore(connection: &rusqlite::Connection) {
    let whole = binding(1);
    connection
        .execute(
            "UPDATE bindings SET card_index = $1, session = $2, sealed = $3, created_at = $4",
            (
                whole.card_index.as_slice(),
                whole.session.map(|id| id.to_string()),
                whole.sealed.as_slice(),
                whole.created_at.as_millis(),
            ),
        )
        .unwrap();
}

fn numbers(listed: &Listed<crate::BindingRecord>, count: u64) -> Vec<u64> {
    let number = |id| (1..=count).find(|n| binding_id(*n) == id).unwrap();
    listed.items.iter().map(|record| number(record.id)).collect()
}

#[test]
fn lists_end_where_they_should() {
    let store = memory();
    let empty = now(store.bindings(platform_id(1), Cursor::first(10))).unwrap();
    assert_eq!(empty, Listed { items: Vec::new(), has_more: false });
    now(store.commit(unit(platform(2).insert(), (1..=3).map(|n| binding(n).insert())))).unwrap();
    let list = |page| now(store.bindings(platform_id(1), page)).unwrap();

    let all = list(Cursor::first(3));
    assert_eq!((numbers(&all, 3), all.has_more), (vec![3, 2, 1], false));
    let two = list(Cursor::first(2));
    assert_eq!((numbers(&two, 3), two.has_more), (vec![3, 2], true));
    let none = list(Cursor::first(0));
    assert_eq!((numbers(&none, 3), none.has_more), (vec![3], true), "a limit of 0 is 1");
    let after = list(Cursor { starting_after: Some(binding_id(2)), ..Cursor::first(9) });
    assert_eq!((numbers(&after, 3), after.has_more), (vec![1], false));
    let before = list(Cursor { ending_before: Some(binding_id(1)), ..Cursor::first(1) });
    assert_eq!((numbers(&before, 3), before.has_more), (vec![2], true));
    let beyond = list(Cursor { starting_after: Some(binding_id(1)), ..Cursor::first(9) });
    assert_eq!((numbers(&beyond, 3), beyond.has_more), (vec![], false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn paging_either_way_shows_every_row_once(count in 0u64..25, limit in 1u32..8) {
        let store = memory();
        let rows = (1..=count).map(|n| binding(n).insert());
        now(store.commit(unit(platform(2).insert(), rows))).unwrap();
        let expected: Vec<u64> = (1..=count).rev().collect();

        let (mut seen, mut page) = (Vec::new(), Cursor::first(limit));
        loop {
            let listed = now(store.bindings(platform_id(1), page)).unwrap();
            seen.extend(numbers(&listed, count));
            page.starting_after = listed.items.last().map(|record| record.id);
            if !listed.has_more {
                break;
            }
        }
        prop_assert_eq!(&seen, &expected);

        let (mut seen, mut page) = (Vec::new(), Cursor::first(limit));
        page.ending_before = Some(binding_id(0));
        loop {
            let listed = now(store.bindings(platform_id(1), page)).unwrap();
            seen.splice(0..0, numbers(&listed, count));
            page.ending_before = listed.items.first().map(|record| record.id);
            if !listed.has_more {
                break;
            }
        }
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn a_reseal_gives_way_to_whoever_was_there_first() {
    let store = memory();
    let rows = [
        binding(1).insert(),
        instrument(1).insert(),
        agreement(1).insert(),
        verification(1).insert(),
        session(1).insert(),
        endpoint(1).insert(),
    ];
    now(store.commit(unit(platform(2).insert(), rows))).unwrap();
    for kind in SealedKind::ALL {
        let found = now(store.records_to_reseal(kind, "", 10)).unwrap();
        assert_eq!(found.len(), 1, "{kind:?}");
        now(store.commit(unit(found[0].reseal(b"new"), []))).unwrap();
        let late = now(store.commit(unit(found[0].reseal(b"late"), [])));
        assert!(matches!(late, Err(CommitError::Stale { .. })), "{kind:?}");
        let now_there = now(store.records_to_reseal(kind, "", 10)).unwrap();
        assert_eq!(now_there[0].sealed, b"new", "{kind:?}");
        assert!(now(store.records_to_reseal(kind, &found[0].id, 10)).unwrap().is_empty());
    }
    let unchanged = now(store.binding(platform_id(1), binding_id(1))).unwrap().unwrap();
    assert_eq!(unchanged.version, 1, "nobody's compare-and-set is lost to a rotation");
}
