//! Checking what was typed before anything is sent anywhere.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::finding::Severity;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::dto::{BinBody, FindingBody, PrecheckBody, PrecheckRequest, requests};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};
use crate::typed::Typed;

/// Check an entry
///
/// Checks what the borrower typed and returns all findings at once. Nothing is sent or stored, so no
/// Idempotency-Key is needed.
#[utoipa::path(
    post, path = "/v1/prechecks", tag = "Checks", security(("api_key" = [])),
    request_body = PrecheckRequest,
    responses(
        (status = 200, description = "What was found", body = PrecheckBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Json(request): Json<PrecheckRequest>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let environment = requests::environment(request.environment.as_deref())?;
    let precheck = app.engine.precheck(&request.entry()?, &environment);
    let body = PrecheckBody {
        passes: !precheck.findings.iter().any(|finding| finding.severity == Severity::Stop),
        findings: precheck.findings.iter().map(|f| FindingBody::new(f, info.lang)).collect(),
        card: precheck.card.as_ref().map(|card| {
            let number = request.card_number.as_ref().map_or("", Typed::expose);
            BinBody::of_card(&app, card, number, info.lang)
        }),
    };
    Ok(answer(StatusCode::OK, info.lang, &body))
}
