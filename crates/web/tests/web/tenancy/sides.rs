//! Two platforms of one house that both have one of each kind of thing: the same cards, the same
//! loan, the same idempotency keys, one bank. What is only the one's is named after it.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use http_body_util::BodyExt as _;
use mingka_domain::id::PlatformId;
use mingka_engine::{Channel, DEFAULT_LENDER, Parts, Reason, Scope, StopSwitch};
use mingka_sandbox::bank::CODE_ALWAYS_RIGHT;
use mingka_sandbox::cards::MagicCard;
use serde_json::{Value, json};

use super::known::{kind_behind, last_word, operations};
use crate::house::{Ask, House, Told, card};

/// The lender that only the first platform has. It has a channel of its own.
const FUND: &str = "fund";
/// The longest idempotency key, in characters.
const KEY_CHARS_MAX: usize = 64;

/// Whose things are asked for, and who asks.
pub(super) struct Two<'a> {
    pub(super) a: Side<'a>,
    pub(super) b: Side<'a>,
}

/// A platform with everything it has.
pub(super) struct Side<'a> {
    house: &'a House,
    key: String,
    platform: PlatformId,
    /// A word that only this platform uses.
    own: &'static str,
    lender: &'static str,
    consents: Vec<Value>,
    ids: BTreeMap<String, Vec<String>>,
    secrets: Vec<String>,
}

/// A path with ids in it, and the same with ids that exist nowhere in the places of another's.
#[derive(Default)]
pub(super) struct Way {
    pub(super) path: String,
    pub(super) nowhere: String,
    foreign: bool,
}

/// A house where a lender besides everybody's own money has a channel.
pub(super) async fn house() -> House {
    let house = House::new().await;
    let whole = house.parts.channels[0].clone();
    let fund = Channel { code: FUND.to_owned(), lender: FUND.to_owned(), ..whole.clone() };
    house.again(Parts { channels: vec![whole, fund], ..house.parts.clone() })
}

/// The same word with another end: right in its form, and nobody's.
pub(super) fn nowhere(word: &str) -> String {
    let (rest, last) = word.split_at(word.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

/// Gives every event its place and hands it to the endpoints. Nothing is sent.
pub(super) async fn settle(house: &House) {
    while house.engine.sequence().await.unwrap() > 0 {}
    while house.engine.hand_out().await.unwrap() > 0 {}
}

/// The paths of this form to what a platform has.
pub(super) fn own_ways(path: &str, side: &Side<'_>) -> Vec<Way> {
    ways(path, None, side)
}

/// The paths of this form in which at least one id is another platform's.
pub(super) fn foreign_ways(path: &str, two: &Two<'_>) -> Vec<Way> {
    ways(path, Some(&two.a), &two.b).into_iter().filter(|way| way.foreign).collect()
}

fn ways(path: &str, other: Option<&Side<'_>>, side: &Side<'_>) -> Vec<Way> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut ways = vec![Way::default()];
    for pair in parts.windows(2) {
        let mut words = Vec::new();
        if pair[1].starts_with('{') {
            let kind = kind_behind(pair[0]).unwrap_or_else(|| panic!("{path} is of no kind"));
            words.extend(side.ids(kind).iter().map(|id| (id.clone(), id.clone(), false)));
            let theirs = other.iter().flat_map(|other| other.ids(kind));
            words.extend(theirs.map(|id| (id.clone(), nowhere(id), true)));
        } else {
            words.push((pair[1].to_owned(), pair[1].to_owned(), false));
        }
        let longer = |way: &Way| -> Vec<Way> {
            let then = |(word, nowhere, foreign): &(String, String, bool)| Way {
                path: format!("{}/{word}", way.path),
                nowhere: format!("{}/{nowhere}", way.nowhere),
                foreign: way.foreign || *foreign,
            };
            words.iter().map(then).collect()
        };
        ways = ways.iter().flat_map(longer).collect();
    }
    ways
}

/// What came, but for what a stream says: it does not end.
async fn heard(ask: Ask<'_>) -> Told {
    let (parts, body) = ask.stream().await.into_parts();
    let kind = parts.headers.get("content-type").map_or(&b""[..], |kind| kind.as_bytes());
    let text = if kind.starts_with(b"text/event-stream") {
        String::new()
    } else {
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    };
    Told { status: parts.status, headers: parts.headers, text }
}

/// The idempotency key under which both platforms do what this path does.
pub(super) fn key_of(path: &str) -> &str {
    &path[path.len().saturating_sub(KEY_CHARS_MAX)..]
}

impl<'a> Two<'a> {
    /// Both, a minute after all of that, with a disbursement each that waits.
    pub(super) async fn of(house: &'a House) -> Self {
        let other = house.other_key(&Scope::ALL).await;
        let mut a = Side::new(house, house.key.clone(), "only-a", FUND).await;
        let mut b = Side::new(house, other, "only-b", DEFAULT_LENDER).await;
        a.begins().await;
        b.begins().await;
        let stop = StopSwitch::named("operation:disburse").unwrap();
        let reason = Reason::new("operator", "a test").unwrap();
        house.engine.turn_stop(&stop, true, &reason).await.unwrap();
        a.waits().await;
        b.waits().await;
        settle(house).await;
        // Late enough for another code, and so that a change would have another moment.
        house.later(61_000);
        Self { a, b }
    }
}

impl<'a> Side<'a> {
    async fn new(house: &'a House, key: String, own: &'static str, lender: &'static str) -> Self {
        let platform = house.engine.authenticate(&key).await.unwrap().platform;
        house.engine.create_lender(platform, lender, own).await.unwrap();
        let (ids, secrets) = (BTreeMap::new(), Vec::new());
        let mut side =
            Self { house, key, platform, own, lender, consents: Vec::new(), ids, secrets };
        let texts = side.call(&Method::GET, "/v1/consents", "", "").await.is(200).json();
        let accepted = texts["items"].as_array().unwrap().iter().map(|text| {
            let (kind, version, sha256) = (&text["kind"], &text["version"], &text["sha256"]);
            json!({"kind": kind, "version": version, "sha256": sha256})
        });
        side.consents = accepted.collect();
        side
    }

    /// A card bound, another that waits for its code, a verification, a page, an endpoint with a
    /// delivery, and a loan on its way.
    async fn begins(&mut self) {
        let binding = self.post("/v1/bindings", "bind-1", &self.binding(&card("ok"))).await;
        let confirm = format!("/v1/bindings/{}/confirm", self.keep(&binding["id"]));
        let code = json!({"code": CODE_ALWAYS_RIGHT});
        let bound = self.post(&confirm, key_of(&confirm), &code).await;
        assert_eq!(bound["state"], "active", "{bound}");
        let instrument = self.keep(&bound["instrument"]);
        let mandate = format!("/v1/instruments/{instrument}/mandate");
        let said = json!({"payee": self.own, "collected_for": "还款"});
        let key = format!("{mandate}-1");
        self.post(&mandate, key_of(&key), &said).await;
        let open = self.post("/v1/bindings", "bind-2", &self.binding(&card("ok-16"))).await;
        assert_eq!(open["state"], "awaiting_code", "{open}");
        self.keep(&open["id"]);
        let question = self.question();
        let asked = self.post("/v1/verifications", "verify-1", &question).await;
        self.keep(&asked["id"]);
        let page = json!({"borrower_ref": self.own});
        let page = self.post("/v1/binding-sessions", "page-1", &page).await;
        self.keep(&page["id"]);
        self.keep_secret(&page["url"]);
        let endpoint = json!({"url": format!("https://{}.example/mingka", self.own)});
        let made = self.post("/v1/webhook-endpoints", "endpoint-1", &endpoint).await;
        let path = format!("/v1/webhook-endpoints/{}", self.keep(&made["endpoint"]["id"]));
        self.keep_secret(&made["secret"]);
        let rotate = format!("{path}/rotate-secret");
        let rotated = self.post(&rotate, key_of(&rotate), &json!({})).await;
        self.keep_secret(&rotated["secret"]);
        let trial = format!("{path}/trial");
        let delivery = self.post(&trial, key_of(&trial), &json!({})).await;
        self.keep(&delivery["id"]);
        let loan = json!({"instrument": instrument, "amount_fen": 1_000_000, "loan_ref": "loan-7"});
        let paid = self.post("/v1/disbursements", "pay-1", &loan).await;
        assert_eq!(paid["state"], "in_flight", "{paid}");
        let link = format!("/v1/payments/{}/status-link", self.keep(&paid["id"]));
        let link = self.post(&link, key_of(&link), &json!({})).await;
        self.keep_secret(&link["url"]);
    }

    /// A loan of the lender that is its own, which is not sent while that is stopped.
    async fn waits(&mut self) {
        let (instrument, lender) = (&self.ids("inst")[0], self.lender);
        let loan = json!({"instrument": instrument, "amount_fen": 2_000_000, "loan_ref": self.own,
            "lender": lender});
        let paid = self.post("/v1/disbursements", "pay-2", &loan).await;
        assert_eq!(paid["state"], "waiting", "{paid}");
        self.keep(&paid["id"]);
    }

    fn keep(&mut self, id: &Value) -> String {
        let id = id.as_str().unwrap();
        let (kind, _) = id.split_once('_').unwrap();
        self.ids.entry(kind.to_owned()).or_default().push(id.to_owned());
        id.to_owned()
    }

    fn keep_secret(&mut self, secret: &Value) {
        self.secrets.push(secret.as_str().unwrap().to_owned());
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Value {
        let told = self.call(&Method::POST, path, &body.to_string(), key).await;
        assert!(told.status.is_success(), "{} {path}: {}", self.own, told.text);
        told.json()
    }

    fn binding(&self, card: &MagicCard) -> Value {
        json!({"card_number": card.number, "name": card.name, "id_number": card.id_number,
            "phone": card.phone, "borrower_ref": self.own, "consents": self.consents})
    }

    fn question(&self) -> Value {
        let mut question = self.binding(&card("ok"));
        question["consents"].as_array_mut().unwrap().truncate(1);
        question
    }

    /// What this platform sends to make something, with everything that may be another's in it.
    pub(super) fn body_of(&self, operation: &str) -> Value {
        let mut money = json!({"amount_fen": 500, "lender": self.lender});
        money["instrument"] = json!(self.ids("inst")[0]);
        match operation {
            "POST /v1/binding-sessions" => json!({"borrower_ref": self.own}),
            "POST /v1/bindings" => self.binding(&card("ok-icbc")),
            "POST /v1/disbursements" => {
                money["loan_ref"] = json!("loan-8");
                money
            }
            "POST /v1/repayments" => {
                money["due_ref"] = json!("loan-7/1");
                money
            }
            "POST /v1/stops" => {
                json!({"switch": self.switch(), "stopped": false, "why": "a test"})
            }
            "POST /v1/verifications" => self.question(),
            "POST /v1/webhook-endpoints" => json!({"url": "https://another.example/mingka"}),
            _ => panic!("say what {operation} takes"),
        }
    }

    fn switch(&self) -> String {
        format!("platform_own:{}", self.platform)
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// A request of this platform's server; without a body when that is empty.
    pub(super) async fn call(&self, method: &Method, path: &str, body: &str, key: &str) -> Told {
        let ask = self.house.ask(method.clone(), path).header("authorization", &self.bearer());
        if body.is_empty() {
            return heard(ask).await;
        }
        let ask = ask.header("idempotency-key", key).header("content-type", "application/json");
        heard(ask.body(body)).await
    }

    /// Its things of a kind.
    #[track_caller]
    pub(super) fn ids(&self, kind: &str) -> &[String] {
        self.ids.get(kind).unwrap_or_else(|| panic!("{} has no {kind}", self.own))
    }

    /// What it has that a query or a field of this name could name. `place` is the list's path.
    pub(super) fn words(&self, name: &str, place: &str) -> Vec<String> {
        match name {
            "borrower_ref" | "reference" => vec![self.own.to_owned()],
            "instrument" => self.ids("inst").to_vec(),
            "lender" => vec![self.lender.to_owned()],
            "switch" => vec![self.switch()],
            "sha256" => vec![self.consents[0]["sha256"].as_str().unwrap().to_owned()],
            "starting_after" | "ending_before" => {
                let kind = kind_behind(last_word(place));
                self.ids(kind.unwrap_or_else(|| panic!("what does {place} list?"))).to_vec()
            }
            _ => panic!("say what {name} could name"),
        }
    }

    /// Everything it sees, and what is kept of its endpoints besides: their versions and secrets.
    pub(super) async fn seen(&self) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        for one in operations().iter().filter(|one| one.is_still()) {
            for way in own_ways(&one.path, self) {
                let told = self.call(&one.method, &way.path, "", "").await.is(200);
                seen.insert(way.path, told.text);
            }
        }
        let endpoints = self.house.parts.store.endpoints(self.platform).await.unwrap();
        seen.insert("endpoints".to_owned(), format!("{endpoints:?}"));
        seen
    }

    /// What nobody else may ever read: every id in what it sees, its secrets, its own word.
    pub(super) fn marks(&self, seen: &BTreeMap<String, String>) -> BTreeSet<String> {
        let is_id = |word: &&str| {
            let hex = |hex: &str| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            word.split_once('_').is_some_and(|(_, rest)| hex(rest))
        };
        let other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let ids = seen.values().flat_map(|text| text.split(other).filter(is_id));
        let mut marks: BTreeSet<String> = ids.map(str::to_owned).collect();
        for kind in ["bind", "dlv", "inst", "pay", "ver", "whk"] {
            for id in self.ids(kind) {
                assert!(marks.contains(id), "{id} must be seen, or this suite proves nothing");
            }
        }
        marks.extend(self.ids("sess").iter().chain(&self.secrets).cloned());
        marks.insert(self.own.to_owned());
        marks
    }
}
