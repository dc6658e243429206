//! Every record comes back as it was written, and its updates write what they say.

use mingka_domain::outcome::Operation;

use super::samples::*;
use crate::{ApiKeyRecord, CommitError, IdempotencyRecord, SessionRecord, StepRecord, StopRecord};

const STALE_KEY: CommitError = CommitError::Stale { table: "idempotency" };

#[test]
fn an_idempotency_key_is_taken_once_answered_once_and_free_again_when_its_time_is_over() {
    let store = memory();
    let taken = CommitError::Duplicate { table: "idempotency" };
    let record = idempotency("k");
    let answer = |text| unit(IdempotencyRecord::answer(platform_id(1), "k", text), []);
    assert_eq!(now(store.commit(answer("{}"))).unwrap_err(), STALE_KEY);
    now(store.commit(unit(record.insert(), []))).unwrap();
    assert_eq!(now(store.commit(unit(record.insert(), []))).unwrap_err(), taken);
    assert_eq!(now(store.idempotency(platform_id(1), "k", NOW)).unwrap(), Some(record.clone()));
    now(store.commit(answer(r#"{"a":1}"#))).unwrap();
    assert_eq!(now(store.commit(answer(r#"{"a":2}"#))).unwrap_err(), STALE_KEY);
    let read = now(store.idempotency(platform_id(1), "k", NOW)).unwrap().unwrap();
    assert_eq!(read.answer.as_deref(), Some(r#"{"a":1}"#));

    let over = NOW.plus_ms(1000);
    assert_eq!(now(store.idempotency(platform_id(1), "k", over)).unwrap(), None);
    let mut anew = record;
    (anew.created_at, anew.expires_at, anew.fingerprint) = (over, over.plus_ms(1000), [5; 32]);
    now(store.commit(unit(anew.insert(), []))).unwrap();
    assert_eq!(now(store.commit(unit(anew.insert(), []))).unwrap_err(), taken);
    assert_eq!(now(store.idempotency(platform_id(1), "k", over)).unwrap(), Some(anew));
    now(store.commit(unit(platform(2).insert(), [IdempotencyRecord::purge(over.plus_ms(1000))])))
        .unwrap();
    assert_eq!(now(store.idempotency(platform_id(1), "k", over)).unwrap(), None);
}

#[test]
fn platforms_and_keys() {
    let store = memory();
    let mut changed = platform(1);
    (changed.name, changed.stopped_at) = ("new name".to_owned(), Some(NOW));
    now(store.commit(unit(changed.update(), [api_key(1).insert(), api_key(2).insert()]))).unwrap();
    changed.version = 2;
    assert_eq!(now(store.platform(platform_id(1))).unwrap(), Some(changed.clone()));
    let namesake = crate::PlatformRecord { name: changed.name, ..platform(7) };
    let taken = CommitError::Duplicate { table: "platforms" };
    assert_eq!(now(store.commit(unit(namesake.insert(), []))).unwrap_err(), taken);

    let same_prefix = ApiKeyRecord { id: api_key(3).id, ..api_key(1) };
    let duplicate = CommitError::Duplicate { table: "api_keys" };
    assert_eq!(now(store.commit(unit(same_prefix.insert(), []))).unwrap_err(), duplicate);
    assert_eq!(now(store.api_keys(platform_id(1))).unwrap(), [api_key(1), api_key(2)]);

    let touch = |ms| unit(ApiKeyRecord::touch(api_key(1).id, NOW.plus_ms(ms), 60_000), []);
    now(store.commit(touch(0))).unwrap();
    assert!(now(store.commit(touch(59_999))).is_err());
    now(store.commit(touch(60_000))).unwrap();
    let revoke = |platform| unit(ApiKeyRecord::revoke(platform, api_key(1).id, NOW), []);
    assert!(now(store.commit(revoke(platform_id(2)))).is_err(), "another platform's key");
    now(store.commit(revoke(platform_id(1)))).unwrap();
    assert!(now(store.commit(revoke(platform_id(1)))).is_err());
    let read = now(store.api_key_by_prefix("mk_1")).unwrap().unwrap();
    assert_eq!((read.revoked_at, read.last_used_at), (Some(NOW), Some(NOW.plus_ms(60_000))));
    assert_eq!(now(store.api_key_by_prefix("mk_")).unwrap(), None);
}

#[test]
fn bindings_events_and_sessions() {
    let store = memory();
    now(store.commit(unit(
        binding(1).insert(),
        [session(1).insert(), event(1, 1).insert(), event(1, 2).insert()],
    )))
    .unwrap();
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), Some(binding(1)));
    assert_eq!(now(store.session(platform_id(1), session(1).id)).unwrap(), Some(session(1)));
    let events = |after, limit| {
        let events = store.events_of(platform_id(1), binding_id(1).into(), after, limit);
        now(events).unwrap().into_iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!((events(0, 9), events(0, 1), events(1, 9)), (vec![1, 2], vec![1], vec![2]));

    let mut changed = binding(1);
    changed.state = "awaiting_code".to_owned();
    changed.machine = r#"{"sends":1}"#.to_owned();
    changed.channel = "other".to_owned();
    changed.updated_at = NOW.plus_ms(5);
    let mut attached = session(1);
    (attached.binding, attached.settings) = (Some(binding_id(1)), r#"{"lang":"en"}"#.to_owned());
    now(store.commit(unit(changed.update(), [attached.update()]))).unwrap();
    (changed.version, attached.version) = (2, 2);
    assert_eq!(now(store.binding(platform_id(1), binding_id(1))).unwrap(), Some(changed));
    let by_token = now(store.session_by_token(&session(1).token_hash)).unwrap();
    assert_eq!(by_token, Some(attached));

    let forget = SessionRecord::forget_prefill(NOW.plus_ms(1000));
    now(store.commit(unit(platform(2).insert(), [forget]))).unwrap();
    let forgotten = now(store.session(platform_id(1), session(1).id)).unwrap().unwrap();
    assert_eq!(forgotten.prefill_sealed, None);
}

#[test]
fn attempts() {
    let store = memory();
    let (code, open) = (attempt(1, Operation::SendCode), attempt(2, Operation::OpenAgreement));
    now(store.commit(unit(code.insert(), [open.insert()]))).unwrap();
    let mut answered = code.clone();
    answered.state = "settled".to_owned();
    answered.answered_at = Some(NOW.plus_ms(9));
    answered.outcome = Some(r#""settled""#.to_owned());
    answered.code = Some("00".to_owned());
    now(store.commit(unit(answered.update(), []))).unwrap();
    assert!(now(store.commit(unit(answered.update(), []))).is_err());
    answered.version = 2;
    let subject = binding_id(1).into();
    let both = [answered.clone(), open];
    assert_eq!(now(store.attempt(platform_id(1), code.id)).unwrap(), Some(answered));
    assert_eq!(now(store.attempts(platform_id(1), subject)).unwrap(), both);
    assert_eq!(now(store.attempts_of_order(&order(1))).unwrap(), both);
    assert!(now(store.attempts_of_order(&order(2))).unwrap().is_empty());
}

#[test]
fn every_operation_comes_back() {
    let store = memory();
    let operations = Operation::ALL;
    for (n, operation) in (1..).zip(operations) {
        let record = attempt(n, operation);
        now(store.commit(unit(record.insert(), []))).unwrap();
        assert_eq!(now(store.attempt(platform_id(1), record.id)).unwrap(), Some(record));
    }
}

#[test]
fn instruments_and_agreements() {
    let store = memory();
    let (mut bound, mut agreed) = (instrument(1), agreement(1));
    now(store.commit(unit(binding(1).insert(), [bound.insert(), agreed.insert()]))).unwrap();
    let second = crate::InstrumentRecord { id: instrument(2).id, ..bound.clone() };
    let duplicate = CommitError::Duplicate { table: "instruments" };
    assert_eq!(now(store.commit(unit(second.insert(), []))).unwrap_err(), duplicate);
    let of_binding = now(store.instrument_of_binding(platform_id(1), binding_id(1))).unwrap();
    assert_eq!(of_binding, Some(bound.clone()));
    let force = now(store.in_force(platform_id(1), bound.id)).unwrap();
    assert_eq!((force.agreements, force.stops), (vec![agreed.clone()], Vec::new()));
    let named = now(store.named(platform_id(1), ("k", "default", bound.id), NOW)).unwrap();
    assert_eq!((named.instrument, named.key), (Some(bound.clone()), None));

    (bound.state, bound.updated_at) = ("unbound".to_owned(), NOW.plus_ms(1));
    (agreed.state, agreed.cancelled_at) = ("cancelled".to_owned(), Some(NOW));
    now(store.commit(unit(bound.update(), [agreed.update()]))).unwrap();
    (bound.version, agreed.version) = (2, 2);
    assert_eq!(now(store.instrument(platform_id(1), bound.id)).unwrap(), Some(bound.clone()));
    assert_eq!(now(store.agreement(platform_id(1), agreed.id)).unwrap(), Some(agreed.clone()));
    assert_eq!(now(store.agreements(platform_id(1), bound.id)).unwrap(), [agreed]);
}

#[test]
fn verifications_and_consents() {
    let store = memory();
    let mut record = verification(1);
    now(store.commit(unit(record.insert(), [consent_text().keep(), consent().insert()]))).unwrap();
    record.state = "confirmed".to_owned();
    now(store.commit(unit(record.update(), []))).unwrap();
    record.version = 2;
    assert_eq!(now(store.verification(platform_id(1), record.id)).unwrap(), Some(record.clone()));
    let mut repeated = verification(2);
    repeated.answered_from = Some(record.id);
    now(store.commit(unit(repeated.insert(), []))).unwrap();
    assert_eq!(
        now(store.verification(platform_id(1), repeated.id)).unwrap(),
        Some(repeated.clone())
    );
    let asked =
        |index, since| now(store.verification_of_elements(platform_id(1), index, since)).unwrap();
    assert_eq!(asked(&[2; 32], NOW), Some(record), "a repetition is no question of its own");
    assert_eq!((asked(&[1; 32], NOW), asked(&[2; 32], NOW.plus_ms(1))), (None, None));

    let subject = binding_id(1).into();
    assert_eq!(now(store.consents(platform_id(1), subject)).unwrap(), [consent()]);
    let again = now(store.commit(unit(consent().insert(), [])));
    assert_eq!(again.unwrap_err(), CommitError::Duplicate { table: "consents" });

    // The text is kept as it was first, however often it is accepted.
    let mut later = consent_text();
    later.first_used_at = NOW.plus_ms(1);
    now(store.commit(unit(platform(2).insert(), [later.keep()]))).unwrap();
    let kept = |sha256: &str| now(store.consent_text(sha256)).unwrap();
    assert_eq!((kept(&later.sha256), kept("ab")), (Some(consent_text()), None));
    let mut unproven = consent();
    (unproven.subject, unproven.sha256) = (binding_id(2).into(), "cd".repeat(32));
    assert!(now(store.commit(unit(unproven.insert(), []))).is_err(), "a hash without its text");
}

#[test]
fn steps_done_long_ago_go_away() {
    let store = memory();
    now(store.commit(unit(step(1, NOW).insert(), [step(2, NOW).insert()]))).unwrap();
    let held = now(store.claim(NOW, "a", 1000, 1)).unwrap().remove(0);
    now(store.commit(unit(held.finish(NOW), []))).unwrap();
    let subject = binding_id(1).into();
    let count = || now(store.steps(platform_id(1), subject)).unwrap().len();
    now(store.commit(unit(platform(2).insert(), [StepRecord::purge(NOW)]))).unwrap();
    assert_eq!(count(), 2, "not before the moment given");
    now(store.commit(unit(platform(3).insert(), [StepRecord::purge(NOW.plus_ms(1))]))).unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn the_newest_turn_of_a_switch_is_how_it_stands() {
    let store = memory();
    let turn = |target: &str, seq, stopped| StopRecord {
        scope: "channel".to_owned(),
        target: target.to_owned(),
        seq,
        stopped,
        who: "operator".to_owned(),
        why: "a test".to_owned(),
        at: NOW,
    };
    let turned = |record: &StopRecord| now(store.commit(unit(record.insert(), [])));
    turned(&turn("a", 1, true)).unwrap();
    turned(&turn("b", 1, true)).unwrap();
    let taken = turned(&turn("a", 1, false)).unwrap_err();
    assert_eq!(taken, CommitError::Duplicate { table: "stop_turns" });
    turned(&turn("a", 2, false)).unwrap();
    assert_eq!(now(store.stops()).unwrap(), [turn("a", 2, false), turn("b", 1, true)]);
}
