//! Binding a card: verifications, one-time codes, agreements. What is asked is looked up, compared
//! and recorded; the state itself only changes when the entry is applied.

use mingka_domain::time::{DAY_MS, Timestamp};

use super::Bank;
use super::card::{Card, Stage};
use super::code::Draw;
use super::ledger::{Entry, Kind, Outcome};
use super::order::{Done, Elements, OrderKey, Refusal, Verdict};

impl Bank {
    pub(super) fn verify(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        elements: &Elements,
    ) -> Verdict {
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

    pub(super) fn send_code(
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

    pub(super) fn open(
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

    pub(super) fn query_opening(&self, order: &OrderKey) -> Verdict {
        match self.opened_by(order) {
            Some(agreement) if agreement.closed_at.is_none() => Verdict::Done(Done::Opened {
                token: agreement.token.clone(),
                opened_at: agreement.opened_at,
            }),
            Some(_) => Verdict::Refused(Refusal::TokenInvalid),
            None => Verdict::Refused(Refusal::NotFound),
        }
    }

    pub(super) fn close(&mut self, now: Timestamp, order: &OrderKey, token: &str) -> Verdict {
        if self.results.get(&(order.clone(), Stage::Close)) == Some(&Outcome::Done) {
            return Verdict::Refused(Refusal::Duplicate);
        }
        let open = self.agreements.get(token).filter(|agreement| {
            agreement.closed_at.is_none() && agreement.order.merchant == order.merchant
        });
        let Some(agreement) = open else {
            return self.refuse_for(now, order, Stage::Close, "", Refusal::TokenInvalid);
        };
        let card = self.card_by_slug(&agreement.card);
        if let Some(refusal) = card.and_then(|card| card.refuses(Stage::Close)) {
            let slug = agreement.card.clone();
            return self.refuse_for(now, order, Stage::Close, &slug, refusal);
        }
        let mut entry =
            Entry::new(now, order, Kind::AgreementClosed, &agreement.card, Outcome::Done);
        entry.closes = Some(agreement.order.clone());
        self.record(entry);
        Verdict::Done(Done::Closed)
    }

    fn willing(&self, stage: Stage, elements: &Elements) -> Result<Card, Refusal> {
        let card = self.card(&elements.card).ok_or(Refusal::CardUnknown)?;
        match card.refuses(stage).or_else(|| card.mismatch(elements)) {
            Some(refusal) => Err(refusal),
            None => Ok(card),
        }
    }

    pub(super) fn refuse(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        stage: Stage,
        elements: &Elements,
        refusal: Refusal,
    ) -> Verdict {
        let slug = self.card(&elements.card).map_or_else(String::new, |card| card.slug);
        self.refuse_for(now, order, stage, &slug, refusal)
    }

    /// Writes a refusal down, under the short name of the card it is about.
    pub(super) fn refuse_for(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        stage: Stage,
        slug: &str,
        refusal: Refusal,
    ) -> Verdict {
        self.record(Entry::new(now, order, Kind::Refused { stage }, slug, refusal.into()));
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
}
