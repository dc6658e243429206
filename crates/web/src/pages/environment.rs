//! The phone a page is open on: what the platform reported of it, and what the page itself could
//! tell when its form was sent. A browser without JavaScript tells nothing, and is not judged.

use mingka_domain::environment::{Environment, Network};

use super::urlencoded::Fields;
use super::visit::Visit;
use crate::app::App;

/// The environment of one sent form. The page sees clock and network as they are now, and so knows
/// them better than what was reported when the session was opened.
pub(super) fn told(app: &App, visit: &Visit, fields: &Fields) -> Environment {
    let reported = visit.session.environment;
    let clock_ms: Option<i64> = fields.text("clock_ms").parse().ok();
    let skew_ms = clock_ms.map(|clock_ms| clock_ms.saturating_sub(app.now().as_millis()));
    let network = match fields.text("network") {
        "good" => Some(Network::Good),
        "weak" => Some(Network::Weak),
        "offline" => Some(Network::Offline),
        _ => None,
    };
    Environment {
        clock_skew_ms: skew_ms.or(reported.clock_skew_ms),
        network: network.or(reported.network),
        ..reported
    }
}
