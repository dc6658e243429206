//! What one caller may take from the others: places, connections, streams; and what it may not
//! leave behind. The tests of connections are the only ones here with real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use mingka_domain::time::Timestamp;
use mingka_web::{Connections, Rate};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::house::borrower::Borrower;
use crate::house::{House, card};

/// Longer than anything here takes, so that what hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);
const ROOMY: Connections = Connections {
    count_max: 64,
    address_max: 64,
    head_timeout_ms: 60_000,
    write_timeout_ms: 60_000,
};

/// A served house: its address, what stops it, and its end.
async fn served(
    house: &House,
    connections: Connections,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = house.router.clone();
    let serving = tokio::spawn(async move {
        let told = async move {
            let _ = stopped.await;
        };
        mingka_web::serve(listener, router, connections, told).await.unwrap();
    });
    (address, stop, serving)
}

#[expect(clippy::disallowed_methods, reason = "the caller's side of a connection under test")]
async fn connect(address: SocketAddr) -> Option<TcpStream> {
    TcpStream::connect(address).await.ok()
}

/// Sends this and reads until the ending was seen or nothing more comes.
async fn talk(stream: &mut TcpStream, said: &str, ending: &str) -> String {
    let _ = stream.write_all(said.as_bytes()).await;
    let mut heard = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut chunk)).await;
        match read.unwrap() {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.extend_from_slice(&chunk[..count]),
        }
        if String::from_utf8_lossy(&heard).contains(ending) {
            break;
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

fn get(path: &str, key: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n\r\n")
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n";

#[tokio::test]
async fn slow_bodies_keep_nobody_waiting() {
    let house = House::with(|settings| {
        settings.requests_max = 1;
        settings.body_timeout_ms = 60_000;
    })
    .await;
    let (address, _stop, _serving) = served(&house, ROOMY).await;
    let head = "POST /notify/unionpay HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(address).await.unwrap();
        // The server says so at the moment it begins to wait for the body.
        let heard = talk(&mut stream, head, "\r\n\r\n").await;
        assert!(heard.starts_with("HTTP/1.1 100"), "{heard}");
        stream.write_all(b"a").await.unwrap();
        slow.push(stream);
    }
    let mut other = connect(address).await.unwrap();
    for ask in [LIVE.to_owned(), get("/health/ready", "x"), get("/v1/consents", &house.key)] {
        let heard = talk(&mut other, &ask, "}").await;
        assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    }
    for mut stream in slow {
        let heard = talk(&mut stream, "=1&b=2&c", "}").await;
        assert!(heard.starts_with("HTTP/1.1 4"), "unsigned, but heard out: {heard}");
    }
}

#[tokio::test]
async fn an_unfinished_head_is_cut_off() {
    let house = House::new().await;
    let connections = Connections { head_timeout_ms: 100, ..ROOMY };
    let (address, _stop, _serving) = served(&house, connections).await;
    for beginning in ["GET /health/live HTTP/1.1\r\nHost: he", ""] {
        let mut stream = connect(address).await.unwrap();
        let heard = talk(&mut stream, beginning, "never said").await;
        assert!(!heard.contains(" 200 "), "{heard}");
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_all_the_same() {
    let house = House::new().await;
    let connections = Connections { count_max: 1, head_timeout_ms: 200, ..ROOMY };
    let (address, _stop, _serving) = served(&house, connections).await;
    let mut slow = connect(address).await.unwrap();
    slow.write_all(b"GET /health/live HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let dripping = async {
        // Each byte arrives long before any pause would be too long.
        let mut drip = tokio::time::interval(Duration::from_millis(10));
        while slow.write_all(b"a").await.is_ok() {
            drip.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, dripping).await.expect("the slow sender is cut off");
    // Its place, the only one, is free again.
    let mut other = connect(address).await.unwrap();
    let heard = talk(&mut other, LIVE, "}").await;
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_gives_its_place_to_others() {
    let house = House::new().await;
    let connections = Connections { count_max: 1, write_timeout_ms: 200, ..ROOMY };
    let (address, _stop, _serving) = served(&house, connections).await;
    let mut greedy = connect(address).await.unwrap();
    // More than both sides' buffers hold, asked for and never read.
    greedy.write_all(get("/openapi.json", "x").repeat(400).as_bytes()).await.unwrap();
    let mut other = connect(address).await.unwrap();
    assert!(talk(&mut other, LIVE, "}").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let house = House::new().await;
    let connections = Connections { address_max: 2, ..ROOMY };
    let (address, _stop, _serving) = served(&house, connections).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(address).await.unwrap();
        assert!(talk(&mut stream, LIVE, "}").await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    let mut third = connect(address).await.unwrap();
    assert_eq!(talk(&mut third, LIVE, "}").await, "", "closed without a word");
    held.pop();
    let again = async {
        loop {
            let mut stream = connect(address).await.unwrap();
            if talk(&mut stream, LIVE, "}").await.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_for_their_turn() {
    let house = House::new().await;
    let connections = Connections { count_max: 1, ..ROOMY };
    let (address, _stop, _serving) = served(&house, connections).await;
    let mut first = connect(address).await.unwrap();
    assert!(talk(&mut first, LIVE, "}").await.starts_with("HTTP/1.1 200"));
    let mut second = connect(address).await.unwrap();
    second.write_all(LIVE.as_bytes()).await.unwrap();
    assert!(talk(&mut first, LIVE, "}").await.starts_with("HTTP/1.1 200"));
    drop(first);
    assert!(talk(&mut second, "", "}").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn handlers_know_the_address_and_a_stop_ends_idle_connections() {
    let rate = Rate { per_minute: 1, burst: 1 };
    let house = House::with(|settings| settings.address_rate = rate).await;
    let (address, stop, serving) = served(&house, ROOMY).await;
    let mut stream = connect(address).await.unwrap();
    let ask = get("/v1/consents", &house.key);
    assert!(talk(&mut stream, &ask, "}").await.starts_with("HTTP/1.1 200"));
    let mut other = connect(address).await.unwrap();
    assert!(talk(&mut other, &ask, "}").await.starts_with("HTTP/1.1 429"));
    assert!(talk(&mut other, LIVE, "}").await.starts_with("HTTP/1.1 200"), "alive all the same");
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap();
    assert!(connect(address).await.is_none(), "nobody listens any more");
}

#[tokio::test]
async fn one_page_cannot_take_all_streams() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await;
    let open = async || borrower.ask(Method::GET, "/b/events").stream().await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let stream = open().await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    borrower.ask(Method::GET, "/b/events").send().await.problem(429, "limit.too_many");
    let mut other = Borrower::arrives(&house).await;
    other.binds(&good).await;
    assert_eq!(other.ask(Method::GET, "/b/events").stream().await.status(), 200);
    streams.pop();
    let again = async {
        while open().await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn one_key_cannot_take_all_streams() {
    let house = House::with(|settings| settings.key_streams_max = 2).await;
    let request = house.binding_request(&card("ok")).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}/events", binding["id"].as_str().unwrap());
    let first = house.api(Method::GET, &path).stream().await;
    let second = house.api(Method::GET, &path).stream().await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    house.api(Method::GET, &path).send().await.problem(429, "limit.too_many");
}

#[tokio::test]
async fn numbers_of_people_are_no_references() {
    let house = House::new().await;
    let good = card("ok");
    for personal in [&good.number, &good.id_number, &good.phone, &format!("+86{}", good.phone)] {
        let mut binding = house.binding_request(&good).await;
        binding["borrower_ref"] = json!(personal);
        let mut verification = binding.clone();
        verification["consents"].as_array_mut().unwrap().truncate(1);
        let session = json!({"borrower_ref": personal});
        for (path, body) in [
            ("/v1/bindings", &binding),
            ("/v1/verifications", &verification),
            ("/v1/binding-sessions", &session),
        ] {
            let told = house.post(path, body).header("accept-language", "en").send().await;
            let body = told.problem(422, "request.wrong_value");
            assert_eq!(body["pointer"], "/borrower_ref");
            assert!(body["detail"].as_str().unwrap().contains("your own reference"), "{body}");
            told.names_nobody(&good);
        }
    }
    assert!(house.bank.lock().unwrap().bank().entries().is_empty(), "nothing went to the bank");
}

#[tokio::test]
async fn an_idempotency_key_is_kept_as_a_hash_only() {
    let house = House::new().await;
    let good = card("ok");
    let request = house.binding_request(&good).await;
    let send = async || {
        let ask = house.api(Method::POST, "/v1/bindings").header("idempotency-key", &good.number);
        ask.json(&request).send().await.is(201).json()["id"].clone()
    };
    assert_eq!(send().await, send().await, "the key still does its work");
    let platform = house.engine.platforms().await.unwrap()[0].id;
    let store = &house.parts.store;
    let kept = store.idempotency(platform, &good.number, Timestamp::from_millis(0)).await;
    assert!(kept.unwrap().is_none(), "the card number was kept as the key");
}

#[tokio::test]
async fn the_root_leads_to_the_documentation_unless_another_page_stands_there() {
    let house = House::new().await;
    assert_eq!(house.ask(Method::GET, "/").send().await.is(303).location(), "/docs");
    let house = House::with(|settings| settings.root_to_docs = false).await;
    house.ask(Method::GET, "/").send().await.is(404);
}
