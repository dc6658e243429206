//! Receipts: what happened to one payment or card, with the proof that it stands in the log.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::effect::Subject;
use mingka_domain::id::kind;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::caller::{Caller, IdPath};
use crate::dto::ReceiptBody;
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Receipt of a payment
///
/// Everything that happened to it, each event with the proof that it stands in the append-only log,
/// and the log's signed state. `mingka evidence verify` checks it offline with the public key.
#[utoipa::path(
    get, path = "/v1/payments/{id}/evidence", tag = "Evidence", security(("api_key" = [])),
    params(("id" = String, Path, description = "The payment")),
    responses(
        (status = 200, description = "The receipt", body = ReceiptBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_payment(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
) -> Result<Response, Problem> {
    receipt(&app, &info, &caller, Subject::Payment(id)).await
}

/// Receipt of a binding
///
/// As for a payment; its first event also says which texts were accepted.
#[utoipa::path(
    get, path = "/v1/bindings/{id}/evidence", tag = "Evidence", security(("api_key" = [])),
    params(("id" = String, Path, description = "The binding")),
    responses(
        (status = 200, description = "The receipt", body = ReceiptBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_binding(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
) -> Result<Response, Problem> {
    receipt(&app, &info, &caller, Subject::Binding(id)).await
}

async fn receipt(
    app: &App,
    info: &Info,
    caller: &Caller,
    subject: Subject,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let receipt = app.engine.receipt(platform, subject).await?;
    Ok(answer(StatusCode::OK, info.lang, &ReceiptBody::from(receipt)))
}
