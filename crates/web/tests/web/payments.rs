//! Money over the interface: what a platform sends, what it reads, and what it is refused.

use http::Method;
use mingka_engine::{Engine, Reason, Scope, StopSwitch};
use mingka_sandbox::bank::Refusal;
use mingka_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::house::{House, card, fresh};

#[tokio::test]
async fn a_disbursement_is_followed_to_its_proof() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!(paid["state"], "in_flight", "{paid}");
    assert!(paid["proof"].is_null() && paid["next_look_at"].is_string(), "{paid}");
    let paid = at_its_end(&house, &paid).await;
    assert_eq!((&paid["state"], &paid["proof"]), (&json!("settled"), &json!("inquiry")), "{paid}");
    assert_eq!(paid["settled_amount_fen"], 1_000_000);
    let list = house.api(Method::GET, "/v1/payments?reference=loan-7").send().await.is(200).json();
    assert_eq!(list["items"][0]["id"], paid["id"]);
    let none = house.api(Method::GET, "/v1/payments?reference=loan-8").send().await.is(200).json();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn a_loan_that_is_open_or_paid_keeps_others_out_by_name() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    house.fault("disburse", Fault::HalfAnswer);
    let first = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!(first["state"], "doubtful", "{first}");
    let told = house.post("/v1/disbursements", &loan).send().await;
    let problem = told.problem(409, "payment.already");
    assert!(problem["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()));
    let other = json!({"purpose": "insurance"});
    let other = merged(&loan, &other);
    house.post("/v1/disbursements", &other).send().await.is(201);
}

#[tokio::test]
async fn a_key_has_one_answer_and_one_body() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let ask = |key: &str, body: &Value| {
        let ask = house.api(Method::POST, "/v1/disbursements");
        ask.header("idempotency-key", key).json(body).send()
    };
    let key = fresh();
    let first = ask(&key, &loan).await.is(201).json();
    assert_eq!(ask(&key, &loan).await.is(201).json(), first);
    let other = merged(&loan, &json!({"amount_fen": 5}));
    ask(&key, &other).await.problem(422, "idempotency.key_reused");
}

#[tokio::test]
async fn bad_money_is_named_and_nothing_is_sent() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    for (change, status, code) in [
        (json!({"amount_fen": 0}), 422, "request.wrong_value"),
        (json!({"amount_fen": -1}), 422, "request.wrong_value"),
        (json!({"amount_fen": 1.5}), 422, "request.wrong_shape"),
        (json!({"amount_fen": 9_000_000_000_000_000_000_u64}), 422, "request.wrong_value"),
        (json!({"loan_ref": ""}), 422, "request.wrong_value"),
        (json!({"loan_ref": "13800138000"}), 422, "request.wrong_value"),
        (json!({"purpose": "<b>"}), 422, "request.wrong_value"),
        (json!({"instrument": "inst_1"}), 422, "request.wrong_value"),
        (json!({"lender": "nobody"}), 422, "request.wrong_value"),
        (json!({"amount": 5}), 400, "request.unknown_field"),
    ] {
        let told = house.post("/v1/disbursements", &merged(&loan, &change)).send().await;
        assert_eq!(told.status.as_u16(), status, "{change}: {}", told.text);
        assert_eq!(told.json()["code"], code, "{change}: {}", told.text);
    }
    let list = house.api(Method::GET, "/v1/payments").send().await.is(200).json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn what_is_due_holds_only_until_its_moment() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let due = json!({"instrument": loan["instrument"], "amount_fen": 5_000, "due_ref": "loan-7/1"});
    for moment in ["2020-01-01T00:00:00+08:00", "tomorrow", ""] {
        let late = merged(&due, &json!({"valid_until": moment}));
        let told = house.post("/v1/repayments", &late).send().await;
        told.problem(422, "request.wrong_value");
    }
    let paid = house.post("/v1/repayments", &due).send().await.is(201).json();
    assert_eq!(paid["kind"], "repayment", "{paid}");
}

#[tokio::test]
async fn who_may_not_pay_does_not_and_others_see_nothing() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    let reader = house.other_key(&[Scope::Read]).await;
    let path = format!("/v1/payments/{}", paid["id"].as_str().unwrap());
    let ask = |method, path: &str| {
        house.ask(method, path).header("authorization", &format!("Bearer {reader}"))
    };
    ask(Method::GET, &path).send().await.problem(404, "resource.not_found");
    let list = ask(Method::GET, "/v1/payments").send().await.is(200).json();
    assert_eq!(list["items"], json!([]));
    let told = ask(Method::POST, "/v1/disbursements").header("idempotency-key", &fresh());
    assert_eq!(told.json(&loan).send().await.status.as_u16(), 403);
}

#[tokio::test]
async fn what_was_sent_cannot_be_cancelled() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    let path = format!("/v1/payments/{}/cancel", paid["id"].as_str().unwrap());
    house.post(&path, &json!({})).send().await.problem(409, "state.not_possible");
}

#[tokio::test]
async fn a_switch_turned_by_another_process_stops_at_once() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let platform = house.engine.authenticate(&house.key).await.unwrap().platform;
    let other = Engine::new(house.parts.clone());
    let reason = Reason::new("operator", "a test").unwrap();
    let platform = format!("platform:{platform}");
    for name in [&*platform, "lender:default", "channel:unionpay", "operation:disburse"] {
        let switch = StopSwitch::named(name).unwrap();
        other.turn_stop(&switch, true, &reason).await.unwrap();
        let request = merged(&loan, &json!({"loan_ref": name}));
        let paid = house.post("/v1/disbursements", &request).send().await.is(201).json();
        assert_eq!(paid["state"], "waiting", "{name}: {paid}");
        assert_eq!(paid["waits_for"], "stopped", "{name}: {paid}");
        other.turn_stop(&switch, false, &reason).await.unwrap();
        assert_eq!(at_its_end(&house, &paid).await["state"], "settled", "{name}");
    }
}

/// A bank only says that it was too much: the amount tells for which class of account it would be,
/// and that is all it changes.
#[tokio::test]
async fn a_limit_names_the_classes_of_account_that_may_not_move_so_much() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let three = "account.class_three_limit";
    for (amount_fen, causes) in [
        (200_000, json!(["limit.amount"])),
        (200_001, json!(["limit.amount", three])),
        (1_000_001, json!(["limit.amount", three, "account.class_two_limit"])),
    ] {
        house.fault("disburse", Fault::RefusedLater { refusal: Refusal::LimitExceeded });
        let own = json!({"amount_fen": amount_fen, "loan_ref": format!("loan-{amount_fen}")});
        let paid = house.post("/v1/disbursements", &merged(&loan, &own)).send().await.is(201);
        let seen = at_its_end(&house, &paid.json()).await;
        let diagnosis = &seen["diagnosis"];
        assert_eq!((&seen["state"], &diagnosis["causes"]), (&json!("refused"), &causes), "{seen}");
        let acts = ["actor", "next_step", "retry"].map(|name| diagnosis[name].clone());
        assert_eq!(acts, ["borrower", "try_later", "after"].map(Value::from), "{seen}");
        let sent = seen["timeline"].as_array().unwrap().iter().filter(|e| e["event"] == "sent");
        assert_eq!(sent.count(), 1, "{seen}");
    }
}

pub(crate) async fn loan(house: &House, reference: &str) -> Value {
    loan_to(house, "ok", reference).await
}

/// The same to another card of the catalogue.
pub(crate) async fn loan_to(house: &House, slug: &str, reference: &str) -> Value {
    let card = card(slug);
    let request = house.binding_request(&card).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}/confirm", binding["id"].as_str().unwrap());
    let code = json!({"code": house.code(&card)});
    let bound = house.post(&path, &code).send().await.is(200).json();
    json!({"instrument": bound["instrument"], "amount_fen": 1_000_000, "loan_ref": reference})
}

pub(crate) fn merged(body: &Value, change: &Value) -> Value {
    let mut body = body.clone();
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Turns the worker, an hour at a time, until nothing is left to look at.
pub(crate) async fn at_its_end(house: &House, payment: &Value) -> Value {
    let path = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    for _ in 0..50 {
        let seen = house.api(Method::GET, &path).send().await.is(200).json();
        if seen["next_look_at"].is_null() {
            return seen;
        }
        house.later(3_600_000);
        house.engine.work_once().await;
    }
    panic!("the payment never comes to an end");
}
