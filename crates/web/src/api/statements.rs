//! Banks' statements: imported, and compared with the payments.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Csv;
use crate::caller::Caller;
use crate::dto::StatementBody;
use crate::frame::Info;
use crate::problem::{Kind, Problem, ProblemBody};

/// Import a statement
///
/// In the form of docs/statements.md, for a settlement day that is over. A line proves what it
/// says; what stands in neither its own day's nor the next day's complete statement did not move.
/// The same file again changes nothing, so no Idempotency-Key is needed. Answers how the day
/// compares.
#[utoipa::path(
    post, path = "/v1/statements", tag = "Statements", security(("api_key" = [])),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses(
        (status = 200, description = "How the day compares", body = StatementBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Csv(content): Csv,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Statements)?;
    let report = app.engine.import_statement(platform, &content).await?;
    Ok(answer(StatusCode::OK, info.lang, &StatementBody::from(report)))
}

/// Compare a settlement day
///
/// The day's statements beside your payments: what matches, what nobody knows, what is missing,
/// what differs, and what was refused and moved all the same.
#[utoipa::path(
    get, path = "/v1/statements/{day}", tag = "Statements", security(("api_key" = [])),
    params(("day" = String, Path, description = "The settlement day, such as 2026-11-26")),
    responses(
        (status = 200, description = "How the day compares", body = StatementBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Path(day): Path<String>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let day = day.parse().map_err(|_| Problem::new(Kind::NotFound))?;
    let report = app.engine.statement_report(platform, day).await?;
    Ok(answer(StatusCode::OK, info.lang, &StatementBody::from(report)))
}
