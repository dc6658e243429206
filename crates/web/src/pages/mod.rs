//! The borrower's pages under `/b/`: one address, server-rendered, whole without JavaScript.
//!
//! Every change is a form that is posted and answered with a redirect to the one address. The card
//! number is in a page only in the answer to the form that was just sent; never in an address.

mod code;
mod cookies;
mod environment;
mod form;
mod payment;
mod result;
mod said;
mod side;
mod status;
mod urlencoded;
mod views;
mod visit;
mod words;

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use mingka_domain::diagnosis::Diagnosis;
use mingka_domain::text::Lang;
use mingka_domain::time::{SECOND_MS, Timestamp};
use mingka_engine::{BindingState, BindingView, CardView, EngineError};

use crate::app::App;
use crate::frame::Info;
use crate::problem::{Kind, Problem};
use crate::{assets, bins, lang};

use said::Said;
use views::{ClosedPage, Face, Frame};
use visit::{Visit, redirect};
use words::Words;

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 256;
/// How long a page waits for the bank before it shows that the bank is being waited for.
const ANSWER_WAIT_MS: u64 = 8_000;
/// How long the language is remembered.
const LANG_KEPT_S: i64 = 180 * 24 * 3_600;

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/b", get(home))
        .route("/b/", get(show))
        .route("/b/{token}", get(enter))
        .route("/b/bind", post(form::bind).get(home))
        .route("/b/confirm", post(code::confirm).get(home))
        .route("/b/resend", post(code::resend).get(home))
        .route("/b/cancel", post(code::cancel).get(home))
        .route("/b/again", post(result::again).get(home))
        .route("/b/bin/{prefix}", get(side::bin))
        .route("/b/check", post(side::check))
        .route("/b/state", get(side::state))
        .route("/b/events", get(side::events))
        .merge(payment::routes())
}

/// A language the borrower chose, if any.
pub(crate) fn lang_of(headers: &HeaderMap) -> Option<Lang> {
    visit::chosen_lang(headers)
}

async fn home(State(app): State<App>) -> Response {
    redirect(&app, "/b/", &[], 0)
}

/// The platform's link: it is used up, and a token of the visitor's own goes into the cookie.
/// Whoever is inside already goes on; what only looks ahead (HEAD, a prefetch) uses nothing up.
async fn enter(
    State(app): State<App>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gone = || Problem::new(Kind::PageGone);
    let purpose = headers.get("sec-purpose").and_then(|purpose| purpose.to_str().ok());
    if method == Method::HEAD || purpose.is_some_and(|purpose| purpose.contains("prefetch")) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let ours = token.len() <= TOKEN_BYTES_MAX
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !ours {
        return Err(gone());
    }
    if let Some(inside) = cookies::read(&headers, cookies::TOKEN)
        && inside.split('.').next() == Some(&*token)
        && app.engine.visit(inside).await.is_ok()
    {
        return Ok(redirect(&app, "/b/", &[], 0));
    }
    let entered = app.engine.enter(&token).await.map_err(or_gone)?;
    let max_age_s = entered.session.expires_at.since_ms(app.now()) / SECOND_MS;
    Ok(redirect(&app, "/b/", &[(cookies::TOKEN, &entered.token)], max_age_s))
}

/// A token nobody knows any more is a page that is no longer open; a fault stays a fault.
fn or_gone(error: EngineError) -> Problem {
    match error {
        EngineError::NotFound | EngineError::Unauthorized => Problem::new(Kind::PageGone),
        other => other.into(),
    }
}

/// The one address: whatever is true now.
async fn show(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    info: Info,
    visit: Result<Visit, Problem>,
) -> Result<Response, Problem> {
    if let Some(chosen) = query.as_deref().and_then(asked_lang) {
        return Ok(redirect(&app, "/b/", &[(cookies::LANG, lang::tag(chosen))], LANG_KEPT_S));
    }
    let visit = visit?;
    let Some(id) = visit.session.binding else {
        return form::empty(&app, &visit).await;
    };
    let binding = app.engine.binding(visit.session.platform, id).await?;
    let left = visit.left == Some(id) && may_leave(binding.state);
    if left {
        return form::empty(&app, &visit).await;
    }
    let said = query.as_deref().and_then(Said::of_query);
    page(&app, &visit, &info, &binding, said)
}

fn asked_lang(query: &str) -> Option<Lang> {
    let tag = query.split('&').find_map(|pair| pair.strip_prefix("lang="))?;
    lang::parse(tag)
}

/// Waits for a bank's answer as long as a person likes to; afterwards the engine goes on by itself,
/// and the page shows that it does.
async fn soon<T>(working: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ANSWER_WAIT_MS), working).await.ok()
}

/// Whether the borrower may turn away from a binding in this state and begin another.
fn may_leave(state: BindingState) -> bool {
    matches!(
        state,
        BindingState::Refused
            | BindingState::Expired
            | BindingState::Cancelled
            | BindingState::Unbound
    )
}

/// The page of a binding's state.
fn page(
    app: &App,
    visit: &Visit,
    info: &Info,
    binding: &BindingView,
    said: Option<Said>,
) -> Result<Response, Problem> {
    match binding.state {
        BindingState::Checked if binding.diagnosis.is_some() => {
            result::refused(app, visit, info, binding, said)
        }
        BindingState::Checked | BindingState::Confirming | BindingState::Doubtful => {
            result::waiting(app, visit, binding)
        }
        BindingState::AwaitingCode => code::page(app, visit, binding, said),
        BindingState::Active | BindingState::Unbinding => result::success(app, visit, binding),
        BindingState::Refused => result::refused(app, visit, info, binding, None),
        BindingState::Expired | BindingState::Cancelled | BindingState::Unbound => {
            result::closed(app, visit, binding)
        }
    }
}

/// Renders a page with its status.
fn html(status: StatusCode, lang: Lang, page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| Problem::new(Kind::Internal))?;
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    let language = HeaderValue::from_static(lang::tag(lang));
    headers.insert(header::CONTENT_LANGUAGE, language);
    Ok(response)
}

/// The frame of a borrower's page.
fn frame(app: &App, visit: &Visit, title: &str, step: usize) -> Frame {
    Frame {
        w: visit.w,
        title: format!("{title} · {}", visit.session.platform_name),
        platform: visit.session.platform_name.clone(),
        home: "/b/".to_owned(),
        assets: assets::folder(),
        step,
        sandbox: app.settings.sandbox,
        refresh: false,
        watch: None,
        reference: None,
    }
}

/// The drawn card of a binding.
fn face(w: &Words, lang: Lang, card: &CardView) -> Face {
    let dots = || "••••".to_owned();
    Face {
        bank: bank_name(w, lang, card).to_owned(),
        kind: card.kind.map(|kind| kind.label(lang).to_owned()).unwrap_or_default(),
        groups: vec![dots(), dots(), dots(), card.last4.clone()],
        holder: card.name_masked.clone().unwrap_or_else(|| w.card_holder_you.to_owned()),
    }
}

/// Bank and last four digits, in one line.
fn card_line(w: &Words, lang: Lang, card: &CardView) -> String {
    format!("{} •••• {}", bank_name(w, lang, card), card.last4)
}

fn bank_name<'a>(w: &'a Words, lang: Lang, card: &'a CardView) -> &'a str {
    match (card.bank_code.as_deref(), card.bank_name.as_deref()) {
        (Some(code), Some(name)) => bins::bank_name(code, name, lang),
        (None, Some(name)) => name,
        _ => w.card_bank_unknown,
    }
}

/// A moment as a borrower reads it: Beijing time, the clock of every mainland bank.
fn clock(moment: Timestamp) -> String {
    let t = moment.beijing();
    format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
}

/// A day and a moment.
fn day_and_clock(moment: Timestamp) -> String {
    let t = moment.beijing();
    format!("{:04}-{:02}-{:02} {}", t.year(), t.month(), t.day(), clock(moment))
}

/// Which page a problem is shown on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) lang: Lang,
    /// A payment's page, not a card's.
    pub(crate) payment: bool,
}

/// A problem as a page: what happened and the way on.
pub(crate) fn problem_page(app: &App, problem: &Problem, page: Page, request_id: &str) -> Response {
    let lang = page.lang;
    let w = Words::of(lang);
    let wait_s = problem.retry_after_s.unwrap_or(1);
    let (heading, text, to_page) = match problem.kind {
        Kind::PageGone | Kind::Unauthorized if page.payment => {
            (w.gone_title, w.pay_gone_text.to_owned(), false)
        }
        Kind::PageGone | Kind::Unauthorized => (w.gone_title, w.gone_text.to_owned(), false),
        Kind::PageStale | Kind::IdempotencyMismatch | Kind::Malformed | Kind::MediaType => {
            (w.stale_title, w.stale_text.to_owned(), true)
        }
        Kind::TooMany | Kind::Busy => (w.busy_title, format!("{}{wait_s}", w.busy_text), true),
        Kind::TooLarge => (w.too_large_title, w.too_large_text.to_owned(), true),
        Kind::NotFound | Kind::MethodNotAllowed => {
            (w.missing_title, w.missing_text.to_owned(), true)
        }
        _ => (w.trouble_title, w.trouble_text.to_owned(), true),
    };
    let page = ClosedPage {
        frame: Frame {
            w,
            title: heading.to_owned(),
            platform: String::new(),
            home: "/b/".to_owned(),
            assets: assets::folder(),
            step: 0,
            sandbox: app.settings.sandbox,
            refresh: false,
            watch: None,
            reference: Some(request_id.to_owned()),
        },
        heading,
        text,
        again: false,
        to_page: to_page && !page.payment,
        // The session is not known here, so its way back is not either.
        leave: false,
        return_url: None,
        csrf: String::new(),
        once: String::new(),
    };
    html(problem.kind.row().status, lang, &page).unwrap_or_else(|_| {
        tracing::error!("a page of a problem cannot be rendered");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// Whether the borrower's bank must act.
fn bank_must_act(diagnosis: &Diagnosis) -> bool {
    use mingka_domain::diagnosis::{Actor, NextStep};
    diagnosis.actor == Actor::Issuer
        || matches!(diagnosis.next_step, NextStep::CallBank | NextStep::VisitBank)
}
