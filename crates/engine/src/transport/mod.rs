//! How a message gets to a bank, and what is certain about it afterwards. A transport sends once:
//! it follows no redirect, uses no proxy and repeats nothing that may have left.

mod counting;
mod http;
mod tls;

use std::future::Future;
use std::pin::Pin;

use mingka_channels::{HttpRequest, HttpResponse};
use mingka_domain::outcome::{Doubt, NotSent};

pub use http::{HttpTransport, TransportSettings};
pub(crate) use tls::connector;
pub use tls::{TlsError, TlsRoots};

/// Sends a message to a bank.
pub trait Transport: Send + Sync {
    /// Sends `request` and waits for the answer, `timeout_ms` at most in all.
    fn send(&self, request: HttpRequest, timeout_ms: u64) -> Sending<'_>;
}

/// A message on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not one byte of it left.
    NotSent(NotSent),
    /// An answer came, whatever it says.
    Answered(HttpResponse),
    /// Some of it may have arrived, and no whole answer came.
    Lost(Doubt),
}

#[cfg(test)]
mod tests;
