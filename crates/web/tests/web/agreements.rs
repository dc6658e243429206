//! What a platform brings along and takes away: agreements of before, accounts of companies,
//! everything of theirs as files.

use std::collections::BTreeMap;

use http::Method;
use mingka_domain::id::PlatformId;
use mingka_engine::{Parts, Reason, Scope, StopSwitch};
use mingka_store::Store;
use serde_json::{Value, json};

use crate::house::{House, card, fresh};
use crate::payments::{at_its_end, loan, merged};

const MERCHANT: &str = crate::house::MERCHANT;
const HEAD: &str = "channel,merchant,agreement_number,borrower_ref,card_number,card_last4,\
                    mandate_payee,mandate_purpose,mandate_sha256,mandate_accepted_at";

fn sha256() -> String {
    "0f".repeat(32)
}

/// A line of the form that can be taken, with these changes by column.
fn line(number: &str, changes: &[(&str, &str)]) -> String {
    let sha256 = sha256();
    let mut values: Vec<(&str, &str)> = HEAD.split(',').map(|column| (column, "")).collect();
    let own = [
        ("channel", "unionpay"),
        ("merchant", MERCHANT),
        ("agreement_number", number),
        ("borrower_ref", "b-1"),
        ("card_last4", "0018"),
        ("mandate_payee", "晨光小额贷款有限公司"),
        ("mandate_purpose", "借款合同还款"),
        ("mandate_sha256", &sha256),
        ("mandate_accepted_at", "2025-11-01T10:00:00+08:00"),
    ];
    for (column, value) in own.iter().chain(changes) {
        values.iter_mut().find(|(name, _)| name == column).unwrap().1 = value;
    }
    values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(",")
}

async fn import(house: &House, query: &str, lines: &[String]) -> Value {
    let text = format!("{HEAD}\n{}\n", lines.join("\n"));
    let ask = house.api(Method::POST, &format!("/v1/agreements{query}"));
    ask.header("content-type", "text/csv").body(text).send().await.is(200).json()
}

fn outcomes(report: &Value) -> Vec<&str> {
    let lines = report["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|line| line["problem"]["code"].as_str().or(line["outcome"].as_str()).unwrap())
        .collect()
}

async fn exported(house: &House) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let platform = platform(house).await;
    let mut put = |name: &str, line: &str| {
        files.entry(name.to_owned()).or_insert_with(String::new).push_str(line);
        Ok(())
    };
    house.engine.export_platform(platform, &mut put).await.unwrap();
    files
}

async fn platform(house: &House) -> PlatformId {
    house.engine.authenticate(&house.key).await.unwrap().platform
}

/// Another house, with a database and a platform of its own, before the same bank.
async fn elsewhere(house: &House) -> House {
    let store = Store::open_in_memory().unwrap();
    let mut other = house.again(Parts { store, ..house.parts.clone() });
    other.key = other.other_key(&Scope::ALL).await;
    other
}

#[tokio::test]
async fn a_lender_moves_out_of_one_house_and_into_another() {
    let house = House::new().await;
    let bound = loan(&house, "loan-7").await;
    let paid = house.post("/v1/disbursements", &bound).send().await.is(201).json();
    at_its_end(&house, &paid).await;
    house.engine.work_once().await;
    let files = exported(&house).await;
    let card = card("ok");
    for (name, text) in &files {
        for clear in [&card.number, &card.name, &card.id_number, &card.phone] {
            assert!(!text.contains(clear.as_str()), "{name} holds {clear}");
        }
    }
    for name in ["instruments", "bindings", "payments", "events", "consent_texts"] {
        assert!(files.contains_key(&format!("{name}.ndjson")), "{name} is missing");
    }

    let other = elsewhere(&house).await;
    let send = || {
        let ask = other.api(Method::POST, "/v1/agreements").header("content-type", "text/csv");
        ask.body(files["agreements.csv"].clone()).send()
    };
    let report = send().await.is(200).json();
    assert_eq!(report["imported"], 1, "{report}");
    let instrument = report["lines"][0]["instrument"].clone();
    let shown = format!("/v1/instruments/{}", instrument.as_str().unwrap());
    let seen = other.api(Method::GET, &shown).send().await.is(200).json();
    assert_eq!((&seen["state"], &seen["card"]["masked"]), (&json!("active"), &json!("**** 0018")));
    let due = json!({"instrument": instrument, "amount_fen": 5_000, "due_ref": "loan-7/1"});
    let paid = other.post("/v1/repayments", &due).send().await.is(201).json();
    assert_eq!(at_its_end(&other, &paid).await["state"], "settled");
    // Its number was never told, so nothing can be paid out to it.
    let loan = json!({"instrument": instrument, "amount_fen": 5_000, "loan_ref": "loan-8"});
    let told = other.post("/v1/disbursements", &loan).send().await;
    told.problem(409, "payment.card_number_not_kept");

    let again = send().await.is(200).json();
    assert_eq!((&again["imported"], &again["already_there"]), (&json!(0), &json!(1)));
    assert_eq!(again["lines"][0]["instrument"], instrument);
    let unbind = format!("{shown}/unbind");
    let gone = other.post(&unbind, &json!({})).send().await.is(200).json();
    assert_eq!(gone["state"], "unbound", "{gone}");
    assert_eq!(outcomes(&send().await.is(200).json()), ["agreement.ended"]);
}

#[tokio::test]
async fn what_may_not_be_collected_does_not_move_out() {
    let house = House::new().await;
    let bound = loan(&house, "loan-7").await;
    let card = format!("/v1/instruments/{}", bound["instrument"].as_str().unwrap());
    let mandate = json!({"payee": "晨光小额贷款有限公司", "collected_for": "借款合同还款"});
    house.post(&format!("{card}/mandate"), &mandate).send().await.is(200);
    assert_eq!(exported(&house).await["agreements.csv"].lines().count(), 2);
    house.post(&format!("{card}/mandate/end"), &json!({})).send().await.is(200);
    assert_eq!(exported(&house).await["agreements.csv"].lines().count(), 1);
}

#[tokio::test]
async fn a_word_that_a_spreadsheet_would_run_is_refused() {
    let house = House::new().await;
    let report = import(&house, "", &[line("token-1", &[("mandate_payee", "=1+1")])]).await;
    assert_eq!(outcomes(&report), ["mandate.words_missing"]);
}

#[tokio::test]
async fn every_line_is_judged_and_none_hinders_another() {
    let house = House::new().await;
    let long = "x".repeat(65);
    let lines = [
        line("token-1", &[]),
        line("token-2", &[("channel", "nobody")]),
        line("token-3", &[("merchant", "1")]),
        line(&long, &[]),
        line("token-5", &[("borrower_ref", "13800138000")]),
        line("token-6", &[("card_last4", "")]),
        line("token-7", &[("card_number", "6216261000000000019"), ("card_last4", "1111")]),
        line("token-8", &[("card_number", "62162610000000")]),
        line("token-9", &[("mandate_payee", " ")]),
        line("token-10", &[("mandate_sha256", "0f")]),
        line("token-11", &[("mandate_accepted_at", "2099-01-01T00:00:00+08:00")]),
        line("token-12", &[("card_number", "6216261000000000018")]),
    ];
    let wanted = [
        "agreement.merchant_unknown",
        "agreement.merchant_unknown",
        "agreement.number_unusable",
        "agreement.reference_unusable",
        "agreement.card_missing",
        "agreement.card_differs",
        "card.number_too_short",
        "mandate.words_missing",
        "mandate.text_missing",
        "mandate.moment_unusable",
    ];
    for (query, taken) in
        [("?check_only=true", "importable"), ("", "imported"), ("", "already_there")]
    {
        let report = import(&house, query, &lines).await;
        let expected: Vec<&str> = [taken].into_iter().chain(wanted).chain([taken]).collect();
        assert_eq!(outcomes(&report), expected, "{query}");
    }
    let list = house.api(Method::GET, "/v1/instruments").send().await.is(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    // The one whose number was given can be paid out to, as any other.
    assert!(list.to_string().contains("6216 **** 0018"), "{list}");
    let other = import(&house, "", &[line("token-1", &[("mandate_purpose", "另一用途")])]).await;
    assert_eq!(outcomes(&other), ["agreement.differs"]);
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_whole() {
    let house = House::new().await;
    for text in ["", "channel,merchant\n1,2\n", "a,b,c\n1,2,3\n"] {
        let ask = house.api(Method::POST, "/v1/agreements").header("content-type", "text/csv");
        ask.body(text).send().await.problem(422, "agreements.file_unreadable");
    }
    let ask = house.api(Method::POST, "/v1/agreements?check=1").header("content-type", "text/csv");
    ask.body("").send().await.problem(400, "request.wrong_query");
}

#[tokio::test]
async fn what_two_platforms_claim_is_the_firsts() {
    let house = House::new().await;
    assert_eq!(import(&house, "", &[line("token-1", &[])]).await["imported"], 1);
    let other = house.other_key(&Scope::ALL).await;
    let text = format!("{HEAD}\n{}\n", line("token-1", &[]));
    let ask = |key: &str| {
        let ask = house.ask(Method::POST, "/v1/agreements");
        let ask = ask.header("authorization", &format!("Bearer {key}"));
        ask.header("content-type", "text/csv").body(text.clone()).send()
    };
    let told = ask(&other).await.is(200).json();
    assert_eq!(outcomes(&told), ["agreement.held_elsewhere"]);
    let list = house.ask(Method::GET, "/v1/instruments");
    let list = list.header("authorization", &format!("Bearer {other}")).send().await.json();
    assert_eq!(list["items"], json!([]));
    let reader = house.other_key(&[Scope::Read, Scope::Bind, Scope::Pay]).await;
    ask(&reader).await.problem(403, "auth.scope_missing");
}

#[tokio::test]
async fn two_files_at_once_take_each_agreement_once() {
    let house = House::new().await;
    let lines: Vec<String> = (0..150).map(|n| line(&format!("token-{n}"), &[])).collect();
    let (one, two) = tokio::join!(import(&house, "", &lines), import(&house, "", &lines));
    let taken = one["imported"].as_u64().unwrap() + two["imported"].as_u64().unwrap();
    assert_eq!(taken, 150);
    for (one, two) in one["lines"].as_array().unwrap().iter().zip(two["lines"].as_array().unwrap())
    {
        assert_eq!(one["instrument"], two["instrument"]);
    }
}

#[tokio::test]
async fn an_import_goes_on_when_its_caller_is_gone() {
    let house = House::new().await;
    let lines: Vec<String> = (0..200).map(|n| line(&format!("token-{n}"), &[])).collect();
    tokio::select! {
        biased;
        _ = import(&house, "", &lines) => panic!("it ended before it was left"),
        () = tokio::task::yield_now() => {}
    }
    for _ in 0..1_000 {
        let list = house.api(Method::GET, "/v1/instruments?limit=100").send().await.json();
        let one_more = list["has_more"] == true
            && import(&house, "?check_only=true", &lines).await["already_there"] == 200;
        if one_more {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it ended with its caller");
}

#[tokio::test]
async fn a_loan_to_a_company_is_paid_to_its_account() {
    let house = House::new().await;
    let company = mingka_sandbox::cards::company();
    let body = json!({
        "account_number": company.number, "company_name": company.name, "borrower_ref": "c-1",
    });
    let key = fresh();
    let ask = || {
        let ask = house.api(Method::POST, "/v1/company-accounts");
        ask.header("idempotency-key", &key).json(&body).send()
    };
    let account = ask().await.is(201).json();
    assert_eq!(ask().await.is(201).json(), account);
    assert_eq!((&account["kind"], &account["channel"]), (&json!("company_account"), &Value::Null));
    assert!(!account.to_string().contains(&company.number), "{account}");
    let loan = json!({
        "instrument": account["id"], "amount_fen": 1_000_000, "loan_ref": "loan-9",
    });
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!(at_its_end(&house, &paid).await["state"], "settled");
    let due = json!({"instrument": account["id"], "amount_fen": 5_000, "due_ref": "loan-9/1"});
    let told = house.post("/v1/repayments", &due).send().await;
    told.problem(409, "payment.no_agreement");
    let there = merged(&due, &json!({"customer_present": true}));
    let told = house.post("/v1/repayments", &there).send().await;
    told.problem(409, "payment.no_agreement");
    // A loan that waits is not paid to an account that was taken back meanwhile.
    let stop = |stopped| {
        let (engine, reason) = (&house.engine, Reason::new("operator", "a test").unwrap());
        let switch = StopSwitch::named("operation:disburse").unwrap();
        async move { engine.turn_stop(&switch, stopped, &reason).await.unwrap() }
    };
    stop(true).await;
    let waits = merged(&loan, &json!({"loan_ref": "loan-11"}));
    let waits = house.post("/v1/disbursements", &waits).send().await.is(201).json();
    assert_eq!(waits["state"], "waiting", "{waits}");
    let path = format!("/v1/instruments/{}/unbind", account["id"].as_str().unwrap());
    let gone = house.post(&path, &json!({})).send().await.is(200).json();
    assert_eq!(gone["state"], "unbound", "{gone}");
    stop(false).await;
    let ended = at_its_end(&house, &waits).await;
    assert_eq!((&ended["state"], &ended["channel_number"]), (&json!("refused"), &Value::Null));
    let late = merged(&loan, &json!({"loan_ref": "loan-10"}));
    assert_eq!(house.post("/v1/disbursements", &late).send().await.status.as_u16(), 409);
    for (change, code) in [
        (json!({"account_number": "12"}), "request.wrong_value"),
        (json!({"account_number": "not a number"}), "request.wrong_value"),
        (json!({"company_name": "a"}), "entry.needs_correction"),
        (json!({"credit_code": "1"}), "entry.needs_correction"),
    ] {
        let told = house.post("/v1/company-accounts", &merged(&body, &change)).send().await;
        told.problem(422, code);
    }
}
