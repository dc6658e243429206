//! The feed: everything that happened on a platform, in one order, from any place on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use mingka_engine::{CURSOR_LIMIT_MAX, Scope};

use super::answer;
use super::events::{STREAM_RETRY_S, too_many};
use crate::app::App;
use crate::caller::{Caller, wrong_query};
use crate::dto::{EventFeedBody, FeedQuery};
use crate::frame::{Info, Turn};
use crate::limits::Together;
use crate::problem::{Kind, Problem, ProblemBody};

/// The longest wait for something new.
const WAIT_S_MAX: u32 = 30;

/// Read the feed
///
/// Everything that happened to your bindings, instruments, verifications, payments and endpoints,
/// oldest first. Keep `next_after` and give it as `after`: nothing is missed, and read again from
/// the same place it says the same. With `wait` the answer comes when there is something new, or
/// when the time is over.
#[utoipa::path(
    get, path = "/v1/events", tag = "Events", security(("api_key" = [])),
    params(FeedQuery),
    responses(
        (status = 200, description = "What happened", body = EventFeedBody),
        (status = "default", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    info: Info,
    caller: Caller,
    turn: Turn,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let platform = caller.may(Scope::Read)?;
    let Query(FeedQuery { after, limit, wait }) = query.map_err(|_| {
        wrong_query(
            "查询参数只有 after、limit 和 wait，都是数字。",
            "It takes after, limit and wait, each a number.",
        )
    })?;
    let (after, limit) = (after.unwrap_or(0), limit.unwrap_or(CURSOR_LIMIT_MAX));
    let wait_s = wait.unwrap_or(0);
    if after < 0 || limit == 0 || limit > CURSOR_LIMIT_MAX || wait_s > WAIT_S_MAX {
        return Err(wrong_query(
            "after 不小于 0，limit 为 1 至 100，wait 为 0 至 30 秒。",
            "after is 0 or more, limit 1 to 100, wait 0 to 30 seconds.",
        ));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    let page = if wait_s == 0 {
        app.engine.events(platform, after, limit).await?
    } else {
        // Whoever waits counts as a stream and holds no place among the requests worked on.
        let _of_key = Together::enter(&app.key_streams, caller.key()).ok_or_else(too_many)?;
        let _of_all = Arc::clone(&app.streams)
            .try_acquire_owned()
            .map_err(|_| Problem::new(Kind::Busy).retry_after(STREAM_RETRY_S))?;
        turn.give_back();
        let wait = Duration::from_secs(u64::from(wait_s));
        app.engine.events_within(platform, after, limit, wait).await?
    };
    Ok(answer(StatusCode::OK, info.lang, &EventFeedBody::new(page, info.lang)))
}
