//! Money over real sockets: balances, the clock, the books by order, statements, notifications that
//! are sent again.

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{FieldSealer, KeyedHash, suite};
use mingka_crypto::certificate::Certificate;
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::*;

const MERCHANT: &str = "777290058146592";

impl House {
    /// Asks for a disbursement of this many fen; gives the code of the answer.
    async fn disburse(&self, id: &str, card: &cards::MagicCard, fen: i64, notify: &str) -> String {
        let merchant = &self.running.as_ref().unwrap().merchant;
        let certificate = Certificate::from_pem(&merchant.encryption_certificate).unwrap();
        let sealer = FieldSealer::to_certificate(&certificate).unwrap();
        let customer = format!("{{customerNm={}}}", card.name);
        let mut fields = Fields::new();
        for (name, value) in [
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", KeyedHash::Sha256.method()),
            ("txnType", "12"),
            ("txnSubType", "00"),
            ("bizType", "000401"),
            ("accessType", "0"),
            ("merId", MERCHANT),
            ("orderId", id),
            ("txnTime", "20260921213320"),
            ("currencyCode", "156"),
            ("encryptCertId", sealer.certificate_id()),
            ("backUrl", notify),
        ] {
            fields.set(name, value);
        }
        fields.set("txnAmt", fen.to_string());
        fields.set("accNo", sealer.seal(card.number.as_bytes(), &*self.entropy).unwrap());
        fields.set("customerInfo", base64(&customer));
        let secret = Secret::new(merchant.shared_secret.clone());
        suite::sign_keyed(KeyedHash::Sha256, &secret, &mut fields);
        let path = "/gateway/api/backTransReq.do";
        let form = "application/x-www-form-urlencoded;charset=UTF-8";
        let seen = self.call("POST", path, form, &fields.to_form()).await;
        let Seen::Whole(answer, _) = seen else { panic!("{id}: {seen:?}") };
        let fields = Fields::parse_answer(&answer.body, Encoding::Utf8).unwrap();
        fields.ascii("respCode").unwrap().to_owned()
    }

    async fn advance(&self, ms: i64) {
        let clock = self.post("/sandbox/clock", json!({ "advance_ms": ms })).await;
        assert!(clock["ahead_ms"].as_i64().unwrap() >= ms, "{clock}");
    }

    async fn status(&self, method: &str, path: &str, body: &str) -> u16 {
        let seen = self.call(method, path, "application/json", body.as_bytes()).await;
        let Seen::Whole(answer, _) = seen else { panic!("{path}") };
        answer.status
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn balance_path() -> String {
    format!("/merchants/{MERCHANT}/balance")
}

#[tokio::test]
async fn a_disbursement_can_be_followed_from_the_balance_to_the_statement_and_beyond() {
    let mut house = House::new().await;
    let set = house.post(&balance_path(), json!({"balance_fen": 100_000})).await;
    assert_eq!(set["available_fen"], 100_000);
    let card = crate::asks::magic("money-returned");
    assert_eq!(house.disburse("payout01", &card, 60_000, "").await, "00");
    assert_eq!(house.disburse("payout02", &card, 60_000, "").await, "90");
    let accepted = house.get("/ledger/orders").await;
    assert_eq!(accepted["orders"][0]["state"], "accepted");
    assert_eq!(accepted["orders"][0]["movements"], json!([]));
    assert_eq!(house.get(&balance_path()).await["reserved_fen"], 60_000);
    let day = house.get("/sandbox/clock").await["settlement_day"].as_str().unwrap().to_owned();
    assert_eq!(house.status("GET", &format!("/statements/{day}"), "").await, 404);

    house.advance(MINUTE_MS).await;
    let order = house.get("/ledger/orders?order_id=payout01").await["orders"][0].clone();
    assert_eq!((&order["state"], &order["net_fen"]), (&json!("settled"), &json!(60_000)));
    let line = house.get("/ledger?kind=disbursed").await["entries"][0].clone();
    assert_eq!((&line["amount_fen"], &line["settlement_day"]), (&json!(60_000), &json!(day)));

    // The books are read again, and what was due in between happens when it was due.
    house.restart().await;
    house.advance(3 * DAY_MS).await;
    let order = house.get("/ledger/orders?order_id=payout01").await["orders"][0].clone();
    assert_eq!((&order["state"], &order["net_fen"]), (&json!("returned"), &json!(0)));
    assert_eq!(order["movements"].as_array().unwrap().len(), 2);
    assert_eq!(house.get(&balance_path()).await["balance_fen"], 100_000);
    let seen = house.call("GET", &format!("/statements/{day}"), "", b"").await;
    let Seen::Whole(answer, head) = seen else { panic!() };
    let text = String::from_utf8(answer.body).unwrap();
    assert!(head.contains("text/csv"), "{head}");
    assert!(text.contains("count=1,total_fen=60000,complete=true\n"), "{text}");
    assert!(text.contains(",payout01,20260921213320,disbursement,60000,settled,"), "{text}");

    let clock = house.get("/sandbox/clock").await;
    assert_eq!(clock["ahead_ms"], MINUTE_MS + 3 * DAY_MS, "{clock}");
    house.restart().await;
    assert_eq!(house.get("/sandbox/clock").await, clock, "a clock that was set ahead stays there");
    let again = house.get("/ledger/orders?order_id=payout01").await["orders"][0].clone();
    assert_eq!(again, order);
}

#[tokio::test]
async fn a_notification_is_sent_again_by_the_banks_clock_until_it_is_acknowledged() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify/unionpay", listener.local_addr().unwrap());
    let house = House::new().await;
    assert_eq!(house.disburse("payout01", &cards::series(1), 100, &url).await, "00");
    house.advance(MINUTE_MS).await;
    let waited = Duration::from_secs(20);
    let mut bodies = Vec::new();
    for minutes in [1, 2, 4] {
        // Taken, and closed without an answer: that is no acknowledgement.
        let (stream, _) = tokio::time::timeout(waited, listener.accept()).await.unwrap().unwrap();
        bodies.push(heard(stream).await);
        until(|| house.waits_for_another_try()).await;
        house.advance(minutes * MINUTE_MS).await;
    }
    let (stream, _) = tokio::time::timeout(waited, listener.accept()).await.unwrap().unwrap();
    bodies.push(acknowledge(stream).await);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    house.advance(HOUR_MS).await;
    assert!(!house.waits_for_another_try());
}

impl House {
    fn waits_for_another_try(&self) -> bool {
        self.running.as_ref().unwrap().waiting_notifications() > 0
    }
}

async fn until(done: impl Fn() -> bool) {
    let all = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
}

/// Reads a whole request and closes.
async fn heard(mut stream: TcpStream) -> Vec<u8> {
    read_request(&mut stream).await
}

#[tokio::test]
async fn what_cannot_be_set_or_is_not_there_is_named() {
    let house = House::new().await;
    let balance = balance_path();
    for (method, path, body, status) in [
        ("GET", "/merchants/1/balance", "", 404),
        ("GET", "/merchants/1", "", 404),
        ("DELETE", &*balance, "", 405),
        ("POST", &*balance, "{}", 400),
        ("POST", &*balance, "{\"balance_fen\": -1}", 400),
        ("POST", &*balance, "{\"balance_fen\": 1, \"x\": 2}", 400),
        ("DELETE", "/sandbox/clock", "", 405),
        ("POST", "/sandbox/clock", "{}", 400),
        ("POST", "/sandbox/clock", "{\"advance_ms\": -1}", 400),
        ("POST", "/sandbox/clock", "{\"ahead_ms\": 1, \"advance_ms\": 1}", 400),
        ("POST", "/sandbox/clock", "{\"advance_ms\": 999999999999999}", 400),
        ("GET", "/statements/yesterday", "", 400),
        ("GET", "/statements/2026-09-21", "", 404),
        ("GET", "/statements/2020-01-01", "", 200),
        ("POST", "/statements/2020-01-01", "", 404),
        ("POST", "/ledger/orders", "", 404),
    ] {
        assert_eq!(house.status(method, path, body).await, status, "{method} {path} {body}");
    }
    assert_eq!(house.get("/sandbox/clock").await["ahead_ms"], 0);
}

#[tokio::test]
async fn the_books_by_order_are_read_page_by_page() {
    let house = House::new().await;
    for n in 0..3 {
        assert_eq!(house.disburse(&format!("payout0{n}"), &cards::series(n), 100, "").await, "00");
    }
    let first = house.get("/ledger/orders?limit=2").await;
    assert_eq!((first["orders"].as_array().unwrap().len(), &first["next"]), (2, &json!(2)));
    let second = house.get("/ledger/orders?limit=2&skip=2").await;
    assert_eq!((second["orders"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
}
