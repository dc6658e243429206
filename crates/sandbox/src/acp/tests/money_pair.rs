//! Money between the gateway's codec and the bank: what one side writes the other understands, and
//! an inquiry after each order says what stands in the bank's books.

use mingka_channels::{CompanyAccount, OrderIdentity, Payee};
use mingka_domain::company::CompanyName;
use mingka_domain::money::Fen;
use mingka_domain::secret::OneTimeCode;
use mingka_domain::time::MINUTE_MS;

use super::pair::{Pair, declined};
use super::*;
use crate::asks::elements;

fn pending(reply: &Reply) -> bool {
    matches!(reply.outcome, Outcome::Pending(_))
}

fn yuan(yuan: i64) -> Fen {
    Fen::new(yuan * 100).unwrap()
}

impl Pair {
    /// Lets the bank's clock run, and reads what it sends by itself as the gateway does.
    fn pass(&mut self, ms: i64) -> Vec<Notice> {
        self.now = self.now.plus_ms(ms);
        let sent = self.bank.tick(self.now, &self.entropy);
        let order = self.order("anything");
        let read = sent.iter().map(|one| self.acp.notice(&one.request, &self.context(&order)));
        read.map(|read| read.unwrap().0).collect()
    }

    /// Asks how an order about money ended.
    fn state(&mut self, about: Operation, order: &OrderIdentity, amount: Fen) -> Reply {
        self.ask(&Request::QueryState { about, amount: Some(amount) }, order)
    }

    /// An order is accepted, executed, announced and found to have settled.
    fn settles(&mut self, request: &Request, order: &OrderIdentity) -> Reply {
        let (about, amount) = (request.operation(), request.amount().unwrap());
        let accepted = self.ask(request, order);
        assert!(pending(&accepted), "{about:?}: 00 is accepted only");
        let notices = self.pass(MINUTE_MS);
        assert_eq!(notices.len(), usize::from(self.is_notified()), "{about:?}");
        for notice in notices {
            assert!(notice.order.is_same(order), "{about:?}");
            assert_eq!((notice.operation, notice.booked.amount), (Some(about), Some(amount)));
        }
        let found = self.state(about, order, amount);
        assert_eq!(found.outcome, Outcome::Settled, "{about:?}");
        assert_eq!(found.query_id, accepted.query_id, "{about:?}");
        assert_eq!(found.booked.settle_amount, Some(amount), "{about:?}");
        found
    }

    fn is_notified(&self) -> bool {
        self.acp.account().urls.notify.is_some()
    }
}

/// A card is paid, bound, charged, paid back in part, undone, reversed.
pub(super) fn money_life(pair: &mut Pair) {
    let card = magic("ok-16");
    let pay = |payee, amount| Request::Disburse { payee, amount, bill_number: None };
    let payout = pair.order("payout01");
    pair.settles(&pay(Payee::Person(elements(&card)), yuan(500)), &payout);
    let again = pair.ask(&pay(Payee::Person(elements(&card)), yuan(500)), &payout);
    assert_ne!(again.outcome, Outcome::Settled);
    assert_eq!(pair.executed(Kind::Disbursed), 1);

    let company = crate::cards::company();
    let account = CompanyAccount {
        account_number: Secret::new(company.number.clone()),
        name: CompanyName::parse(&company.name).unwrap(),
        credit_code: None,
    };
    let order = pair.order("payout02");
    pair.settles(&pay(Payee::Company(account), yuan(500)), &order);

    let binding = pair.order("binding9");
    pair.ask(&send(&card), &binding);
    let opened = pair.ask(&open(&card, CODE_ALWAYS_RIGHT), &binding);
    let token = opened.token.unwrap().number;
    let taken = charge(pair, &token, "repay001");
    let refund = Request::Refund { original: taken, amount: yuan(100) };
    let order = pair.order("refund01");
    pair.settles(&refund, &order);
    let above = Request::Refund { original: charge(pair, &token, "repay002"), amount: yuan(301) };
    let order = pair.order("refund02");
    assert!(!pending(&pair.ask(&above, &order)));

    let undo = Request::Undo { original: charge(pair, &token, "repay003"), amount: yuan(300) };
    let order = pair.order("undoing1");
    pair.settles(&undo, &order);

    let order = pair.order("repay004");
    charge(pair, &token, "repay004");
    pair.ask(&Request::Reverse { amount: yuan(300) }, &order);
    let found = pair.state(Operation::Reverse, &order, yuan(300));
    assert_eq!(found.outcome, Outcome::Settled, "reversed");
    let found = pair.state(Operation::Collect, &order, yuan(300));
    assert_ne!(found.outcome, Outcome::Settled, "what was reversed is not collected");
    assert_eq!(pair.executed(Kind::Reversed), 1);
}

/// Takes 300 yuan with the code that was sent for it; gives the bank's number for it.
fn charge(pair: &mut Pair, token: &Secret, id: &str) -> String {
    let (order, amount) = (pair.order(id), yuan(300));
    let ask = Request::SendPaymentCode { token: token.clone(), amount };
    assert_eq!(pair.ask(&ask, &order).outcome, Outcome::Settled);
    let code = OneTimeCode::parse(&pair.code_for(&order)).unwrap();
    let collect = Request::Collect { token: token.clone(), amount, code: Some(code) };
    pair.settles(&collect, &order).query_id.unwrap()
}

#[test]
fn a_refusal_found_by_an_inquiry_is_read_as_one() {
    let mut pair = Pair::simulated();
    let order = pair.order("payout01");
    let payee = Payee::Person(elements(&magic("closed")));
    let pay = Request::Disburse { payee, amount: yuan(500), bill_number: None };
    assert!(pending(&pair.ask(&pay, &order)));
    let found = pair.state(Operation::Disburse, &order, yuan(500));
    assert_ne!(found.outcome, Outcome::Settled);
    assert_eq!(declined(&found), None, "in progress is no decline");
    pair.pass(MINUTE_MS);
    let found = pair.state(Operation::Disburse, &order, yuan(500));
    assert_eq!(declined(&found), Some("63"));
    let nowhere = pair.order("payout99");
    assert!(pair.state(Operation::Disburse, &nowhere, yuan(500)).not_found);
}
