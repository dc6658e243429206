//! Webhooks: endpoints made, changed, tried, their secrets changed; deliveries listed, sent again.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use mingka_domain::id::{DeliveryId, EndpointId, kind};
use mingka_engine::Scope;

use super::answer;
use crate::app::App;
use crate::body::{Changing, Json};
use crate::caller::{Caller, Cursors, IdPath};
use crate::dto::{
    DeliveryBody, DeliveryList, EmptyRequest, EndpointBody, EndpointChangeRequest, EndpointList,
    EndpointRequest, IssuedEndpointBody,
};
use crate::frame::Info;
use crate::problem::{Kind, Problem, ProblemBody};

/// Make an endpoint
///
/// From now on it is told what happens, in the Standard Webhooks form. The answer has its secret:
/// keep it, it is shown only here.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints", tag = "Events", security(("api_key" = [])),
    params(("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely")),
    request_body = EndpointRequest,
    responses(
        (status = 201, description = "The endpoint and its secret", body = IssuedEndpointBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Changing { idempotency, body }: Changing<EndpointRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let issued = app.engine.create_endpoint(platform, idempotency, body.endpoint()?).await?;
    Ok(answer(StatusCode::CREATED, info.lang, &IssuedEndpointBody::from(issued)))
}

/// List endpoints
#[utoipa::path(
    get, path = "/v1/webhook-endpoints", tag = "Events", security(("api_key" = [])),
    responses(
        (status = 200, description = "All of them", body = EndpointList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let endpoints = app.engine.endpoints(platform).await?;
    let items = endpoints.into_iter().map(EndpointBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &EndpointList { items }))
}

/// Show an endpoint
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}", tag = "Events", security(("api_key" = [])),
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint", body = EndpointBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Endpoint>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let endpoint = app.engine.endpoint(platform, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &EndpointBody::from(endpoint)))
}

/// Change an endpoint
///
/// What is left out stays. Disabled, it is told nothing; enabled again, it is told what happens from
/// then on: what it missed is in the feed.
#[utoipa::path(
    patch, path = "/v1/webhook-endpoints/{id}", tag = "Events", security(("api_key" = [])),
    params(("id" = String, Path, description = "The endpoint")),
    request_body = EndpointChangeRequest,
    responses(
        (status = 200, description = "The endpoint", body = EndpointBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Endpoint>,
    Json(body): Json<EndpointChangeRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let endpoint = app.engine.change_endpoint(platform, id, body.change()?).await?;
    Ok(answer(StatusCode::OK, info.lang, &EndpointBody::from(endpoint)))
}

/// Change an endpoint's secret
///
/// Makes a new one. For a day each delivery is signed with both, so that you can take the new one
/// into use at any moment of it.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/rotate-secret", tag = "Events", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 200, description = "The endpoint and its new secret", body = IssuedEndpointBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Endpoint>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let issued = app.engine.rotate_secret(platform, idempotency, id).await?;
    Ok(answer(StatusCode::OK, info.lang, &IssuedEndpointBody::from(issued)))
}

/// Try an endpoint
///
/// Sends it an `endpoint.trial`, which is about no event.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/trial", tag = "Events", security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 202, description = "The delivery", body = DeliveryBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn try_out(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Endpoint>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let delivery = app.engine.try_endpoint(platform, idempotency, id).await?;
    Ok(answer(StatusCode::ACCEPTED, info.lang, &DeliveryBody::from(delivery)))
}

/// List deliveries
///
/// What was, is and will be sent to an endpoint, newest first. Those that ended are kept for 30 days.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}/deliveries", tag = "Events", security(("api_key" = [])),
    params(("id" = String, Path, description = "The endpoint"), crate::caller::ListQuery),
    responses(
        (status = 200, description = "One page", body = DeliveryList),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn deliveries(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    IdPath(id): IdPath<kind::Endpoint>,
    Cursors(cursor): Cursors<kind::Delivery>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let page = app.engine.deliveries(platform, id, cursor).await?;
    let items = page.items.into_iter().map(DeliveryBody::from).collect();
    Ok(answer(StatusCode::OK, info.lang, &DeliveryList { items, has_more: page.has_more }))
}

/// Send a delivery again
///
/// At once, under the same `webhook-id`, whatever became of it before; its tries begin anew.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/deliveries/{delivery}/resend", tag = "Events",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "The endpoint"),
        ("delivery" = String, Path, description = "The delivery"),
        ("Idempotency-Key" = String, Header, description = "One per action; repeat it to retry safely"),
    ),
    responses(
        (status = 202, description = "The delivery", body = DeliveryBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resend(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    Path((endpoint, delivery)): Path<(String, String)>,
    Changing { idempotency, body: EmptyRequest {} }: Changing<EmptyRequest>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Webhooks)?;
    let missing = || Problem::new(Kind::NotFound);
    let endpoint: EndpointId = endpoint.parse().map_err(|_| missing())?;
    let delivery: DeliveryId = delivery.parse().map_err(|_| missing())?;
    let view = app.engine.resend_delivery(platform, idempotency, endpoint, delivery).await?;
    Ok(answer(StatusCode::ACCEPTED, info.lang, &DeliveryBody::from(view)))
}
