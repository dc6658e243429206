//! A few hundred seeds hold, and each planted mistake is caught within a few hundred.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mingka_sim::{Options, Planted, Shared, run};

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
    let options = Options { traced: true, planted: None };
    for seed in [3, 17, 40] {
        assert_eq!(run(seed, options, &shared).trace, run(seed, options, &shared).trace);
    }
}

#[test]
fn a_confirmation_sent_again_after_silence_is_caught() {
    assert!(is_caught(Planted::ResendAfterUnknown));
}

#[test]
fn not_found_believed_at_once_is_caught() {
    assert!(is_caught(Planted::NotFoundFinalAtOnce));
}

#[test]
fn a_message_sent_before_it_is_durable_is_caught() {
    assert!(is_caught(Planted::SendBeforePersist));
}

#[test]
fn a_lost_recovery_is_caught() {
    assert!(is_caught(Planted::LostRecovery));
}

#[test]
fn an_unmapped_code_taken_as_a_decline_is_caught() {
    assert!(is_caught(Planted::UnmappedIsDecline));
}

/// Caught by the rule it breaks: a violation of another one would be luck.
fn is_caught(planted: Planted) -> bool {
    let shared = Shared::new();
    let options = Options { planted: Some(planted), traced: false };
    let rule = rule_of(planted);
    (0..SEEDS_TO_CATCH_MAX)
        .map(|seed| run(seed, options, &shared))
        .any(|outcome| outcome.violations.iter().any(|violation| violation.contains(rule)))
}

/// What the violation must say.
const fn rule_of(planted: Planted) -> &'static str {
    match planted {
        Planted::ResendAfterUnknown => "takes one code to the bank twice",
        Planted::NotFoundFinalAtOnce => "gave a confirmation up while it was still on its way",
        Planted::SendBeforePersist => "was sent before it was durable",
        Planted::LostRecovery => "long after all healed",
        Planted::UnmappedIsDecline => "the bank still has its agreement",
    }
}
