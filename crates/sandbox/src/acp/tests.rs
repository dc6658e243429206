//! The bank's side against the codec of the other side: every method, version and character set,
//! every magic card, every fault, and everything that must be turned away.

mod money;
mod money_faults;
mod money_pair;
mod pair;
mod till;

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{
    AccountSettings, Encoding, KeyedHash, MerchantAccount, NAME_TEST, SignerRules, Signing, Version,
};
use mingka_channels::{Exchange as _, Notice, Reply, Request, Unreadable};
use mingka_domain::cause::Dictionary;
use mingka_domain::diagnosis::{Certainty, Diagnosis, Evidence};
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::time::SECOND_MS;
use proptest::prelude::*;
use zeroize::Zeroizing;

use self::pair::{Pair, declined};
use super::*;
use crate::asks::{magic, open, send, verify};
use crate::bank::{CODE_ALWAYS_RIGHT, Kind, Stage};
use crate::cards::{self, MagicCard};
use crate::faults::Rule;

/// One life of a card: verified, bound at the second try, found, closed.
fn whole_life(pair: &mut Pair) {
    let card = magic("ok");
    let (checking, binding, closing) =
        (pair.order("verify00"), pair.order("binding0"), pair.order("closing0"));
    assert_eq!(pair.ask(&verify(&card), &checking).outcome, Outcome::Settled);
    let mut stranger = magic("ok");
    stranger.name = "别人".to_owned();
    let reply = pair.ask(&verify(&stranger), &pair.order("verify01"));
    assert_eq!(declined(&reply), Some("66"));
    let state = Request::QueryState { about: Operation::Verify, amount: None };
    assert_eq!(pair.ask(&state, &checking).outcome, Outcome::Settled);

    assert!(pair.ask(&Request::QueryAgreement, &binding).not_found);
    assert_eq!(pair.ask(&send(&card), &binding).outcome, Outcome::Settled);
    let code = pair.code_for(&binding);
    assert_eq!(declined(&pair.ask(&open(&card, "123456"), &binding)), Some("71"));
    let opened = pair.ask(&open(&card, &code), &binding);
    assert_eq!(opened.outcome, Outcome::Settled);
    let token = opened.token.unwrap();
    let found = pair.ask(&Request::QueryAgreement, &binding);
    assert_eq!((found.outcome, found.token.as_ref()), (Outcome::Settled, Some(&token)));
    let state = Request::QueryState { about: Operation::OpenAgreement, amount: None };
    assert_eq!(pair.ask(&state, &binding).outcome, Outcome::Settled);

    let cancel = Request::CancelAgreement { token: token.number };
    assert_eq!(pair.ask(&cancel, &closing).outcome, Outcome::Settled);
    assert_ne!(pair.ask(&Request::QueryAgreement, &binding).outcome, Outcome::Settled);
    for kind in [Kind::CodeSent, Kind::AgreementOpened, Kind::AgreementClosed] {
        assert_eq!(pair.executed(kind), 1, "{kind:?}");
    }
}

fn account(
    material: &MerchantMaterial,
    signing: Signing,
    version: Version,
    encoding: Encoding,
) -> MerchantAccount {
    MerchantAccount::load(AccountSettings {
        merchant_number: material.merchant_number.clone(),
        token_requestor: material.token_requester.clone(),
        version,
        encoding,
        signing,
        encryption_certificate: material.encryption_certificate.clone(),
        gateway: "http://127.0.0.1:1".to_owned(),
        notify_url: Some("http://127.0.0.1:2/notify/unionpay?from=bank".to_owned()),
    })
    .unwrap()
}

fn rsa(material: &MerchantMaterial) -> Signing {
    Signing::Rsa {
        private_key: Secret::new(material.signing_key.clone()),
        certificate: material.signing_certificate.clone(),
        bank: SignerRules {
            roots: vec![material.root_certificate.clone()],
            intermediates: vec![material.middle_certificate.clone()],
            names: vec![NAME_TEST.to_owned()],
            known: vec![material.signer_certificate.clone()],
            allow_sha1: false,
        },
    }
}

#[test]
fn a_whole_life_in_every_method_version_and_character_set() {
    let material = Material::make(&mingka_crypto::SystemEntropy::new()).unwrap();
    let merchant = material.merchant();
    let secret = || Secret::new(merchant.shared_secret.clone());
    for encoding in [Encoding::Utf8, Encoding::Gbk] {
        let all = [
            (rsa(&merchant), Version::V5_1_0),
            (rsa(&merchant), Version::V5_0_0),
            (Signing::KeyedSha256(secret()), Version::V5_1_0),
            (Signing::KeyedSm3(secret()), Version::V5_1_0),
        ];
        for (signing, version) in all {
            let bank = AcpBank::new(Gate::from_material(&material).unwrap(), cards::bank());
            let account = account(&merchant, signing, version, encoding);
            let mut pair = Pair::new(bank, account);
            let refreshed = pair.ask(&Request::RefreshCertificate, &pair.order("refresh0"));
            let held = refreshed.certificate.unwrap();
            assert_eq!(held.trim(), merchant.encryption_certificate.trim());
            whole_life(&mut pair);
            notified(&mut pair);
            money_pair::money_life(&mut pair);
            turned_away(&mut pair);
        }
    }
}

/// The notification of an opening is believed, and names the card where a key of ours opens it.
fn notified(pair: &mut Pair) {
    let (card, order) = (magic("ok-icbc"), pair.order("notified"));
    pair.ask(&send(&card), &order);
    let (answer, reply) = pair.exchange(&open(&card, CODE_ALWAYS_RIGHT), &order);
    let [notification] = answer.notifications.as_slice() else { panic!("one notification") };
    let (notice, said): (Notice, _) =
        pair.acp.notice(&notification.request, &pair.context(&order)).unwrap();
    assert_eq!(said.status, 200);
    assert!(notice.order.is_same(&order));
    assert_eq!(notice.token, reply.unwrap().token);
    assert_eq!(notice.active, Some(true));
}

/// What is forged, changed, incomplete or not ours is refused with the code that says so.
fn turned_away(pair: &mut Pair) {
    let order = pair.order("forged00");
    let good = pair.write(&send(&magic("ok")), &order);
    let before = pair.bank.bank().entries().len();
    let spoilt: [(&str, &str, &str); 7] = [
        ("orderId", "forged01", "11"),
        ("merId", "777290058146593", "31"),
        ("signature", "AAAA", "11"),
        ("version", "4.0.0", "10"),
        ("encoding", "BIG5", "10"),
        ("signMethod", "simulation", "10"),
        ("signMethod", "", "13"),
    ];
    for (field, value, wanted) in spoilt {
        let mut fields = Fields::parse_form(&good.body).unwrap();
        fields.set(field, value);
        assert_eq!(code_of(pair, &good, &fields), wanted, "{field} = {value}");
    }
    let resigned: [(&str, &str, &str); 9] = [
        ("orderId", "short", "10"),
        ("orderId", "with-a-dash", "10"),
        ("txnTime", "2026", "10"),
        ("txnType", "01", "32"),
        ("accNo", "bm90IHNlYWxlZA==", "10"),
        ("encryptCertId", "", "13"),
        ("accNo", "", "13"),
        ("customerInfo", "", "13"),
        ("tokenPayData", "{tokenType=01}", "13"),
    ];
    for (field, value, wanted) in resigned {
        let mut fields = Fields::parse_form(&good.body).unwrap();
        fields.set(field, value);
        fields.remove("signature");
        pair.acp.account().suite.sign(pair.acp.account().version, &mut fields).unwrap();
        assert_eq!(code_of(pair, &good, &fields), wanted, "{field} = {value}");
    }
    let wrong_key = HttpRequest { body: Zeroizing::new(b"a=1&a=2&%".to_vec()), ..good };
    let answer = pair.bank.answer(pair.now, &pair.entropy, &wrong_key).response;
    let fields = Fields::parse_answer(&answer.body, Encoding::Utf8).unwrap();
    assert_eq!(fields.ascii("respCode"), Some("10"));
    assert_eq!(pair.bank.bank().entries().len(), before, "nothing of it stands in the books");
}

fn code_of(pair: &mut Pair, good: &HttpRequest, fields: &Fields) -> String {
    let request = HttpRequest { body: Zeroizing::new(fields.to_form().to_vec()), ..good.clone() };
    let answer = pair.bank.answer(pair.now, &pair.entropy, &request).response;
    let fields = Fields::parse_answer(&answer.body, pair.acp.account().encoding).unwrap();
    fields.ascii("respCode").unwrap().to_owned()
}

#[test]
fn a_whole_life_in_the_simulator() {
    let mut pair = Pair::simulated();
    whole_life(&mut pair);
    money_pair::money_life(&mut pair);
}

#[test]
fn a_real_bank_does_not_know_the_simulators_method() {
    assert!(gate_knows(true));
    assert!(!gate_knows(false));
}

fn gate_knows(simulation: bool) -> bool {
    super::gate::Method::of(KeyedHash::Simulation.method(), simulation).is_some()
}

/// Each card goes its whole way through the codec, and the diagnosis of what came is compared with
/// what the catalogue promises.
#[test]
fn every_magic_card_answers_and_is_diagnosed_as_the_catalogue_says() {
    let mut otherwise = Vec::new();
    for card in cards::catalogue() {
        let mut pair = Pair::simulated();
        let (answer, reply) = shown(&mut pair, &card);
        let code = Fields::parse_answer(&answer.response.body, Encoding::Utf8)
            .ok()
            .and_then(|fields| fields.ascii("respCode").map(str::to_owned));
        if let Some(wanted) = &card.answer {
            assert_eq!(code.as_ref(), Some(wanted), "{}", card.slug);
        }
        if card.answer.as_deref() == Some("00") {
            // The bank is content: what there is to say, the entry or the borrower says.
            assert_eq!(reply.unwrap().outcome, Outcome::Settled, "{}", card.slug);
            let elsewhere = matches!(card.slug.as_str(), "ok-credit" | "sms-lost");
            assert_eq!(card.cause.is_some(), elsewhere, "{}", card.slug);
            continue;
        }
        let diagnosis = diagnosis(&answer, reply);
        let one_of = diagnosis.certainty == Certainty::OneOf;
        if diagnosis.causes != card.causes || one_of != (card.causes.len() > 1) {
            otherwise.push((card.slug, diagnosis.causes, diagnosis.certainty));
        }
    }
    assert!(otherwise.is_empty(), "{otherwise:#?}");
}

/// The exchange in which a card shows what it is for.
fn shown(pair: &mut Pair, card: &MagicCard) -> (Answer, Result<Reply, Unreadable>) {
    let (checking, binding, closing) =
        (pair.order("verify00"), pair.order("binding0"), pair.order("closing0"));
    let verified = pair.exchange(&verify(card), &checking);
    let sent = pair.exchange(&send(card), &binding);
    let opened = pair.exchange(&open(card, CODE_ALWAYS_RIGHT), &binding);
    match card.stage {
        Some(Stage::Verify) => verified,
        Some(Stage::SendCode) => sent,
        Some(Stage::Open) | None => opened,
        Some(Stage::Close) => {
            let token = opened.1.unwrap().token.unwrap().number;
            pair.exchange(&Request::CancelAgreement { token }, &closing)
        }
        Some(other) => panic!("no card shows at {other:?}"),
    }
}

fn diagnosis(answer: &Answer, reply: Result<Reply, Unreadable>) -> Diagnosis {
    let dictionary = Dictionary::embedded();
    let doubt = match (answer.delivery.manner, &reply) {
        (Manner::Nothing | Manner::Half, _) => Some(Doubt::ConnectionBroken),
        // Longer than the channel's profile waits.
        (Manner::Whole, _) if answer.delivery.delay_ms > 60_000 => Some(Doubt::TimedOut),
        (Manner::Whole, Err(unreadable)) => Some(unreadable.doubt),
        (Manner::Whole, Ok(_)) => None,
    };
    match doubt {
        Some(doubt) => Diagnosis::from_doubt(dictionary, doubt, Vec::new()),
        None => {
            let reply = reply.unwrap();
            let (asked, answer) = (Operation::OpenAgreement, reply.answer.as_ref());
            let now = Timestamp::from_millis(0);
            let evidence = Evidence::heard("unionpay", asked, reply.phase, answer, now);
            Diagnosis::from_meaning_and_words(dictionary, &reply.meaning, evidence)
        }
    }
}

#[test]
fn each_fault_is_seen_for_what_it_is_and_the_token_is_found_afterwards() {
    let spoilt = [
        (Fault::WrongSignature, Some(Doubt::BadSignature), true),
        (Fault::WrongEncoding, Some(Doubt::BadSignature), true),
        (Fault::WrongOrder, Some(Doubt::WrongOrder), true),
        (Fault::DuplicateAnswer, Some(Doubt::Unreadable), true),
        (Fault::BadGateway, Some(Doubt::BadStatus), false),
        (Fault::BadGatewayAfter, Some(Doubt::BadStatus), true),
        (Fault::DropBefore, None, false),
        (Fault::DropAfter, None, true),
        (Fault::HalfAnswer, None, true),
        (Fault::Delay { ms: 5 }, None, true),
        (Fault::Pending, None, true),
        (Fault::DuplicateRequest, None, true),
        (Fault::Code { code: "02".to_owned(), message: String::new() }, None, false),
    ];
    for (fault, doubt, executed) in spoilt {
        let mut pair = Pair::simulated();
        let (card, order) = (magic("ok"), pair.order("binding0"));
        pair.ask(&send(&card), &order);
        pair.bank.faults_mut().add(Rule::next(1, fault.clone()).on("open_agreement"));
        let (answer, reply) = pair.exchange(&open(&card, CODE_ALWAYS_RIGHT), &order);
        if let Some(doubt) = doubt {
            assert_eq!(reply.unwrap_err().doubt, doubt, "{fault:?}");
        } else if answer.delivery == Delivery::default() {
            assert_ne!(reply.unwrap().outcome, Outcome::Settled, "{fault:?}");
        }
        assert_eq!(pair.executed(Kind::AgreementOpened), usize::from(executed), "{fault:?}");
        let found = pair.ask(&Request::QueryAgreement, &order);
        assert_eq!(found.token.is_some(), executed, "{fault:?}");
        assert_eq!(found.not_found, !executed, "{fault:?}");
    }
}

#[test]
fn a_swallowed_message_is_in_the_books_and_not_on_the_phone() {
    let mut pair = Pair::simulated();
    let (card, order) = (magic("ok"), pair.order("binding0"));
    pair.bank.faults_mut().add(Rule::next(1, Fault::SmsLost).for_card("ok"));
    assert_eq!(pair.ask(&send(&card), &order).outcome, Outcome::Settled);
    assert!(!pair.bank.bank().code(&pair.key(&order)).unwrap().delivered);
    assert_eq!(pair.executed(Kind::CodeSent), 1);
}

#[test]
fn the_same_draws_give_the_same_bank() {
    let run = || {
        let mut pair = Pair::simulated();
        whole_life(&mut pair);
        pair.now = pair.now.plus_ms(SECOND_MS);
        format!("{:?}", pair.bank.bank().entries())
    };
    assert_eq!(run(), run());
}

proptest! {
    #[test]
    fn anything_at_all_is_answered(body: Vec<u8>, text in "([a-zA-Z]{0,9}=[a-z0-9{}&%=+]{0,9}&?){0,9}") {
        let mut pair = Pair::simulated();
        for body in [body, text.into_bytes()] {
            let request = HttpRequest {
                method: mingka_channels::Method::Post,
                url: String::new(),
                content_type: String::new(),
                body: Zeroizing::new(body),
            };
            let answer = pair.bank.answer(pair.now, &pair.entropy, &request);
            prop_assert_eq!(answer.response.status, 200);
        }
        prop_assert!(pair.bank.bank().entries().is_empty());
    }
}
