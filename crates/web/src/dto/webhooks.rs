//! Endpoints and deliveries as they come in and go out.

use mingka_engine::{DeliveryView, EndpointChange, EndpointView, IssuedEndpoint, NewEndpoint};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::requests::value_problem;
use super::session::language;
use crate::problem::Problem;
use mingka_domain::personal;

/// The longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 120;

/// A new endpoint: where you want to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointRequest {
    /// An `https` address on the public internet. It is stored and listed: put no secret in it.
    #[schema(example = "https://app.example/mingka")]
    pub(crate) url: String,
    /// What to tell: types such as `payment.settled`, groups such as `payment.*`; everything when
    /// left out.
    #[serde(default)]
    #[schema(example = json!(["payment.*", "instrument.unbound"]))]
    pub(crate) event_types: Vec<String>,
    /// What you call it.
    #[schema(example = "ledger", nullable = false)]
    pub(crate) description: Option<String>,
    /// The language of the texts: `zh` or `en`.
    #[schema(example = "zh", nullable = false)]
    pub(crate) lang: Option<String>,
}

/// What is to be another of an endpoint; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChangeRequest {
    #[schema(example = "https://app.example/mingka", nullable = false)]
    pub(crate) url: Option<String>,
    #[schema(nullable = false)]
    pub(crate) event_types: Option<Vec<String>>,
    #[schema(nullable = false)]
    pub(crate) description: Option<String>,
    #[schema(example = "zh", nullable = false)]
    pub(crate) lang: Option<String>,
    /// `true`: tell it nothing; `false`: tell it what happens from now on.
    #[schema(nullable = false)]
    pub(crate) disabled: Option<bool>,
}

/// An endpoint: where the platform wants to be told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(crate) struct EndpointBody {
    #[schema(example = "whk_…")]
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) description: String,
    pub(crate) lang: String,
    /// When its newest secret was made.
    pub(crate) secret_at: String,
    /// Until when the secret before it signs as well.
    pub(crate) old_secret_until: Option<String>,
    /// Since when nothing got through.
    pub(crate) failing_since: Option<String>,
    /// Since when it is told nothing.
    pub(crate) disabled_at: Option<String>,
    /// Why: `asked`, `failing` (nothing got through for three days) or `gone` (it answered 410).
    pub(crate) disabled_why: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// An endpoint and its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedWebhookEndpoint)]
pub(crate) struct IssuedEndpointBody {
    pub(crate) endpoint: EndpointBody,
    /// What its deliveries are signed with. Shown only here; `null` in a repetition after another
    /// one was made.
    #[schema(example = "whsec_…")]
    pub(crate) secret: Option<String>,
}

/// A platform's endpoints, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpointList)]
pub(crate) struct EndpointList {
    pub(crate) items: Vec<EndpointBody>,
}

/// An event on its way to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryBody {
    #[schema(example = "dlv_…")]
    pub(crate) id: String,
    pub(crate) endpoint: String,
    /// The `webhook-id`: the event's own id, or of a trial the delivery's.
    pub(crate) event: String,
    #[schema(example = "payment.settled")]
    pub(crate) event_type: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    pub(crate) state: String,
    /// How often it was tried since it was last asked for.
    pub(crate) tries: u32,
    /// The HTTP status of the last answer.
    pub(crate) status: Option<u16>,
    /// Why there was no answer: `address_internal`, `address_not_https`, `address_unreadable`,
    /// `address_with_credentials`, `no_address`, `no_connection`, `no_answer`, `timed_out` or
    /// `endpoint_disabled`.
    pub(crate) error: Option<String>,
    pub(crate) tried_at: Option<String>,
    /// When it is tried next.
    pub(crate) next_at: Option<String>,
    pub(crate) created_at: String,
}

/// One page of deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryList)]
pub(crate) struct DeliveryList {
    pub(crate) items: Vec<DeliveryBody>,
    pub(crate) has_more: bool,
}

impl EndpointRequest {
    pub(crate) fn endpoint(self) -> Result<NewEndpoint, Problem> {
        Ok(NewEndpoint {
            url: self.url,
            event_types: self.event_types,
            description: description(self.description)?.unwrap_or_default(),
            lang: language(self.lang.as_deref())?,
        })
    }
}

impl EndpointChangeRequest {
    pub(crate) fn change(self) -> Result<EndpointChange, Problem> {
        let lang = self.lang.as_deref().map(|tag| language(Some(tag))).transpose()?;
        Ok(EndpointChange {
            url: self.url,
            event_types: self.event_types,
            description: description(self.description)?,
            lang,
            disabled: self.disabled,
        })
    }
}

/// A name that is stored and listed: short, printable, and nobody's number.
fn description(given: Option<String>) -> Result<Option<String>, Problem> {
    let good = |text: &String| {
        text.chars().count() <= DESCRIPTION_CHARS_MAX
            && !text.chars().any(char::is_control)
            && !personal::is_personal(text)
    };
    if given.as_ref().is_none_or(good) {
        return Ok(given);
    }
    Err(value_problem(
        "/description",
        "description 最多 120 个字，不能有换行，也不要写卡号、手机号或证件号。",
        "description has at most 120 characters on one line, and no card, phone or ID number.",
    ))
}

impl From<EndpointView> for EndpointBody {
    fn from(view: EndpointView) -> Self {
        Self {
            id: view.id.to_string(),
            url: view.url,
            event_types: view.event_types,
            description: view.description,
            lang: super::word(&view.lang),
            secret_at: view.secret_at.rfc3339(),
            old_secret_until: view.old_secret_until.map(|at| at.rfc3339()),
            failing_since: view.failing_since.map(|at| at.rfc3339()),
            disabled_at: view.disabled_at.map(|at| at.rfc3339()),
            disabled_why: view.disabled_why,
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
        }
    }
}

impl From<IssuedEndpoint> for IssuedEndpointBody {
    fn from(issued: IssuedEndpoint) -> Self {
        let secret = issued.secret.map(|secret| secret.expose().to_owned());
        Self { endpoint: issued.endpoint.into(), secret }
    }
}

impl From<DeliveryView> for DeliveryBody {
    fn from(view: DeliveryView) -> Self {
        Self {
            id: view.id.to_string(),
            endpoint: view.endpoint.to_string(),
            event: view.event,
            event_type: view.event_type,
            state: view.state,
            tries: view.tries,
            status: view.status,
            error: view.error,
            tried_at: view.tried_at.map(|at| at.rfc3339()),
            next_at: view.next_at.map(|at| at.rfc3339()),
            created_at: view.created_at.rfc3339(),
        }
    }
}
