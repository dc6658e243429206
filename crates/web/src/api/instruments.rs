//! Bound cards: list, look, unbind.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{BorrowerCursor, BorrowerQuery, Caller, IdPath};
use crate::dto::{EmptyRequest, InstrumentBody, InstrumentList};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// List instruments
///
/// Bound cards, newest first.
#[utoipa::path(
    get, path = "/v1/instruments", tag = "Instruments", security(("api_key" = [])),
    params(BorrowerQuery),
    responses(
        (status = 200, description = "One page", body = InstrumentList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    wanted: BorrowerCursor<kind::Instrument>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let borrower = wanted.borrower_ref.as_deref();
    let page = app.engine.instruments(platform, borrower, wanted.cursor).await?;
    let items = page.items.into_iter().map(|view| InstrumentBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &InstrumentList { items, has_more: page.has_more }))
}

/// Show an instrument
#[utoipa::path(
    get, path = "/v1/instruments/{id}", tag = "Instruments", security(("api_key" = [])),
    params(("id" = String, Path, description = "The instrument")),
    responses(
        (status = 200, description = "The instrument", body = InstrumentBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Instrument>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let view = app.engine.instrument(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &InstrumentBody::new(view, info.lang)))
}

/// Unbind
///
/// Ends the agreement at the bank. The state is `unbinding` until the bank has answered.
#[utoipa::path(
    post, path = "/v1/instruments/{id}/unbind", tag = "Instruments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The instrument"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 200, description = "The instrument", body = InstrumentBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unbind(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Instrument>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let view = app.engine.unbind(platform, id, idempotency).await?;
    Ok(answer(StatusCode::OK, info.lang, &InstrumentBody::new(view, info.lang)))
}
