//! The interface's description is the committed one, and its readable page stands alone.

use http::Method;
use serde_json::Value;

use crate::house::House;

/// To accept a change, write the document anew: see `examples/openapi.rs`.
#[test]
fn the_committed_document_is_the_one_the_code_makes() {
    let committed = include_str!("../../openapi.json");
    let made = mingka_web::openapi_json();
    if committed != made {
        let first = committed.lines().zip(made.lines()).find(|(a, b)| a != b);
        panic!("write openapi.json anew (see examples/openapi.rs); first at {first:?}");
    }
}

#[test]
fn the_shape_of_the_interface() {
    let document: Value = serde_json::from_str(mingka_web::openapi_json()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut lines = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let answers: Vec<&String> =
                operation["responses"].as_object().unwrap().keys().collect();
            lines.push(format!("{} {path} {answers:?}", method.to_uppercase()));
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(path == "/health/live" || problem.is_object(), "{path}: {operation}");
            let key = operation["parameters"].to_string().contains("Idempotency-Key");
            // A precheck and an explanation change nothing, a file is its own key, and what persons
            // do is done once however often it is asked for.
            let keyless =
                ["prechecks", "diagnoses", "statements", "agreements", "stops", "balances"]
                    .contains(&path.trim_start_matches("/v1/"))
                    || path.starts_with("/v1/approvals");
            let changes = method == "post" && path.starts_with("/v1") && !keyless;
            assert_eq!(key, changes, "{method} {path}");
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn the_page_and_the_document_are_served() {
    let house = House::new().await;
    let document = house.ask(Method::GET, "/openapi.json").send().await.is(200);
    assert_eq!(document.text, mingka_web::openapi_json());
    let page = house.ask(Method::GET, "/docs").send().await.is(200);
    for part in ["/v1/bindings/{id}/confirm", "idempotency.key_missing", "缺少 Idempotency-Key"] {
        assert!(page.text.contains(part), "{part}");
    }
    for foreign in ["src=\"http", "href=\"http", "<script", " style="] {
        assert!(!page.text.contains(foreign), "{foreign}");
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    // Every problem's `type` leads somewhere on the page.
    let problem =
        house.ask(Method::GET, "/nothing").send().await.problem(404, "resource.not_found");
    let anchor = problem["type"].as_str().unwrap().strip_prefix("/docs#").unwrap().to_owned();
    assert!(page.text.contains(&format!("id=\"{anchor}\"")));
}
