//! What becomes of an accepted order, and what the bank says of it meanwhile. A habit is what a
//! card or a fault wants; a course is what was decided, with moments, when the order was accepted.

use mingka_domain::time::{SECOND_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::Rules;
use super::code::Draw;
use super::day::SettlementDay;
use super::order::Refusal;

/// How a bank treats an order otherwise than it should. The default is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habit {
    /// When it is executed.
    pub execution: Execution,
    /// Refused when it should be executed, for this reason.
    pub refusal: Option<Refusal>,
    /// What is said of it besides the truth.
    pub tale: Option<Tale>,
    /// The money comes back this long after it went out. Disbursements only.
    pub returned_after_ms: Option<i64>,
    /// Booked into the settlement day after the one it was executed on.
    pub next_day: bool,
    /// How its end is announced.
    pub notice: Option<Notice>,
}

/// When an accepted order is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// After a moment, as the bank's rules say.
    #[default]
    Usual,
    /// After this long.
    After {
        /// How long.
        ms: i64,
    },
    /// In the last second of its settlement day.
    AtCutOff,
    /// Never.
    Never,
}

/// What a bank says that is not so, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tale {
    /// Whoever asks is told that there is no such order.
    NotFound {
        /// For how long.
        ms: i64,
    },
    /// Whoever asks is told that it is in progress, until the statement is there.
    InProgress,
    /// Answer, inquiries and notification say that it is refused. Only the statement tells the
    /// truth.
    Refused {
        /// Why, as they say.
        refusal: Refusal,
    },
    /// Held as a repetition of another order: never executed, and this is said.
    Suspected,
}

/// How the end of an order is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Once, until it is acknowledged.
    Once,
    /// Twice.
    Twice,
    /// Once, and before the answer to the request.
    BeforeAnswer,
    /// Once, in the name of another order.
    ForAnother,
    /// Once, with a signature that does not fit.
    Forged,
    /// Not at all.
    Never,
}

/// What was decided about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// When it is executed; never, if none.
    pub executes_at: Option<Timestamp>,
    /// What the issuer will refuse it for, as far as that is known at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What is said besides the truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// How long after its execution the money comes back, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_after_ms: Option<i64>,
    /// How long after its execution it is booked.
    pub booked_after_ms: i64,
    /// Whether it is booked a day late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub next_day: bool,
    /// How its success is announced.
    pub notice: Notice,
    /// How its failure is announced: some banks only announce successes.
    pub failure_notice: Notice,
}

/// What inquiries are told, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What.
    pub says: Telling,
    /// Until this moment; for ever, if none.
    pub until: Option<Timestamp>,
}

/// What inquiries are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// There is no such order.
    NotFound,
    /// It is in progress.
    InProgress,
    /// It is refused.
    Refused(Refusal),
}

impl Course {
    /// Decides, from a habit and a draw.
    pub(super) fn of(now: Timestamp, draw: Draw, habit: &Habit, rules: &Rules) -> Self {
        let day = SettlementDay::of(now);
        let notice = habit.notice.unwrap_or(Notice::Once);
        let usual_ms = within(draw, 0, rules.execution_min_ms, rules.execution_max_ms);
        let last_second = day.ends().plus_ms(-SECOND_MS);
        let executes_at = match (habit.tale, habit.execution) {
            (Some(Tale::Suspected), _) | (_, Execution::Never) => None,
            _ if notice == Notice::BeforeAnswer => Some(now),
            (_, Execution::Usual) => Some(now.plus_ms(usual_ms)),
            (_, Execution::After { ms }) => Some(now.plus_ms(ms.max(0))),
            (_, Execution::AtCutOff) => Some(now.max(last_second)),
        };
        let told = habit.tale.map(|tale| match tale {
            Tale::NotFound { ms } => (Telling::NotFound, Some(now.plus_ms(ms))),
            Tale::InProgress => (Telling::InProgress, Some(day.statement_at())),
            Tale::Refused { refusal } => (Telling::Refused(refusal), None),
            Tale::Suspected => (Telling::Refused(Refusal::SuspectedDuplicate), None),
        });
        let booked_after_ms = match habit.execution {
            Execution::AtCutOff => 0,
            _ => within(draw, 1, 0, rules.booking_lag_max_ms),
        };
        let announces_failures = within(draw, 2, 0, 1) == 0 || habit.notice.is_some();
        Self {
            executes_at,
            refusal: habit.refusal,
            told: told.map(|(says, until)| Told { says, until }),
            returned_after_ms: habit.returned_after_ms,
            booked_after_ms,
            next_day: habit.next_day,
            notice,
            failure_notice: if announces_failures { notice } else { Notice::Never },
        }
    }

    /// What is said at this moment besides the truth.
    pub(super) fn telling(&self, now: Timestamp) -> Option<Telling> {
        let told = self.told.filter(|told| told.until.is_none_or(|until| now < until));
        told.map(|told| told.says)
    }

    /// The settlement day of a movement at this moment.
    pub(super) fn day(&self, at: Timestamp) -> SettlementDay {
        let day = SettlementDay::of(at.plus_ms(self.booked_after_ms));
        if self.next_day { day.next() } else { day }
    }
}

/// A number between two, both included, from the draw that came with the question. Each `part` of a
/// draw gives a number of its own.
fn within(draw: Draw, part: u32, min: i64, max: i64) -> i64 {
    let count = i128::from(max.saturating_sub(min).max(0)) + 1;
    // Odd factors spread the parts over all of the draw's bits.
    let mixed = u128::from_be_bytes(draw.0)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        .rotate_left(32 * part + 17)
        .wrapping_mul(0xd134_2543_de82_ef95_a409_3822_299f_31d1);
    let picked = i128::try_from(mixed >> 64).unwrap_or(0) % count;
    min.saturating_add(i64::try_from(picked).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_from_a_draw_stay_within_their_bounds_and_differ() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..200u8 {
            let draw = Draw([n; 16]);
            let number = within(draw, 0, 300, 3_000);
            assert!((300..=3_000).contains(&number));
            seen.insert(number);
            assert_eq!(within(draw, 1, 7, 7), 7);
            assert_eq!(within(draw, 1, 7, 3), 7);
        }
        assert!(seen.len() > 100, "{}", seen.len());
        let coins = (0..200u8).filter(|n| within(Draw([*n; 16]), 2, 0, 1) == 0).count();
        assert!((60..140).contains(&coins), "{coins}");
    }
}
