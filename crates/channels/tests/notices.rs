//! Notifications: proven before they are believed. And arbitrary bytes, as answer or notification,
//! never panic and never prove anything.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use std::sync::Arc;

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{Encoding, KeyedHash, MerchantAccount, Version, suite};
use mingka_channels::{Exchange as _, HttpRequest, HttpResponse, Method, Notice, Unreadable};
use mingka_crypto::SystemEntropy;
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use proptest::prelude::*;
use support::*;

fn notice(account: &Arc<MerchantAccount>, body: &[u8]) -> Result<Notice, Unreadable> {
    let (order, entropy) = (order(), SystemEntropy::new());
    let request = HttpRequest {
        method: Method::Post,
        url: String::new(),
        content_type: String::new(),
        body: body.to_vec().into(),
    };
    let context = context(&order, &entropy);
    acp(account).notice(&request, &context).map(|(notice, _)| notice)
}

#[test]
fn a_notification_is_proven_before_it_is_believed() {
    let account = rsa_account();
    let Exchanged { message, .. } = send(&account, "open_agreement");
    let signed = |party: &Party, extra: &[(&str, &str)]| {
        let mut fields = bank_answers(&message, extra);
        fields.set("signPubKeyCert", party.certificate_pem.as_bytes());
        suite::sign_rsa(&party.key(), Version::V5_1_0, &mut fields).unwrap();
        fields.to_form()
    };
    let good = [("respCode", "00"), ("activateStatus", "1"), TOKEN];
    let heard = notice(&account, &signed(&WORLD.bank, &good)).unwrap();
    assert!(heard.order.is_same(&order()));
    assert_eq!(heard.operation, Some(Operation::OpenAgreement));
    assert_eq!(heard.outcome, Outcome::Settled);
    assert!(!format!("{:?}", heard.token).contains("6235240000020757577"));

    let inactive = [("respCode", "00"), ("activateStatus", "0"), TOKEN];
    let heard = notice(&account, &signed(&WORLD.bank, &inactive)).unwrap();
    assert_eq!(says(&heard.outcome), "unknown");
    assert_eq!(heard.token, None);
    let forged = notice(&account, &signed(&WORLD.stranger, &good)).unwrap_err();
    assert_eq!(forged.doubt, Doubt::BadSignature);
    assert_eq!(notice(&account, b"").unwrap_err().doubt, Doubt::BadSignature);
    assert_eq!(
        notice(&account, b"respCode=00&signature=x").unwrap_err().doubt,
        Doubt::BadSignature
    );
    assert_eq!(notice(&account, b"%%").unwrap_err().doubt, Doubt::Unreadable);
}

#[test]
fn golden_notifications() {
    let account = keyed_account();
    golden(|| {
        for (name, extra) in [
            ("open_agreement", &[("respCode", "00"), ("activateStatus", "1"), TOKEN][..]),
            (
                "disburse",
                &[("respCode", "00"), ("respMsg", "success"), ("queryId", "232611201030000000018")],
            ),
        ] {
            let Exchanged { message, .. } = send(&account, name);
            let body = signed_keyed(bank_answers(&message, extra)).body;
            let body = Fields::parse_answer(&body, Encoding::Utf8).unwrap().to_form();
            let heard = notice(&account, &body).unwrap();
            let token = heard.token.as_ref().map(|token| token.number.expose().to_owned());
            insta::assert_snapshot!(
                format!("notification_{name}"),
                format!(
                    "{}\n\nabout: {:?} {} {}\noutcome: {:?}\nactive: {:?}\ntoken: {token:?}\n\
                     query id: {:?}\nbooked: {:?}",
                    String::from_utf8(body.to_vec()).unwrap(),
                    heard.operation,
                    heard.order.order_id,
                    heard.order.txn_time.beijing_compact(),
                    heard.outcome,
                    heard.active,
                    heard.query_id,
                    heard.booked,
                )
            );
        }
    });
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_prove(
        status in prop_oneof![Just(200u16), any::<u16>()],
        body in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let account = keyed_account();
        let sent = send(&account, "open_agreement").sent;
        let answer = HttpResponse { status, content_type: None, body };
        prop_assert!(decode(&account, &sent, &answer).is_err());
        prop_assert!(notice(&account, &answer.body).is_err());
    }

    #[test]
    fn signed_nonsense_never_panics(
        fields in proptest::collection::btree_map("[a-zA-Z]{1,16}", ".{0,60}", 0..20),
        token in ".{0,60}",
    ) {
        let account = keyed_account();
        let Exchanged { message, sent } = send(&account, "open_agreement");
        let mut answer: Fields = bank_answers(&message, &[("respCode", "00"), ("tokenPayData", &token)]);
        fields.iter().for_each(|(name, value)| answer.set(name, value.as_bytes()));
        let _ = decode(&account, &sent, &signed_keyed(answer.clone()));
        suite::sign_keyed(KeyedHash::Sha256, &secret(), &mut answer);
        let _ = notice(&account, &answer.to_form());
    }
}
