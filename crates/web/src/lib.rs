//! Everything HTTP: the JSON interface and its description, the borrower's pages, notifications
//! from channels. It changes things only through the engine, and knows no SQL and no bank.

mod api;
mod app;
mod assets;
mod bins;
mod body;
mod caller;
mod canonical;
mod docs;
mod dto;
mod error;
mod frame;
mod impatient;
mod lang;
mod limits;
mod nearest;
mod object;
mod openapi;
mod pages;
mod problem;
mod serve;
mod typed;

use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, middleware};
use mingka_engine::Engine;

pub use app::WebSettings;
pub use limits::Rate;
pub use serve::{Connections, serve};

use app::{App, Inner};
use problem::{Kind, Problem};

/// Everything HTTP over one engine.
pub fn router(engine: Engine, settings: WebSettings) -> Router {
    let app = Inner::new(engine, settings);
    let mut router = Router::new();
    if app.settings.root_to_docs {
        router = router.route("/", get(async || Redirect::to("/docs")));
    }
    router
        .merge(api::routes())
        .merge(pages::routes())
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::serve))
        .route("/assets/{hash}/{name}", get(assets::serve))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(App::clone(&app), frame::outermost))
        .with_state(app)
}

/// The interface's description, as `GET /openapi.json` gives it.
#[must_use]
pub fn openapi_json() -> &'static str {
    openapi::text()
}

/// An event as the interface gives it: the body of a webhook.
#[must_use]
pub fn event_json(event: &mingka_engine::EventView, lang: mingka_domain::text::Lang) -> String {
    dto::event_json(event, lang)
}

async fn missing() -> Response {
    Problem::new(Kind::NotFound).into_response()
}
