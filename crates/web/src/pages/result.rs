//! What became of it: waiting, bound, not bound, over.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::diagnosis::{Actor, Certainty, Diagnosis, NextStep, Retry};
use mingka_domain::hotline::Hotlines;
use mingka_domain::text::Lang;
use mingka_domain::time::SECOND_MS;
use mingka_engine::{BindingState, BindingView};

use super::said::Said;
use super::urlencoded::Fields;
use super::views::{ClosedPage, Hotline, Message, RefusedPage, SuccessPage, WaitingPage};
use super::visit::Visit;
use super::{bank_must_act, card_line, cookies, day_and_clock, face, frame, html};
use crate::app::App;
use crate::dto::word;
use crate::frame::Info;
use crate::problem::{Kind, Problem};

/// Nothing final is known: never called a failure.
pub(super) fn waiting(
    app: &App,
    visit: &Visit,
    binding: &BindingView,
) -> Result<Response, Problem> {
    let w = visit.w;
    let mut frame = frame(app, visit, w.waiting_title, 3);
    frame.refresh = true;
    frame.watch = Some(word(&binding.state));
    let page = WaitingPage {
        frame,
        doubtful: binding.state == BindingState::Doubtful,
        card_line: card_line(w, visit.lang, &binding.card),
        since: day_and_clock(binding.updated_at),
        return_url: visit.session.return_url.clone(),
    };
    html(StatusCode::OK, visit.lang, &page)
}

/// The card is bound.
pub(super) fn success(
    app: &App,
    visit: &Visit,
    binding: &BindingView,
) -> Result<Response, Problem> {
    let w = visit.w;
    let frame = frame(app, visit, w.success_title, 3);
    let page = SuccessPage {
        frame,
        card: face(w, visit.lang, &binding.card),
        masked: format!("•••• {}", binding.card.last4),
        completed: day_and_clock(binding.updated_at),
        reference: binding.id.to_string(),
        return_url: visit.session.return_url.clone(),
    };
    html(StatusCode::OK, visit.lang, &page)
}

/// The card was not bound: why, who acts, what next, when again.
pub(super) fn refused(
    app: &App,
    visit: &Visit,
    info: &Info,
    binding: &BindingView,
    notice: Option<Said>,
) -> Result<Response, Problem> {
    let w = visit.w;
    let diagnosis = binding.diagnosis.as_ref().ok_or_else(|| {
        tracing::error!(request.id = %info.id, binding.id = %binding.id,
            "a binding was refused without a diagnosis");
        Problem::new(Kind::Internal)
    })?;
    let bank_code = binding.card.bank_code.as_deref();
    let said = diagnosis.render(Dictionary::embedded(), Audience::Borrower, visit.lang, bank_code);
    let several = diagnosis.certainty == Certainty::OneOf && said.candidates.len() > 1;
    let candidates = said.candidates.into_iter().map(|one| (one.title, one.fix)).collect();
    let details = if several { Vec::new() } else { vec![said.fix] };
    let frame = frame(app, visit, w.refused_title, 3);
    let page = RefusedPage {
        frame,
        csrf: visit.csrf(app),
        once: Visit::once(app),
        several,
        candidates,
        reasons: vec![said.title, said.text],
        details,
        who: who(visit, diagnosis, said.actor),
        next: said.next_step,
        when: when(app, visit, diagnosis, binding, said.retry),
        card_line: card_line(w, visit.lang, &binding.card),
        hotline: hotline_of(visit.lang, diagnosis, bank_code),
        hotline_words: said.hotline,
        back: back(visit, diagnosis),
        reference: binding.id.to_string(),
        bank_code: diagnosis.evidence.iter().rev().find_map(|evidence| {
            evidence.code.as_ref().map(|code| format!("{} {code}", evidence.channel))
        }),
        // The exact causes stay with the agents: the borrower's reference leads them there.
        messages: notice.and_then(|notice| told(visit, notice)).into_iter().collect(),
        open: binding.state == BindingState::Checked,
        retry: retry_in(app, binding),
        return_url: visit.session.return_url.clone(),
    };
    html(StatusCode::OK, visit.lang, &page)
}

/// What a try that was refused says. No code was sent here, so none is on its way.
fn told(visit: &Visit, notice: Said) -> Option<Message> {
    if notice == Said::TooEarly {
        let text = visit.w.refused_not_yet.to_owned();
        return Some(Message { severity: "warn", text, fix: None });
    }
    notice.message(visit)
}

/// Who acts; "nobody" would be wrong where the borrower tries once more later.
fn who(visit: &Visit, diagnosis: &Diagnosis, words: String) -> String {
    if diagnosis.actor == Actor::Nobody && matches!(diagnosis.retry, Retry::After(_)) {
        return visit.w.refused_you_later.to_owned();
    }
    words
}

/// From when. An open binding knows the moment from which it takes another try.
fn when(
    app: &App,
    visit: &Visit,
    diagnosis: &Diagnosis,
    binding: &BindingView,
    words: String,
) -> String {
    let Retry::After(seconds) = diagnosis.retry else { return words };
    let own = binding.updated_at.plus_ms(i64::from(seconds) * SECOND_MS);
    let open = binding.code.as_ref().filter(|_| binding.state == BindingState::Checked);
    let at = open.map_or(own, |code| code.resend_after);
    if at.since_ms(app.now()) <= 0 {
        return visit.w.retry_now.to_owned();
    }
    format!("{}{}", visit.w.retry_after, day_and_clock(at))
}

/// The seconds until another code may be asked for; nothing where none may be.
fn retry_in(app: &App, binding: &BindingView) -> Option<i64> {
    let code = binding.code.as_ref().filter(|_| binding.state == BindingState::Checked)?;
    let wait_ms = code.resend_after.since_ms(app.now()).max(0);
    // Rounded up, so that the button never comes to life too early.
    (code.sends_left > 0).then_some((wait_ms + SECOND_MS - 1) / SECOND_MS)
}

/// A number to tap, where the bank must act and its number is known.
pub(super) fn hotline_of(
    lang: Lang,
    diagnosis: &Diagnosis,
    bank_code: Option<&str>,
) -> Option<Hotline> {
    if !bank_must_act(diagnosis) {
        return None;
    }
    let found = Hotlines::embedded().find(bank_code?)?;
    let bank = found.bank.in_lang(lang).to_owned();
    Some(Hotline { number: found.number.clone(), bank })
}

fn back(visit: &Visit, diagnosis: &Diagnosis) -> &'static str {
    let w = visit.w;
    match diagnosis.next_step {
        NextStep::CorrectEntry => w.refused_fix,
        NextStep::RequestNewCode => w.refused_new_code,
        NextStep::UseAnotherCard | NextStep::CallBank | NextStep::VisitBank => w.refused_other,
        _ => w.refused_again,
    }
}

/// Expired, cancelled, unbound.
pub(super) fn closed(app: &App, visit: &Visit, binding: &BindingView) -> Result<Response, Problem> {
    let w = visit.w;
    let (heading, text) = match binding.state {
        BindingState::Expired => (w.expired_title, w.expired_text),
        BindingState::Unbound => (w.unbound_title, w.unbound_text),
        _ => (w.cancelled_title, w.cancelled_text),
    };
    let frame = frame(app, visit, heading, 3);
    let page = ClosedPage {
        frame,
        heading,
        text: text.to_owned(),
        again: true,
        to_page: false,
        leave: true,
        return_url: visit.session.return_url.clone(),
        csrf: visit.csrf(app),
        once: Visit::once(app),
    };
    html(StatusCode::OK, visit.lang, &page)
}

/// `POST /b/again`: turn away from a binding that is over, back to the form.
pub(super) async fn again(
    State(app): State<App>,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Problem> {
    visit.require_csrf(&app, fields.text("csrf"), &headers)?;
    visit.take_turn(&app)?;
    let left = visit.session.binding.map(|id| id.to_string());
    let cookies: Vec<(&str, &str)> = left.iter().map(|id| (cookies::LEFT, id.as_str())).collect();
    Ok(visit.back(&app, &cookies))
}
