//! The JSON interface under `/v1`. Each handler: who calls, what was sent, one use case, its view.

pub(crate) mod agreements;
pub(crate) mod bindings;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod feed;
pub(crate) mod health;
pub(crate) mod instruments;
pub(crate) mod mandates;
pub(crate) mod notify;
pub(crate) mod payments;
pub(crate) mod persons;
pub(crate) mod prechecks;
pub(crate) mod reference;
pub(crate) mod sessions;
pub(crate) mod statements;
pub(crate) mod status;
pub(crate) mod verifications;
pub(crate) mod webhooks;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use mingka_domain::text::Lang;
use serde::Serialize;

use crate::app::App;
use crate::lang;

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/prechecks", post(prechecks::create))
        .route("/v1/verifications", post(verifications::create).get(verifications::list))
        .route("/v1/verifications/{id}", get(verifications::show))
        .route("/v1/binding-sessions", post(sessions::create))
        .route("/v1/bindings", post(bindings::create).get(bindings::list))
        .route("/v1/bindings/{id}", get(bindings::show))
        .route("/v1/bindings/{id}/confirm", post(bindings::confirm))
        .route("/v1/bindings/{id}/resend", post(bindings::resend))
        .route("/v1/bindings/{id}/cancel", post(bindings::cancel))
        .route("/v1/bindings/{id}/events", get(events::stream))
        .route("/v1/instruments", get(instruments::list))
        .route("/v1/instruments/{id}", get(instruments::show))
        .route("/v1/instruments/{id}/unbind", post(instruments::unbind))
        .route("/v1/instruments/{id}/mandate", get(mandates::show).post(mandates::state))
        .route("/v1/instruments/{id}/mandate/end", post(mandates::end))
        .route("/v1/agreements", post(agreements::import))
        .route("/v1/company-accounts", post(agreements::create_company_account))
        .route("/v1/disbursements", post(payments::disburse))
        .route("/v1/repayments", post(payments::collect))
        .route("/v1/payments", get(payments::list))
        .route("/v1/payments/{id}", get(payments::show))
        .route("/v1/payments/{id}/evidence", get(evidence::of_payment))
        .route("/v1/bindings/{id}/evidence", get(evidence::of_binding))
        .route("/v1/payments/{id}/events", get(events::stream_payment))
        .route("/v1/payments/{id}/status-link", post(status::create))
        .route("/v1/payments/{id}/cancel", post(payments::cancel))
        .route("/v1/payments/{id}/confirm", post(payments::confirm))
        .route("/v1/payments/{id}/refunds", post(payments::refund))
        .route("/v1/payments/{id}/reversal", post(payments::reverse))
        .route("/v1/stops", get(persons::stops).post(persons::turn))
        .route("/v1/limits", get(persons::limits))
        .route("/v1/balances", get(persons::balances).post(persons::state_balance))
        .route("/v1/reviews", get(persons::reviews))
        .route("/v1/approvals", get(persons::approvals).post(persons::propose))
        .route("/v1/approvals/{id}", get(persons::approval))
        .route("/v1/approvals/{id}/approve", post(persons::approve))
        .route("/v1/approvals/{id}/reject", post(persons::reject))
        .route("/v1/approvals/{id}/withdraw", post(persons::withdraw))
        .route("/v1/events", get(feed::list))
        .route("/v1/webhook-endpoints", post(webhooks::create).get(webhooks::list))
        .route("/v1/webhook-endpoints/{id}", get(webhooks::show).patch(webhooks::change))
        .route("/v1/webhook-endpoints/{id}/rotate-secret", post(webhooks::rotate_secret))
        .route("/v1/webhook-endpoints/{id}/trial", post(webhooks::try_out))
        .route("/v1/webhook-endpoints/{id}/deliveries", get(webhooks::deliveries))
        .route("/v1/webhook-endpoints/{id}/deliveries/{delivery}/resend", post(webhooks::resend))
        .route("/v1/statements", post(statements::import))
        .route("/v1/statements/{day}", get(statements::show))
        .route("/v1/lenders", get(payments::lenders))
        .route("/v1/diagnoses", post(reference::explain))
        .route("/v1/causes", get(reference::causes))
        .route("/v1/causes/{code}", get(reference::cause))
        .route("/v1/bins/{prefix}", get(reference::bin))
        .route("/v1/channels", get(reference::channels))
        .route("/v1/consents", get(reference::consents))
        .route("/v1/consents/{sha256}", get(reference::consent_text))
        .route("/notify/{channel}", post(notify::receive))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
}

/// A JSON answer with its status, in the language its texts are in.
pub(crate) fn answer(status: StatusCode, lang: Lang, body: &impl Serialize) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    let language = HeaderValue::from_static(lang::tag(lang));
    response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
    response
}
