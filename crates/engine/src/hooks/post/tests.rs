//! What a delivery does when names lie and endpoints misbehave.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const HEAD: Head<'_> = Head { id: "evt_1", unix_s: 7, signatures: "v1,abc=" };

/// An endpoint that keeps what it was sent and answers with this text.
struct Endpoint {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Endpoint {
    async fn at(address: &str, answer: &'static str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (requests, connections) = (Arc::default(), Arc::<AtomicUsize>::default());
        let endpoint = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::clone(&requests),
            connections: Arc::clone(&connections),
        };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let mut bytes = Vec::new();
                // The first byte of TLS is no request of ours.
                while !bytes.ends_with(b"{}") && bytes.first() != Some(&0x16) {
                    if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                requests.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
                if answer == "…" {
                    // Held open and silent, or an answer without an end.
                    tokio::spawn(async move { stream.read_u8().await });
                    continue;
                }
                let endless = answer.ends_with('…');
                let _ = stream.write_all(answer.trim_end_matches('…').as_bytes()).await;
                while endless && stream.write_all(b"x-filler: 0123456789\r\n").await.is_ok() {}
            }
        });
        endpoint
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

fn poster() -> Poster {
    let guard = Guard { loopback: true };
    Poster { delivery_ms: 5_000, ..Poster::new(guard, &TlsRoots::Public).unwrap() }
}

async fn post(poster: &Poster, url: &str) -> Posted {
    poster.post(url, &HEAD, Bytes::from_static(b"{}")).await
}

#[tokio::test]
async fn what_is_sent_has_the_three_headers_and_the_very_body() {
    let endpoint = Endpoint::at("127.0.0.1:0", "HTTP/1.1 204 No Content\r\n\r\n").await;
    let posted = post(&poster(), &endpoint.url()).await;
    assert_eq!(posted, Posted::Answered { status: 204, retry_after_s: None });
    let request = endpoint.requests.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    for line in [
        "webhook-id: evt_1\r\n",
        "webhook-timestamp: 7\r\n",
        "webhook-signature: v1,abc=\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(request.contains(line), "{request}");
    }
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
}

/// A name whose first answer may be called and whose second may not (DNS rebinding).
#[tokio::test]
async fn the_connection_is_made_to_the_address_that_was_judged() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let allowed = Endpoint::at("127.0.0.1:0", answer).await;
    let port = allowed.address.port();
    // The same port on another of this machine's addresses stands for an internal neighbour.
    let neighbour = Endpoint::at(&format!("127.0.0.2:{port}"), answer).await;
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let resolve: Resolve = Arc::new(move |_, port| {
        let last = if count.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, last], port))]) })
    });
    let poster = Poster { resolve, ..poster() };
    let posted = post(&poster, &format!("http://hooks.example:{port}/hook")).await;
    assert_eq!(posted, Posted::Answered { status: 200, retry_after_s: None });
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a second answer must not even be asked for");
    assert_eq!(allowed.connections.load(Ordering::SeqCst), 1);
    assert_eq!(neighbour.connections.load(Ordering::SeqCst), 0);
    // The name on the line is still the endpoint's own.
    assert!(allowed.requests.lock().unwrap()[0].contains(&format!("host: hooks.example:{port}")));
    // And an answer that was public yesterday is judged anew today.
    let inside: Resolve = Arc::new(|_, port| {
        Box::pin(async move { Ok(vec![SocketAddr::from(([10, 0, 0, 1], port))]) })
    });
    let posted = post(&Poster { resolve: inside, ..poster }, "https://hooks.example/hook").await;
    assert_eq!(posted, Posted::Forbidden(Forbidden::Internal));
}

/// Over TLS the endpoint's certificate must be for its name, by an authority that is believed.
#[tokio::test]
async fn tls_is_spoken_with_the_endpoint_of_that_name_only() {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["hooks.example".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"{}") && stream.read_buf(&mut bytes).await.unwrap() > 0 {}
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    });
    let here: Resolve = Arc::new(|_, port| {
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
    });
    let own = TlsRoots::Only(certificate.pem());
    let believing = |roots: &TlsRoots| Poster {
        resolve: Arc::clone(&here),
        ..Poster::new(Guard { loopback: true }, roots).unwrap()
    };
    let to = |name: &str| format!("https://{name}:{port}/hook");
    let taken = Posted::Answered { status: 204, retry_after_s: None };
    assert_eq!(post(&believing(&own), &to("hooks.example")).await, taken);
    assert_eq!(post(&believing(&own), &to("other.example")).await, Posted::NoConnection);
    let public = believing(&TlsRoots::Public);
    assert_eq!(post(&public, &to("hooks.example")).await, Posted::NoConnection);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let inside = Endpoint::at("127.0.0.1:0", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let moved = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\n\r\n", inside.url());
    let endpoint = Endpoint::at("127.0.0.1:0", moved.leak()).await;
    let posted = post(&poster(), &endpoint.url()).await;
    assert_eq!(posted, Posted::Answered { status: 307, retry_after_s: None });
    assert_eq!(inside.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up() {
    let endless_head = Endpoint::at("127.0.0.1:0", "HTTP/1.1 200 OK\r\n…").await;
    assert_eq!(post(&poster(), &endless_head.url()).await, Posted::NoAnswer);
    // The head decides; nothing of a body is read.
    let endless_body = Endpoint::at("127.0.0.1:0", "HTTP/1.1 200 OK\r\n\r\n…").await;
    let posted = post(&poster(), &endless_body.url()).await;
    assert_eq!(posted, Posted::Answered { status: 200, retry_after_s: None });
}

#[tokio::test]
async fn silence_is_given_up_in_time() {
    let endpoint = Endpoint::at("127.0.0.1:0", "…").await;
    let poster = Poster { delivery_ms: 100, ..poster() };
    assert_eq!(post(&poster, &endpoint.url()).await, Posted::TimedOut);
    let never: Resolve = Arc::new(|_, _| Box::pin(std::future::pending()));
    let posted = post(&Poster { resolve: never, ..poster }, "https://hooks.example/hook").await;
    assert_eq!(posted, Posted::TimedOut);
}

#[tokio::test]
async fn what_the_endpoint_asks_for_is_heard() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\n\r\n";
    let endpoint = Endpoint::at("127.0.0.1:0", busy).await;
    let posted = post(&poster(), &endpoint.url()).await;
    assert_eq!(posted, Posted::Answered { status: 503, retry_after_s: Some(120) });
}

#[tokio::test]
async fn nobody_there_and_no_such_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let posted = post(&poster(), &format!("http://{address}/")).await;
    assert_eq!(posted, Posted::NoConnection);
    for found in [Ok(Vec::new()), Err(io::ErrorKind::NotFound)] {
        let resolve: Resolve = Arc::new(move |_, _| {
            let found = found.clone().map_err(io::Error::from);
            Box::pin(async move { found })
        });
        let poster = Poster { resolve, ..poster() };
        assert_eq!(post(&poster, "https://nowhere.example/").await, Posted::NoAddress);
    }
    // A line without TLS is none where TLS is due.
    let plain = Endpoint::at("127.0.0.1:0", "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let posted = post(&poster(), &format!("https://{}/", plain.address)).await;
    assert_eq!(posted, Posted::NoConnection);
}
