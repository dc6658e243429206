//! How often something happened lately, by a keyed index: cards, phones, sessions. Bounded in memory
//! and gone with the process; what must outlive it is counted in the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mingka_domain::time::Timestamp;

/// Counts of the current window, per key.
#[derive(Debug)]
pub(crate) struct Counters {
    window_ms: i64,
    count_max: usize,
    counts: Mutex<HashMap<[u8; 32], Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began_at: Timestamp,
    count: u32,
}

impl Counters {
    pub(crate) fn new(window_ms: i64, count_max: usize) -> Self {
        Self { window_ms, count_max, counts: Mutex::new(HashMap::new()) }
    }

    /// Counts one more, unless that would be more than `limit`: then says how many seconds to wait.
    pub(crate) fn take(&self, key: [u8; 32], limit: u32, now: Timestamp) -> Result<(), u32> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= self.count_max && !counts.contains_key(&key) {
            counts.retain(|_, window| !self.is_over(*window, now));
            // Still full of fresh keys: whoever fills it so fast waits.
            if counts.len() >= self.count_max {
                return Err(seconds(self.window_ms));
            }
        }
        let fresh = Window { began_at: now, count: 0 };
        let window = counts.entry(key).or_insert(fresh);
        if self.is_over(*window, now) {
            *window = fresh;
        }
        if window.count >= limit {
            let over_at = window.began_at.plus_ms(self.window_ms);
            return Err(seconds(over_at.since_ms(now)));
        }
        window.count = window.count.saturating_add(1);
        Ok(())
    }

    /// Takes one back that was counted and then not done.
    pub(crate) fn give_back(&self, key: [u8; 32]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = counts.get_mut(&key) {
            window.count = window.count.saturating_sub(1);
        }
    }

    /// A window is also over when the clock was set back behind its beginning.
    fn is_over(&self, window: Window, now: Timestamp) -> bool {
        let age_ms = now.since_ms(window.began_at);
        !(0..self.window_ms).contains(&age_ms)
    }
}

fn seconds(ms: i64) -> u32 {
    u32::try_from(ms.max(0).saturating_add(999) / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [1; 32];

    #[test]
    fn what_is_given_back_may_be_taken_again() {
        let counters = Counters::new(10_000, 10);
        let now = Timestamp::from_millis(0);
        assert_eq!(counters.take(KEY, 1, now), Ok(()));
        assert!(counters.take(KEY, 1, now).is_err());
        counters.give_back(KEY);
        assert_eq!(counters.take(KEY, 1, now), Ok(()));
        assert!(counters.take(KEY, 1, now).is_err());
    }

    #[test]
    fn the_limit_holds_until_the_window_is_over() {
        let counters = Counters::new(10_000, 10);
        let at = Timestamp::from_millis;
        assert_eq!(counters.take(KEY, 2, at(0)), Ok(()));
        assert_eq!(counters.take(KEY, 2, at(1)), Ok(()));
        assert_eq!(counters.take(KEY, 2, at(4_000)), Err(6));
        assert_eq!(counters.take(KEY, 2, at(10_000)), Ok(()));
        assert_eq!(counters.take([2; 32], 2, at(4_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let counters = Counters::new(10_000, 2);
        let at = Timestamp::from_millis;
        assert!(counters.take([1; 32], 1, at(0)).is_ok());
        assert!(counters.take([2; 32], 1, at(0)).is_ok());
        assert_eq!(counters.take([3; 32], 1, at(0)), Err(10));
        assert!(counters.take([3; 32], 1, at(20_000)).is_ok());
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let counters = Counters::new(10_000, 2);
        assert!(counters.take(KEY, 1, Timestamp::from_millis(1_000_000)).is_ok());
        assert!(counters.take(KEY, 1, Timestamp::from_millis(0)).is_ok());
    }
}
