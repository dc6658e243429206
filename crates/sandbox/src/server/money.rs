//! What the bank shows of money, and what people and tests may set: payments with their movements,
//! a merchant's balance, statements, and the bank's clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mingka_domain::time::DAY_MS;
use serde::{Deserialize, Serialize};

use super::Desk;
use super::views::Query;
use crate::acp::MERCHANT_NUMBER;
use crate::bank::{
    Entry, Kind, OrderKey, Payment, PaymentState, Purse, Refusal, SettlementDay, Stage,
};

/// The most a balance can be set to, in fen.
const BALANCE_MAX_FEN: i64 = 1_000_000_000_000_000;
/// The furthest the clock can be set ahead.
const AHEAD_MAX_MS: i64 = 3_660 * DAY_MS;

/// A page of payments.
#[derive(Serialize)]
pub(super) struct Orders {
    orders: Vec<Order>,
    /// Ask again with `skip` at this number; null at the end.
    next: Option<usize>,
}

/// A payment, and everything that moved for it.
#[derive(Serialize)]
struct Order {
    #[serde(flatten)]
    order: OrderKey,
    kind: Stage,
    card: String,
    amount_fen: i64,
    query_id: String,
    accepted_at: String,
    state: &'static str,
    reason: Option<Refusal>,
    original: Option<OrderKey>,
    movements: Vec<MovementLine>,
    /// What is left moved after everything: of a disbursement less its return, of a repayment less
    /// what was given back.
    net_fen: i64,
}

#[derive(Serialize)]
struct MovementLine {
    sequence: u64,
    kind: &'static str,
    amount_fen: i64,
    settlement_day: Option<SettlementDay>,
    at: String,
}

/// The payments; `merchant`, `order_id`, `card`, `skip`, `limit`.
pub(super) fn orders(desk: &Desk, query: &Query) -> Orders {
    let skip: usize = query.value("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let limit = query.limit();
    let books = desk.books();
    let bank = books.bank.bank();
    let mut moved: BTreeMap<&OrderKey, Vec<&Entry>> = BTreeMap::new();
    for entry in bank.entries().iter().filter(|entry| entry.kind.is_movement()) {
        moved.entry(&entry.order).or_default().push(entry);
    }
    let wanted = |payment: &&Payment| {
        query.allows("merchant", &payment.order.merchant)
            && query.allows("order_id", &payment.order.order_id)
            && query.allows("card", &payment.card)
    };
    let mut found = bank.payments().filter(wanted).skip(skip);
    let orders: Vec<Order> = found
        .by_ref()
        .take(limit)
        .map(|payment| order(payment, moved.get(&payment.order).map_or(&[][..], Vec::as_slice)))
        .collect();
    let next = found.next().map(|_| skip.saturating_add(orders.len()));
    Orders { orders, next }
}

fn order(payment: &Payment, entries: &[&Entry]) -> Order {
    let movements: Vec<MovementLine> = entries
        .iter()
        .map(|entry| MovementLine {
            sequence: entry.sequence,
            kind: entry.kind.name(),
            amount_fen: entry.money.as_ref().map_or(0, |money| money.amount_fen),
            settlement_day: entry.money.as_ref().and_then(|money| money.day),
            at: entry.at.rfc3339(),
        })
        .collect();
    let sum_fen = |kind: Kind| -> i64 {
        movements.iter().filter(|line| line.kind == kind.name()).map(|line| line.amount_fen).sum()
    };
    let net_fen = match payment.stage {
        Stage::Disburse => sum_fen(Kind::Disbursed).saturating_sub(sum_fen(Kind::Returned)),
        Stage::Collect => sum_fen(Kind::Collected).saturating_sub(payment.given_back_fen),
        Stage::Refund => sum_fen(Kind::Refunded),
        _ => sum_fen(Kind::Undone),
    };
    let (state, reason) = match payment.state {
        PaymentState::Accepted => ("accepted", None),
        PaymentState::Settled { .. } => ("settled", None),
        PaymentState::Refused(refusal) => ("refused", Some(refusal)),
        PaymentState::Returned { .. } => ("returned", None),
        PaymentState::Reversed => ("reversed", None),
    };
    Order {
        order: payment.order.clone(),
        kind: payment.stage,
        card: payment.card.clone(),
        amount_fen: payment.amount_fen,
        query_id: payment.query_id.clone(),
        accepted_at: payment.accepted_at.rfc3339(),
        state,
        reason,
        original: payment.original.clone(),
        movements,
        net_fen,
    }
}

/// A merchant's money.
#[derive(Serialize)]
pub(super) struct Balance {
    merchant: String,
    #[serde(flatten)]
    purse: Purse,
    available_fen: i64,
}

/// What a merchant shall have prefunded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetBalance {
    balance_fen: i64,
}

/// A merchant's money.
pub(super) fn balance(desk: &Arc<Desk>, merchant: &str) -> Balance {
    desk.settle();
    let purse = desk.books().bank.bank().purse_of(merchant);
    Balance { merchant: merchant.to_owned(), purse, available_fen: purse.available_fen() }
}

/// Sets what a merchant has prefunded.
pub(super) fn set_balance(
    desk: &Arc<Desk>,
    merchant: &str,
    wanted: &SetBalance,
) -> Result<Balance, &'static str> {
    if !(0..=BALANCE_MAX_FEN).contains(&wanted.balance_fen) {
        return Err("a balance is at least 0 and at most ten trillion yuan");
    }
    desk.settle();
    let now = desk.now();
    let mut books = desk.books();
    books.bank.bank_mut().set_balance(now, merchant, wanted.balance_fen);
    let written = books.write_fresh();
    drop(books);
    if written { Ok(balance(desk, merchant)) } else { Err("the bank cannot write its journal") }
}

/// The statement of a day; of the bank's own merchant unless another is named.
pub(super) fn statement(desk: &Desk, query: &Query, day: SettlementDay) -> Option<String> {
    let merchant = query.value("merchant").unwrap_or(MERCHANT_NUMBER);
    desk.books().bank.statement(desk.now(), merchant, day)
}

/// The bank's clock.
#[derive(Serialize)]
pub(super) struct Clock {
    now: String,
    now_ms: i64,
    ahead_ms: i64,
    settlement_day: SettlementDay,
}

/// How the clock shall be set: ahead of the machine's by this, or on by this.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jump {
    ahead_ms: Option<i64>,
    advance_ms: Option<i64>,
}

/// The bank's clock.
pub(super) fn clock(desk: &Desk) -> Clock {
    let now = desk.now();
    Clock {
        now: now.rfc3339(),
        now_ms: now.as_millis(),
        ahead_ms: desk.ahead_ms.load(Ordering::Relaxed),
        settlement_day: SettlementDay::of(now),
    }
}

/// Sets the clock ahead. When this returns, everything due by then has been executed.
pub(super) fn jump(desk: &Arc<Desk>, jump: &Jump) -> Result<Clock, &'static str> {
    let set = |before: i64| {
        let ahead_ms = match (jump.ahead_ms, jump.advance_ms) {
            (Some(ahead_ms), None) => ahead_ms,
            (None, Some(advance_ms)) => before.saturating_add(advance_ms),
            _ => return None,
        };
        (before..=AHEAD_MAX_MS).contains(&ahead_ms).then_some(ahead_ms)
    };
    desk.ahead_ms
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, set)
        .map_err(|_| "ahead_ms or advance_ms, forward only, and at most ten years")?;
    let ahead_ms = desk.ahead_ms.load(Ordering::Relaxed);
    std::fs::write(&desk.clock_file, ahead_ms.to_string())
        .map_err(|_| "the bank cannot write down its clock")?;
    desk.settle();
    desk.wake();
    Ok(clock(desk))
}
