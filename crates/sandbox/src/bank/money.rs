//! Moving money: what is checked before an order is accepted. Accepting moves nothing; the bank's
//! own clock does, later (`clock.rs`). An order's identity is good for one acceptance, for ever.

use mingka_domain::time::Timestamp;

use super::account::Purse;
use super::card::{Card, Stage};
use super::code::Draw;
use super::course::{Course, Telling};
use super::day::SettlementDay;
use super::ledger::{Entry, Kind, Money, Outcome};
use super::order::{
    Circumstances, Done, Elements, Movement, OrderKey, Original, Refusal, Verdict, What,
};
use super::payment::{Payment, PaymentState};
use super::{Agreement, Bank};

/// An order that passed every check.
struct Proposal<'a> {
    order: &'a OrderKey,
    stage: Stage,
    card: Card,
    amount_fen: i64,
    original: Option<OrderKey>,
    /// What the issuer will say when it is asked.
    refusal: Option<Refusal>,
}

/// When a question came, and under which circumstances.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    pub(super) draw: Draw,
    pub(super) circumstances: &'a Circumstances,
}

impl Bank {
    /// A question about money. Its order must be new.
    pub(super) fn move_money(&mut self, when: Moment<'_>, movement: &Movement) -> Verdict {
        let Movement { order, amount_fen, .. } = movement;
        let stage = movement.stage();
        if self.is_used(order, stage) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        if *amount_fen <= 0 {
            return self.refuse_for(when.now, order, stage, "", Refusal::FormatWrong);
        }
        match &movement.what {
            What::Disburse { elements } => self.disburse(when, order, *amount_fen, elements),
            What::Collect { token, code } => {
                self.collect(when, order, *amount_fen, token, code.as_deref())
            }
            What::Refund { original } | What::Undo { original } => {
                self.give_back_later(when, stage, order, *amount_fen, original)
            }
        }
    }

    /// What the centre knows is said at once; what only the issuer knows turns up at the execution.
    fn disburse(
        &mut self,
        when: Moment<'_>,
        order: &OrderKey,
        amount_fen: i64,
        elements: &Elements,
    ) -> Verdict {
        let stage = Stage::Disburse;
        let Some(card) = self.card(&elements.card) else {
            return self.refuse_for(when.now, order, stage, "", Refusal::CardUnknown);
        };
        if self.purse_of(&order.merchant).available_fen() < amount_fen {
            return self.refuse_for(when.now, order, stage, &card.slug, Refusal::MerchantBalance);
        }
        let refusal = card.refuses(stage).or_else(|| card.mismatch(elements));
        self.accept(when, Proposal { order, stage, card, amount_fen, original: None, refusal })
    }

    /// Sends a code that is good for one order and one amount. Sent again, it voids the earlier.
    pub(super) fn send_payment_code(
        &mut self,
        when: Moment<'_>,
        order: &OrderKey,
        token: &str,
        amount_fen: i64,
    ) -> Verdict {
        let stage = Stage::SendPaymentCode;
        if self.books.payments.contains_key(order) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let Some((agreement, card)) = self.agreement_and_card(&order.merchant, token) else {
            return self.refuse_for(when.now, order, stage, "", Refusal::TokenInvalid);
        };
        let differs = self.books.codes.get(order).is_some_and(|earlier| {
            earlier.amount_fen != amount_fen || earlier.agreement.as_ref() != Some(&agreement.order)
        });
        let refusal = match card.refuses(stage) {
            None if differs => Some(Refusal::OriginalDiffers),
            None if amount_fen <= 0 => Some(Refusal::FormatWrong),
            other => other,
        };
        if let Some(refusal) = refusal {
            return self.refuse_for(when.now, order, stage, &card.slug, refusal);
        }
        let mut entry =
            Entry::new(when.now, order, Kind::PaymentCodeSent, &card.slug, Outcome::Done);
        entry.draw = Some(when.draw);
        entry.delivered = when.circumstances.sms_arrives && card.sms_arrives;
        let agreement = Some(agreement.order);
        entry.money = Some(Box::new(Money { amount_fen, agreement, ..Money::default() }));
        self.record(entry);
        Verdict::Done(Done::CodeSent)
    }

    /// The issuer is asked while the merchant waits: what it refuses is refused at once.
    fn collect(
        &mut self,
        when: Moment<'_>,
        order: &OrderKey,
        amount_fen: i64,
        token: &str,
        code: Option<&str>,
    ) -> Verdict {
        let stage = Stage::Collect;
        let Some((agreement, card)) = self.agreement_and_card(&order.merchant, token) else {
            return self.refuse_for(when.now, order, stage, "", Refusal::TokenInvalid);
        };
        let refusal = card
            .refuses(stage)
            .or_else(|| self.code_refusal(when.now, order, &agreement, amount_fen, code))
            .or_else(|| self.account(&card.slug).refuses_out(&card.terms, amount_fen, when.now));
        if let Some(refusal) = refusal {
            return self.refuse_for(when.now, order, stage, &card.slug, refusal);
        }
        let proposal = Proposal { order, stage, card, amount_fen, original: None, refusal: None };
        self.accept(when, proposal)
    }

    /// Why the code does not open this payment. It is bound to order, agreement and amount.
    fn code_refusal(
        &self,
        now: Timestamp,
        order: &OrderKey,
        agreement: &Agreement,
        amount_fen: i64,
        typed: Option<&str>,
    ) -> Option<Refusal> {
        let Some(code) = self.books.codes.get(order) else {
            let needed = self.rules.payment_code_required || typed.is_some();
            return needed.then_some(Refusal::CodeNeverSent);
        };
        let bound =
            code.amount_fen == amount_fen && code.agreement.as_ref() == Some(&agreement.order);
        if !bound {
            return Some(Refusal::OriginalDiffers);
        }
        match typed {
            None => Some(Refusal::CodeWrong),
            Some(typed) => code.sent.refuses(typed, now, &self.rules),
        }
    }

    /// A refund or an undoing: checked against its original, executed later.
    fn give_back_later(
        &mut self,
        when: Moment<'_>,
        stage: Stage,
        order: &OrderKey,
        amount_fen: i64,
        original: &Original,
    ) -> Verdict {
        let found = self.original(&order.merchant, original).cloned();
        let card = found.as_ref().and_then(|original| self.card_by_slug(&original.card));
        let (Some(original), Some(card)) = (found, card) else {
            return self.refuse_for(when.now, order, stage, "", Refusal::OriginalState);
        };
        let refusal = match stage {
            Stage::Undo => undo_refusal(&original, amount_fen, when.now),
            _ => refund_refusal(&original, amount_fen, when.now, self.rules.refund_months_max),
        };
        if let Some(refusal) = refusal.or_else(|| card.refuses(stage)) {
            return self.refuse_for(when.now, order, stage, &card.slug, refusal);
        }
        let original = Some(original.order);
        self.accept(when, Proposal { order, stage, card, amount_fen, original, refusal: None })
    }

    /// Reverses a collection whose result its merchant does not know: what moved moves back, what
    /// has not moved never will. It is done or refused at once, and a collection that has not come
    /// yet cannot be reversed: should it come later, it is executed.
    pub(super) fn reverse(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        asked: &Original,
    ) -> Verdict {
        let stage = Stage::Reverse;
        if self.results.get(&(order.clone(), stage)) == Some(&Outcome::Done) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let Some(original) = self.original(&order.merchant, asked).cloned() else {
            return self.refuse_for(now, order, stage, "", Refusal::OriginalState);
        };
        let slug = original.card.clone();
        let day = match original.state {
            PaymentState::Settled { day, .. } => day,
            _ => SettlementDay::of(original.accepted_at),
        };
        let refusal = match original.state {
            PaymentState::Reversed => Some(Refusal::Reversed),
            _ if original.stage != Stage::Collect => Some(Refusal::OriginalState),
            PaymentState::Refused(_) | PaymentState::Returned { .. } => {
                Some(Refusal::OriginalState)
            }
            _ if original.given_back_fen > 0 || original.promised_back_fen > 0 => {
                Some(Refusal::AlreadyGivenBack)
            }
            _ if day < SettlementDay::of(now) => Some(Refusal::OutOfHours),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return self.refuse_for(now, order, stage, &slug, refusal);
        }
        let settled = matches!(original.state, PaymentState::Settled { .. });
        let mut entry = Entry::new(now, order, Kind::Reversed, &slug, Outcome::Done);
        entry.money = Some(Box::new(Money {
            amount_fen: if settled { original.amount_fen } else { 0 },
            day: Some(day),
            original: Some(original.order),
            ..Money::default()
        }));
        self.record(entry);
        Verdict::Done(Done::Reversed)
    }

    /// Sets a merchant's prefunded balance.
    pub fn set_balance(&mut self, now: Timestamp, merchant: &str, balance_fen: i64) {
        let order = OrderKey {
            merchant: merchant.to_owned(),
            order_id: String::new(),
            txn_time: String::new(),
        };
        let mut entry = Entry::new(now, &order, Kind::BalanceSet, "", Outcome::Done);
        entry.money = Some(Box::new(Money { amount_fen: balance_fen, ..Money::default() }));
        self.record(entry);
    }

    /// A merchant's money.
    #[must_use]
    pub fn purse_of(&self, merchant: &str) -> Purse {
        let opening = Purse::prefunded(self.rules.merchant_balance_fen);
        self.books.purses.get(merchant).copied().unwrap_or(opening)
    }

    fn accept(&mut self, when: Moment<'_>, proposal: Proposal<'_>) -> Verdict {
        let Proposal { order, stage, card, amount_fen, original, refusal } = proposal;
        let habit = when.circumstances.habit.or(card.habit).unwrap_or_default();
        let mut course = Course::of(when.now, when.draw, &habit, &self.rules);
        course.refusal = refusal.or(course.refusal);
        let kind = Kind::PaymentAccepted { stage };
        let mut entry = Entry::new(when.now, order, kind, &card.slug, Outcome::Done);
        let envelope = when.circumstances.envelope.clone();
        entry.money = Some(Box::new(Money {
            amount_fen,
            original,
            course: Some(course),
            envelope,
            ..Money::default()
        }));
        self.record(entry);
        self.tick(when.now);
        match self.books.payments.get(order) {
            Some(payment) => match payment.course.telling(when.now) {
                Some(Telling::Refused(refusal)) => Verdict::Refused(refusal),
                _ => Verdict::Done(Done::Accepted { query_id: payment.query_id.clone() }),
            },
            None => Verdict::Refused(Refusal::General),
        }
    }

    /// An order that was accepted, or refused for good, is not taken again. A wrong code may be
    /// typed again.
    fn is_used(&self, order: &OrderKey, stage: Stage) -> bool {
        let again = [
            Refusal::CodeWrong,
            Refusal::CodeExpired,
            Refusal::CodeVoided,
            Refusal::CodeNeverSent,
            Refusal::CodeLocked,
        ];
        self.books.payments.contains_key(order)
            || match self.results.get(&(order.clone(), stage)) {
                Some(Outcome::Refused(refusal)) => !again.contains(refusal),
                Some(Outcome::Done) => true,
                None => false,
            }
    }

    fn agreement_and_card(&self, merchant: &str, token: &str) -> Option<(Agreement, Card)> {
        let open = self.agreements.get(token).filter(|agreement| {
            agreement.closed_at.is_none() && agreement.order.merchant == merchant
        })?;
        Some((open.clone(), self.card_by_slug(&open.card)?))
    }

    /// The order that is meant.
    #[must_use]
    pub fn order_of<'a>(&'a self, original: &'a Original) -> Option<&'a OrderKey> {
        match original {
            Original::QueryId(query_id) => self.books.by_query_id.get(query_id),
            Original::Order(order) => Some(order),
        }
    }

    fn original(&self, merchant: &str, original: &Original) -> Option<&Payment> {
        let payment = self.books.payments.get(self.order_of(original)?);
        payment.filter(|payment| payment.order.merchant == merchant)
    }
}

/// Why a collection cannot be undone: only whole, once, and on its settlement day.
fn undo_refusal(original: &Payment, amount_fen: i64, now: Timestamp) -> Option<Refusal> {
    let PaymentState::Settled { day, .. } = original.state else {
        return Some(not_settled(original));
    };
    if original.stage != Stage::Collect {
        return Some(Refusal::OriginalState);
    }
    if original.given_back_fen > 0 || original.promised_back_fen > 0 {
        return Some(Refusal::AlreadyGivenBack);
    }
    if amount_fen != original.amount_fen {
        return Some(Refusal::OriginalDiffers);
    }
    (day < SettlementDay::of(now)).then_some(Refusal::OutOfHours)
}

/// Why a collection cannot be refunded: never above what is left of it, and not after some months.
fn refund_refusal(
    original: &Payment,
    amount_fen: i64,
    now: Timestamp,
    months_max: i32,
) -> Option<Refusal> {
    let PaymentState::Settled { at, .. } = original.state else {
        return Some(not_settled(original));
    };
    if original.stage != Stage::Collect || months_between(at, now) > months_max {
        return Some(Refusal::OriginalState);
    }
    let given_fen = original.given_back_fen.saturating_add(original.promised_back_fen);
    let left_fen = original.amount_fen.saturating_sub(given_fen);
    if left_fen <= 0 {
        return Some(Refusal::AlreadyGivenBack);
    }
    (amount_fen > left_fen).then_some(Refusal::OriginalDiffers)
}

const fn not_settled(original: &Payment) -> Refusal {
    match original.state {
        PaymentState::Reversed => Refusal::Reversed,
        _ => Refusal::OriginalState,
    }
}

/// How many months lie between two moments in Beijing, a begun one counted as one.
fn months_between(from: Timestamp, to: Timestamp) -> i32 {
    let (from, to) = (from.beijing(), to.beijing());
    let whole = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month());
    let begun = (to.day(), to.time()) > (from.day(), from.time());
    whole + i32::from(begun)
}
