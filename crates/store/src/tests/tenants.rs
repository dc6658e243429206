//! Platforms cannot see each other: every read of a tenant's data is tried with another's id.

use mingka_domain::outcome::Operation;

use super::samples::*;
use crate::{CommitError, Cursor, Store};

fn full() -> Store {
    let store = memory();
    let rows = [
        binding(1).insert(),
        event(1, 1).insert(),
        session(1).insert(),
        attempt(1, Operation::SendCode).insert(),
        instrument(1).insert(),
        agreement(1).insert(),
        verification(1).insert(),
        consent_text().keep(),
        consent().insert(),
        idempotency("k").insert(),
        api_key(1).insert(),
        step(1, NOW).insert(),
        endpoint(1).insert(),
        delivery(1).insert(),
    ];
    now(store.commit(unit(platform(2).insert(), rows))).unwrap();
    store
}

/// What one platform finds of everything that platform 1 owns.
fn found(store: &Store, n: u64) -> Vec<(&'static str, bool)> {
    let p = platform_id(n);
    let subject = binding_id(1).into();
    let instrument_id = instrument(1).id;
    let named = now(store.named(p, ("k", "default", instrument_id), NOW)).unwrap();
    let force = now(store.in_force(p, instrument_id)).unwrap();
    vec![
        ("key, named", named.key.is_some()),
        ("instrument, named", named.instrument.is_some()),
        ("agreements in force", !force.agreements.is_empty()),
        ("binding", now(store.binding(p, binding_id(1))).unwrap().is_some()),
        ("bindings", !now(store.bindings(p, Cursor::first(9))).unwrap().items.is_empty()),
        (
            "bindings of a borrower",
            !now(store.bindings_of_borrower(p, "b-1", Cursor::first(9))).unwrap().items.is_empty(),
        ),
        ("events", !now(store.events_of(p, binding_id(1).into(), 0, 9)).unwrap().is_empty()),
        ("session", now(store.session(p, session(1).id)).unwrap().is_some()),
        ("attempt", now(store.attempt(p, attempt(1, Operation::Verify).id)).unwrap().is_some()),
        ("attempts", !now(store.attempts(p, subject)).unwrap().is_empty()),
        ("instrument", now(store.instrument(p, instrument_id)).unwrap().is_some()),
        ("instruments", !now(store.instruments(p, Cursor::first(9))).unwrap().items.is_empty()),
        (
            "instruments of borrower",
            !now(store.instruments_of_borrower(p, "b-1", Cursor::first(9)))
                .unwrap()
                .items
                .is_empty(),
        ),
        ("of binding", now(store.instrument_of_binding(p, binding_id(1))).unwrap().is_some()),
        ("agreement", now(store.agreement(p, agreement(1).id)).unwrap().is_some()),
        ("agreements", !now(store.agreements(p, instrument_id)).unwrap().is_empty()),
        ("verification", now(store.verification(p, verification(1).id)).unwrap().is_some()),
        ("verifications", !now(store.verifications(p, Cursor::first(9))).unwrap().items.is_empty()),
        (
            "verifications of a borrower",
            !now(store.verifications_of_borrower(p, "b-1", Cursor::first(9)))
                .unwrap()
                .items
                .is_empty(),
        ),
        ("same question", now(store.verification_of_elements(p, &[2; 32], NOW)).unwrap().is_some()),
        ("consents", !now(store.consents(p, subject)).unwrap().is_empty()),
        ("idempotency", now(store.idempotency(p, "k", NOW)).unwrap().is_some()),
        ("api keys", !now(store.api_keys(p)).unwrap().is_empty()),
        ("endpoint", now(store.endpoint(p, endpoint(1).id)).unwrap().is_some()),
        ("endpoints", !now(store.endpoints(p)).unwrap().is_empty()),
        ("delivery", now(store.delivery(p, delivery(1).id)).unwrap().is_some()),
        (
            "deliveries",
            !now(store.deliveries(p, endpoint(1).id, Cursor::first(9))).unwrap().items.is_empty(),
        ),
        ("steps", !now(store.steps(p, subject)).unwrap().is_empty()),
    ]
}

#[test]
fn no_read_shows_another_platforms_rows() {
    let store = full();
    for ((what, by_owner), (_, by_other)) in found(&store, 1).into_iter().zip(found(&store, 2)) {
        assert!(by_owner, "{what}: the owner must find it, or this test proves nothing");
        assert!(!by_other, "{what}: shown to another platform");
    }
}

#[test]
fn no_update_reaches_another_platforms_rows() {
    let store = full();
    let other = platform_id(2);
    let mut rows = (binding(1), session(1), instrument(1), agreement(1), verification(1));
    let mut sent = attempt(1, Operation::SendCode);
    (rows.0.platform, rows.1.platform, rows.2.platform) = (other, other, other);
    (rows.3.platform, rows.4.platform, sent.platform) = (other, other, other);
    let mut told = (endpoint(1), delivery(1));
    (told.0.platform, told.1.platform) = (other, other);
    for statement in [
        rows.0.update(),
        rows.1.update(),
        rows.2.update(),
        rows.3.update(),
        rows.4.update(),
        sent.update(),
        told.0.update(),
        told.0.update_secrets(),
        told.1.update(),
    ] {
        let table = statement.row.table;
        let result = now(store.commit(unit(statement, [])));
        assert_eq!(result.unwrap_err(), CommitError::Stale { table });
    }
}

#[test]
fn two_platforms_may_use_the_same_idempotency_key() {
    let store = full();
    let mut same = idempotency("k");
    same.platform = platform_id(2);
    now(store.commit(unit(same.insert(), []))).unwrap();
}
