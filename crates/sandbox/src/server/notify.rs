//! Sends the bank's notifications: one plain HTTP POST, repeated until it is answered with 200 or
//! 302, at most five times, by the bank's own clock. It reaches this machine only, whatever address
//! a merchant names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mingka_channels::http::HttpRequest;
use mingka_domain::time::{MINUTE_MS, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Desk;

/// The pauses between one try and the next, as UnionPay publishes them.
const PAUSES_MINUTES: [i64; 4] = [1, 2, 4, 5];
/// How long one try may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is looked at.
const STATUS_LINE_BYTES_MAX: usize = 64;
/// How many notifications wait at most; what comes then is never sent.
const WAITING_COUNT_MAX: usize = 100_000;

/// What waits to be sent, by when.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<(Timestamp, u64), Waiting>,
    last: u64,
}

/// A notification, and how often it was tried.
pub(super) struct Waiting {
    request: HttpRequest,
    try_count: usize,
}

impl Outbox {
    /// Sends it at this moment.
    pub(super) fn put(&mut self, at: Timestamp, request: HttpRequest) {
        self.wait(at, Waiting { request, try_count: 0 });
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// When something is to be sent next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is to be sent by now.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Waiting> {
        let later = self.waiting.split_off(&(now.plus_ms(1), 0));
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    fn wait(&mut self, at: Timestamp, waiting: Waiting) {
        if self.waiting.len() >= WAITING_COUNT_MAX {
            tracing::warn!("too many notifications of the sandbox bank wait; one is dropped");
            return;
        }
        self.last = self.last.saturating_add(1);
        self.waiting.insert((at, self.last), waiting);
    }
}

/// Tries once, and leaves the next try to the outbox.
pub(super) async fn deliver(desk: Arc<Desk>, waiting: Waiting) {
    if matches!(post(&waiting.request).await, Some(200 | 302)) {
        return;
    }
    match PAUSES_MINUTES.get(waiting.try_count) {
        Some(minutes) => {
            let at = desk.now().plus_ms(minutes * MINUTE_MS);
            let try_count = waiting.try_count.saturating_add(1);
            desk.outbox().wait(at, Waiting { try_count, ..waiting });
            desk.wake();
        }
        None => tracing::warn!("a notification of the sandbox bank was never acknowledged"),
    }
}

async fn post(request: &HttpRequest) -> Option<u16> {
    tokio::time::timeout(TRY_TIMEOUT, exchange(request)).await.ok().flatten()
}

async fn exchange(request: &HttpRequest) -> Option<u16> {
    let (authority, path) = target(&request.url)?;
    let address = loopback(&authority).await?;
    #[expect(clippy::disallowed_methods, reason = "the bank's own voice, and to this machine only")]
    let mut stream = TcpStream::connect(address).await.ok()?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        request.content_type,
        request.body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&request.body).await.ok()?;
    let mut line = Vec::new();
    let mut limited = stream.take(u64::try_from(STATUS_LINE_BYTES_MAX).ok()?);
    limited.read_to_end(&mut line).await.ok()?;
    let line = String::from_utf8_lossy(&line);
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// The authority and the path of a plain HTTP address.
fn target(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("http://")?;
    let safe = |c: char| c.is_ascii_graphic();
    if !rest.chars().all(safe) {
        return None;
    }
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let path = if path.is_empty() { "/" } else { path };
    Some((authority.to_owned(), path.to_owned()))
}

async fn loopback(authority: &str) -> Option<SocketAddr> {
    let named =
        if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut addresses = tokio::net::lookup_host(named).await.ok()?;
    addresses.find(|address| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken_apart() {
        let taken = target("http://127.0.0.1:8080/notify/unionpay?x=1").unwrap();
        assert_eq!(taken, ("127.0.0.1:8080".to_owned(), "/notify/unionpay?x=1".to_owned()));
        assert_eq!(target("http://h").unwrap().1, "/");
        assert_eq!(target("https://127.0.0.1/"), None);
        assert_eq!(target("http://h/ HTTP/1.1\r\nX: y"), None);
    }

    #[tokio::test]
    async fn nothing_outside_of_this_machine_is_reached() {
        assert_eq!(loopback("192.0.2.1:80").await, None);
        assert!(loopback("127.0.0.1:80").await.is_some());
    }

    #[test]
    fn what_waits_is_sent_when_it_is_due_and_in_order() {
        let at = Timestamp::from_millis;
        let request = |url: &str| HttpRequest {
            method: mingka_channels::http::Method::Post,
            url: url.to_owned(),
            content_type: String::new(),
            body: zeroize::Zeroizing::new(Vec::new()),
        };
        let mut outbox = Outbox::default();
        assert_eq!(outbox.next(), None);
        outbox.put(at(20), request("c"));
        outbox.put(at(10), request("a"));
        outbox.put(at(10), request("b"));
        assert_eq!(outbox.next(), Some(at(10)));
        assert!(outbox.take_due(at(9)).is_empty());
        let due: Vec<String> =
            outbox.take_due(at(10)).into_iter().map(|waiting| waiting.request.url).collect();
        assert_eq!(due, ["a", "b"]);
        assert_eq!(outbox.next(), Some(at(20)));
    }
}
