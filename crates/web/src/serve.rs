//! Connections: how many there may be, how many from one address, how long a request's head may
//! take, and how long its answer may wait to be read. Nothing is known here of what is asked.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::impatient::Impatient;
use crate::limits::{Together, network};

/// How long to wait after the system had no connection to give (no file left to open, say).
const ACCEPT_PAUSE_MS: u64 = 200;

/// What connections may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// How many there are at once; those above it wait in the system's queue.
    pub count_max: usize,
    /// How many of them one address has; those above it are closed at once.
    pub address_max: usize,
    /// How long the head of a request may take, and how long a connection may stay without one.
    pub head_timeout_ms: u64,
    /// How long an answer may wait for its reader to take more of it.
    pub write_timeout_ms: u64,
}

impl Connections {
    /// The usual bounds. Behind a proxy every connection is the proxy's: one address may then have
    /// them all, and idle ones stay longer than proxies keep theirs.
    #[must_use]
    pub const fn usual(behind_proxy: bool) -> Self {
        let (count_max, write_timeout_ms) = (4_096, 30_000);
        if behind_proxy {
            Self { count_max, address_max: count_max, head_timeout_ms: 75_000, write_timeout_ms }
        } else {
            Self { count_max, address_max: 256, head_timeout_ms: 10_000, write_timeout_ms }
        }
    }
}

/// Serves on a listener until `shutdown` is ready; requests under way are finished.
///
/// # Errors
/// None today: what breaks on one connection ends that one alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Connections,
    shutdown: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let places = Arc::new(Semaphore::new(connections.count_max.max(1)));
    let addresses = Arc::new(Together::<IpAddr>::new(connections.address_max));
    let (stop, stopped) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                let pause = tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS));
                tokio::select! {
                    () = &mut shutdown => break,
                    () = pause => continue,
                }
            }
        };
        let Some(inside) = Together::enter(&addresses, network(peer.ip())) else {
            tracing::debug!("an address has all the connections it may have");
            continue;
        };
        let (router, stopped) = (router.clone(), stopped.clone());
        tokio::spawn(async move {
            let _places = (place, inside);
            converse(stream, peer, router, connections, stopped).await;
        });
    }
    drop(listener);
    let _ = stop.send(true);
    drop(stopped);
    // Every connection holds a receiver for as long as it lasts.
    stop.closed().await;
    Ok(())
}

/// One connection, to its end. What breaks on it is the other side's affair.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    connections: Connections,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(connections.head_timeout_ms))
        .serve_connection(
            TokioIo::new(Impatient::new(stream, connections.write_timeout_ms)),
            service,
        );
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
