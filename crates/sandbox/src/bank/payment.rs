//! A payment on the bank's books, and how the ledger's entries change it. Everything here follows
//! from entries alone, so that replaying them rebuilds every payment, account and purse.

use std::collections::BTreeMap;

use mingka_domain::time::Timestamp;

use super::account::{Account, Purse};
use super::card::Stage;
use super::code::SentCode;
use super::course::Course;
use super::day::SettlementDay;
use super::ledger::{Entry, Kind, Money};
use super::order::{OrderKey, Refusal};
use super::{Bank, Outcome};

/// What a protocol wants back when the end of an order is announced. The bank only keeps it.
pub type Envelope = String;

/// An order that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its identity.
    pub order: OrderKey,
    /// What it is.
    pub stage: Stage,
    /// The card's short name.
    pub card: String,
    /// How much, in fen.
    pub amount_fen: i64,
    /// The bank's own number for it.
    pub query_id: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What was decided about it.
    pub course: Course,
    /// The order whose money it gives back.
    pub original: Option<OrderKey>,
    /// What the protocol wants back.
    pub envelope: Envelope,
    /// How far it is.
    pub state: PaymentState,
    /// Of a collection: given back so far, in fen.
    pub given_back_fen: i64,
    /// Of a collection: what accepted refunds will give back besides, in fen.
    pub promised_back_fen: i64,
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// Accepted, nothing moved.
    Accepted,
    /// The money moved.
    Settled {
        /// When.
        at: Timestamp,
        /// On which settlement day it is booked.
        day: SettlementDay,
    },
    /// Refused after it was accepted.
    Refused(Refusal),
    /// The money went out and came back.
    Returned {
        /// On which settlement day its going out is booked.
        day: SettlementDay,
    },
    /// Reversed: whether it had moved or not, it is as if it had not been.
    Reversed,
}

/// A code that was sent for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PaymentCode {
    pub(super) sent: SentCode,
    pub(super) amount_fen: i64,
    /// The opening of the agreement it was sent for.
    pub(super) agreement: Option<OrderKey>,
}

/// What is due at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Execution,
    Return,
}

/// The money on the books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Books {
    pub(super) payments: BTreeMap<OrderKey, Payment>,
    pub(super) by_query_id: BTreeMap<String, OrderKey>,
    pub(super) codes: BTreeMap<OrderKey, PaymentCode>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) purses: BTreeMap<String, Purse>,
    pub(super) due: std::collections::BTreeSet<(Timestamp, OrderKey, Due)>,
    /// The places of a day's movements in the ledger.
    pub(super) by_day: BTreeMap<SettlementDay, Vec<usize>>,
}

impl Bank {
    /// What an entry changes in accounts, purses and payments. `place` is its place in the ledger.
    pub(super) fn apply_money(&mut self, entry: &Entry, place: usize) {
        if let Kind::Refused { stage } = entry.kind {
            self.apply_refusal(entry, stage);
            return;
        }
        let Some(money) = entry.money.as_deref() else { return };
        if let Some(day) = money.day.filter(|_| money.amount_fen > 0) {
            self.books.by_day.entry(day).or_default().push(place);
        }
        match entry.kind {
            Kind::PaymentCodeSent => {
                let code = PaymentCode {
                    sent: SentCode::of(entry),
                    amount_fen: money.amount_fen,
                    agreement: money.agreement.clone(),
                };
                self.books.codes.insert(entry.order.clone(), code);
            }
            Kind::PaymentAccepted { stage } => self.apply_acceptance(entry, stage, money),
            Kind::Disbursed | Kind::Collected | Kind::Refunded | Kind::Undone => {
                self.apply_execution(entry, money);
            }
            Kind::Reversed => self.apply_reversal(entry, money),
            Kind::Returned => self.apply_return(entry, money),
            Kind::BalanceSet => self.purse(&entry.order.merchant).balance_fen = money.amount_fen,
            _ => {}
        }
    }

    fn apply_acceptance(&mut self, entry: &Entry, stage: Stage, money: &Money) {
        let Some(course) = money.course.clone() else { return };
        let amount_fen = money.amount_fen;
        match stage {
            Stage::Disburse => {
                let purse = self.purse(&entry.order.merchant);
                purse.reserved_fen = purse.reserved_fen.saturating_add(amount_fen);
            }
            Stage::Collect => self.account_mut(&entry.card).hold(amount_fen),
            _ => {
                if let Some(original) = self.original_of(money.original.as_ref()) {
                    original.promised_back_fen =
                        original.promised_back_fen.saturating_add(amount_fen);
                }
            }
        }
        if let Some(at) = course.executes_at {
            self.books.due.insert((at, entry.order.clone(), Due::Execution));
        }
        let query_id = query_id(entry);
        self.books.by_query_id.insert(query_id.clone(), entry.order.clone());
        let payment = Payment {
            order: entry.order.clone(),
            stage,
            card: entry.card.clone(),
            amount_fen,
            query_id,
            accepted_at: entry.at,
            course,
            original: money.original.clone(),
            envelope: money.envelope.clone(),
            state: PaymentState::Accepted,
            given_back_fen: 0,
            promised_back_fen: 0,
        };
        self.books.payments.insert(entry.order.clone(), payment);
    }

    fn apply_execution(&mut self, entry: &Entry, money: &Money) {
        let amount_fen = money.amount_fen;
        self.release(&entry.order);
        let Some(payment) = self.books.payments.get_mut(&entry.order) else { return };
        let day = money.day.unwrap_or_else(|| SettlementDay::of(entry.at));
        payment.state = PaymentState::Settled { at: entry.at, day };
        if let Some(after_ms) = payment.course.returned_after_ms
            && entry.kind == Kind::Disbursed
        {
            let due = (entry.at.plus_ms(after_ms.max(0)), entry.order.clone(), Due::Return);
            self.books.due.insert(due);
        }
        match entry.kind {
            Kind::Disbursed => {
                let purse = self.purse(&entry.order.merchant);
                purse.balance_fen = purse.balance_fen.saturating_sub(amount_fen);
                self.account_mut(&entry.card).goes_in(amount_fen);
            }
            Kind::Collected => {
                let purse = self.purse(&entry.order.merchant);
                purse.collected_fen = purse.collected_fen.saturating_add(amount_fen);
                self.account_mut(&entry.card).goes_out(amount_fen, entry.at);
            }
            _ => self.give_back(entry, money),
        }
    }

    /// Money of a collection goes back to the card.
    fn give_back(&mut self, entry: &Entry, money: &Money) {
        let amount_fen = money.amount_fen;
        let purse = self.purse(&entry.order.merchant);
        purse.collected_fen = purse.collected_fen.saturating_sub(amount_fen);
        let mut paid_at = None;
        if let Some(original) = self.original_of(money.original.as_ref()) {
            original.given_back_fen = original.given_back_fen.saturating_add(amount_fen);
            if let PaymentState::Settled { at, .. } = original.state {
                paid_at = Some(at);
            }
        }
        let account = self.account_mut(&entry.card);
        match paid_at {
            Some(paid_at) if entry.kind != Kind::Refunded => {
                account.comes_back(amount_fen, paid_at)
            }
            _ => account.goes_in(amount_fen),
        }
    }

    fn apply_reversal(&mut self, entry: &Entry, money: &Money) {
        let Some(original) = money.original.clone() else { return };
        match self.books.payments.get(&original).map(|payment| payment.state) {
            Some(PaymentState::Accepted) => self.release(&original),
            Some(_) => self.give_back(entry, money),
            None => {}
        }
        if let Some(payment) = self.books.payments.get_mut(&original) {
            payment.state = PaymentState::Reversed;
        }
    }

    fn apply_return(&mut self, entry: &Entry, money: &Money) {
        let purse = self.purse(&entry.order.merchant);
        purse.balance_fen = purse.balance_fen.saturating_add(money.amount_fen);
        self.account_mut(&entry.card).goes_back(money.amount_fen);
        let Some(payment) = self.books.payments.get_mut(&entry.order) else { return };
        if let PaymentState::Settled { at, day } = payment.state {
            let due = at.plus_ms(payment.course.returned_after_ms.unwrap_or(0).max(0));
            payment.state = PaymentState::Returned { day };
            self.books.due.remove(&(due, entry.order.clone(), Due::Return));
        }
    }

    fn apply_refusal(&mut self, entry: &Entry, stage: Stage) {
        let Outcome::Refused(refusal) = entry.outcome else { return };
        if refusal == Refusal::CodeWrong
            && stage == Stage::Collect
            && let Some(code) = self.books.codes.get_mut(&entry.order)
        {
            code.sent.wrong_count = code.sent.wrong_count.saturating_add(1);
        }
        let open = self.books.payments.get(&entry.order).is_some_and(|payment| {
            payment.state == PaymentState::Accepted && payment.stage == stage
        });
        if open {
            self.release(&entry.order);
            if let Some(payment) = self.books.payments.get_mut(&entry.order) {
                payment.state = PaymentState::Refused(refusal);
            }
        }
    }

    /// What was set aside when an order was accepted is free again.
    fn release(&mut self, order: &OrderKey) {
        let Some(payment) = self.books.payments.get(order) else { return };
        let (stage, amount_fen) = (payment.stage, payment.amount_fen);
        let (card, original) = (payment.card.clone(), payment.original.clone());
        if let Some(at) = payment.course.executes_at {
            self.books.due.remove(&(at, order.clone(), Due::Execution));
        }
        match stage {
            Stage::Disburse => {
                let purse = self.purse(&order.merchant);
                purse.reserved_fen = purse.reserved_fen.saturating_sub(amount_fen);
            }
            Stage::Collect => self.account_mut(&card).release(amount_fen),
            _ => {
                if let Some(original) = self.original_of(original.as_ref()) {
                    original.promised_back_fen =
                        original.promised_back_fen.saturating_sub(amount_fen);
                }
            }
        }
    }

    fn original_of(&mut self, order: Option<&OrderKey>) -> Option<&mut Payment> {
        order.and_then(|order| self.books.payments.get_mut(order))
    }

    fn account_mut(&mut self, slug: &str) -> &mut Account {
        self.books.accounts.entry(slug.to_owned()).or_default()
    }

    fn purse(&mut self, merchant: &str) -> &mut Purse {
        let opening_fen = self.rules.merchant_balance_fen;
        let purses = &mut self.books.purses;
        purses.entry(merchant.to_owned()).or_insert_with(|| Purse::prefunded(opening_fen))
    }
}

/// The bank's own number for an order: its moment and its place in the books, so that it is there
/// again when the books are read again.
fn query_id(entry: &Entry) -> String {
    format!("{}{:07}", entry.at.beijing_compact(), entry.sequence % 10_000_000)
}
