//! The gateway's addresses: hears a request, lets the bank decide, and delivers the answer in the
//! manner the faults say, down to half an answer or none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use mingka_channels::http::HttpRequest;
use mingka_crypto::entropy::random;

use super::Desk;
use super::routes::Cut;
use crate::acp::{Answer, Manner, Notification};
use crate::bank::Draw;

/// Answers one gateway request. `Err` closes the connection without an answer.
pub(super) async fn answer(desk: Arc<Desk>, request: HttpRequest) -> Result<Response<Reply>, Cut> {
    let answer = decide(&desk, &request).ok_or(Cut)?;
    for Notification { request, after_ms } in answer.notifications {
        let at = desk.now().plus_ms(i64::try_from(after_ms).unwrap_or(i64::MAX));
        desk.outbox().put(at, request);
        desk.wake();
    }
    if answer.delivery.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.delivery.delay_ms)).await;
    }
    let body = Bytes::from(answer.response.body);
    let reply = match answer.delivery.manner {
        Manner::Nothing => return Err(Cut),
        Manner::Whole => Reply::whole(body),
        Manner::Half => Reply::half(&body),
    };
    let mut response = Response::new(reply);
    *response.status_mut() =
        http::StatusCode::from_u16(answer.response.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    if let Some(kind) = answer.response.content_type.and_then(|kind| kind.parse().ok()) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// Keys outside of the lock, books inside: the RSA operations of many requests run side by side.
/// Nothing when the books cannot be written: then the bank must not answer as if they were.
fn decide(desk: &Desk, request: &HttpRequest) -> Option<Answer> {
    let now = desk.now();
    let draw = Draw(random::<16>(&*desk.entropy));
    let heard = desk.gate.hear(now, request);
    let decided = {
        let mut books = desk.books();
        let decided = books.bank.decide(now, draw, &heard);
        if !books.write_fresh() {
            return None;
        }
        if books.bank.bank().next_due().is_some() {
            desk.wake();
        }
        decided
    };
    Some(desk.gate.say(&*desk.entropy, &heard, decided))
}

/// The body of an answer: whole, or a half that ends in a broken connection.
pub(super) struct Reply {
    rest: Option<Bytes>,
    length: u64,
    ending: Ending,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Well,
    /// Breaks, once what was given has left: an error straight away would take it back.
    BreaksAfterFlush,
    Breaks,
}

impl Reply {
    /// All of it.
    pub(super) fn whole(body: Bytes) -> Self {
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Self { rest: Some(body).filter(|body| !body.is_empty()), length, ending: Ending::Well }
    }

    /// Promises all and gives half.
    fn half(body: &Bytes) -> Self {
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let rest = Some(body.slice(..body.len() / 2));
        Self { rest, length, ending: Ending::BreaksAfterFlush }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.ending {
            Ending::Well => Poll::Ready(None),
            Ending::BreaksAfterFlush => {
                self.ending = Ending::Breaks;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Breaks => Poll::Ready(Some(Err(Cut))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.ending == Ending::Well
    }
}
