//! Persons of the house over the interface: stop switches, limits, what two decide; and that no
//! platform's key opens what a person's does, nor the other way round.

use http::Method;
use mingka_engine::{Role, Scope};
use mingka_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::house::{House, Told};
use crate::payments::{at_its_end, loan, merged};

#[tokio::test]
async fn a_person_stops_everything_at_once_and_lets_it_go_on() {
    let house = House::new().await;
    let operator = person(&house, "操作员", &Role::ALL).await;
    let loan = loan(&house, "loan-7").await;
    let stop = json!({"switch": "channel:unionpay", "stopped": true, "why": "大量超时"});
    let told = ask(&house, &operator, Method::POST, "/v1/stops", &stop).await.is(200).json();
    assert_eq!((&told["stopped"], &told["who"]), (&json!(true), &json!("操作员")));
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!((&paid["state"], &paid["waits_for"]), (&json!("waiting"), &json!("stopped")));
    let list = ask(&house, &operator, Method::GET, "/v1/stops", &Value::Null).await.is(200).json();
    assert_eq!(list["items"][0]["why"], "大量超时");
    let go = merged(&stop, &json!({"stopped": false}));
    ask(&house, &operator, Method::POST, "/v1/stops", &go).await.is(200);
    assert_eq!(at_its_end(&house, &paid).await["state"], "settled");
}

#[tokio::test]
async fn a_platform_stops_itself_and_nobody_else() {
    let house = House::new().await;
    let platform = house.engine.authenticate(&house.key).await.unwrap().platform;
    let own = json!({"switch": format!("platform_own:{platform}"), "stopped": true, "why": "盘点"});
    let stop = |key: String, body: Value| {
        let house = &house;
        async move { ask(house, &key, Method::POST, "/v1/stops", &body).await }
    };
    stop(house.key.clone(), own.clone()).await.is(200);
    let list = ask(&house, &house.key, Method::GET, "/v1/stops", &Value::Null).await.json();
    assert_eq!(list["items"][0]["stopped"], true, "{list}");
    let by_persons = format!("platform:{platform}");
    for other in ["channel:unionpay", "lender:default", "operation:disburse", &by_persons] {
        let body = merged(&own, &json!({"switch": other}));
        stop(house.key.clone(), body).await.problem(422, "request.wrong_value");
    }
    for (change, code) in [
        (json!({"switch": "everything"}), "request.wrong_value"),
        (json!({"why": " "}), "request.wrong_value"),
    ] {
        stop(house.key.clone(), merged(&own, &change)).await.problem(422, code);
    }
    let payer = house.other_key(&[Scope::Pay, Scope::Read]).await;
    stop(payer, own).await.problem(403, "auth.scope_missing");
}

#[tokio::test]
async fn a_platform_does_not_let_go_on_what_a_person_has_stopped() {
    let house = House::new().await;
    let operator = person(&house, "操作员", &Role::ALL).await;
    let platform = house.engine.authenticate(&house.key).await.unwrap().platform;
    let loan = loan(&house, "loan-7").await;
    let turn = |key: String, switch: String, stopped: bool| {
        let house = &house;
        async move {
            let body = json!({"switch": switch, "stopped": stopped, "why": "核查"});
            ask(house, &key, Method::POST, "/v1/stops", &body).await.is(200);
        }
    };
    let (own, whole) = (format!("platform_own:{platform}"), format!("platform:{platform}"));
    turn(house.key.clone(), own.clone(), true).await;
    turn(operator.clone(), whole.clone(), true).await;
    turn(house.key.clone(), own, false).await;
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!((&paid["state"], &paid["waits_for"]), (&json!("waiting"), &json!("stopped")));
    turn(operator, whole, false).await;
    assert_eq!(at_its_end(&house, &paid).await["state"], "settled");
}

#[tokio::test]
async fn a_balance_said_twice_forgets_nothing_that_was_paid() {
    let house = House::new().await;
    let operator = person(&house, "操作员", &Role::ALL).await;
    let loan = loan(&house, "loan-7").await;
    let stated = json!({"channel": "unionpay", "balance_fen": 5_000_000});
    ask(&house, &operator, Method::POST, "/v1/balances", &stated).await.is(200);
    house.post("/v1/disbursements", &loan).send().await.is(201);
    let left = 5_000_000 - loan["amount_fen"].as_i64().unwrap();
    let again = ask(&house, &operator, Method::POST, "/v1/balances", &stated).await.is(200).json();
    assert_eq!(again["items"][0]["left_fen"], left, "{again}");
    house.later(10 * 60_000);
    let anew = ask(&house, &operator, Method::POST, "/v1/balances", &stated).await.is(200).json();
    assert_eq!(anew["items"][0]["left_fen"], 5_000_000, "{anew}");
}

#[tokio::test]
async fn two_persons_end_what_no_proof_has_ended() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    house.fault("disburse", Fault::DropBefore);
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!(paid["state"], "doubtful", "{paid}");
    for _ in 0..60 {
        house.later(3_600_000);
        house.engine.work_once().await;
    }
    let one = person(&house, "甲", &[Role::Look, Role::Operate, Role::Approve]).await;
    let other = person(&house, "乙", &[Role::Look, Role::Approve]).await;
    let reviews = ask(&house, &one, Method::GET, "/v1/reviews", &Value::Null).await.is(200).json();
    assert_eq!(reviews["items"][0]["id"], paid["id"], "{reviews}");
    let claim = json!({"payment": paid["id"], "moved": false, "evidence": "银行书面答复 OPS-1"});
    let bare = merged(&claim, &json!({"evidence": ""}));
    ask(&house, &one, Method::POST, "/v1/approvals", &bare)
        .await
        .problem(422, "request.wrong_value");
    ask(&house, &other, Method::POST, "/v1/approvals", &claim)
        .await
        .problem(403, "auth.scope_missing");
    let made = ask(&house, &one, Method::POST, "/v1/approvals", &claim).await.is(201).json();
    let path = format!("/v1/approvals/{}", made["id"].as_str().unwrap());
    let approve = format!("{path}/approve");
    ask(&house, &one, Method::POST, &approve, &json!({})).await.problem(403, "auth.scope_missing");
    let done = ask(&house, &other, Method::POST, &approve, &json!({})).await.is(200).json();
    assert_eq!(done["state"], "approved");
    assert_ne!(done["decided_by"], done["proposed_by"]);
    let seen = at_its_end(&house, &paid).await;
    assert_eq!(seen["state"], "refused", "{seen}");
    let last = seen["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "decided", "{seen}");
    house.post("/v1/disbursements", &loan).send().await.problem(409, "payment.already");
    ask(&house, &other, Method::POST, &approve, &json!({}))
        .await
        .problem(409, "state.not_possible");
    let list = ask(&house, &one, Method::GET, "/v1/approvals", &Value::Null).await.json();
    assert_eq!((&list["items"][0]["id"], &list["has_more"]), (&made["id"], &json!(false)));
    ask(&house, &one, Method::GET, &path, &Value::Null).await.is(200);
}

#[tokio::test]
async fn a_limit_is_set_by_two_and_holds_at_once() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let one = person(&house, "甲", &Role::ALL).await;
    let other = person(&house, "乙", &Role::ALL).await;
    let limit = json!({"scope": "lender:default", "kind": "disbursement", "payment_fen": 999_999});
    for (change, pointer) in
        [(json!({"kind": "refund"}), "/limit/kind"), (json!({"day_fen": -1}), "/limit/day_fen")]
    {
        let body = json!({"limit": merged(&limit, &change), "evidence": "风控会议"});
        let told = ask(&house, &one, Method::POST, "/v1/approvals", &body).await;
        assert_eq!(told.problem(422, "request.wrong_value")["pointer"], pointer);
    }
    let body = json!({"limit": limit, "evidence": "风控会议"});
    let made = ask(&house, &one, Method::POST, "/v1/approvals", &body).await.is(201).json();
    house.post("/v1/disbursements", &loan).send().await.is(201);
    let approve = format!("/v1/approvals/{}/approve", made["id"].as_str().unwrap());
    ask(&house, &other, Method::POST, &approve, &json!({})).await.is(200);
    let next = merged(&loan, &json!({"loan_ref": "loan-8"}));
    house.post("/v1/disbursements", &next).send().await.problem(422, "payment.over_limit");
    let limits = ask(&house, &one, Method::GET, "/v1/limits", &Value::Null).await.is(200).json();
    assert_eq!(limits["items"][0]["payment_fen"], 999_999, "{limits}");
    assert_eq!(limits["items"][0]["approval"], made["id"]);
}

#[tokio::test]
async fn neither_kind_of_key_opens_what_the_other_does() {
    let house = House::new().await;
    let someone = person(&house, "甲", &Role::ALL).await;
    for path in ["/v1/limits", "/v1/reviews", "/v1/approvals"] {
        ask(&house, "mp_0123456789abcdef_x", Method::GET, path, &Value::Null)
            .await
            .problem(401, "auth.key_unknown");
        house.ask(Method::GET, path).send().await.problem(401, "auth.key_unknown");
    }
    ask(&house, &someone, Method::GET, "/v1/payments", &Value::Null)
        .await
        .problem(401, "auth.key_unknown");
    let id = house.engine.principals().await.unwrap()[0].id;
    house.engine.revoke_principal(id).await.unwrap();
    ask(&house, &someone, Method::GET, "/v1/limits", &Value::Null)
        .await
        .problem(401, "auth.key_unknown");
}

#[tokio::test]
async fn what_was_taken_is_given_back_over_the_interface() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let due = json!({"instrument": loan["instrument"], "amount_fen": 5_000, "due_ref": "loan-7/1"});
    let paid = house.post("/v1/repayments", &due).send().await.is(201).json();
    let refunds = format!("/v1/payments/{}/refunds", paid["id"].as_str().unwrap());
    house.post(&refunds, &json!({})).send().await.problem(409, "state.not_possible");
    let taken = at_its_end(&house, &paid).await;
    assert_eq!(taken["state"], "settled", "{taken}");
    let more = json!({"amount_fen": 5_001});
    house.post(&refunds, &more).send().await.problem(422, "request.wrong_value");
    house
        .post(&refunds, &json!({"amount_fen": 0}))
        .send()
        .await
        .problem(422, "request.wrong_value");
    // An amount that got lost gives nothing back.
    let lost = json!({"amount_fen": null});
    house.post(&refunds, &lost).send().await.problem(422, "request.wrong_shape");
    let part = house.post(&refunds, &json!({"amount_fen": 2_000})).send().await.is(201).json();
    assert_eq!((&part["kind"], &part["original"]), (&json!("refund"), &paid["id"]), "{part}");
    assert_eq!(at_its_end(&house, &part).await["state"], "settled");
    let seen = at_its_end(&house, &paid).await;
    assert_eq!((&seen["state"], &seen["refunded_amount_fen"]), (&json!("refunded"), &json!(2_000)));
    assert_eq!(seen["given_back_by"], json!([part["id"]]));
    let reversal = format!("/v1/payments/{}/reversal", paid["id"].as_str().unwrap());
    house.post(&reversal, &json!({})).send().await.problem(409, "state.not_possible");
}

#[tokio::test]
async fn a_mandate_is_held_to() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    let path = format!("/v1/instruments/{}/mandate", loan["instrument"].as_str().unwrap());
    house.api(Method::GET, &path).send().await.problem(404, "resource.not_found");
    let said = json!({"payee": "晨光小贷", "collected_for": "还款", "payment_fen": 5_000,
        "valid_until": "2026-11-24T00:00:00+08:00"});
    for (change, pointer) in [
        (json!({"payee": " "}), "/payee"),
        (json!({"payment_fen": 0}), "/payment_fen"),
        (json!({"valid_until": "2020-01-01T00:00:00+08:00"}), "/valid_until"),
    ] {
        let told = house.post(&path, &merged(&said, &change)).send().await;
        assert_eq!(told.problem(422, "request.wrong_value")["pointer"], pointer);
    }
    let mandate = house.post(&path, &said).send().await.is(200).json();
    assert_eq!(mandate["consent_sha256"].as_str().unwrap().len(), 64, "{mandate}");
    let card = &loan["instrument"];
    let due = |reference: &str, fen: i64| {
        let due = json!({"instrument": card, "due_ref": reference});
        merged(&due, &json!({"amount_fen": fen}))
    };
    let above = house.post("/v1/repayments", &due("a", 5_001)).send().await;
    above.problem(422, "payment.over_limit");
    house.post("/v1/repayments", &due("a", 5_000)).send().await.is(201);
    house.later(86_400_000);
    let late = house.post("/v1/repayments", &due("b", 1)).send().await;
    assert_eq!(late.problem(409, "state.not_possible")["cause"], "mandate.ended");
    let longer = merged(&said, &json!({"valid_until": "2027-11-24T00:00:00+08:00"}));
    house.post(&path, &longer).send().await.is(200);
    house.post("/v1/repayments", &due("b", 1)).send().await.is(201);
    house.post(&format!("{path}/end"), &json!({})).send().await.is(200);
    let ended = house.post("/v1/repayments", &due("c", 1)).send().await;
    assert_eq!(ended.problem(409, "state.not_possible")["cause"], "mandate.ended");
}

async fn person(house: &House, name: &str, roles: &[Role]) -> String {
    house.engine.create_principal(name, roles).await.unwrap().key.expose().to_owned()
}

async fn ask(house: &House, key: &str, method: Method, path: &str, body: &Value) -> Told {
    let ask = house.ask(method, path).header("authorization", &format!("Bearer {key}"));
    if body.is_null() { ask.send().await } else { ask.json(body).send().await }
}
