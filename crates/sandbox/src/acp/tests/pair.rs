//! For the tests: a merchant with an account at a bank, nothing between them.

use std::sync::atomic::{AtomicU64, Ordering};

use mingka_channels::acp::{Acp, MerchantAccount};
use mingka_channels::{Context, Exchange as _, OrderIdentity, Profile, Reply, Request, Unreadable};
use mingka_domain::outcome::Outcome;

use crate::acp::*;
use crate::bank::{Kind, OrderKey};
use crate::cards;

/// A merchant with an account at a bank, and nothing between them.
pub(super) struct Pair {
    pub(super) bank: AcpBank,
    pub(super) acp: Acp,
    pub(super) entropy: Counting,
    pub(super) now: Timestamp,
}

/// Bytes that differ from call to call and not from run to run.
pub(super) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

impl Pair {
    pub(super) fn new(bank: AcpBank, account: MerchantAccount) -> Self {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let acp = Acp::new(Profile::unionpay_acp(), account);
        Self { bank, acp, entropy: Counting(AtomicU64::new(1)), now }
    }

    pub(super) fn simulated() -> Self {
        let secret = Secret::new("between two".to_owned());
        let bank = AcpBank::simulation(MERCHANT_NUMBER, &secret, cards::bank());
        Self::new(bank, MerchantAccount::simulation(MERCHANT_NUMBER, &secret))
    }

    pub(super) fn order(&self, id: &str) -> OrderIdentity {
        OrderIdentity { order_id: id.to_owned(), txn_time: self.now }
    }

    pub(super) fn key(&self, order: &OrderIdentity) -> OrderKey {
        OrderKey {
            merchant: MERCHANT_NUMBER.to_owned(),
            order_id: order.order_id.clone(),
            txn_time: order.txn_time.beijing_compact(),
        }
    }

    pub(super) fn write(&self, request: &Request, order: &OrderIdentity) -> HttpRequest {
        let context = self.context(order);
        self.acp.encode(request, &context).unwrap().0
    }

    pub(super) fn exchange(
        &mut self,
        request: &Request,
        order: &OrderIdentity,
    ) -> (Answer, Result<Reply, Unreadable>) {
        let context = self.context(order);
        let (http, sent) = self.acp.encode(request, &context).unwrap();
        let answer = self.bank.answer(self.now, &self.entropy, &http);
        let context = self.context(order);
        let reply = self.acp.decode(&sent, &answer.response, &context);
        (answer, reply)
    }

    pub(super) fn ask(&mut self, request: &Request, order: &OrderIdentity) -> Reply {
        self.exchange(request, order).1.unwrap()
    }

    pub(super) fn context<'a>(&'a self, order: &'a OrderIdentity) -> Context<'a> {
        Context { now: self.now, entropy: &self.entropy, order }
    }

    pub(super) fn code_for(&self, order: &OrderIdentity) -> String {
        self.bank.bank().code(&self.key(order)).unwrap().digits.clone()
    }

    pub(super) fn executed(&self, kind: Kind) -> usize {
        self.bank.bank().entries().iter().filter(|entry| entry.kind == kind).count()
    }
}

pub(super) fn declined(reply: &Reply) -> Option<&str> {
    match &reply.outcome {
        Outcome::Declined(answer) => Some(answer.code.as_str()),
        _ => None,
    }
}
