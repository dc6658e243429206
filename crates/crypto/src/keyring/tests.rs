//! What a sealed value must withstand, and what a key file may say.

use proptest::prelude::*;

use super::*;
use crate::SystemEntropy;

const CARD: Place<'_> = Place { purpose: "instrument.card_number", record: "inst_1" };

fn ring() -> KeyRing {
    KeyRing::fresh(&SystemEntropy::new())
}

#[test]
fn any_changed_byte_is_noticed() {
    let ring = ring();
    let sealed = ring.seal(CARD, b"6216261000000000018", &SystemEntropy::new());
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(ring.open(CARD, &changed).is_err(), "byte {at}, bit {bit}");
        }
    }
    for length in 0..sealed.len() {
        assert!(ring.open(CARD, &sealed[..length]).is_err());
    }
}

#[test]
fn a_value_does_not_open_in_another_place() {
    let ring = ring();
    let sealed = ring.seal(CARD, b"value", &SystemEntropy::new());
    for place in [
        Place { purpose: "instrument.name", ..CARD },
        Place { record: "inst_2", ..CARD },
        // The same characters, divided otherwise between purpose and record.
        Place { purpose: "instrument.card_numberi", record: "nst_1" },
        Place { purpose: "", record: "instrument.card_numberinst_1" },
    ] {
        assert_eq!(ring.open(place, &sealed).unwrap_err(), OpenError::Tampered);
    }
    assert_eq!(ring.open(CARD, &sealed).unwrap().as_slice(), b"value");
}

#[test]
fn another_ring_opens_nothing() {
    let sealed = ring().seal(CARD, b"value", &SystemEntropy::new());
    assert_eq!(ring().open(CARD, &sealed).unwrap_err(), OpenError::Tampered);
    assert_eq!(ring().open(CARD, b"value").unwrap_err(), OpenError::NotSealed);
    assert_eq!(ring().open(CARD, b"").unwrap_err(), OpenError::NotSealed);
}

#[test]
fn rotation_keeps_old_values_readable() {
    let entropy = SystemEntropy::new();
    let mut ring = ring();
    let old = ring.seal(CARD, b"old", &entropy);
    assert!(!ring.needs_reseal(&old));
    assert_eq!(ring.rotate(&entropy), Ok(2));
    let new = ring.seal(CARD, b"new", &entropy);
    assert!(ring.needs_reseal(&old));
    assert!(!ring.needs_reseal(&new));
    assert_eq!(ring.open(CARD, &old).unwrap().as_slice(), b"old");

    // A value may not be relabelled as one of another key.
    let mut relabelled = new.clone();
    relabelled[4] = 1;
    assert_eq!(ring.open(CARD, &relabelled).unwrap_err(), OpenError::Tampered);
    relabelled[4] = 9;
    assert_eq!(ring.open(CARD, &relabelled).unwrap_err(), OpenError::UnknownKeyVersion(9));

    let again = KeyRing::from_file_text(&ring.to_file_text()).unwrap();
    assert_eq!(again.versions().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(again.open(CARD, &old).unwrap().as_slice(), b"old");
    assert_eq!(again.open(CARD, &new).unwrap().as_slice(), b"new");
    assert_eq!(again.blind_index("card", b"x"), ring.blind_index("card", b"x"));
}

#[test]
fn a_key_that_was_added_later_is_read_again_and_only_from_the_own_file() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let entropy = SystemEntropy::new();
    let mut newer = ring();
    let older_text = newer.to_file_text();
    let older = || KeyRing::from_file_text(&older_text).unwrap();
    newer.rotate(&entropy).unwrap();
    let sealed = newer.seal(CARD, b"value", &entropy);
    assert_eq!(older().open(CARD, &sealed).unwrap_err(), OpenError::UnknownKeyVersion(2));

    let read_count = Arc::new(AtomicU32::new(0));
    let (count, text) = (Arc::clone(&read_count), newer.to_file_text());
    let reading = older().reading_again(move || {
        count.fetch_add(1, Ordering::SeqCst);
        KeyRing::from_file_text(&text).ok()
    });
    for _ in 0..3 {
        assert_eq!(reading.open(CARD, &sealed).unwrap().as_slice(), b"value");
    }
    assert_eq!(read_count.load(Ordering::SeqCst), 1, "read once, then remembered");
    assert!(!reading.needs_reseal(&sealed), "what is newer is left as it is");
    assert_eq!(reading.current_version(), 1);

    let mut foreign = ring();
    foreign.rotate(&entropy).unwrap();
    let theirs = foreign.seal(CARD, b"value", &entropy);
    let text = foreign.to_file_text();
    let reading = older().reading_again(move || KeyRing::from_file_text(&text).ok());
    assert_eq!(reading.open(CARD, &theirs).unwrap_err(), OpenError::UnknownKeyVersion(2));
    let reading = older().reading_again(|| None);
    assert_eq!(reading.open(CARD, &sealed).unwrap_err(), OpenError::UnknownKeyVersion(2));
}

#[test]
fn two_seals_of_one_value_differ() {
    let ring = ring();
    let entropy = SystemEntropy::new();
    assert_ne!(ring.seal(CARD, b"v", &entropy), ring.seal(CARD, b"v", &entropy));
}

#[test]
fn the_index_depends_on_key_label_and_value() {
    let ring = ring();
    let index = ring.blind_index("card", b"6216");
    assert_eq!(index, ring.blind_index("card", b"6216"));
    assert_ne!(index, ring.blind_index("card", b"6217"));
    assert_ne!(index, ring.blind_index("phone", b"6216"));
    assert_ne!(ring.blind_index("a", b"bc"), ring.blind_index("ab", b"c"));
    assert_ne!(index, KeyRing::fresh(&SystemEntropy::new()).blind_index("card", b"6216"));
}

#[test]
fn a_wrong_key_file_is_named_by_its_line() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = |text: &str| KeyRing::from_file_text(text).unwrap_err();
    let full = |lines: &str| format!("mingka-keys 1\n{lines}");
    assert_eq!(refused(""), KeyFileError::NotAKeyFile);
    assert_eq!(refused("mingka-keys 2\n"), KeyFileError::NotAKeyFile);
    assert_eq!(refused(&full("")), KeyFileError::Incomplete);
    assert_eq!(refused(&full("seal 1 AAAA\n")), KeyFileError::Line(2));
    assert_eq!(refused(&full(&format!("# note\nseal 0 {key}\n"))), KeyFileError::Line(3));
    assert_eq!(refused(&full(&format!("seal 1 {key} more\n"))), KeyFileError::Line(2));
    assert_eq!(
        refused(&full(&format!("seal 2 {key}\nseal 2 {key}\n"))),
        KeyFileError::VersionOrder(3)
    );
    assert_eq!(
        refused(&full(&format!("seal 1 {key}\nindex {key}\nindex {key}\n"))),
        KeyFileError::Line(4)
    );
    assert_eq!(
        refused(&full(&format!("seal 1 {key}\nseal 2 {key}\ncurrent 1\nindex {key}\n"))),
        KeyFileError::CurrentNotNewest
    );
    assert_eq!(refused(&"x".repeat(200_000)), KeyFileError::TooLong);
    assert!(
        KeyRing::from_file_text(&full(&format!("seal 1 {key}\ncurrent 1\nindex {key}\n"))).is_ok()
    );
}

#[test]
fn nothing_prints_a_key() {
    let ring = ring();
    assert_eq!(format!("{ring:?}"), "KeyRing(current version 1)");
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens(
        clear in any::<Vec<u8>>(), purpose in ".{0,40}", record in ".{0,40}",
    ) {
        let ring = ring();
        let place = Place { purpose: &purpose, record: &record };
        let sealed = ring.seal(place, &clear, &SystemEntropy::new());
        prop_assert_eq!(sealed.len(), clear.len() + OVERHEAD_BYTES);
        let opened = ring.open(place, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), clear.as_slice());
    }

    #[test]
    fn garbage_neither_opens_nor_panics(bytes in any::<Vec<u8>>()) {
        prop_assert!(ring().open(CARD, &bytes).is_err());
    }
}
