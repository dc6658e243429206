//! Everything HTTP: the JSON interface and its description, the borrower's pages, notifications
//! from channels. It changes things only through the engine, and knows no SQL and no bank.

mod api;
mod app;
mod assets;
mod bins;
mod body;
mod caller;
mod docs;
mod dto;
mod error;
mod frame;
mod lang;
mod limits;
mod nearest;
mod openapi;
mod pages;
mod problem;
mod typed;

use std::net::SocketAddr;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use mingka_engine::Engine;
use tokio::net::TcpListener;

pub use app::WebSettings;
pub use limits::Rate;

use app::{App, Inner};
use problem::{Kind, Problem};

/// Everything HTTP over one engine.
pub fn router(engine: Engine, settings: WebSettings) -> Router {
    let app = Inner::new(engine, settings);
    Router::new()
        .merge(api::routes())
        .merge(pages::routes())
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::serve))
        .route("/assets/{hash}/{name}", get(assets::serve))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(App::clone(&app), frame::outermost))
        .with_state(app)
}

/// Serves on a listener until `shutdown` is ready; requests under way are finished.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}

/// The interface's description, as `GET /openapi.json` gives it.
#[must_use]
pub fn openapi_json() -> &'static str {
    openapi::text()
}

async fn missing() -> Response {
    Problem::new(Kind::NotFound).into_response()
}
