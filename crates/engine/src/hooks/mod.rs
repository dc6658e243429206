//! Telling platforms what happened: one feed of events in one order (`feed`), handed to their
//! endpoints (`hand_out`), carried there as leased steps (`deliver`), signed (`sign`), and never to
//! an address inside (`guard`, `post`).

mod deliver;
mod delivery;
mod endpoint;
mod feed;
mod guard;
mod hand_out;
mod post;
mod sign;
mod told;
mod types;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mingka_domain::id::EndpointId;
use mingka_domain::text::Lang;

pub use deliver::RETRY_DELAYS_MS;
pub use guard::Forbidden;
pub use types::EVENT_TYPES;
pub use view::{About, DeliveryView, EndpointView, EventView, FeedPage, IssuedEndpoint};

use crate::transport::{TlsError, TlsRoots};
use guard::Guard;
use post::Poster;

/// The most deliveries to one endpoint at once: a slow one keeps the others waiting no longer.
const TOGETHER_MAX: usize = 4;

/// How platforms are told. Without it nothing is handed out, and the feed is all there is.
#[derive(Clone)]
pub struct Hooks {
    pub(crate) poster: Poster,
    pub(crate) write: WriteEvent,
    together: Arc<Mutex<HashMap<EndpointId, usize>>>,
}

/// Writes an event as the interface gives it: the same words in the feed and in a delivery.
pub type WriteEvent = fn(&EventView, Lang) -> String;

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").field("poster", &self.poster).finish_non_exhaustive()
    }
}

impl Hooks {
    /// Tells platforms over the public internet; with `loopback` also endpoints on this machine,
    /// without TLS: for a sandbox and tests.
    ///
    /// # Errors
    /// When no TLS can be spoken.
    pub fn new(loopback: bool, roots: &TlsRoots, write: WriteEvent) -> Result<Self, TlsError> {
        let poster = Poster::new(Guard { loopback }, roots)?;
        Ok(Self { poster, write, together: Arc::default() })
    }

    /// A place among the deliveries to an endpoint; `None` when it has as many as it may.
    fn enter(&self, endpoint: EndpointId) -> Option<Inside> {
        let mut together = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        let count = together.entry(endpoint).or_default();
        if *count >= TOGETHER_MAX {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Inside { together: Arc::clone(&self.together), endpoint })
    }
}

/// One of the deliveries under way to an endpoint; over when dropped.
struct Inside {
    together: Arc<Mutex<HashMap<EndpointId, usize>>>,
    endpoint: EndpointId,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut together = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        match together.get_mut(&self.endpoint) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            _ => {
                together.remove(&self.endpoint);
            }
        }
    }
}
