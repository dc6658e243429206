//! What every handler can reach: the engine, the settings, the limits. Built once.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use mingka_crypto::keyring::KeyRing;
use mingka_crypto::{Entropy, SystemEntropy};
use mingka_domain::id::{ApiKeyId, PaymentId, SessionId};
use mingka_domain::time::Timestamp;
use mingka_engine::{Clock, Engine, SystemClock};
use tokio::sync::Semaphore;

use crate::limits::{Limiter, Rate, Together};

/// What an operator may turn, and what the outside world brings in.
#[derive(Clone)]
pub struct WebSettings {
    /// Where borrowers reach this house, without a slash at the end: the base of page addresses.
    /// With `https` the cookies are marked `Secure`.
    pub public_url: String,
    /// Whether the banks behind it are the sandbox's: the pages say so.
    pub sandbox: bool,
    /// Whether `X-Forwarded-For` is believed: only behind a proxy that sets it.
    pub behind_proxy: bool,
    /// The longest request body.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout_ms: u64,
    /// How many requests are worked on at once.
    pub requests_max: usize,
    /// How many event streams are open at once.
    pub streams_max: usize,
    /// How many of them one borrower's page has open.
    pub session_streams_max: usize,
    /// How many of them one API key has open.
    pub key_streams_max: usize,
    /// Whether `/` leads to `/docs`; off where another router brings a start page.
    pub root_to_docs: bool,
    /// How many callers each limit remembers.
    pub callers_max: usize,
    /// What one API key may do.
    pub key_rate: Rate,
    /// What one address may do.
    pub address_rate: Rate,
    /// What one borrower's page may submit.
    pub page_rate: Rate,
    /// What one borrower's page may ask while typing.
    pub check_rate: Rate,
    /// The keys for page tokens, kept values and fingerprints.
    pub keyring: Arc<KeyRing>,
    /// Where random bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl WebSettings {
    /// The usual limits, for a house that borrowers reach at `public_url`.
    #[must_use]
    pub fn new(public_url: impl Into<String>, keyring: Arc<KeyRing>) -> Self {
        Self {
            public_url: public_url.into(),
            sandbox: false,
            behind_proxy: false,
            body_bytes_max: 64 * 1024,
            body_timeout_ms: 15_000,
            requests_max: 512,
            streams_max: 1_024,
            session_streams_max: 4,
            key_streams_max: 64,
            root_to_docs: true,
            callers_max: 100_000,
            key_rate: Rate { per_minute: 60_000, burst: 2_000 },
            address_rate: Rate { per_minute: 120_000, burst: 4_000 },
            page_rate: Rate { per_minute: 30, burst: 20 },
            check_rate: Rate { per_minute: 60, burst: 60 },
            keyring,
            entropy: Arc::new(SystemEntropy::new()),
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for WebSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSettings").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// The shared state of all handlers.
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) settings: WebSettings,
    pub(crate) by_key: Limiter<ApiKeyId>,
    pub(crate) by_address: Limiter<IpAddr>,
    pub(crate) by_page: Limiter<SessionId>,
    pub(crate) by_check: Limiter<SessionId>,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) session_streams: Arc<Together<SessionId>>,
    pub(crate) key_streams: Arc<Together<ApiKeyId>>,
    pub(crate) payment_streams: Arc<Together<PaymentId>>,
}

/// The shared state of all handlers.
pub(crate) type App = Arc<Inner>;

impl Inner {
    pub(crate) fn new(engine: Engine, settings: WebSettings) -> App {
        let callers_max = settings.callers_max;
        Arc::new(Self {
            by_key: Limiter::new(settings.key_rate, callers_max),
            by_address: Limiter::new(settings.address_rate, callers_max),
            by_page: Limiter::new(settings.page_rate, callers_max),
            by_check: Limiter::new(settings.check_rate, callers_max),
            requests: Arc::new(Semaphore::new(settings.requests_max.max(1))),
            streams: Arc::new(Semaphore::new(settings.streams_max.max(1))),
            session_streams: Arc::new(Together::new(settings.session_streams_max)),
            key_streams: Arc::new(Together::new(settings.key_streams_max)),
            payment_streams: Arc::new(Together::new(settings.session_streams_max)),
            engine,
            settings,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        mingka_crypto::entropy::random(&*self.settings.entropy)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("web state")
    }
}
