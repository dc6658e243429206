//! What may be collected from a bound card: stated, shown, ended.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{Caller, IdPath};
use crate::dto::{EmptyRequest, MandateBody, MandateRequest};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// State a mandate
///
/// What may be collected from this card: payee, purpose, cycle, the most of one collection, term.
/// It takes the place of what was stated before, stands beside the text that the borrower accepted,
/// and is held to: a repayment above it, or after its term, is refused before anything is sent.
#[utoipa::path(
    post, path = "/v1/instruments/{id}/mandate", tag = "Instruments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The bound card"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    request_body = MandateRequest,
    responses(
        (status = 200, description = "The mandate", body = MandateBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn state(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Instrument>,
    Changing { idempotency, body }: Changing<MandateRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let new = Some(body.mandate(app.now())?);
    let view = app.engine.state_mandate(platform, idempotency, id, new).await?;
    Ok(answer(StatusCode::OK, info.lang, &MandateBody::from(view)))
}

/// End a mandate
///
/// Nothing is collected from this card any more, until another is stated.
#[utoipa::path(
    post, path = "/v1/instruments/{id}/mandate/end", tag = "Instruments",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The bound card"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    responses(
        (status = 200, description = "The mandate", body = MandateBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Instrument>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let view = app.engine.state_mandate(platform, idempotency, id, None).await?;
    Ok(answer(StatusCode::OK, info.lang, &MandateBody::from(view)))
}

/// Show a mandate
#[utoipa::path(
    get, path = "/v1/instruments/{id}/mandate", tag = "Instruments", security(("api_key" = [])),
    params(("id" = String, Path, description = "The bound card")),
    responses(
        (status = 200, description = "The mandate", body = MandateBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Instrument>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let view = app.engine.mandate(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &MandateBody::from(view)))
}
