//! A few hundred seeds hold, and each planted mistake is caught within a few hundred.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mingka_sim::{MISTAKES, Options, Shared, run};

const SEEDS: u64 = 300;
const SEEDS_TO_CATCH_MAX: u64 = 400;

#[test]
fn every_seed_holds() {
    let shared = Shared::new();
    let next = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (shared, next) = (&shared, &next);
            scope.spawn(move || {
                while let seed @ 0..SEEDS = next.fetch_add(1, Ordering::Relaxed) {
                    let outcome = run(seed, Options::default(), shared);
                    assert!(outcome.violations.is_empty(), "{outcome}");
                }
            });
        }
    });
}

#[test]
fn one_seed_tells_one_story() {
    let shared = Shared::new();
    let options = Options { traced: true, ..Options::default() };
    for seed in [3, 17, 40] {
        assert_eq!(run(seed, options, &shared).trace, run(seed, options, &shared).trace);
    }
}

#[test]
fn every_planted_mistake_is_caught_by_the_rule_it_breaks() {
    let shared = Shared::new();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(mistake) = MISTAKES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let caught = mistake.caught_by(SEEDS_TO_CATCH_MAX, &shared);
                    assert!(caught.is_some(), "{:?}: {}", mistake.planted, mistake.what);
                }
            });
        }
    });
}
