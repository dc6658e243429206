//! A house that keeps no card numbers: when each is forgotten, and what goes on without them.

use http::Method;
use mingka_crypto::SystemEntropy;
use mingka_crypto::keyring::{KeyRing, Place};
use mingka_engine::{Engine, Parts, Settings};
use mingka_store::SealedKind;
use serde_json::json;

use crate::house::{House, card};
use crate::payments::{at_its_end, loan_to};

/// A house that keeps no card numbers, on the store of another.
fn forgetful(house: &House) -> House {
    let settings = Settings { keep_card_numbers: false, ..house.parts.settings.clone() };
    house.again(Parts { settings, ..house.parts.clone() })
}

/// How many sealed values of a house hold this text.
async fn holding(house: &House, text: &str) -> usize {
    let mut count = 0;
    for (kind, purpose) in [
        (SealedKind::Binding, "binding.elements"),
        (SealedKind::Instrument, "instrument.elements"),
        (SealedKind::Verification, "verification.elements"),
    ] {
        for record in house.parts.store.records_to_reseal(kind, "", 1_000).await.unwrap() {
            let place = Place { purpose, record: &record.id };
            let clear = house.parts.keyring.open(place, &record.sealed).unwrap();
            count += usize::from(String::from_utf8_lossy(&clear).contains(text));
        }
    }
    count
}

#[tokio::test]
async fn a_house_that_keeps_no_numbers_collects_by_agreements_alone() {
    let house = forgetful(&House::new().await);
    let card = card("ok");
    let request = house.binding_request(&card).await;
    let begun = house.post("/v1/bindings", &request).send().await.is(201).json();
    assert_eq!(holding(&house, &card.number).await, 1, "the code cannot be confirmed without it");
    let path = format!("/v1/bindings/{}/confirm", begun["id"].as_str().unwrap());
    let code = json!({"code": house.code(&card)});
    let bound = house.post(&path, &code).send().await.is(200).json();
    assert_eq!(bound["state"], "active");
    assert_eq!(holding(&house, &card.number).await, 0);
    assert_eq!(holding(&house, &card.name).await, 2);
    let due = json!({"instrument": bound["instrument"], "amount_fen": 5_000, "due_ref": "l/1"});
    let paid = house.post("/v1/repayments", &due).send().await.is(201).json();
    assert_eq!(at_its_end(&house, &paid).await["state"], "settled");
    let loan = json!({"instrument": bound["instrument"], "amount_fen": 5_000, "loan_ref": "l"});
    let told = house.post("/v1/disbursements", &loan).send().await;
    told.problem(409, "payment.card_number_not_kept");

    // What is given up is forgotten as well, and so is what was only asked about.
    let begun = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}/cancel", begun["id"].as_str().unwrap());
    house.post(&path, &json!({})).send().await.is(200);
    let begun = house.post("/v1/bindings", &request).send().await.is(201).json();
    house.later(86_400_000);
    house.engine.work_once().await;
    let path = format!("/v1/bindings/{}", begun["id"].as_str().unwrap());
    let over = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(over["state"], "expired");
    let mut asked = request;
    asked["consents"].as_array_mut().unwrap().retain(|one| one["kind"] == "information_sharing");
    let told = house.post("/v1/verifications", &asked).send().await.is(201).json();
    assert_eq!(told["state"], "confirmed", "{told}");
    house.post("/v1/verifications", &asked).send().await.is(201);
    assert_eq!(holding(&house, &card.number).await, 0);
    // The keys of the house still fit, and with another index key they do not: its agreements tell.
    let (store, keyring) = (&house.parts.store, &house.parts.keyring);
    assert!(mingka_engine::keys_fit(store, keyring).await.unwrap());
    let strange = KeyRing::fresh(&SystemEntropy::new()).to_file_text();
    let index = |text: &str| text.lines().find(|l| l.starts_with("index")).unwrap().to_owned();
    let own = keyring.to_file_text();
    let mixed = own.replace(&index(&own), &index(&strange));
    let mixed = KeyRing::from_file_text(&mixed).unwrap();
    assert!(!mingka_engine::keys_fit(store, &mixed).await.unwrap());
    // A card called a company's account is a card: its number would have to be kept.
    let company = mingka_sandbox::cards::company();
    let body = json!({"account_number": card.number, "company_name": company.name});
    let told = house.post("/v1/company-accounts", &body).send().await;
    told.problem(409, "payment.card_number_not_kept");
}

#[tokio::test]
async fn a_house_that_is_told_to_keep_no_numbers_forgets_what_it_had() {
    let house = House::new().await;
    loan_to(&house, "ok", "loan-7").await;
    let card = card("ok");
    let request = house.binding_request(&card).await;
    house.post("/v1/bindings", &request).send().await.is(201);
    assert_eq!(holding(&house, &card.number).await, 3);
    assert_eq!(house.engine.forget_card_numbers().await.unwrap(), 0, "nobody told it to");
    let engine: Engine = forgetful(&house).engine;
    assert_eq!(engine.forget_card_numbers().await.unwrap(), 2);
    // One is still being bound: its code is not confirmed yet.
    assert_eq!(holding(&house, &card.number).await, 1);
    assert_eq!(engine.forget_card_numbers().await.unwrap(), 0);
}
