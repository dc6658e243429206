//! What became of it: waiting, bound, not bound, over.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use mingka_domain::bank_guide::BankContact;
use mingka_domain::cause::{Action, Audience, Dictionary};
use mingka_domain::diagnosis::{Actor, Certainty, Diagnosis, NextStep, Rendered, Retry};
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

/// The card was not bound: why, who acts, what next, when again. Everything on it is of the
/// borrower's view: nobody learns from it whether a card is lost, stolen, frozen or suspected.
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
    let dictionary = Dictionary::embedded();
    let diagnosis = diagnosis.for_borrower(dictionary);
    let bank = binding.card.contact.as_ref();
    let said = diagnosis.render(dictionary, Audience::Borrower, visit.lang, bank);
    let steps = steps_of(&said);
    let calls = said.steps.iter().any(|step| step.action == Action::CallBank);
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
        who: who(visit, &diagnosis, said.actor),
        next: said.next_step,
        steps,
        when: when(app, visit, &diagnosis, binding, said.retry),
        card_line: card_line(w, visit.lang, &binding.card),
        hotline: hotline_of(visit.lang, &diagnosis, bank),
        // The step that says to call names the number already.
        hotline_words: said.hotline.filter(|_| !calls),
        back: back(visit, &diagnosis),
        // Causes and codes stay with the agents: this leads them there.
        reference: binding.id.to_string(),
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

/// What to do, in order; nothing where the one step only repeats what is next.
pub(super) fn steps_of(said: &Rendered) -> Vec<String> {
    let steps: Vec<String> = said.steps.iter().map(|step| step.text.clone()).collect();
    if steps == [said.next_step.as_str()] { Vec::new() } else { steps }
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
    let Some(own) = diagnosis.retry.moment(binding.updated_at) else { return words };
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
    bank: Option<&BankContact>,
) -> Option<Hotline> {
    bank.filter(|_| bank_must_act(diagnosis)).map(|bank| Hotline::of(bank, lang))
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
