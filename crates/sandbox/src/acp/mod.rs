//! The bank's side of UnionPay ACP, sans-IO: a request in, an answer out. The gate holds the keys
//! and never changes; the bank and the plan of faults change and need no key.

mod announce;
mod answer;
mod codes;
mod gate;
mod material;
mod read;
mod rotation;
mod say;

use std::sync::Arc;

use mingka_channels::http::HttpRequest;
use mingka_crypto::Entropy;
use mingka_crypto::entropy::random;
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

pub use self::announce::Announced;
pub use self::answer::{Answer, Delivery, Manner, Notification};
pub use self::codes::response_code;
pub use self::gate::{Gate, GateError, Heard};
pub use self::material::{
    MERCHANT_NUMBER, Material, MerchantMaterial, SIGNER_NAME, TOKEN_REQUESTER, merchant_material,
};
use self::read::Question;
pub use self::rotation::Rotated;
use crate::bank::{
    Ask, Bank, Card, Circumstances, Draw, Movement, Notice, OrderKey, SettlementDay, Verdict, What,
};
use crate::faults::{Fault, FaultPlan, Probe, STATEMENT};
use crate::statement;

/// A bank that speaks ACP.
pub struct AcpBank {
    gate: Arc<Gate>,
    bank: Bank,
    faults: FaultPlan,
    announced: Vec<Announced>,
}

/// What the bank says to one request, before it is written and signed.
#[derive(Debug, Clone)]
pub struct Decided {
    said: Said,
    fault: Option<Fault>,
    now: Timestamp,
    draw: Draw,
    /// What is announced before the answer leaves.
    before: Vec<Announced>,
}

#[derive(Debug, Clone)]
enum Said {
    /// The request cannot be taken.
    TurnedAway(read::Turned),
    /// The bank was asked.
    Verdict(Verdict),
    /// The gateway answers by itself.
    Gateway { code: String, message: String },
    /// The encryption certificate.
    Certificate,
    /// Nothing: it never came through.
    Nothing,
}

impl AcpBank {
    /// A bank behind a gate.
    #[must_use]
    pub fn new(gate: Gate, bank: Bank) -> Self {
        let (gate, faults) = (Arc::new(gate), FaultPlan::default());
        Self { gate, bank, faults, announced: Vec::new() }
    }

    /// A bank for the simulator: cheap signatures, no RSA anywhere, one merchant.
    #[must_use]
    pub fn simulation(merchant_number: &str, secret: &Secret, bank: Bank) -> Self {
        Self::new(Gate::simulation(merchant_number, secret), bank)
    }

    /// Answers one request. Whatever was executed stands in the books when this returns, whether
    /// or not the answer will arrive.
    pub fn answer(
        &mut self,
        now: Timestamp,
        entropy: &dyn Entropy,
        request: &HttpRequest,
    ) -> Answer {
        let heard = self.gate.hear(now, request);
        let decided = self.decide(now, Draw(random::<16>(entropy)), &heard);
        self.gate.say(entropy, &heard, decided)
    }

    /// The middle of [`AcpBank::answer`]: what the bank does, without any key.
    pub fn decide(&mut self, now: Timestamp, draw: Draw, heard: &Heard) -> Decided {
        let decided = |said, fault| Decided { said, fault, now, draw, before: Vec::new() };
        let question = match &heard.question {
            Ok(question) => question,
            Err(turned) => return decided(Said::TurnedAway(*turned), None),
        };
        let Question::Ask(ask) = question else {
            let probe =
                Probe { operation: question.operation(), card: None, slug: None, phone: None };
            let fault = self.faults.decide(now, probe);
            let said = self.without_bank(fault.as_ref()).unwrap_or(Said::Certificate);
            return decided(said, fault);
        };
        let fault = self.fault_of(now, question.operation(), ask);
        if let Some(said) = self.without_bank(fault.as_ref()) {
            return decided(said, fault);
        }
        let circumstances = Circumstances {
            sms_arrives: fault != Some(Fault::SmsLost),
            habit: fault.as_ref().and_then(Fault::habit),
            envelope: announce::envelope(heard),
        };
        let mut verdict = self.bank.ask(now, draw, ask, &circumstances);
        if fault == Some(Fault::DuplicateRequest) {
            verdict = self.bank.ask(now, draw, ask, &circumstances);
        }
        self.note_announcements();
        let before = self.announced.extract_if(.., |one| one.notice == Notice::BeforeAnswer);
        let before = before.collect();
        Decided { before, ..decided(Said::Verdict(verdict), fault) }
    }

    /// Lets the bank's clock run to this moment, and says what is to be announced. Nothing needs a
    /// key here: [`Gate::announce`] writes and signs.
    pub fn due(&mut self, now: Timestamp) -> Vec<Announced> {
        self.bank.tick(now);
        self.note_announcements();
        std::mem::take(&mut self.announced)
    }

    /// [`AcpBank::due`], written and signed.
    pub fn tick(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Vec<Notification> {
        let due = self.due(now);
        due.iter().flat_map(|announced| self.gate.announce(entropy, announced)).collect()
    }

    /// The statement of a settlement day, as the file Mingka documents; nothing while it is not
    /// there. Faults may hold it back or take lines away.
    pub fn statement(
        &mut self,
        now: Timestamp,
        merchant: &str,
        day: SettlementDay,
    ) -> Option<String> {
        self.bank.tick(now);
        let statement = self.bank.statement(now, merchant, day)?;
        let probe = Probe { operation: STATEMENT, card: None, slug: None, phone: None };
        match self.faults.decide(now, probe) {
            Some(Fault::StatementLate) => None,
            Some(Fault::StatementIncomplete { missing }) => {
                Some(statement::incomplete(&statement, missing))
            }
            Some(Fault::StatementCut { missing }) => Some(statement::cut(&statement, missing)),
            _ => Some(statement::complete(&statement)),
        }
    }

    fn note_announcements(&mut self) {
        for announcement in self.bank.take_announcements() {
            let slug = &announcement.report.payment.card;
            let card = self.bank.card_by_slug(slug).map(|card| card.number);
            self.announced.push(Announced::new(announcement, card));
        }
    }

    /// The gate, to hear and say outside of a lock.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The bank.
    #[must_use]
    pub const fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The bank, to replay its books.
    pub const fn bank_mut(&mut self) -> &mut Bank {
        &mut self.bank
    }

    /// The planned faults.
    #[must_use]
    pub const fn faults(&self) -> &FaultPlan {
        &self.faults
    }

    /// The planned faults, to plan more.
    pub const fn faults_mut(&mut self) -> &mut FaultPlan {
        &mut self.faults
    }

    /// What happens where a fault keeps the request from the bank.
    fn without_bank(&self, fault: Option<&Fault>) -> Option<Said> {
        match fault? {
            Fault::DropBefore | Fault::Closed | Fault::BadGateway => Some(Said::Nothing),
            Fault::Code { code, message } => {
                Some(Said::Gateway { code: code.clone(), message: message.clone() })
            }
            _ => None,
        }
    }

    /// The plan first, then what always goes wrong with this card.
    fn fault_of(&mut self, now: Timestamp, operation: &str, ask: &Ask) -> Option<Fault> {
        let elements = ask.elements();
        let card = self.card_of(ask);
        let number = elements.map(|elements| elements.card.as_str());
        let probe = Probe {
            operation,
            card: number.or(card.as_ref().map(|card| card.number.as_str())),
            slug: card.as_ref().map(|card| card.slug.as_str()),
            phone: elements.and_then(|elements| elements.phone.as_deref()),
        };
        let trouble = card.as_ref().and_then(|card| card.trouble.as_ref());
        self.faults.decide(now, probe).or_else(|| {
            let trouble = trouble?;
            let meant = trouble.on.as_deref().is_none_or(|on| on == operation);
            meant.then(|| trouble.fault.clone())
        })
    }
}

impl AcpBank {
    /// The card a question is about, by its number, its token or the order it names.
    fn card_of(&self, ask: &Ask) -> Option<Card> {
        let by_token = |token: &str| {
            let known = self.bank.agreement(token)?;
            self.bank.card_by_slug(&known.card)
        };
        let by_order = |order: &OrderKey| {
            let payment = self.bank.payment(order)?;
            self.bank.card_by_slug(&payment.card)
        };
        match ask {
            Ask::SendPaymentCode { token, .. } => by_token(token),
            Ask::Move(Movement { what: What::Collect { token, .. }, .. }) => by_token(token),
            Ask::Move(Movement {
                what: What::Refund { original } | What::Undo { original },
                ..
            })
            | Ask::Reverse { original, .. } => by_order(self.bank.order_of(original)?),
            Ask::QueryState { order } => by_order(order),
            _ => ask.elements().and_then(|elements| self.bank.card(&elements.card)),
        }
    }
}

#[cfg(test)]
mod tests;
