//! Sends the bank's notifications: one plain HTTP POST, repeated until it is answered with 200 or
//! 302, at most five times. It reaches this machine only, whatever address a merchant names.

use std::net::SocketAddr;
use std::time::Duration;

use mingka_channels::http::HttpRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::acp::Notification;

/// The pauses between one try and the next, as UnionPay publishes them.
const PAUSES_MINUTES: [u64; 4] = [1, 2, 4, 5];
/// How long one try may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is looked at.
const STATUS_LINE_BYTES_MAX: usize = 64;

/// Sends a notification in the background.
pub(super) fn send_later(notification: Notification) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(notification.after_ms)).await;
        for pause_minutes in PAUSES_MINUTES.into_iter().map(Some).chain([None]) {
            if matches!(post(&notification.request).await, Some(200 | 302)) {
                return;
            }
            if let Some(minutes) = pause_minutes {
                tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
            }
        }
        tracing::warn!("a notification of the sandbox bank was never acknowledged");
    });
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
}
