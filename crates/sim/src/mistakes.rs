//! The mistakes that are planted to prove that the invariants would notice them, each with the
//! story that shows it and the sentence that must be said. A checker that catches nothing proves
//! nothing; one that is caught by another rule than its own was lucky.

use std::sync::Arc;

use crate::{Options, Planted, Shared, Story, run};

/// A mistake and how it is noticed.
#[derive(Debug, Clone, Copy)]
pub struct Mistake {
    /// In a sentence.
    pub what: &'static str,
    /// How it is switched on.
    pub planted: Planted,
    /// The story that shows it.
    pub story: Story,
    /// What the violation must say.
    pub rule: &'static str,
}

/// Every mistake there is.
pub const MISTAKES: &[Mistake] = &[
    cards(
        "a confirmation whose answer was lost is sent again",
        Planted::ResendAfterUnknown,
        "takes one code to the bank twice",
    ),
    cards(
        "a binding believes “not found” at once",
        Planted::NotFoundFinalAtOnce,
        "gave a confirmation up while it was still on its way",
    ),
    cards(
        "a binding's message leaves before it is durable",
        Planted::SendBeforePersist,
        "was sent before it was durable",
    ),
    cards(
        "a binding's interrupted exchange is never looked at again",
        Planted::LostRecovery,
        "long after all healed",
    ),
    cards(
        "a code that proves nothing refuses a binding",
        Planted::UnmappedIsDecline,
        "the bank still has its agreement",
    ),
    money(
        "after a time-out the payment is sent another way",
        Planted::FailOverOnTimeout,
        "while att_",
    ),
    money("a payment believes “not found”", Planted::NotFoundFinalAtOnce, "while att_"),
    money("after a crash the payment is sent again", Planted::ResendAfterCrash, "while att_"),
    money(
        "an order leaves before it is durable",
        Planted::SendBeforePersist,
        "was sent before it was durable",
    ),
    money(
        "an interrupted payment is never looked at again",
        Planted::LostRecovery,
        "long after all healed",
    ),
    money(
        "a code that proves nothing refuses a payment",
        Planted::UnmappedIsDecline,
        "was refused although the bank had not refused it",
    ),
    money(
        "the first answer's success counts as money that moved",
        Planted::FirstAnswerSettles,
        "was settled before the bank had said so",
    ),
    money(
        "a notification is believed without an inquiry",
        Planted::NotificationBelieved,
        "and the bank moved nothing",
    ),
    money(
        "the idempotency key is no part of the guard",
        Planted::KeyNotGuarded,
        "was taken for another request than its own",
    ),
    money(
        "a loan is free while its payment is in doubt",
        Planted::GuardReleasedInDoubt,
        "was paid out 2 times",
    ),
    money(
        "whatever amount an answer names is believed",
        Planted::AnyAmountBelieved,
        "was settled before the bank had said so",
    ),
    money(
        "absence from one day's statement counts",
        Planted::AbsenceOfOneDay,
        "was refused although the bank had not refused it",
    ),
    money("a lease never ends", Planted::LeaseNeverEnds, "long after all healed"),
    money("not every event reaches the log", Planted::EventNotLogged, "has lost an event"),
    money(
        "what was hard declined is tried again",
        Planted::HardDeclineRetried,
        "was tried again after a hard decline",
    ),
    money(
        "a statement's line about what was refused is passed over",
        Planted::LineIgnored,
        "is refused and the bank executed it",
    ),
    money("a restored house goes on", Planted::HoldIgnored, "left while the house was held"),
    money(
        "a restore is not noticed, and the house is not held",
        Planted::RestoreUnnoticed,
        "was paid again after the restore",
    ),
    money("a stop switch is ignored", Planted::StopIgnored, "left while a switch had stopped it"),
];

const fn cards(what: &'static str, planted: Planted, rule: &'static str) -> Mistake {
    Mistake { what, planted, story: Story::Cards, rule }
}

const fn money(what: &'static str, planted: Planted, rule: &'static str) -> Mistake {
    Mistake { what, planted, story: Story::Money, rule }
}

impl Mistake {
    /// The first of so many seeds in which the rule it breaks notices it.
    #[must_use]
    pub fn caught_by(&self, seeds: u64, shared: &Arc<Shared>) -> Option<u64> {
        let (planted, story) = (Some(self.planted), Some(self.story));
        let options = Options { planted, story, traced: false };
        (0..seeds).find(|seed| {
            let violations = run(*seed, options, shared).violations;
            violations.iter().any(|violation| violation.contains(self.rule))
        })
    }
}
