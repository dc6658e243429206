//! Repayments with the borrower there: the code is for one order and one amount, serves once, and
//! no money is asked for without it.

use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_engine::{NewPayment, PaymentView};
use mingka_sandbox::faults::Fault;

use super::*;

#[test]
fn money_is_asked_for_under_the_order_of_its_code() {
    calm_strict(async |day| {
        let asked = day.asked("p", "item-1").await.unwrap();
        assert_eq!((asked.state.as_str(), asked.code_confirmed), ("awaiting_code", Some(true)));
        assert!(day.moved(Kind::Collected).is_empty());
        let paid = day.coded("c", &asked, &day.code()).await.unwrap();
        assert_eq!(paid.state, "in_flight");
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        assert_eq!(day.moved(Kind::Collected).len(), 1);
        let again = day.coded("d", &asked, "111111").await.unwrap_err();
        assert!(matches!(again, EngineError::InvalidState { state: "settled", .. }), "{again:?}");
        let same = day.coded("c", &asked, "111111").await.unwrap();
        assert_eq!(same, paid, "same key, same answer");
    });
}

#[test]
fn a_wrong_code_takes_nothing() {
    calm_strict(async |day| {
        let asked = day.asked("p", "item-1").await.unwrap();
        let paid = day.coded("c", &asked, "123456").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "refused");
        assert_eq!(paid.diagnosis.unwrap().causes[0], known::CODE_WRONG);
        assert!(day.moved(Kind::Collected).is_empty());
        assert!(day.asked("q", "item-1").await.is_ok(), "the item is free again");
    });
}

#[test]
fn a_lost_answer_about_the_code_is_no_refusal() {
    calm_strict(async |day| {
        day.plan("send_payment_code", Fault::DropAfter);
        let asked = day.asked("p", "item-1").await.unwrap();
        assert_eq!((asked.state.as_str(), asked.code_confirmed), ("awaiting_code", Some(false)));
        let paid = day.coded("c", &asked, &day.code()).await.unwrap();
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        let (code, message) = ("14".to_owned(), String::new());
        day.plan("send_payment_code", Fault::Code { code, message });
        let refused = day.asked("q", "item-2").await.unwrap();
        assert_eq!(refused.state, "refused", "the bank says that there is no such card");
    });
}

#[test]
fn a_lost_answer_about_the_money_is_a_doubt() {
    calm_strict(async |day| {
        let asked = day.asked("p", "item-1").await.unwrap();
        let code = day.code();
        day.plan("collect", Fault::DropAfter);
        let paid = day.coded("c", &asked, &code).await.unwrap();
        assert_eq!(paid.state, "doubtful");
        let twice = day.coded("d", &asked, &code).await.unwrap_err();
        assert!(matches!(twice, EngineError::InvalidState { state: "doubtful", .. }), "{twice:?}");
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        assert_eq!(day.moved(Kind::Collected).len(), 1);
    });
}

#[test]
fn a_code_that_nobody_enters_ends_by_itself() {
    calm_strict(async |day| {
        let asked = day.asked("p", "item-1").await.unwrap();
        let code = day.code();
        let ended = day.at_its_end(asked.id).await;
        assert_eq!(ended.state, "refused");
        assert_eq!(ended.diagnosis.unwrap().causes, [known::CODE_EXPIRED]);
        let late = day.coded("c", &asked, &code).await.unwrap_err();
        assert!(matches!(late, EngineError::InvalidState { state: "refused", .. }), "{late:?}");
        assert!(day.moved(Kind::Collected).is_empty());
    });
}

#[test]
fn what_is_stopped_asks_for_no_code() {
    calm_strict(async |day| {
        turn(&day.engine, "operation:collect", true).await;
        assert_eq!(day.asked("p", "item-1").await.unwrap_err(), EngineError::NoChannel);
        turn(&day.engine, "operation:collect", false).await;
        let asked = day.asked("q", "item-1").await.unwrap();
        let code = day.code();
        turn(&day.engine, "operation:collect", true).await;
        assert_eq!(day.coded("c", &asked, &code).await.unwrap_err(), EngineError::NoChannel);
        turn(&day.engine, "operation:collect", false).await;
        let paid = day.coded("d", &asked, &code).await.unwrap();
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
    });
}

impl Day {
    async fn asked(&self, name: &str, reference: &str) -> Result<PaymentView, EngineError> {
        let bound = self.engine.instruments(self.platform, None, Cursor::first(1)).await?;
        let card = match bound.items.first() {
            Some(bound) => bound.id,
            None => self.card_bound(&self.good()).await,
        };
        let new = super::payments::new(PaymentKind::Repayment, card, reference);
        let amount = Fen::new(12_300).unwrap();
        let new = NewPayment { customer_present: true, amount, ..new };
        self.engine.pay(self.platform, key(name), new).await
    }

    async fn coded(
        &self,
        name: &str,
        asked: &PaymentView,
        code: &str,
    ) -> Result<PaymentView, EngineError> {
        let code = OneTimeCode::parse(code).unwrap();
        self.engine.confirm_payment(self.platform, key(name), asked.id, code).await
    }

    /// The newest code that the bank sent for a payment.
    fn code(&self) -> String {
        self.newest_code()
    }
}
