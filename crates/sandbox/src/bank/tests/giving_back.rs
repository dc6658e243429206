//! Money that was taken goes back: refunds, undoing, reversals. And the statement, which shows it
//! all.

use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::moving::{MERCHANT, YUAN, accepted, collection, replayed};
use super::*;
use crate::statement;

impl Desk {
    fn refund(&mut self, id: &str, original: &str, amount_fen: i64) -> Verdict {
        let what = What::Refund { original: self.named(original) };
        self.ask(&Ask::Move(Movement { order: order(id), amount_fen, what }))
    }

    fn undo(&mut self, id: &str, original: &str, amount_fen: i64) -> Verdict {
        let what = What::Undo { original: self.named(original) };
        self.ask(&Ask::Move(Movement { order: order(id), amount_fen, what }))
    }

    fn reverse(&mut self, id: &str, original: &str) -> Verdict {
        let original = Original::Order(order(original));
        self.ask(&Ask::Reverse { order: order(id), original })
    }

    /// By the bank's own number, as the protocol does.
    fn named(&self, id: &str) -> Original {
        let number = self.bank.payment(&order(id)).map(|payment| payment.query_id.clone());
        Original::QueryId(number.unwrap_or_else(|| "no such number".to_owned()))
    }
}

/// A bound card whose holder has repaid 300 yuan.
fn repaid() -> (Desk, MagicCard, String) {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let token = desk.bind(&card);
    desk.collected("repay001", &token, 300 * YUAN);
    (desk, card, token)
}

#[test]
fn refunds_are_partial_many_and_never_more_than_was_taken() {
    let (mut desk, card, _) = repaid();
    let before = desk.balance(&card);
    assert_eq!(desk.refund("refund00", "nowhere0", YUAN), refused(Refusal::OriginalState));
    assert!(accepted(&desk.refund("refund01", "repay001", 100 * YUAN)));
    // The first is only promised, and counts.
    let above = desk.refund("refund02", "repay001", 201 * YUAN);
    assert_eq!(above, refused(Refusal::OriginalDiffers));
    assert!(accepted(&desk.refund("refund03", "repay001", 200 * YUAN)));
    assert_eq!(desk.refund("refund04", "repay001", 1), refused(Refusal::AlreadyGivenBack));
    desk.pass(MINUTE_MS);
    assert_eq!(desk.balance(&card), before + 300 * YUAN);
    assert_eq!(desk.purse().collected_fen, 0);
    assert_eq!(desk.refund("refund05", "repay001", 1), refused(Refusal::AlreadyGivenBack));
    assert_eq!(desk.says("repay001"), "settled", "a refund is an order of its own");
    assert_eq!(desk.refund("refund06", "refund01", 1), refused(Refusal::OriginalState));
}

#[test]
fn a_payment_can_be_refunded_for_eleven_months() {
    for (moment, possible) in [("20270821200000", true), ("20270822000000", false)] {
        let (mut desk, _, _) = repaid(); // on 2026-09-21, in the evening
        desk.now = Timestamp::from_beijing_compact(moment).unwrap();
        let verdict = desk.refund("refund01", "repay001", YUAN);
        assert_eq!(accepted(&verdict), possible, "{moment}: {verdict:?}");
    }
}

#[test]
fn undoing_is_whole_once_and_on_the_same_day() {
    let (mut desk, card, _) = repaid();
    let before = desk.balance(&card);
    assert_eq!(desk.undo("undoing0", "repay001", 299 * YUAN), refused(Refusal::OriginalDiffers));
    assert!(accepted(&desk.undo("undoing1", "repay001", 300 * YUAN)));
    assert_eq!(desk.undo("undoing2", "repay001", 300 * YUAN), refused(Refusal::AlreadyGivenBack));
    desk.pass(MINUTE_MS);
    assert_eq!(desk.moved("undoing1"), [(Kind::Undone, 300 * YUAN)]);
    assert_eq!(desk.balance(&card), before + 300 * YUAN);
    assert_eq!(desk.refund("refund01", "repay001", 1), refused(Refusal::AlreadyGivenBack));

    let (mut desk, _, _) = repaid();
    desk.refund("refund01", "repay001", YUAN);
    assert_eq!(desk.undo("undoing1", "repay001", 300 * YUAN), refused(Refusal::AlreadyGivenBack));

    let (mut desk, _, _) = repaid();
    desk.at("230000");
    assert_eq!(desk.undo("undoing1", "repay001", 300 * YUAN), refused(Refusal::OutOfHours));
    assert!(accepted(&desk.refund("refund01", "repay001", 300 * YUAN)), "but refunded");
}

#[test]
fn a_reversal_takes_back_what_moved() {
    let (mut desk, card, _) = repaid();
    let before = desk.balance(&card);
    // Under the collection's own identity, as it is when nothing of the answer was heard.
    assert_eq!(desk.reverse("repay001", "repay001"), Verdict::Done(Done::Reversed));
    assert_eq!(desk.balance(&card), before + 300 * YUAN);
    assert_eq!(desk.purse().collected_fen, 0);
    assert_eq!(desk.says("repay001"), "reversed");
    assert_eq!(desk.reverse("repay001", "repay001"), refused(Refusal::Duplicate));
    assert_eq!(desk.reverse("reverse2", "repay001"), refused(Refusal::Reversed));
    assert_eq!(desk.refund("refund01", "repay001", 1), refused(Refusal::Reversed));
}

#[test]
fn a_reversal_stops_what_has_not_moved() {
    let (mut desk, card) = (Desk::new(), magic("money-pending-hour"));
    let token = desk.bind(&card);
    let before = desk.balance(&card);
    assert!(accepted(&desk.collect("repay001", &token, 300 * YUAN)));
    assert_eq!(desk.reverse("reverse1", "repay001"), Verdict::Done(Done::Reversed));
    desk.pass(2 * HOUR_MS);
    assert_eq!(desk.moved("repay001"), []);
    assert_eq!(desk.moved("reverse1"), [(Kind::Reversed, 0)]);
    assert_eq!(desk.says("repay001"), "reversed");
    assert_eq!(desk.balance(&card), before);
    assert_eq!(desk.bank.account(&card.slug).held_fen, 0);
}

#[test]
fn a_reversal_has_its_day_and_its_kind_and_needs_something_to_reverse() {
    let (mut desk, card, token) = repaid();
    assert_eq!(desk.reverse("reverse1", "nowhere0"), refused(Refusal::OriginalState));
    desk.disburse("payout01", &card, YUAN);
    assert_eq!(desk.reverse("reverse2", "payout01"), refused(Refusal::OriginalState));
    desk.refund("refund01", "repay001", YUAN);
    assert_eq!(desk.reverse("reverse3", "repay001"), refused(Refusal::AlreadyGivenBack));
    desk.collected("repay002", &token, 300 * YUAN);
    desk.at("230000");
    assert_eq!(desk.reverse("reverse4", "repay002"), refused(Refusal::OutOfHours));
    // What comes after its reversal was refused is executed: nobody kept the place.
    assert_eq!(desk.reverse("repay003", "repay003"), refused(Refusal::OriginalState));
    assert!(accepted(&desk.collect("repay003", &token, YUAN)));
}

#[test]
fn another_merchants_order_is_none() {
    let (mut desk, _, token) = repaid();
    let stranger = |id: &str| OrderKey { merchant: "111111111111111".to_owned(), ..order(id) };
    let original = desk.named("repay001");
    let what = What::Refund { original: original.clone() };
    let refund = Movement { order: stranger("refund01"), amount_fen: YUAN, what };
    assert_eq!(desk.ask(&Ask::Move(refund)), refused(Refusal::OriginalState));
    let reverse = Ask::Reverse { order: stranger("reverse1"), original };
    assert_eq!(desk.ask(&reverse), refused(Refusal::OriginalState));
    let Ask::Move(mut collect) = collection("repay002", &token, YUAN, None) else { panic!() };
    collect.order = stranger("repay002");
    assert_eq!(desk.ask(&Ask::Move(collect)), refused(Refusal::TokenInvalid));
}

#[test]
fn the_statement_is_there_at_nine_and_holds_what_is_booked_on_its_day() {
    let (mut desk, card, token) = repaid();
    let day = SettlementDay::of(desk.now);
    desk.disburse("payout01", &magic("money-returned"), 500 * YUAN);
    desk.refund("refund01", "repay001", 100 * YUAN);
    desk.collect("repay002", &token, 50 * YUAN);
    desk.pass(MINUTE_MS);
    desk.reverse("repay002", "repay002");
    desk.disburse("payout02", &magic("closed"), YUAN);
    let late = Habit { next_day: true, ..Habit::default() };
    desk.ask_with(&super::moving::disbursement("payout03", &card, 7 * YUAN), late);
    let declined =
        Habit { tale: Some(Tale::Refused { refusal: Refusal::StateAbnormal }), ..Habit::default() };
    desk.ask_with(&super::moving::disbursement("payout04", &card, 9 * YUAN), declined);
    desk.pass(day.statement_at().since_ms(desk.now) - 1);
    assert_eq!(desk.bank.statement(desk.now, MERCHANT, day), None);
    desk.pass(1);
    let kinds = |desk: &Desk, day: SettlementDay| -> Vec<String> {
        let lines = desk.bank.statement(desk.now, MERCHANT, day).unwrap().lines;
        let word = |line: &StatementLine| format!("{} {}", line.order.order_id, line.kind.name());
        let mut words: Vec<String> = lines.iter().map(word).collect();
        words.sort(); // each is executed after a delay of its own
        words
    };
    assert_eq!(
        kinds(&desk, day),
        [
            "payout01 disbursed",
            "payout04 disbursed",
            "refund01 refunded",
            "repay001 collected",
            "repay002 collected",
            "repay002 reversed",
        ]
    );
    desk.pass(3 * DAY_MS);
    assert_eq!(kinds(&desk, day.next()), ["payout03 disbursed"]);
    assert_eq!(kinds(&desk, day.next().next()), ["payout01 returned"]);
    assert!(desk.bank.statement(desk.now, "nobody", day).unwrap().lines.is_empty());
    assert_eq!(replayed(&desk.bank).statement(desk.now, MERCHANT, day).unwrap().lines.len(), 6);
}

#[test]
fn the_file_says_how_much_it_should_hold() {
    let (mut desk, _, _) = repaid();
    let day = SettlementDay::of(desk.now);
    desk.refund("refund01", "repay001", 100 * YUAN);
    desk.pass(DAY_MS);
    let statement = desk.bank.statement(desk.now, MERCHANT, day).unwrap();
    let head = "#mingka-statement,version=1,channel=unionpay,merchant=777290058146592,\
                day=2026-09-21,count=";
    let whole = statement::complete(&statement);
    assert!(whole.starts_with(&format!("{head}2,total_fen=40000,complete=true\n")), "{whole}");
    assert_eq!(whole.lines().nth(1), Some(statement::COLUMNS));
    let rows: Vec<&str> = whole.lines().skip(2).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.split(',').count(), statement::COLUMNS.split(',').count(), "{row}");
    }
    let repaid =
        "2026-09-21,unionpay,777290058146592,repay001,20261122120000,repayment,30000,settled";
    assert!(rows.iter().any(|row| row.starts_with(repaid) && row.ends_with(",,")), "{whole}");
    assert!(rows.iter().any(|row| row.ends_with(",repay001,20261122120000")), "{whole}");
    let partly = statement::incomplete(&statement, 1);
    assert!(partly.starts_with(&format!("{head}1,total_fen=")), "{partly}");
    assert!(partly.lines().next().unwrap().ends_with("complete=false"));
    let cut = statement::cut(&statement, 1);
    assert_eq!(cut.lines().next(), whole.lines().next());
    assert_eq!(cut.lines().count(), whole.lines().count() - 1);
}
