//! What goes wrong with money, as a merchant meets it on the wire.

use mingka_channels::acp::wire::Fields;
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::till::Till;
use super::*;
use crate::bank::{PaymentState, SettlementDay};

#[test]
fn each_fault_of_a_notification_is_what_it_says() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for (n, fault) in [
        Fault::DuplicateNotification,
        Fault::NotificationForAnother,
        Fault::NotificationForged,
        Fault::NoNotification,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("payout0{n}");
        till.plan(fault.clone());
        till.disburse(&id, &card, "100");
        let sent = till.pass(MINUTE_MS);
        let read: Vec<(Fields, bool)> = sent.iter().map(|one| till.read(one)).collect();
        let own = |fields: &Fields| fields.ascii("orderId") == Some(&id);
        match fault {
            Fault::DuplicateNotification => {
                assert_eq!(read.len(), 2);
                assert!(read.iter().all(|(fields, proven)| own(fields) && *proven));
            }
            Fault::NotificationForAnother => assert!(!own(&read[0].0) && read[0].1),
            Fault::NotificationForged => assert!(own(&read[0].0) && !read[0].1),
            _ => assert!(read.is_empty()),
        }
        assert_eq!(till.queried(&id), "00", "{fault:?}");
    }
    till.plan(Fault::NotificationFirst);
    let extra = till.payee(&card, "100");
    let answer = till.answer("12/00/000401", "payout09", &extra);
    assert_eq!(answer.notifications[0].after_ms, 0);
    assert!(answer.delivery.delay_ms > 1_000, "the answer comes later");
    assert!(till.read(&answer.notifications[0]).1);
    assert!(till.pass(MINUTE_MS).is_empty(), "and it comes once");
    // Nobody is told who has named no address.
    let quiet: Vec<_> = extra.into_iter().filter(|(name, _)| *name != "backUrl").collect();
    till.ask("12/00/000401", "payout10", &quiet);
    assert!(till.pass(MINUTE_MS).is_empty());
}

#[test]
fn each_fault_about_money_is_what_it_says() {
    let settled = |state| matches!(state, PaymentState::Settled { .. });
    let refusal = crate::bank::Refusal::InsufficientFunds;
    let day = DAY_MS;
    // The fault; the answer's code; an inquiry's after a minute, and after two days; whether the
    // money has moved then.
    let table: [(Fault, &str, &str, &str, bool); 11] = [
        (Fault::RefusedLater { refusal }, "00", "64", "64", false),
        (Fault::SettleAfter { ms: HOUR_MS }, "00", "05", "00", true),
        (Fault::NeverExecuted, "00", "05", "05", false),
        (Fault::UntilStatement, "00", "05", "00", true),
        (Fault::NotFound { ms: HOUR_MS, executed_after_ms: None }, "00", "34", "00", true),
        (Fault::NotFound { ms: HOUR_MS, executed_after_ms: Some(day) }, "00", "34", "00", true),
        (Fault::DeclinedThenSettled { refusal }, "64", "64", "64", true),
        (Fault::SuspectedDuplicate, "12", "12", "12", false),
        (Fault::BookedNextDay, "00", "00", "00", true),
        (Fault::Pending, "05", "00", "00", true),
        (Fault::DuplicateRequest, "12", "00", "00", true),
    ];
    for (fault, answered, first, last, moved) in table {
        let mut till = Till::new();
        till.plan(fault.clone());
        let answer = till.disburse("payout01", &magic("ok"), "100");
        assert!(answer.contains(&format!("respCode={answered}&")), "{fault:?}: {answer}");
        till.pass(MINUTE_MS);
        assert_eq!(till.queried("payout01"), first, "{fault:?}");
        till.pass(2 * day);
        assert_eq!(till.queried("payout01"), last, "{fault:?}");
        assert_eq!(settled(till.state("payout01")), moved, "{fault:?}");
    }
    let mut till = Till::new();
    till.plan(Fault::Returned { ms: 3 * day });
    till.disburse("payout01", &magic("ok"), "100");
    till.pass(3 * day + MINUTE_MS);
    assert!(matches!(till.state("payout01"), PaymentState::Returned { .. }));
    // What money does leaves a binding alone, and is not used up by it.
    let mut till = Till::new();
    till.plan(Fault::NeverExecuted);
    till.bind(&magic("ok-16"));
    till.disburse("payout01", &magic("ok"), "100");
    till.pass(MINUTE_MS);
    assert_eq!(till.queried("payout01"), "05");
}

#[test]
fn a_lost_answer_to_an_order_about_money_leaves_the_order() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for (n, (fault, executed)) in [
        (Fault::DropBefore, false),
        (Fault::DropAfter, true),
        (Fault::HalfAnswer, true),
        (Fault::BadGateway, false),
        (Fault::BadGatewayAfter, true),
        (Fault::WrongSignature, true),
        (Fault::WrongAmount, true),
        (Fault::Code { code: "03".to_owned(), message: String::new() }, false),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("payout0{n}");
        till.plan(fault.clone());
        let extra = till.payee(&card, "100");
        till.answer("12/00/000401", &id, &extra);
        till.pass(MINUTE_MS);
        let wanted = if executed { "00" } else { "34" };
        assert_eq!(till.queried(&id), wanted, "{fault:?}");
    }
}

#[test]
fn a_statement_can_be_late_incomplete_and_cut() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for id in ["payout01", "payout02", "payout03"] {
        till.disburse(id, &card, "100");
    }
    till.plan(Fault::StatementLate);
    till.plan(Fault::StatementIncomplete { missing: 2 });
    till.plan(Fault::StatementCut { missing: 1 });
    let day = SettlementDay::of(till.now);
    let mut read = |ms: i64| {
        till.pass(ms);
        till.bank.statement(till.now, MERCHANT_NUMBER, day).map(|text| {
            let head = text.lines().next().unwrap();
            let claims = head.split(',').filter(|piece| piece.contains("co")).collect::<Vec<_>>();
            (claims.join(" "), text.lines().count() - 2)
        })
    };
    assert_eq!(read(12 * HOUR_MS), None, "before its time no fault is used up");
    assert_eq!(read(DAY_MS), None, "late");
    assert_eq!(read(0), Some(("count=1 complete=false".to_owned(), 1)));
    assert_eq!(read(0), Some(("count=3 complete=true".to_owned(), 2)));
    assert_eq!(read(0), Some(("count=3 complete=true".to_owned(), 3)));
}

#[test]
fn another_amount_is_named_in_the_answer_that_should_name_ours() {
    let mut till = Till::new();
    till.plan(Fault::WrongAmount);
    let answer = till.disburse("payout01", &magic("ok"), "100");
    assert!(answer.contains("&txnAmt=101&"), "{answer}");
    till.plan(Fault::WrongAmount);
    let answer = till.query("payout01");
    assert!(answer.contains("&txnAmt=101&"), "{answer}");
    assert!(till.query("payout01").contains("&txnAmt=100&"));
}
