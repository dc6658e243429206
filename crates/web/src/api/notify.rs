//! What a channel sends by itself. The body goes to the channel's codec as it came; the answer is
//! what that channel's protocol wants to hear.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mingka_channels::{HttpRequest, Method};

use crate::app::App;
use crate::body;
use crate::problem::{Kind, Problem, ProblemBody};

/// The longest channel code, in bytes.
const CODE_BYTES_MAX: usize = 32;

/// Receive a notification
///
/// For channels only: the body is the channel's own and must carry its signature.
#[utoipa::path(
    post, path = "/notify/{channel}", tag = "Channels",
    params(("channel" = String, Path, description = "The channel's code")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Taken", content_type = "text/plain", body = String),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive(
    State(app): State<App>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let known = channel.len() <= CODE_BYTES_MAX
        && app.engine.channels().iter().any(|known| known.code == channel);
    if !known {
        return Err(Problem::new(Kind::NotFound));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    let body = body::read(request, &app).await?.to_vec();
    let url = format!("/notify/{channel}");
    let heard = HttpRequest { method: Method::Post, url, content_type, body: body.into() };
    let acknowledgement = app.engine.notification(&channel, &heard).await?;
    let status = StatusCode::from_u16(acknowledgement.status).unwrap_or(StatusCode::OK);
    let mut response = (status, acknowledgement.body).into_response();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
