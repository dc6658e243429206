//! Events as the feed and the webhooks give them: one form for both.

use mingka_domain::text::Lang;
use mingka_engine::{About, EventView, FeedPage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{BindingBody, EndpointBody, InstrumentBody, PaymentBody, VerificationBody};

/// Where in the feed to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeedQuery {
    /// Show what comes after this position; from the beginning when left out.
    #[param(minimum = 0)]
    pub(crate) after: Option<i64>,
    /// How many, 1 to 100; 100 when left out.
    pub(crate) limit: Option<u32>,
    /// How many seconds to wait for something new, 0 to 30; not at all when left out.
    pub(crate) wait: Option<u32>,
}

/// Something that happened, and what it happened to as it stood from then on. A webhook's body is
/// the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody {
    /// What it is about and the state that is in.
    #[schema(example = "payment.settled")]
    pub(crate) r#type: String,
    /// When it happened.
    pub(crate) timestamp: String,
    /// The same in every repetition; a webhook's `webhook-id`.
    #[schema(example = "evt_…")]
    pub(crate) id: String,
    /// Its place in the one order of all events: higher is later.
    #[schema(example = 4711)]
    pub(crate) position: i64,
    /// What it is about, as its own address gives it; timelines and consents are left out.
    pub(crate) data: EventData,
}

/// What an event is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EventData {
    /// Of a `binding.…`.
    Binding(Box<BindingBody>),
    /// Of an `instrument.…`.
    Instrument(Box<InstrumentBody>),
    /// Of a `verification.…`.
    Verification(Box<VerificationBody>),
    /// Of a `payment.…`.
    Payment(Box<PaymentBody>),
    /// Of an `endpoint.…`.
    Endpoint(Box<EndpointBody>),
}

/// A part of the feed, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventFeed)]
pub(crate) struct EventFeedBody {
    pub(crate) items: Vec<EventBody>,
    /// Give this as `after` next time, also when nothing came.
    #[schema(example = 4711)]
    pub(crate) next_after: i64,
    /// Whether there is more already.
    pub(crate) has_more: bool,
}

impl EventBody {
    pub(crate) fn new(view: EventView, lang: Lang) -> Self {
        Self {
            r#type: view.event_type,
            timestamp: view.at.rfc3339(),
            id: view.id,
            position: view.position,
            data: match view.about {
                About::Binding(view) => EventData::Binding(Box::new(BindingBody::new(*view, lang))),
                About::Instrument(view) => {
                    EventData::Instrument(Box::new(InstrumentBody::new(*view, lang)))
                }
                About::Verification(view) => {
                    EventData::Verification(Box::new(VerificationBody::new(*view, lang)))
                }
                About::Payment(view) => EventData::Payment(Box::new(PaymentBody::new(*view, lang))),
                About::Endpoint(view) => EventData::Endpoint(Box::new(EndpointBody::from(*view))),
            },
        }
    }
}

impl EventFeedBody {
    pub(crate) fn new(page: FeedPage, lang: Lang) -> Self {
        Self {
            items: page.items.into_iter().map(|view| EventBody::new(view, lang)).collect(),
            next_after: page.next_after,
            has_more: page.has_more,
        }
    }
}

/// An event as a webhook's body.
pub(crate) fn event_json(view: &EventView, lang: Lang) -> String {
    serde_json::to_string(&EventBody::new(view.clone(), lang)).unwrap_or_default()
}
