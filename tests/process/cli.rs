//! The command line as a script sees it: what is printed, where, and the exit code.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use crate::support::{Folder, Platform, Process, binding_body, consents, until};
use serde_json::{Value, json};

fn mingka(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mingka")).args(args).output().unwrap()
}

/// What a program says that must not start. Should it start, that is the failure, at once.
fn refusal(args: &[&str]) -> String {
    let mut mingka = Command::new(env!("CARGO_BIN_EXE_mingka"));
    let mingka = mingka.args(args).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = mingka.spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    if !ready.is_empty() {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it started: {ready}");
    }
    text(&child.wait_with_output().unwrap().stderr).to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn check_says_what_to_correct_in_one_line() {
    let bad = mingka(&["check", "6222 0200 1", "--phone", "1380000", "--json"]);
    assert_eq!(bad.status.code(), Some(2));
    let [line] = lines(&bad).try_into().unwrap();
    assert_eq!(line["issuer"]["code"], "ICBC");
    assert_eq!(line["kind"], "debit");
    let causes: Vec<&str> =
        line["findings"].as_array().unwrap().iter().map(|f| f["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["card.number_too_short", "phone.too_short"]);

    let good = mingka(&["check", "６２１６ 2610-0000 0000 018", "--json"]);
    assert_eq!(good.status.code(), Some(0));
    assert_eq!(lines(&good).first().unwrap()["findings"], json!([]));
}

#[test]
fn check_reads_a_file_line_by_line() {
    let folder = Folder::new("cli-check");
    let file = folder.join("cards.csv");
    let rows = "\u{feff}card_number,name,id_number,phone\n6216261000000000018,李文华,\
                110101197101010005,13800000001\n62262209,,,\n";
    std::fs::write(&file, rows).unwrap();
    let file = file.display().to_string();
    let found = lines(&mingka(&["check", &file, "--json"]));
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0]["ok"], &found[0]["line"]), (&json!(true), &json!(2)));
    assert_eq!((&found[1]["ok"], &found[1]["line"]), (&json!(false), &json!(3)));
    let table = mingka(&["check", &file]);
    assert!(text(&table.stdout).contains("2 rows: 1 clean, 0 worth a second look, 1 to correct"));

    std::fs::write(folder.join("no.csv"), "number\n1\n").unwrap();
    let wrong = mingka(&["check", &folder.join("no.csv").display().to_string()]);
    assert!(text(&wrong.stderr).contains("card_number,name,id_number,phone"), "{wrong:?}");
}

#[test]
fn check_leaves_no_row_out_and_repeats_nobodys_number() {
    let folder = Folder::new("cli-check-bad");
    let told = |name: &str, rows: &str| {
        let file = folder.join(name);
        std::fs::write(&file, rows).unwrap();
        let output = mingka(&["check", &file.display().to_string(), "--json"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        text(&output.stderr).to_owned()
    };
    let headless = told("headless.csv", "6216261000000000018,李文华,110101197101010005\n");
    assert!(!headless.contains("6216261000000000018") && !headless.contains("李文华"));
    let open = "card_number,name,remark\n6216261000000000018,李文华,\"ok\nXXXX,赵文华,\n";
    assert!(told("open.csv", open).contains("line 2"));
    let named = told("named.csv", "card_number,nmae\n6216261000000000018,李文华\n");
    assert!(named.contains("did you mean name?"), "{named}");
    let twice = told("twice.csv", "card_number,card_number\n1,2\n");
    assert!(twice.contains("card_number is there twice"), "{twice}");
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let folder = Folder::new("cli-no-log");
    let data = folder.join("data").display().to_string();
    let full = std::path::Path::new("/dev/full");
    let house = Process::start(&["sandbox", "--data", &data, "--listen", "127.0.0.1:0"], full);
    let address = house.address("/api");
    for _ in 0..3 {
        let live = crate::support::request(&address, "GET", "/health/live", &[], "").unwrap();
        assert_eq!(live.status, 200);
    }
}

#[test]
fn what_cannot_be_shown_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut explain = Command::new(env!("CARGO_BIN_EXE_mingka"));
    let output = explain.args(["explain", "unionpay", "61", "--json"]).stdout(full).output();
    assert_eq!(output.unwrap().status.code(), Some(1));
}

#[test]
fn explain_says_cause_actor_and_next_step() {
    let found = lines(&mingka(&["explain", "unionpay", "61", "--json"]));
    let line = found.first().unwrap();
    assert_eq!(line["cause"], "card.number_wrong");
    assert_eq!((&line["actor"], &line["class"]), (&json!("borrower"), &json!("declined")));
    assert!(line["texts"]["borrower"]["zh"]["text"].as_str().unwrap().len() > 10);

    let query = ["--operation", "query_state", "--phase", "inquiry", "--json"];
    let found = lines(&mingka(&[&["explain", "unionpay", "34"], &query[..]].concat()));
    assert_eq!(found.first().unwrap()["class"], "unknown", "not found proves nothing");

    let found = lines(&mingka(&["explain", "--text", "账户余额不足", "--json"]));
    let line = found.first().unwrap();
    assert_eq!(line["cause"], "balance.insufficient");
    assert_eq!(line["class"], "unknown", "words prove nothing");
    assert_eq!(line["reading"]["clues"][0]["words"], json!(["余额", "不足"]));
    let found = lines(&mingka(&["explain", "--coverage", "--json"]));
    assert_eq!(found.iter().map(|family| family["codes"].as_u64().unwrap()).sum::<u64>(), 1_007);
    assert!(text(&mingka(&["explain"]).stderr).contains("required"));

    let wrong = mingka(&["explain", "unionpya", "61"]);
    assert!(text(&wrong.stderr).contains("Did you mean `unionpay`?"), "{wrong:?}");
    let wrong = mingka(&["explain", "unionpay", "61", "--operation", "verfy"]);
    assert!(text(&wrong.stderr).contains("Did you mean `verify`?"), "{wrong:?}");
}

#[test]
fn an_unknown_key_in_the_configuration_names_the_nearest() {
    let folder = Folder::new("cli-config");
    let config = folder.join("mingka.toml");
    std::fs::write(&config, "[precheck]\nage_year_min = 18\n").unwrap();
    let config = config.display().to_string();
    for command in ["serve", "doctor"] {
        let output = mingka(&[command, "--config", &config]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(said.contains("did you mean `age_years_min`?"), "{command}: {said}");
    }
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in ["sandbox", "serve", "bank", "check", "explain", "doctor", "migrate"] {
        let help = mingka(&[command, "--help"]);
        assert!(text(&help.stdout).contains("Example"), "{command}");
    }
}

#[test]
fn keys_rotate_and_what_was_bound_stays_usable() {
    let folder = Folder::new("cli-keys");
    let data = folder.join("data").display().to_string();
    let log = folder.join("log");
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--sign-method", "11"];
    let running = Process::start(&args, &log);
    let id = bind(&running, "before");
    running.kill();

    let config = folder.join("mingka.toml");
    std::fs::write(&config, "[server]\ndata_dir = \"data/mingka\"\n").unwrap();
    let config = config.display().to_string();
    let rotated = mingka(&["keys", "rotate", "--config", &config]);
    assert!(text(&rotated.stdout).contains("version 2 is current"), "{rotated:?}");
    let listed = mingka(&["keys", "list", "--config", &config]);
    assert!(text(&listed.stdout).contains("version 2  current"), "{listed:?}");

    let running = Process::start(&args, &log);
    until("everything to be sealed anew", || {
        std::fs::read_to_string(&log).ok()?.contains("sealed anew").then_some(())
    });
    unbinds(&running, &id);
}

/// Ends what was bound: for that its sealed agreement has to open.
fn unbinds(running: &Process, binding: &str) {
    let platform = Platform::of(running);
    let seen = platform.get(&format!("/v1/bindings/{binding}")).unwrap().json();
    let path = format!("/v1/instruments/{}/unbind", seen["instrument"].as_str().unwrap());
    let unbound = platform.post(&path, "unbind", &json!({})).unwrap();
    assert_eq!(unbound.json()["state"], "unbound", "{unbound:?}");
}

#[test]
fn a_key_that_another_process_added_opens_here_without_a_restart() {
    let folder = Folder::new("cli-keys-beside");
    let data = folder.join("data").display().to_string();
    let log = folder.join("log");
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--sign-method", "11"];
    let older = Process::start(&args, &log);
    let id = bind(&older, "before");

    let config = folder.join("mingka.toml");
    let text_of = "[server]\ndata_dir = \"data/mingka\"\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(&config, text_of).unwrap();
    let config = config.display().to_string();
    let rotated = mingka(&["keys", "rotate", "--config", &config]);
    assert!(text(&rotated.stdout).contains("version 2 is current"), "{rotated:?}");
    let newer_log = folder.join("newer-log");
    let newer = Process::start(&["serve", "--config", &config], &newer_log);
    until("everything to be sealed anew by the newer process", || {
        std::fs::read_to_string(&newer_log).ok()?.contains("sealed anew").then_some(())
    });
    newer.kill();

    unbinds(&older, &id);
}

#[test]
fn settings_with_which_nothing_could_work_are_refused_together() {
    let folder = Folder::new("cli-ranges");
    let config = folder.join("mingka.toml");
    let wrong = "[server]\nkey_burst = 0\npublic_url = \"pay.example.com\"\n\
                 [binding]\nlifetime_s = 1\n";
    std::fs::write(&config, wrong).unwrap();
    let config = config.display().to_string();
    for command in ["serve", "doctor"] {
        let refused = mingka(&[command, "--config", &config]);
        let said = format!("{}{}", text(&refused.stdout), text(&refused.stderr));
        assert!(!refused.status.success(), "{said}");
        for name in ["key_burst is 0", "public_url is no address", "lifetime_s is 1"] {
            assert!(said.contains(name), "{name}: {said}");
        }
    }
}

#[test]
fn the_doctor_tries_to_write_and_takes_the_trial_away() {
    let folder = Folder::new("cli-doctor-folder");
    let told = |data: &str| {
        let config = folder.join("mingka.toml");
        std::fs::write(&config, format!("[server]\ndata_dir = \"{data}\"\n")).unwrap();
        let doctor = mingka(&["doctor", "--config", &config.display().to_string()]);
        (doctor.status.success(), text(&doctor.stdout).to_owned())
    };
    let data = folder.join("data");
    assert!(told(&data.display().to_string()).0);
    assert!(!data.exists(), "the doctor changes nothing");
    std::fs::create_dir(&data).unwrap();
    assert!(told(&data.display().to_string()).0);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    // A folder that nobody can write in, whoever runs this.
    if std::path::Path::new("/proc/self").exists() {
        let (fine, said) = told("/proc/mingka");
        assert!(!fine && said.contains("nothing can be written in /proc"), "{said}");
    }
}

#[test]
fn one_folder_has_one_sandbox() {
    let folder = Folder::new("cli-one-sandbox");
    let data = folder.join("data").display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0"];
    let running = Process::start(&args, &folder.join("log"));
    let second = refusal(&args);
    assert!(second.contains("another process uses this folder"), "{second}");
    running.kill();
}

/// Whoever copies a stopped house copies all of it.
#[cfg(unix)]
#[test]
fn a_stopped_house_is_one_whole_file() {
    let folder = Folder::new("cli-stopped");
    let data = folder.join("data").display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0"];
    Process::start(&args, &folder.join("log")).stop();
    let house = folder.join("data/mingka");
    let log = std::fs::metadata(house.join("mingka.db-wal"));
    assert!(log.is_err() || log.is_ok_and(|log| log.len() == 0), "the log was brought in");
    let copy = folder.join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in ["mingka.db", "mingka.keys"] {
        std::fs::copy(house.join(file), copy.join(file)).unwrap();
    }
    let config = folder.join("mingka.toml");
    std::fs::write(&config, "[server]\ndata_dir = \"copy\"\n").unwrap();
    let listed = mingka(&["keys", "list", "--config", &config.display().to_string()]);
    assert!(text(&listed.stdout).contains("API key  key_"), "{listed:?}");
}

#[test]
fn the_operators_tables_are_taken_while_running() {
    let folder = Folder::new("cli-tables");
    let (table, guides) = (folder.join("bins.csv"), folder.join("guides.toml"));
    let config = folder.join("mingka.toml");
    let settings = "[precheck]\nbin_table = \"bins.csv\"\nbank_guides = \"guides.toml\"\n";
    std::fs::write(&config, settings).unwrap();
    let header = "bin,pan_length,kind,bank_code,bank_name\n";
    std::fs::write(&table, header).unwrap();
    let guide = "[[guide]]\nbank_code = \"SHYH\"\nbank = { zh = \"山海银行\", en = \"Shanhai\" }\n";
    std::fs::write(&guides, guide).unwrap();
    let log = folder.join("log");
    let says = |words: &str| std::fs::read_to_string(&log).ok()?.contains(words).then_some(());
    let data = folder.join("data").display().to_string();
    let config = config.display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--config", &config];
    let running = Process::start(&args, &log);
    let platform = Platform::of(&running);
    let bank = || platform.get("/v1/bins/629999").unwrap().json()["bank_name"].clone();
    assert_ne!(bank(), "山海银行");

    std::fs::write(&table, format!("{header}629999,19,debit,SHYH,山海银行\n")).unwrap();
    until("the new table", || (bank() == "山海银行").then_some(()));
    std::fs::write(&guides, format!("{guide}hotline = \"none\"\n")).unwrap();
    until("the wrong line to be named", || says("guides.toml: line 4: "));
    std::fs::write(&guides, guide.repeat(2).replacen("SHYH", "SHYH2", 1)).unwrap();
    until("the new guides", || says("\"guide.banks\":22"));
    std::fs::write(&table, format!("{header}629999,19,debit,SHYH,山海银行\nxx,19,debit,A,B\n"))
        .unwrap();
    until("the bad row to be named", || says("bins.csv: line 3: "));
    assert_eq!(bank(), "山海银行", "the table before it stays");
}

/// Binds the first good card and gives back the binding's id.
fn bind(running: &Process, key: &str) -> String {
    let platform = Platform::of(running);
    let consents = consents(&platform);
    let body = binding_body(&running.ready["cards"][0], &consents);
    let begun = platform.post("/v1/bindings", key, &body).unwrap();
    let id = begun.json()["id"].as_str().unwrap_or_else(|| panic!("{begun:?}")).to_owned();
    let path = format!("/v1/bindings/{id}/confirm");
    let code = json!({ "code": "111111" });
    let bound = platform.post(&path, &format!("{key}-confirm"), &code).unwrap();
    assert_eq!(bound.json()["state"], "active", "{bound:?}");
    id
}

#[test]
fn foreign_keys_are_refused_at_the_start() {
    let folder = Folder::new("cli-foreign-keys");
    let log = folder.join("log");
    let data = folder.join("data").display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--sign-method", "11"];
    let running = Process::start(&args, &log);
    bind(&running, "before");
    running.kill();
    let keys = folder.join("data").join("mingka").join("mingka.keys");
    let own = std::fs::read_to_string(&keys).unwrap();
    std::fs::remove_file(&keys).unwrap();
    let missing = refusal(&args);
    assert!(missing.contains("Put the key file back"), "{missing}");
    let other = folder.join("other").display().to_string();
    let config = folder.join("other.toml");
    std::fs::write(&config, format!("[server]\ndata_dir = \"{other}\"\n")).unwrap();
    mingka(&["keys", "issue", "--platform", "x", "--config", &config.display().to_string()]);
    std::fs::copy(folder.join("other").join("mingka.keys"), &keys).unwrap();
    let foreign = refusal(&args);
    assert!(foreign.contains("belongs to another one"), "{foreign}");

    // One other line, the index key's: nothing would be recognised, and a request act twice.
    let theirs = std::fs::read_to_string(folder.join("other").join("mingka.keys")).unwrap();
    let index = |text: &str| text.lines().find(|l| l.starts_with("index")).unwrap().to_owned();
    std::fs::write(&keys, own.replace(&index(&own), &index(&theirs))).unwrap();
    let config = folder.join("own.toml");
    let house = folder.join("data").join("mingka").display().to_string();
    std::fs::write(&config, format!("[server]\ndata_dir = \"{house}\"\n")).unwrap();
    let config = config.display().to_string();
    let changed = refusal(&args);
    assert!(changed.contains("belongs to another one"), "{changed}");
    let doctor = mingka(&["doctor", "--config", &config]);
    assert!(text(&doctor.stdout).contains("belongs to another one"), "{doctor:?}");
    let rotated = mingka(&["keys", "rotate", "--config", &config]);
    assert!(text(&rotated.stderr).contains("belongs to another one"), "{rotated:?}");
    std::fs::write(&keys, own).unwrap();
    let doctor = mingka(&["doctor", "--config", &config]);
    assert!(!text(&doctor.stdout).contains("belongs to another one"), "{doctor:?}");
}
