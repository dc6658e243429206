//! Many requests at the same moment with one idempotency key: one binding, one code, one answer,
//! and the card's day is not used up by those that lost.

use serde_json::Value;

use crate::support::{Folder, Platform, Process, binding_body, consents, request, until};

/// As many as a card may cause codes in a day.
const REQUEST_COUNT: usize = 20;

#[test]
fn a_storm_with_one_key_is_one_request() {
    let folder = Folder::new("storm");
    let data = folder.join("data").display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--sign-method", "11"];
    let running = Process::start(&args, &folder.join("log"));
    let platform = Platform::of(&running);
    let body = binding_body(&running.ready["cards"][0], &consents(&platform));
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..REQUEST_COUNT)
            .map(|_| scope.spawn(|| platform.post("/v1/bindings", "storm", &body).unwrap().status))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|status| [201, 409].contains(status)), "{answers:?}");
    let answer = until("the one answer", || {
        let answer = platform.post("/v1/bindings", "storm", &body)?;
        (answer.status == 201).then_some(answer)
    });
    assert_eq!(answer.json()["state"], "awaiting_code");
    let bank = running.address("/banks/0/address");
    let books = request(&bank, "GET", "/ledger", &[], "").unwrap().json();
    let sent = books["entries"].as_array().unwrap().iter();
    assert_eq!(sent.filter(|entry: &&Value| entry["kind"] == "code_sent").count(), 1);

    let other = platform.post("/v1/bindings", "another", &body).unwrap();
    assert_eq!(other.status, 201, "the card's day is used up: {other:?}");
}
