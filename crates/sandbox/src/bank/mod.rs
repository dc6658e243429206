//! A bank that behaves like banks, as a pure model: cards, reserved phones, one-time codes,
//! agreements and a ledger of what was really executed. It does no I/O and owns no clock and no
//! randomness: every question brings its moment and its random draw, and the state is nothing but
//! the sum of the ledger's entries, so that replaying them rebuilds it.

pub mod card;
mod code;
mod ledger;
mod order;

use std::collections::BTreeMap;

use mingka_domain::time::{DAY_MS, MINUTE_MS, Timestamp};

pub use self::card::{Card, CardState, Hurdle, Stage, Trouble};
pub use self::code::{CODE_ALWAYS_RIGHT, CODES_ALWAYS_WRONG, Draw, SentCode};
pub use self::ledger::{Entry, Kind, Outcome};
pub use self::order::{Ask, Done, Elements, OrderKey, Refusal, Verdict};

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
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            code_validity_ms: 5 * MINUTE_MS,
            code_wrong_count_max: 5,
            verification_count_per_day_max: None,
            entry_count_max: 4_000_000,
        }
    }
}

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
    /// returns. `sms_arrives` is false where a fault swallows the message.
    pub fn ask(&mut self, now: Timestamp, draw: Draw, ask: &Ask, sms_arrives: bool) -> Verdict {
        if self.entries.len() >= self.rules.entry_count_max {
            return Verdict::Refused(Refusal::Busy);
        }
        match ask {
            Ask::Verify { order, elements } => self.verify(now, order, elements),
            Ask::SendCode { order, elements } => {
                self.send_code(now, draw, order, elements, sms_arrives)
            }
            Ask::Open { order, elements, code } => self.open(now, draw, order, elements, code),
            Ask::QueryOpening { order } => self.query_opening(order),
            Ask::Close { order, token } => self.close(now, order, token),
            Ask::QueryState { order } => self.query_state(order),
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
        let sent = self.entries.iter().rev().filter(|entry| entry.kind == Kind::CodeSent);
        sent.filter_map(|entry| self.codes.get_key_value(&entry.order))
    }

    /// The code sent for an order.
    #[must_use]
    pub fn code(&self, order: &OrderKey) -> Option<&SentCode> {
        self.codes.get(order)
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

    fn verify(&mut self, now: Timestamp, order: &OrderKey, elements: &Elements) -> Verdict {
        if self.results.contains_key(&(order.clone(), Stage::Verify)) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let found = self.card(&elements.card);
        let refusal = match &found {
            None => Some(Refusal::CardUnknown),
            Some(card) if self.verified_too_often(now, card) => Some(Refusal::TooOften),
            Some(card) => card.refuses(Stage::Verify).or_else(|| card.mismatch(elements)),
        };
        let slug = found.map_or_else(String::new, |card| card.slug);
        let outcome = refusal.map_or(Outcome::Done, Outcome::Refused);
        self.record(Entry::new(now, order, Kind::VerificationDone, &slug, outcome));
        refusal.map_or(Verdict::Done(Done::Matched), Verdict::Refused)
    }

    fn send_code(
        &mut self,
        now: Timestamp,
        draw: Draw,
        order: &OrderKey,
        elements: &Elements,
        arrives: bool,
    ) -> Verdict {
        if self.codes.contains_key(order) || self.openings.contains_key(order) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let card = match self.willing(Stage::SendCode, elements) {
            Ok(card) => card,
            Err(refusal) => return self.refuse(now, order, Stage::SendCode, elements, refusal),
        };
        let mut entry = Entry::new(now, order, Kind::CodeSent, &card.slug, Outcome::Done);
        entry.draw = Some(draw);
        entry.delivered = arrives && card.sms_arrives;
        self.record(entry);
        Verdict::Done(Done::CodeSent)
    }

    fn open(
        &mut self,
        now: Timestamp,
        draw: Draw,
        order: &OrderKey,
        elements: &Elements,
        code: &str,
    ) -> Verdict {
        if self.openings.contains_key(order) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let card = match self.willing(Stage::Open, elements) {
            Ok(card) => card,
            Err(refusal) => return self.refuse(now, order, Stage::Open, elements, refusal),
        };
        let refusal = match self.codes.get(order) {
            None => Some(Refusal::CodeNeverSent),
            Some(sent) if sent.card != card.slug => Some(Refusal::OriginalDiffers),
            Some(sent) => sent.refuses(code, now, &self.rules),
        };
        if let Some(refusal) = refusal {
            return self.refuse(now, order, Stage::Open, elements, refusal);
        }
        let mut entry = Entry::new(now, order, Kind::AgreementOpened, &card.slug, Outcome::Done);
        entry.draw = Some(draw);
        self.record(entry);
        self.query_opening(order)
    }

    fn query_opening(&self, order: &OrderKey) -> Verdict {
        match self.opened_by(order) {
            Some(agreement) if agreement.closed_at.is_none() => Verdict::Done(Done::Opened {
                token: agreement.token.clone(),
                opened_at: agreement.opened_at,
            }),
            Some(_) => Verdict::Refused(Refusal::TokenInvalid),
            None => Verdict::Refused(Refusal::NotFound),
        }
    }

    fn close(&mut self, now: Timestamp, order: &OrderKey, token: &str) -> Verdict {
        if self.results.get(&(order.clone(), Stage::Close)) == Some(&Outcome::Done) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let open = self.agreements.get(token).filter(|agreement| {
            agreement.closed_at.is_none() && agreement.order.merchant == order.merchant
        });
        let Some(agreement) = open else {
            return self.refuse_closing(now, order, "", Refusal::TokenInvalid);
        };
        let card = self.card_by_slug(&agreement.card);
        if let Some(refusal) = card.and_then(|card| card.refuses(Stage::Close)) {
            let slug = agreement.card.clone();
            return self.refuse_closing(now, order, &slug, refusal);
        }
        let mut entry =
            Entry::new(now, order, Kind::AgreementClosed, &agreement.card, Outcome::Done);
        entry.closes = Some(agreement.order.clone());
        self.record(entry);
        Verdict::Done(Done::Closed)
    }

    /// The state of an opening, a closing or a verification. Codes sent are not orders of their
    /// own at this bank: an order that only had a code sent is not found.
    fn query_state(&self, order: &OrderKey) -> Verdict {
        let result = [Stage::Open, Stage::Close, Stage::Verify]
            .into_iter()
            .find_map(|stage| Some((stage, *self.results.get(&(order.clone(), stage))?)));
        match result {
            Some((stage, outcome)) => Verdict::Done(Done::State { stage, outcome }),
            None => Verdict::Refused(Refusal::NotFound),
        }
    }

    fn willing(&self, stage: Stage, elements: &Elements) -> Result<Card, Refusal> {
        let card = self.card(&elements.card).ok_or(Refusal::CardUnknown)?;
        match card.refuses(stage).or_else(|| card.mismatch(elements)) {
            Some(refusal) => Err(refusal),
            None => Ok(card),
        }
    }

    fn refuse(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        stage: Stage,
        elements: &Elements,
        refusal: Refusal,
    ) -> Verdict {
        let slug = self.card(&elements.card).map_or_else(String::new, |card| card.slug);
        self.record(Entry::new(now, order, Kind::Refused { stage }, &slug, refusal.into()));
        Verdict::Refused(refusal)
    }

    fn refuse_closing(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        slug: &str,
        refusal: Refusal,
    ) -> Verdict {
        let kind = Kind::Refused { stage: Stage::Close };
        self.record(Entry::new(now, order, kind, slug, refusal.into()));
        Verdict::Refused(refusal)
    }

    fn verified_too_often(&self, now: Timestamp, card: &Card) -> bool {
        let Some(limit) = card.verifications_per_day.or(self.rules.verification_count_per_day_max)
        else {
            return false;
        };
        let moments = self.verified_at.get(&card.slug).map_or(&[][..], Vec::as_slice);
        moments.iter().filter(|at| now.since_ms(**at) < DAY_MS).count() >= limit
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
            Kind::Refused { .. } => {
                if entry.outcome == Outcome::Refused(Refusal::CodeWrong)
                    && let Some(sent) = self.codes.get_mut(&order)
                {
                    sent.wrong_count = sent.wrong_count.saturating_add(1);
                }
            }
        }
        self.results.insert((order, entry.kind.stage()), entry.outcome);
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
