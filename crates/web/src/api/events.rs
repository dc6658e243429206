//! A binding's or a payment's events as they happen (server-sent events), replayable from any of
//! them.
//!
//! Nothing is queued for a reader: each turn reads the records from the last event it told, so a
//! reader that was away misses nothing and a slow one holds no memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mingka_domain::bank_guide::BankContact;
use mingka_domain::id::{ApiKeyId, BindingId, PaymentId, PlatformId, SessionId, kind};
use mingka_domain::text::Lang;
use mingka_engine::{Scope, TimelineEntry};
use tokio::sync::mpsc;

use crate::app::App;
use crate::caller::{Caller, IdPath};
use crate::dto::{TimelineBody, word};
use crate::frame::Info;
use crate::limits::{Inside, Together};
use crate::problem::{Kind, Problem, ProblemBody};

/// How often a quiet stream shows that it lives.
const HEARTBEAT_MS: u64 = 15_000;
/// How long one stream stays open; the reader comes back with `Last-Event-ID`.
const STREAM_MS: u64 = 10 * 60_000;
/// What a reader with too many streams is asked to wait.
pub(super) const STREAM_RETRY_S: u32 = 15;
/// How many lines wait for a slow reader.
const LINE_COUNT_MAX: usize = 64;

/// Follow a binding
///
/// Server-sent events. Each has the number of the timeline's entry as its id; after a break come
/// back with `Last-Event-ID` and nothing is missed or told twice.
#[utoipa::path(
    get, path = "/v1/bindings/{id}/events", tag = "Bindings", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The binding"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events: `id`, `event`, and `data` as a TimelineEntry", content_type = "text/event-stream", body = String),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let after = last_seen(&headers)?;
    // Before the stream begins, so that an unknown id is a 404 and not an empty stream.
    app.engine.binding(platform, id).await?;
    let followed = Followed::Binding(id);
    live(&app, Reader::Key(caller.key()), platform, followed, Told::Events(info.lang), after)
}

/// Follow a payment
///
/// Server-sent events. Each has the number of the timeline's entry as its id; after a break come
/// back with `Last-Event-ID` and nothing is missed or told twice.
#[utoipa::path(
    get, path = "/v1/payments/{id}/events", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The payment"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events: `id`, `event`, and `data` as a TimelineEntry", content_type = "text/event-stream", body = String),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream_payment(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let after = last_seen(&headers)?;
    app.engine.payment(platform, id).await?;
    let followed = Followed::Payment(id);
    live(&app, Reader::Key(caller.key()), platform, followed, Told::Events(info.lang), after)
}

fn last_seen(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(seen) = headers.get("last-event-id") else { return Ok(0) };
    seen.to_str().ok().and_then(|seen| seen.parse().ok()).ok_or_else(|| {
        Problem::new(Kind::WrongQuery)
            .detail("Last-Event-ID 应为数字。", "Last-Event-ID is a number.")
    })
}

/// What a stream is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Followed {
    /// A card on its way to becoming an instrument.
    Binding(BindingId),
    /// Money that moves once.
    Payment(PaymentId),
}

/// What a stream tells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// Every entry of the timeline, with its diagnosis in this language.
    Events(Lang),
    /// Only the name of the state, when it is another one.
    State,
}

/// Who reads a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader {
    /// A platform's server.
    Key(ApiKeyId),
    /// A borrower's page about a card.
    Session(SessionId),
    /// A borrower's page about a payment.
    Payment(PaymentId),
}

/// Opens a stream. One reader has only so many at once: nobody shall take them all.
pub(crate) fn live(
    app: &App,
    reader: Reader,
    platform: PlatformId,
    followed: Followed,
    told: Told,
    after: u64,
) -> Result<Response, Problem> {
    let held = match reader {
        Reader::Key(key) => Together::enter(&app.key_streams, key).map(Held::Key),
        Reader::Session(id) => Together::enter(&app.session_streams, id).map(Held::Session),
        Reader::Payment(id) => Together::enter(&app.payment_streams, id).map(Held::Payment),
    };
    let held = held.ok_or_else(too_many)?;
    let permit = std::sync::Arc::clone(&app.streams)
        .try_acquire_owned()
        .map_err(|_| Problem::new(Kind::Busy).retry_after(5))?;
    let (lines, receiver) = mpsc::channel(LINE_COUNT_MAX);
    let app = App::clone(app);
    tokio::spawn(async move {
        let _held = (permit, held);
        let state = String::new();
        let teller = Teller { app, reader, platform, followed, told, after, state, lines };
        // Closed from either side, and never later than this.
        let _ = tokio::time::timeout(Duration::from_millis(STREAM_MS), teller.run()).await;
    });
    let body = Body::from_stream(Lines(receiver));
    let mut response = (StatusCode::OK, body).into_response();
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

pub(super) fn too_many() -> Problem {
    Problem::new(Kind::TooMany).retry_after(STREAM_RETRY_S).detail(
        "同时打开的事件流过多；请关闭不再使用的，或改为读取状态。",
        "Too many event streams are open at once; close some, or read the state instead.",
    )
}

/// A reader's place among its streams; given back when dropped.
enum Held {
    Key(#[expect(dead_code, reason = "kept for its end")] Inside<ApiKeyId>),
    Session(#[expect(dead_code, reason = "kept for its end")] Inside<SessionId>),
    Payment(#[expect(dead_code, reason = "kept for its end")] Inside<PaymentId>),
}

struct Teller {
    app: App,
    reader: Reader,
    platform: PlatformId,
    followed: Followed,
    told: Told,
    after: u64,
    state: String,
    lines: mpsc::Sender<Bytes>,
}

/// The reader went away.
struct Gone;

impl Teller {
    async fn run(mut self) {
        // Watched before the first look, so that nothing falls between.
        let mut watch = match self.followed {
            Followed::Binding(id) => self.app.engine.watch(id),
            Followed::Payment(id) => self.app.engine.watch_payment(id),
        };
        let heartbeat = Duration::from_millis(HEARTBEAT_MS);
        loop {
            if !self.may_read().await || self.tell().await.is_err() {
                return;
            }
            let changed = tokio::select! {
                () = self.lines.closed() => return,
                changed = tokio::time::timeout(heartbeat, watch.changed()) => changed,
            };
            match changed {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => {
                    if self.send(": still here\n\n".to_owned()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the key was taken back meanwhile. A page's session ends by its own time.
    async fn may_read(&self) -> bool {
        let Reader::Key(key) = self.reader else { return true };
        // A store that cannot be asked now tells nothing either.
        self.app.engine.still_opens(self.platform, key).await.unwrap_or(true)
    }

    async fn tell(&mut self) -> Result<(), Gone> {
        // What cannot be read now is told at the next turn.
        let Some((state, timeline, bank)) = self.look().await else { return Ok(()) };
        match self.told {
            Told::State => {
                if state != self.state {
                    self.send(format!("event: state\ndata: {state}\n\n")).await?;
                    self.state = state;
                }
            }
            Told::Events(lang) => {
                for (entry, number) in timeline.iter().zip(1_u64..) {
                    if number <= self.after {
                        continue;
                    }
                    let data = TimelineBody::new(entry, lang, bank.as_ref());
                    let data = serde_json::to_string(&data).unwrap_or_default();
                    let name = &entry.event;
                    self.send(format!("id: {number}\nevent: {name}\ndata: {data}\n\n")).await?;
                    self.after = number;
                }
            }
        }
        Ok(())
    }

    /// State, timeline, and the bank whose hotline the words may name.
    async fn look(&self) -> Option<(String, Vec<TimelineEntry>, Option<BankContact>)> {
        let engine = &self.app.engine;
        match self.followed {
            Followed::Binding(id) => {
                let view = engine.binding(self.platform, id).await.ok()?;
                Some((word(&view.state), view.timeline, view.card.contact))
            }
            Followed::Payment(id) => {
                let view = engine.payment(self.platform, id).await.ok()?;
                Some((view.watch_word(), view.timeline, None))
            }
        }
    }

    async fn send(&self, line: String) -> Result<(), Gone> {
        self.lines.send(Bytes::from(line)).await.map_err(|_| Gone)
    }
}

/// The receiving end as a body.
struct Lines(mpsc::Receiver<Bytes>);

impl Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|line| line.map(Ok))
    }
}
