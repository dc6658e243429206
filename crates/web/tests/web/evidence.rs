//! Consents as evidence: what was accepted can be shown word for word, whatever changes later. And
//! what the checks take besides a person's card.

use std::sync::Arc;

use http::Method;
use mingka_crypto::digest::sha256_hex;
use mingka_domain::card::KindPolicy;
use mingka_domain::precheck::Rules;
use mingka_domain::text::{Lang, Text};
use mingka_engine::{Engine, Parts};
use serde_json::json;

use crate::house::{House, card};

#[tokio::test]
async fn an_accepted_text_outlives_its_recipients() {
    let house = House::new().await;
    let request = house.binding_request(&card("ok")).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}", binding["id"].as_str().unwrap());
    let shown = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(shown["consents"], binding["consents"]);
    let consents = binding["consents"].as_array().unwrap();
    assert_eq!(consents.len(), 2);
    let mut parts: Parts = house.parts.clone();
    let new_name = Text { zh: "另一家机构".to_owned(), en: "Another institution".to_owned() };
    parts.channels[0].recipient.name = new_name;
    let later = Engine::new(parts);
    let platform = later.authenticate(&house.key).await.unwrap().platform;
    let now_shown = later.consents(platform, Lang::Zh).await.unwrap();
    for consent in consents {
        assert_eq!(consent["accepted_at"], binding["created_at"]);
        let sha256 = consent["sha256"].as_str().unwrap();
        let path = format!("/v1/consents/{sha256}");
        let text = house.api(Method::GET, &path).send().await.is(200).json();
        for same in ["kind", "version", "lang", "sha256"] {
            assert_eq!(text[same], consent[same]);
        }
        assert_eq!(sha256_hex(text["text"].as_str().unwrap().as_bytes()), sha256);
        if consent["kind"] == "information_sharing" {
            assert!(now_shown.iter().all(|text| text.sha256 != sha256), "the text has changed");
        }
        assert_eq!(later.consent_text(sha256).await.unwrap().text, text["text"]);
    }
    for unknown in ["0".repeat(64), "x".to_owned()] {
        let told = house.api(Method::GET, &format!("/v1/consents/{unknown}")).send().await;
        told.problem(404, "resource.not_found");
    }
    let path = format!("/v1/consents/{}", consents[0]["sha256"].as_str().unwrap());
    house.ask(Method::GET, &path).send().await.problem(401, "auth.key_unknown");
}

#[tokio::test]
async fn companies_are_checked_too() {
    let house = House::new().await;
    let entry = json!({"company_name": "", "credit_code": "123", "clearing_code": "1"});
    let told = house.api(Method::POST, "/v1/prechecks").json(&entry).send().await.is(200).json();
    let fields: Vec<&str> =
        told["findings"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["company_name", "credit_code", "clearing_code"], "{told}");
}

#[tokio::test]
async fn a_card_is_judged_for_its_purpose() {
    let house = House::new().await;
    let mut rules = Rules::default();
    rules.repayment.credit = KindPolicy::Accept;
    house.engine.replace_rules(Arc::new(rules));
    let credit = card("ok-credit");
    let mut request = house.binding_request(&credit).await;
    for (purpose, passes) in [
        (None, false),
        (Some("both"), false),
        (Some("disbursement"), false),
        (Some("repayment"), true),
    ] {
        let mut entry = json!({"card_number": credit.number});
        if let Some(purpose) = purpose {
            entry["purpose"] = json!(purpose);
            request["purpose"] = json!(purpose);
        }
        let ask = house.api(Method::POST, "/v1/prechecks").json(&entry);
        assert_eq!(ask.send().await.is(200).json()["passes"], passes, "{purpose:?}");
        let told = house.post("/v1/bindings", &request).send().await;
        assert_eq!(told.status.as_u16(), if passes { 201 } else { 422 }, "{}", told.text);
    }
    request["purpose"] = json!("gift");
    let told = house.post("/v1/bindings", &request).send().await;
    assert_eq!(told.problem(422, "request.wrong_value")["pointer"], "/purpose");
    let ask = house.api(Method::POST, "/v1/prechecks").json(&json!({"purpose": ""}));
    ask.send().await.problem(422, "request.wrong_value");
}
