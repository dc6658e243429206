//! What the page's scripts ask for: the bank by its prefix, the server's rules for one field, the
//! state. All of it may be missing and the page still works.

use askama::Template as _;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use mingka_domain::bank_guide::BankGuide;
use mingka_domain::environment::Environment;
use mingka_domain::finding::{Finding, Severity};
use mingka_domain::precheck::{CardFacts, Entry};
use serde::{Deserialize, Serialize};

use super::views::{Hotline, PhoneHelp};
use super::visit::Visit;
use crate::api::events::{Followed, Reader, Told, live};
use crate::app::App;
use crate::bins;
use crate::body::Json;
use crate::dto::word;
use crate::problem::{Kind, Problem};
use crate::typed::Typed;

/// The bank of a prefix, in the borrower's words.
#[derive(Serialize)]
struct BankAnswer {
    /// The line under the field.
    line: String,
    /// The bank's name on the drawn card.
    bank: String,
    /// The kind on the drawn card.
    kind: String,
    /// What helps with the reserved phone, as the page without scripts has it.
    help: String,
}

/// `GET /b/bin/{prefix}`: six to ten digits, never more.
pub(super) async fn bin(
    State(app): State<App>,
    visit: Visit,
    Path(prefix): Path<String>,
) -> Result<Response, Problem> {
    if !bins::is_prefix(&prefix) {
        return Err(Problem::new(Kind::WrongQuery));
    }
    let rules = app.engine.rules();
    let w = visit.w;
    // While further digits could name another bank, nothing is said: it would have to be taken back.
    let settled = prefix.len() == bins::PREFIX_DIGITS_MAX || !rules.bins.undecided(&prefix);
    let row = rules.bins.find(&prefix).filter(|_| settled);
    let help = phone_help(&app, &visit, row.map(|row| &*row.bank_code));
    let help = help.render().map_err(|_| Problem::new(Kind::Internal))?;
    let body = match row {
        Some(row) => {
            let kind = row.kind.label(visit.lang);
            let bank = bins::bank_name(&row.bank_code, &row.bank_name, visit.lang);
            let accepted = bins::is_accepted(&rules, row.kind);
            let line = line_of(&visit, bank, kind, accepted);
            BankAnswer { line, bank: bank.to_owned(), kind: kind.to_owned(), help }
        }
        None => {
            let line = if settled { w.bank_unknown } else { "" };
            BankAnswer { line: line.to_owned(), bank: String::new(), kind: String::new(), help }
        }
    };
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

/// The line under the card number.
pub(super) fn bank_line(app: &App, visit: &Visit, facts: &CardFacts) -> String {
    let accepted = bins::is_accepted(&app.engine.rules(), facts.kind);
    line_of(visit, facts.issuer_name(visit.lang), facts.kind.label(visit.lang), accepted)
}

fn line_of(visit: &Visit, bank: &str, kind: &str, accepted: bool) -> String {
    let line = format!("{bank} · {kind}");
    if accepted { line } else { format!("{line} · {}", visit.w.kind_not_accepted) }
}

/// What helps with the reserved phone: the bank's own way where it is known, else general words.
pub(super) fn phone_help(app: &App, visit: &Visit, bank_code: Option<&str>) -> PhoneHelp {
    let (w, lang, rules) = (visit.w, visit.lang, app.engine.rules());
    let guide = bank_code.and_then(|code| rules.guides.get(code));
    let own = guide.map(|guide| guide.phone_words(lang)).unwrap_or_default();
    let general = [w.phone_what_text, w.phone_find, w.phone_change];
    let both = own.into_iter().zip(general);
    let mut lines: Vec<String> =
        both.map(|(own, general)| own.unwrap_or_else(|| general.to_owned())).collect();
    let phone = guide.and_then(|guide| guide.reserved_phone.as_ref());
    if phone.is_some_and(|phone| !phone.confirmed) {
        lines.push(w.phone_unsure.to_owned());
    }
    PhoneHelp {
        w,
        bank: guide.map(|guide| guide.bank.in_lang(lang).to_owned()),
        lines,
        hotline: guide.and_then(BankGuide::contact).map(|contact| Hotline::of(&contact, lang)),
    }
}

/// What one field holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CheckRequest {
    card_number: Option<Typed>,
    name: Option<Typed>,
    id_number: Option<Typed>,
    phone: Option<Typed>,
}

#[derive(Serialize)]
struct CheckAnswer {
    findings: Vec<CheckFinding>,
    /// Marks of the warnings shown: a form that brings them back need not stop for them again.
    acknowledged: String,
}

#[derive(Serialize)]
struct CheckFinding {
    severity: String,
    text: String,
    fix: String,
}

/// `POST /b/check`: the rules of the server for the field that was just left.
pub(super) async fn check(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Json(request): Json<CheckRequest>,
) -> Result<Response, Problem> {
    let csrf = headers.get("x-csrf").and_then(|value| value.to_str().ok()).unwrap_or_default();
    visit.require_csrf(&app, csrf, &headers)?;
    app.by_check
        .take(&visit.session.id, app.now())
        .map_err(|wait_s| Problem::new(Kind::TooMany).retry_after(wait_s))?;
    let entry = Entry {
        card_number: request.card_number.as_ref().map(Typed::expose),
        name: request.name.as_ref().map(Typed::expose),
        id_number: request.id_number.as_ref().map(Typed::expose),
        phone: request.phone.as_ref().map(Typed::expose),
        ..Entry::default()
    };
    let found = app.engine.precheck(&entry, &Environment::default()).findings;
    let marks: Vec<String> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Warn)
        .map(|finding| {
            let value = value_of(&entry, finding);
            visit.mark(&app, finding.field.name(), finding.cause.as_str(), value)
        })
        .collect();
    let body = CheckAnswer {
        findings: found
            .iter()
            .map(|finding| CheckFinding {
                severity: word(&finding.severity),
                text: finding.text(visit.lang),
                fix: finding.fix(visit.lang),
            })
            .collect(),
        acknowledged: marks.join(" "),
    };
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

fn value_of<'a>(entry: &Entry<'a>, finding: &Finding) -> &'a str {
    use mingka_domain::finding::Field;
    match finding.field {
        Field::CardNumber => entry.card_number,
        Field::Name => entry.name,
        Field::IdNumber => entry.id_number,
        Field::Phone => entry.phone,
        _ => None,
    }
    .unwrap_or_default()
}

#[derive(Serialize)]
struct StateAnswer {
    state: String,
}

/// `GET /b/state`: where the binding stands.
pub(super) async fn state(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let id = visit.session.binding.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let binding = app.engine.binding(visit.session.platform, id).await?;
    let body = StateAnswer { state: word(&binding.state) };
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

/// `GET /b/events`: the same, told as it changes.
pub(super) async fn events(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let id = visit.session.binding.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let reader = Reader::Session(visit.session.id);
    live(&app, reader, visit.session.platform, Followed::Binding(id), Told::State, 0)
}
