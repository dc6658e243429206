//! Several channels, one that cannot write everything, and one that is not there any more.

use std::sync::Arc;

use http::Method;
use mingka_channels::Exchange;
use mingka_channels::acp::{Acp, Encoding, MerchantAccount};
use mingka_domain::secret::Secret;
use mingka_engine::{Channel, Parts};
use mingka_sandbox::cards::{self, MagicCard};
use mingka_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::house::{House, MERCHANT, card};

/// Asks about a card under another name.
async fn asked(house: &House, name: Option<&str>) -> Value {
    asked_about(house, &card("ok"), name).await
}

async fn asked_about(house: &House, card: &MagicCard, name: Option<&str>) -> Value {
    let mut question = house.binding_request(card).await;
    question["consents"].as_array_mut().unwrap().truncate(1);
    if let Some(name) = name {
        question["name"] = json!(name);
    }
    house.post("/v1/verifications", &question).send().await.is(201).json()
}

#[tokio::test]
async fn a_rare_name_goes_over_a_channel_that_can_write_it() {
    let house = House::new().await;
    let secret = Secret::new("a secret of the simulation".to_owned());
    let mut account = MerchantAccount::simulation(MERCHANT, &secret);
    account.encoding = Encoding::Gbk;
    let whole = house.parts.channels[0].clone();
    let exchange: Arc<dyn Exchange> = Arc::new(Acp::new(Arc::clone(&whole.profile), account));
    let narrow = Channel { code: "gbk".to_owned(), exchange, ..whole.clone() };
    let both = house.again(Parts { channels: vec![narrow.clone(), whole], ..house.parts.clone() });
    assert_eq!(asked(&both, None).await["channel"], "gbk");
    assert_eq!(asked(&both, Some("王𠮷")).await["channel"], "unionpay");

    let alone = house.again(Parts { channels: vec![narrow], ..house.parts.clone() });
    let sent_before = alone.sent.lock().unwrap().len();
    let told = asked(&alone, Some("李𠮷")).await;
    assert_eq!(told["diagnosis"]["cause"], "channel.unencodable", "{told}");
    assert_eq!(alone.sent.lock().unwrap().len(), sent_before, "nothing may be sent");
}

#[tokio::test]
async fn a_channel_that_falls_ill_is_seen_and_so_is_its_recovery() {
    let house = House::new().await;
    let health = async || {
        house.api(Method::GET, "/v1/channels").send().await.is(200).json()["items"][0]["health"]
            .clone()
    };
    assert_eq!(health().await["ill"], false);
    let lost = card("lost");
    for (number, name) in (1..).zip(["甲一", "甲二", "甲三"]) {
        asked_about(&house, &cards::series(number), None).await;
        asked_about(&house, &lost, Some(name)).await;
    }
    assert_eq!(health().await["well"], 6, "a card that is refused is no fault of the channel");
    let maintenance = Fault::Code { code: "02".to_owned(), message: "系统维护".to_owned() };
    for number in 4..=6 {
        house.later(16 * 60_000);
        house.fault("verify", maintenance.clone());
        asked_about(&house, &cards::series(number), None).await;
    }
    let now = health().await;
    assert_eq!((&now["ill"], &now["troubled"]), (&json!(false), &json!(1)), "{now}");
    for number in 7..=11 {
        house.fault("verify", maintenance.clone());
        asked_about(&house, &cards::series(number), None).await;
    }
    let now = health().await;
    assert_eq!(now["ill"], true, "{now}");
    assert!(now["last_trouble"].as_str().unwrap().starts_with("channel."), "{now}");
    house.later(16 * 60_000);
    house.fault("verify", maintenance);
    asked_about(&house, &cards::series(12), None).await;
    assert_eq!(health().await["ill"], true, "one more that goes wrong is no recovery");
    for number in 13..=17 {
        asked_about(&house, &cards::series(number), None).await;
    }
    assert_eq!(health().await["ill"], false);
}

#[tokio::test]
async fn what_was_made_over_a_channel_is_read_after_the_channel_is_gone() {
    let house = House::new().await;
    let card = card("ok");
    let question = house.binding_request(&card).await;
    let made = house.post("/v1/bindings", &question).send().await.is(201).json();
    let binding = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
    let code = json!({"code": house.code(&card)});
    let bound = house.post(&format!("{binding}/confirm"), &code).send().await.is(200).json();
    let asked = asked(&house, None).await;

    let bare = house.again(Parts { channels: Vec::new(), ..house.parts.clone() });
    let read = async |path: &str| bare.api(Method::GET, path).send().await.is(200).json();
    let told = read(&format!("/v1/verifications/{}", asked["id"].as_str().unwrap())).await;
    assert_eq!((&told["state"], &told["quota_left"]), (&asked["state"], &json!(0)));
    assert_eq!(read("/v1/verifications").await["items"][0], told);
    assert_eq!(read(&binding).await["state"], "active");
    let instrument = format!("/v1/instruments/{}", bound["instrument"].as_str().unwrap());
    assert_eq!(read(&instrument).await["state"], "active");
    bare.post(&format!("{instrument}/unbind"), &json!({})).send().await.is(503);
}
