//! The borrower's page about a payment under `/p/`: where it stands and what happened, in plain
//! words, whole without JavaScript. It changes nothing.
//!
//! The token goes from the address into a cookie that only this payment's page is sent: two
//! payments open side by side never show each other.

use axum::Router;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use mingka_domain::id::PaymentId;
use mingka_domain::text::Lang;
use mingka_domain::time::SECOND_MS;
use mingka_engine::StatusVisit;
use serde::Serialize;

use super::{LANG_KEPT_S, asked_lang, cookies, html, lang_of, or_gone, status};
use crate::api::events::{Followed, Reader, Told, live};
use crate::app::App;
use crate::lang;
use crate::problem::{Kind, Problem};

/// The routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/p/{link}", get(enter_or_show))
        .route("/p/{link}/state", get(state))
        .route("/p/{link}/events", get(events))
}

/// A borrower who looks at a payment.
pub(super) struct Look {
    pub(super) visit: StatusVisit,
    pub(super) lang: Lang,
}

impl FromRequestParts<App> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let gone = || Problem::new(Kind::PageGone);
        let Path(id) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| gone())?;
        let id: PaymentId = id.parse().map_err(|_| gone())?;
        let token = cookies::read(&parts.headers, cookies::PAYMENT).ok_or_else(gone)?.to_owned();
        let visit = app.engine.status_visit(&token).await.map_err(or_gone)?;
        // Another payment's token opens this one no more than none.
        if visit.link.payment != id {
            return Err(gone());
        }
        let lang = lang_of(&parts.headers).unwrap_or(visit.link.lang);
        Ok(Self { visit, lang })
    }
}

/// The platform's link, or the page it leads to.
async fn enter_or_show(
    State(app): State<App>,
    Path(link): Path<String>,
    RawQuery(query): RawQuery,
    look: Result<Look, Problem>,
) -> Result<Response, Problem> {
    if link.parse::<PaymentId>().is_err() {
        let visit = app.engine.status_visit(&link).await.map_err(or_gone)?;
        let max_age_s = visit.link.expires_at.since_ms(app.now()) / SECOND_MS;
        return Ok(redirect(&app, visit.link.payment, (cookies::PAYMENT, &link), max_age_s));
    }
    let look = look?;
    if let Some(chosen) = query.as_deref().and_then(asked_lang) {
        let id = look.visit.link.payment;
        return Ok(redirect(&app, id, (cookies::LANG, lang::tag(chosen)), LANG_KEPT_S));
    }
    html(StatusCode::OK, look.lang, &status::page(app.settings.sandbox, &look))
}

#[derive(Serialize)]
struct StateAnswer {
    state: String,
}

/// `GET /p/{payment}/state`: where the payment stands.
async fn state(look: Look) -> Response {
    let state = look.visit.payment.watch_word();
    (StatusCode::OK, axum::Json(StateAnswer { state })).into_response()
}

/// `GET /p/{payment}/events`: the same, told as it changes.
async fn events(State(app): State<App>, look: Look) -> Result<Response, Problem> {
    let link = look.visit.link;
    let followed = Followed::Payment(link.payment);
    live(&app, Reader::Payment(link.payment), link.platform, followed, Told::State, 0)
}

/// The page's own address.
pub(super) fn home(id: PaymentId) -> String {
    format!("/p/{id}")
}

fn redirect(app: &App, id: PaymentId, (name, value): (&str, &str), max_age_s: i64) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let home = home(id);
    let secure = app.settings.public_url.starts_with("https://");
    let cookie = cookies::set_at(&home, name, value, max_age_s.max(0), secure);
    let headers = response.headers_mut();
    let to = HeaderValue::from_str(&home).unwrap_or_else(|_| HeaderValue::from_static("/"));
    headers.insert(header::LOCATION, to);
    headers.append(header::SET_COOKIE, cookie);
    response
}
