//! The bank changes its encryption certificate: both are good for a while, in a second life too.

use super::*;

impl House {
    async fn code_to(&self, certificate: &str, id: &str, card: &cards::MagicCard) -> Reply {
        self.acp.encrypt_to(&[certificate], now());
        self.exchange(&send(card), id).await.1.unwrap()
    }

    async fn advance_ms(&self, ms: i64) {
        let _ = self.post("/sandbox/clock", json!({ "advance_ms": ms })).await;
    }
}

/// The same merchant with certificates, so that the codec takes the bank's new one.
async fn with_certificates() -> House {
    let mut house = House::new().await;
    let running = house.running.as_ref().unwrap();
    let merchant = &running.merchant;
    let certificates = Signing::Rsa {
        private_key: Secret::new(merchant.signing_key.clone()),
        certificate: merchant.signing_certificate.clone(),
        bank: SignerRules {
            roots: vec![merchant.root_certificate.clone()],
            intermediates: vec![merchant.middle_certificate.clone()],
            names: vec![NAME_TEST.to_owned()],
            ..SignerRules::default()
        },
    };
    house.acp = signing(running, certificates, None);
    house
}

#[tokio::test]
async fn after_its_time_of_grace_a_certificate_is_refused_by_name() {
    let mut house = with_certificates().await;
    let old = house.running.as_ref().unwrap().merchant.encryption_certificate.clone();
    let path = "/sandbox/encryption-certificate";
    let before = house.get(path).await;
    assert_eq!(before["former_certificate_id"], Value::Null);
    let rotated = house.post(path, json!({ "grace_ms": 10_000 })).await;
    assert_eq!(rotated["former_certificate_id"], before["certificate_id"]);
    let asked = house.settled(&Request::RefreshCertificate, "renewal0").await;
    let new = asked.certificate.unwrap();
    let given = house.acp.check_encryption(&new, now()).unwrap();
    assert_eq!(rotated["certificate_id"], given.serial.as_str());
    house.restart().await;
    assert_eq!(house.get(path).await, rotated, "a bank that starts again knows both");
    let (first, second) = (cards::series(1), cards::series(2));
    assert_eq!(house.code_to(&old, "binding1", &first).await.outcome, Outcome::Settled);
    assert_eq!(house.code_to(&new, "binding2", &second).await.outcome, Outcome::Settled);
    house.advance_ms(10_000).await;
    let refused = house.code_to(&old, "binding3", &cards::series(3)).await.answer.unwrap();
    assert_eq!(refused.code.as_str(), "10");
    assert!(refused.message.unwrap().contains("[encryptCertId]"));
    let third = cards::series(4);
    assert_eq!(house.code_to(&new, "binding4", &third).await.outcome, Outcome::Settled);
    let wrong = house.post(path, json!({ "grace_ms": -1 })).await;
    assert_eq!(wrong["status"], 400);
}
