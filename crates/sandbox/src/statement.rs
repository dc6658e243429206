//! The statement file as Mingka documents it: a line about the file, the names of the columns, one
//! line for each movement. What the first line says lets the reader see whether all of it came.
//!
//! ```text
//! #mingka-statement,version=1,channel=unionpay,merchant=777290058146592,day=2026-11-26,
//!   count=1,total_fen=10000,complete=true
//! settlement_day,channel,merchant,order_id,txn_time,kind,amount_fen,result,
//!   query_id,settled_at,original_order_id,original_txn_time
//! 2026-11-26,unionpay,777290058146592,order001,20261126120000,disbursement,10000,settled,
//!   202611261200000000001,2026-11-26T12:00:02.000+08:00,,
//! ```
//!
//! (Each of these is one line in the file; here they are folded.)
//! `count` and `total_fen` are those of the lines the file should hold. Amounts are never negative:
//! `kind` says in which direction the money went. Every movement is a line, so an order whose money
//! went out and came back has two. No value needs quotes: all are digits, letters and dashes.

use std::fmt::Write as _;

use crate::bank::{Kind, Statement, StatementLine};

/// The form's version.
pub const VERSION: u32 = 1;
/// The channel whose statement it is.
const CHANNEL: &str = "unionpay";
/// The columns.
pub const COLUMNS: &str = concat!(
    "settlement_day,channel,merchant,order_id,txn_time,kind,amount_fen,result,",
    "query_id,settled_at,original_order_id,original_txn_time"
);

/// The whole statement.
#[must_use]
pub fn complete(statement: &Statement) -> String {
    write(statement, &statement.lines, &statement.lines, true)
}

/// A statement whose last lines are not there yet, and which says so: it counts what it holds.
#[must_use]
pub fn incomplete(statement: &Statement, missing: usize) -> String {
    let lines = without_last(statement, missing);
    write(statement, lines, lines, false)
}

/// A statement that says it is complete and lost its last lines on the way.
#[must_use]
pub fn cut(statement: &Statement, missing: usize) -> String {
    write(statement, without_last(statement, missing), &statement.lines, true)
}

fn without_last(statement: &Statement, missing: usize) -> &[StatementLine] {
    let count = statement.lines.len().saturating_sub(missing);
    statement.lines.get(..count).unwrap_or_default()
}

fn write(
    statement: &Statement,
    lines: &[StatementLine],
    claimed: &[StatementLine],
    complete: bool,
) -> String {
    let total_fen: i64 = claimed.iter().map(|line| line.amount_fen).fold(0, i64::saturating_add);
    let (day, merchant) = (statement.day, &statement.merchant);
    let mut out = format!(
        "#mingka-statement,version={VERSION},channel={CHANNEL},merchant={merchant},day={day},\
         count={},total_fen={total_fen},complete={complete}\n{COLUMNS}\n",
        claimed.len()
    );
    for line in lines {
        let original = line.original.as_ref();
        let _ = writeln!(
            out,
            "{day},{CHANNEL},{merchant},{},{},{},{},settled,{},{},{},{}",
            line.order.order_id,
            line.order.txn_time,
            kind(line.kind),
            line.amount_fen,
            line.query_id,
            line.settled_at.rfc3339(),
            original.map_or("", |original| &original.order_id),
            original.map_or("", |original| &original.txn_time),
        );
    }
    out
}

/// What moved, in the words of the file.
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Disbursed => "disbursement",
        Kind::Collected => "repayment",
        Kind::Refunded => "refund",
        Kind::Undone => "undo",
        Kind::Reversed => "reversal",
        Kind::Returned => "return",
        _ => "other",
    }
}
