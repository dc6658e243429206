//! What a platform brings along: agreements that were opened elsewhere, and accounts of companies.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::{Changing, Csv};
use crate::caller::{Caller, wrong_query};
use crate::dto::{CompanyAccountRequest, ImportBody, ImportQuery, InstrumentBody};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Import agreements
///
/// Agreements that your borrowers opened before you came here, in the form of docs/agreements.md.
/// Each line that can be taken becomes an instrument, under which you collect as under any other;
/// the
/// answer says of every line what became of it and what to mend. The same line again changes
/// nothing,
/// so no Idempotency-Key is needed; with `check_only=true` nothing is kept at all. Files over 8 MiB
/// go
/// by `mingka agreements import`.
#[utoipa::path(
    post, path = "/v1/agreements", tag = "Instruments", security(("api_key" = [])),
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses(
        (status = 200, description = "What became of each line", body = ImportBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    query: Result<Query<ImportQuery>, QueryRejection>,
    Csv(content): Csv,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Agreements)?;
    let Query(query) = query.map_err(|_| {
        wrong_query("check_only 应为 true 或 false。", "check_only is true or false.")
    })?;
    let report = app.engine.import_agreements(platform, &content, query.check_only).await?;
    Ok(answer(StatusCode::OK, info.lang, &ImportBody::new(report, info.lang)))
}

/// Take on a company's account
///
/// An account that loans to a company are paid out to. No bank is asked about it beforehand: the
/// one
/// that pays compares account and name. Nothing can be collected from it.
#[utoipa::path(
    post, path = "/v1/company-accounts", tag = "Instruments", security(("api_key" = [])),
    params((
        "Idempotency-Key" = String, Header,
        description = "One per action; repeat it to retry safely"
    )),
    request_body = CompanyAccountRequest,
    responses(
        (status = 201, description = "The account, as an instrument", body = InstrumentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_company_account(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<CompanyAccountRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Bind)?;
    let view = app.engine.state_company_account(platform, idempotency, body.account()?).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &InstrumentBody::new(view, info.lang)))
}
