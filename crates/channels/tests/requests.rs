//! Golden transcripts of every message we send, as the bank reads it, and what cannot be sent.
//! The person, the card and the secret are invented; encrypted values are shown opened, because
//! their bytes differ in every run.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use std::sync::Arc;

use mingka_channels::acp::suite::{verify_keyed, verify_rsa};
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{
    Acp, Encoding, FieldOpener, KeyedHash, MerchantAccount, Signing, Version,
};
use mingka_channels::{
    Elements, Exchange as _, HttpRequest, OrderIdentity, Product, Profile, Request, Sent,
    Unencodable, UnencodableWhy,
};
use mingka_crypto::SystemEntropy;
use mingka_crypto::certificate::Certificate;
use mingka_domain::holder::HolderName;
use mingka_domain::outcome::Operation;
use mingka_domain::secret::{OneTimeCode, Secret};
use proptest::prelude::*;
use support::*;

fn encode(
    account: &Arc<MerchantAccount>,
    request: &Request,
) -> Result<(HttpRequest, Sent), Unencodable> {
    let (order, entropy) = (order(), SystemEntropy::new());
    acp(account).encode(request, &context(&order, &entropy))
}

#[test]
fn golden_transcripts() {
    let account = keyed_account();
    golden(|| {
        for (name, request) in every_request() {
            let (message, sent) = encode(&account, &request).unwrap();
            let transcript = format!("{}\nsent: {}", show(&message), show_sent(&sent));
            insta::assert_snapshot!(format!("request_{name}"), transcript);
        }
    });
}

/// A message as text: each field on its line, hidden values opened, an unforeseeable signature
/// replaced by what the bank finds about it.
fn show(message: &HttpRequest) -> String {
    let fields = bank_reads(message);
    verify_keyed(KeyedHash::Sha256, &secret(), &fields).unwrap();
    let random = fields.bytes("accNo").is_some();
    let mut lines = vec![
        format!("POST {}", message.url),
        format!("content-type: {}", message.content_type),
        String::new(),
    ];
    for (name, value) in fields.iter() {
        let text = String::from_utf8(value.to_vec()).unwrap();
        lines.push(match name {
            "accNo" => format!("accNo=<encrypted, decrypts to {}>", bank_opens(&text)),
            "customerInfo" => format!("customerInfo=<base64 of {}>", show_group(&text)),
            "signature" if random => "signature=<fits>".to_owned(),
            _ => format!("{name}={text}"),
        });
    }
    if !random {
        lines.push(format!("body: {}", String::from_utf8(message.body.to_vec()).unwrap()));
    }
    lines.join("\n")
}

fn show_group(text: &str) -> String {
    let group = Fields::parse_group(&from_base64(text)).unwrap();
    let parts = group.iter().map(|(name, value)| {
        let value = String::from_utf8(value.to_vec()).unwrap();
        match name {
            "encryptedInfo" => {
                format!("encryptedInfo=<encrypted, decrypts to {}>", bank_opens(&value))
            }
            _ => format!("{name}={value}"),
        }
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join("&"))
}

fn show_sent(sent: &Sent) -> String {
    format!(
        "{} about {} of {}, {} at {}, repeated {:?}{}",
        sent.operation.name(),
        sent.about.name(),
        sent.merchant_number,
        sent.order.order_id,
        sent.order.txn_time.beijing_compact(),
        sent.repeated,
        sent.amount.map(|amount| format!(", {amount}")).unwrap_or_default(),
    )
}

#[test]
fn each_sign_method_is_understood_by_the_bank() {
    let merchant = Certificate::from_pem(&WORLD.merchant.certificate_pem).unwrap();
    for version in [Version::V5_1_0, Version::V5_0_0] {
        let mut settings = settings(rsa_signing());
        settings.version = version;
        let account = load(settings);
        for (name, request) in every_request() {
            let (message, _) = encode(&account, &request).unwrap();
            let mut fields = bank_reads(&message);
            assert_eq!(fields.ascii("signMethod"), Some("01"));
            assert_eq!(fields.ascii("version"), Some(version.name()));
            assert_eq!(fields.ascii("certId"), Some("69629715588"), "{name}");
            assert_eq!(verify_rsa(&merchant, version, &fields), Ok(()), "{name}");
            fields.set("txnTime", "20261120103001");
            assert!(verify_rsa(&merchant, version, &fields).is_err(), "{name}");
        }
    }
    let account = load(settings(Signing::KeyedSm3(secret())));
    let (message, _) = encode(&account, &Request::QueryAgreement).unwrap();
    let fields = bank_reads(&message);
    assert_eq!(fields.ascii("signMethod"), Some("12"));
    assert_eq!(verify_keyed(KeyedHash::Sm3, &secret(), &fields), Ok(()));
    assert!(verify_keyed(KeyedHash::Sha256, &secret(), &fields).is_err());
    assert!(verify_keyed(KeyedHash::Sm3, &Secret::new("other".to_owned()), &fields).is_err());
}

#[test]
fn a_name_beyond_the_character_set_is_named_and_not_mangled() {
    let mut settings = settings(Signing::KeyedSha256(secret()));
    settings.encoding = Encoding::Gbk;
    let gbk = load(settings);
    let request = |name: &str| Request::Verify {
        product: Product::FourElements,
        elements: Elements { name: Some(HolderName::parse(name).unwrap()), ..elements() },
    };
    let rare = request("𠮷三");
    let refused = encode(&gbk, &rare).unwrap_err();
    assert_eq!(refused, Unencodable { field: "name", why: UnencodableWhy::Charset });
    assert!(!refused.to_string().contains('𠮷'));
    assert!(encode(&keyed_account(), &rare).is_ok());

    let (message, _) = encode(&gbk, &request("张三")).unwrap();
    let fields = bank_reads(&message);
    assert_eq!(fields.ascii("encoding"), Some("GBK"));
    let group = from_base64(fields.ascii("customerInfo").unwrap());
    assert_eq!(
        Fields::parse_group(&group).unwrap().bytes("customerNm"),
        Some(&[0xd5, 0xc5, 0xc8, 0xfd][..])
    );
}

#[test]
fn only_what_is_compared_is_sent() {
    let account = keyed_account();
    for product in Product::ALL {
        let request = Request::Verify { product, elements: elements() };
        let (message, _) = encode(&account, &request).unwrap();
        let group = from_base64(bank_reads(&message).ascii("customerInfo").unwrap());
        let group = Fields::parse_group(&group).unwrap();
        assert_eq!(group.bytes("customerNm").is_some(), product.needs_name(), "{product:?}");
        assert_eq!(group.bytes("certifId").is_some(), product.needs_id_number(), "{product:?}");
        assert_eq!(group.bytes("encryptedInfo").is_some(), product.needs_phone(), "{product:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let account = keyed_account();
    let bare = || Elements { name: None, id_number: None, reserved_phone: None, ..elements() };
    let missing = |request: Request| {
        let refused = encode(&account, &request).unwrap_err();
        assert_eq!(refused.why, UnencodableWhy::Missing);
        refused.field
    };
    let verify = |product| Request::Verify { product, elements: bare() };
    assert_eq!(missing(verify(Product::FourElements)), "name");
    assert_eq!(missing(verify(Product::CardId)), "id_number");
    assert_eq!(missing(verify(Product::CardPhone)), "reserved_phone");
    assert_eq!(missing(Request::SendCode { elements: bare() }), "reserved_phone");
    let code = OneTimeCode::parse("111111").unwrap();
    assert_eq!(missing(Request::OpenAgreement { elements: bare(), code }), "reserved_phone");
}

#[test]
fn what_the_form_forbids_is_refused() {
    let account = keyed_account();
    let entropy = SystemEntropy::new();
    for order_id in ["short", "has space in it", "&orderId=12345678", &"1".repeat(41), ""] {
        let order = OrderIdentity { order_id: order_id.to_owned(), txn_time: NOW };
        let refused =
            acp(&account).encode(&Request::QueryAgreement, &context(&order, &entropy)).unwrap_err();
        assert_eq!(refused, Unencodable { field: "order_id", why: UnencodableWhy::Form });
    }
    let token = Secret::new("1&trId=2".to_owned());
    let refused = encode(&account, &Request::CancelAgreement { token }).unwrap_err();
    assert_eq!(refused, Unencodable { field: "token", why: UnencodableWhy::Form });
    let about = Operation::QueryState;
    let refused = encode(&account, &Request::QueryState { about, amount: None }).unwrap_err();
    assert_eq!(refused.why, UnencodableWhy::Unsupported);
}

#[test]
fn what_the_profile_does_not_list_is_not_sent() {
    let mut profile = Profile::clone(&Profile::unionpay_acp());
    profile.operations.retain(|operation| *operation != Operation::CancelAgreement);
    let (account, order, entropy) = (keyed_account(), order(), SystemEntropy::new());
    let token = Secret::new("6235240000020757577".to_owned());
    let refused = Acp::new(profile.into(), account)
        .encode(&Request::CancelAgreement { token }, &context(&order, &entropy))
        .unwrap_err();
    assert_eq!(refused.why, UnencodableWhy::Unsupported);
}

#[test]
fn nothing_prints_what_it_carries() {
    let (message, sent) = encode(&keyed_account(), &every_request().swap_remove(6).1).unwrap();
    let printed = format!("{message:?} {sent:?} {:?} {:?}", keyed_account(), rsa_account());
    for secret in [CARD, PHONE, ID_NUMBER, NAME, SECRET, "111111", "PRIVATE"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

proptest! {
    /// Whatever name and order: the bank reads back what was meant, and the signature fits.
    #[test]
    fn what_is_written_is_what_is_read(
        name in "[\\u{4e00}-\\u{9fa5}]{2,15}", order_id in "[0-9A-Za-z]{8,40}", at in 0i64..4_000_000_000_000,
    ) {
        let account = Arc::new(MerchantAccount::simulation(MERCHANT, &secret()));
        let txn_time = mingka_domain::time::Timestamp::from_millis(at);
        let order = OrderIdentity { order_id: order_id.clone(), txn_time };
        let entropy = SystemEntropy::new();
        let elements = Elements { name: Some(HolderName::parse(&name).unwrap()), ..elements() };
        let request = Request::Verify { product: Product::FourElements, elements };
        let (message, _) = acp(&account)
            .encode(&request, &context(&order, &entropy)).unwrap();
        let fields = bank_reads(&message);
        prop_assert_eq!(verify_keyed(KeyedHash::Simulation, &secret(), &fields), Ok(()));
        prop_assert_eq!(fields.ascii("orderId"), Some(order_id.as_str()));
        let time = txn_time.beijing_compact();
        prop_assert_eq!(fields.ascii("txnTime"), Some(time.as_str()));
        let group = from_base64(fields.ascii("customerInfo").unwrap());
        let group = Fields::parse_group(&group).unwrap();
        prop_assert_eq!(group.bytes("customerNm"), Some(name.as_bytes()));
        let secret = secret();
        let card = FieldOpener::Simulation(&secret).open(fields.ascii("accNo").unwrap()).unwrap();
        prop_assert_eq!(card.as_slice(), CARD.as_bytes());
    }
}
