//! A database that is put back from a backup: what was sent since is in nobody's books, and the
//! same request would pay again. The house notices, holds, tells what was paid, finds what the
//! statements can prove, and goes on when two persons say so.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::kill_nine::ledger;
use crate::support::{Folder, Platform, Process, binding_body, consents, request, until};

/// Past the pause after which what waits is looked at again, and not past the time of a code.
const SOON_MS: i64 = 2 * 60_000;
/// Past the first question about money, three minutes after its order, and past the time of a code.
const MINUTES_MS: i64 = 10 * 60_000;
/// Past the statements of both days in which an order may stand.
const DAYS_MS: i64 = 4 * 86_400_000;

struct Story {
    folder: Folder,
    bank: String,
}

#[test]
fn a_restored_house_sends_nothing_until_it_is_known_what_was_paid() {
    let folder = Folder::new("restore");
    let bank_folder = folder.join("bank").display().to_string();
    let bank = Process::start(
        &["bank", "--data", &bank_folder, "--listen", "127.0.0.1:0"],
        &folder.join("bank-log"),
    );
    let story = Story { bank: bank.address("/address"), folder };

    // A loan waits; the backup is taken; then it is paid, and another one too.
    let house = story.house(0);
    let platform = Platform::of(&house);
    let instrument = bound(&platform);
    house.stop();
    story.switch("stop");
    let house = story.house(0);
    let waits = pay(&Platform::of(&house), &instrument, "loan-waits", 111_100);
    assert_eq!((&waits["state"], &waits["waits_for"]), (&json!("waiting"), &json!("stopped")));
    let coded = asked_for_a_code(&Platform::of(&house), &instrument);
    house.stop();
    let backup = std::fs::read(story.database()).unwrap();

    story.switch("resume");
    let house = story.house(SOON_MS);
    let platform = Platform::of(&house);
    let confirm = format!("{}/confirm", path(&coded["id"]));
    let confirmed = platform.post(&confirm, "confirm-due", &json!({ "code": "111111" })).unwrap();
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let lost = pay(&platform, &instrument, "loan-lost", 222_200);
    until("both to be on their way", || {
        let sent = |id: &Value| ["in_flight", "settled"].contains(&state(&platform, id).as_str());
        (sent(&waits["id"]) && sent(&lost["id"])).then_some(())
    });
    until("the mark to name the newest", || {
        let mark = std::fs::read_to_string(story.data().join("mingka.mark")).unwrap_or_default();
        (mark.trim() > attempts_before(&backup).as_str()).then_some(())
    });
    house.stop();

    // The disk is lost, the backup is put back; and once more.
    story.put_back(&backup);
    let told = story.check();
    assert_eq!(told.status.code(), Some(1), "it is noticed before any start: {told:?}");
    story.house(MINUTES_MS).kill();
    story.put_back(&backup);
    let house = story.house(MINUTES_MS);
    let platform = Platform::of(&house);
    assert_eq!(state(&platform, &coded["id"]), "awaiting_code", "nobody calls it over");
    assert_eq!(state(&platform, &waits["id"]), "waiting", "it is not sent again");
    let cancel = format!("{}/cancel", path(&waits["id"]));
    let told = platform.post(&cancel, "cancel-waits", &json!({})).unwrap();
    assert_eq!(told.status, 409, "nobody knows that it was not sent: {told:?}");
    let again = pay(&platform, &instrument, "loan-lost", 222_200);
    assert_eq!((&again["state"], &again["waits_for"]), (&json!("waiting"), &json!("stopped")));
    house.stop();
    let told = story.check();
    assert_eq!(told.status.code(), Some(1));
    let words = String::from_utf8(told.stdout).unwrap();
    assert!(words.contains("HELD"), "{words}");
    assert!(words.contains(waits["id"].as_str().unwrap()), "{words}");

    statements_and_persons(&story, &instrument, [&waits, &coded], &again);
}

/// A repayment that waits for its borrower's code.
fn asked_for_a_code(platform: &Platform, instrument: &Value) -> Value {
    let mut body = json!({ "instrument": instrument, "amount_fen": 44_400, "due_ref": "due-1" });
    body["customer_present"] = json!(true);
    let asked = platform.post("/v1/repayments", "due-1", &body).unwrap().json();
    assert_eq!(asked["state"], "awaiting_code", "{asked}");
    asked
}

/// The statements come, and find what they can prove; two persons see to the rest.
fn statements_and_persons(story: &Story, instrument: &Value, sent: [&Value; 2], again: &Value) {
    let clock = request(&story.bank, "GET", "/sandbox/clock", &[], "").unwrap().json();
    let first: mingka_domain::statement::SettlementDay =
        clock["settlement_day"].as_str().unwrap().parse().unwrap();
    let house = story.house(DAYS_MS);
    let platform = Platform::of(&house);
    story.statement(&platform, first);
    for id in sent.map(|payment| &payment["id"]) {
        let found = platform.get(&path(id)).unwrap().json();
        assert_eq!((&found["state"], &found["proof"]), (&json!("settled"), &json!("statement")));
    }
    story.statement(&platform, first.next());
    // One movement has no payment, so the house is held still; what was asked for since was not
    // sent, and its day is over.
    assert_eq!(state(&platform, &again["id"]), "refused");
    house.stop();
    let words = String::from_utf8(story.check().stdout).unwrap();
    assert!(words.contains("paid and lost: disbursement ¥2,222.00"), "{words}");

    // Two persons see to it, and the house goes on.
    let (one, other) = (story.person("甲"), story.person("乙"));
    let found_at = words.split_whitespace().nth(2).unwrap().to_owned();
    let house = story.house(DAYS_MS);
    let platform = Platform::of(&house);
    let what =
        json!({ "release_restore": found_at, "evidence": "loan-lost 已付，平台已撤销重复申请" });
    let proposal = as_person(&platform, &one, "/v1/approvals", &what);
    let approve = format!("/v1/approvals/{}/approve", proposal["id"].as_str().unwrap());
    let done = as_person(&platform, &other, &approve, &json!({}));
    assert_eq!(done["state"], "approved", "{done}");
    let next = pay(&platform, instrument, "loan-next", 333_300);
    assert_eq!(next["state"], "in_flight", "{next}");
    house.stop();
    assert_eq!(story.check().status.code(), Some(0));
    let moved: Vec<i64> = ledger(&story.bank)
        .iter()
        .filter(|entry| ["disbursed", "collected"].contains(&entry["kind"].as_str().unwrap()))
        .filter_map(|entry| entry["amount_fen"].as_i64())
        .collect();
    for amount in [111_100, 222_200, 44_400] {
        assert_eq!(moved.iter().filter(|fen| **fen == amount).count(), 1, "{amount}: {moved:?}");
    }
}

impl Story {
    fn house(&self, ahead_ms: i64) -> Process {
        let body = json!({ "ahead_ms": ahead_ms }).to_string();
        let headers = [("Content-Type", "application/json")];
        let set = request(&self.bank, "POST", "/sandbox/clock", &headers, &body).unwrap();
        assert_eq!(set.status, 200, "{set:?}");
        let data = self.folder.join("house").display().to_string();
        let bank = self.folder.join("bank").display().to_string();
        let ahead = ahead_ms.to_string();
        let args = ["sandbox", "--data", &data, "--bank", &bank, "--sign-method", "11"];
        let rest = ["--listen", "127.0.0.1:0", "--clock-ahead-ms", &ahead];
        Process::start(&[&args[..], &rest[..]].concat(), &self.folder.join("log"))
    }

    fn put_back(&self, backup: &[u8]) {
        std::fs::write(self.database(), backup).unwrap();
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.database().display()));
        }
        self.switch("resume");
    }

    fn data(&self) -> PathBuf {
        self.folder.join("house").join("mingka")
    }

    fn database(&self) -> PathBuf {
        self.data().join("mingka.db")
    }

    fn run(&self, args: &[&str]) -> Output {
        let config = self.folder.join("bank").join("mingka.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mingka"));
        command.args(args).arg("--config").arg(config);
        command.env("MINGKA_SERVER_DATA_DIR", self.data());
        command.output().unwrap()
    }

    fn switch(&self, turn: &str) {
        let told = self.run(&[turn, "operation:disburse", "--who", "test", "--why", "a test"]);
        assert!(told.status.success(), "{told:?}");
    }

    fn check(&self) -> Output {
        self.run(&["restore-check"])
    }

    fn person(&self, name: &str) -> String {
        let roles = ["--role", "operate", "--role", "approve", "--json"];
        let told = self.run(&[&["people", "add", "--name", name][..], &roles[..]].concat());
        let line: Value = serde_json::from_slice(&told.stdout).unwrap();
        line["person_key"].as_str().unwrap().to_owned()
    }

    fn statement(&self, platform: &Platform, day: mingka_domain::statement::SettlementDay) {
        let file = request(&self.bank, "GET", &format!("/statements/{day}"), &[], "").unwrap();
        assert_eq!(file.status, 200, "{file:?}");
        let bearer = format!("Bearer {}", platform.key);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
        let taken = request(&platform.address, "POST", "/v1/statements", &headers, &file.body);
        let taken = taken.unwrap();
        assert_eq!(taken.status, 200, "{taken:?}");
    }
}

fn bound(platform: &Platform) -> Value {
    let consents = consents(platform);
    let card = serde_json::to_value(mingka_sandbox::cards::series(1)).unwrap();
    let body = binding_body(&card, &consents);
    let begun = platform.post("/v1/bindings", "bind", &body).unwrap().json();
    let path = format!("/v1/bindings/{}/confirm", begun["id"].as_str().unwrap());
    let bound = platform.post(&path, "confirm", &json!({ "code": "111111" })).unwrap().json();
    bound["instrument"].clone()
}

fn pay(platform: &Platform, instrument: &Value, reference: &str, amount_fen: i64) -> Value {
    let body = json!({ "instrument": instrument, "amount_fen": amount_fen, "loan_ref": reference });
    let paid = platform.post("/v1/disbursements", reference, &body).unwrap();
    assert_eq!(paid.status, 201, "{paid:?}");
    paid.json()
}

fn path(id: &Value) -> String {
    format!("/v1/payments/{}", id.as_str().unwrap())
}

fn state(platform: &Platform, id: &Value) -> String {
    platform.get(&path(id)).unwrap().json()["state"].as_str().unwrap().to_owned()
}

fn as_person(platform: &Platform, key: &str, path: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let told = request(&platform.address, "POST", path, &headers, &body.to_string()).unwrap();
    assert!(told.status < 300, "{told:?}");
    told.json()
}

/// The newest attempt that the backup holds, as it stands among its bytes.
fn attempts_before(backup: &[u8]) -> String {
    let text = String::from_utf8_lossy(backup);
    let ids = text.match_indices("att_").filter_map(|(at, _)| text.get(at..at + 36));
    ids.max().unwrap_or_default().to_owned()
}
