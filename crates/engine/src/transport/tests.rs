//! What is certain about a message after each way in which a bank's line can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use super::*;
use crate::transport::http::{HttpTransport, TransportSettings};

/// How a bank's line behaves, once for each connection.
#[derive(Clone, Copy)]
enum Line {
    Answers(&'static str),
    /// Answers, then closes the idle connection.
    AnswersOnce(&'static str),
    ClosesAtOnce,
    ClosesAfterReading,
    SaysNothing,
    /// Announces more than it sends.
    Half,
}

#[tokio::test]
async fn nobody_there_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let delivery = send(&transport(), &format!("http://{address}/x"), 2_000).await;
    assert_eq!(delivery, Delivery::NotSent(NotSent::NoConnection));
}

#[tokio::test]
async fn what_is_no_address_is_not_sent() {
    for url in ["ftp://127.0.0.1/x", "not a url", "/only/a/path"] {
        let delivery = send(&transport(), url, 100).await;
        assert_eq!(delivery, Delivery::NotSent(NotSent::Unencodable));
    }
}

#[tokio::test]
async fn silence_after_the_first_byte_is_a_doubt() {
    let (url, _) = bank(Line::SaysNothing).await;
    let delivery = send(&transport(), &url, 150).await;
    assert_eq!(delivery, Delivery::Lost(Doubt::TimedOut));
}

#[tokio::test]
async fn a_line_that_breaks_after_the_first_byte_is_a_doubt() {
    for line in [Line::ClosesAfterReading, Line::Half] {
        let (url, _) = bank(line).await;
        let delivery = send(&transport(), &url, 2_000).await;
        assert_eq!(delivery, Delivery::Lost(Doubt::ConnectionBroken));
    }
}

#[tokio::test]
async fn a_line_that_closes_at_once_is_never_called_answered() {
    let (url, _) = bank(Line::ClosesAtOnce).await;
    let delivery = send(&transport(), &url, 2_000).await;
    assert!(!matches!(delivery, Delivery::Answered(_)), "{delivery:?}");
}

#[tokio::test]
async fn an_answer_is_an_answer_whatever_it_says() {
    let answer = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno";
    let (url, _) = bank(Line::Answers(answer)).await;
    let Delivery::Answered(response) = send(&transport(), &url, 2_000).await else {
        panic!("it was answered");
    };
    assert_eq!((response.status, response.body.as_slice()), (502, b"no".as_slice()));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (url, connections) = bank(Line::Answers(answer)).await;
    let Delivery::Answered(response) = send(&transport(), &url, 2_000).await else {
        panic!("it was answered");
    };
    assert_eq!((response.status, connections.load(Ordering::SeqCst)), (302, 1));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n";
    let (url, _) = bank(Line::Answers(answer)).await;
    let delivery = send(&transport(), &url, 2_000).await;
    assert_eq!(delivery, Delivery::Lost(Doubt::Unreadable));
}

#[tokio::test]
async fn a_connection_is_used_again_and_a_dead_one_replaced() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let transport_kept = transport();
    let (url, connections) = bank(Line::Answers(answer)).await;
    for _ in 0..3 {
        let delivery = send(&transport_kept, &url, 2_000).await;
        assert!(matches!(delivery, Delivery::Answered(_)), "{delivery:?}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let (url, connections) = bank(Line::AnswersOnce(answer)).await;
    for expected in 1..=2 {
        let delivery = send(&transport_kept, &url, 2_000).await;
        assert!(matches!(delivery, Delivery::Answered(_)), "{delivery:?}");
        assert_eq!(connections.load(Ordering::SeqCst), expected);
        // The bank closes; its closing is seen before the next message.
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn bank(line: Line) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/gateway", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, line));
        }
    });
    (url, connections)
}

async fn serve(mut stream: TcpStream, line: Line) {
    if matches!(line, Line::ClosesAtOnce) {
        return;
    }
    while read_request(&mut stream).await {
        match line {
            Line::Answers(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Line::AnswersOnce(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                return;
            }
            Line::Half => {
                let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
                stream.write_all(half.as_bytes()).await.unwrap();
                return;
            }
            Line::ClosesAfterReading | Line::ClosesAtOnce => return,
            Line::SaysNothing => {}
        }
    }
}

/// Reads one request with the body all these tests send.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut part = [0; 1024];
    while !seen.ends_with(b"a=b") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => seen.extend_from_slice(&part[..count]),
        }
    }
    true
}

async fn send(transport: &HttpTransport, url: &str, timeout_ms: u64) -> Delivery {
    let request = HttpRequest {
        method: mingka_channels::Method::Post,
        url: url.to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: Zeroizing::new(b"a=b".to_vec()),
    };
    transport.send(request, timeout_ms).await
}

fn transport() -> HttpTransport {
    HttpTransport::new(TransportSettings::default()).unwrap()
}
