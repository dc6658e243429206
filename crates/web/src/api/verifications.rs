//! Two- to four-element verifications: ask, look.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_engine::{NewVerification, Scope};

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{BorrowerCursor, BorrowerQuery, Caller, IdPath};
use crate::dto::{VerificationBody, VerificationList, VerificationRequest, requests};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Verify elements
///
/// Asks the channel whether card, name, ID number and reserved phone belong together. The elements
/// that are given decide which product is asked. What the bank answered within its quota's window
/// about exactly these elements is answered from the record: `answered_from` then names the
/// verification in which it was asked, and `quota_left` does not fall.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "Checks", security(("api_key" = [])),
    params(("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely")),
    request_body = VerificationRequest,
    responses(
        (status = 201, description = "The verification", body = VerificationBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<VerificationRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Verify)?;
    let new = NewVerification {
        entry: body.entry(),
        environment: requests::environment(body.environment.as_deref())?,
        consents: requests::consents(&body.consents)?,
        borrower_ref: requests::reference(body.borrower_ref.as_deref())?,
    };
    let view = app.engine.verify(platform, idempotency, new).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &VerificationBody::new(view, info.lang)))
}

/// Show a verification
#[utoipa::path(
    get, path = "/v1/verifications/{id}", tag = "Checks", security(("api_key" = [])),
    params(("id" = String, Path, description = "The verification")),
    responses(
        (status = 200, description = "The verification", body = VerificationBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Verification>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let view = app.engine.verification(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &VerificationBody::new(view, info.lang)))
}

/// List verifications
///
/// Newest first; only one borrower's with `borrower_ref`, only those of a span of time with
/// `created_from` and `created_until`.
#[utoipa::path(
    get, path = "/v1/verifications", tag = "Checks", security(("api_key" = [])),
    params(BorrowerQuery),
    responses(
        (status = 200, description = "One page", body = VerificationList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    wanted: BorrowerCursor<kind::Verification>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let whose = wanted.borrower_ref.as_deref();
    let page = app.engine.verifications(platform, whose, wanted.cursor).await?;
    let items = page.items.into_iter().map(|view| VerificationBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &VerificationList { items, has_more: page.has_more }))
}
