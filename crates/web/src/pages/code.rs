//! The page of the one-time code: confirm, send again, go back.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use mingka_domain::cause::{Audience, Dictionary, known};
use mingka_domain::diagnosis::Retry;
use mingka_domain::id::BindingId;
use mingka_domain::secret::{OneTimeCode, OneTimeCodeError};
use mingka_domain::time::SECOND_MS;
use mingka_engine::{BindingState, BindingView, EngineError};

use super::said::Said;
use super::urlencoded::Fields;
use super::views::{CodePage, Message};
use super::visit::{Visit, redirect};
use super::{clock, cookies, face, frame, html, side, soon};
use crate::app::App;
use crate::problem::Problem;

/// The page itself.
pub(super) fn page(
    app: &App,
    visit: &Visit,
    binding: &BindingView,
    said: Option<Said>,
) -> Result<Response, Problem> {
    let w = visit.w;
    let code = binding.code.as_ref();
    let unsure = binding.state == BindingState::AwaitingCode
        && code.is_some_and(|code| !code.delivery_confirmed);
    // A doubt about the sending is nothing the borrower could correct.
    let diagnosis = binding.diagnosis.as_ref();
    let in_doubt = unsure && diagnosis.is_some_and(|it| it.retry == Retry::Automatic);
    let messages: Vec<Message> = match said {
        Some(said) => said.message(visit).into_iter().collect(),
        None => last_problem(visit, binding).filter(|_| !in_doubt).into_iter().collect(),
    };
    let now = app.now();
    let resend_after = code.map_or(now, |code| code.resend_after);
    let wait_ms = resend_after.since_ms(now).max(0);
    let frame = frame(app, visit, w.code_title, 2);
    let page = CodePage {
        frame,
        card: face(w, visit.lang, &binding.card),
        csrf: visit.csrf(app),
        once: Visit::once(app),
        once_resend: Visit::once(app),
        once_cancel: Visit::once(app),
        binding: binding.id.to_string(),
        lead: if unsure { w.code_lead_unsure } else { w.code_lead },
        phone: binding.card.phone_masked.clone().unwrap_or_default(),
        notice: (said == Some(Said::Resent)).then_some(w.code_resent),
        unsure: (unsure && said.is_none()).then_some(w.code_unsure),
        messages,
        valid_until: code.map(|code| clock(code.expires_at)),
        tries_left: code.map_or(0, |code| code.tries_left),
        sends_left: code.map_or(0, |code| code.sends_left),
        // Rounded up, so that the button never comes to life too early.
        resend_in: (wait_ms + SECOND_MS - 1) / SECOND_MS,
        resend_at: clock(resend_after),
        help: side::phone_help(app, visit, binding.card.bank_code.as_deref()),
    };
    html(StatusCode::OK, visit.lang, &page)
}

/// What went wrong last: a wrong code, a code that could not be asked for.
fn last_problem(visit: &Visit, binding: &BindingView) -> Option<Message> {
    let diagnosis = binding.diagnosis.as_ref()?;
    // Banks do not tell a wrong code from an old one; the cause's own words name both.
    if diagnosis.causes.first() == Some(&known::CODE_WRONG) {
        return super::said::of_cause(visit, &known::CODE_WRONG);
    }
    let bank = binding.card.contact.as_ref();
    let said = diagnosis.render(Dictionary::embedded(), Audience::Borrower, visit.lang, bank);
    Some(Message { severity: "stop", text: said.text, fix: Some(said.fix) })
}

/// The binding a form is about, if it is still the session's.
fn own(visit: &Visit, fields: &Fields) -> Option<BindingId> {
    let said = fields.text("binding");
    visit.session.binding.filter(|id| said == id.to_string())
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
    let Some(id) = own(&visit, &fields) else { return Ok(visit.back(&app, &[])) };
    let code = match OneTimeCode::parse(fields.text("code")) {
        Ok(code) => code,
        Err(error) => {
            return Ok(say(
                &app,
                match error {
                    OneTimeCodeError::Empty => Said::Empty,
                    OneTimeCodeError::NotACode => Said::NotACode,
                },
            ));
        }
    };
    let once = fields.text("once");
    let idempotency = visit.idempotency(&app, "confirm", once, &[code.expose()])?;
    let confirming = app.engine.confirm(visit.session.platform, id, idempotency, code);
    match soon(confirming).await {
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
    let Some(id) = own(&visit, &fields) else { return Ok(visit.back(&app, &[])) };
    let idempotency = visit.idempotency(&app, "resend", fields.text("once"), &[])?;
    let resending = app.engine.resend(visit.session.platform, id, idempotency);
    match soon(resending).await {
        None => Ok(visit.back(&app, &[])),
        Some(Ok(_)) => Ok(say(&app, Said::Resent)),
        Some(Err(other)) => settle(&app, &visit, Err(other), &[]),
    }
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
    let Some(id) = own(&visit, &fields) else { return Ok(visit.back(&app, &[])) };
    let idempotency = visit.idempotency(&app, "cancel", fields.text("once"), &[])?;
    let cancelled = app.engine.cancel(visit.session.platform, id, idempotency).await;
    let left = id.to_string();
    settle(&app, &visit, cancelled.map(drop), &[(cookies::LEFT, &left)])
}

/// After an action: the one address shows the state, and what was refused says why. Only faults
/// are shown here.
fn settle(
    app: &App,
    visit: &Visit,
    done: Result<(), EngineError>,
    cookies: &[(&str, &str)],
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(visit.back(app, cookies)),
        Err(EngineError::InvalidState { cause, .. }) => {
            Ok(Said::of_cause(&cause).map_or_else(|| visit.back(app, &[]), |said| say(app, said)))
        }
        Err(EngineError::InProgress) => Ok(visit.back(app, &[])),
        Err(EngineError::TooMany { retry_after_s, .. }) => Ok(say(app, Said::Wait(retry_after_s))),
        Err(EngineError::NoChannel) => Ok(say(app, Said::Closed)),
        Err(other) => Err(other.into()),
    }
}

/// To the one address, with something to say beside the field.
fn say(app: &App, said: Said) -> Response {
    redirect(app, &said.address(), &[], 0)
}
