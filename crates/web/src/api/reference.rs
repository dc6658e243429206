//! What the house knows: causes, what banks' answers mean, BINs, channels, consent texts.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use mingka_domain::card::CardNumber;
use mingka_domain::diagnosis::words::WordReader;
use mingka_domain::mapping::MappingBook;
use mingka_domain::precheck::CardFacts;
use mingka_domain::text::Lang;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::bins;
use crate::body::Json;
use crate::caller::Caller;
use crate::dto::{
    BinBody, CauseBody, CauseList, ChannelBody, ChannelList, ConsentBody, ConsentList,
    ConsentTextBody, DiagnosisRequest, ExplanationBody,
};
use crate::frame::Info;
use crate::problem::{Kind, Problem, ProblemBody};

/// List causes
///
/// The whole dictionary, in the language of `Accept-Language`.
#[utoipa::path(
    get, path = "/v1/causes", tag = "Reference", security(("api_key" = [])),
    responses(
        (status = 200, description = "All causes", body = CauseList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn causes(
    State(app): State<App>,
    info: Info,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let dictionary = app.engine.dictionary();
    let items = dictionary.all().map(|c| CauseBody::new(dictionary, c, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &CauseList { items }))
}

/// Explain a cause
#[utoipa::path(
    get, path = "/v1/causes/{code}", tag = "Reference", security(("api_key" = [])),
    params(("code" = String, Path, description = "A stable cause code, such as `card.lost`")),
    responses(
        (status = 200, description = "The cause", body = CauseBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cause(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let dictionary = app.engine.dictionary();
    let cause = dictionary.find(&code).ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(answer(StatusCode::OK, info.lang, &CauseBody::new(dictionary, cause, info.lang)))
}

/// Explain a bank's answer
///
/// For platforms that keep a gateway of their own: what a code or a bank's own words mean, as
/// `mingka explain` says it. Nothing is sent, stored or logged, so no Idempotency-Key is needed.
#[utoipa::path(
    post, path = "/v1/diagnoses", tag = "Reference", security(("api_key" = [])),
    request_body = DiagnosisRequest,
    responses(
        (status = 200, description = "What it means", body = ExplanationBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn explain(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Json(request): Json<DiagnosisRequest>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let heard = request.heard(&app.engine, app.now())?;
    let (book, reader) = (MappingBook::embedded(), WordReader::embedded());
    let explained = heard.explain(app.engine.dictionary(), book, reader);
    let rules = app.engine.rules();
    let bank = request.bank_code.as_deref().and_then(|code| rules.guides.contact(code));
    let body = ExplanationBody::new(&explained, info.lang, bank.as_ref());
    Ok(answer(StatusCode::OK, info.lang, &body))
}

/// Look up a BIN
///
/// Six to ten digits, never more: a whole card number does not belong in an address.
#[utoipa::path(
    get, path = "/v1/bins/{prefix}", tag = "Reference", security(("api_key" = [])),
    params(("prefix" = String, Path, description = "The first 6 to 10 digits", example = "621700")),
    responses(
        (status = 200, description = "The bank", body = BinBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn bin(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Path(prefix): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    if !bins::is_prefix(&prefix) {
        return Err(Problem::new(Kind::WrongQuery).detail(
            "只接受 6 至 10 位数字；请不要在地址里放完整卡号。",
            "Give 6 to 10 digits; a whole card number does not belong in an address.",
        ));
    }
    let rules = app.engine.rules();
    let row = rules.bins.find(&prefix).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let body = BinBody {
        bin: row.bin.to_string(),
        bank_code: row.bank_code.to_string(),
        bank_name: bins::bank_name(&row.bank_code, &row.bank_name, info.lang).to_owned(),
        kind: row.kind.name().to_owned(),
        kind_name: row.kind.label(info.lang).to_owned(),
        length: row.pan_length,
        accepted: bins::is_accepted(&rules, row.kind),
    };
    Ok(answer(StatusCode::OK, info.lang, &body))
}

impl BinBody {
    /// What a precheck learnt from a card number.
    pub(crate) fn of_card(app: &App, facts: &CardFacts, number: &str, lang: Lang) -> Self {
        let card = CardNumber::parse(number).ok();
        let digits = card.as_ref().map_or("", CardNumber::expose);
        Self {
            bin: digits.chars().take(usize::from(facts.bin_length)).collect(),
            bank_code: facts.bank_code.to_string(),
            bank_name: facts.issuer_name(lang).to_owned(),
            kind: facts.kind.name().to_owned(),
            kind_name: facts.kind.label(lang).to_owned(),
            length: facts.pan_length,
            accepted: bins::is_accepted(&app.engine.rules(), facts.kind),
        }
    }
}

/// List channels
#[utoipa::path(
    get, path = "/v1/channels", tag = "Reference", security(("api_key" = [])),
    responses(
        (status = 200, description = "All channels", body = ChannelList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn channels(
    State(app): State<App>,
    info: Info,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let items = app.engine.channels().into_iter();
    let items = items.map(|view| ChannelBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &ChannelList { items }))
}

/// Show the consent texts
///
/// The texts in force, with the platform and every recipient named. Show them in full and send back
/// what was accepted with the binding.
#[utoipa::path(
    get, path = "/v1/consents", tag = "Reference", security(("api_key" = [])),
    responses(
        (status = 200, description = "The texts", body = ConsentList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn consents(
    State(app): State<App>,
    info: Info,
    caller: Caller,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let views = app.engine.consents(platform, info.lang).await?;
    let items = views.into_iter().map(ConsentBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &ConsentList { items }))
}

/// Show an accepted text
///
/// The exact text behind the hash in a binding's `consents`, as the borrower read it, also after
/// the text or its recipients have changed. It names no borrower.
#[utoipa::path(
    get, path = "/v1/consents/{sha256}", tag = "Reference", security(("api_key" = [])),
    params(("sha256" = String, Path, description = "The hash, 64 lower-case hexadecimal digits")),
    responses(
        (status = 200, description = "The text", body = ConsentTextBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn consent_text(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let text = app.engine.consent_text(&sha256).await?;
    Ok(answer(StatusCode::OK, info.lang, &ConsentTextBody::from(text)))
}
