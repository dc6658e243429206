//! What is known about a channel, as data: what it can do, how long to wait, when to ask, what its
//! silence proves. Read once; a profile that contradicts itself is refused by name.

use std::fmt;
use std::sync::Arc;

use mingka_domain::outcome::Operation;
use mingka_domain::text::Text;
use mingka_domain::time::{DAY_MS, HOUR_MS, Timestamp};
use serde::Deserialize;

/// A channel's profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The profile's own name, kept on each attempt together with its version.
    pub id: String,
    /// Its version; grows with every change.
    pub version: u32,
    /// The family of response codes in the mappings.
    pub family: String,
    /// The channel's name for people.
    pub name: Text,
    /// Who receives the borrower's data, as a consent names it unless the configuration names
    /// another.
    pub recipient: Text,
    /// What the channel can do. What is absent it cannot.
    pub operations: Vec<Operation>,
    /// How long an exchange may take.
    pub timeout: Timeout,
    /// The codes that say "no such order" in an inquiry.
    pub not_found_codes: Vec<String>,
    /// When and how to ask how an order ended.
    pub inquiry: Inquiry,
    /// The same for an order that moves money.
    pub payment_inquiry: Inquiry,
    /// The settlement day.
    pub settlement: Settlement,
    /// One-time codes.
    pub code: Code,
    /// Verifications a card may have.
    pub verification: VerificationQuota,
    /// When it works.
    pub hours: Hours,
}

/// How long an exchange may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// To connect.
    pub connect_ms: u32,
    /// From the first byte sent to the last byte heard.
    pub exchange_ms: u32,
}

/// When and how to ask how an order ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inquiry {
    /// How long after the exchange the first question makes sense.
    pub first_after_ms: i64,
    /// The gaps between the questions that follow.
    pub gaps_ms: Vec<i64>,
    /// The gap after those: the slow tail that does not stop before the deadline.
    pub tail_gap_ms: i64,
    /// When a person looks at what is still not known.
    pub deadline_ms: i64,
    /// From when on "no such order" is final. Absent: never.
    pub not_found_final_after_ms: Option<i64>,
}

/// The settlement day (清算日).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// The hour of Beijing time at which one ends and the next begins.
    pub day_ends_hour: u8,
}

impl Settlement {
    /// Whether both moments belong to one settlement day.
    #[must_use]
    pub fn is_same_day(self, one: Timestamp, other: Timestamp) -> bool {
        self.day(one) == self.day(other)
    }

    /// The days since 1970 of Beijing time at whose cut-off the moment's settlement day ends.
    fn day(self, at: Timestamp) -> i64 {
        // Beijing is 8 hours ahead, and what comes after the cut-off belongs to tomorrow.
        let ahead_hours = 8 + 24_i64.saturating_sub(i64::from(self.day_ends_hour));
        at.plus_ms(ahead_hours * HOUR_MS).as_millis().div_euclid(DAY_MS)
    }
}

/// One-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// How long a code holds.
    pub valid_ms: i64,
    /// How long the borrower waits before another can be sent.
    pub resend_after_ms: i64,
    /// How often one is sent for one binding.
    pub sends_max: u8,
    /// How often one may be typed wrong.
    pub tries_max: u8,
}

/// Verifications a card may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationQuota {
    /// In how long.
    pub window_ms: i64,
    /// How many in all.
    pub count_max: u8,
    /// How many of them are kept for the borrower's own corrections.
    pub kept_for_corrections: u8,
}

/// When the channel works, in Beijing time. Equal ends: always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first hour.
    pub from_hour: u8,
    /// The hour at which it ends.
    pub until_hour: u8,
}

/// Why a profile is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError(pub String);

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the channel profile cannot be used: {}", self.0)
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Names the key that is unknown, missing or contradicts another.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self =
            toml::from_str(text).map_err(|error| ProfileError(error.to_string()))?;
        match profile.contradiction() {
            Some(why) => Err(ProfileError(why.to_owned())),
            None => Ok(profile),
        }
    }

    /// The profile of UnionPay ACP that this binary was built with.
    #[must_use]
    pub fn unionpay_acp() -> Arc<Self> {
        #[expect(clippy::expect_used, reason = "a test of this crate parses the embedded profile")]
        let profile = Self::parse(UNIONPAY_ACP).expect("the embedded profile is sound");
        Arc::new(profile)
    }

    /// Whether the channel can do this.
    #[must_use]
    pub fn can(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether the channel works at this hour of Beijing time.
    #[must_use]
    pub const fn is_open_at(&self, hour: u8) -> bool {
        let Hours { from_hour, until_hour } = self.hours;
        if from_hour == until_hour {
            true
        } else if from_hour < until_hour {
            from_hour <= hour && hour < until_hour
        } else {
            from_hour <= hour || hour < until_hour
        }
    }

    fn contradiction(&self) -> Option<&'static str> {
        let inquiries = [&self.inquiry, &self.payment_inquiry];
        let positive = inquiries.iter().all(|inquiry| {
            let spans = [inquiry.first_after_ms, inquiry.tail_gap_ms, inquiry.deadline_ms];
            spans.iter().chain(&inquiry.gaps_ms).all(|span| *span > 0)
        });
        let asks = self.can(Operation::QueryState);
        let changes = self.can(Operation::OpenAgreement)
            || self.can(Operation::Verify)
            || self.operations.iter().any(|operation| operation.moves_money());
        let quota = self.verification;
        [
            (self.operations.is_empty(), "operations is empty"),
            (changes && !asks, "operations that change something need query_state"),
            (!positive, "every span under inquiry and payment_inquiry must be positive"),
            (
                self.inquiry.not_found_final_after_ms.is_some_and(|after| after <= 0),
                "inquiry.not_found_final_after_ms must be positive",
            ),
            (
                self.payment_inquiry.not_found_final_after_ms.is_some(),
                "payment_inquiry.not_found_final_after_ms: only a statement may say that",
            ),
            (self.settlement.day_ends_hour > 24, "settlement.day_ends_hour ends at 24"),
            (
                self.timeout.connect_ms == 0 || self.timeout.exchange_ms == 0,
                "timeout must be positive",
            ),
            (
                self.code.valid_ms <= 0
                    || self.code.resend_after_ms <= 0
                    || self.code.sends_max == 0
                    || self.code.tries_max == 0,
                "every number under code must be positive",
            ),
            (
                quota.kept_for_corrections > quota.count_max,
                "verification.kept_for_corrections is above count_max",
            ),
            (self.hours.from_hour > 24 || self.hours.until_hour > 24, "hours end at 24"),
        ]
        .into_iter()
        .find_map(|(wrong, why)| wrong.then_some(why))
    }
}

const UNIONPAY_ACP: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/profiles/unionpay_acp.toml"));
