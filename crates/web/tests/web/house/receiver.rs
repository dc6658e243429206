//! A platform's endpoint on this machine: keeps what arrives and answers as it is told.

use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The endpoint.
pub(crate) struct Receiver {
    port: u16,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    arrivals: Mutex<Vec<Arrival>>,
    status: AtomicU16,
    retry_after_s: AtomicU32,
}

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    head: String,
    pub(crate) body: String,
}

impl Arrival {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("no {name}: {}", self.head))
    }
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        Self::answering(200).await
    }

    pub(crate) async fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Heard { status: AtomicU16::new(status), ..Heard::default() });
        let hearing = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                hear(stream, &hearing).await;
            }
        });
        Self { port, heard }
    }

    /// One that takes everything and says nothing until it is told what.
    pub(crate) async fn silent() -> Self {
        Self::answering(0).await
    }

    /// Waits until so many arrived.
    pub(crate) async fn hears(&self, count: usize) {
        while self.arrivals().len() < count {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mingka", self.port)
    }

    /// What it answers from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.heard.status.store(status, Ordering::SeqCst);
    }

    /// How long it asks to wait from now on.
    pub(crate) fn retry_after(&self, seconds: u32) {
        self.heard.retry_after_s.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.heard.arrivals.lock().unwrap().clone()
    }
}

async fn hear(mut stream: TcpStream, heard: &Heard) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.unwrap().parse().unwrap() {
            break (head.to_owned(), body.to_owned());
        }
    };
    heard.arrivals.lock().unwrap().push(Arrival { head, body });
    let status = heard.status.load(Ordering::SeqCst);
    if status == 0 {
        // Until the caller goes away.
        let _ = stream.read_u8().await;
        return;
    }
    let wait_s = heard.retry_after_s.load(Ordering::SeqCst);
    let answer =
        format!("HTTP/1.1 {status} Told\r\nretry-after: {wait_s}\r\ncontent-length: 0\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}
