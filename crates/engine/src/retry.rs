//! How often what never left is tried again: at most a tenth of what is tried for the first time,
//! by issuer, and while a channel is ill only now and then, to see whether it is well. A bank that
//! comes back is not stormed by everything that waited for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use mingka_domain::time::{MINUTE_MS, Timestamp};
use mingka_store::InstrumentRecord;

/// What a try for the first time adds, and what one more time costs.
const FIRST_ADDS: u32 = 1;
const AGAIN_COSTS: u32 = 10;
/// What an issuer begins with, and the most it has: five tries in a row, and no more than fifty.
const BEGINS_WITH: u32 = 5 * AGAIN_COSTS;
const MOST: u32 = 50 * AGAIN_COSTS;
/// How often one more try is given where nothing is tried for the first time.
const GIVEN_EVERY_MS: i64 = 10 * MINUTE_MS;
/// How often an ill channel is tried all the same.
const PROBE_EVERY_MS: i64 = MINUTE_MS;

/// What is left of every issuer's budget, and when ill channels were tried last. Each process
/// counts for itself: so many processes, so many budgets.
#[derive(Debug, Default)]
pub(crate) struct Retries(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    issuers: BTreeMap<String, (u32, Option<Timestamp>)>,
    probes: BTreeMap<String, Timestamp>,
}

/// Whose card it is, as budgets are counted.
pub(crate) fn issuer_of(instrument: &InstrumentRecord) -> String {
    instrument.card.bank_code.clone().unwrap_or_default()
}

impl Retries {
    /// Something is tried for the first time.
    pub(crate) fn first_try(&self, issuer: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, _) = state.issuers.entry(issuer.to_owned()).or_insert((BEGINS_WITH, None));
        *left = left.saturating_add(FIRST_ADDS).min(MOST);
    }

    /// Whether something may be tried once more now; counted when it may.
    pub(crate) fn may_try_again(
        &self,
        issuer: &str,
        (channel, is_ill): (&str, bool),
        now: Timestamp,
    ) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_ill {
            let last = state.probes.get(channel);
            // A clock that was set back keeps nobody waiting.
            if last.is_some_and(|last| (0..PROBE_EVERY_MS).contains(&now.since_ms(*last))) {
                return false;
            }
            state.probes.insert(channel.to_owned(), now);
            return true;
        }
        let (left, given_at) =
            state.issuers.entry(issuer.to_owned()).or_insert((BEGINS_WITH, None));
        let since = given_at.get_or_insert(now);
        let gifts = u32::try_from(now.since_ms(*since).max(0) / GIVEN_EVERY_MS).unwrap_or(0);
        if gifts > 0 {
            *left = left.saturating_add(gifts.saturating_mul(AGAIN_COSTS)).min(MOST);
            *given_at = Some(now);
        }
        match left.checked_sub(AGAIN_COSTS) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn tries_again_are_a_tenth_of_first_tries() {
        let retries = Retries::default();
        let again = |issuer: &str| retries.may_try_again(issuer, ("channel", false), at(1));
        let count = |issuer: &str| (0..1_000).filter(|_| again(issuer)).count();
        assert_eq!(count("ICBC"), 5, "what every issuer begins with");
        (0..100).for_each(|_| retries.first_try("ICBC"));
        assert_eq!(count("ICBC"), 10);
        assert_eq!(count("ABC"), 5, "one issuer takes nothing of another's");
        (0..100_000).for_each(|_| retries.first_try("ICBC"));
        assert_eq!(count("ICBC"), 50, "nobody saves up a storm");
    }

    #[test]
    fn time_gives_a_try_where_nothing_else_does() {
        let retries = Retries::default();
        let again = |ms| retries.may_try_again("ICBC", ("channel", false), at(ms));
        assert_eq!((0..10).filter(|_| again(0)).count(), 5);
        assert!(!again(GIVEN_EVERY_MS - 1));
        assert!(again(GIVEN_EVERY_MS));
        assert!(!again(GIVEN_EVERY_MS));
    }

    #[test]
    fn an_ill_channel_is_tried_once_in_a_while() {
        let retries = Retries::default();
        let again = |ms| retries.may_try_again("ICBC", ("channel", true), at(ms));
        assert!(again(0) && !again(1) && !again(PROBE_EVERY_MS - 1));
        assert!(again(PROBE_EVERY_MS) && !again(PROBE_EVERY_MS + 1));
        assert!(again(5), "a clock that was set back keeps nobody waiting");
    }
}
