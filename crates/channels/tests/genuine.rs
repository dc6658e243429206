//! Proof from outside: a notification that the genuine test gateway signed in 2017 is believed at a
//! moment within its certificates' life, and refused when anything at all about it is changed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its assumptions fail, and says what it left out"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{MerchantAccount, NAME_PRODUCTION, NAME_TEST, Signing};
use mingka_channels::{Exchange as _, HttpRequest, Method, Notice, Unreadable};
use mingka_crypto::SystemEntropy;
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::time::Timestamp;
use support::{acp, context, load, order, rsa_signing, settings};

/// 2017-10-31 12:00 in Beijing, the day after the notification was sent.
const THEN: Timestamp = Timestamp::from_millis(1_509_422_400_000);

struct Vector {
    body: Vec<u8>,
    root: String,
    middle: String,
}

/// The vector lies beside the repository. Without it there is nothing to prove.
fn vector() -> Option<Vector> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/unionpay"));
    if !folder.is_dir() {
        println!("left out: no vectors beside the repository");
        return None;
    }
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let text = |name: &str| String::from_utf8(read(name)).unwrap();
    Some(Vector {
        body: read("WtzCompleteFrontOpen.txt"),
        root: text("acp_test_root.cer"),
        middle: text("acp_test_middle.cer"),
    })
}

struct Rules {
    allow_sha1: bool,
    name: &'static str,
    merchant: &'static str,
}

const RIGHT: Rules = Rules { allow_sha1: true, name: NAME_TEST, merchant: "777290058146592" };

fn account(vector: &Vector, rules: &Rules) -> Arc<MerchantAccount> {
    let mut signing = rsa_signing();
    if let Signing::Rsa { bank, .. } = &mut signing {
        bank.roots = vec![vector.root.clone()];
        bank.intermediates = vec![vector.middle.clone()];
        bank.names = vec![rules.name.to_owned()];
        bank.allow_sha1 = rules.allow_sha1;
    }
    let mut settings = settings(signing);
    settings.merchant_number = rules.merchant.to_owned();
    load(settings)
}

fn read(account: &Arc<MerchantAccount>, body: &[u8], now: Timestamp) -> Result<Notice, Unreadable> {
    let acp = acp(account);
    let request = HttpRequest {
        method: Method::Post,
        url: String::new(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: body.to_vec().into(),
    };
    let (order, entropy) = (order(), SystemEntropy::new());
    let mut context = context(&order, &entropy);
    context.now = now;
    acp.notice(&request, &context).map(|(notice, acknowledgement)| {
        assert_eq!((acknowledgement.status, acknowledgement.body), (200, "ok"));
        notice
    })
}

#[test]
fn the_genuine_notification_is_believed_and_its_fields_come_out_right() {
    let Some(vector) = vector() else { return };
    let notice = read(&account(&vector, &RIGHT), &vector.body, THEN).unwrap();
    assert_eq!(notice.order.order_id, "20171030223623");
    assert_eq!(notice.order.txn_time.beijing_compact(), "20171030223623");
    assert_eq!(notice.operation, Some(Operation::OpenAgreement));
    let answer = notice.answer.unwrap();
    assert_eq!(answer.code.as_str(), "00");
    assert_eq!(answer.message.as_deref(), Some("success"));
    assert_eq!(notice.active, Some(true));
    let token = notice.token.unwrap();
    assert_eq!(token.number.expose(), "6235240000020757577");
    assert_eq!(token.ends_at.unwrap().beijing_compact(), "20221029223632");
    assert_eq!(notice.outcome, Outcome::Settled);

    let fields = Fields::parse_form(&vector.body).unwrap();
    for (name, value) in [
        ("version", "5.1.0"),
        ("encoding", "utf-8"),
        ("signMethod", "01"),
        ("txnType", "79"),
        ("txnSubType", "00"),
        ("bizType", "000902"),
        ("merId", "777290058146592"),
        ("activateStatus", "1"),
    ] {
        assert_eq!(fields.ascii(name), Some(value), "{name}");
    }
}

#[test]
fn any_changed_byte_is_refused() {
    let Some(vector) = vector() else { return };
    let account = account(&vector, &RIGHT);
    let genuine = Fields::parse_form(&vector.body).unwrap();
    let (mut refused, mut same_content) = (0, 0);
    for at in 0..vector.body.len() {
        for change in [0x01, 0x02, 0x20, 0x80] {
            let mut body = vector.body.clone();
            body[at] ^= change;
            if Fields::parse_form(&body).as_ref() == Ok(&genuine) {
                // Only the dress of an escape changed, such as %2F to %2f: the content is the same.
                assert_eq!(change, 0x20, "byte {at}");
                same_content += 1;
                assert!(read(&account, &body, THEN).is_ok(), "byte {at}");
                continue;
            }
            assert!(read(&account, &body, THEN).is_err(), "byte {at} changed by {change:#04x}");
            refused += 1;
        }
    }
    println!("{refused} changes refused, {same_content} left the content as it was");
    assert_eq!(refused + same_content, 4 * vector.body.len());
    assert!(same_content < 400);
}

#[test]
fn a_missing_or_added_field_is_refused() {
    let Some(vector) = vector() else { return };
    let account = account(&vector, &RIGHT);
    let genuine = Fields::parse_form(&vector.body).unwrap();
    let names: Vec<String> = genuine.iter().map(|(name, _)| name.to_owned()).collect();
    for name in &names {
        let mut fields = genuine.clone();
        fields.remove(name);
        assert!(read(&account, &fields.to_form(), THEN).is_err(), "{name} taken away");
    }
    let mut fields = genuine.clone();
    fields.set("reserved", "1");
    assert!(read(&account, &fields.to_form(), THEN).is_err());
    // A second value for a signed name must not slip in before or behind the signed one.
    let doubled = [b"respCode=01&".as_slice(), &vector.body].concat();
    assert!(read(&account, &doubled, THEN).is_err());
}

#[test]
fn outside_of_the_certificates_life_it_is_refused() {
    let Some(vector) = vector() else { return };
    let account = account(&vector, &RIGHT);
    // The signer's certificate: 2015-12-04 03:25:21 to 2017-12-04 03:25:21 UTC.
    let (first, last) = (1_449_199_521_000, 1_512_357_921_000);
    for (now_ms, believed) in [
        (first - 1_000, false),
        (first, true),
        // Remembered as accepted by now; the memory must not outlive the certificate.
        (last, true),
        (last + 1_000, false),
        (first - 1_000, false),
        (1_795_141_800_000, false),
        (-1, false),
    ] {
        let read = read(&account, &vector.body, Timestamp::from_millis(now_ms));
        assert_eq!(read.is_ok(), believed, "at {now_ms}");
        if let Err(error) = read {
            assert_eq!(error.doubt, Doubt::BadSignature);
        }
    }
}

#[test]
fn the_rules_about_the_signer_are_kept() {
    let Some(vector) = vector() else { return };
    let refused = |rules: Rules| read(&account(&vector, &rules), &vector.body, THEN).unwrap_err();
    assert_eq!(refused(Rules { allow_sha1: false, ..RIGHT }).doubt, Doubt::BadSignature);
    assert_eq!(refused(Rules { name: NAME_PRODUCTION, ..RIGHT }).doubt, Doubt::BadSignature);
    assert_eq!(refused(Rules { merchant: "777290058110097", ..RIGHT }).doubt, Doubt::WrongOrder);
    // The same authority, but as an intermediate nobody vouches for.
    let other_root = Vector { root: support::WORLD.root_pem(), ..vector };
    let error = read(&account(&other_root, &RIGHT), &other_root.body, THEN).unwrap_err();
    assert_eq!(error.doubt, Doubt::BadSignature);
}

#[test]
fn the_parameters_of_our_own_address_are_not_part_of_the_message() {
    let Some(vector) = vector() else { return };
    let account = account(&vector, &RIGHT);
    let with = |extra: &str| [vector.body.as_slice(), extra.as_bytes()].concat();
    assert!(read(&account, &with("&lender=1"), THEN).is_ok());
    assert!(read(&account, &with("&borrower=1"), THEN).is_err());
}
