//! When accepted orders are executed and booked, what the bank says of them meanwhile, and what it
//! announces by itself.

use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::moving::{YUAN, accepted, disbursement, replayed};
use super::*;

#[test]
fn a_disbursement_bounces_days_later_and_the_money_is_back() {
    let (mut desk, card) = (Desk::new(), magic("money-returned"));
    let (before, held) = (desk.balance(&card), desk.purse().balance_fen);
    desk.disburse("payout01", &card, 500 * YUAN);
    desk.pass(2 * DAY_MS);
    assert_eq!(desk.moved("payout01").len(), 1, "not a moment earlier");
    desk.pass(MINUTE_MS);
    let both = [(Kind::Disbursed, 500 * YUAN), (Kind::Returned, 500 * YUAN)];
    assert_eq!(desk.moved("payout01"), both);
    assert_eq!((desk.balance(&card), desk.purse().balance_fen), (before, held));
    assert_eq!(desk.says("payout01"), "settled", "only the statement speaks of the return");
    assert_eq!(desk.day_of("payout01"), "2026-09-23");
    desk.pass(30 * DAY_MS);
    assert_eq!(desk.moved("payout01"), both);
}

#[test]
fn what_the_bank_says_and_what_it_does_can_differ() {
    let hour = Habit { execution: Execution::After { ms: HOUR_MS }, ..Habit::default() };
    let tale = |tale| Habit { tale: Some(tale), ..Habit::default() };
    let stuck = Habit { execution: Execution::AtCutOff, ..tale(Tale::InProgress) };
    let refusal = Refusal::StateAbnormal;
    // The habit; what an inquiry says after a minute, two hours, a day; whether the money moved.
    let table: [(Habit, [&str; 3], bool); 7] = [
        (Habit::default(), ["settled", "settled", "settled"], true),
        (hour, ["in progress", "settled", "settled"], true),
        (tale(Tale::NotFound { ms: HOUR_MS }), ["query: not_found", "settled", "settled"], true),
        (tale(Tale::Refused { refusal }), ["state_abnormal"; 3], true),
        (tale(Tale::Suspected), ["suspected_duplicate"; 3], false),
        (stuck, ["in progress", "in progress", "settled"], true),
        (Habit { execution: Execution::Never, ..Habit::default() }, ["in progress"; 3], false),
    ];
    for (habit, says, moved) in table {
        let (mut desk, card) = (Desk::new(), magic("ok"));
        let answer = desk.ask_with(&disbursement("payout01", &card, YUAN), habit);
        match habit.tale {
            Some(Tale::Refused { refusal }) => assert_eq!(answer, super::refused(refusal)),
            Some(Tale::Suspected) => assert_eq!(answer, refused(Refusal::SuspectedDuplicate)),
            _ => assert!(accepted(&answer), "{habit:?}"),
        }
        for (pass_ms, expected) in [MINUTE_MS, 2 * HOUR_MS, DAY_MS].into_iter().zip(says) {
            desk.pass(pass_ms);
            assert_eq!(desk.says("payout01"), expected, "{habit:?}");
        }
        assert_eq!(!desk.moved("payout01").is_empty(), moved, "{habit:?}");
        let again = desk.disburse("payout01", &card, YUAN);
        assert_eq!(again, refused(Refusal::Duplicate), "{habit:?}");
    }
}

#[test]
fn an_order_of_22_59_58_may_be_booked_tomorrow() {
    let days: std::collections::BTreeSet<String> = (0..60u8)
        .map(|draws| {
            let (mut desk, card) = (Desk::new(), magic("ok"));
            desk.at("225958");
            desk.draws = draws;
            desk.disburse("payout01", &card, YUAN);
            desk.pass(MINUTE_MS);
            desk.day_of("payout01")
        })
        .collect();
    assert_eq!(days.into_iter().collect::<Vec<_>>(), ["2026-09-21", "2026-09-22"]);
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let late = Habit { next_day: true, ..Habit::default() };
    desk.ask_with(&disbursement("payout01", &card, YUAN), late);
    desk.pass(MINUTE_MS);
    assert_eq!(desk.day_of("payout01"), "2026-09-22");
}

#[test]
fn a_jump_of_the_clock_books_each_thing_when_it_was_due() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let pending = Habit { execution: Execution::After { ms: 30 * HOUR_MS }, ..Habit::default() };
    desk.ask_with(&disbursement("payout01", &card, YUAN), pending);
    let due = desk.bank.next_due().unwrap();
    desk.pass(40 * DAY_MS);
    let entry = desk.bank.entries().last().unwrap();
    assert_eq!((entry.kind, entry.at), (Kind::Disbursed, due));
    assert_eq!(desk.day_of("payout01"), "2026-09-23");
    assert_eq!(desk.bank.next_due(), None);
}

#[test]
fn the_end_is_announced_once_and_not_again_after_a_second_reading_of_the_books() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.disburse("payout01", &card, YUAN);
    assert!(desk.bank.take_announcements().is_empty());
    desk.pass(MINUTE_MS);
    let announced = desk.bank.take_announcements();
    assert_eq!(announced.len(), 1);
    assert_eq!(announced[0].report.payment.order, order("payout01"));
    assert!(desk.bank.take_announcements().is_empty());
    assert!(replayed(&desk.bank).take_announcements().is_empty());
}

#[test]
fn a_failed_payout_is_announced_by_some_banks_only() {
    let announced = (0..60u8).filter(|draws| {
        let (mut desk, card) = (Desk::new(), magic("closed"));
        desk.draws = *draws;
        desk.disburse("payout01", &card, YUAN);
        desk.pass(MINUTE_MS);
        !desk.bank.take_announcements().is_empty()
    });
    assert!((10..50).contains(&announced.count()));
}
