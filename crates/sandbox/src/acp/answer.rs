//! What comes back from the bank for one request: the answer, how it must be delivered, and what
//! else is to be sent. Carried out by the server over sockets and by the simulator over its network.

use mingka_channels::http::{HttpRequest, HttpResponse};

/// The bank's answer to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer itself.
    pub response: HttpResponse,
    /// How it reaches the merchant, if it does.
    pub delivery: Delivery,
    /// What the bank sends to the merchant by itself.
    pub notifications: Vec<Notification>,
}

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// How long it waits before it leaves.
    pub delay_ms: u64,
    /// How much of it arrives.
    pub manner: Manner,
}

/// How much of an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// All of it.
    #[default]
    Whole,
    /// The first half; then the connection breaks.
    Half,
    /// Nothing; the connection closes.
    Nothing,
}

/// A message the bank sends by itself.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The message.
    pub request: HttpRequest,
    /// How long after the answer.
    pub after_ms: u64,
}
