//! One HTTP client on one kept connection, and the server of the bare floor.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A connection to a server on this machine.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    key: String,
}

impl Client {
    /// Connects to `http://host:port`, to ask with an API key.
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement is a client of the house, not a part of it"
    )]
    pub(crate) async fn connect(address: &str, key: &str) -> Result<Self, String> {
        let host = address.strip_prefix("http://").unwrap_or(address).to_owned();
        let stream = TcpStream::connect(&host).await.map_err(|e| format!("{host}: {e}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        Ok(Self { sender, host, key: key.to_owned() })
    }

    /// One request and its whole answer; another status than a good one is an error.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        idempotency_key: &str,
        body: Bytes,
    ) -> Result<Bytes, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if !idempotency_key.is_empty() {
            request = request.header("idempotency-key", idempotency_key);
        }
        let request = request.body(Full::new(body)).map_err(|e| e.to_string())?;
        self.sender.ready().await.map_err(|e| e.to_string())?;
        let answer = self.sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{path} was answered {status}: {}", String::from_utf8_lossy(&body)))
    }
}

/// Answers every request with the same bytes, for ever.
pub(crate) async fn echo(listener: TcpListener, bytes: usize) -> Result<(), String> {
    let answer = Bytes::from(vec![b'x'; bytes]);
    loop {
        let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer.clone();
            async move {
                // The request is read whole, as any server must.
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(Response::new(Full::new(answer)))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
