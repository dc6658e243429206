//! HTTP/1.1 to banks, on connections that are kept for a while and watched byte by byte.
//!
//! A connection that fails before the first byte of a message is replaced once; after that byte
//! nothing is sent again. On a time-out the connection is ended before its bytes are counted, so
//! that none can follow the verdict.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::uri::Scheme;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mingka_channels::{HttpRequest, HttpResponse, Method};
use mingka_domain::outcome::{Doubt, NotSent};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::counting::{Counting, Written};
use super::tls::{TlsError, TlsRoots, connector};
use super::{Delivery, Sending, Transport};

/// The bounds of the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSettings {
    /// Whose word about a bank's name is believed.
    pub roots: TlsRoots,
    /// How many idle connections are kept to one bank.
    pub idle_per_bank_max: usize,
    /// How long an idle connection is kept. Banks close them early; a closed one costs a doubt.
    pub idle_ms: u64,
    /// The largest answer, in bytes.
    pub answer_bytes_max: usize,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            roots: TlsRoots::Public,
            idle_per_bank_max: 64,
            idle_ms: 4_000,
            answer_bytes_max: 1 << 20,
        }
    }
}

/// Sends over HTTP/1.1.
pub struct HttpTransport {
    tls: TlsConnector,
    settings: TransportSettings,
    idle: Mutex<HashMap<Origin, Vec<Line>>>,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// A transport without connections.
    ///
    /// # Errors
    /// When the authorities cannot be read.
    pub fn new(settings: TransportSettings) -> Result<Self, TlsError> {
        let tls = connector(&settings.roots)?;
        Ok(Self { tls, settings, idle: Mutex::new(HashMap::new()) })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: HttpRequest, timeout_ms: u64) -> Sending<'_> {
        Box::pin(self.deliver(request, Instant::now() + Duration::from_millis(timeout_ms)))
    }
}

impl HttpTransport {
    async fn deliver(&self, request: HttpRequest, deadline: Instant) -> Delivery {
        let Some((origin, request)) = prepare(request) else {
            return Delivery::NotSent(NotSent::Unencodable);
        };
        if let Some(line) = self.take_idle(&origin) {
            match self.exchange(line, &origin, request.clone(), deadline).await {
                // The kept connection was dead and took nothing: a fresh one may try.
                Delivery::NotSent(_) => {}
                delivery => return delivery,
            }
        }
        match timeout_at(deadline, self.connect(&origin)).await {
            Ok(Some(line)) => self.exchange(line, &origin, request, deadline).await,
            Ok(None) | Err(_) => Delivery::NotSent(NotSent::NoConnection),
        }
    }

    async fn exchange(
        &self,
        mut line: Line,
        origin: &Origin,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Delivery {
        let before = line.written.bytes();
        let answer = timeout_at(deadline, converse(&mut line, request, &self.settings)).await;
        let doubt = match answer {
            Ok(Ok((response, reusable))) => {
                if reusable {
                    self.keep_idle(origin.clone(), line);
                } else {
                    line.end().await;
                }
                return Delivery::Answered(response);
            }
            Ok(Err(doubt)) => doubt,
            Err(_) => Doubt::TimedOut,
        };
        let written = line.end().await;
        if written == before {
            Delivery::NotSent(NotSent::NoConnection)
        } else {
            Delivery::Lost(doubt)
        }
    }

    async fn connect(&self, origin: &Origin) -> Option<Line> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the house opens a connection to a bank"
        )]
        let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await.ok()?;
        stream.set_nodelay(true).ok()?;
        if origin.tls {
            let name = ServerName::try_from(origin.host.clone()).ok()?;
            Line::open(self.tls.connect(name, stream).await.ok()?).await
        } else {
            Line::open(stream).await
        }
    }

    fn take_idle(&self, origin: &Origin) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.get_mut(origin)?;
        let limit = Duration::from_millis(self.settings.idle_ms);
        while let Some(line) = lines.pop() {
            if line.idle_since.elapsed() < limit && line.sender.is_ready() {
                return Some(line);
            }
            line.driver.abort();
        }
        idle.remove(origin);
        None
    }

    fn keep_idle(&self, origin: Origin, mut line: Line) {
        line.idle_since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.entry(origin).or_default();
        let limit = Duration::from_millis(self.settings.idle_ms);
        // The oldest stand first.
        let stale = lines.iter().take_while(|line| line.idle_since.elapsed() >= limit).count();
        for line in lines.drain(..stale) {
            line.driver.abort();
        }
        if lines.len() < self.settings.idle_per_bank_max {
            lines.push(line);
        } else {
            line.driver.abort();
        }
    }
}

/// A body that is wiped when the last part of it was written.
struct Kept(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Origin {
    tls: bool,
    host: String,
    port: u16,
}

/// One connection and the task that drives it.
struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    written: Written,
    idle_since: Instant,
}

impl Line {
    async fn open<S>(stream: S) -> Option<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stream, written) = Counting::new(stream);
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let driver = tokio::spawn(async move {
            // What went wrong on the line is told by the exchange that was using it.
            let _ = connection.await;
        });
        Some(Self { sender, driver, written, idle_since: Instant::now() })
    }

    /// Ends the line for good, and then says how many bytes it took.
    async fn end(self) -> u64 {
        self.driver.abort();
        let _ = self.driver.await;
        self.written.bytes()
    }
}

/// Sends and reads to the end. Whether the line can be used again comes with the answer.
async fn converse(
    line: &mut Line,
    request: Request<Full<Bytes>>,
    settings: &TransportSettings,
) -> Result<(HttpResponse, bool), Doubt> {
    line.sender.ready().await.map_err(|_| Doubt::ConnectionBroken)?;
    let response = line.sender.send_request(request).await.map_err(|_| Doubt::ConnectionBroken)?;
    let (parts, body) = response.into_parts();
    let body = read(body, settings.answer_bytes_max).await?;
    let content_type = parts.headers.get(CONTENT_TYPE);
    let response = HttpResponse {
        status: parts.status.as_u16(),
        content_type: content_type.and_then(|v| v.to_str().ok()).map(str::to_owned),
        body,
    };
    Ok((response, !line.sender.is_closed()))
}

async fn read(mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, Doubt> {
    let announced = body.size_hint().lower();
    if announced > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
        return Err(Doubt::Unreadable);
    }
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Doubt::ConnectionBroken)?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            return Err(Doubt::Unreadable);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

fn prepare(request: HttpRequest) -> Option<(Origin, Request<Full<Bytes>>)> {
    let uri: Uri = request.url.parse().ok()?;
    let tls = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        _ => return None,
    };
    let authority = uri.authority()?.clone();
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let length = request.body.len();
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, HeaderValue::from_str(authority.as_str()).ok()?)
        .header(USER_AGENT, concat!("mingka/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, HeaderValue::from_str(&request.content_type).ok()?)
        .header(CONTENT_LENGTH, length)
        .body(Full::new(Bytes::from_owner(Kept(request.body))))
        .ok()?;
    Some((Origin { tls, host, port }, request))
}
