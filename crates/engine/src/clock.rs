//! What time it is. Sleeping is tokio's, so that a simulator can pause it; the wall clock comes in
//! through this trait, so that a simulator can bend it.

use std::time::{SystemTime, UNIX_EPOCH};

use mingka_domain::time::Timestamp;

/// A wall clock.
pub trait Clock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the engine asks the machine what time it is"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
