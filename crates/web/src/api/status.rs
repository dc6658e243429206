//! The borrower's page about a payment: the platform opens it and sends the borrower there.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{Caller, IdPath};
use crate::dto::{StatusLinkBody, StatusLinkRequest};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Open a payment's page
///
/// Returns an address with a short-lived token for the borrower of this payment: state, timeline
/// and next step in plain words, live. Open a new one each time the borrower wants to look.
#[utoipa::path(
    post, path = "/v1/payments/{id}/status-link", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The payment"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    request_body = StatusLinkRequest,
    responses(
        (status = 201, description = "The page's address", body = StatusLinkBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    Changing { idempotency, body }: Changing<StatusLinkRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let (lang, back) = body.link()?;
    let (link, token) = app.engine.open_status(platform, idempotency, id, lang, back).await?;
    let base = app.settings.public_url.trim_end_matches('/');
    let body =
        StatusLinkBody { url: format!("{base}/p/{token}"), expires_at: link.expires_at.rfc3339() };
    Ok(answer(StatusCode::CREATED, info.lang, &body))
}
