//! The outermost layer: request id, limits, log line, security headers, and the one place where a
//! [`Problem`] becomes bytes. Never logs a query, a body, a token or an unknown path segment.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use mingka_domain::id::RequestId;
use mingka_domain::text::Lang;
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::limits::network;
use crate::problem::{Kind, Problem};
use crate::{lang, pages};

/// How long a request waits for its turn before it hears that the house is busy.
const TURN_WAIT_MS: u64 = 1_000;
/// What the busy house asks for.
const BUSY_RETRY_S: u32 = 2;

/// Is answered whatever else goes on.
const LIVE: &str = "/health/live";
/// Needs no place, but counts for its address.
const READY: &str = "/health/ready";

/// What is known about a request before any handler sees it.
#[derive(Debug, Clone)]
pub(crate) struct Info {
    pub(crate) id: String,
    pub(crate) lang: Lang,
}

impl<S: Send + Sync> FromRequestParts<S> for Info {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(Kind::Internal))
    }
}

/// Wraps every request.
pub(crate) async fn outermost(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = app.now();
    let info = Info {
        id: RequestId::new(began, app.random()).to_string(),
        lang: lang::negotiate(request.headers()),
    };
    let path = log_path(request.uri().path());
    let page = is_page(request.uri().path());
    let method = request.method().clone();
    let address = address(&request, app.settings.behind_proxy);
    let shown = pages::Page {
        lang: pages::lang_of(request.headers()).unwrap_or(info.lang),
        payment: is_payment_page(request.uri().path()),
    };
    request.extensions_mut().insert(info.clone());

    let answer = match admit(&app, address) {
        // Whoever watches this process must reach it when it is busy most of all.
        _ if path == LIVE => worked(request, next, Turn::default()).await,
        Ok(()) if path == READY => worked(request, next, Turn::default()).await,
        Err(problem) => problem.into_response(),
        Ok(()) => turn(&app, request, next).await,
    };
    let mut answer = write_problem(&app, answer, &info, page.then_some(shown));
    let secure = app.settings.public_url.starts_with("https://");
    dress(answer.headers_mut(), page, secure, &info);

    let status = answer.status().as_u16();
    let took_ms = app.now().since_ms(began);
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(
            request.id = %info.id, http.method = %method, http.path = %path, http.status = status,
            took_ms, "a request was put off: busy, or something it needs is away"
        );
    } else if answer.status().is_server_error() {
        tracing::error!(
            request.id = %info.id, http.method = %method, http.path = %path, http.status = status,
            took_ms, "a request met a fault of ours"
        );
    } else {
        tracing::info!(
            request.id = %info.id, http.method = %method, http.path = %path, http.status = status,
            took_ms, "a request was answered"
        );
    }
    answer
}

fn admit(app: &App, address: Option<IpAddr>) -> Result<(), Problem> {
    let Some(address) = address else { return Ok(()) };
    app.by_address
        .take(&address, app.now())
        .map_err(|wait_s| Problem::new(Kind::TooMany).retry_after(wait_s))
}

/// A request's place among those that are worked on; given back while its body arrives, and when
/// the head of its answer is ready.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Turn {
    /// Waits a moment for a free place.
    pub(crate) async fn take(&self, app: &App) -> Result<(), Problem> {
        let wait = Duration::from_millis(TURN_WAIT_MS);
        let place = Arc::clone(&app.requests).acquire_owned();
        let Ok(Ok(place)) = tokio::time::timeout(wait, place).await else {
            return Err(Problem::new(Kind::Busy).retry_after(BUSY_RETRY_S));
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(())
    }

    /// Lets another request have the place.
    pub(crate) fn give_back(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Turn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

async fn turn(app: &App, mut request: Request, next: Next) -> Response {
    let turn = Turn::default();
    if let Err(problem) = turn.take(app).await {
        return problem.into_response();
    }
    request.extensions_mut().insert(turn.clone());
    worked(request, next, turn).await
}

/// The handler runs as a task of its own: what breaks in it is a fault in our form, not a cut line.
async fn worked(request: Request, next: Next, turn: Turn) -> Response {
    let handled = tokio::spawn(async move {
        let answer = next.run(request).await;
        turn.give_back();
        answer
    });
    handled.await.unwrap_or_else(|_| Problem::new(Kind::Internal).into_response())
}

/// The caller's address; behind a proxy the last one the proxy added.
fn address(request: &Request, behind_proxy: bool) -> Option<IpAddr> {
    if behind_proxy {
        // What the proxy added itself is the end of the last line; the rest may be the caller's.
        let mut lines = request.headers().get_all("x-forwarded-for").into_iter();
        let forwarded = lines.next_back().and_then(|line| line.to_str().ok());
        let last = forwarded.and_then(|list| list.rsplit(',').next());
        if let Some(address) = last.and_then(|text| text.trim().parse().ok()) {
            return Some(network(address));
        }
    }
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| network(info.0.ip()))
}

/// Whether a person reads the answer: the pages, but not what their scripts ask for.
fn is_page(path: &str) -> bool {
    let scripted = ["/b/bin/", "/b/check", "/b/state", "/b/events"];
    let card = path == "/b" || path.starts_with("/b/");
    (card && !scripted.iter().any(|p| path.starts_with(p))) || is_payment_page(path)
}

/// The same of a payment's.
fn is_payment_page(path: &str) -> bool {
    path.strip_prefix("/p/").is_some_and(|rest| !rest.contains('/'))
}

/// Writes a problem, or an error a library answered with, in the form its reader needs.
fn write_problem(
    app: &App,
    mut answer: Response,
    info: &Info,
    page: Option<pages::Page>,
) -> Response {
    let given = answer.extensions_mut().remove::<Problem>();
    let status = answer.status();
    let bare = given.is_none() && (status.is_client_error() || status.is_server_error());
    let bare = bare && !answer.headers().contains_key(header::CONTENT_TYPE);
    let bare = bare || (given.is_none() && is_plain_error(&answer));
    let Some(problem) = given.or_else(|| bare.then(|| Problem::of_status(status))) else {
        return answer;
    };
    let problem = problem.seen_at(app.now());
    let mut written = match page {
        Some(page) => pages::problem_page(app, &problem, page, &info.id),
        None => json(&problem, info),
    };
    *written.status_mut() = problem.kind.row().status;
    let headers = written.headers_mut();
    for name in [header::ALLOW, header::SET_COOKIE, header::WWW_AUTHENTICATE] {
        for value in answer.headers().get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if problem.kind == Kind::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    written
}

/// Whether a library answered with an error in plain text, which is not our form.
fn is_plain_error(answer: &Response) -> bool {
    let status = answer.status();
    let plain = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    plain && (status.is_client_error() || status.is_server_error())
}

fn json(problem: &Problem, info: &Info) -> Response {
    let body = serde_json::to_vec(&problem.body(info.lang, &info.id)).unwrap_or_default();
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    let language = HeaderValue::from_static(lang::tag(info.lang));
    headers.insert(header::CONTENT_LANGUAGE, language);
    response
}

/// What stands on every answer; what a handler set itself stays.
fn dress(headers: &mut HeaderMap, page: bool, secure: bool, info: &Info) {
    const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
        img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
        base-uri 'none'";
    const API_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
        frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    let policy = if page { PAGE_POLICY } else { API_POLICY };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        headers.insert("x-request-id", id);
    }
}

/// A path as it may be logged: known words and our own ids stay, whatever else a caller put there
/// (a token, a card number where none belongs) does not.
fn log_path(path: &str) -> String {
    const WORD_BYTES_MAX: usize = 24;
    let mut logged = String::new();
    for segment in path.split('/').skip(1).take(8) {
        logged.push('/');
        let word = segment.len() <= WORD_BYTES_MAX
            && segment.bytes().all(|b| b.is_ascii_lowercase() || b"-_.".contains(&b));
        let word = word || segment == "v1";
        let id = segment.split_once('_').is_some_and(|(prefix, hex)| {
            prefix.len() <= 5
                && prefix.bytes().all(|b| b.is_ascii_lowercase())
                && hex.len() == 32
                && hex.bytes().all(|b| b.is_ascii_hexdigit())
        });
        logged.push_str(if word || id { segment } else { "…" });
    }
    logged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_proxy_its_own_line_counts_and_no_other() {
        let request = |lines: &[&str]| {
            let mut request = Request::new(axum::body::Body::empty());
            for line in lines {
                let value = HeaderValue::from_str(line).unwrap();
                request.headers_mut().append("x-forwarded-for", value);
            }
            address(&request, true).map(|address| address.to_string())
        };
        let proxy = Some("203.0.113.9".to_owned());
        assert_eq!(request(&["198.51.100.1, 203.0.113.9"]), proxy);
        assert_eq!(request(&["198.51.100.1", "203.0.113.9"]), proxy);
        assert_eq!(request(&[]), None);
    }

    #[test]
    fn the_log_keeps_words_and_ids_only() {
        let id = format!("bind_{}", "0".repeat(32));
        let kept = format!("/v1/bindings/{id}/confirm");
        assert_eq!(log_path(&format!("/v1/bindings/{id}/confirm")), kept);
        assert_eq!(log_path("/v1/bins/6217001234567890123"), "/v1/bins/…");
        assert_eq!(log_path("/b/Zm9vYmFyMTIzNDU2Nzg5MA"), "/b/…");
        assert_eq!(log_path("/v1/名/%0a"), "/v1/…/…");
    }
}
