//! The first page: the fields, the consents, and what is wrong with them.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use mingka_domain::consent::ConsentKind;
use mingka_domain::finding::{Field as Place, Finding, Severity};
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::precheck::{CardFacts, Entry};
use mingka_engine::{BindingState, ConsentGiven, ConsentView, EngineError, NewBinding, OnPage};
use zeroize::Zeroizing;

use super::urlencoded::Fields;
use super::views::{Consent, Face, Field, FormPage, Message};
use super::visit::{Kept, Visit, remember_lang};
use super::{cookies, environment, frame, html, may_leave, side, soon};
use crate::app::App;
use crate::problem::Problem;

/// The longest text that is kept for another try, in bytes.
const KEPT_BYTES_MAX: usize = 256;

/// What the page is filled with.
#[derive(Default)]
struct Filled<'a> {
    /// What was typed, by the name of its field.
    card_number: &'a str,
    name: &'a str,
    id_number: &'a str,
    phone: &'a str,
    consents: Vec<ConsentKind>,
    /// Whether missing consents are to be shown as missing.
    submitted: bool,
    findings: Vec<Finding>,
    facts: Option<CardFacts>,
    seen: String,
    only_warnings: bool,
    general: Vec<Message>,
    /// Whether the borrower was here before, and misses the card number.
    returning: bool,
}

/// The page with nothing typed yet.
pub(super) async fn empty(app: &App, visit: &Visit) -> Result<Response, Problem> {
    let texts = texts(app, visit).await?;
    let ticked = texts.iter().filter(|text| visit.kept.ticked(&text.sha256));
    // What the platform reported of the phone is said before anything is typed.
    let reported = app.engine.precheck(&Entry::default(), &visit.session.environment);
    let mut filled = Filled {
        consents: ticked.map(|text| text.kind).collect(),
        returning: visit.left.is_some(),
        findings: reported.findings,
        ..Filled::default()
    };
    filled.seen = marks(app, visit, None, &filled.findings).join(" ");
    page(app, visit, &texts, filled, StatusCode::OK)
}

/// The consent texts in force, in the borrower's language.
async fn texts(app: &App, visit: &Visit) -> Result<Vec<ConsentView>, Problem> {
    Ok(app.engine.consents(visit.session.platform, visit.lang).await?)
}

/// `POST /b/bind`.
pub(super) async fn bind(
    State(app): State<App>,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Problem> {
    visit.require_csrf(&app, fields.text("csrf"), &headers)?;
    if let Some(chosen) = crate::lang::parse(fields.text("lang")) {
        return in_other_words(&app, visit.speaking(chosen), &fields).await;
    }
    visit.take_turn(&app)?;
    if let Some(running) = running(&app, &visit).await? {
        return Ok(running);
    }
    let used = Used::of(&fields, &visit);
    let environment = environment::told(&app, &visit, &fields);
    let precheck = app.engine.precheck(&used.entry(), &environment);
    let texts = texts(&app, &visit).await?;
    let consents = given(&texts, &fields);
    let mut filled = Filled {
        card_number: fields.text("card_number"),
        name: fields.text("name"),
        id_number: fields.text("id_number"),
        phone: fields.text("phone"),
        consents: consents.iter().map(|consent| consent.kind).collect(),
        submitted: true,
        facts: precheck.card,
        findings: precheck.findings,
        ..Filled::default()
    };
    let stops = filled.findings.iter().any(|finding| finding.severity == Severity::Stop);
    let unread = !stops && mark_warnings(&app, &visit, &used, &fields, &mut filled);
    if stops || unread || filled.consents.len() < ConsentKind::ALL.len() {
        return page(&app, &visit, &texts, filled, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let all = [&used.card_number, &used.name, &used.id_number, &used.phone];
    let values = all.map(|value| value.as_str());
    let idempotency = visit.idempotency(&app, "bind", fields.text("once"), &values)?;
    let new = NewBinding {
        entry: used.entry(),
        environment,
        consents,
        borrower_ref: visit.session.borrower_ref.clone(),
        page: Some(OnPage { session: visit.session.id, showed: visit.session.binding }),
    };
    let binding = app.engine.bind(visit.session.platform, idempotency, new);
    match soon(binding).await {
        None | Some(Ok(_)) => {
            let kept = used.keep(&visit, &texts).seal(&app, &visit.session);
            Ok(visit.back(&app, &[(cookies::KEPT, &kept)]))
        }
        Some(Err(error)) => refused(&app, &visit, &texts, error, filled),
    }
}

/// The language was switched in the middle of typing: the same page in the other one, unchecked.
/// The card number is not given back, and consent belongs to the wording that was read.
async fn in_other_words(app: &App, visit: Visit, fields: &Fields) -> Result<Response, Problem> {
    let texts = texts(app, &visit).await?;
    let filled = Filled {
        name: fields.text("name"),
        id_number: fields.text("id_number"),
        phone: fields.text("phone"),
        returning: !fields.text("number_typed").is_empty(),
        ..Filled::default()
    };
    let mut response = page(app, &visit, &texts, filled, StatusCode::OK)?;
    remember_lang(app, &visit, &mut response);
    Ok(response)
}

/// A binding that is under way is shown instead of beginning another beside it.
async fn running(app: &App, visit: &Visit) -> Result<Option<Response>, Problem> {
    let Some(id) = visit.session.binding else { return Ok(None) };
    let binding = app.engine.binding(visit.session.platform, id).await?;
    let free = may_leave(binding.state);
    let checked = binding.state == BindingState::Checked && binding.diagnosis.is_some();
    Ok((!free && !checked).then(|| visit.back(app, &[])))
}

/// The engine said no: on the same page, with everything that was typed.
fn refused(
    app: &App,
    visit: &Visit,
    texts: &[ConsentView],
    error: EngineError,
    mut filled: Filled<'_>,
) -> Result<Response, Problem> {
    let w = visit.w;
    let general = |text: String| vec![Message { severity: "warn", text, fix: None }];
    let status = match error {
        EngineError::Findings(findings) => {
            filled.findings = findings;
            StatusCode::UNPROCESSABLE_ENTITY
        }
        EngineError::ConsentMissing(kinds) => {
            filled.consents.retain(|kind| !kinds.contains(kind));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        EngineError::TooMany { retry_after_s, cause } => {
            let said = crate::error::said(&cause, visit.lang);
            filled.general = general(format!("{said} {}{retry_after_s}", w.too_soon));
            StatusCode::TOO_MANY_REQUESTS
        }
        EngineError::NoChannel | EngineError::Unavailable => {
            filled.general = general(w.trouble_text.to_owned());
            StatusCode::SERVICE_UNAVAILABLE
        }
        EngineError::InProgress | EngineError::InvalidState { .. } => {
            return Ok(visit.back(app, &[]));
        }
        other => return Err(other.into()),
    };
    page(app, visit, texts, filled, status)
}

/// The values that count: what was typed now, or else what is known already.
struct Used {
    card_number: Zeroizing<String>,
    name: Zeroizing<String>,
    id_number: Zeroizing<String>,
    phone: Zeroizing<String>,
}

impl Used {
    fn of(fields: &Fields, visit: &Visit) -> Self {
        let or_known = |place: Place| {
            let typed = fields.text(place.name());
            let text = if typed.trim().is_empty() { visit.known(place) } else { typed };
            Zeroizing::new(text.to_owned())
        };
        Self {
            card_number: or_known(Place::CardNumber),
            name: or_known(Place::Name),
            id_number: or_known(Place::IdNumber),
            phone: or_known(Place::Phone),
        }
    }

    fn entry(&self) -> Entry<'_> {
        Entry::four(&self.card_number, &self.name, &self.id_number, &self.phone)
    }

    fn text(&self, place: Place) -> &str {
        match place {
            Place::CardNumber => &self.card_number,
            Place::Name => &self.name,
            Place::IdNumber => &self.id_number,
            Place::Phone => &self.phone,
            _ => "",
        }
    }

    /// What the cookie keeps. What the platform knew stays here and need not travel.
    fn keep(self, visit: &Visit, texts: &[ConsentView]) -> Kept {
        let read: Vec<&str> = texts.iter().map(|text| text.sha256.as_str()).collect();
        let needed = |text: Zeroizing<String>, place: Place| {
            let new = text.as_str() != visit.prefilled(place);
            if new && text.len() <= KEPT_BYTES_MAX { text } else { Zeroizing::default() }
        };
        Kept {
            name: needed(self.name, Place::Name),
            id_number: needed(self.id_number, Place::IdNumber),
            phone: needed(self.phone, Place::Phone),
            ticks: read.join(" "),
        }
    }
}

/// Notes which warnings are shown now; says whether one of them was not shown before.
fn mark_warnings(
    app: &App,
    visit: &Visit,
    used: &Used,
    fields: &Fields,
    filled: &mut Filled<'_>,
) -> bool {
    let before: Vec<&str> = fields.text("seen").split(' ').collect();
    let now = marks(app, visit, Some(used), &filled.findings);
    let unread = now.iter().any(|mark| !before.contains(&mark.as_str()));
    filled.seen = now.join(" ");
    filled.only_warnings = unread;
    unread
}

/// The marks of these findings about these values.
fn marks(app: &App, visit: &Visit, used: Option<&Used>, findings: &[Finding]) -> Vec<String> {
    let mark = |finding: &Finding| {
        let value = used.map_or("", |used| used.text(finding.field));
        visit.mark(app, finding.field.name(), finding.cause.as_str(), value)
    };
    findings.iter().map(mark).collect()
}

/// The boxes that were ticked for the texts that are in force now.
fn given(texts: &[ConsentView], fields: &Fields) -> Vec<ConsentGiven> {
    let accepted = texts.iter().filter(|text| fields.text(box_name(text.kind)) == text.version);
    accepted
        .map(|text| ConsentGiven {
            kind: text.kind,
            version: text.version.clone(),
            lang: text.lang,
            sha256: Some(text.sha256.clone()),
        })
        .collect()
}

/// The name of a consent's box in the form.
const fn box_name(kind: ConsentKind) -> &'static str {
    match kind {
        ConsentKind::InformationSharing => "consent_sharing",
        ConsentKind::Mandate => "consent_mandate",
    }
}

fn page(
    app: &App,
    visit: &Visit,
    texts: &[ConsentView],
    filled: Filled<'_>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let stop = |finding: &Finding| finding.severity == Severity::Stop;
    let bank = filled.facts.as_ref().map(|facts| &*facts.bank_code);
    let consents = consents(texts, &filled);
    let missing = consents.iter().any(|consent| consent.missing);
    let mut general = filled.general.clone();
    general.extend(Message::all(&filled.findings, Place::Environment, visit.lang));
    let page = FormPage {
        frame: frame(app, visit, visit.w.form_title, 1),
        card: face(visit, filled.facts.as_ref()),
        csrf: visit.csrf(app),
        once: Visit::once(app),
        seen: filled.seen.clone(),
        has_stops: filled.submitted && (missing || filled.findings.iter().any(stop)),
        only_warnings: filled.only_warnings && !missing,
        general,
        number: number_field(app, visit, &filled),
        name: text_field(visit, &filled, Place::Name),
        id_number: text_field(visit, &filled, Place::IdNumber),
        phone: text_field(visit, &filled, Place::Phone),
        help: side::phone_help(app, visit, bank),
        recipients: recipients(app, visit),
        consents,
    };
    html(status, visit.lang, &page)
}

fn consents(texts: &[ConsentView], filled: &Filled<'_>) -> Vec<Consent> {
    texts
        .iter()
        .map(|text| {
            let accepted = filled.consents.contains(&text.kind);
            Consent {
                name: box_name(text.kind),
                statement: text.label.clone(),
                version: text.version.clone(),
                title: text.title.clone(),
                paragraphs: text.paragraphs.clone(),
                accepted,
                missing: filled.submitted && !accepted,
            }
        })
        .collect()
}

/// Everybody who receives what is entered here.
fn recipients(app: &App, visit: &Visit) -> Vec<String> {
    let channels = app.engine.channels().into_iter();
    let mut names: Vec<String> =
        channels.map(|channel| channel.name.in_lang(visit.lang).to_owned()).collect();
    names.push(visit.w.recipient_issuer.to_owned());
    names
}

fn face(visit: &Visit, facts: Option<&CardFacts>) -> Face {
    let w = visit.w;
    Face {
        bank: facts.map_or(w.card_bank_unknown, |facts| facts.issuer_name(visit.lang)).to_owned(),
        kind: facts.map_or("", |facts| facts.kind.label(visit.lang)).to_owned(),
        groups: vec!["••••".to_owned(); 4],
        holder: w.card_holder_you.to_owned(),
    }
}

fn number_field(app: &App, visit: &Visit, filled: &Filled<'_>) -> Field {
    let w = visit.w;
    let line = filled.facts.as_ref().map(|facts| side::bank_line(app, visit, facts));
    Field {
        name: "card_number",
        label: w.number_label,
        hint: w.number_hint,
        kind: "text",
        inputmode: "numeric",
        autocomplete: "cc-number",
        value: filled.card_number.to_owned(),
        known: None,
        note: (filled.card_number.is_empty() && filled.returning).then_some(w.number_again),
        messages: Message::all(&filled.findings, Place::CardNumber, visit.lang),
        bank_known: line.is_some(),
        bank_line: line.unwrap_or_default(),
    }
}

fn text_field(visit: &Visit, filled: &Filled<'_>, place: Place) -> Field {
    let w = visit.w;
    let known = visit.known(place);
    let (label, hint, kind, inputmode, autocomplete, value, known) = match place {
        Place::Name => {
            let known = HolderName::parse(known).ok().map(|name| name.masked());
            (w.name_label, w.name_hint, "text", "", "cc-name", filled.name, known)
        }
        Place::IdNumber => {
            let known = IdNumber::parse(known).ok().map(|id| id.masked());
            (w.id_label, w.id_hint, "text", "", "off", filled.id_number, known)
        }
        _ => {
            let known = ReservedPhone::parse(known).ok().map(|phone| phone.masked());
            (w.phone_label, w.phone_hint, "tel", "tel", "tel-national", filled.phone, known)
        }
    };
    Field {
        name: place.name(),
        label,
        hint,
        kind,
        inputmode,
        autocomplete,
        value: value.to_owned(),
        known,
        note: None,
        messages: Message::all(&filled.findings, place, visit.lang),
        bank_line: String::new(),
        bank_known: false,
    }
}
