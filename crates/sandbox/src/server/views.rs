//! What the bank shows of itself as JSON: the inbox of its invented phones, its books, its cards.

use mingka_domain::time::Timestamp;
use serde::Serialize;

use super::Desk;
use crate::acp::response_code;
use crate::bank::{Bank, Entry, OrderKey, Outcome, Refusal, Rules, SettlementDay};
use crate::cards::{self, MagicCard};

/// How many lines one answer holds at most.
const LINE_COUNT_MAX: usize = 1_000;
/// How many of the newest codes the inbox looks through.
const INBOX_COUNT_MAX: usize = 5_000;
/// How many lines one answer holds if nothing else is asked for.
const LINE_COUNT: usize = 100;

/// The filters of a question, all optional.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string. Values here are digits, letters and dashes: no escapes are needed.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').take(16).filter_map(|piece| piece.split_once('='));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn allows(&self, name: &str, value: &str) -> bool {
        self.value(name).is_none_or(|wanted| wanted == value)
    }

    pub(super) fn limit(&self) -> usize {
        let asked = self.value("limit").and_then(|limit| limit.parse().ok());
        asked.unwrap_or(LINE_COUNT).clamp(1, LINE_COUNT_MAX)
    }
}

/// The bank lives.
#[derive(Serialize)]
pub(super) struct Health {
    pub(super) status: &'static str,
}

/// A fault was planned.
#[derive(Serialize)]
pub(super) struct Planned {
    pub(super) id: u64,
}

/// Something was asked that cannot be done.
#[derive(Serialize)]
pub(super) struct Problem<'a> {
    pub(super) title: &'a str,
    pub(super) status: u16,
    pub(super) detail: &'a str,
}

/// The messages that reached the bank's invented phones, newest first.
#[derive(Serialize)]
pub(super) struct Inbox {
    pub(super) messages: Vec<Message>,
}

/// One message with a code.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) phone: String,
    pub(super) code: String,
    pub(super) at: String,
    pub(super) at_ms: i64,
    pub(super) valid: bool,
    pub(super) card: String,
    pub(super) card_last4: String,
    pub(super) merchant: String,
    pub(super) order_id: String,
    /// Of a code for a payment: how much will be taken, in fen.
    pub(super) amount_fen: Option<i64>,
}

/// A page of the books, oldest first.
#[derive(Serialize)]
pub(super) struct Ledger {
    entries: Vec<Line>,
    /// Ask again with `after` at this number; null at the end.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Line {
    sequence: u64,
    at: String,
    at_ms: i64,
    kind: &'static str,
    #[serde(flatten)]
    order: OrderKey,
    card: String,
    response_code: &'static str,
    reason: Option<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes: Option<OrderKey>,
    /// How much moved, or is to move, in fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_fen: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement_day: Option<SettlementDay>,
    /// The order whose money is given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<OrderKey>,
}

/// The catalogue.
#[derive(Serialize)]
pub(super) struct Cards {
    cards: Vec<MagicCard>,
    code_always_right: &'static str,
    codes_always_wrong: [&'static str; 2],
}

/// The inbox; `phone`, `order_id` and `card` narrow it.
pub(super) fn inbox(desk: &Desk, query: &Query) -> Inbox {
    let now = desk.now();
    let books = desk.books();
    let bank = books.bank.bank();
    let messages: Vec<Message> = bank
        .newest_codes()
        .take(INBOX_COUNT_MAX)
        .filter(|(order, sent)| {
            sent.delivered
                && query.allows("order_id", &order.order_id)
                && query.allows("card", &sent.card)
        })
        .filter_map(|(order, sent)| {
            let card = bank.card_by_slug(&sent.card)?;
            let last4 = card.number.get(card.number.len().saturating_sub(4)..)?.to_owned();
            Some(Message {
                phone: card.reserved_phone?,
                code: sent.digits.clone(),
                at: sent.at.rfc3339(),
                at_ms: sent.at.as_millis(),
                valid: is_valid(bank, order, sent.at, sent.voided, now),
                card: sent.card.clone(),
                card_last4: last4,
                merchant: order.merchant.clone(),
                order_id: order.order_id.clone(),
                amount_fen: bank.code_amount_fen(order),
            })
        })
        .filter(|message| query.allows("phone", &message.phone))
        .take(query.limit())
        .collect();
    Inbox { messages }
}

fn is_valid(bank: &Bank, order: &OrderKey, at: Timestamp, voided: bool, now: Timestamp) -> bool {
    !voided
        && bank.opened_by(order).is_none()
        && bank.payment(order).is_none()
        && now.since_ms(at) <= Rules::default().code_validity_ms
}

/// The books; `kind` (`all` for refusals too), `merchant`, `order_id`, `card`, `after`, `limit`.
pub(super) fn ledger(desk: &Desk, query: &Query) -> Ledger {
    let after: u64 = query.value("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let limit = query.limit();
    let books = desk.books();
    let wanted = |entry: &&Entry| {
        entry.sequence > after
            && query.allows("merchant", &entry.order.merchant)
            && query.allows("order_id", &entry.order.order_id)
            && query.allows("card", &entry.card)
            && match query.value("kind") {
                None => entry.kind.is_execution(),
                Some("all") => true,
                Some(kind) => kind == entry.kind.name(),
            }
    };
    let mut found = books.bank.bank().entries().iter().filter(wanted);
    let entries: Vec<Line> = found.by_ref().take(limit).map(line).collect();
    let next = found.next().and(entries.last()).map(|line| line.sequence);
    Ledger { entries, next }
}

/// The catalogue as data.
pub(super) fn cards() -> Cards {
    Cards {
        cards: cards::catalogue(),
        code_always_right: crate::bank::CODE_ALWAYS_RIGHT,
        codes_always_wrong: crate::bank::CODES_ALWAYS_WRONG,
    }
}

fn line(entry: &Entry) -> Line {
    let reason = match entry.outcome {
        Outcome::Done => None,
        Outcome::Refused(refusal) => Some(refusal),
    };
    Line {
        sequence: entry.sequence,
        at: entry.at.rfc3339(),
        at_ms: entry.at.as_millis(),
        kind: entry.kind.name(),
        order: entry.order.clone(),
        card: entry.card.clone(),
        response_code: reason.map_or("00", |refusal| response_code(refusal).0),
        reason,
        closes: entry.closes.clone(),
        amount_fen: entry.money.as_ref().map(|money| money.amount_fen),
        settlement_day: entry.money.as_ref().and_then(|money| money.day),
        original: entry.money.as_ref().and_then(|money| money.original.clone()),
    }
}
