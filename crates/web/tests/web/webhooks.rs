//! Webhooks over the interface: endpoints, their secrets, and what arrives at a real endpoint on
//! this machine. Signatures are made anew here from the bytes that arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use mingka_crypto::digest::hmac_sha256;
use mingka_engine::Scope;
use serde_json::{Value, json};

use crate::house::receiver::{Arrival, Receiver};
use crate::house::{House, fresh};

const PATH: &str = "/v1/webhook-endpoints";
const DAY_MS: i64 = 86_400_000;

async fn endpoint(house: &House, receiver: &Receiver) -> (String, String) {
    let body = json!({"url": receiver.url()});
    let made = house.post(PATH, &body).send().await.is(201).json();
    let id = made["endpoint"]["id"].as_str().unwrap();
    (format!("{PATH}/{id}"), made["secret"].as_str().unwrap().to_owned())
}

/// Whether one of an arrival's signatures is this secret's, over what arrived.
fn is_signed_with(arrival: &Arrival, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, at) = (arrival.header("webhook-id"), arrival.header("webhook-timestamp"));
    let signed = format!("{id}.{at}.{}", arrival.body);
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, signed.as_bytes())));
    arrival.header("webhook-signature").split(' ').any(|given| given == expected)
}

async fn newest_delivery(house: &House, path: &str) -> Value {
    let list = house.api(Method::GET, &format!("{path}/deliveries")).send().await.is(200).json();
    list["items"][0].clone()
}

#[tokio::test]
async fn an_endpoint_is_made_once_and_its_secret_is_shown_only_then() {
    let house = House::new().await;
    let body = json!({
        "url": "https://app.example/mingka", "event_types": ["payment.*", "instrument.unbound"],
        "description": "ledger", "lang": "en",
    });
    let ask = |body: &Value| {
        let ask = house.api(Method::POST, PATH).header("idempotency-key", "make-1").json(body);
        ask.send()
    };
    let first = ask(&body).await.is(201);
    assert_eq!(ask(&body).await.is(201).text, first.text, "the secret too");
    ask(&json!({"url": "https://b.example/"})).await.problem(422, "idempotency.key_reused");
    let made = first.json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    let list = house.api(Method::GET, PATH).send().await.is(200);
    assert_eq!(list.json()["items"], json!([made["endpoint"]]));
    assert!(!list.text.contains(&secret));
    let platform = house.engine.platforms().await.unwrap()[0].id;
    let kept = house.parts.store.endpoints(platform).await.unwrap().remove(0);
    let sealed = String::from_utf8_lossy(&kept.sealed).into_owned();
    assert!(!sealed.contains(&secret["whsec_".len()..]), "the secret stands in the clear");
}

#[tokio::test]
async fn what_may_not_be_called_or_does_not_exist_is_named() {
    let house = House::new().await;
    for (change, pointer) in [
        (json!({"url": "ftp://app.example/x"}), "/url"),
        (json!({"url": "https://10.0.0.1/x"}), "/url"),
        (json!({"url": "https://169.254.169.254/latest"}), "/url"),
        (json!({"url": "https://me:secret@app.example/x"}), "/url"),
        (json!({"url": ""}), "/url"),
        (
            json!({"url": "https://a.example", "event_types": ["*", "payment.paid"]}),
            "/event_types/1",
        ),
        (json!({"url": "https://a.example", "description": "13800138000"}), "/description"),
        (json!({"url": "https://a.example", "lang": "fr"}), "/lang"),
    ] {
        let told = house.post(PATH, &change).send().await;
        assert_eq!(told.problem(422, "request.wrong_value")["pointer"], pointer, "{change}");
        assert!(!told.text.contains("secret@"), "{}", told.text);
    }
    assert_eq!(house.api(Method::GET, PATH).send().await.is(200).json()["items"], json!([]));
    for _ in 0..16 {
        house.post(PATH, &json!({"url": "https://a.example"})).send().await.is(201);
    }
    let one_more = house.post(PATH, &json!({"url": "https://a.example"})).send().await;
    one_more.problem(422, "request.wrong_value");
}

#[tokio::test]
async fn a_trial_arrives_signed_and_is_listed() {
    let house = House::new().await;
    let receiver = Receiver::new().await;
    let (path, secret) = endpoint(&house, &receiver).await;
    let delivery = house.post(&format!("{path}/trial"), &json!({})).send().await.is(202).json();
    assert_eq!((&delivery["state"], &delivery["tries"]), (&json!("pending"), &json!(0)));
    assert_eq!(house.engine.tell_once().await, 1);
    let arrival = receiver.arrivals().remove(0);
    assert!(is_signed_with(&arrival, &secret), "{arrival:?}");
    assert_eq!(arrival.header("webhook-id"), delivery["id"].as_str().unwrap());
    let body: Value = serde_json::from_str(&arrival.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["url"]),
        (&json!("endpoint.trial"), &json!(receiver.url()))
    );
    let seen = newest_delivery(&house, &path).await;
    assert_eq!((&seen["state"], &seen["status"]), (&json!("delivered"), &json!(200)), "{seen}");
    assert_eq!(house.engine.tell_once().await, 0, "what arrived is not sent again by itself");
}

#[tokio::test]
async fn for_a_day_both_secrets_sign_and_then_the_new_one_alone() {
    let house = House::new().await;
    let receiver = Receiver::new().await;
    let (path, old) = endpoint(&house, &receiver).await;
    let rotate = || {
        let ask = house.api(Method::POST, &format!("{path}/rotate-secret"));
        ask.header("idempotency-key", "rotate-1").send()
    };
    let rotated = rotate().await.is(200);
    assert_eq!(rotate().await.is(200).text, rotated.text, "repeated, nothing is made anew");
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    let signed_with = async |ms: i64| {
        house.later(ms);
        house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
        house.engine.tell_once().await;
        let arrival = receiver.arrivals().pop().unwrap();
        (is_signed_with(&arrival, &old), is_signed_with(&arrival, &new))
    };
    assert_eq!(signed_with(0).await, (true, true));
    assert_eq!(signed_with(DAY_MS - 1_000).await, (true, true));
    assert_eq!(signed_with(2_000).await, (false, true));
    house.post(&format!("{path}/rotate-secret"), &json!({})).send().await.is(200);
    assert_eq!(rotate().await.is(200).json()["secret"], Value::Null, "it is no longer the newest");
}

/// The specification's schedule: about 75 hours, each wait up to a fifth longer; then given up.
#[tokio::test]
async fn what_does_not_arrive_is_tried_for_days_and_then_given_up() {
    let house = House::new().await;
    let receiver = Receiver::answering(500).await;
    let (path, _) = endpoint(&house, &receiver).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    for (tries, wait_ms) in (1..).zip(mingka_engine::RETRY_DELAYS_MS) {
        assert_eq!(house.engine.tell_once().await, 1, "try {tries}");
        let seen = newest_delivery(&house, &path).await;
        assert_eq!((&seen["state"], &seen["tries"]), (&json!("pending"), &json!(tries)), "{seen}");
        house.later(wait_ms - 1);
        assert_eq!(house.engine.tell_once().await, 0, "not before its time");
        house.later(wait_ms / 5 + 2);
    }
    house.engine.tell_once().await;
    let seen = newest_delivery(&house, &path).await;
    assert_eq!((&seen["state"], &seen["status"]), (&json!("failed"), &json!(500)), "{seen}");
    assert_eq!(receiver.arrivals().len(), 10);
    let ids = receiver.arrivals().into_iter().map(|one| one.header("webhook-id").to_owned());
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 1, "always the same id");
    // Nothing got through for three days: it is told nothing any more, and says why.
    let endpoint = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(endpoint["disabled_why"], "failing", "{endpoint}");
    house
        .post(&format!("{path}/trial"), &json!({}))
        .send()
        .await
        .problem(409, "state.not_possible");
    let enabled = house.api(Method::PATCH, &path).json(&json!({"disabled": false})).send().await;
    assert_eq!(enabled.is(200).json()["failing_since"], Value::Null);
    // Sent again by hand, its tries begin anew.
    receiver.answer(200);
    let id = seen["id"].as_str().unwrap();
    house.post(&format!("{path}/deliveries/{id}/resend"), &json!({})).send().await.is(202);
    house.engine.tell_once().await;
    let seen = newest_delivery(&house, &path).await;
    assert_eq!((&seen["state"], &seen["tries"]), (&json!("delivered"), &json!(1)), "{seen}");
}

#[tokio::test]
async fn sent_again_by_hand_it_is_not_tried_twice_as_often() {
    let house = House::new().await;
    let receiver = Receiver::answering(500).await;
    let (path, _) = endpoint(&house, &receiver).await;
    let delivery = house.post(&format!("{path}/trial"), &json!({})).send().await.is(202).json();
    house.engine.tell_once().await;
    let resend = format!("{path}/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    house.post(&resend, &json!({})).send().await.is(202);
    house.engine.tell_once().await;
    assert_eq!(receiver.arrivals().len(), 2);
    house.later(7_000);
    house.engine.tell_once().await;
    house.engine.tell_once().await;
    assert_eq!(receiver.arrivals().len(), 3, "the step of the first try is out of date");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_believed_at_once() {
    let house = House::new().await;
    let receiver = Receiver::answering(410).await;
    let (path, _) = endpoint(&house, &receiver).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    house.engine.tell_once().await;
    let endpoint = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(endpoint["disabled_why"], "gone", "{endpoint}");
    assert_eq!(newest_delivery(&house, &path).await["state"], "failed");
}

#[tokio::test]
async fn who_asks_us_to_wait_is_waited_for() {
    let house = House::new().await;
    let receiver = Receiver::answering(503).await;
    receiver.retry_after(3_600);
    let (path, _) = endpoint(&house, &receiver).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    house.engine.tell_once().await;
    house.later(3_599_000);
    assert_eq!(house.engine.tell_once().await, 0);
    house.later(1_000);
    assert_eq!(house.engine.tell_once().await, 1);
}

#[tokio::test]
async fn who_lacks_the_scope_or_is_another_platform_reaches_nothing() {
    let house = House::new().await;
    let receiver = Receiver::new().await;
    let (path, _) = endpoint(&house, &receiver).await;
    let trial = house.post(&format!("{path}/trial"), &json!({})).send().await.is(202).json();
    let delivery = trial["id"].as_str().unwrap();
    let theirs = house.other_key(&Scope::ALL).await;
    let reader = house.other_key(&[Scope::Read, Scope::Pay]).await;
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::GET, format!("{path}/deliveries")),
        (Method::POST, format!("{path}/trial")),
        (Method::POST, format!("{path}/rotate-secret")),
        (Method::POST, format!("{path}/deliveries/{delivery}/resend")),
    ] {
        let ask = |key: &str| {
            let ask =
                house.ask(method.clone(), &path).header("authorization", &format!("Bearer {key}"));
            ask.header("idempotency-key", &fresh()).json(&json!({})).send()
        };
        ask(&theirs).await.problem(404, "resource.not_found");
        assert_eq!(ask(&reader).await.status.as_u16(), 403, "{path}");
    }
    let ask = house.ask(Method::GET, PATH).header("authorization", &format!("Bearer {theirs}"));
    assert_eq!(ask.send().await.is(200).json()["items"], json!([]));
}

/// A process that dies while an endpoint thinks: whoever comes next sends it again.
#[tokio::test]
async fn what_was_under_way_when_the_process_died_is_sent_again_under_the_same_id() {
    let house = House::new().await;
    let receiver = Receiver::silent().await;
    let (path, secret) = endpoint(&house, &receiver).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    let (dying, engine) = (house.engine.clone(), house.engine.clone());
    let carried = tokio::spawn(async move { engine.tell_once().await });
    receiver.hears(1).await;
    dying.halt();
    carried.await.unwrap();
    receiver.answer(204);
    let house = house.restarted(std::sync::Arc::clone(&house.parts.keyring));
    assert_eq!(house.engine.tell_once().await, 0, "the dead one's lease still lasts");
    house.later(91_000);
    assert_eq!(house.engine.tell_once().await, 1);
    let ids: Vec<String> =
        receiver.arrivals().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert!(is_signed_with(&receiver.arrivals()[1], &secret));
    assert_eq!(newest_delivery(&house, &path).await["state"], "delivered");
}

#[tokio::test]
async fn a_secret_outlives_the_rotation_of_the_keys_that_seal_it() {
    let house = House::new().await;
    let receiver = Receiver::new().await;
    let (path, secret) = endpoint(&house, &receiver).await;
    let text = house.parts.keyring.to_file_text();
    let mut ring = mingka_crypto::keyring::KeyRing::from_file_text(&text).unwrap();
    ring.rotate(&mingka_crypto::SystemEntropy::new()).unwrap();
    let house = house.restarted(std::sync::Arc::new(ring));
    assert!(house.engine.reseal().await.unwrap() >= 1, "the secret is sealed anew");
    assert!(mingka_engine::keys_fit(&house.parts.store, &house.parts.keyring).await.unwrap());
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    house.engine.tell_once().await;
    assert!(is_signed_with(&receiver.arrivals()[0], &secret));
}

#[tokio::test]
async fn another_keys_secret_does_not_open() {
    let house = House::new().await;
    let receiver = Receiver::new().await;
    let (path, _) = endpoint(&house, &receiver).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    let strangers = mingka_crypto::keyring::KeyRing::fresh(&mingka_crypto::SystemEntropy::new());
    let house = house.restarted(std::sync::Arc::new(strangers));
    house.engine.tell_once().await;
    assert!(receiver.arrivals().is_empty(), "nothing is sent that cannot be signed");
}
