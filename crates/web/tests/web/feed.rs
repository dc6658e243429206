//! The feed, and what endpoints are told of it: everything, once, in one order, and nobody else's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use mingka_engine::{EVENT_TYPES, Scope};
use mingka_sandbox::faults::Fault;
use mingka_store::{CommitFault, Faults, Store};
use serde_json::{Value, json};

use crate::house::receiver::Receiver;
use crate::house::{House, card, fresh};
use crate::payments::{at_its_end, loan};

async fn read(house: &House, query: &str) -> Value {
    house.engine.tell_once().await;
    let told = house.api(Method::GET, &format!("/v1/events{query}")).send().await.is(200);
    told.names_nobody(&card("ok")).json()
}

fn types(feed: &Value) -> Vec<&str> {
    let items = feed["items"].as_array().unwrap();
    items.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// A card bound, verified and unbound, a loan paid out after a lost answer.
async fn a_busy_day(house: &House) {
    let loan = loan(house, "loan-7").await;
    let good = card("ok");
    let mut question = house.binding_request(&good).await;
    question["consents"].as_array_mut().unwrap().retain(|one| one["kind"] != "mandate");
    house.post("/v1/verifications", &question).send().await.is(201);
    house.fault("disburse", Fault::HalfAnswer);
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    at_its_end(house, &paid).await;
    let unbind = format!("/v1/instruments/{}/unbind", loan["instrument"].as_str().unwrap());
    house.post(&unbind, &json!({})).send().await.is(200);
}

#[tokio::test]
async fn everything_is_told_in_one_order_and_each_state_as_it_was() {
    let house = House::new().await;
    a_busy_day(&house).await;
    let feed = read(&house, "").await;
    // The clock stands still, so only the order within each subject is certain.
    let mut logs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for event in feed["items"].as_array().unwrap() {
        let (group, state) = event["type"].as_str().unwrap().split_once('.').unwrap();
        assert_eq!(event["data"]["state"], state, "as it was then, not as it is now: {event}");
        let id = event["data"]["id"].as_str().unwrap();
        assert!(id.starts_with(&group[..3]), "{event}");
        assert!(EVENT_TYPES.contains(&event["type"].as_str().unwrap()), "{event}");
        logs.entry(id[..3].to_owned()).or_default().push(state);
    }
    let binding = ["checked", "awaiting_code", "confirming", "active", "unbinding", "unbound"];
    assert_eq!(logs["bin"], binding);
    assert_eq!(logs["ins"], ["active", "unbinding", "unbound"]);
    assert_eq!(logs["ver"], ["verifying", "confirmed"]);
    assert_eq!(logs["pay"], ["accepted", "in_flight", "doubtful", "settled"]);
    assert_eq!(logs.len(), 4);
    let mut last = 0;
    for event in feed["items"].as_array().unwrap() {
        let position = event["position"].as_i64().unwrap();
        assert!(position > last, "{event}");
        last = position;
    }
    assert_eq!((&feed["has_more"], &feed["next_after"]), (&json!(false), &json!(last)));
    // Read a second time it says the same.
    assert_eq!(read(&house, "").await["items"], feed["items"]);
}

#[tokio::test]
async fn read_in_parts_it_is_the_same_and_nothing_is_skipped() {
    let house = House::new().await;
    a_busy_day(&house).await;
    let whole = read(&house, "").await;
    for limit in [1, 2, 7] {
        let (mut after, mut parts) = (0, Vec::new());
        loop {
            let part = read(&house, &format!("?after={after}&limit={limit}")).await;
            parts.extend(part["items"].as_array().unwrap().clone());
            assert!(part["items"].as_array().unwrap().len() <= limit);
            after = part["next_after"].as_i64().unwrap();
            if part["has_more"] == json!(false) {
                break;
            }
        }
        assert_eq!(&parts, whole["items"].as_array().unwrap(), "limit {limit}");
    }
    // Every event of the log has its place: the positions have no gap.
    let store = &house.parts.store;
    let placed = store.events_after(0, 1_000).await.unwrap();
    let positions: Vec<i64> = placed.iter().map(|one| one.position).collect();
    assert_eq!(positions, (1..=i64::try_from(placed.len()).unwrap()).collect::<Vec<_>>());
    let mut of_subject = BTreeMap::new();
    for one in placed {
        let next = of_subject.entry(one.event.subject).or_insert(0);
        *next += 1;
        assert_eq!(one.event.seq, *next, "{:?}", one.event);
    }
}

#[tokio::test]
async fn nobody_reads_anothers_feed() {
    let house = House::new().await;
    a_busy_day(&house).await;
    assert!(!types(&read(&house, "").await).is_empty(), "or this test proves nothing");
    for scopes in [&Scope::ALL[..], &[Scope::Read]] {
        let key = format!("Bearer {}", house.other_key(scopes).await);
        let ask = house.ask(Method::GET, "/v1/events").header("authorization", &key);
        let told = ask.send().await.is(200).json();
        assert_eq!((&told["items"], &told["next_after"]), (&json!([]), &json!(0)));
    }
    let key = format!("Bearer {}", house.other_key(&[Scope::Webhooks]).await);
    let ask = house.ask(Method::GET, "/v1/events").header("authorization", &key);
    assert_eq!(ask.send().await.status.as_u16(), 403);
}

#[tokio::test]
async fn a_wrong_query_is_named() {
    let house = House::new().await;
    for query in ["after=-1", "after=x", "limit=0", "limit=101", "wait=31", "since=1"] {
        let told = house.api(Method::GET, &format!("/v1/events?{query}")).send().await;
        told.problem(400, "request.wrong_query");
    }
}

#[tokio::test]
async fn who_waits_hears_of_what_comes() {
    let house = House::new().await;
    let waits = house.api(Method::GET, "/v1/events?after=0&wait=30").send();
    let happens = async {
        loan(&house, "loan-7").await;
        house.engine.tell_once().await;
    };
    let began = tokio::time::Instant::now();
    let (told, ()) = tokio::join!(waits, happens);
    assert!(types(&told.is(200).json()).contains(&"binding.checked"));
    assert!(began.elapsed().as_secs() < 20, "it was heard of before the time was over");
    let after = read(&house, "").await["next_after"].clone();
    let nothing = house.api(Method::GET, &format!("/v1/events?after={after}&wait=1")).send().await;
    assert_eq!(
        nothing.is(200).json(),
        json!({"items": [], "next_after": after, "has_more": false})
    );
}

async fn endpoint(house: &House, receiver: &Receiver, event_types: &Value) -> String {
    let body = json!({"url": receiver.url(), "event_types": event_types});
    let made = house.post("/v1/webhook-endpoints", &body).send().await.is(201).json();
    format!("/v1/webhook-endpoints/{}", made["endpoint"]["id"].as_str().unwrap())
}

fn bodies(receiver: &Receiver) -> Vec<Value> {
    let mut bodies: Vec<Value> = receiver
        .arrivals()
        .iter()
        .map(|arrival| {
            let body: Value = serde_json::from_str(&arrival.body).unwrap();
            assert_eq!(body["id"], arrival.header("webhook-id"));
            body
        })
        .collect();
    bodies.sort_by_key(|body| body["position"].as_i64());
    bodies
}

async fn tell_all(house: &House) {
    // Four at once to one endpoint: what finds no room is due again two seconds later.
    while house.engine.tell_once().await > 0 {
        house.later(2_000);
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_chose_once_and_as_the_feed_says_it() {
    let house = House::new().await;
    let (all, some) = (Receiver::new().await, Receiver::new().await);
    endpoint(&house, &all, &json!([])).await;
    endpoint(&house, &some, &json!(["payment.*", "instrument.unbound"])).await;
    a_busy_day(&house).await;
    tell_all(&house).await;
    let feed = read(&house, "").await;
    let feed = feed["items"].as_array().unwrap();
    assert_eq!(&bodies(&all), feed);
    let chosen: Vec<Value> = feed
        .iter()
        .filter(|event| {
            let name = event["type"].as_str().unwrap();
            name.starts_with("payment.") || name == "instrument.unbound"
        })
        .cloned()
        .collect();
    assert_eq!(chosen.len(), 5);
    assert_eq!(bodies(&some), chosen);
}

#[tokio::test]
async fn what_was_before_it_or_while_it_was_disabled_is_not_told() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    house.later(1);
    let receiver = Receiver::new().await;
    let path = endpoint(&house, &receiver, &json!(["*"])).await;
    tell_all(&house).await;
    assert_eq!(bodies(&receiver), Vec::<Value>::new());
    let switch = async |disabled: bool| {
        let ask = house.api(Method::PATCH, &path).json(&json!({"disabled": disabled}));
        ask.send().await.is(200);
    };
    switch(true).await;
    house.post("/v1/disbursements", &loan).send().await.is(201);
    tell_all(&house).await;
    switch(false).await;
    tell_all(&house).await;
    let told = bodies(&receiver);
    let types: Vec<&str> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["endpoint.enabled"]);
}

#[tokio::test]
async fn that_an_endpoint_was_given_up_is_told_to_the_others() {
    let house = House::new().await;
    let (gone, other) = (Receiver::answering(410).await, Receiver::new().await);
    let path = endpoint(&house, &gone, &json!(["*"])).await;
    endpoint(&house, &other, &json!(["endpoint.disabled"])).await;
    house.post(&format!("{path}/trial"), &json!({})).send().await.is(202);
    tell_all(&house).await;
    let told = bodies(&other);
    assert_eq!((told.len(), &told[0]["data"]["disabled_why"]), (1, &json!("gone")), "{told:?}");
    assert!(path.ends_with(told[0]["data"]["id"].as_str().unwrap()));
    // Enabled again it is told as it was then all the same.
    gone.answer(200);
    let ask = house.api(Method::PATCH, &path).json(&json!({"disabled": false}));
    ask.send().await.is(200);
    let feed = read(&house, "").await;
    assert_eq!(types(&feed), ["endpoint.disabled", "endpoint.enabled"]);
    assert_eq!(feed["items"][0], told[0]);
    assert!(feed["items"][1]["data"]["disabled_at"].is_null());
}

/// Nothing is told before it is durable, and what is durable is told once, whatever commit failed
/// on the way.
#[tokio::test]
async fn nothing_is_told_before_it_is_durable_and_then_it_is_told_once() {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&broken);
    let faults = Faults::script(move || {
        let lost = CommitFault { kept: false, read_back: true };
        switch.load(Ordering::SeqCst).then_some(lost)
    });
    let house = House::on(Store::open_in_memory_with(faults).unwrap(), |_| {}).await;
    let receiver = Receiver::new().await;
    endpoint(&house, &receiver, &json!(["payment.*"])).await;
    let loan = loan(&house, "loan-7").await;
    tell_all(&house).await;
    broken.store(true, Ordering::SeqCst);
    let ask = house.api(Method::POST, "/v1/disbursements").header("idempotency-key", &fresh());
    ask.json(&loan).send().await.is(503);
    for _ in 0..3 {
        house.engine.tell_once().await;
    }
    assert!(receiver.arrivals().is_empty(), "told of what never was");
    broken.store(false, Ordering::SeqCst);
    house.post("/v1/disbursements", &loan).send().await.is(201);
    for step in ["placed", "handed out", "carried"] {
        broken.store(true, Ordering::SeqCst);
        house.engine.tell_once().await;
        assert!(receiver.arrivals().is_empty(), "{step}: told before that was durable");
        broken.store(false, Ordering::SeqCst);
        match step {
            "placed" => assert!(house.engine.sequence().await.unwrap() > 0),
            "handed out" => assert!(house.engine.hand_out().await.unwrap() > 0),
            _ => tell_all(&house).await,
        }
    }
    let told = bodies(&receiver);
    let types: Vec<&str> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["payment.accepted", "payment.in_flight"]);
}
