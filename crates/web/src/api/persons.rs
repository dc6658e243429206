//! For persons of the house: stop switches, limits, what people have to look at, and proposals that
//! a second person decides. They come with their personal key, not with a platform's.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mingka_domain::approval::Verdict;
use mingka_domain::id::kind;
use mingka_engine::{EngineError, Reason, Role, Scope, StopSwitch};

use super::answer;
use crate::app::App;
use crate::body::Json;
use crate::caller::{Cursors, IdPath, PersonCaller, Whoever};
use crate::dto::{
    ApprovalBody, ApprovalList, BalanceBody, BalanceList, BalanceRequest, EmptyRequest, LimitBody,
    LimitList, PaymentBody, PaymentList, ProposalRequest, StopBody, StopList, StopRequest,
};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// List stop switches
///
/// Every switch that was ever turned, as it stands. A platform's key sees the platform's own.
#[utoipa::path(
    get, path = "/v1/stops", tag = "Control", security(("api_key" = []), ("person_key" = [])),
    responses(
        (status = 200, description = "All of them", body = StopList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stops(
    State(app): State<App>,
    info: Info,
    whoever: Whoever,
) -> Result<Response, Problem> {
    let own = match &whoever {
        Whoever::Person(person) => {
            person.must(Role::Look)?;
            None
        }
        Whoever::Platform(caller) => Some(caller.may(Scope::Read)?.to_string()),
    };
    let turns = app.engine.stop_switches().await?;
    let seen = |turn: &mingka_engine::StopRecord| {
        own.as_ref().is_none_or(|own| turn.scope.starts_with("platform") && turn.target == *own)
    };
    let items = turns.into_iter().filter(seen).map(StopBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &StopList { items }))
}

/// Turn a stop switch
///
/// In force in every process once this answers: nothing is sent any more, what is in flight is only
/// asked about. Turning a switch to where it stands changes nothing, so no Idempotency-Key is
/// needed. A platform's key with the scope `stop` turns `platform_own:` with its id and no other:
/// what a person has stopped it cannot let go on.
#[utoipa::path(
    post, path = "/v1/stops", tag = "Control", security(("api_key" = []), ("person_key" = [])),
    request_body = StopRequest,
    responses(
        (status = 200, description = "The switch as it stands now", body = StopBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn turn(
    State(app): State<App>,
    info: Info,
    whoever: Whoever,
    Json(body): Json<StopRequest>,
) -> Result<Response, Problem> {
    let (switch, who) = match &whoever {
        Whoever::Person(person) => {
            person.must(Role::Operate)?;
            (body.switch()?, person.name.clone())
        }
        Whoever::Platform(caller) => {
            let own = StopSwitch::OwnPlatform(caller.may(Scope::Stop)?);
            if body.switch()? != own {
                return Err(StopRequest::not_theirs());
            }
            (own, caller.key().to_string())
        }
    };
    let reason = Reason::new(&who, &body.why).ok_or_else(StopRequest::no_reason)?;
    app.engine.turn_stop(&switch, body.stopped, &reason).await.map_err(|error| match error {
        EngineError::NotFound | EngineError::UnknownLender => StopRequest::nothing_of_that_name(),
        error => error.into(),
    })?;
    let (scope, target) = switch.parts();
    let turns = app.engine.stop_switches().await?;
    let found = turns.into_iter().find(|turn| turn.scope == scope && turn.target == target);
    let body = found.map_or_else(|| StopBody::never_turned(&switch), StopBody::from);
    Ok(answer(StatusCode::OK, info.lang, &body))
}

/// List limits
///
/// What may be paid at most, as it is in force. A change is proposed with `POST /v1/approvals`.
#[utoipa::path(
    get, path = "/v1/limits", tag = "Control", security(("person_key" = [])),
    responses(
        (status = 200, description = "All of them", body = LimitList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn limits(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
) -> Result<Response, Problem> {
    person.must(Role::Look)?;
    let items = app.engine.limits().await?.into_iter().map(LimitBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &LimitList { items }))
}

/// List the merchant accounts' money
///
/// What each account was said to hold, less what was sent since.
#[utoipa::path(
    get, path = "/v1/balances", tag = "Control", security(("person_key" = [])),
    responses(
        (status = 200, description = "All of them", body = BalanceList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn balances(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
) -> Result<Response, Problem> {
    person.must(Role::Look)?;
    let items = app.engine.balances().await?.into_iter().map(BalanceBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &BalanceList { items }))
}

/// State a merchant account's money
///
/// What the account holds now, less what is on its way. What is sent from now on is taken off; when
/// it does not reach, payments out wait (`balance`) until more is stated. Said again by the same
/// person within ten minutes, it is one statement.
#[utoipa::path(
    post, path = "/v1/balances", tag = "Control", security(("person_key" = [])),
    request_body = BalanceRequest,
    responses(
        (status = 200, description = "All of them", body = BalanceList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn state_balance(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    Json(body): Json<BalanceRequest>,
) -> Result<Response, Problem> {
    person.must(Role::Operate)?;
    app.engine.state_balance(&body.channel, body.amounts()?, &person.name).await?;
    let items = app.engine.balances().await?.into_iter().map(BalanceBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &BalanceList { items }))
}

/// List what people have to look at
///
/// Payments of every platform that are in review, newest first.
#[utoipa::path(
    get, path = "/v1/reviews", tag = "Control", security(("person_key" = [])),
    params(crate::caller::ListQuery),
    responses(
        (status = 200, description = "One page", body = PaymentList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reviews(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    Cursors(cursor): Cursors<kind::Payment>,
) -> Result<Response, Problem> {
    person.must(Role::Look)?;
    let page = app.engine.reviews(cursor).await?;
    let items = page.items.into_iter().map(|view| PaymentBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &PaymentList { items, has_more: page.has_more }))
}

/// Propose something that a second person decides
///
/// What became of a payment that no proof has ended (with the evidence: what the bank says in
/// writing, and where that is kept), or another limit. It waits three days for somebody else. Of
/// one kind one proposal is open about one thing, so no Idempotency-Key is needed.
#[utoipa::path(
    post, path = "/v1/approvals", tag = "Control", security(("person_key" = [])),
    request_body = ProposalRequest,
    responses(
        (status = 201, description = "The proposal", body = ApprovalBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn propose(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    Json(body): Json<ProposalRequest>,
) -> Result<Response, Problem> {
    let (what, evidence) = body.proposal(&app.engine).await?;
    let view = app.engine.propose(&person, what, &evidence).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &ApprovalBody::from(view)))
}

/// List proposals
#[utoipa::path(
    get, path = "/v1/approvals", tag = "Control", security(("person_key" = [])),
    params(crate::caller::ListQuery),
    responses(
        (status = 200, description = "One page, newest first", body = ApprovalList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approvals(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    Cursors(cursor): Cursors<kind::Approval>,
) -> Result<Response, Problem> {
    person.must(Role::Look)?;
    let page = app.engine.approvals(cursor).await?;
    let items = page.items.into_iter().map(ApprovalBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &ApprovalList { items, has_more: page.has_more }))
}

/// Show a proposal
#[utoipa::path(
    get, path = "/v1/approvals/{id}", tag = "Control", security(("person_key" = [])),
    params(("id" = String, Path, description = "The proposal")),
    responses(
        (status = 200, description = "The proposal", body = ApprovalBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approval(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    IdPath(id): IdPath<kind::Approval>,
) -> Result<Response, Problem> {
    person.must(Role::Look)?;
    let view = app.engine.approval(id).await?;
    Ok(answer(StatusCode::OK, info.lang, &ApprovalBody::from(view)))
}

/// Approve a proposal
///
/// By another person than the proposer, with the role `approve`; done at once and in every process.
#[utoipa::path(
    post, path = "/v1/approvals/{id}/approve", tag = "Control", security(("person_key" = [])),
    params(("id" = String, Path, description = "The proposal")),
    responses(
        (status = 200, description = "The proposal", body = ApprovalBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approve(
    app: State<App>,
    info: Info,
    person: PersonCaller,
    id: IdPath<kind::Approval>,
    Json(EmptyRequest {}): Json<EmptyRequest>,
) -> Result<Response, Problem> {
    decide(app, info, person, id, Verdict::Approve).await
}

/// Reject a proposal
#[utoipa::path(
    post, path = "/v1/approvals/{id}/reject", tag = "Control", security(("person_key" = [])),
    params(("id" = String, Path, description = "The proposal")),
    responses(
        (status = 200, description = "The proposal", body = ApprovalBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reject(
    app: State<App>,
    info: Info,
    person: PersonCaller,
    id: IdPath<kind::Approval>,
    Json(EmptyRequest {}): Json<EmptyRequest>,
) -> Result<Response, Problem> {
    decide(app, info, person, id, Verdict::Reject).await
}

/// Take a proposal back
#[utoipa::path(
    post, path = "/v1/approvals/{id}/withdraw", tag = "Control", security(("person_key" = [])),
    params(("id" = String, Path, description = "The proposal")),
    responses(
        (status = 200, description = "The proposal", body = ApprovalBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(
    app: State<App>,
    info: Info,
    person: PersonCaller,
    id: IdPath<kind::Approval>,
    Json(EmptyRequest {}): Json<EmptyRequest>,
) -> Result<Response, Problem> {
    decide(app, info, person, id, Verdict::Withdraw).await
}

async fn decide(
    State(app): State<App>,
    info: Info,
    PersonCaller(person): PersonCaller,
    IdPath(id): IdPath<kind::Approval>,
    verdict: Verdict,
) -> Result<Response, Problem> {
    let view = app.engine.decide_approval(&person, id, verdict).await?;
    Ok(answer(StatusCode::OK, info.lang, &ApprovalBody::from(view)))
}
