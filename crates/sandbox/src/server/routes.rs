//! Which address does what. Everything that is not the gateway is for people and tests.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use mingka_channels::http::{HttpRequest, Method as ChannelMethod};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::gateway::Reply;
use super::{Desk, gateway, money, pages, rotation, views};
use crate::bank::SettlementDay;
use crate::faults::script;

/// The longest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// The gateway's addresses.
const GATEWAY: [&str; 4] = [
    "/gateway/api/backTransReq.do",
    "/gateway/api/queryTrans.do",
    "/gateway/api/cardTransReq.do",
    "/gateway/api/frontTransReq.do",
];

/// The connection is to be closed without an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sandbox bank cuts the connection, as planned")
    }
}

impl std::error::Error for Cut {}

/// Answers one request.
pub(super) async fn route(
    desk: Arc<Desk>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Cut> {
    let path = request.uri().path().to_owned();
    if GATEWAY.contains(&path.as_str()) {
        return gateway_request(desk, request, &path).await;
    }
    let query = views::Query::parse(request.uri().query().unwrap_or_default());
    let answer = match (request.method(), path.as_str()) {
        (&Method::GET, "/") => see_other("/inbox"),
        (&Method::GET, "/health") => json(StatusCode::OK, &views::Health { status: "ok" }),
        (&Method::GET, "/style.css") => asset(include_str!("style.css"), "text/css; charset=utf-8"),
        (&Method::GET, "/inbox") => page(&pages::inbox(&views::inbox(&desk, &query))),
        (&Method::GET, "/inbox.json") => json(StatusCode::OK, &views::inbox(&desk, &query)),
        (&Method::GET, "/ledger") => {
            desk.settle();
            json(StatusCode::OK, &views::ledger(&desk, &query))
        }
        (&Method::GET, "/cards") if !wants_json(&request) => page(&pages::cards()),
        (&Method::GET, "/cards" | "/cards.json") => json(StatusCode::OK, &views::cards()),
        (_, "/sandbox/clock") => return Ok(clock(&desk, request).await),
        (_, "/sandbox/encryption-certificate") => return Ok(encryption(&desk, request).await),
        (&Method::GET, "/ledger/orders") => {
            desk.settle();
            json(StatusCode::OK, &money::orders(&desk, &query))
        }
        (_, path) if path.starts_with("/merchants/") => {
            let path = path.to_owned();
            return Ok(balance(&desk, request, &path).await);
        }
        (&Method::GET, path) if path.starts_with("/statements/") => statement(&desk, path, &query),
        (_, "/faults") => return Ok(faults(&desk, request).await),
        (&Method::DELETE, path) if path.starts_with("/faults/") => forget(&desk, path),
        (_, "/health" | "/inbox" | "/inbox.json" | "/ledger" | "/cards" | "/cards.json") => {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this address only answers GET")
        }
        _ => problem(StatusCode::NOT_FOUND, "there is nothing at this address"),
    };
    Ok(answer)
}

async fn gateway_request(
    desk: Arc<Desk>,
    request: Request<Incoming>,
    path: &str,
) -> Result<Response<Reply>, Cut> {
    // Cut off before the body is read, so that the other side sees a reset.
    if desk.books().bank.faults_mut().closes_at_once(desk.now()) {
        return Err(Cut);
    }
    if request.method() != Method::POST {
        return Ok(problem(StatusCode::METHOD_NOT_ALLOWED, "the gateway only answers POST"));
    }
    let content_type = content_type(&request).to_owned();
    let url = path.to_owned();
    let Some(body) = body(request).await else {
        return Ok(problem(StatusCode::PAYLOAD_TOO_LARGE, "the message is too long"));
    };
    let body = Zeroizing::new(body.to_vec());
    let request = HttpRequest { method: ChannelMethod::Post, url, content_type, body };
    gateway::answer(desk, request).await
}

async fn faults(desk: &Desk, request: Request<Incoming>) -> Response<Reply> {
    match *request.method() {
        Method::GET => json(StatusCode::OK, desk.books().bank.faults().rules()),
        Method::DELETE => {
            desk.books().bank.faults_mut().clear();
            empty(StatusCode::NO_CONTENT)
        }
        Method::POST => plan(desk, request).await,
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "faults answer GET, POST and DELETE"),
    }
}

/// Reads the bank's clock or sets it ahead. It is never set back: what was booked stays booked.
async fn clock(desk: &Arc<Desk>, request: Request<Incoming>) -> Response<Reply> {
    match *request.method() {
        Method::GET => json(StatusCode::OK, &money::clock(desk)),
        Method::POST => match json_body::<money::Jump>(request).await {
            Err(refused) => refused,
            Ok(jump) => match money::jump(desk, &jump) {
                Ok(clock) => json(StatusCode::OK, &clock),
                Err(detail) => problem(StatusCode::BAD_REQUEST, detail),
            },
        },
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "the clock answers GET and POST"),
    }
}

/// Reads which encryption certificate is the current one, or makes another.
async fn encryption(desk: &Arc<Desk>, request: Request<Incoming>) -> Response<Reply> {
    match *request.method() {
        Method::GET => json(StatusCode::OK, &rotation::rotation(desk)),
        Method::POST => match json_body::<rotation::Rotate>(request).await {
            Err(refused) => refused,
            Ok(wanted) => match rotation::rotate(desk, wanted).await {
                Ok(rotation) => json(StatusCode::CREATED, &rotation),
                Err(detail) => problem(StatusCode::BAD_REQUEST, &detail),
            },
        },
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "the certificate answers GET and POST"),
    }
}

/// Reads or sets what a merchant has prefunded.
async fn balance(desk: &Arc<Desk>, request: Request<Incoming>, path: &str) -> Response<Reply> {
    let number = path.strip_prefix("/merchants/").and_then(|rest| rest.strip_suffix("/balance"));
    let Some(number) = number.filter(|number| desk.gate.knows(number)) else {
        return problem(StatusCode::NOT_FOUND, "the bank knows no such merchant");
    };
    match *request.method() {
        Method::GET => json(StatusCode::OK, &money::balance(desk, number)),
        Method::POST => match json_body::<money::SetBalance>(request).await {
            Err(refused) => refused,
            Ok(wanted) => match money::set_balance(desk, number, &wanted) {
                Ok(balance) => json(StatusCode::OK, &balance),
                Err(detail) => problem(StatusCode::BAD_REQUEST, detail),
            },
        },
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "the balance answers GET and POST"),
    }
}

fn statement(desk: &Arc<Desk>, path: &str, query: &views::Query) -> Response<Reply> {
    let day = path.strip_prefix("/statements/").and_then(SettlementDay::parse);
    let Some(day) = day else {
        return problem(StatusCode::BAD_REQUEST, "a settlement day is a date: YYYY-MM-DD");
    };
    desk.settle();
    match money::statement(desk, query, day) {
        Some(text) => typed(StatusCode::OK, text.into_bytes(), "text/csv; charset=utf-8"),
        None => problem(
            StatusCode::NOT_FOUND,
            "not there yet: a statement is due at 09:00 in Beijing, after its day has ended",
        ),
    }
}

/// A page of another site cannot send JSON without being asked first, so JSON is insisted on.
async fn json_body<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Response<Reply>> {
    if !content_type(&request).starts_with("application/json") {
        let detail = "this is sent as application/json";
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let Some(body) = body(request).await else {
        return Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"));
    };
    serde_json::from_slice(&body)
        .map_err(|error| problem(StatusCode::BAD_REQUEST, &format!("not what is read: {error}")))
}

async fn plan(desk: &Desk, request: Request<Incoming>) -> Response<Reply> {
    let value = match json_body::<serde_json::Value>(request).await {
        Ok(value) => value,
        Err(refused) => return refused,
    };
    let rule = match script::read_one(value) {
        Ok(rule) => rule,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &format!("not a rule: {error}")),
    };
    let mut books = desk.books();
    match books.bank.faults_mut().add(rule) {
        Some(id) => json(StatusCode::CREATED, &views::Planned { id }),
        None => problem(StatusCode::CONFLICT, "the plan is full; remove some rules first"),
    }
}

fn forget(desk: &Desk, path: &str) -> Response<Reply> {
    let id = path.strip_prefix("/faults/").and_then(|id| id.parse().ok());
    if id.is_some_and(|id| desk.books().bank.faults_mut().remove(id)) {
        return empty(StatusCode::NO_CONTENT);
    }
    problem(StatusCode::NOT_FOUND, "the plan has no such rule")
}

async fn body(request: Request<Incoming>) -> Option<Bytes> {
    let limited = Limited::new(request.into_body(), BODY_BYTES_MAX);
    limited.collect().await.ok().map(http_body_util::Collected::to_bytes)
}

fn content_type(request: &Request<Incoming>) -> &str {
    let value = request.headers().get(header::CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn wants_json(request: &Request<Incoming>) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}

fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response<Reply> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    typed(status, body, "application/json")
}

fn problem(status: StatusCode, detail: &str) -> Response<Reply> {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = views::Problem { title, status: status.as_u16(), detail };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    typed(status, body, "application/problem+json")
}

fn page(html: &str) -> Response<Reply> {
    let mut response = typed(StatusCode::OK, html.as_bytes().to_vec(), "text/html; charset=utf-8");
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(policy));
    headers.insert(header::REFRESH, header::HeaderValue::from_static("5"));
    response
}

fn asset(text: &'static str, kind: &'static str) -> Response<Reply> {
    typed(StatusCode::OK, text.as_bytes().to_vec(), kind)
}

fn empty(status: StatusCode) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn see_other(place: &'static str) -> Response<Reply> {
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static(place));
    response
}

fn typed(status: StatusCode, body: Vec<u8>, kind: &'static str) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}
