//! The bank's side of UnionPay ACP, sans-IO: a request in, an answer out. The gate holds the keys
//! and never changes; the bank and the plan of faults change and need no key.

mod answer;
mod codes;
mod gate;
mod material;
mod read;
mod say;

use std::sync::Arc;

use mingka_channels::http::HttpRequest;
use mingka_crypto::Entropy;
use mingka_crypto::entropy::random;
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

pub use self::answer::{Answer, Delivery, Manner, Notification};
pub use self::codes::response_code;
pub use self::gate::{Gate, GateError, Heard};
pub use self::material::{
    MERCHANT_NUMBER, Material, MerchantMaterial, SIGNER_NAME, TOKEN_REQUESTER, merchant_material,
};
use self::read::Question;
use crate::bank::{Ask, Bank, Draw, Verdict};
use crate::faults::{Fault, FaultPlan, Probe};

/// A bank that speaks ACP.
pub struct AcpBank {
    gate: Arc<Gate>,
    bank: Bank,
    faults: FaultPlan,
}

/// What the bank says to one request, before it is written and signed.
#[derive(Debug, Clone)]
pub struct Decided {
    said: Said,
    fault: Option<Fault>,
    now: Timestamp,
    draw: Draw,
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
        Self { gate: Arc::new(gate), bank, faults: FaultPlan::default() }
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
        let heard = self.gate.hear(request);
        let decided = self.decide(now, Draw(random::<16>(entropy)), &heard);
        self.gate.say(entropy, &heard, decided)
    }

    /// The middle of [`AcpBank::answer`]: what the bank does, without any key.
    pub fn decide(&mut self, now: Timestamp, draw: Draw, heard: &Heard) -> Decided {
        let decided = |said, fault| Decided { said, fault, now, draw };
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
        let arrives = fault != Some(Fault::SmsLost);
        let mut verdict = self.bank.ask(now, draw, ask, arrives);
        if fault == Some(Fault::DuplicateRequest) {
            verdict = self.bank.ask(now, draw, ask, arrives);
        }
        decided(Said::Verdict(verdict), fault)
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
        let number = elements.map(|elements| elements.card.as_str());
        let card = number.and_then(|number| self.bank.card(number));
        let probe = Probe {
            operation,
            card: number,
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

#[cfg(test)]
mod tests;
