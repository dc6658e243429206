//! After a run with everything in it (bound, refused, in doubt, a wrong code, the borrower's page),
//! the raw database files, the log at its most talkative and every answer hold no clear value.

use std::path::Path;

use crate::support::{
    Answer, Folder, Platform, Process, binding_body, consents_of, request, until,
};
use serde_json::{Value, json};

/// Cards of the sandbox's catalogue that go different ways.
const CARDS: [&str; 8] = [
    "ok",
    "ok-icbc",
    "phone-differs",
    "frozen",
    "lost-confirm",
    "bad-signature",
    "maintenance",
    "ok-credit",
];

#[test]
fn nothing_clear_is_kept_or_said() {
    let folder = Folder::new("no-clear-values");
    let log = folder.join("log");
    let config = folder.join("config.toml");
    std::fs::write(&config, "[log]\nlevel = \"trace\"\n").unwrap();
    let data = folder.join("data").display().to_string();
    let config = config.display().to_string();
    let args = ["sandbox", "--data", &data, "--listen", "127.0.0.1:0", "--config", &config];
    let running = Process::start(&args, &log);
    let platform = Platform::of(&running);
    let bank = running.address("/banks/0/address");
    let mut said = Said::default();

    let consents = consents_of(&said.keep("consents", platform.get("/v1/consents")));
    let mut clear = Vec::new();
    for slug in CARDS {
        let card = card(&running, slug);
        for field in ["number", "name", "id_number", "phone"] {
            clear.push(card[field].as_str().unwrap().to_owned());
        }
        clear.extend(bind(&platform, &bank, &card, &consents, &mut said));
        page(&platform, &card, &mut said);
        verify(&platform, &card, &consents, &mut said);
    }
    said.keep("list", platform.get("/v1/bindings?limit=100"));
    said.keep("list", platform.get("/v1/instruments?limit=100"));
    running.kill();

    let mut haystacks = said.0;
    haystacks.push(("the log".to_owned(), std::fs::read(&log).unwrap()));
    files(&folder.join("data").join("mingka"), &mut haystacks);
    assert!(haystacks.iter().any(|(name, _)| name.ends_with("mingka.db-wal")), "no database seen");
    assert!(haystacks.iter().any(|(name, bytes)| name == "the log" && bytes.len() > 10_000));
    for (place, bytes) in &haystacks {
        for value in &clear {
            for form in forms(value) {
                assert!(!holds(bytes, &form), "{place} holds {value:?} as {form:?}");
            }
        }
    }
}

/// A value as it was typed and as somebody might have stored or logged it all the same.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let reversed: String = value.chars().rev().collect();
    let escaped: String = value.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let percent: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
    let groups: Vec<String> =
        value.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    let mut forms = vec![value.as_bytes().to_vec(), escaped.into_bytes(), percent.into_bytes()];
    if value.len() >= 11 && value.is_ascii() {
        forms.push(reversed.into_bytes());
        forms.push(groups.join(" ").into_bytes());
    }
    forms
}

/// Whether `needle` stands in `bytes`, and not as a part of a longer hexadecimal number: six digits
/// of a code are found in enough ids by chance.
fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let hex = |at: Option<&u8>| at.is_some_and(u8::is_ascii_hexdigit);
    bytes.windows(needle.len()).enumerate().any(|(at, window)| {
        let apart = needle.len() > 8
            || !(hex(at.checked_sub(1).and_then(|before| bytes.get(before)))
                || hex(bytes.get(at + needle.len())));
        window == needle && apart
    })
}

#[test]
fn the_search_finds_what_is_there() {
    assert!(holds(b"x 13800000001 y", b"13800000001"));
    assert!(holds("{\"name\":\"李文华\"}".as_bytes(), "李文华".as_bytes()));
    assert!(holds(b"code=482913&", b"482913"));
    assert!(!holds(b"id_01a482913bc", b"482913"));
}

/// Every answer that came.
#[derive(Default)]
struct Said(Vec<(String, Vec<u8>)>);

impl Said {
    fn keep(&mut self, what: &str, answer: Option<Answer>) -> Answer {
        let answer = answer.unwrap_or_else(|| panic!("no answer to {what}"));
        self.0.push((format!("the answer to {what}"), format!("{answer:?}").into_bytes()));
        answer
    }
}

fn card(running: &Process, slug: &str) -> Value {
    let cards = running.ready["cards"].as_array().unwrap();
    cards.iter().find(|card| card["slug"] == slug).unwrap_or_else(|| panic!("no {slug}")).clone()
}

/// Binds with a wrong code and then the right one from the inbox; gives back the codes that passed.
fn bind(
    platform: &Platform,
    bank: &str,
    card: &Value,
    consents: &Value,
    said: &mut Said,
) -> Vec<String> {
    let slug = card["slug"].as_str().unwrap();
    let body = binding_body(card, consents);
    let begun = said.keep(slug, platform.post("/v1/bindings", &format!("bind-{slug}"), &body));
    let view = begun.json();
    if view["state"] != "awaiting_code" {
        return Vec::new();
    }
    let path = format!("/v1/bindings/{}/confirm", view["id"].as_str().unwrap());
    let phone = card["phone"].as_str().unwrap();
    let code = until("the code in the inbox", || {
        let inbox = request(bank, "GET", "/inbox.json", &[], "")?.json();
        let inbox = inbox["messages"].as_array().or_else(|| inbox.as_array())?.clone();
        let mine = inbox.iter().find(|message| message["phone"] == phone)?;
        Some(mine["code"].as_str()?.to_owned())
    });
    for (n, code) in ["654321", &code].into_iter().enumerate() {
        let body = json!({ "code": code });
        said.keep(slug, platform.post(&path, &format!("confirm-{slug}-{n}"), &body));
    }
    vec![code, "654321".to_owned()]
}

fn verify(platform: &Platform, card: &Value, consents: &Value, said: &mut Said) {
    let slug = card["slug"].as_str().unwrap();
    let body = binding_body(card, consents);
    said.keep(slug, platform.post("/v1/verifications", &format!("verify-{slug}"), &body));
}

/// The borrower's page, told beforehand who the borrower is: everything but the submitted form's
/// own field must be clean, so only pages that show no typed value again are looked at.
fn page(platform: &Platform, card: &Value, said: &mut Said) {
    let slug = card["slug"].as_str().unwrap();
    let known =
        json!({ "name": card["name"], "id_number": card["id_number"], "phone": card["phone"] });
    let session = said.keep(
        "a session",
        platform.post("/v1/binding-sessions", &format!("session-{slug}"), &known),
    );
    let url = session.json()["url"].as_str().unwrap().to_owned();
    let path = url.split_once("/b/").map(|(_, token)| format!("/b/{token}")).unwrap();
    let entered =
        said.keep("the page's address", request(&platform.address, "GET", &path, &[], ""));
    assert_eq!(entered.status, 303, "{entered:?}");
    let cookie = cookies(&entered);
    let shown =
        said.keep("the page", request(&platform.address, "GET", "/b/", &[("Cookie", &cookie)], ""));
    let mut form: Vec<String> = inputs(&shown.body);
    form.push(format!("card_number={}", percent(card["number"].as_str().unwrap())));
    let form = form.join("&");
    let headers =
        [("Cookie", cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let posted = request(&platform.address, "POST", "/b/bind", &headers, &form).unwrap();
    // A form with something to correct shows what was typed to the one who typed it; that answer is
    // the borrower's own. A redirect must be clean, its cookies too.
    if posted.status == 303 {
        let cookie = format!("{cookie}; {}", cookies(&posted));
        said.keep("the posted form", Some(posted));
        let headers = [("Cookie", cookie.as_str())];
        said.keep("the next page", request(&platform.address, "GET", "/b/", &headers, ""));
    }
}

fn cookies(answer: &Answer) -> String {
    let set = answer.head.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or_default())
    });
    set.collect::<Vec<_>>().join("; ")
}

/// The hidden fields and the ticks of the form on a page, as a browser would send them.
fn inputs(page: &str) -> Vec<String> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let found: Vec<String> = page
        .split("<input")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split('>').next()?;
            let sent = tag.contains("type=\"hidden\"") || tag.contains("type=\"checkbox\"");
            let value = percent(&attribute(tag, "value")?);
            sent.then(|| Some(format!("{}={value}", attribute(tag, "name")?)))?
        })
        .collect();
    assert!(found.len() >= 4, "the form was not understood: {found:?}");
    found
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn files(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}
