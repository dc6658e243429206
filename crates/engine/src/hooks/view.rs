//! Events, endpoints and deliveries as the outside may see them.

use mingka_domain::id::{DeliveryId, EndpointId};
use mingka_domain::secret::Secret;
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::view::{BindingView, InstrumentView, PaymentView, VerificationView};

/// Something that happened, with what it happened to as it stood from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// Its id; of a trial, the delivery's.
    pub id: String,
    /// Its place in the one order of all events; 0 for a trial.
    pub position: i64,
    /// Its type, such as `payment.settled`.
    pub event_type: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
}

/// What an event is about. Timelines and consents are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A card on its way to becoming an instrument.
    Binding(Box<BindingView>),
    /// A bound card.
    Instrument(Box<InstrumentView>),
    /// A verification.
    Verification(Box<VerificationView>),
    /// Money that moves once.
    Payment(Box<PaymentView>),
    /// An endpoint of the platform's own.
    Endpoint(Box<EndpointView>),
}

/// A part of the feed, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// What happened.
    pub items: Vec<EventView>,
    /// Where to go on: everything up to here was told, or is nothing that is told.
    pub next_after: i64,
    /// Whether there is more already.
    pub has_more: bool,
}

/// An endpoint as its platform sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointView {
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// What it wants to hear of.
    pub event_types: Vec<String>,
    /// What the platform calls it.
    pub description: String,
    /// The language of the texts it is told.
    pub lang: Lang,
    /// When its newest secret was made.
    pub secret_at: Timestamp,
    /// Until when the secret before it signs as well.
    pub old_secret_until: Option<Timestamp>,
    /// Since when nothing got through.
    pub failing_since: Option<Timestamp>,
    /// Since when it is told nothing.
    pub disabled_at: Option<Timestamp>,
    /// Why: `asked`, `failing` or `gone`.
    pub disabled_why: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: u64,
}

/// An endpoint and its secret, which is opened anew for a repetition of the answer and stands in no
/// stored one.
#[derive(Debug, Clone)]
pub struct IssuedEndpoint {
    /// The endpoint.
    pub endpoint: EndpointView,
    /// Its secret, unless another one was made since.
    pub secret: Option<Secret>,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The id under which the endpoint knows the event: its `webhook-id`.
    pub event: String,
    /// The event's type.
    pub event_type: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: u32,
    /// The endpoint's last answer.
    pub status: Option<u16>,
    /// What went wrong last where there was no answer.
    pub error: Option<String>,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
