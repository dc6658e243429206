//! What an operator may turn. Every bound has its unit in its name.

use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// The engine's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long an unfinished binding lives.
    pub binding_valid_ms: i64,
    /// What is added to a channel's time-out before a silent exchange counts as interrupted.
    pub exchange_margin_ms: i64,
    /// The longest an inquiry waits: nothing is lost by asking again.
    pub inquiry_timeout_ms: u64,
    /// How many codes one card may be sent in a day, over all bindings.
    pub code_sends_per_card_day_max: u32,
    /// How many codes one phone may be sent in a day, over all bindings.
    pub code_sends_per_phone_day_max: u32,
    /// How many codes one session may ask for in an hour.
    pub code_sends_per_session_hour_max: u32,
    /// How long a hosted session lives.
    pub session_valid_ms: i64,
    /// How long an answer is kept for its idempotency key.
    pub idempotency_kept_ms: i64,
    /// When an attempt that was given up without proof is looked at again, counted from then.
    pub sweep_delays_ms: Vec<i64>,
    /// How long a worker may hold a step.
    pub lease_ms: i64,
    /// How many steps a worker takes at once.
    pub claim_count_max: u32,
    /// The longest a worker sleeps between looking for steps.
    pub poll_ms: u64,
    /// How many announcements a slow watcher may fall behind before it must look for itself.
    pub watch_count_max: usize,
    /// How many exchanges with banks may run at once.
    pub exchanges_max: usize,
    /// How long a use case waits for a free exchange before it says that it is busy.
    pub exchange_wait_ms: u64,
    /// How long a payment may wait for its first attempt, where its request does not say.
    pub payment_valid_ms: i64,
    /// How many attempts of a payment may reach a bank.
    pub payment_attempts_max: u32,
    /// How long a bank may call a payment "being done" before that is a doubt.
    pub payment_pending_ms: i64,
    /// The shortest wait before another try; up to as much again is added by chance.
    pub payment_retry_ms: i64,
    /// How soon a payment is tried again after the merchant account's own money did not reach.
    pub payment_balance_again_ms: i64,
    /// How soon a payment that cannot be sent now is looked at again.
    pub payment_look_again_ms: i64,
    /// How long the answer to a payment's idempotency key is kept: for the life of the order.
    pub payment_key_kept_ms: i64,
    /// Whether card numbers are kept, sealed, once a binding or a verification has come to its end.
    /// Without them nothing is paid out to a card, and what its holder pays is collected by its
    /// agreement alone.
    pub keep_card_numbers: bool,
    /// The name of the evidence log, as its checkpoints and its public key say it.
    pub evidence_name: String,
    /// A mistake switched on by the simulator, which must notice it.
    #[cfg(feature = "planted")]
    #[doc(hidden)]
    pub planted: Option<Planted>,
}

impl Settings {
    /// The mistake that is switched on: none, ever, unless this was built for the simulator.
    #[cfg(feature = "planted")]
    pub(crate) const fn planted(&self) -> Option<Planted> {
        self.planted
    }

    /// None: this was not built for the simulator.
    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the simulator's build looks into the settings")]
    pub(crate) const fn planted(&self) -> Option<Planted> {
        None
    }
}

/// Mistakes the simulator plants to prove that it would notice them.
#[doc(hidden)]
#[cfg_attr(
    not(feature = "planted"),
    expect(
        unreachable_pub,
        dead_code,
        reason = "only the simulator's build shows it to others and makes them"
    )
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A confirmation whose outcome is unknown is simply sent again.
    ResendAfterUnknown,
    /// "Not found" is believed at once.
    NotFoundFinalAtOnce,
    /// The message leaves before the attempt is durable.
    SendBeforePersist,
    /// Interrupted exchanges are never looked at again.
    LostRecovery,
    /// A code that proves nothing, mapped or not, counts as a decline.
    UnmappedIsDecline,
    /// A payment whose answer did not come is sent again, as another attempt.
    FailOverOnTimeout,
    /// A payment whose exchange was interrupted counts as not sent.
    ResendAfterCrash,
    /// The first answer's success counts as money that moved.
    FirstAnswerSettles,
    /// A notification is believed without an inquiry.
    NotificationBelieved,
    /// The idempotency key of a payment is no part of what may lose.
    KeyNotGuarded,
    /// The loan of a payment in doubt is free for another.
    GuardReleasedInDoubt,
    /// Whatever amount an answer names is believed.
    AnyAmountBelieved,
    /// Absence from an order's own day's statement counts before the next one is there.
    AbsenceOfOneDay,
    /// A lease that a worker takes never ends.
    LeaseNeverEnds,
    /// Not every event reaches the log.
    EventNotLogged,
    /// What was hard declined is tried again.
    HardDeclineRetried,
    /// A statement's line about what was refused is passed over.
    LineIgnored,
    /// A house that was restored from a backup goes on as if nothing had been.
    HoldIgnored,
    /// Nobody notices that the books have lost what the mark names.
    RestoreUnnoticed,
    /// Stop switches are looked at by nobody.
    StopIgnored,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            binding_valid_ms: 30 * MINUTE_MS,
            exchange_margin_ms: 5 * SECOND_MS,
            inquiry_timeout_ms: 10_000,
            code_sends_per_card_day_max: 20,
            code_sends_per_phone_day_max: 20,
            code_sends_per_session_hour_max: 20,
            session_valid_ms: 30 * MINUTE_MS,
            idempotency_kept_ms: 2 * DAY_MS,
            sweep_delays_ms: vec![10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS],
            lease_ms: 90 * SECOND_MS,
            claim_count_max: 64,
            poll_ms: 1_000,
            watch_count_max: 1_024,
            exchanges_max: 256,
            exchange_wait_ms: 2_000,
            payment_valid_ms: DAY_MS,
            payment_attempts_max: 3,
            payment_pending_ms: DAY_MS,
            payment_retry_ms: MINUTE_MS,
            payment_balance_again_ms: 10 * MINUTE_MS,
            payment_look_again_ms: MINUTE_MS,
            payment_key_kept_ms: 400 * DAY_MS,
            keep_card_numbers: true,
            evidence_name: "mingka.local/evidence".to_owned(),
            #[cfg(feature = "planted")]
            planted: None,
        }
    }
}
