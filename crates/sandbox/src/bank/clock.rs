//! The bank's own clock: what was accepted is executed when it is due, and what went out may come
//! back. And what the bank says of it, to whoever asks and by itself.

use mingka_domain::time::Timestamp;

use super::Bank;
use super::account::Account;
use super::card::Stage;
use super::course::{Notice, Telling};
use super::day::SettlementDay;
use super::ledger::{Entry, Kind, Money, Outcome};
use super::order::{Done, OrderKey, Refusal, Verdict};
use super::payment::{Due, Payment, PaymentState};

/// What the bank says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The payment.
    pub payment: Payment,
    /// How it ended, as far as it is said.
    pub says: Says,
}

/// How a payment ended, as the bank says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It is in progress.
    InProgress,
    /// The money moved, and is booked on this settlement day.
    Settled(SettlementDay),
    /// It did not.
    Refused(Refusal),
}

/// An end that is to be announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// What is said.
    pub report: Report,
    /// How.
    pub notice: Notice,
}

impl Bank {
    /// Executes what is due. Each execution stands in the books at the moment it was due, however
    /// late this is called.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some((at, order, due)) = self.books.due.first().cloned()
            && at <= now
        {
            match due {
                Due::Execution => self.execute(at, &order),
                Due::Return => self.send_back(at, &order),
            }
            // Its entry took it out; whatever stayed would be executed for ever.
            self.books.due.remove(&(at, order, due));
        }
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.books.due.first().map(|due| due.0)
    }

    /// The ends to announce since the last call.
    pub fn take_announcements(&mut self) -> Vec<Announcement> {
        std::mem::take(&mut self.announcements)
    }

    /// A payment on the books.
    #[must_use]
    pub fn payment(&self, order: &OrderKey) -> Option<&Payment> {
        self.books.payments.get(order)
    }

    /// Every payment on the books.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.books.payments.values()
    }

    /// The amount of the payment a code was sent for, in fen; none where it was for a binding.
    #[must_use]
    pub fn code_amount_fen(&self, order: &OrderKey) -> Option<i64> {
        self.books.codes.get(order).map(|code| code.amount_fen)
    }

    /// What has happened to a card's account.
    #[must_use]
    pub fn account(&self, slug: &str) -> Account {
        self.books.accounts.get(slug).cloned().unwrap_or_default()
    }

    /// What whoever asks is told about a payment.
    pub(super) fn payment_state(&self, now: Timestamp, payment: &Payment) -> Verdict {
        let says = match payment.course.telling(now) {
            Some(Telling::NotFound) => return Verdict::Refused(Refusal::NotFound),
            Some(Telling::InProgress) => Says::InProgress,
            Some(Telling::Refused(refusal)) => Says::Refused(refusal),
            None => truth(payment),
        };
        Verdict::Done(Done::Payment(Box::new(Report { payment: payment.clone(), says })))
    }

    fn execute(&mut self, at: Timestamp, order: &OrderKey) {
        let Some(payment) = self.books.payments.get(order).cloned() else { return };
        let refusal = match payment.stage {
            Stage::Disburse => payment.course.refusal.or_else(|| self.refuses_in(&payment)),
            _ => payment.course.refusal,
        };
        match (refusal, movement(payment.stage)) {
            (None, Some(kind)) => self.record_movement(at, &payment, kind),
            (refusal, _) => {
                let refusal = refusal.unwrap_or(Refusal::General);
                self.refuse_for(at, order, payment.stage, &payment.card, refusal);
            }
        }
        self.announce(at, order);
    }

    fn send_back(&mut self, at: Timestamp, order: &OrderKey) {
        if let Some(payment) = self.books.payments.get(order).cloned() {
            self.record_movement(at, &payment, Kind::Returned);
        }
    }

    fn record_movement(&mut self, at: Timestamp, payment: &Payment, kind: Kind) {
        let mut entry = Entry::new(at, &payment.order, kind, &payment.card, Outcome::Done);
        let day = match kind {
            Kind::Returned => SettlementDay::of(at),
            _ => payment.course.day(at),
        };
        entry.money = Some(Box::new(Money {
            amount_fen: payment.amount_fen,
            day: Some(day),
            original: payment.original.clone(),
            ..Money::default()
        }));
        self.record(entry);
    }

    fn refuses_in(&self, payment: &Payment) -> Option<Refusal> {
        let card = self.card_by_slug(&payment.card)?;
        self.account(&payment.card).refuses_in(&card.terms, payment.amount_fen)
    }

    fn announce(&mut self, at: Timestamp, order: &OrderKey) {
        let Some(payment) = self.books.payments.get(order).cloned() else { return };
        let says = match payment.course.telling(at) {
            Some(Telling::Refused(refusal)) => Says::Refused(refusal),
            // What is kept from inquiries "in progress" is kept from the merchant altogether.
            Some(Telling::InProgress) => return,
            Some(Telling::NotFound) | None => truth(&payment),
        };
        let notice = match says {
            Says::Refused(_) => payment.course.failure_notice,
            _ => payment.course.notice,
        };
        if notice != Notice::Never {
            let report = Report { payment, says };
            self.announcements.push(Announcement { report, notice });
        }
    }
}

const fn movement(stage: Stage) -> Option<Kind> {
    match stage {
        Stage::Disburse => Some(Kind::Disbursed),
        Stage::Collect => Some(Kind::Collected),
        Stage::Refund => Some(Kind::Refunded),
        Stage::Undo => Some(Kind::Undone),
        _ => None,
    }
}

/// A disbursement that came back was executed: only the statement speaks of its return.
const fn truth(payment: &Payment) -> Says {
    match payment.state {
        PaymentState::Accepted => Says::InProgress,
        PaymentState::Settled { day, .. } | PaymentState::Returned { day } => Says::Settled(day),
        PaymentState::Refused(refusal) => Says::Refused(refusal),
        PaymentState::Reversed => Says::Refused(Refusal::Reversed),
    }
}
