//! Token buckets of our own, in bounded memory: one per API key, per address, per page session. And
//! how much one caller may hold at the same time.
//!
//! The moment comes in as an argument. Two generations of a map keep the memory bounded: when the
//! young one is full it becomes the old one, and what nobody asked for since is forgotten.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use mingka_domain::time::Timestamp;

/// How much one caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a minute in the long run.
    pub per_minute: u32,
    /// Requests at once.
    pub burst: u32,
}

/// The buckets of one kind of caller.
#[derive(Debug)]
pub(crate) struct Limiter<K> {
    rate: Rate,
    generation_max: usize,
    buckets: Mutex<Generations<K>>,
}

#[derive(Debug)]
struct Generations<K> {
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
}

/// Thousandths of a token, so that no fraction is lost.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    milli: u64,
    at: Timestamp,
}

const TOKEN_MILLI: u64 = 1_000;

impl<K: Eq + Hash + Clone> Limiter<K> {
    pub(crate) fn new(rate: Rate, callers_max: usize) -> Self {
        let rate = Rate { per_minute: rate.per_minute.max(1), burst: rate.burst.max(1) };
        let empty = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { rate, generation_max: (callers_max / 2).max(1), buckets: Mutex::new(empty) }
    }

    /// Takes a token, or says how many seconds to wait for one.
    pub(crate) fn take(&self, key: &K, now: Timestamp) -> Result<(), u32> {
        let full = u64::from(self.rate.burst) * TOKEN_MILLI;
        let mut generations = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = generations.young.get(key).or_else(|| generations.old.get(key)).copied();
        let mut bucket = known.unwrap_or(Bucket { milli: full, at: now });
        // A clock that steps back neither gives nor takes.
        let passed_ms = u64::try_from(now.since_ms(bucket.at)).unwrap_or(0);
        let gained = passed_ms.saturating_mul(u64::from(self.rate.per_minute)) / 60;
        bucket.milli = bucket.milli.saturating_add(gained).min(full);
        bucket.at = now;
        let answer = match bucket.milli.checked_sub(TOKEN_MILLI) {
            Some(rest) => {
                bucket.milli = rest;
                Ok(())
            }
            None => Err(self.wait_s(bucket.milli)),
        };
        generations.put(key.clone(), bucket, self.generation_max);
        answer
    }

    fn wait_s(&self, milli: u64) -> u32 {
        let missing = TOKEN_MILLI.saturating_sub(milli);
        let wait_ms = missing * 60 / u64::from(self.rate.per_minute);
        u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
    }
}

impl<K: Eq + Hash> Generations<K> {
    fn put(&mut self, key: K, bucket: Bucket, generation_max: usize) {
        if self.young.len() >= generation_max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, bucket);
    }
}

/// How many things of one kind each caller holds at this moment.
#[derive(Debug)]
pub(crate) struct Together<K: Eq + Hash> {
    each_max: usize,
    counts: Mutex<HashMap<K, usize>>,
}

/// One of the things a caller holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Inside<K: Eq + Hash> {
    of: Arc<Together<K>>,
    key: K,
}

impl<K: Eq + Hash + Copy> Together<K> {
    pub(crate) fn new(each_max: usize) -> Self {
        Self { each_max: each_max.max(1), counts: Mutex::new(HashMap::new()) }
    }

    /// One more, or nothing when this caller holds as many as it may.
    pub(crate) fn enter(this: &Arc<Self>, key: K) -> Option<Inside<K>> {
        Self::enter_up_to(this, key, this.each_max)
    }

    /// The same with another bound than the usual one.
    pub(crate) fn enter_up_to(this: &Arc<Self>, key: K, max: usize) -> Option<Inside<K>> {
        let mut counts = this.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).copied().unwrap_or(0);
        if count >= max {
            return None;
        }
        counts.insert(key, count + 1);
        Some(Inside { of: Arc::clone(this), key })
    }
}

impl<K: Eq + Hash> Drop for Inside<K> {
    fn drop(&mut self) {
        let mut counts = self.of.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

/// Whom an address counts as: for IPv6 the /64, since one household has all of its addresses.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_together_is_given_back() {
        let together = Arc::new(Together::new(2));
        let first = Together::enter(&together, 1).unwrap();
        let second = Together::enter(&together, 1).unwrap();
        assert!(Together::enter(&together, 1).is_none());
        assert!(Together::enter(&together, 2).is_some(), "another caller is not held up");
        drop(first);
        let third = Together::enter(&together, 1).unwrap();
        assert!(Together::enter(&together, 1).is_none());
        drop((second, third));
        assert!(together.counts.lock().unwrap().is_empty(), "nobody is remembered for nothing");
    }

    #[test]
    fn an_ipv6_household_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    const RATE: Rate = Rate { per_minute: 60, burst: 3 };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_burst_then_one_a_second() {
        let limiter = Limiter::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a", at(0)), Ok(()));
        }
        assert_eq!(limiter.take(&"a", at(0)), Err(1));
        assert_eq!(limiter.take(&"b", at(0)), Ok(()), "another caller is not held up");
        assert_eq!(limiter.take(&"a", at(999)), Err(1));
        assert_eq!(limiter.take(&"a", at(1_000)), Ok(()));
        assert_eq!(limiter.take(&"a", at(1_000)), Err(1));
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_and_breaks_nothing() {
        let limiter = Limiter::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take(&1, at(60_000)), Ok(()));
        }
        assert_eq!(limiter.take(&1, at(0)), Err(1));
    }

    #[test]
    fn memory_is_bounded_and_a_busy_caller_is_remembered() {
        let limiter = Limiter::new(RATE, 10);
        for key in 0..1_000 {
            let _ = limiter.take(&key, at(0));
            let _ = limiter.take(&-1, at(0));
        }
        let generations = limiter.buckets.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 10);
        drop(generations);
        assert_eq!(limiter.take(&-1, at(0)), Err(1));
    }
}
