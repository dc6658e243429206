//! The bank changes its encryption certificate when it is told to, as UnionPay does by itself.

use std::sync::Arc;

use mingka_domain::time::DAY_MS;
use serde::{Deserialize, Serialize};

use super::Desk;
use crate::acp::{GateError, Rotated};

/// The longest time of grace.
const GRACE_MS_MAX: i64 = 3_650 * DAY_MS;

/// How the certificate shall be changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// How long the certificate before it still opens values. UnionPay leaves a month.
    #[serde(default = "month_ms")]
    grace_ms: i64,
}

/// How the certificate stands.
#[derive(Serialize)]
pub(super) struct Rotation {
    certificate_id: String,
    former_certificate_id: Option<String>,
    former_until: Option<String>,
}

impl Rotation {
    fn of(rotated: Rotated) -> Self {
        let (former, until) = rotated.former.unzip();
        Self {
            certificate_id: rotated.serial,
            former_certificate_id: former,
            former_until: until.map(|until| until.rfc3339()),
        }
    }
}

/// The certificate as it stands.
pub(super) fn rotation(desk: &Desk) -> Option<Rotation> {
    desk.gate.rotation().map(Rotation::of)
}

/// Changes it. Making a key takes long enough to keep other requests waiting, so they do not.
pub(super) async fn rotate(desk: &Arc<Desk>, wanted: Rotate) -> Result<Rotation, String> {
    if !(0..=GRACE_MS_MAX).contains(&wanted.grace_ms) {
        return Err("grace_ms is at least 0 and at most ten years".to_owned());
    }
    let until = desk.now().plus_ms(wanted.grace_ms);
    let at_work = Arc::clone(desk);
    let rotated = tokio::task::spawn_blocking(move || {
        at_work.gate.rotate(until, at_work.clock_file.parent(), &*at_work.entropy)
    });
    let rotated = rotated.await.map_err(|error| error.to_string())?;
    rotated.map(Rotation::of).map_err(|error: GateError| error.to_string())
}

const fn month_ms() -> i64 {
    30 * DAY_MS
}
