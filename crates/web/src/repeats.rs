//! Opening a hosted page twice with the same idempotency key opens one page. The address holds a
//! token of which the house keeps only a hash, so the answer to repeat lives here, in this
//! process's memory, for a short while and in bounded number.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mingka_domain::id::PlatformId;
use mingka_domain::time::{MINUTE_MS, Timestamp};
use mingka_engine::{Idempotency, OpenedSession};

use crate::problem::{Kind, Problem};

/// How long an answer can be repeated.
const KEPT_MS: i64 = 10 * MINUTE_MS;
/// How many answers are kept at once.
const ANSWER_COUNT_MAX: usize = 10_000;

/// The pages opened lately, by platform and key.
#[derive(Default)]
pub(crate) struct Repeats(Mutex<HashMap<(PlatformId, String), Earlier>>);

struct Earlier {
    fingerprint: [u8; 32],
    at: Timestamp,
    /// None while the first request is running.
    answer: Option<OpenedSession>,
}

impl Repeats {
    /// The answer to repeat, or none and the key is taken.
    pub(crate) fn begin(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<OpenedSession>, Problem> {
        let mut earlier = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (platform, idempotency.key.clone());
        if let Some(found) = earlier.get(&key).filter(|found| now.since_ms(found.at) < KEPT_MS) {
            if found.fingerprint != idempotency.fingerprint {
                return Err(Problem::new(Kind::IdempotencyMismatch));
            }
            let running = || Problem::new(Kind::InProgress).retry_after(1);
            return found.answer.clone().map(Some).ok_or_else(running);
        }
        if earlier.len() >= ANSWER_COUNT_MAX {
            earlier.retain(|_, found| now.since_ms(found.at) < KEPT_MS);
        }
        if earlier.len() >= ANSWER_COUNT_MAX {
            return Err(Problem::new(Kind::Busy).retry_after(60));
        }
        let fingerprint = idempotency.fingerprint;
        earlier.insert(key, Earlier { fingerprint, at: now, answer: None });
        Ok(None)
    }

    /// Keeps the answer, or gives the key back when there is none.
    pub(crate) fn end(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        answer: Option<&OpenedSession>,
    ) {
        let mut earlier = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (platform, idempotency.key.clone());
        match (answer, earlier.get_mut(&key)) {
            (Some(answer), Some(found)) => found.answer = Some(answer.clone()),
            _ => {
                earlier.remove(&key);
            }
        }
    }
}
