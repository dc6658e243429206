//! What a platform with a gateway of its own may ask: what a bank's answer means. And the
//! dictionary it is explained from.

use http::Method;
use mingka_engine::Scope;
use serde_json::{Value, json};

use crate::house::{House, Told, card};

async fn explain(house: &House, body: &Value) -> Told {
    let ask = house.api(Method::POST, "/v1/diagnoses").header("accept-language", "en");
    ask.json(body).send().await
}

#[tokio::test]
async fn a_code_is_explained_by_operation_and_phase() {
    let house = House::new().await;
    for (body, class, cause) in [
        (
            json!({"family": "unionpay", "operation": "verify", "code": "61"}),
            "declined",
            "card.number_wrong",
        ),
        (
            json!({"channel": "unionpay", "operation": "verify", "code": "61"}),
            "declined",
            "card.number_wrong",
        ),
        (
            json!({"family": "iso8583", "operation": "collect", "phase": "inquiry", "code": "51"}),
            "declined",
            "balance.insufficient",
        ),
        (
            json!({"family": "iso8583", "operation": "disburse", "phase": "inquiry", "code": "51"}),
            "declined",
            "platform.balance",
        ),
        // About money a first answer decides nothing, unless the caller has proof of their own.
        (
            json!({"family": "unionpay", "operation": "collect", "code": "64"}),
            "unknown",
            "channel.result_unknown",
        ),
        (
            json!({"family": "unionpay", "operation": "collect", "code": "64", "over": true}),
            "unknown",
            "balance.insufficient",
        ),
        (
            json!({"family": "unionpay", "operation": "verify", "code": "no-such-code"}),
            "unknown",
            "channel.code_unmapped",
        ),
        (json!({"operation": "verify", "text": "余额不足"}), "unknown", "balance.insufficient"),
        (json!({"operation": "collect", "text": "余额不足"}), "unknown", "payment.confirming"),
    ] {
        let told = explain(&house, &body).await.is(200);
        assert_eq!(told.header("content-language"), "en");
        let told = told.json();
        assert_eq!((&told["class"], &told["diagnosis"]["cause"]), (&json!(class), &json!(cause)));
        for field in ["title", "text", "fix", "agent_text", "actor", "next_step", "retry"] {
            let said = told["diagnosis"][field].as_str();
            assert!(said.is_some_and(|said| !said.is_empty()), "{field}: {told}");
        }
        for step in told["diagnosis"]["steps"].as_array().unwrap() {
            assert!(step["action"].is_string() && step["text"].is_string(), "{told}");
        }
        assert_eq!(told["reading"].is_null(), body.get("text").is_none(), "{told}");
    }
    let done = json!({"family": "unionpay", "operation": "verify", "code": "00"});
    let done = explain(&house, &done).await.is(200).json();
    assert_eq!(done, json!({"class": "settled", "diagnosis": null, "reading": null}));
}

#[tokio::test]
async fn the_amount_the_bank_and_its_words_say_more() {
    let house = House::new().await;
    let limit = json!({"family": "unionpay", "operation": "collect", "phase": "inquiry",
        "code": "33", "amount_fen": 1_000_001});
    let told = explain(&house, &limit).await.is(200).json();
    let causes = json!(["limit.amount", "account.class_three_limit", "account.class_two_limit"]);
    assert_eq!(told["diagnosis"]["causes"], causes);
    let lost = json!({"family": "unionpay", "operation": "verify", "code": "63",
        "text": "该卡已挂失 6216261000000000018", "bank_code": "ICBC"});
    let told = explain(&house, &lost).await.is(200).json();
    let diagnosis = &told["diagnosis"];
    assert_eq!(diagnosis["cause"], "card.lost", "{told}");
    assert_eq!(told["reading"]["causes"], json!(["card.lost"]), "{told}");
    assert_ne!(told["reading"]["went_by"], json!([]), "{told}");
    // Vague for the borrower, exact for the agent, and with the number to call.
    assert!(!diagnosis["title"].as_str().unwrap().to_lowercase().contains("lost"), "{told}");
    assert!(diagnosis["agent_text"].as_str().unwrap().contains("lost"), "{told}");
    let call = &diagnosis["steps"][0];
    assert_eq!((&call["action"], &call["number"]), (&json!("call_bank"), &json!("95588")));
    assert!(!told.to_string().contains("6216261"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_what_can() {
    let house = House::new().await;
    let number = card("ok").number;
    for (body, pointer, hint) in [
        (json!({"family": "unionpya", "operation": "verify", "code": "61"}), "/family", "unionpay"),
        (json!({"family": number, "operation": "verify", "code": "61"}), "/family", "iso8583"),
        (json!({"channel": number, "operation": "verify", "code": "61"}), "/channel", "unionpay"),
        (
            json!({"family": "unionpay", "channel": "unionpay", "operation": "verify"}),
            "/code",
            "a text",
        ),
        (
            json!({"family": "a", "channel": "b", "operation": "verify", "code": "61"}),
            "/channel",
            "not both",
        ),
        (json!({"operation": "verify", "code": "61"}), "/family", "cmb_cdc.result"),
        (json!({"operation": "pay", "text": "余额不足"}), "/operation", "disburse"),
        (
            json!({"operation": "verify", "phase": "answer", "text": "余额不足"}),
            "/phase",
            "inquiry",
        ),
        (json!({"family": "unionpay", "operation": "verify", "code": ""}), "/code", "32"),
        (json!({"family": "unionpay", "operation": "verify", "code": "6 1"}), "/code", "32"),
        (json!({"family": "unionpay", "operation": "verify", "code": "余额"}), "/code", "32"),
        (
            json!({"family": "unionpay", "operation": "verify", "code": "6".repeat(33)}),
            "/code",
            "32",
        ),
        (json!({"operation": "verify", "text": " "}), "/text", "1,000"),
        (json!({"operation": "verify", "text": "不".repeat(1_001)}), "/text", "1,000"),
        (
            json!({"operation": "verify", "text": "余额不足", "amount_fen": -1}),
            "/amount_fen",
            "above 0",
        ),
    ] {
        let told = explain(&house, &body).await;
        let problem = told.problem(422, "request.wrong_value");
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(hint), "{hint}: {problem}");
        assert!(!told.text.contains(&number), "{problem}");
    }
    let odd = json!({"operation": "verify", "words": "余额不足"});
    explain(&house, &odd).await.problem(400, "request.unknown_field");
    let missing = json!({"text": "余额不足"});
    explain(&house, &missing).await.problem(422, "request.wrong_shape");
}

#[tokio::test]
async fn it_needs_a_key_that_reads_and_leaves_nothing_behind() {
    let house = House::new().await;
    let body = json!({"operation": "verify", "text": "余额不足"});
    let ask = |key: String| {
        let ask = house.ask(Method::POST, "/v1/diagnoses");
        ask.header("authorization", &format!("Bearer {key}")).json(&body).send()
    };
    ask(house.other_key(&[Scope::Read]).await).await.is(200);
    ask(house.other_key(&[Scope::Bind]).await).await.problem(403, "auth.scope_missing");
    house
        .ask(Method::POST, "/v1/diagnoses")
        .json(&body)
        .send()
        .await
        .problem(401, "auth.key_unknown");
    assert!(house.sent.lock().unwrap().is_empty(), "a bank was asked");
    let feed = house.api(Method::GET, "/v1/events").send().await.is(200).json();
    assert_eq!(feed["items"], json!([]));
}

#[tokio::test]
async fn a_cause_says_all_that_the_dictionary_knows() {
    let house = House::new().await;
    let shown = async |code: &str| {
        let ask = house.api(Method::GET, &format!("/v1/causes/{code}"));
        ask.header("accept-language", "en").send().await.is(200).json()
    };
    let lost = shown("card.lost").await;
    assert_eq!(lost["certainty"], "certain");
    assert_eq!(lost["sensitive"], true);
    assert_eq!(lost["shown_as"], "card.status_abnormal");
    assert_eq!(lost["steps"][0]["action"], "call_bank");
    let group = &lost["neighbours"][0];
    assert!(group["causes"].as_array().unwrap().contains(&json!("card.stolen")), "{lost}");
    assert!(group["tell"].as_str().unwrap().starts_with("Borrowers are told the same"), "{lost}");
    let day = shown("limit.day").await;
    assert_eq!((&day["retry"], &day["retry_after"]), (&json!("next_day"), &Value::Null));
    assert_eq!(day["steps"][0]["action"], "try_tomorrow");
    assert_eq!(day["shown_as"], Value::Null);
    let all = house.api(Method::GET, "/v1/causes").send().await.is(200).json();
    for cause in all["items"].as_array().unwrap() {
        for list in ["steps", "neighbours"] {
            assert_ne!(cause[list], json!([]), "{list}: {cause}");
        }
    }
}
