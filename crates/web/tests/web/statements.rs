//! Statements over the interface: who may import them, in which form, and what is said then.

use http::Method;
use mingka_engine::Scope;
use serde_json::json;

use crate::house::{House, MERCHANT};

/// A statement of a day long past, in which one movement stands that nobody knows.
const UNKNOWN: &str = concat!(
    "#mingka-statement,version=1,channel=unionpay,merchant=MERCHANT,day=2025-11-26,",
    "count=1,total_fen=7,complete=true\n",
    "settlement_day,channel,merchant,order_id,txn_time,kind,amount_fen,result,",
    "query_id,settled_at,original_order_id,original_txn_time\n",
    "2025-11-26,unionpay,MERCHANT,order001,20251126120000,disbursement,7,settled,",
    "1,2025-11-26T12:00:02.000+08:00,,\n",
);

#[tokio::test]
async fn a_statement_is_imported_once_and_names_what_nobody_knows() {
    let house = House::new().await;
    let file = UNKNOWN.replace("MERCHANT", MERCHANT);
    let key = house.key.clone();
    let import = |key: &str, kind: &str, file: &str| {
        let ask = house.ask(Method::POST, "/v1/statements");
        let ask = ask.header("authorization", &format!("Bearer {key}"));
        ask.header("content-type", kind).body(file.as_bytes().to_vec()).send()
    };
    let report = import(&key, "text/csv; charset=utf-8", &file).await.is(200).json();
    assert_eq!((&report["lines"], &report["matched"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(report["unknown"][0]["order_id"], "order001");
    assert_eq!(report["explained"], false);
    assert_eq!(import(&key, "text/csv", &file).await.is(200).json(), report);
    let shown = house.api(Method::GET, "/v1/statements/2025-11-26").send().await.is(200).json();
    assert_eq!(shown, report);

    import(&key, "application/json", &file).await.problem(415, "request.media_type");
    let cut = file.replace("count=1", "count=2");
    let problem = import(&key, "text/csv", &cut).await.problem(422, "request.wrong_value");
    assert!(problem["detail"].as_str().unwrap().contains('3'), "{problem}");
    let other = file.replace("unionpay", "otherpay");
    import(&key, "text/csv", &other).await.problem(422, "request.wrong_value");
    let reader = house.other_key(&[Scope::Read, Scope::Pay]).await;
    import(&reader, "text/csv", &file).await.problem(403, "auth.scope_missing");
    house
        .api(Method::GET, "/v1/statements/tomorrow")
        .send()
        .await
        .problem(404, "resource.not_found");
    let stranger = house.other_key(&[Scope::Read]).await;
    let theirs = house
        .ask(Method::GET, "/v1/statements/2025-11-26")
        .header("authorization", &format!("Bearer {stranger}"));
    assert_eq!(theirs.send().await.is(200).json()["files"], json!([]));
}
