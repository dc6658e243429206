//! What a day's statement holds: every movement that is booked on the day, and nothing else.

use mingka_domain::time::Timestamp;

use super::Bank;
use super::day::SettlementDay;
use super::ledger::Kind;
use super::order::OrderKey;

/// A day's movements for one merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The day.
    pub day: SettlementDay,
    /// The merchant.
    pub merchant: String,
    /// The movements, in the order of the books.
    pub lines: Vec<StatementLine>,
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The order it was executed for; of a return, the disbursement's.
    pub order: OrderKey,
    /// What moved.
    pub kind: Kind,
    /// How much, in fen.
    pub amount_fen: i64,
    /// The bank's own number for the order.
    pub query_id: String,
    /// When it moved.
    pub settled_at: Timestamp,
    /// The order whose money it gives back.
    pub original: Option<OrderKey>,
}

impl Bank {
    /// The statement of a day; nothing before its time. Call `tick` first.
    #[must_use]
    pub fn statement(
        &self,
        now: Timestamp,
        merchant: &str,
        day: SettlementDay,
    ) -> Option<Statement> {
        if now < day.statement_at() {
            return None;
        }
        let places = self.books.by_day.get(&day).map_or(&[][..], Vec::as_slice);
        let entries = places.iter().filter_map(|place| self.entries.get(*place));
        let lines = entries
            .filter(|entry| entry.order.merchant == merchant)
            .filter_map(|entry| {
                let money = entry.money.as_deref()?;
                let asked = match entry.kind {
                    Kind::Reversed => money.original.as_ref()?,
                    _ => &entry.order,
                };
                Some(StatementLine {
                    order: entry.order.clone(),
                    kind: entry.kind,
                    amount_fen: money.amount_fen,
                    query_id: self.books.payments.get(asked)?.query_id.clone(),
                    settled_at: entry.at,
                    original: money.original.clone(),
                })
            })
            .collect();
        Some(Statement { day, merchant: merchant.to_owned(), lines })
    }
}
