//! The evidence log: a receipt and an export hold as they are, and whatever somebody changes in the
//! database, in a file or in a receipt is found.

use std::collections::BTreeMap;

use http::Method;
use mingka_crypto::log::LogSigner;
use mingka_domain::effect::Subject;
use mingka_engine::{EngineError, ExportReport, Receipt, verify_export, verify_receipt};
use mingka_sandbox::faults::Fault;
use mingka_store::TAMPERS;
use serde_json::Value;

use crate::house::House;
use crate::payments::{at_its_end, loan, loan_to};

/// A loan paid out after a lost answer, another card, another platform.
async fn a_day() -> (House, Value) {
    let house = House::new().await;
    house.engine.create_platform("另一家平台").await.unwrap();
    loan_to(&house, "ok-icbc", "another").await;
    let request = loan(&house, "loan-7").await;
    house.fault("disburse", Fault::HalfAnswer);
    let paid = house.post("/v1/disbursements", &request).send().await.is(201).json();
    let paid = at_its_end(&house, &paid).await;
    house.engine.tell_once().await;
    (house, paid)
}

async fn receipt(house: &House, path: &str) -> Receipt {
    let path = format!("{path}/evidence");
    let told = house.api(Method::GET, &path).send().await.is(200);
    serde_json::from_value(told.names_nobody(&crate::house::card("ok")).json()).unwrap()
}

fn path_of(payment: &Value) -> String {
    format!("/v1/payments/{}", payment["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_receipt_holds_and_says_what_was_sent_and_heard() {
    let (house, paid) = a_day().await;
    let receipt = receipt(&house, &path_of(&paid)).await;
    let key = house.engine.evidence_key().unwrap();
    assert_eq!(receipt.key, key.to_string());
    assert_eq!(verify_receipt(&receipt, &key), Vec::<String>::new());
    let facts: Vec<Value> =
        receipt.entries.iter().map(|one| serde_json::from_str(&one.facts).unwrap()).collect();
    assert_eq!(facts[0]["payment"]["amount_fen"], 1_000_000);
    assert_eq!(facts[1]["order"]["operation"], "disburse");
    assert_eq!(facts.last().unwrap()["kind"], "settled");
    assert_eq!(i64::try_from(facts.len()).unwrap(), paid["version"].as_i64().unwrap());
}

#[tokio::test]
async fn a_bindings_receipt_says_what_was_accepted() {
    let (house, _) = a_day().await;
    let list = house.api(Method::GET, "/v1/bindings").send().await.is(200).json();
    let path = format!("/v1/bindings/{}", list["items"][0]["id"].as_str().unwrap());
    let receipt = receipt(&house, &path).await;
    assert_eq!(verify_receipt(&receipt, &house.engine.evidence_key().unwrap()).len(), 0);
    let first: Value = serde_json::from_str(&receipt.entries[0].facts).unwrap();
    assert_eq!(first["consents"].as_array().unwrap().len(), 2, "{first}");
}

type Change = fn(&mut Receipt);

#[tokio::test]
async fn whatever_is_changed_in_a_receipt_is_found() {
    let (house, paid) = a_day().await;
    let whole = receipt(&house, &path_of(&paid)).await;
    let key = house.engine.evidence_key().unwrap();
    let changes: [(&str, Change); 10] = [
        ("a fact", |one| one.entries[1].facts = one.entries[1].facts.replace("disburse", "refund")),
        ("a space", |one| one.entries[1].facts.push(' ')),
        ("a salt", |one| one.entries[1].salt = one.entries[0].salt.clone()),
        ("a proof", |one| one.entries[1].proof[0] = "00".repeat(32)),
        ("a shorter proof", |one| drop(one.entries[1].proof.pop())),
        ("a place", |one| one.entries[1].index += 1),
        ("one removed", |one| drop(one.entries.remove(1))),
        ("two exchanged", |one| one.entries.swap(1, 2)),
        ("whose it is", |one| one.subject = "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()),
        ("the checkpoint", |one| one.checkpoint = one.checkpoint.replacen("\n", "\n1", 1)),
    ];
    for (what, change) in changes {
        let mut changed = whole.clone();
        change(&mut changed);
        assert_ne!(changed, whole, "{what}");
        assert!(!verify_receipt(&changed, &key).is_empty(), "{what} may be changed");
    }
    let other = LogSigner::new("mingka.local/evidence", &[9; 32]).unwrap();
    assert!(!verify_receipt(&whole, other.key()).is_empty(), "another key signs as well");
}

#[tokio::test]
async fn another_platforms_receipt_is_not_there() {
    let (house, paid) = a_day().await;
    let other = house.engine.create_platform("第三家平台").await.unwrap().id;
    let subject: Subject = paid["id"].as_str().unwrap().parse().unwrap();
    let refused = house.engine.receipt(other, subject).await;
    assert_eq!(refused.unwrap_err(), EngineError::NotFound);
    let path = "/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/evidence";
    house.api(Method::GET, path).send().await.problem(404, "resource.not_found");
}

type Files = BTreeMap<String, Vec<u8>>;

async fn export(house: &House) -> Result<Files, String> {
    let mut files = Files::new();
    house
        .engine
        .export_evidence(&mut |path, bytes| {
            files.insert(path.to_owned(), bytes.to_vec());
            Ok(())
        })
        .await?;
    Ok(files)
}

fn checked(house: &House, files: &Files) -> ExportReport {
    let key = house.engine.evidence_key().unwrap();
    verify_export(&key, &|path| files.get(path).cloned(), &mut |_, _| {})
}

#[tokio::test]
async fn an_export_holds_and_each_of_its_files_counts() {
    let (house, _) = a_day().await;
    let files = export(&house).await.unwrap();
    let report = checked(&house, &files);
    assert_eq!(report.found, Vec::<String>::new());
    assert!(report.size > 10 && report.opened == report.size, "{report:?}");
    for (path, bytes) in &files {
        let mut gone = files.clone();
        gone.remove(path);
        assert!(!checked(&house, &gone).found.is_empty(), "{path} may be missing");
        for at in [0, bytes.len() / 2, bytes.len() - 2] {
            let mut bent = files.clone();
            bent.get_mut(path).unwrap()[at] ^= 1;
            assert!(!checked(&house, &bent).found.is_empty(), "byte {at} of {path} may change");
        }
    }
}

#[tokio::test]
async fn whatever_is_changed_in_the_database_is_found() {
    for tamper in TAMPERS {
        let (house, _) = a_day().await;
        assert_eq!(checked(&house, &export(&house).await.unwrap()).found.len(), 0);
        house.parts.store.commit(tamper.unit()).await.expect(tamper.what);
        let found = match export(&house).await {
            Ok(files) => checked(&house, &files).found,
            Err(error) => vec![error],
        };
        assert!(!found.is_empty(), "{} may be changed", tamper.what);
    }
}
