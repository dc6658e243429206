//! A line to the server that can be slow, and that can be cut at the worst moment: when COMMIT
//! passes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// What becomes of the next COMMIT that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtCommit {
    /// Nothing.
    Pass,
    /// The line is cut before the server hears of it.
    CutBefore,
    /// The server hears of it, but its answer is lost.
    CutAfter,
    /// The line is cut at our end; the server hears of it only a while later.
    HoldBack,
}

/// A proxy between the store and the server, on a thread of its own until the test's end.
pub(super) struct Proxy {
    /// The address to be used instead of the server's.
    pub(super) url: String,
    plan: Arc<Mutex<AtCommit>>,
}

/// How long a held COMMIT is held: longer than connecting anew takes.
const HELD: Duration = Duration::from_millis(600);
/// What a COMMIT looks like on the line.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

impl Proxy {
    /// To the server at `url` (on a socket), every byte `delay` late in either direction.
    pub(super) fn new(url: &str, delay: Duration) -> Self {
        let config: Config = url.parse().unwrap();
        let [Host::Unix(folder)] = config.get_hosts() else { panic!("{url}: no socket") };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let plan = Arc::new(Mutex::new(AtCommit::Pass));
        let (told, address) = std::sync::mpsc::sync_channel(1);
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    client.set_nodelay(true).unwrap();
                    tokio::spawn(serve(client, socket.clone(), Arc::clone(&shared), delay));
                }
            });
        });
        let address = address.recv().unwrap();
        let (before, after) = url.split_once('@').unwrap();
        let rest = after.split_once('/').unwrap().1;
        Self { url: format!("{before}@{address}/{rest}"), plan }
    }

    /// Decides what becomes of the next COMMIT.
    pub(super) fn at_next_commit(&self, plan: AtCommit) {
        *self.plan.lock().unwrap() = plan;
    }

    /// Whether the COMMIT that was waited for has passed.
    pub(super) fn is_done(&self) -> bool {
        *self.plan.lock().unwrap() == AtCommit::Pass
    }
}

async fn serve(
    client: tokio::net::TcpStream,
    socket: PathBuf,
    plan: Arc<Mutex<AtCommit>>,
    delay: Duration,
) {
    let server = UnixStream::connect(socket).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        pass(&mut from_server, &mut to_client, delay).await;
    });
    let mut bytes = vec![0; 65536];
    while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        let chunk = &bytes[..count];
        let planned = match chunk == COMMIT {
            true => std::mem::replace(&mut *plan.lock().unwrap(), AtCommit::Pass),
            false => AtCommit::Pass,
        };
        match planned {
            AtCommit::Pass => {
                if to_server.write_all(chunk).await.is_err() {
                    break;
                }
            }
            AtCommit::CutBefore => break,
            AtCommit::CutAfter => {
                answers.abort();
                to_server.write_all(chunk).await.unwrap();
                // The server is done with it when it reads the end of the line.
                break;
            }
            AtCommit::HoldBack => {
                answers.abort();
                let chunk = chunk.to_vec();
                tokio::spawn(async move {
                    tokio::time::sleep(HELD).await;
                    to_server.write_all(&chunk).await.unwrap();
                    to_server.shutdown().await.unwrap();
                });
                return;
            }
        }
    }
    answers.abort();
}

/// Passes bytes on, late.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    delay: Duration,
) {
    let mut bytes = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
}
