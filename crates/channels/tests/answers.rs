//! What the bank says and what we make of it. The unhappy ways first: whatever is unsigned, wrongly
//! signed, somebody else's, of another order or unreadable proves nothing and never declines.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use mingka_channels::acp::{KeyedHash, Signing, Version, suite};
use mingka_channels::{HttpResponse, Reply};
use mingka_crypto::digest::sha256_hex;
use mingka_domain::outcome::{Doubt, Outcome};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;
use support::*;

#[test]
fn a_decline_that_is_not_proven_is_no_decline() {
    let account = keyed_account();
    let Exchanged { message, sent } = send(&account, "open_agreement");
    let answer = bank_answers(&message, &DECLINE);
    assert!(matches!(
        decode(&account, &sent, &signed_keyed(answer.clone())).unwrap().outcome,
        Outcome::Declined(_)
    ));
    // Not signed, signed with another secret, signed by another method than agreed.
    let mut unsigned = answer.clone();
    unsigned.set("signMethod", "11");
    assert_eq!(doubt(decode(&account, &sent, &http(&unsigned))), Doubt::BadSignature);
    let mut other = answer.clone();
    suite::sign_keyed(KeyedHash::Sha256, &Secret::new("other".to_owned()), &mut other);
    assert_eq!(doubt(decode(&account, &sent, &http(&other))), Doubt::BadSignature);
    for hash in [KeyedHash::Sm3, KeyedHash::Simulation] {
        let mut weaker = answer.clone();
        suite::sign_keyed(hash, &secret(), &mut weaker);
        assert_eq!(doubt(decode(&account, &sent, &http(&weaker))), Doubt::BadSignature);
    }
    // Rightly signed, and labelled as something else.
    let mut relabelled = answer.clone();
    relabelled.set("signMethod", "12");
    let key = sha256_hex(SECRET.as_bytes());
    let signed = [relabelled.canonical().as_slice(), b"&", key.as_bytes()].concat();
    relabelled.set("signature", sha256_hex(&signed));
    assert_eq!(doubt(decode(&account, &sent, &http(&relabelled))), Doubt::BadSignature);
    let mut old = answer.clone();
    old.set("version", "5.0.0");
    assert_eq!(doubt(decode(&account, &sent, &signed_keyed(old))), Doubt::BadSignature);
    // Changed after it was signed.
    let signed = signed_keyed(answer);
    let changed = String::from_utf8(signed.body.clone()).unwrap().replace("=66", "=00");
    let changed = HttpResponse { body: changed.into_bytes(), ..signed };
    assert_eq!(doubt(decode(&account, &sent, &changed)), Doubt::BadSignature);
}

#[test]
fn an_answer_of_another_order_is_no_answer() {
    let account = keyed_account();
    for (name, _) in every_request() {
        let Exchanged { message, sent } = send(&account, name);
        for (field, value) in [
            ("orderId", "0191f3b27c4e7a10b2c3d4e5f6071830"),
            ("txnTime", "20261120103001"),
            ("txnTime", "garbage"),
            ("merId", "777290058146592"),
            ("txnType", "98"),
            ("orderId", ""),
        ] {
            let mut answer = bank_answers(&message, &DECLINE);
            answer.set(field, value);
            let answer = signed_keyed(answer);
            assert_eq!(
                doubt(decode(&account, &sent, &answer)),
                Doubt::WrongOrder,
                "{name} {field}"
            );
        }
    }
}

#[test]
fn what_cannot_be_read_proves_nothing() {
    let account = keyed_account();
    let Exchanged { message, sent } = send(&account, "verify_four_elements");
    let answer = signed_keyed(bank_answers(&message, &DECLINE));
    for status in [204, 301, 404, 502] {
        let answer = HttpResponse { status, ..answer.clone() };
        assert_eq!(doubt(decode(&account, &sent, &answer)), Doubt::BadStatus);
    }
    for length in 0..answer.body.len() {
        let half = HttpResponse { body: answer.body[..length].to_vec(), ..answer.clone() };
        assert!(decode(&account, &sent, &half).is_err(), "cut at {length}");
    }
    for body in ["", "ok", "<html><body>502 Bad Gateway</body></html>", "{\"respCode\":\"00\"}"] {
        let body = body.as_bytes().to_vec();
        assert!(decode(&account, &sent, &HttpResponse { body, ..answer.clone() }).is_err());
    }
    let no_code = signed_keyed(bank_answers(&message, &[("respMsg", "x")]));
    assert_eq!(doubt(decode(&account, &sent, &no_code)), Doubt::Unreadable);
}

#[test]
fn only_the_banks_own_certificate_speaks_for_the_bank() {
    let account = rsa_account();
    let Exchanged { message, sent } = send(&account, "query_agreement");
    let answer = || bank_answers(&message, &DECLINE);
    let from_bank = signed_by(&WORLD.bank, Version::V5_1_0, answer());
    assert!(decode(&account, &sent, &from_bank).is_ok());
    // The same authority signed for them, too: only the name tells them apart.
    for other in [&*WORLD.stranger, &*WORLD.merchant, &*WORLD.bank_encryption] {
        let forged = signed_by(other, Version::V5_1_0, answer());
        assert_eq!(doubt(decode(&account, &sent, &forged)), Doubt::BadSignature);
    }
    // The bank's certificate beside another's signature.
    let mut forged = answer();
    forged.set("signPubKeyCert", WORLD.bank.certificate_pem.as_bytes());
    suite::sign_rsa(&WORLD.stranger.key(), Version::V5_1_0, &mut forged).unwrap();
    assert_eq!(doubt(decode(&account, &sent, &http(&forged))), Doubt::BadSignature);
    // Hashed once, as a plain library call would do it.
    let mut single = answer();
    single.set("signPubKeyCert", WORLD.bank.certificate_pem.as_bytes());
    single.set("signMethod", "01");
    let signature = WORLD.bank.key().sign_sha256(&single.canonical()).unwrap();
    single.set("signature", to_base64(&signature));
    assert_eq!(doubt(decode(&account, &sent, &http(&single))), Doubt::BadSignature);
    // A shared-secret signature where RSA was agreed.
    let mut keyed = answer();
    suite::sign_keyed(KeyedHash::Sha256, &secret(), &mut keyed);
    assert_eq!(doubt(decode(&account, &sent, &http(&keyed))), Doubt::BadSignature);
    // No certificate, and one that is none.
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let mut bare = answer();
        bare.set("signPubKeyCert", pem);
        suite::sign_rsa(&WORLD.bank.key(), Version::V5_1_0, &mut bare).unwrap();
        assert_eq!(doubt(decode(&account, &sent, &http(&bare))), Doubt::BadSignature);
    }
    // Before and after the life of the bank's certificate, also once it is remembered.
    for year in ["19741231235959", "40960102000000"] {
        let then = Timestamp::from_beijing_compact(year).unwrap();
        let late = decode_at(&account, &sent, &from_bank, then);
        assert_eq!(doubt(late), Doubt::BadSignature, "{year}");
    }
}

#[test]
fn the_old_version_knows_the_bank_by_its_number() {
    let mut signing = rsa_signing();
    if let Signing::Rsa { bank, .. } = &mut signing {
        bank.known = vec![WORLD.bank.certificate_pem.clone()];
    }
    let mut settings = settings(signing);
    settings.version = Version::V5_0_0;
    let account = load(settings);
    let Exchanged { message, sent } = send(&account, "query_agreement");
    let signed = |certificate_id: &str| {
        let mut answer = bank_answers(&message, &DECLINE);
        answer.set("certId", certificate_id);
        suite::sign_rsa(&WORLD.bank.key(), Version::V5_0_0, &mut answer).unwrap();
        http(&answer)
    };
    assert!(decode(&account, &sent, &signed("68759585097")).is_ok());
    assert_eq!(doubt(decode(&account, &sent, &signed("68759585098"))), Doubt::BadSignature);
    assert_eq!(doubt(decode(&account, &sent, &signed(""))), Doubt::BadSignature);
}

fn reply(name: &str, extra: &[(&str, &str)]) -> Reply {
    let account = keyed_account();
    let Exchanged { message, sent } = send(&account, name);
    decode(&account, &sent, &signed_keyed(bank_answers(&message, extra))).unwrap()
}

#[test]
fn a_code_proves_what_the_mapping_says_and_no_more() {
    for (name, extra, expected) in [
        ("verify_four_elements", &[("respCode", "00")][..], "settled"),
        ("verify_four_elements", &[("respCode", "66")], "declined"),
        ("verify_four_elements", &[("respCode", "03")], "unknown"),
        ("verify_four_elements", &[("respCode", "05")], "pending"),
        ("verify_four_elements", &[("respCode", "02")], "not attempted"),
        ("verify_four_elements", &[("respCode", "ZZ")], "unknown"),
        // The request went well; the elements do not belong together.
        ("verify_four_elements", &[("respCode", "00"), ("origRespCode", "66")], "declined"),
        ("verify_four_elements", &[("respCode", "00"), ("origRespCode", "00")], "settled"),
        ("verify_four_elements", &[("respCode", "03"), ("origRespCode", "00")], "unknown"),
        ("send_code", &[("respCode", "00")], "settled"),
        ("open_agreement", &[("respCode", "00"), TOKEN], "settled"),
        ("open_agreement", &[("respCode", "00"), TOKEN, ("activateStatus", "1")], "settled"),
        ("open_agreement", &[("respCode", "71")], "declined"),
        ("open_agreement", &[("respCode", "12")], "unknown"),
        // Done, it says, but without what we need to use it.
        ("open_agreement", &[("respCode", "00")], "unknown"),
        ("open_agreement", &[("respCode", "00"), ("tokenPayData", "{trId=1}")], "unknown"),
        ("open_agreement", &[("respCode", "00"), ("tokenPayData", "token=1")], "unknown"),
        ("open_agreement", &[("respCode", "00"), TOKEN, ("activateStatus", "0")], "unknown"),
        ("query_agreement", &[("respCode", "00"), TOKEN, ("activateStatus", "1")], "settled"),
        ("query_agreement", &[("respCode", "00"), ("activateStatus", "0")], "pending"),
        ("query_agreement", &[("respCode", "00"), TOKEN, ("activateStatus", "0")], "pending"),
        ("query_agreement", &[("respCode", "77"), TOKEN], "unknown"),
        // A question that failed is not the failure of what it asked about.
        ("query_agreement", &[("respCode", "66"), TOKEN], "unknown"),
        ("query_agreement", &[("respCode", "34")], "unknown"),
        ("query_state_of_opening", &[("respCode", "00"), ("origRespCode", "00")], "settled"),
        ("query_state_of_opening", &[("respCode", "00"), ("origRespCode", "71")], "declined"),
        ("query_state_of_opening", &[("respCode", "00"), ("origRespCode", "05")], "pending"),
        ("query_state_of_opening", &[("respCode", "00"), ("origRespCode", "34")], "unknown"),
        ("query_state_of_opening", &[("respCode", "00")], "unknown"),
        ("query_state_of_opening", &[("respCode", "34")], "unknown"),
        ("query_state_of_opening", &[("respCode", "66"), ("origRespCode", "66")], "unknown"),
        ("query_state_of_opening", &[("respCode", "11"), ("origRespCode", "00")], "unknown"),
        ("query_state_of_verification", &[("respCode", "00"), ("origRespCode", "66")], "declined"),
        ("cancel_agreement", &[("respCode", "00")], "settled"),
        ("refresh_certificate", &[("respCode", "00"), ("encryptPubKeyCert", "PEM")], "settled"),
        ("refresh_certificate", &[("respCode", "00")], "unknown"),
    ] {
        let reply = reply(name, extra);
        assert_eq!(says(&reply.outcome), expected, "{name} {extra:?}");
        let settled = reply.outcome == Outcome::Settled;
        assert_eq!(reply.meaning.causes.is_empty(), settled, "{name} {extra:?}: {reply:?}");
        assert!(settled || reply.token.is_none(), "{name} {extra:?}: {reply:?}");
    }
}

/// A number beside anything but success is no agreement, whichever message it comes in.
#[test]
fn only_what_is_settled_has_a_token() {
    let statuses = [None, Some("0"), Some("1"), Some("2"), Some("")];
    for name in ["open_agreement", "query_agreement", "query_state_of_opening"] {
        for (code, status) in ["00", "05", "12", "34", "66", "71", "77", "ZZ"]
            .iter()
            .flat_map(|code| statuses.iter().map(move |status| (*code, *status)))
        {
            let mut extra = vec![("respCode", code), TOKEN];
            if name == "query_state_of_opening" {
                extra = vec![("respCode", "00"), ("origRespCode", code), TOKEN];
            }
            extra.extend(status.map(|status| ("activateStatus", status)));
            let reply = reply(name, &extra);
            let active = matches!(status, None | Some("1" | ""));
            let expected = code == "00" && active;
            assert_eq!(reply.outcome == Outcome::Settled, expected, "{name} {extra:?}");
            assert_eq!(reply.token.is_some(), expected, "{name} {extra:?}");
            let inactive = name == "query_agreement" && code == "00" && status == Some("0");
            assert_eq!(reply.inactive.is_some(), inactive, "{name} {extra:?}");
        }
    }
}

#[test]
fn not_found_is_said_apart() {
    assert!(reply("query_state_of_opening", &[("respCode", "34")]).not_found);
    assert!(reply("query_agreement", &[("respCode", "34")]).not_found);
    assert!(!reply("query_agreement", &[("respCode", "66")]).not_found);
    assert!(!reply("open_agreement", &[("respCode", "34")]).not_found);
}

#[test]
fn the_banks_words_leave_the_codec_masked() {
    let extra =
        [("respCode", "66"), ("respMsg", "卡号6216261000000000018手机13800138000不符[1000005]")];
    let answer = reply("open_agreement", &extra).answer.unwrap();
    let text = answer.message.unwrap();
    assert!(!text.contains(CARD) && !text.contains(PHONE), "{text}");
    assert!(text.contains("[1000005]"), "{text}");
    // Words of another character set are dropped; the code stays.
    let account = keyed_account();
    let Exchanged { message, sent } = send(&account, "verify_four_elements");
    let mut gbk = bank_answers(&message, &[("respCode", "66")]);
    gbk.set("respMsg", [0xd5, 0xc5]);
    let reply = decode(&account, &sent, &signed_keyed(gbk)).unwrap();
    assert_eq!(says(&reply.outcome), "declined");
    assert_eq!(reply.answer.unwrap().message, None);
}

#[test]
fn golden_answers() {
    golden(|| {
        for (name, extra) in [
            (
                "verify_four_elements",
                &[("respCode", "66"), ("respMsg", "身份信息不正确[1000005]")][..],
            ),
            ("send_code", &[("respCode", "00"), ("respMsg", "成功[0000000]")]),
            (
                "open_agreement",
                &[
                    ("respCode", "00"),
                    ("respMsg", "success"),
                    ("queryId", "232611201030000000018"),
                    TOKEN,
                ],
            ),
            ("query_agreement", &[("respCode", "00"), ("activateStatus", "1"), TOKEN]),
            ("cancel_agreement", &[("respCode", "89"), ("respMsg", "Token无效[3900002]")]),
            (
                "query_state_of_verification",
                &[("respCode", "00"), ("origRespCode", "05"), ("origRespMsg", "处理中")],
            ),
            ("query_state_of_opening", &[("respCode", "34"), ("respMsg", "查无此交易[2600000]")]),
            ("refresh_certificate", &[("respCode", "00"), ("encryptPubKeyCert", "<PEM>")]),
        ] {
            // A query without random parts is fully foreseeable, so is the answer's signature.
            let account = keyed_account();
            let Exchanged { message, sent } = send(&account, name);
            let answer = signed_keyed(bank_answers(&message, extra));
            let reply = decode(&account, &sent, &answer).unwrap();
            let body = String::from_utf8(answer.body).unwrap();
            insta::assert_snapshot!(
                format!("answer_{name}"),
                format!("{body}\n\n{}", show(&reply))
            );
        }
    });
}

fn show(reply: &Reply) -> String {
    let token = reply.token.as_ref().map(|token| {
        let ends_at = token.ends_at.map(Timestamp::beijing_compact).unwrap_or_default();
        format!("{} until {ends_at}", token.number.expose())
    });
    format!(
        "outcome: {:?}\nphase: {}\nclass: {:?}\ncauses: {:?}\nnot found: {}\ntoken: {token:?}\nquery id: {:?}\ncertificate: {:?}",
        reply.outcome,
        reply.phase.name(),
        reply.meaning.class,
        reply.meaning.causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>(),
        reply.not_found,
        reply.query_id,
        reply.certificate,
    )
}
