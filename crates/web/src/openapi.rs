//! The interface's own description, OpenAPI 3.1, made from the handlers. The committed
//! `openapi.json` is this document; a test keeps the two the same.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::api::{
    agreements, bindings, events, evidence, feed, health, instruments, mandates, notify, payments,
    persons, prechecks, reference, sessions, statements, status, verifications, webhooks,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mingka",
        version = "1.0.0",
        description = "Check, verify and bind bank cards; every failure comes back with its cause, who must act, the next step, and when to try again.\n\nAll moments are RFC 3339 in Beijing time. Texts follow `Accept-Language` (`zh-CN` when nothing else is asked for, or `en`); codes never change with it. Every POST that changes something needs an `Idempotency-Key`: repeat a request with the same key and body and the answer is the same; with another body it is 422, while the first still runs 409. Every answer carries `X-Request-Id`. Errors are `application/problem+json` (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        prechecks::create,
        verifications::create, verifications::list, verifications::show,
        sessions::create,
        bindings::create, bindings::list, bindings::show, bindings::confirm, bindings::resend,
        bindings::cancel, events::stream,
        instruments::list, instruments::show, instruments::unbind,
        mandates::state, mandates::show, mandates::end,
        payments::disburse, payments::collect, payments::list, payments::show, payments::cancel,
        payments::confirm, payments::refund, payments::reverse, payments::lenders,
        events::stream_payment,
        status::create,
        persons::stops, persons::turn, persons::limits, persons::balances,
        persons::state_balance, persons::reviews, persons::propose,
        persons::approvals, persons::approval, persons::approve, persons::reject,
        persons::withdraw,
        statements::import, statements::show,
        agreements::import, agreements::create_company_account,
        feed::list,
        evidence::of_payment, evidence::of_binding,
        webhooks::create, webhooks::list, webhooks::show, webhooks::change,
        webhooks::rotate_secret, webhooks::try_out, webhooks::deliveries, webhooks::resend,
        reference::causes, reference::cause, reference::explain, reference::bin,
        reference::channels,
        reference::consents, reference::consent_text,
        notify::receive,
        health::live, health::ready,
    ),
    tags(
        (name = "Bindings", description = "One card on its way to becoming an instrument"),
        (name = "Instruments", description = "Bound cards"),
        (name = "Payments", description = "Money that moves at most once"),
        (name = "Control", description = "For persons: stops, limits, what two decide"),
        (name = "Statements", description = "What the banks' books say, beside yours"),
        (name = "Events", description = "What happened, read in one order or told to you"),
        (name = "Evidence", description = "What happened, proven with our public key alone"),
        (name = "Checks", description = "What was typed, and whether it belongs together"),
        (name = "Reference", description = "Causes, BINs, channels, consent texts"),
        (name = "Channels", description = "For channels only"),
        (name = "Health", description = "For whoever keeps the process running"),
    ),
    modifiers(&Keys)
)]
struct Document;

/// How callers show who they are.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `Authorization: Bearer mk_…`"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        let personal = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A person's key: `Authorization: Bearer mp_…`"))
            .build();
        components.add_security_scheme("person_key", SecurityScheme::Http(personal));
    }
}

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// The document as JSON text.
pub(crate) fn text() -> &'static str {
    &TEXT
}

/// `GET /openapi.json`.
pub(crate) async fn serve() -> Response {
    let mut response = (StatusCode::OK, text()).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
