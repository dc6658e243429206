//! Where the server is and how it is reached. What the address says about a password goes to the
//! server and nowhere else.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::open::{OpenError, Settings};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A peer that acknowledges nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// What libpq takes when nothing is said; far too long to notice that a server went away.
const KEEPALIVE_IDLE_UNSAID: Duration = Duration::from_secs(2 * 60 * 60);

/// The database's address and how long it may take. `Debug` shows no password.
#[derive(Clone)]
pub(crate) struct Server {
    pub(super) config: Config,
    pub(super) settings: Settings,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}

impl Server {
    /// Reads `postgres://user@host/database`; several hosts stand with commas between.
    pub(crate) fn parse(url: &str, settings: &Settings) -> Result<Self, OpenError> {
        // What is wrong with it may be a piece of the password: it is not repeated.
        let mut config: Config = url.parse().map_err(|_| OpenError::Address)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(OpenError::Address);
        }
        if config.get_application_name().is_none() {
            config.application_name("mingka");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_MAX);
        }
        if config.get_keepalives_idle() == KEEPALIVE_IDLE_UNSAID {
            config.keepalives_idle(SILENCE_MAX);
        }
        // Of several hosts the one that takes writes, whichever that is by now.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let server = Self { config, settings: *settings };
        match server.config.get_ssl_mode() {
            SslMode::Disable => Ok(server),
            SslMode::Prefer if server.is_on_this_machine() => Ok(server),
            _ => Err(OpenError::NoTls),
        }
    }

    /// Whether one server of several may take over from another.
    pub(crate) fn has_several_hosts(&self) -> bool {
        self.config.get_hosts().len().max(self.config.get_hostaddrs().len()) > 1
    }

    fn is_on_this_machine(&self) -> bool {
        let hosts = self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => is_loopback(name),
            #[cfg(unix)]
            Host::Unix(_) => true,
        });
        hosts && self.config.get_hostaddrs().iter().all(|address| address.is_loopback())
    }
}

fn is_loopback(name: &str) -> bool {
    // Digits and dots alone: 127.example.com is somewhere else.
    let is_number = name.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    name == "localhost" || name == "::1" || (is_number && name.starts_with("127."))
}
