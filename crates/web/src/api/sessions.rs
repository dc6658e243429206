//! Hosted pages: the platform opens one for a borrower and sends the borrower to its address.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::Caller;
use crate::dto::{SessionBody, SessionRequest};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Open a hosted page
///
/// Returns an address with a short-lived token. Send the borrower there at once. What you send of
/// `name`, `id_number` and `phone` is checked now, kept sealed, forgotten within an hour
/// after the page's time is over, and shown on the page only masked.
#[utoipa::path(
    post, path = "/v1/binding-sessions", tag = "Bindings", security(("api_key" = [])),
    params(("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely")),
    request_body = SessionRequest,
    responses(
        (status = 201, description = "The page's address", body = SessionBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<SessionRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let opened = app.engine.open_session(platform, idempotency, body.session()?).await?;
    let base = app.settings.public_url.trim_end_matches('/');
    let url = format!("{base}/b/{}", opened.token);
    Ok(answer(StatusCode::CREATED, info.lang, &SessionBody::new(opened.session, url)))
}
