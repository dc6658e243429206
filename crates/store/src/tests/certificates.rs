//! The renewal of encryption certificates: one holder at a time, the certificate sent last first.

use super::samples::*;
use crate::{CertificateRecord, CommitError, RenewalRecord, Store};
use mingka_domain::time::Timestamp;

fn certificate(serial: &str, fetched_at: Timestamp) -> CertificateRecord {
    CertificateRecord {
        channel: "unionpay".to_owned(),
        serial: serial.to_owned(),
        pem: format!("the certificate {serial}"),
        not_before: NOW,
        not_after: NOW.plus_ms(1_000),
        fetched_at,
    }
}

fn renewal(store: &Store) -> RenewalRecord {
    now(store.certificate_renewals()).unwrap().remove(0)
}

#[test]
fn two_who_saw_it_due_and_one_who_asks() {
    let store = memory();
    let first = RenewalRecord::new("unionpay", NOW);
    now(store.commit(unit(first.insert(), []))).unwrap();
    let twice = now(store.commit(unit(first.insert(), []))).unwrap_err();
    assert_eq!(twice, CommitError::Duplicate { table: "certificate_renewals" });
    let (mut one, mut other) = (renewal(&store), renewal(&store));
    let taken = unit(one.claim(NOW.plus_ms(60)), []);
    now(store.commit(taken)).unwrap();
    let late = now(store.commit(unit(other.claim(NOW.plus_ms(61)), []))).unwrap_err();
    assert_eq!(late, CommitError::Stale { table: "certificate_renewals" });
    assert_eq!((renewal(&store).due_at, renewal(&store).tries), (NOW.plus_ms(60), 1));
    now(store.commit(unit(one.finish(NOW, NOW.plus_ms(900)), []))).unwrap();
    let done = renewal(&store);
    assert_eq!((done.due_at, done.tries, done.renewed_at), (NOW.plus_ms(900), 0, Some(NOW)));
}

#[test]
fn whoever_lost_it_meanwhile_writes_nothing() {
    let store = memory();
    now(store.commit(unit(RenewalRecord::new("unionpay", NOW).insert(), []))).unwrap();
    let mut slow = renewal(&store);
    now(store.commit(unit(slow.claim(NOW.plus_ms(60)), []))).unwrap();
    let mut quick = renewal(&store);
    now(store.commit(unit(quick.claim(NOW.plus_ms(120)), []))).unwrap();
    let writes = [certificate("1", NOW).put()];
    assert!(now(store.commit(unit(slow.finish(NOW, NOW.plus_ms(900)), writes))).is_err());
    assert!(now(store.commit(unit(slow.fail("late"), []))).is_err());
    assert_eq!(now(store.certificates("unionpay", NOW)).unwrap(), []);
    now(store.commit(unit(quick.fail("nothing came"), []))).unwrap();
    let kept = renewal(&store);
    assert_eq!((kept.tries, kept.trouble.as_deref()), (2, Some("nothing came")));
}

#[test]
fn the_one_sent_last_comes_first_and_those_that_are_over_are_gone() {
    let store = memory();
    let later = NOW.plus_ms(1);
    let over = CertificateRecord { not_after: NOW.plus_ms(-1), ..certificate("3", later) };
    let others = CertificateRecord { channel: "other".to_owned(), ..certificate("4", later) };
    let writes = [certificate("2", NOW.plus_ms(-1)).put(), over.put(), others.put()];
    now(store.commit(unit(certificate("1", NOW).put(), writes))).unwrap();
    let serials = || {
        let kept = now(store.certificates("unionpay", NOW)).unwrap();
        kept.into_iter().map(|one| one.serial).collect::<Vec<_>>()
    };
    assert_eq!(serials(), ["1", "2"]);
    now(store.commit(unit(certificate("2", later).put(), []))).unwrap();
    assert_eq!(serials(), ["2", "1"], "the channel went back to it");
}
