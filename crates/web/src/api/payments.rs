//! Payments: disburse, collect, cancel, look; and the lenders whose money it is.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::kind;
use mingka_domain::payment::PaymentKind;
use mingka_domain::secret::OneTimeCode;
use mingka_engine::{NewGiveBack, Scope};

use super::answer;
use crate::app::App;
use crate::body::Changing;
use crate::caller::{Caller, IdPath, ListQuery, wrong_query};
use crate::dto::{
    ConfirmRequest, DisbursementRequest, EmptyRequest, LenderBody, LenderList, PaymentBody,
    PaymentList, PaymentQuery, RefundRequest, RepaymentRequest, requests,
};
use crate::frame::Info;
use crate::problem::{Problem, ProblemBody};

/// Pay a loan out
///
/// Sends the money to a bound card, once, whatever is lost on the way. The answer says where the
/// payment stands when the bank has spoken or has been silent for too long: `in_flight` and
/// `doubtful` are no failures, and nothing is sent again. A loan (`loan_ref` and `purpose`) that has
/// a payment which is open or settled gets a 409 that names it.
#[utoipa::path(
    post, path = "/v1/disbursements", tag = "Payments", security(("api_key" = [])),
    params((
        "Idempotency-Key" = String, Header,
        description = "One per action; repeat it to retry safely"
    )),
    request_body = DisbursementRequest,
    responses(
        (status = 201, description = "The payment", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn disburse(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<DisbursementRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let view = app.engine.pay(platform, idempotency, body.payment(app.now())?).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Collect a repayment
///
/// Takes what is due from a bound card under its agreement. State the amount that is due now and,
/// with `valid_until`, how long that holds: nothing is collected later. An item that has an open
/// collection gets a 409 that names it.
#[utoipa::path(
    post, path = "/v1/repayments", tag = "Payments", security(("api_key" = [])),
    params((
        "Idempotency-Key" = String, Header,
        description = "One per action; repeat it to retry safely"
    )),
    request_body = RepaymentRequest,
    responses(
        (status = 201, description = "The payment", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn collect(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<RepaymentRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let view = app.engine.pay(platform, idempotency, body.payment(app.now())?).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Cancel a payment
///
/// Only before anything was sent: what is on its way, or may be, ends by its proof alone.
#[utoipa::path(
    post, path = "/v1/payments/{id}/cancel", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The payment"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    responses(
        (status = 200, description = "The payment", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let view = app.engine.cancel_payment(platform, idempotency, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Confirm a repayment with its code
///
/// Of a repayment with `customer_present`, while it is `awaiting_code`: the code is bound to this
/// order and this amount, and serves once. The money is asked for under the order it was sent for.
#[utoipa::path(
    post, path = "/v1/payments/{id}/confirm", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The repayment"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    request_body = ConfirmRequest,
    responses(
        (status = 200, description = "The payment", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    Changing { idempotency, body }: Changing<ConfirmRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let code = OneTimeCode::parse(body.code.expose()).map_err(super::bindings::not_a_code)?;
    let view = app.engine.confirm_payment(platform, idempotency, id, code).await?;
    Ok(answer(StatusCode::OK, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Refund a repayment
///
/// Gives back what was collected, whole or in part, once the repayment settled; as often as
/// something is left, one at a time. The answer is a payment of its own, of the kind `refund`; the
/// repayment is `refunded` once the money is back.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The repayment"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    request_body = RefundRequest,
    responses(
        (status = 201, description = "The refund", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refund(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    Changing { idempotency, body }: Changing<RefundRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let view = app.engine.give_back(platform, idempotency, body.give_back(id)?).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Undo a repayment
///
/// On its settlement day only, and whole: one that settled, or one of which nobody knows how it
/// ended. The answer is a payment of its own, of the kind `reversal`; the repayment is `reversed`
/// once the bank has confirmed it.
#[utoipa::path(
    post, path = "/v1/payments/{id}/reversal", tag = "Payments", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The repayment"),
        (
            "Idempotency-Key" = String, Header,
            description = "One per action; repeat it to retry safely"
        ),
    ),
    responses(
        (status = 201, description = "The reversal", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reverse(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Pay)?;
    let new = NewGiveBack { original: id, kind: PaymentKind::Reversal, amount: None };
    let view = app.engine.give_back(platform, idempotency, new).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &PaymentBody::new(view, info.lang)))
}

/// Show a payment
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "Payments", security(("api_key" = [])),
    params(("id" = String, Path, description = "The payment")),
    responses(
        (status = 200, description = "The payment", body = PaymentBody),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Payment>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let view = app.engine.payment(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &PaymentBody::new(view, info.lang)))
}

/// List payments
///
/// Newest first; only those of one loan or due item with `reference`.
#[utoipa::path(
    get, path = "/v1/payments", tag = "Payments", security(("api_key" = [])),
    params(PaymentQuery),
    responses(
        (status = 200, description = "One page", body = PaymentList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    query: Result<Query<PaymentQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let Query(query) = query.map_err(|_| {
        wrong_query(
            "查询参数只有 reference、limit、starting_after 和 ending_before。",
            "It takes reference, limit, starting_after and ending_before.",
        )
    })?;
    let PaymentQuery { reference, limit, starting_after, ending_before } = query;
    let reference = requests::own_reference("reference", reference.as_deref())?;
    let cursor = ListQuery { limit, starting_after, ending_before }.cursor()?;
    let page = app.engine.payments(platform, reference.as_deref(), cursor).await?;
    let items = page.items.into_iter().map(|view| PaymentBody::new(view, info.lang)).collect();
    Ok(answer(StatusCode::OK, info.lang, &PaymentList { items, has_more: page.has_more }))
}

/// List lenders
///
/// Whose money moves. Every platform has `default`: its own money.
#[utoipa::path(
    get, path = "/v1/lenders", tag = "Payments", security(("api_key" = [])),
    responses(
        (status = 200, description = "All of them", body = LenderList),
        (status = "default", description = "A problem", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn lenders(
    State(app): State<App>,
    info: Info,
    caller: Caller,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let lenders = app.engine.lenders(platform).await?;
    let items = lenders.into_iter().map(LenderBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &LenderList { items }))
}
