//! A hundred bindings while the gateway is killed with -9 at random moments, the bank living on in
//! a process of its own. After the restarts every binding ends, none twice at the bank, and the
//! books of both sides agree.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::support::{
    Answer, Folder, Platform, Process, binding_body, consents_of, request, until,
};
use mingka_sandbox::cards;
use serde_json::{Value, json};

const BINDING_COUNT: u32 = 100;
const BORROWER_COUNT: u32 = 4;
/// Fewer kills than this and the test has shown nothing.
const KILL_COUNT_MIN: usize = 8;
/// How often a borrower tries again before leaving the binding to the recovery.
const TRY_COUNT_MAX: u32 = 30;
/// Past every lease and every deadline of a binding, and past those that begin then.
const CLOCK_AHEAD_MS: &str = "7200000";
const CLOCK_FURTHER_AHEAD_MS: &str = "14400000";
/// How long the bank takes over an answer, so that kills fall into exchanges.
const BANK_DELAY_MS: u64 = 60;

#[test]
fn every_binding_ends_and_none_twice() {
    let folder = Folder::new("kill-nine");
    let (log, bank_log) = (folder.join("log"), folder.join("bank-log"));
    let bank_folder = folder.join("bank").display().to_string();
    let bank =
        Process::start(&["bank", "--data", &bank_folder, "--listen", "127.0.0.1:0"], &bank_log);
    let bank_address = bank.address("/address");
    slow(&bank_address);
    let data = folder.join("house").display().to_string();
    let house = |ahead: &str| {
        let args = ["sandbox", "--data", &data, "--bank", &bank_folder, "--sign-method", "11"];
        let rest = ["--listen", "127.0.0.1:0", "--clock-ahead-ms", ahead];
        Process::start(&[&args[..], &rest[..]].concat(), &log)
    };

    let mut running = house("0");
    let platform = Arc::new(RwLock::new(Platform::of(&running)));
    let next = Arc::new(AtomicU32::new(0));
    let finished = Arc::new(AtomicU32::new(0));
    let borrowers: Vec<_> = (0..BORROWER_COUNT)
        .map(|_| {
            let (platform, next) = (Arc::clone(&platform), Arc::clone(&next));
            let finished = Arc::clone(&finished);
            std::thread::spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= BINDING_COUNT {
                        break;
                    }
                    borrow(&platform, n);
                    finished.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();

    let mut kills = 0;
    let mut moment = u64::from(std::process::id()) | 1;
    while finished.load(Ordering::SeqCst) < BINDING_COUNT {
        // The moment of a kill is what is random here; nothing is waited for.
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        std::thread::sleep(Duration::from_millis(40 + (moment >> 33) % 260));
        running.kill();
        kills += 1;
        running = house("0");
        *platform.write().unwrap() = Platform::of(&running);
    }
    for borrower in borrowers {
        borrower.join().unwrap();
    }
    running.kill();
    assert!(kills >= KILL_COUNT_MIN, "only {kills} kills fell into the run");

    let bindings = after_time_has_passed(house);
    compare(&bindings, &ledger(&bank_address));
    println!("{kills} kills, {} bindings, {}", bindings.len(), tally(&bindings));
}

/// Time passes twice: what was interrupted is found, and is in doubt from then on; and what the
/// bank never heard of by the end of that is so for good.
fn after_time_has_passed(house: impl Fn(&str) -> Process) -> Vec<Value> {
    let running = house(CLOCK_AHEAD_MS);
    let platform = Platform::of(&running);
    until("every interrupted exchange to be found", || {
        let all = every(&platform, "/v1/bindings");
        all.iter().all(|binding| ended(binding) || binding["state"] == "doubtful").then_some(())
    });
    running.kill();

    let running = house(CLOCK_FURTHER_AHEAD_MS);
    let platform = Platform::of(&running);
    until("every binding to end", || {
        let all = every(&platform, "/v1/bindings");
        all.iter().all(ended).then_some(all)
    })
}

/// One borrower's way: bind, type the code, and try again when the house does not answer.
fn borrow(platform: &RwLock<Platform>, n: u32) {
    let Some(texts) = patiently(platform, |p| p.get("/v1/consents")) else { return };
    let consents = consents_of(&texts);
    let card = serde_json::to_value(cards::series(n)).unwrap();
    let mut body = binding_body(&card, &consents);
    body["borrower_ref"] = json!(format!("borrower-{n}"));
    let begun = patiently(platform, |p| p.post("/v1/bindings", &format!("bind-{n}"), &body));
    let Some(id) = begun.and_then(|begun| begun.json()["id"].as_str().map(str::to_owned)) else {
        return;
    };
    let path = format!("/v1/bindings/{id}/confirm");
    let code = json!({ "code": "111111" });
    patiently(platform, |p| p.post(&path, &format!("confirm-{n}"), &code));
}

/// Asks until there is an answer that is not "try again", but not for ever.
fn patiently(
    platform: &RwLock<Platform>,
    ask: impl Fn(&Platform) -> Option<Answer>,
) -> Option<Answer> {
    for _ in 0..TRY_COUNT_MAX {
        let answer = ask(&platform.read().unwrap());
        match answer {
            Some(answer) if answer.status < 300 => return Some(answer),
            Some(answer) if ![401, 409, 429, 503].contains(&answer.status) => {
                panic!("an answer that no kill explains: {answer:?}")
            }
            _ => std::thread::sleep(Duration::from_millis(25)),
        }
    }
    None
}

fn slow(bank: &str) {
    let rule = json!({ "fault": "delay", "ms": BANK_DELAY_MS });
    let headers = [("Content-Type", "application/json")];
    let answer = request(bank, "POST", "/faults", &headers, &rule.to_string()).unwrap();
    assert!(answer.status < 300, "{answer:?}");
}

/// Every item of a list, page by page.
pub(crate) fn every(platform: &Platform, path: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after =
            all.last().map(|last| format!("&starting_after={}", last["id"].as_str().unwrap()));
        let page = platform.get(&format!("{path}?limit=100{}", after.unwrap_or_default()));
        let page = page.unwrap().json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        if page["has_more"] != true {
            return all;
        }
    }
}

fn ended(binding: &Value) -> bool {
    matches!(binding["state"].as_str(), Some("active" | "refused" | "expired" | "cancelled"))
}

pub(crate) fn ledger(bank: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = request(bank, "GET", &format!("/ledger?limit=100&after={after}"), &[], "");
        let page = page.unwrap().json();
        all.extend(page["entries"].as_array().unwrap().iter().cloned());
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return all,
        }
    }
}

/// Both sides' books, card by card: the series gives every binding a card of its own.
fn compare(bindings: &[Value], ledger: &[Value]) {
    let mut opened: HashMap<&str, i32> = HashMap::new();
    let mut open: HashMap<&str, i32> = HashMap::new();
    let mut sent: HashMap<String, i32> = HashMap::new();
    for entry in ledger {
        let card = entry["card"].as_str().unwrap();
        match entry["kind"].as_str().unwrap() {
            "agreement_opened" => {
                *opened.entry(card).or_default() += 1;
                *open.entry(card).or_default() += 1;
            }
            "agreement_closed" => *open.entry(card).or_default() -= 1,
            "code_sent" => *sent.entry(entry["order_id"].to_string()).or_default() += 1,
            _ => {}
        }
    }
    assert!(!opened.is_empty(), "nothing was bound at all: the test shows nothing");
    for (order, times) in sent {
        assert_eq!(times, 1, "order {order} was sent {times} times");
    }
    let mut active: HashMap<String, i32> = HashMap::new();
    for binding in bindings.iter().filter(|binding| binding["state"] == "active") {
        let reference = binding["borrower_ref"].as_str().unwrap();
        *active.entry(reference.replace("borrower", "series")).or_default() += 1;
    }
    for (card, times) in &opened {
        assert_eq!(*times, 1, "{card}: opened {times} times at the bank");
    }
    for (card, count) in &open {
        assert_eq!(
            active.get(*card),
            Some(count).filter(|count| **count > 0),
            "{card}: books differ"
        );
    }
    for card in active.keys() {
        assert_eq!(open.get(card.as_str()), Some(&1), "{card}: bound here, not at the bank");
    }
}

fn tally(bindings: &[Value]) -> String {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for binding in bindings {
        *counts.entry(binding["state"].as_str().unwrap()).or_default() += 1;
    }
    format!("{counts:?}")
}
