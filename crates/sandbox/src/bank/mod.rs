//! A bank that behaves like banks, as a pure model: cards, reserved phones, one-time codes,
//! agreements, accounts and a ledger of what was really executed. It does no I/O and owns no clock
//! and no randomness: every question brings its moment and its random draw, and the state is
//! nothing but the sum of the ledger's entries, so that replaying them rebuilds it.

mod account;
mod binding;
pub mod card;
mod clock;
mod code;
mod course;
mod day;
mod ledger;
mod money;
mod order;
mod payment;
mod statement;

use std::collections::BTreeMap;

use mingka_domain::time::{MINUTE_MS, Timestamp};

pub use self::account::{Account, AccountClass, Purse, Terms};
pub use self::card::{Card, CardState, Directions, Hurdle, Stage, Trouble};
pub use self::clock::{Announcement, Report, Says};
pub use self::code::{CODE_ALWAYS_RIGHT, CODES_ALWAYS_WRONG, Draw, SentCode};
pub use self::course::{Course, Execution, Habit, Notice, Tale, Told};
pub use self::day::SettlementDay;
pub use self::ledger::{Entry, Kind, Money, Outcome};
use self::money::Moment;
pub use self::order::{
    Ask, Circumstances, Done, Elements, Movement, OrderKey, Original, Refusal, Verdict, What,
};
use self::payment::Books;
pub use self::payment::{Envelope, Payment, PaymentState};
pub use self::statement::{Statement, StatementLine};

/// How this bank behaves where banks differ.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long a one-time code is good for.
    pub code_validity_ms: i64,
    /// How many wrong codes an order may see before its code is void.
    pub code_wrong_count_max: u32,
    /// How many verifications a card gets in 24 hours; none means no limit.
    pub verification_count_per_day_max: Option<usize>,
    /// How many entries the books hold before the bank calls itself busy.
    pub entry_count_max: usize,
    /// What a merchant has prefunded when the books are opened, in fen.
    pub merchant_balance_fen: i64,
    /// Whether a payment needs a code of its own.
    pub payment_code_required: bool,
    /// How many months a payment can be refunded.
    pub refund_months_max: i32,
    /// How long an accepted order takes to be executed, at least.
    pub execution_min_ms: i64,
    /// How long an accepted order takes to be executed, at most, when all goes well.
    pub execution_max_ms: i64,
    /// How long after its execution a movement is booked, at most: around 23:00 this decides on
    /// which day it stands.
    pub booking_lag_max_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            code_validity_ms: 5 * MINUTE_MS,
            code_wrong_count_max: 5,
            verification_count_per_day_max: None,
            entry_count_max: 4_000_000,
            merchant_balance_fen: 10_000_000_000,
            payment_code_required: true,
            refund_months_max: 11,
            execution_min_ms: 200,
            execution_max_ms: 3_000,
            booking_lag_max_ms: 3_000,
        }
    }
}

/// The orders without money whose state can be asked for, and those about money that were refused
/// before they were accepted.
const RESULTS: [Stage; 8] = [
    Stage::Open,
    Stage::Close,
    Stage::Verify,
    Stage::Disburse,
    Stage::Collect,
    Stage::Refund,
    Stage::Undo,
    Stage::Reverse,
];

/// Where the bank looks up a card that is not in its own list: rules that invent one.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// By its number.
    pub by_number: fn(&str) -> Option<Card>,
    /// By its short name.
    pub by_slug: fn(&str) -> Option<Card>,
}

/// The books of one bank.
#[derive(Debug, Clone)]
pub struct Bank {
    rules: Rules,
    cards: BTreeMap<String, Card>,
    series: Option<Series>,
    entries: Vec<Entry>,
    codes: BTreeMap<OrderKey, SentCode>,
    newest_code: BTreeMap<(String, String), OrderKey>,
    agreements: BTreeMap<String, Agreement>,
    openings: BTreeMap<OrderKey, String>,
    results: BTreeMap<(OrderKey, Stage), Outcome>,
    verified_at: BTreeMap<String, Vec<Timestamp>>,
    books: Books,
    announcements: Vec<Announcement>,
    fresh: usize,
}

/// A token this bank gave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The token.
    pub token: String,
    /// The opening's order.
    pub order: OrderKey,
    /// The card's short name.
    pub card: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed, if it was.
    pub closed_at: Option<Timestamp>,
}

impl Bank {
    /// A bank with these cards and empty books.
    #[must_use]
    pub fn new(cards: impl IntoIterator<Item = Card>, series: Option<Series>) -> Self {
        Self {
            rules: Rules::default(),
            cards: cards.into_iter().map(|card| (card.number.clone(), card)).collect(),
            series,
            entries: Vec::new(),
            codes: BTreeMap::new(),
            newest_code: BTreeMap::new(),
            agreements: BTreeMap::new(),
            openings: BTreeMap::new(),
            results: BTreeMap::new(),
            verified_at: BTreeMap::new(),
            books: Books::default(),
            announcements: Vec::new(),
            fresh: 0,
        }
    }

    /// The same bank under other rules.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Answers one question at one moment. Whatever it executes stands in the books before it
    /// returns.
    pub fn ask(
        &mut self,
        now: Timestamp,
        draw: Draw,
        ask: &Ask,
        circumstances: &Circumstances,
    ) -> Verdict {
        self.tick(now);
        if self.entries.len() >= self.rules.entry_count_max {
            return Verdict::Refused(Refusal::Busy);
        }
        let when = Moment { now, draw, circumstances };
        match ask {
            Ask::Verify { order, elements } => self.verify(now, order, elements),
            Ask::SendCode { order, elements } => {
                self.send_code(now, draw, order, elements, circumstances.sms_arrives)
            }
            Ask::Open { order, elements, code } => self.open(now, draw, order, elements, code),
            Ask::QueryOpening { order } => self.query_opening(order),
            Ask::Close { order, token } => self.close(now, order, token),
            Ask::QueryState { order } => self.query_state(now, order),
            Ask::SendPaymentCode { order, token, amount_fen } => {
                self.send_payment_code(when, order, token, *amount_fen)
            }
            Ask::Move(movement) => self.move_money(when, movement),
            Ask::Reverse { order, original } => self.reverse(now, order, original),
        }
    }

    /// A card by its number.
    #[must_use]
    pub fn card(&self, number: &str) -> Option<Card> {
        self.cards
            .get(number)
            .cloned()
            .or_else(|| self.series.and_then(|series| (series.by_number)(number)))
    }

    /// A card by the short name it has in the books.
    #[must_use]
    pub fn card_by_slug(&self, slug: &str) -> Option<Card> {
        let listed = self.cards.values().find(|card| card.slug == slug).cloned();
        listed.or_else(|| self.series.and_then(|series| (series.by_slug)(slug)))
    }

    /// The books, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The codes that were sent, newest first, with the order each belongs to.
    pub fn newest_codes(&self) -> impl Iterator<Item = (&OrderKey, &SentCode)> {
        self.entries.iter().rev().filter_map(|entry| match entry.kind {
            Kind::CodeSent => self.codes.get_key_value(&entry.order),
            // A code that was sent again took the place of the earlier one.
            Kind::PaymentCodeSent => {
                let (order, code) = self.books.codes.get_key_value(&entry.order)?;
                (code.sent.at == entry.at).then_some((order, &code.sent))
            }
            _ => None,
        })
    }

    /// The code sent for an order.
    #[must_use]
    pub fn code(&self, order: &OrderKey) -> Option<&SentCode> {
        let for_payment = || self.books.codes.get(order).map(|code| &code.sent);
        self.codes.get(order).or_else(for_payment)
    }

    /// The agreement a token stands for, open or closed.
    #[must_use]
    pub fn agreement(&self, token: &str) -> Option<&Agreement> {
        self.agreements.get(token)
    }

    /// Every agreement ever opened.
    pub fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.values()
    }

    /// The agreement an order opened.
    #[must_use]
    pub fn opened_by(&self, order: &OrderKey) -> Option<&Agreement> {
        self.openings.get(order).and_then(|token| self.agreements.get(token))
    }

    /// The entries made since the last call, for whoever keeps a journal.
    pub fn take_fresh(&mut self) -> Vec<Entry> {
        let fresh = self.entries.get(self.fresh..).unwrap_or_default().to_vec();
        self.fresh = self.entries.len();
        fresh
    }

    /// Puts an entry of an earlier life back into the books.
    pub fn replay(&mut self, entry: Entry) {
        self.apply(entry);
        self.fresh = self.entries.len();
    }

    /// The state of an order. Codes sent are not orders of their own at this bank: an order that
    /// only had a code sent is not found.
    fn query_state(&self, now: Timestamp, order: &OrderKey) -> Verdict {
        if let Some(payment) = self.payment(order) {
            return self.payment_state(now, payment);
        }
        let result = RESULTS
            .into_iter()
            .find_map(|stage| Some((stage, *self.results.get(&(order.clone(), stage))?)));
        match result {
            Some((stage, outcome)) => Verdict::Done(Done::State { stage, outcome }),
            None => Verdict::Refused(Refusal::NotFound),
        }
    }

    fn record(&mut self, mut entry: Entry) {
        entry.sequence = u64::try_from(self.entries.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.apply(entry);
    }

    /// The only place where the state changes.
    fn apply(&mut self, entry: Entry) {
        let order = entry.order.clone();
        match &entry.kind {
            Kind::CodeSent => self.apply_code(&entry),
            Kind::AgreementOpened => {
                let token = code::token(entry.draw.unwrap_or_default());
                let agreement = Agreement {
                    token: token.clone(),
                    order: order.clone(),
                    card: entry.card.clone(),
                    opened_at: entry.at,
                    closed_at: None,
                };
                self.agreements.insert(token.clone(), agreement);
                self.openings.insert(order.clone(), token);
            }
            Kind::AgreementClosed => {
                let opening = entry.closes.as_ref().and_then(|opened| self.openings.get(opened));
                if let Some(agreement) = opening.and_then(|token| self.agreements.get_mut(token)) {
                    agreement.closed_at = Some(entry.at);
                }
            }
            Kind::VerificationDone => {
                self.verified_at.entry(entry.card.clone()).or_default().push(entry.at);
            }
            Kind::Refused { stage: Stage::Open } => {
                if entry.outcome == Outcome::Refused(Refusal::CodeWrong)
                    && let Some(sent) = self.codes.get_mut(&order)
                {
                    sent.wrong_count = sent.wrong_count.saturating_add(1);
                }
            }
            _ => {}
        }
        self.apply_money(&entry, self.entries.len());
        if let Some(stage) = entry.kind.stage() {
            self.results.insert((order, stage), entry.outcome);
        }
        self.entries.push(entry);
    }

    fn apply_code(&mut self, entry: &Entry) {
        let place = (entry.order.merchant.clone(), entry.card.clone());
        if let Some(earlier) = self.newest_code.insert(place, entry.order.clone())
            && let Some(sent) = self.codes.get_mut(&earlier)
        {
            sent.voided = true;
        }
        self.codes.insert(entry.order.clone(), SentCode::of(entry));
    }
}

#[cfg(test)]
mod tests;
