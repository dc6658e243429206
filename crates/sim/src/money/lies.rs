//! How the bank itself goes wrong about money: executed late or never, denied and executed, called
//! unknown and executed, returned, announced early, twice, for another or forged.

use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use mingka_sandbox::bank::Refusal;
use mingka_sandbox::faults::{Fault, Rule, STATEMENT};

use crate::random::Dice;
use crate::world::World;

/// Plans what goes wrong in this story.
pub(crate) fn plan(dice: &Dice, world: &World) {
    for _ in 0..dice.below(5) {
        let operation = if dice.chance(650) { "disburse" } else { "collect" };
        let (fault, after) = (lie(dice), dice.below(3));
        if !fault.fits(operation) {
            continue;
        }
        let mut rule = Rule::next(1, fault).on(operation);
        rule.after = u32::try_from(after).unwrap_or(0);
        world.tell(|| format!("planned: {rule:?}"));
        world.bank().faults_mut().add(rule);
    }
    for _ in 0..dice.below(4) {
        let fault = match dice.below(3) {
            0 => Fault::WrongAmount,
            1 => Fault::Code { code: "Z9".to_owned(), message: String::new() },
            _ => Fault::Pending,
        };
        world.tell(|| format!("planned for inquiries: {fault:?}"));
        world.bank().faults_mut().add(Rule::next(1, fault).on("query_state"));
    }
}

fn lie(dice: &Dice) -> Fault {
    let span = |low_ms: i64, high_ms: i64| {
        let low = u64::try_from(low_ms).unwrap_or(0);
        i64::try_from(dice.between(low, u64::try_from(high_ms).unwrap_or(0))).unwrap_or(0)
    };
    match dice.below(16) {
        0 | 1 => Fault::SettleAfter { ms: span(10 * SECOND_MS, 20 * HOUR_MS) },
        2 | 3 => Fault::RefusedLater { refusal: refusal(dice) },
        4 => Fault::NeverExecuted,
        5 => Fault::UntilStatement,
        6 | 7 => Fault::NotFound {
            ms: span(MINUTE_MS, 40 * HOUR_MS),
            executed_after_ms: dice.chance(700).then(|| span(MINUTE_MS, 20 * HOUR_MS)),
        },
        8 => Fault::DeclinedThenSettled { refusal: refusal(dice) },
        9 => Fault::SuspectedDuplicate,
        10 => Fault::Returned { ms: span(HOUR_MS, 2 * DAY_MS) },
        11 => Fault::NotificationFirst,
        12 => Fault::NotificationForAnother,
        13 => Fault::NotificationForged,
        14 => Fault::BookedNextDay,
        _ => Fault::DuplicateNotification,
    }
}

/// Plans how statements come late, incomplete or cut off.
pub(crate) fn plan_statements(dice: &Dice, world: &World) {
    for _ in 0..dice.below(3) {
        let missing = usize::try_from(dice.between(1, 3)).unwrap_or(1);
        let fault = match dice.below(3) {
            0 => Fault::StatementLate,
            1 => Fault::StatementIncomplete { missing },
            _ => Fault::StatementCut { missing },
        };
        world.bank().faults_mut().add(Rule::next(1, fault).on(STATEMENT));
    }
}

/// What a bank refuses for, once finally and once not.
fn refusal(dice: &Dice) -> Refusal {
    if dice.chance(600) { Refusal::CardUnknown } else { Refusal::General }
}
