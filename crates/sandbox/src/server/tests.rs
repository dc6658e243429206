//! The bank over real sockets: pages, books, faults as a client sees them, and a second life.

mod money;
mod rotation;

use std::sync::Arc;

use mingka_channels::acp::{
    AccountSettings, Acp, Encoding, MerchantAccount, NAME_TEST, SignerRules, Signing, Version,
};
use mingka_channels::{
    Context, Exchange as _, HttpRequest, HttpResponse, Method, OrderIdentity, Profile, Reply,
    Request,
};
use mingka_crypto::SystemEntropy;
use mingka_domain::outcome::Outcome;
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::*;
use crate::asks::{open, send};
use crate::faults::{Fault, RULE_COUNT_MAX, script};
use crate::scratch::Folder;

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

struct House {
    folder: Folder,
    running: Option<Running>,
    acp: Acp,
    entropy: Arc<SystemEntropy>,
}

/// What a client sees of one exchange.
#[derive(Debug)]
enum Seen {
    Whole(HttpResponse, String),
    /// The head promised more than came.
    Half,
    /// Not one byte.
    Nothing,
}

/// The bank's own merchant, signing in this way.
fn signing(running: &Running, signing: Signing, notify_url: Option<String>) -> Acp {
    let merchant = &running.merchant;
    let account = MerchantAccount::load(AccountSettings {
        merchant_number: merchant.merchant_number.clone(),
        token_requestor: merchant.token_requester.clone(),
        version: Version::V5_1_0,
        encoding: Encoding::Utf8,
        signing,
        encryption_certificate: merchant.encryption_certificate.clone(),
        gateway: running.base_url.clone(),
        notify_url,
    });
    Acp::new(Profile::unionpay_acp(), account.unwrap())
}

impl House {
    async fn new() -> Self {
        Self::notified_at(None).await
    }

    async fn notified_at(notify_url: Option<String>) -> Self {
        let folder = Folder::new("server");
        let running = serve_in(&folder).await;
        let secret = Secret::new(running.merchant.shared_secret.clone());
        let acp = signing(&running, Signing::KeyedSha256(secret), notify_url);
        let entropy = Arc::new(SystemEntropy::new());
        Self { folder, running: Some(running), acp, entropy }
    }

    fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().address
    }

    async fn restart(&mut self) {
        self.running.take().unwrap().shutdown().await;
        self.running = Some(serve_in(&self.folder).await);
    }

    async fn exchange(&self, request: &Request, id: &str) -> (Seen, Option<Reply>) {
        let order = OrderIdentity { order_id: id.to_owned(), txn_time: now() };
        let context = Context { now: now(), entropy: &*self.entropy, order: &order };
        let (http, sent) = self.acp.encode(request, &context).unwrap();
        let path = http.url.split_once("/gateway").unwrap().1;
        let path = format!("/gateway{path}");
        let seen = self.call("POST", &path, &http.content_type, &http.body).await;
        let reply = match &seen {
            Seen::Whole(answer, _) => self.acp.decode(&sent, answer, &context).ok(),
            Seen::Half | Seen::Nothing => None,
        };
        (seen, reply)
    }

    async fn settled(&self, request: &Request, id: &str) -> Reply {
        let reply = self.exchange(request, id).await.1.unwrap();
        assert_eq!(reply.outcome, Outcome::Settled);
        reply
    }

    async fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Seen {
        #[expect(clippy::disallowed_methods, reason = "the test is the client")]
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: bank\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        see(&bytes)
    }

    async fn get(&self, path: &str) -> Value {
        match self.call("GET", path, "", b"").await {
            Seen::Whole(answer, _) => serde_json::from_slice(&answer.body).unwrap(),
            other => panic!("{path}: {other:?}"),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        match self.call("POST", path, "application/json", body.to_string().as_bytes()).await {
            Seen::Whole(answer, _) => serde_json::from_slice(&answer.body).unwrap(),
            other => panic!("{path}: {other:?}"),
        }
    }

    async fn plan(&self, rule: Value) {
        let body = rule.to_string();
        let seen = self.call("POST", "/faults", "application/json", body.as_bytes()).await;
        assert!(matches!(seen, Seen::Whole(answer, _) if answer.status == 201), "{rule}");
    }
}

async fn serve_in(folder: &Folder) -> Running {
    serve_with(folder, Vec::new()).await.unwrap()
}

async fn serve_with(folder: &Folder, faults: Vec<Rule>) -> io::Result<Running> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let entropy = Arc::new(SystemEntropy::new());
    let data_dir = folder.path().to_owned();
    let payment_code_required = true;
    let clock_ahead_ms = 0;
    start(Config {
        listener,
        data_dir,
        now,
        clock_ahead_ms,
        entropy,
        faults,
        payment_code_required,
    })
    .await
}

fn see(bytes: &[u8]) -> Seen {
    if bytes.is_empty() {
        return Seen::Nothing;
    }
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    let body = bytes[at + 4..].to_vec();
    let value = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(name))?;
        line.get(name.len()..).map(|value| value.trim().to_owned())
    };
    let promised: usize = value("content-length:").map_or(0, |text| text.parse().unwrap());
    if body.len() < promised {
        return Seen::Half;
    }
    let status = head.get(9..12).unwrap().parse().unwrap();
    Seen::Whole(HttpResponse { status, content_type: value("content-type:"), body }, head)
}

fn opened_in(ledger: &Value) -> usize {
    let entries = ledger["entries"].as_array().unwrap();
    entries.iter().filter(|entry| entry["kind"] == "agreement_opened").count()
}

#[tokio::test]
async fn a_card_is_bound_with_the_code_from_the_inbox_and_the_books_outlive_the_process() {
    let mut house = House::new().await;
    let card = cards::series(42);
    house.settled(&send(&card), "binding0").await;
    let inbox = house.get("/inbox.json?order_id=binding0").await;
    let message = &inbox["messages"][0];
    assert_eq!(message["phone"], card.phone);
    assert_eq!(message["valid"], true);
    let code = message["code"].as_str().unwrap().to_owned();
    let token = house.settled(&open(&card, &code), "binding0").await.token.unwrap();

    let before = house.get("/ledger").await;
    assert_eq!(opened_in(&before), 1);
    let journal = std::fs::read_to_string(house.folder.path().join("journal.jsonl")).unwrap();
    for clear in [&card.number, &card.name, &card.id_number, &card.phone, &code] {
        assert!(!journal.contains(clear.as_str()));
    }
    house.restart().await;
    assert_eq!(house.get("/ledger").await, before);
    let found = house.settled(&Request::QueryAgreement, "binding0").await;
    assert_eq!(found.token.unwrap(), token);
    let again = house.exchange(&open(&card, &code), "binding0").await.1.unwrap();
    assert_eq!(again.answer.unwrap().code.as_str(), "12");
    assert_eq!(opened_in(&house.get("/ledger").await), 1);
}

#[tokio::test]
async fn every_fault_reaches_the_socket() {
    let house = House::new().await;
    let table = [
        (json!({"fault": "drop_before"}), "nothing", false),
        (json!({"fault": "drop_after"}), "nothing", true),
        (json!({"fault": "closed", "operation": "open_agreement"}), "nothing", false),
        (json!({"fault": "half_answer"}), "half", true),
        (json!({"fault": "bad_gateway"}), "502", false),
        (json!({"fault": "bad_gateway_after"}), "502", true),
        (json!({"fault": "wrong_signature"}), "unbelieved", true),
        (json!({"fault": "wrong_encoding"}), "unbelieved", true),
        (json!({"fault": "duplicate_answer"}), "unbelieved", true),
        (json!({"fault": "delay", "ms": 20}), "settled", true),
        (json!({"fault": "code", "code": "06", "message": "busy"}), "answered", false),
    ];
    for (n, (rule, wanted, executed)) in (0u32..).zip(table) {
        let (card, id) = (cards::series(n), format!("binding{n}"));
        house.settled(&send(&card), &id).await;
        let mut once = rule.clone();
        once["times"] = json!(1);
        house.plan(once).await;
        let (seen, reply) = house.exchange(&open(&card, "111111"), &id).await;
        let what = match (&seen, &reply) {
            (Seen::Nothing, _) => "nothing",
            (Seen::Half, _) => "half",
            (Seen::Whole(answer, _), None) if answer.status == 502 => "502",
            (Seen::Whole(..), None) => "unbelieved",
            (Seen::Whole(..), Some(reply)) if reply.outcome == Outcome::Settled => "settled",
            (Seen::Whole(..), Some(_)) => "answered",
        };
        assert_eq!(what, wanted, "{rule}");
        let ledger = house.get(&format!("/ledger?order_id={id}")).await;
        assert_eq!(opened_in(&ledger), usize::from(executed), "{rule}");
        assert_eq!(house.get("/faults").await, json!([]), "{rule} is used up");
    }
}

#[tokio::test]
async fn the_gateway_can_be_closed_before_it_reads_and_swallow_messages() {
    let house = House::new().await;
    let card = cards::series(1);
    house.plan(json!({"fault": "closed", "times": 1})).await;
    assert!(matches!(house.exchange(&send(&card), "binding0").await.0, Seen::Nothing));
    house.plan(json!({"fault": "sms_lost", "card": "series-1", "times": 1})).await;
    house.settled(&send(&card), "binding0").await;
    assert_eq!(house.get("/inbox.json").await["messages"], json!([]));
    assert_eq!(house.get("/ledger").await["entries"][0]["kind"], "code_sent");

    house.plan(json!({"fault": "pending"})).await;
    house.call("DELETE", "/faults", "", b"").await;
    assert_eq!(house.get("/faults").await, json!([]));
}

#[tokio::test]
async fn faults_can_stand_from_the_start() {
    let mut house = House::new().await;
    house.running.take().unwrap().shutdown().await;
    let faults =
        script::read(r#"[{"operation": "open_agreement", "times": 1, "fault": "drop_after"}]"#);
    let faults = faults.unwrap();
    house.running = Some(serve_with(&house.folder, faults).await.unwrap());
    assert_eq!(house.get("/faults").await[0]["fault"], "drop_after");
    let card = cards::series(1);
    house.settled(&send(&card), "binding0").await;
    assert!(matches!(house.exchange(&open(&card, "111111"), "binding0").await.0, Seen::Nothing));
    house.settled(&Request::QueryAgreement, "binding0").await;

    let rule = Rule::next(1, Fault::Closed);
    let many = vec![rule; RULE_COUNT_MAX + 1];
    assert!(serve_with(&Folder::new("many"), many).await.is_err());
}

#[tokio::test]
async fn a_notification_arrives_and_is_repeated_when_planned() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/unionpay", listener.local_addr().unwrap());
    let house = House::notified_at(Some(url)).await;
    let card = cards::series(1);
    house.settled(&send(&card), "binding0").await;
    house.plan(json!({"fault": "duplicate_notification", "times": 1})).await;
    let opened = house.settled(&open(&card, "111111"), "binding0").await;
    house.post("/sandbox/clock", json!({"advance_ms": 2_000})).await;
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let waited = Duration::from_secs(20);
        let (stream, _) = tokio::time::timeout(waited, listener.accept()).await.unwrap().unwrap();
        bodies.push(acknowledge(stream).await);
    }
    assert_eq!(bodies[0], bodies[1]);
    let order = OrderIdentity { order_id: "binding0".to_owned(), txn_time: now() };
    let context = Context { now: now(), entropy: &*house.entropy, order: &order };
    let request = HttpRequest {
        method: Method::Post,
        url: "/notify/unionpay".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: Zeroizing::new(bodies.remove(0)),
    };
    let (notice, _) = house.acp.notice(&request, &context).unwrap();
    assert!(notice.order.is_same(&order));
    assert_eq!(notice.token, opened.token);
}

/// Reads a whole request and says that it is safe; gives its body.
async fn acknowledge(mut stream: TcpStream) -> Vec<u8> {
    let body = read_request(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    body
}

/// Reads a whole request; gives its body.
async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if bytes.len() == at + 4 + length.unwrap().parse::<usize>().unwrap() {
                return bytes.split_off(at + 4);
            }
        }
    }
}

#[tokio::test]
async fn pages_and_books_are_plain_and_mistakes_are_named() {
    let house = House::new().await;
    house.settled(&send(&cards::series(7)), "binding0").await;
    for path in ["/inbox", "/cards"] {
        let Seen::Whole(answer, head) = house.call("GET", path, "", b"").await else { panic!() };
        let html = String::from_utf8(answer.body).unwrap();
        assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
        for inline in ["<script", "<style", " style=", " onclick"] {
            assert!(!html.contains(inline), "{path} holds {inline}");
        }
        assert!(!html.contains(&cards::series(7).phone));
    }
    assert_eq!(house.get("/health").await, json!({"status": "ok"}));
    let listed = house.get("/cards.json").await["cards"].as_array().unwrap().len();
    assert_eq!(listed, cards::catalogue().len());
    for (method, path, kind, body, status) in [
        ("GET", "/nowhere", "", "", 404),
        ("PUT", "/ledger", "", "", 405),
        ("GET", "/gateway/api/backTransReq.do", "", "", 405),
        ("POST", "/faults", "text/plain", "{}", 415),
        ("POST", "/faults", "application/json", "{\"fault\":\"explode\"}", 400),
        ("DELETE", "/faults/9", "", "", 404),
    ] {
        let Seen::Whole(answer, _) = house.call(method, path, kind, body.as_bytes()).await else {
            panic!("{path}")
        };
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_books_are_read_page_by_page() {
    let house = House::new().await;
    for n in 0..3 {
        house.settled(&send(&cards::series(n)), &format!("binding{n}")).await;
    }
    let first = house.get("/ledger?limit=2").await;
    assert_eq!(first["entries"].as_array().unwrap().len(), 2);
    let next = first["next"].as_u64().unwrap();
    let second = house.get(&format!("/ledger?limit=2&after={next}")).await;
    assert_eq!(second["entries"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
    assert_eq!(house.get("/ledger?kind=refused").await["entries"], json!([]));
}
