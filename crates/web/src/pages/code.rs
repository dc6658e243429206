//! The page of the one-time code: confirm, send again, go back.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::id::BindingId;
use mingka_domain::secret::{OneTimeCode, OneTimeCodeError};
use mingka_domain::time::SECOND_MS;
use mingka_engine::{BindingView, EngineError};

use super::urlencoded::Fields;
use super::views::{CodePage, Message};
use super::visit::{Visit, redirect};
use super::{clock, cookies, face, frame, html, soon};
use crate::app::App;
use crate::problem::Problem;

/// The page itself.
pub(super) fn page(
    app: &App,
    visit: &Visit,
    binding: &BindingView,
    notice: Option<&'static str>,
    mut messages: Vec<Message>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let w = visit.w;
    if messages.is_empty() && notice.is_none() {
        messages.extend(last_problem(visit, binding));
    }
    let code = binding.code.as_ref();
    let now = app.now();
    let resend_after = code.map_or(now, |code| code.resend_after);
    let wait_ms = resend_after.since_ms(now).max(0);
    let mut frame = frame(visit, w.code_title, 2);
    frame.sandbox = app.settings.sandbox;
    let page = CodePage {
        frame,
        card: face(w, visit.lang, &binding.card),
        csrf: visit.csrf(app),
        once: Visit::once(app),
        once_resend: Visit::once(app),
        once_cancel: Visit::once(app),
        phone: binding.card.phone_masked.clone().unwrap_or_default(),
        notice,
        messages,
        valid_until: code.map(|code| clock(code.expires_at)),
        tries_left: code.map_or(0, |code| code.tries_left),
        sends_left: code.map_or(0, |code| code.sends_left),
        // Rounded up, so that the button never comes to life too early.
        resend_in: (wait_ms + SECOND_MS - 1) / SECOND_MS,
        resend_at: clock(resend_after),
    };
    html(status, visit.lang, &page)
}

/// What went wrong last: a wrong code, a code that could not be asked for.
fn last_problem(visit: &Visit, binding: &BindingView) -> Option<Message> {
    let diagnosis = binding.diagnosis.as_ref()?;
    let bank = binding.card.bank_code.as_deref();
    let said = diagnosis.render(Dictionary::embedded(), Audience::Borrower, visit.lang, bank);
    Some(Message { severity: "stop", text: said.text, fix: Some(said.fix) })
}

/// `POST /b/confirm`.
pub(super) async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Problem> {
    visit.require_csrf(&app, fields.text("csrf"), &headers)?;
    visit.take_turn(&app)?;
    let Some(id) = visit.session.binding else { return Ok(visit.back(&app, &[])) };
    let w = visit.w;
    let code = match OneTimeCode::parse(fields.text("code")) {
        Ok(code) => code,
        Err(error) => {
            let text = match error {
                OneTimeCodeError::Empty => w.code_empty,
                OneTimeCodeError::NotACode => w.code_not_a_code,
            };
            return again(&app, &visit, id, text.to_owned(), StatusCode::UNPROCESSABLE_ENTITY)
                .await;
        }
    };
    let once = fields.text("once");
    let idempotency = visit.idempotency(&app, "confirm", once, &[code.expose()])?;
    let confirming = app.engine.confirm(visit.session.platform, id, idempotency, code);
    match soon(confirming).await {
        Some(Err(EngineError::TooMany { retry_after_s, .. })) => {
            let text = format!("{}{retry_after_s}", w.too_soon);
            again(&app, &visit, id, text, StatusCode::TOO_MANY_REQUESTS).await
        }
        Some(other) => settle(&app, &visit, other.map(drop), &[]),
        None => Ok(visit.back(&app, &[])),
    }
}

/// `POST /b/resend`.
pub(super) async fn resend(
    State(app): State<App>,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Problem> {
    visit.require_csrf(&app, fields.text("csrf"), &headers)?;
    visit.take_turn(&app)?;
    let Some(id) = visit.session.binding else { return Ok(visit.back(&app, &[])) };
    let idempotency = visit.idempotency(&app, "resend", fields.text("once"), &[])?;
    let w = visit.w;
    let resending = app.engine.resend(visit.session.platform, id, idempotency);
    let wait_s = match soon(resending).await {
        None => return Ok(visit.back(&app, &[])),
        Some(Ok(_)) => return Ok(redirect(&app, "/b/?resent", &[], 0)),
        Some(Err(EngineError::InvalidState { possible_at: Some(at), .. })) => {
            at.since_ms(app.now()).max(0).div_euclid(SECOND_MS) + 1
        }
        Some(Err(EngineError::TooMany { retry_after_s, .. })) => i64::from(retry_after_s),
        Some(Err(other)) => return settle(&app, &visit, Err(other), &[]),
    };
    let text = format!("{}{wait_s}", w.too_soon);
    again(&app, &visit, id, text, StatusCode::TOO_MANY_REQUESTS).await
}

/// `POST /b/cancel`: back to the form, with what may be kept.
pub(super) async fn cancel(
    State(app): State<App>,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Problem> {
    visit.require_csrf(&app, fields.text("csrf"), &headers)?;
    visit.take_turn(&app)?;
    let Some(id) = visit.session.binding else { return Ok(visit.back(&app, &[])) };
    let idempotency = visit.idempotency(&app, "cancel", fields.text("once"), &[])?;
    let cancelled = app.engine.cancel(visit.session.platform, id, idempotency).await;
    let left = id.to_string();
    settle(&app, &visit, cancelled.map(drop), &[(cookies::LEFT, &left)])
}

/// After an action: whatever the state is now, the one address shows it. Only faults are shown here.
fn settle(
    app: &App,
    visit: &Visit,
    done: Result<(), EngineError>,
    cookies: &[(&str, &str)],
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(visit.back(app, cookies)),
        Err(EngineError::InvalidState { .. } | EngineError::InProgress) => Ok(visit.back(app, &[])),
        Err(other) => Err(other.into()),
    }
}

/// The page once more, with a message beside the field.
async fn again(
    app: &App,
    visit: &Visit,
    id: BindingId,
    text: String,
    status: StatusCode,
) -> Result<Response, Problem> {
    let binding = app.engine.binding(visit.session.platform, id).await?;
    if binding.state != mingka_engine::BindingState::AwaitingCode {
        return Ok(visit.back(app, &[]));
    }
    let message = Message { severity: "stop", text, fix: None };
    page(app, visit, &binding, None, vec![message], status)
}
