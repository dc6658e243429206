//! Carries one webhook to its endpoint: resolves the name once, has every address judged, connects
//! to a judged address, sends, and reads no more than the head of the answer. Follows no redirect,
//! uses no proxy, keeps no connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::guard::{Forbidden, Guard, Target};
use crate::transport::{TlsError, TlsRoots, connector};

/// How long a whole delivery may take.
const DELIVERY_MS: u64 = 20_000;
/// The most that is read of an answer: its head.
const ANSWER_BYTES_MAX: usize = 16 * 1_024;

/// Finds the addresses of a host.
type Resolve = Arc<dyn Fn(String, u16) -> Resolving + Send + Sync>;
type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Carries webhooks.
#[derive(Clone)]
pub(crate) struct Poster {
    guard: Guard,
    tls: TlsConnector,
    resolve: Resolve,
    delivery_ms: u64,
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// What stands beside the body.
#[derive(Debug, Clone)]
pub(crate) struct Head<'a> {
    pub(crate) id: &'a str,
    pub(crate) unix_s: i64,
    pub(crate) signatures: &'a str,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The endpoint answered.
    Answered {
        /// Its status.
        status: u16,
        /// How long it asks us to wait, where it does.
        retry_after_s: Option<u32>,
    },
    /// It is not called, and why.
    Forbidden(Forbidden),
    /// Its name leads nowhere.
    NoAddress,
    /// Nobody took the connection, or TLS could not be agreed on.
    NoConnection,
    /// It took the request, or some of it, and gave no answer that can be read.
    NoAnswer,
    /// It took too long.
    TimedOut,
}

impl Posted {
    /// The stable name of what went wrong. `None` when the endpoint answered.
    pub(crate) const fn error(self) -> Option<&'static str> {
        match self {
            Self::Answered { .. } => None,
            Self::Forbidden(why) => Some(why.name()),
            Self::NoAddress => Some("no_address"),
            Self::NoConnection => Some("no_connection"),
            Self::NoAnswer => Some("no_answer"),
            Self::TimedOut => Some("timed_out"),
        }
    }
}

impl Poster {
    /// # Errors
    /// When the authorities cannot be read.
    pub(crate) fn new(guard: Guard, roots: &TlsRoots) -> Result<Self, TlsError> {
        let resolve: Resolve = Arc::new(|host, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        });
        Ok(Self { guard, tls: connector(roots)?, resolve, delivery_ms: DELIVERY_MS })
    }

    /// Whether an endpoint may have this address, as far as that can be known beforehand.
    pub(crate) fn judge(&self, url: &str) -> Result<(), Forbidden> {
        self.guard.target(url).map(|_| ())
    }

    /// Delivers once.
    pub(crate) async fn post(&self, url: &str, head: &Head<'_>, body: Bytes) -> Posted {
        let deadline = Instant::now() + Duration::from_millis(self.delivery_ms);
        let target = match self.guard.target(url) {
            Ok(target) => target,
            Err(why) => return Posted::Forbidden(why),
        };
        let Some(request) = request(&target, head, body) else {
            return Posted::Forbidden(Forbidden::Unreadable);
        };
        let addresses = match timeout_at(deadline, self.addresses(&target)).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(posted)) => return posted,
            Err(_) => return Posted::TimedOut,
        };
        timeout_at(deadline, self.deliver(&target, &addresses, request))
            .await
            .unwrap_or(Posted::TimedOut)
    }

    /// Asked for once: what is judged here is what is connected to.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Posted> {
        let resolved = (self.resolve)(target.host.clone(), target.port).await;
        let resolved = resolved.map_err(|_| Posted::NoAddress)?;
        if resolved.is_empty() {
            return Err(Posted::NoAddress);
        }
        self.guard.checked(target, &resolved).map_err(Posted::Forbidden)
    }

    async fn deliver(
        &self,
        target: &Target,
        addresses: &[SocketAddr],
        request: Request<Full<Bytes>>,
    ) -> Posted {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the house calls a platform, at an address that was judged"
        )]
        let Ok(stream) = TcpStream::connect(addresses).await else {
            return Posted::NoConnection;
        };
        if !target.tls {
            return converse(stream, request).await;
        }
        let Ok(name) = ServerName::try_from(target.host.clone()) else {
            return Posted::NoConnection;
        };
        match self.tls.connect(name, stream).await {
            Ok(stream) => converse(stream, request).await,
            Err(_) => Posted::NoConnection,
        }
    }
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Posted
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(ANSWER_BYTES_MAX);
    let Ok((mut sender, connection)) = builder.handshake(TokioIo::new(stream)).await else {
        return Posted::NoConnection;
    };
    // Ends with this exchange, also when that runs out of time. The body of an answer is nobody's
    // business: what is left of it is not read.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    match sender.send_request(request).await {
        Ok(answer) => Posted::Answered {
            status: answer.status().as_u16(),
            retry_after_s: answer
                .headers()
                .get(RETRY_AFTER)
                .and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok()),
        },
        Err(_) => Posted::NoAnswer,
    }
}

fn request(target: &Target, head: &Head<'_>, body: Bytes) -> Option<Request<Full<Bytes>>> {
    Request::builder()
        .method(Method::POST)
        .uri(target.path.as_str())
        .header(HOST, HeaderValue::from_str(&target.authority).ok()?)
        .header(USER_AGENT, concat!("mingka/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(CONTENT_LENGTH, body.len())
        .header(HeaderName::from_static("webhook-id"), HeaderValue::from_str(head.id).ok()?)
        .header(HeaderName::from_static("webhook-timestamp"), head.unix_s)
        .header(
            HeaderName::from_static("webhook-signature"),
            HeaderValue::from_str(head.signatures).ok()?,
        )
        .body(Full::new(body))
        .ok()
}

#[cfg(test)]
mod tests;
