//! Numbers out of several runs: the median and the spread, never a mean alone, never a best of.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::machine::thread_time;

/// What several runs of one measurement gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Sample {
    /// The middle one.
    pub(crate) median: f64,
    /// The lowest.
    pub(crate) lowest: f64,
    /// The highest.
    pub(crate) highest: f64,
    /// How many runs there were.
    pub(crate) runs: usize,
}

impl Sample {
    /// Of the runs' values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self {
            median: at(&values, 500),
            lowest: at(&values, 0),
            highest: at(&values, 1_000),
            runs: values.len(),
        }
    }

    /// Of one value that was measured once.
    pub(crate) fn once(value: f64) -> Self {
        Self::of([value])
    }
}

/// The value below which `per_mille` thousandths of the sorted values lie.
pub(crate) fn at(sorted: &[f64], per_mille: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * per_mille + 500) / 1_000).copied().unwrap_or(0.0)
}

/// Sorts milliseconds and gives one of their percentiles.
pub(crate) fn percentile_ms(times: &[Duration], per_mille: usize) -> f64 {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    at(&sorted, per_mille)
}

/// The mean, for what has to be added and subtracted.
pub(crate) fn mean_ms(times: &[Duration]) -> f64 {
    let sum: Duration = times.iter().sum();
    sum.as_secs_f64() * 1e3 / number(times.len()).max(1.0)
}

/// A count as a number to calculate with.
pub(crate) fn number(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}

/// How often `work` runs in a second of one core: `runs` runs of `time` each, after one that warms
/// up. Counted is the time in which this thread had a core, so that a busy machine lengthens the
/// run and does not change what it shows. `work` is called with a count that goes on.
pub(crate) fn per_second(runs: usize, time: Duration, mut work: impl FnMut(usize)) -> Sample {
    const LOOK_AT_THE_WATCH_EVERY: usize = 32;
    let mut count = 0;
    let mut run = || {
        let (began, had) = (Instant::now(), thread_time());
        let from = count;
        while began.elapsed() < time {
            for _ in 0..LOOK_AT_THE_WATCH_EVERY {
                work(count);
                count += 1;
            }
        }
        let took = began.elapsed();
        let had = thread_time().zip(had).map(|(now, before)| now.saturating_sub(before));
        let had = had.filter(|had| *had > Duration::ZERO).unwrap_or(took).min(took);
        number(count - from) / had.as_secs_f64()
    };
    run();
    Sample::of((0..runs).map(|_| run()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_ends() {
        let sample = Sample::of([5.0, 1.0, 9.0]);
        assert_eq!((sample.median, sample.lowest, sample.highest), (5.0, 1.0, 9.0));
        assert_eq!(Sample::of([]).median, 0.0);
        assert_eq!(Sample::once(2.0), Sample { median: 2.0, lowest: 2.0, highest: 2.0, runs: 1 });
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&times, 990), 99.0);
        assert_eq!(percentile_ms(&times, 1_000), 100.0);
        assert_eq!(percentile_ms(&[], 500), 0.0);
        assert!((mean_ms(&times) - 50.5).abs() < 1e-9);
    }
}
