//! Bindings: create, confirm, resend, cancel, look.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_domain::secret::{OneTimeCode, OneTimeCodeError};
use mingka_engine::{NewBinding, Scope};

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{BorrowerCursor, BorrowerQuery, Caller, IdPath};
use crate::dto::{
    BindingBody, BindingList, BindingRequest, ConfirmRequest, EmptyRequest, requests,
};
use crate::frame::Info;
use crate::problem::{Kind, Problem, ProblemBody};

/// Bind a card
///
/// Checks the entry, keeps the consents, and has the bank send a one-time code. The answer's state
/// says what follows: `awaiting_code`, or `checked` or `refused` with a diagnosis.
#[utoipa::path(
    post, path = "/v1/bindings", tag = "Bindings", security(("api_key" = [])),
    params(("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely")),
    request_body = BindingRequest,
    responses(
        (status = 201, description = "The binding", body = BindingBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<BindingRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let new = NewBinding {
        entry: body.entry()?,
        environment: requests::environment(body.environment.as_deref())?,
        consents: requests::consents(&body.consents)?,
        borrower_ref: requests::reference(body.borrower_ref.as_deref())?,
        page: None,
    };
    let view = app.engine.bind(platform, idempotency, new).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &BindingBody::new(view, info.lang)))
}

/// Confirm with the code
///
/// Passes the borrower's code to the bank. A time-out is never a refusal: the state is then
/// `doubtful`, the bank is asked, and nothing is sent again.
#[utoipa::path(
    post, path = "/v1/bindings/{id}/confirm", tag = "Bindings", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The binding"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    request_body = ConfirmRequest,
    responses(
        (status = 200, description = "The binding", body = BindingBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
    Changing { idempotency, body }: Changing<ConfirmRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let code = OneTimeCode::parse(body.code.expose()).map_err(not_a_code)?;
    let view = app.engine.confirm(platform, id, idempotency, code).await?;
    Ok(answer(StatusCode::OK, info.lang, &BindingBody::new(view, info.lang)))
}

pub(super) fn not_a_code(_: OneTimeCodeError) -> Problem {
    Problem::new(Kind::WrongValue)
        .pointer("/code")
        .detail("code 应为 4 至 8 位数字。", "code is 4 to 8 digits.")
}

/// Send another code
///
/// Voids the earlier one. Not before `code.resend_after`, and at most `code.sends_left` times.
#[utoipa::path(
    post, path = "/v1/bindings/{id}/resend", tag = "Bindings", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The binding"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 200, description = "The binding", body = BindingBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resend(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let view = app.engine.resend(platform, id, idempotency).await?;
    Ok(answer(StatusCode::OK, info.lang, &BindingBody::new(view, info.lang)))
}

/// Cancel
///
/// Ends a binding that was not confirmed. What is on its way to the bank cannot be cancelled.
#[utoipa::path(
    post, path = "/v1/bindings/{id}/cancel", tag = "Bindings", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The binding"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 200, description = "The binding", body = BindingBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let view = app.engine.cancel(platform, id, idempotency).await?;
    Ok(answer(StatusCode::OK, info.lang, &BindingBody::new(view, info.lang)))
}

/// Show a binding
#[utoipa::path(
    get, path = "/v1/bindings/{id}", tag = "Bindings", security(("api_key" = [])),
    params(("id" = String, Path, description = "The binding")),
    responses(
        (status = 200, description = "The binding", body = BindingBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Binding>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let view = app.engine.binding(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &BindingBody::new(view, info.lang)))
}

/// List bindings
///
/// Newest first; only one borrower's with `borrower_ref`, only those of a span of time with
/// `created_from` and `created_until`.
#[utoipa::path(
    get, path = "/v1/bindings", tag = "Bindings", security(("api_key" = [])),
    params(BorrowerQuery),
    responses(
        (status = 200, description = "One page", body = BindingList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    wanted: BorrowerCursor<kind::Binding>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let page = app.engine.bindings(platform, wanted.borrower_ref.as_deref(), wanted.cursor).await?;
    let items = page.items.into_iter().map(|view| BindingBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &BindingList { items, has_more: page.has_more }))
}
