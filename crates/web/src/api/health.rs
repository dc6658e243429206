//! Whether this process lives, and whether it can serve.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::answer;
use crate::app::App;
use crate::dto::HealthBody;
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Alive
#[utoipa::path(
    get, path = "/health/live", tag = "Health",
    responses((status = 200, description = "The process runs", body = HealthBody))
)]
pub(crate) async fn live(State(app): State<App>, info: Info) -> Response {
    answer(StatusCode::OK, info.lang, &HealthBody::ok(app.now()))
}

/// Ready
#[utoipa::path(
    get, path = "/health/ready", tag = "Health",
    responses(
        (status = 200, description = "The database answers", body = HealthBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(app): State<App>, info: Info) -> Result<Response, Problem> {
    // One small read proves that the database answers.
    app.engine.platforms().await?;
    Ok(answer(StatusCode::OK, info.lang, &HealthBody::ok(app.now())))
}
