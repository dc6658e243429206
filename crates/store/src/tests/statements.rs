//! Statements on both engines: a line is there once, a file counts once, days are found.

use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::statement::SettlementDay;

use super::samples::{Directory, attempt, binding, memory, order, platform_id, unit, wait};
use crate::statement::LINES_OF_ORDER;
use crate::{CommitError, StatementLineRecord, StatementRecord, Store, Unit};

#[test]
fn the_lines_of_an_order_are_found_without_walking_a_platforms() {
    let directory = Directory::new();
    let store = Store::open(directory.file()).unwrap();
    let connection = rusqlite::Connection::open(directory.file()).unwrap();
    let (asked, any) = (format!("EXPLAIN QUERY PLAN {LINES_OF_ORDER}"), ("", 0, "", "", ""));
    let plan: String = connection.query_row(&asked, any, |row| row.get("detail")).unwrap();
    assert!(plan.contains("statement_lines_of_order (order_id=? AND txn_time=?)"), "{plan}");
    wait(store.close());
}

#[test]
fn lines_and_files_are_there_once() {
    let store = memory();
    let day: SettlementDay = "2026-11-26".parse().unwrap();
    let order = order(1);
    let line = StatementLineRecord {
        platform: platform_id(1),
        day,
        order: order.clone(),
        movement: "disbursement".to_owned(),
        amount: Fen::new(7).unwrap(),
        query_id: String::new(),
        settled_at: order.txn_time,
        original: Some(("before".to_owned(), order.txn_time)),
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
