//! The JSON interface as a platform's server uses it.

use http::Method;
use mingka_engine::Scope;
use mingka_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::house::{House, card, fresh};

async fn bound(house: &House, slug: &str) -> Value {
    let card = card(slug);
    let request = house.binding_request(&card).await;
    let told = house.post("/v1/bindings", &request).send().await.is(201).names_nobody(&card);
    let binding = told.json();
    assert_eq!(binding["state"], "awaiting_code", "{binding}");
    let path = format!("/v1/bindings/{}/confirm", binding["id"].as_str().unwrap());
    let code = json!({"code": house.code(&card)});
    house.post(&path, &code).send().await.is(200).names_nobody(&card).json()
}

#[tokio::test]
async fn a_binding_from_entry_to_unbound() {
    let house = House::new().await;
    let binding = bound(&house, "ok").await;
    assert_eq!(binding["state"], "active", "{binding}");
    assert_eq!(binding["card"]["last4"], "0018");
    let instrument = binding["instrument"].as_str().unwrap();
    let path = format!("/v1/instruments/{instrument}");
    let shown = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(shown["state"], "active");
    let list = house.api(Method::GET, "/v1/bindings?borrower_ref=loan-1").send().await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    let none = house.api(Method::GET, "/v1/bindings?borrower_ref=loan-2").send().await.json();
    assert!(none["items"].as_array().unwrap().is_empty(), "{none}");
    let list = house.api(Method::GET, "/v1/instruments?borrower_ref=loan-1").send().await.json();
    assert_eq!(list["items"][0]["id"], instrument);
    let none = house.api(Method::GET, "/v1/instruments?borrower_ref=loan-2").send().await.json();
    assert_eq!(none["items"], json!([]));
    let ended = house.post(&format!("{path}/unbind"), &json!({})).send().await.is(200).json();
    assert_eq!(ended["state"], "unbound", "{ended}");
}

/// Banks put into their words what they like.
#[tokio::test]
async fn what_a_bank_repeats_of_a_borrower_is_kept_nowhere() {
    let house = House::new().await;
    let card = card("ok");
    let digits: Vec<String> = card.phone.chars().map(String::from).collect();
    for (operation, code) in [("send_code", "66"), ("open_agreement", "66")] {
        let message = format!("持卡人{}，手机{}，卡{}", card.name, digits.join("/"), card.number);
        house.fault(operation, Fault::Code { code: code.to_owned(), message });
        let request = house.binding_request(&card).await;
        let told = house.post("/v1/bindings", &request).send().await.is(201).names_nobody(&card);
        let mut binding = told.json();
        let path = format!("/v1/bindings/{}", binding["id"].as_str().unwrap());
        if operation == "open_agreement" {
            let code = json!({"code": house.code(&card)});
            let told = house.post(&format!("{path}/confirm"), &code).send().await;
            binding = told.is(200).names_nobody(&card).json();
        }
        assert_eq!(binding["state"], "refused", "{binding}");
        let said = binding["diagnosis"]["evidence"][0]["message"].as_str().unwrap();
        assert_eq!(said, "持卡人****，手机****，卡****");
        house.api(Method::GET, &path).send().await.is(200).names_nobody(&card);
        house.api(Method::GET, "/v1/events").send().await.is(200).names_nobody(&card);
        house.later(120_000);
    }
}

#[tokio::test]
async fn lists_are_searched_by_borrower_and_by_time() {
    let house = House::new().await;
    let first = card("ok");
    let mut question = house.binding_request(&first).await;
    question["consents"].as_array_mut().unwrap().truncate(1);
    bound(&house, "ok").await;
    let noon = house.parts.clock.now().plus_ms(1).rfc3339().replace('+', "%2B");
    house.later(1_000);
    house.post("/v1/verifications", &question).send().await.is(201).names_nobody(&first);
    let count = async |path: String| {
        let list = house.api(Method::GET, &path).send().await.is(200).json();
        list["items"].as_array().unwrap().len()
    };
    for (list, before, after) in
        [("bindings", 1, 0), ("instruments", 1, 0), ("verifications", 0, 1)]
    {
        assert_eq!(count(format!("/v1/{list}?created_until={noon}")).await, before, "{list}");
        assert_eq!(count(format!("/v1/{list}?created_from={noon}")).await, after, "{list}");
        assert_eq!(count(format!("/v1/{list}?borrower_ref=loan-1")).await, 1, "{list}");
        assert_eq!(count(format!("/v1/{list}?borrower_ref=loan-2")).await, 0, "{list}");
        let path = format!("/v1/{list}?created_from=yesterday");
        let problem = house.api(Method::GET, &path).send().await.is(400).json();
        assert!(problem["detail"].as_str().unwrap().contains("RFC 3339"), "{problem}");
    }
}

#[tokio::test]
async fn a_refusal_comes_with_its_diagnosis_in_the_callers_language() {
    let house = House::new().await;
    let lost = card("lost");
    let request = house.binding_request(&lost).await;
    let told = house.post("/v1/bindings", &request).header("accept-language", "en");
    let told = told.send().await.is(201).names_nobody(&lost);
    assert_eq!(told.header("content-language"), "en");
    let binding = told.json();
    assert_eq!(binding["state"], "refused");
    let diagnosis = &binding["diagnosis"];
    assert_eq!(diagnosis["cause"], lost.cause.as_ref().unwrap().as_str());
    for field in ["actor", "next_step", "retry", "title", "text", "fix", "certainty"] {
        assert!(diagnosis[field].as_str().is_some_and(|t| !t.is_empty()), "{field}: {diagnosis}");
    }
    assert!(diagnosis["evidence"][0]["code"].is_string(), "{diagnosis}");
}

#[tokio::test]
async fn a_lost_answer_is_a_doubt_and_resolves() {
    let house = House::new().await;
    let good = card("ok");
    let request = house.binding_request(&good).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let id = binding["id"].as_str().unwrap().to_owned();
    house.fault("open_agreement", Fault::DropAfter);
    let code = json!({"code": house.code(&good)});
    let path = format!("/v1/bindings/{id}/confirm");
    let doubt = house.post(&path, &code).send().await.is(200).json();
    assert_eq!(doubt["state"], "doubtful");
    assert_eq!(doubt["diagnosis"]["actor"], "nobody");
    for _ in 0..10 {
        house.later(60_000);
        house.engine.work_once().await;
    }
    let path = format!("/v1/bindings/{id}");
    let after = house.api(Method::GET, &path).send().await.is(200).json();
    assert_eq!(after["state"], "active", "{after}");
}

#[tokio::test]
async fn the_same_key_is_the_same_answer() {
    let house = House::new().await;
    let good = card("ok");
    let request = house.binding_request(&good).await;
    let key = fresh();
    let send = |body: Value| {
        house.api(Method::POST, "/v1/bindings").header("idempotency-key", &key).json(&body).send()
    };
    let first = send(request.clone()).await.is(201).json();
    // The same request with its fields in another order is the same request.
    let mut fields: Vec<_> = request.as_object().unwrap().clone().into_iter().collect();
    fields.reverse();
    let again = send(Value::Object(fields.into_iter().collect())).await.is(201).json();
    assert_eq!(first["id"], again["id"]);
    let mut other = request.clone();
    other["borrower_ref"] = json!("loan-2");
    send(other).await.problem(422, "idempotency.key_reused");
    // The same key for another action is another request.
    let path = format!("/v1/bindings/{}/cancel", first["id"].as_str().unwrap());
    let cancel = house.api(Method::POST, &path).header("idempotency-key", &key);
    cancel.json(&json!({})).send().await.problem(422, "idempotency.key_reused");
}

#[tokio::test]
async fn every_changing_post_needs_its_key() {
    let house = House::new().await;
    let id = "0".repeat(32);
    for path in [
        "/v1/bindings".to_owned(),
        "/v1/verifications".to_owned(),
        "/v1/binding-sessions".to_owned(),
        format!("/v1/bindings/bind_{id}/confirm"),
        format!("/v1/bindings/bind_{id}/resend"),
        format!("/v1/bindings/bind_{id}/cancel"),
        format!("/v1/instruments/inst_{id}/unbind"),
    ] {
        let ask = || house.api(Method::POST, &path).json(&json!({}));
        ask().send().await.problem(400, "idempotency.key_missing");
        for bad in ["", " ", &"x".repeat(65), "a b"] {
            let told = ask().header("idempotency-key", bad).send().await;
            told.problem(400, "idempotency.key_missing");
        }
    }
}

#[tokio::test]
async fn platforms_do_not_see_each_other() {
    let house = House::new().await;
    let binding = bound(&house, "ok").await;
    let other = format!("Bearer {}", house.other_key(&Scope::ALL).await);
    let id = binding["id"].as_str().unwrap();
    let instrument = binding["instrument"].as_str().unwrap();
    for path in [
        format!("/v1/bindings/{id}"),
        format!("/v1/bindings/{id}/events"),
        format!("/v1/instruments/{instrument}"),
    ] {
        let told = house.ask(Method::GET, &path).header("authorization", &other).send().await;
        told.problem(404, "resource.not_found");
    }
    for path in [
        format!("/v1/bindings/{id}/confirm"),
        format!("/v1/bindings/{id}/resend"),
        format!("/v1/bindings/{id}/cancel"),
        format!("/v1/instruments/{instrument}/unbind"),
    ] {
        let ask = house.ask(Method::POST, &path).header("authorization", &other);
        let body = if path.ends_with("confirm") { json!({"code": "123456"}) } else { json!({}) };
        let ask = ask.header("idempotency-key", &fresh()).json(&body);
        ask.send().await.problem(404, "resource.not_found");
    }
    for path in ["/v1/bindings", "/v1/instruments", "/v1/verifications"] {
        let told = house.ask(Method::GET, path).header("authorization", &other).send().await;
        assert_eq!(told.is(200).json()["items"], json!([]));
    }
}

#[tokio::test]
async fn keys_open_what_they_are_for() {
    let house = House::new().await;
    house.ask(Method::GET, "/v1/bindings").send().await.problem(401, "auth.key_unknown");
    for bad in ["Bearer", "Bearer ", "Basic abc", "Bearer mk_sandbox_nothing", "Bearer \u{e9}"] {
        let told = house.ask(Method::GET, "/v1/bindings").header("authorization", bad).send().await;
        assert_eq!(told.header("www-authenticate"), "Bearer");
        told.problem(401, "auth.key_unknown");
    }
    let reader = format!("Bearer {}", house.other_key(&[Scope::Read]).await);
    let ask = house.ask(Method::POST, "/v1/binding-sessions").header("authorization", &reader);
    let told = ask.header("idempotency-key", &fresh()).json(&json!({})).send().await;
    let body = told.problem(403, "auth.scope_missing");
    assert!(body["detail"].as_str().unwrap().contains("bind"), "{body}");
}

#[tokio::test]
async fn lists_turn_their_pages() {
    let house = House::new().await;
    for slug in ["ok", "ok-16", "ok-icbc"] {
        let request = house.binding_request(&card(slug)).await;
        house.post("/v1/bindings", &request).send().await.is(201);
        house.later(1_000);
    }
    let page = |query: String| house.api(Method::GET, &format!("/v1/bindings{query}")).send();
    let first = page("?limit=2".to_owned()).await.is(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(first["has_more"], true);
    let last = first["items"][1]["id"].as_str().unwrap();
    let rest = page(format!("?limit=2&starting_after={last}")).await.is(200).json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["has_more"], false);
    for bad in [
        "?limit=0",
        "?limit=101",
        "?limit=x",
        "?starting_after=1",
        "?page=2",
        &format!("?starting_after={last}&ending_before={last}"),
    ] {
        page(bad.to_owned()).await.problem(400, "request.wrong_query");
    }
}

#[tokio::test]
async fn prechecks_tell_everything_and_nothing_clear() {
    let house = House::new().await;
    let good = card("ok");
    let entry = json!({"card_number": "6216 2610 0000 0000 01", "name": good.name,
        "id_number": good.id_number, "phone": "1380"});
    let told = house.api(Method::POST, "/v1/prechecks").json(&entry).send().await;
    let body = told.is(200).names_nobody(&good).json();
    assert_eq!(body["passes"], false);
    let fields: Vec<&str> =
        body["findings"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["card_number", "phone"]);
    assert_eq!(body["card"]["bin"], "621626");
}

#[tokio::test]
async fn reference_data_is_there_in_both_languages() {
    let house = House::new().await;
    let zh = house.api(Method::GET, "/v1/causes/card.lost").send().await.is(200).json();
    let en = house.api(Method::GET, "/v1/causes/card.lost").header("accept-language", "en");
    let en = en.send().await.is(200).json();
    assert_eq!(zh["code"], en["code"]);
    assert_ne!(zh["borrower"]["text"], en["borrower"]["text"]);
    house
        .api(Method::GET, "/v1/causes/card.nothing")
        .send()
        .await
        .problem(404, "resource.not_found");
    let all = house.api(Method::GET, "/v1/causes").send().await.is(200).json();
    assert!(all["items"].as_array().unwrap().len() > 20);
    let bin = house.api(Method::GET, "/v1/bins/621626").send().await.is(200).json();
    assert_eq!(bin["kind"], "debit");
    house
        .api(Method::GET, "/v1/bins/6216261000000000018")
        .send()
        .await
        .problem(400, "request.wrong_query");
    let channels = house.api(Method::GET, "/v1/channels").send().await.is(200).json();
    assert_eq!(channels["items"][0]["code"], "unionpay");
}

#[tokio::test]
async fn verification_answers_and_counts() {
    let house = House::new().await;
    let good = card("ok");
    let mut request = house.binding_request(&good).await;
    request["consents"].as_array_mut().unwrap().truncate(1);
    let told = house.post("/v1/verifications", &request).send().await.is(201).names_nobody(&good);
    assert_eq!(told.json()["state"], "confirmed", "{}", told.text);
    request["consents"] = json!([]);
    house.post("/v1/verifications", &request).send().await.problem(422, "consent.missing");
}

#[tokio::test]
async fn events_can_be_replayed_from_any_of_them() {
    use http_body_util::BodyExt as _;
    let house = House::new().await;
    let binding = bound(&house, "ok").await;
    let path = format!("/v1/bindings/{}/events", binding["id"].as_str().unwrap());
    let mut texts = Vec::new();
    for after in ["0", "2"] {
        let ask = house.api(Method::GET, &path).header("last-event-id", after);
        let mut stream = ask.stream().await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut text = String::new();
        while !text.contains(&format!("id: {}\n", binding["timeline"].as_array().unwrap().len())) {
            let frame = stream.body_mut().frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
        texts.push(text);
    }
    assert!(texts[0].starts_with("id: 1\nevent: "), "{}", texts[0]);
    assert!(texts[1].starts_with("id: 3\nevent: "), "{}", texts[1]);
    assert!(texts[0].ends_with(&texts[1]));
    let bad = house.api(Method::GET, &path).header("last-event-id", "x").send().await;
    bad.problem(400, "request.wrong_query");
}

#[tokio::test]
async fn a_key_that_was_taken_back_hears_nothing_more() {
    use http_body_util::BodyExt as _;
    use mingka_engine::NewApiKey;
    let house = House::new().await;
    let request = house.binding_request(&card("ok")).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}", binding["id"].as_str().unwrap());
    let mut stream = house.api(Method::GET, &format!("{path}/events")).stream().await;
    let mut heard = String::new();
    while !heard.contains(&format!("id: {}\n", binding["timeline"].as_array().unwrap().len())) {
        let frame = stream.body_mut().frame().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    let platform = house.engine.platforms().await.unwrap()[0].id;
    let new = NewApiKey { name: "next".to_owned(), scopes: Scope::ALL.to_vec(), expires_at: None };
    let next = house.engine.create_api_key(platform, new).await.unwrap();
    let old = house.engine.api_keys(platform).await.unwrap().into_iter().find(|k| k.id != next.id);
    house.engine.revoke_api_key(platform, old.unwrap().id).await.unwrap();
    let cancel = house.ask(Method::POST, &format!("{path}/cancel")).json(&json!({}));
    let bearer = format!("Bearer {}", next.key.expose());
    let cancel = cancel.header("authorization", &bearer).header("idempotency-key", &fresh());
    cancel.send().await.is(200);
    while let Some(frame) = stream.body_mut().frame().await {
        heard.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        assert!(!heard.contains("cancel"), "{heard}");
    }
}

#[tokio::test]
async fn health_is_for_everybody() {
    let house = House::new().await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(house.ask(Method::GET, path).send().await.is(200).json()["status"], "ok");
    }
}
