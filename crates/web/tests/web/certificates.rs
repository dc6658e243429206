//! The bank's encryption certificate is renewed by itself: what does not check is never used, one
//! process asks a day, and every process encrypts to the newest.

use std::sync::Arc;

use http::Method;
use mingka_channels::Profile;
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{
    AccountSettings, Acp, Encoding, MerchantAccount, NAME_TEST, SignerRules, Signing, Version,
};
use mingka_crypto::SystemEntropy;
use mingka_domain::secret::Secret;
use mingka_domain::time::{DAY_MS, MINUTE_MS};
use mingka_engine::{EncryptionView, Reason, StopSwitch};
use mingka_sandbox::acp::{AcpBank, Gate, Material};
use mingka_sandbox::cards;
use mingka_sandbox::faults::{CertificateFlaw, Fault};
use mingka_store::Store;
use serde_json::{Value, json};

use crate::house::{House, card};

/// A house whose bank has certificates.
struct Rig {
    house: House,
    material: Material,
}

fn account(material: &Material) -> MerchantAccount {
    let settings = AccountSettings {
        merchant_number: material.merchant_number.clone(),
        token_requestor: "62000000001".to_owned(),
        version: Version::V5_1_0,
        encoding: Encoding::Utf8,
        signing: Signing::Rsa {
            private_key: Secret::new(material.merchant_key.clone()),
            certificate: material.merchant_certificate.clone(),
            bank: SignerRules {
                roots: vec![material.root_certificate.clone()],
                intermediates: vec![material.middle_certificate.clone()],
                names: vec![NAME_TEST.to_owned()],
                ..SignerRules::default()
            },
        },
        encryption_certificate: material.encryption_certificate.clone(),
        gateway: "http://bank.invalid".to_owned(),
        notify_url: None,
    };
    MerchantAccount::load(settings).unwrap()
}

impl Rig {
    async fn new() -> Self {
        let material = Material::make(&SystemEntropy::new()).unwrap();
        let bank = AcpBank::new(Gate::from_material(&material).unwrap(), cards::bank());
        let store = Store::open_in_memory().unwrap();
        let house = House::at(store, bank, account(&material), |_| {}).await;
        Self { house, material }
    }

    /// Another process on the same records, as it begins.
    fn another(&self) -> House {
        let mut parts = self.house.parts.clone();
        let exchange = Acp::new(Profile::unionpay_acp(), account(&self.material));
        parts.channels[0].exchange = Arc::new(exchange);
        self.house.again(parts)
    }

    /// The bank takes another certificate; gives its serial number.
    fn rotate(&self, grace_ms: i64) -> String {
        let bank = self.house.bank.lock().unwrap();
        let until = self.house.parts.clock.now().plus_ms(grace_ms);
        bank.gate().rotate(until, None, &SystemEntropy::new()).unwrap().serial
    }

    /// How often the bank was asked for its certificate.
    fn asked(&self) -> usize {
        self.sent().iter().filter(|one| one.ascii("txnType") == Some("95")).count()
    }

    fn sent(&self) -> Vec<Fields> {
        let sent = self.house.sent.lock().unwrap();
        sent.iter().map(|one| Fields::parse_form(&one.body).unwrap()).collect()
    }

    /// The certificates of the messages since the first `from`.
    fn encrypted_to(&self, from: usize) -> Vec<String> {
        let sent = self.sent();
        let named = sent[from..].iter().filter_map(|one| one.ascii("encryptCertId"));
        named.map(str::to_owned).collect()
    }
}

async fn works(house: &House) {
    while house.engine.work_once().await > 0 {}
}

fn encryption(house: &House) -> EncryptionView {
    house.engine.channels().remove(0).encryption.unwrap()
}

async fn begun(house: &House, slug: &str) -> Value {
    let request = house.binding_request(&card(slug)).await;
    house.post("/v1/bindings", &request).send().await.is(201).json()
}

async fn confirmed(house: &House, binding: &Value, slug: &str) -> Value {
    let path = format!("/v1/bindings/{}/confirm", binding["id"].as_str().unwrap());
    let code = json!({"code": house.code(&card(slug))});
    house.post(&path, &code).send().await.is(200).json()
}

async fn binds(house: &House, slug: &str) {
    let binding = begun(house, slug).await;
    assert_eq!(confirmed(house, &binding, slug).await["state"], "active");
}

#[tokio::test]
async fn what_does_not_check_is_never_used_and_is_asked_for_again() {
    let rig = Rig::new().await;
    let old = encryption(&rig.house).serial;
    works(&rig.house).await;
    let new = rig.rotate(30 * DAY_MS);
    let code = Fault::Code { code: "11".to_owned(), message: String::new() };
    let wrong = |flaw| Fault::WrongCertificate { flaw };
    for (fault, words) in [
        (Fault::WrongSignature, "the signature of the answer is not the channel's"),
        (wrong(CertificateFlaw::Foreign), "does not lead to a trusted root"),
        (wrong(CertificateFlaw::Expired), "not valid at this moment"),
        (wrong(CertificateFlaw::Misnamed), "not the bank's"),
        (Fault::DropAfter, "no answer came"),
        (Fault::HalfAnswer, "no answer came"),
        (code, "the channel answered 11"),
    ] {
        let (asked, before) = (rig.asked(), encryption(&rig.house).renewed_at);
        rig.house.later(DAY_MS);
        rig.house.fault("refresh_certificate", fault);
        works(&rig.house).await;
        assert_eq!(rig.asked(), asked + 1, "asked once, not in a circle: {words}");
        let seen = encryption(&rig.house);
        assert_eq!((&seen.serial, seen.renewed_at), (&old, before), "{words}");
        assert!(seen.trouble.unwrap().contains(words), "{words}");
        let told = rig.house.api(Method::GET, "/v1/channels").send().await.is(200).json();
        let told = &told["items"][0]["encryption"];
        assert!(told["trouble"].as_str().unwrap().contains(words), "{told}");
        assert_eq!(told["certificate_id"], old);
    }
    let now = rig.house.parts.clock.now();
    let kept = rig.house.parts.store.certificates("unionpay", now).await.unwrap();
    assert_eq!(kept.iter().map(|one| &one.serial).collect::<Vec<_>>(), [&old]);
    rig.house.later(DAY_MS);
    works(&rig.house).await;
    let mended = encryption(&rig.house);
    assert_eq!((&mended.serial, &mended.trouble), (&new, &None));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_later_each_time() {
    let rig = Rig::new().await;
    for _ in 0..2 {
        rig.house.fault("refresh_certificate", Fault::DropAfter);
    }
    for (wait_ms, asked) in [(0, 1), (MINUTE_MS - 1, 1), (1, 2), (2 * MINUTE_MS - 1, 2), (1, 3)] {
        rig.house.later(wait_ms);
        works(&rig.house).await;
        assert_eq!(rig.asked(), asked, "{wait_ms}");
    }
    let seen = encryption(&rig.house);
    assert_eq!((seen.trouble, seen.renewed_at.is_some()), (None, true));
}

#[tokio::test]
async fn one_of_two_processes_asks_a_day_and_both_use_what_came() {
    let rig = Rig::new().await;
    let other = rig.another();
    tokio::join!(works(&rig.house), works(&other));
    assert_eq!(rig.asked(), 1);
    let new = rig.rotate(30 * DAY_MS);
    for (wait_ms, asked) in [(DAY_MS - 1, 1), (1, 2), (DAY_MS - 1, 2)] {
        rig.house.later(wait_ms);
        tokio::join!(works(&other), works(&rig.house));
        assert_eq!(rig.asked(), asked, "{wait_ms}");
    }
    assert_eq!(encryption(&rig.house).serial, new);
    assert_eq!(encryption(&other).serial, new);
}

#[tokio::test]
async fn a_process_that_begins_uses_what_another_was_sent() {
    let rig = Rig::new().await;
    let new = rig.rotate(0);
    works(&rig.house).await;
    let begins = rig.another();
    assert_ne!(encryption(&begins).serial, new, "as configured, before it looks");
    begins.engine.look_at_certificates().await.unwrap();
    assert_eq!((encryption(&begins).serial, rig.asked()), (new, 1));
    binds(&begins, "ok").await;
}

#[tokio::test]
async fn bindings_under_way_go_on_and_those_after_use_the_new_one() {
    let rig = Rig::new().await;
    let house = &rig.house;
    works(house).await;
    let old = encryption(house).serial;
    let under_way = begun(house, "ok").await;
    let new = rig.rotate(30 * DAY_MS);
    // Nobody was told yet, and the former still opens.
    binds(house, "money-no-funds").await;
    assert!(rig.encrypted_to(0).iter().all(|named| *named == old));
    let (from, late) = (rig.sent().len(), rig.another());
    house.later(1);
    house.parts.store.commit(due_now(house).await).await.unwrap();
    works(house).await;
    assert_eq!(confirmed(house, &under_way, "ok").await["state"], "active");
    binds(house, "money-returned").await;
    let named = rig.encrypted_to(from);
    assert!(named.len() >= 3 && named.iter().all(|named| *named == new), "{named:?}");
    // One that never looked is refused once the time of grace is over, until it looks.
    house.later(31 * DAY_MS);
    assert_ne!(begun(&late, "ok-16").await["state"], "awaiting_code");
    works(&late).await;
    binds(&late, "ok-16").await;
}

/// The renewal, due at once: so that nothing else of a day passes.
async fn due_now(house: &House) -> mingka_store::Unit {
    let mut renewal = house.parts.store.certificate_renewals().await.unwrap().remove(0);
    mingka_store::Unit::new(renewal.claim(house.parts.clock.now()))
}

#[tokio::test]
async fn a_stopped_channel_is_not_asked() {
    let rig = Rig::new().await;
    let reason = Reason::new("operator", "a test").unwrap();
    let switch = StopSwitch::named("channel:unionpay").unwrap();
    rig.house.engine.turn_stop(&switch, true, &reason).await.unwrap();
    works(&rig.house).await;
    assert_eq!(rig.asked(), 0);
    rig.house.engine.turn_stop(&switch, false, &reason).await.unwrap();
    works(&rig.house).await;
    assert_eq!(rig.asked(), 1);
}
