//! Whom a message is encrypted to: the newest certificate of the bank's that checks at its moment,
//! and the configured one where none does.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use mingka_channels::Exchange as _;
use mingka_channels::acp::{Acp, Signing};
use mingka_crypto::SystemEntropy;
use mingka_domain::time::{DAY_MS, Timestamp};
use support::*;

const CONFIGURED: &str = "68759622183";

/// The certificate a message of this moment names.
fn named(acp: &Acp, now: Timestamp) -> String {
    let (order, entropy) = (order(), SystemEntropy::new());
    let mut context = context(&order, &entropy);
    context.now = now;
    let (message, _) = acp.encode(&request("send_code"), &context).unwrap();
    bank_reads(&message).ascii("encryptCertId").unwrap().to_owned()
}

#[test]
fn who_is_not_the_bank_is_never_encrypted_to() {
    let acp = acp(&rsa_account());
    let not_yet = issued(BANK_NAME, 7, (12, 1), (12, 31));
    let over = issued(BANK_NAME, 7, (11, 1), (11, 19));
    let (stranger, foreign) = (&WORLD.stranger.certificate_pem, foreign(BANK_NAME, 7));
    for (pem, why) in [
        (stranger.as_str(), "not the bank's"),
        (&foreign, "does not lead to a trusted root"),
        (&over, "not valid at this moment"),
        (&not_yet, "not valid at this moment"),
        ("no certificate", "no certificate in PEM form"),
    ] {
        let refused = acp.check_encryption(pem, NOW).unwrap_err();
        assert!(refused.why.contains(why), "{}", refused.why);
        acp.encrypt_to(&[pem], NOW);
        assert_eq!(named(&acp, NOW), CONFIGURED, "{why}");
    }
}

#[test]
fn a_method_without_certificates_renews_none() {
    let keyed = acp(&load(settings(Signing::KeyedSha256(secret()))));
    assert!(!keyed.renews_encryption() && acp(&rsa_account()).renews_encryption());
    assert!(keyed.check_encryption(&WORLD.bank.certificate_pem, NOW).is_err());
}

#[test]
fn the_newest_that_holds_at_the_moment_of_the_message() {
    let acp = acp(&rsa_account());
    let brief = issued(BANK_NAME, 8, (11, 1), (11, 22));
    let long = issued(BANK_NAME, 9, (11, 1), (11, 24));
    let checked = acp.check_encryption(&brief, NOW).unwrap();
    let until = checked.not_after.unwrap().rfc3339();
    assert_eq!((checked.serial.as_str(), until.as_str()), ("8", "2026-11-22T08:00:00.000+08:00"));
    acp.encrypt_to(&[&brief, &long], NOW);
    assert_eq!(acp.clone().encryption(NOW).serial, "8", "a copy of the codec knows it too");
    for (days, serial) in [(0, "8"), (2, "9"), (4, CONFIGURED)] {
        assert_eq!(named(&acp, NOW.plus_ms(days * DAY_MS)), serial, "{days}");
    }
    acp.encrypt_to(&[], NOW);
    assert_eq!(named(&acp, NOW), CONFIGURED);
}
