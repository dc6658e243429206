//! Statements on both engines: a line is there once, a file counts once, days are found, and many
//! orders are looked up as one by one.

use std::collections::BTreeSet;

use mingka_domain::id::{LenderId, PaymentId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::payment::PaymentKind;
use mingka_domain::statement::SettlementDay;

use super::samples::{
    Directory, NOW, attempt, binding, instrument, memory, now, order, platform, platform_id, unit,
    wait,
};
use crate::attempt::ATTEMPTS_OF_ORDERS;
use crate::keys::KEY_COUNT_MAX;
use crate::payment::PAYMENTS_OF_IDS;
use crate::statement::{LINES_OF_ORDER, LINES_OF_ORDERS};
use crate::{
    AttemptRecord, CommitError, LenderRecord, OrderKey, PaymentRecord, StatementLineRecord,
    StatementRecord, Store, Unit,
};

#[test]
fn the_lines_of_an_order_are_found_without_walking_a_platforms() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    let connection = rusqlite::Connection::open(directory.file()).unwrap();
    let (asked, any) = (format!("EXPLAIN QUERY PLAN {LINES_OF_ORDER}"), ("", 0, "", "", ""));
    let plan: String = connection.query_row(&asked, any, |row| row.get("detail")).unwrap();
    assert!(plan.contains("statement_lines_of_order (order_id=? AND txn_time=?)"), "{plan}");
    for text in [&ATTEMPTS_OF_ORDERS, &LINES_OF_ORDERS, &PAYMENTS_OF_IDS] {
        let asked = format!("EXPLAIN QUERY PLAN {}", text.as_str());
        let mut asked = connection.prepare(&asked).unwrap();
        let any = rusqlite::params_from_iter(vec![""; asked.parameter_count()]);
        let plan: String = asked.query_row(any, |row| row.get("detail")).unwrap();
        assert!(plan.contains("id=?)"), "by order or id, whatever stands before it: {plan}");
    }
    wait(store.close());
}

/// A line of platform 1 about an order.
fn line(order: &OrderKey, day: &str, movement: &str) -> StatementLineRecord {
    StatementLineRecord {
        platform: platform_id(1),
        day: day.parse().unwrap(),
        order: order.clone(),
        movement: movement.to_owned(),
        amount: Fen::new(7).unwrap(),
        query_id: String::new(),
        settled_at: order.txn_time,
        original: None,
    }
}

#[test]
fn many_orders_are_looked_up_as_one_by_one() {
    let store = memory();
    let count = u64::try_from(KEY_COUNT_MAX).unwrap() * 2 + 1;
    // Some share a number and differ in channel, account or time.
    let mut orders: BTreeSet<OrderKey> = (0..count).map(order).collect();
    orders.extend((0..9).map(|n| OrderKey { channel: "other".to_owned(), ..order(n) }));
    orders.extend((0..9).map(|n| OrderKey { merchant: "1".to_owned(), ..order(n) }));
    orders.extend((0..9).map(|n| OrderKey { txn_time: NOW.plus_ms(1000), ..order(n) }));
    let sent = |n, operation, order: &OrderKey| AttemptRecord {
        order: order.clone(),
        ..attempt(n, operation)
    };
    let mut rows = Vec::new();
    for (order, n) in orders.iter().zip(1..) {
        if n % 3 == 0 {
            let theirs = line(order, "2026-11-26", "repayment");
            rows.push(StatementLineRecord { platform: platform_id(2), ..theirs }.keep());
            continue;
        }
        // The later one first: the order of the rows is not that of what is found.
        rows.push(sent(2 * n + 1, Operation::Reverse, order).insert());
        rows.push(sent(2 * n, Operation::Collect, order).insert());
        rows.push(line(order, "2026-11-27", "reversal").keep());
        rows.push(line(order, "2026-11-26", "repayment").keep());
    }
    now(store.commit(unit(platform(2).insert(), rows))).unwrap();
    orders.insert(order(count + 1));

    let attempts = now(store.attempts_of_orders(&orders)).unwrap();
    let lines = now(store.statement_lines_of_orders(platform_id(1), &orders)).unwrap();
    assert!(attempts.len() > KEY_COUNT_MAX && attempts.len() < orders.len());
    assert_eq!(lines.len(), attempts.len());
    for order in &orders {
        let of_one = now(store.attempts_of_order(order)).unwrap();
        assert_eq!(attempts.get(order).cloned().unwrap_or_default(), of_one);
        let of_one = now(store.statement_lines_of_order(platform_id(1), order)).unwrap();
        assert_eq!(lines.get(order).cloned().unwrap_or_default(), of_one);
    }
    let theirs = now(store.statement_lines_of_orders(platform_id(2), &orders)).unwrap();
    assert!(!theirs.is_empty() && theirs.keys().all(|order| !lines.contains_key(order)));
    assert!(now(store.attempts_of_orders(&BTreeSet::new())).unwrap().is_empty());
}

#[test]
fn many_payments_are_found_by_their_ids() {
    let store = memory();
    let lender = LenderRecord {
        id: LenderId::new(NOW, [1; 10]),
        platform: platform_id(1),
        code: "default".to_owned(),
        name: "lender".to_owned(),
        created_at: NOW,
    };
    let paid = |n: u8| PaymentRecord {
        id: PaymentId::new(NOW, [n; 10]),
        platform: platform_id(1),
        version: 1,
        kind: PaymentKind::Disbursement,
        lender: lender.id,
        instrument: instrument(1).id,
        original: None,
        reference: format!("loan-{n}"),
        purpose: String::new(),
        guard: None,
        amount: Fen::new(7).unwrap(),
        state: "accepted".to_owned(),
        machine: "{}".to_owned(),
        channel: None,
        query_id: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let mut all: Vec<PaymentRecord> = (0..70).map(paid).collect();
    all.sort_by_key(|one| one.id);
    let rows = [lender.insert(), binding(1).insert(), instrument(1).insert()];
    let rows = rows.into_iter().chain(all.iter().map(PaymentRecord::insert));
    now(store.commit(unit(platform(2).insert(), rows))).unwrap();
    let mut ids: BTreeSet<PaymentId> = all.iter().map(|one| one.id).collect();
    ids.insert(PaymentId::new(NOW, [99; 10]));
    assert_eq!(now(store.payments_of_ids(platform_id(1), &ids)).unwrap(), all);
    assert!(now(store.payments_of_ids(platform_id(2), &ids)).unwrap().is_empty());
    let one = BTreeSet::from([all[3].id]);
    assert_eq!(now(store.payments_of_ids(platform_id(1), &one)).unwrap(), all[3..4]);
}

#[test]
fn lines_and_files_are_there_once() {
    let store = memory();
    let day: SettlementDay = "2026-11-26".parse().unwrap();
    let order = order(1);
    let line = StatementLineRecord {
        original: Some(("before".to_owned(), order.txn_time)),
        ..line(&order, "2026-11-26", "disbursement")
    };
    let file = StatementRecord {
        platform: platform_id(1),
        channel: order.channel.clone(),
        merchant: order.merchant.clone(),
        day,
        sha256: [5; 32],
        complete: true,
        line_count: 1,
        total_fen: 7,
        imported_at: order.txn_time,
        applied_at: None,
    };
    wait(async {
        store.commit(Unit::new(binding(1).insert())).await.unwrap();
        for _ in 0..2 {
            store.commit(Unit::new(line.keep())).await.unwrap();
        }
        store.commit(Unit::new(file.insert())).await.unwrap();
        let again = store.commit(Unit::new(file.insert())).await.unwrap_err();
        assert!(matches!(again, CommitError::Duplicate { table: "statements" }), "{again:?}");
        store.commit(Unit::new(file.applied(order.txn_time))).await.unwrap();
        let found = store.statements_of_day(platform_id(1), day).await.unwrap();
        assert_eq!(found[0].applied_at, Some(order.txn_time));
        assert!(store.statements_of_day(platform_id(2), day).await.unwrap().is_empty());
        let lines = store.statement_lines(platform_id(1), day, 0, 10).await.unwrap();
        assert_eq!(lines, std::slice::from_ref(&line));
        assert!(store.statement_lines(platform_id(1), day, 1, 10).await.unwrap().is_empty());
        let own = store.statement_lines_of_order(platform_id(1), &order).await.unwrap();
        assert_eq!(own, std::slice::from_ref(&line));
        let paid = attempt(1, Operation::Disburse);
        let asked = attempt(2, Operation::Verify);
        store.commit(unit(paid.insert(), [asked.insert()])).await.unwrap();
        let account = (paid.order.channel.as_str(), paid.order.merchant.as_str());
        let span = (paid.sent_at, paid.sent_at.plus_ms(1));
        let sent = store.money_attempts_between(platform_id(1), account, span).await.unwrap();
        assert_eq!(sent, std::slice::from_ref(&paid));
        let later = (paid.sent_at.plus_ms(1), paid.sent_at.plus_ms(2));
        let none = store.money_attempts_between(platform_id(1), account, later).await.unwrap();
        assert!(none.is_empty());
    });
}
