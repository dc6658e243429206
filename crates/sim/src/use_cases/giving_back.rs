//! Money that was taken goes back: in parts, as a whole, on a bad day; and the bank's books never
//! show more given back than was taken.

use mingka_domain::id::PaymentId;
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_engine::{GiveBackError, NewGiveBack, PaymentView};
use mingka_sandbox::bank::Refusal;
use mingka_sandbox::faults::Fault;

use super::payments::amount;
use super::*;

#[test]
fn a_repayment_is_refunded_in_parts_and_no_further() {
    calm(async |day| {
        let taken = day.taken().await;
        let part = day.back("r1", taken, PaymentKind::Refund, Some(40_000)).await.unwrap();
        assert_eq!((part.kind, part.original), (PaymentKind::Refund, Some(taken)));
        assert_eq!(day.at_its_end(part.id).await.state, "settled");
        let seen = day.seen(taken).await;
        assert_eq!((seen.state.as_str(), seen.refunded_amount), ("refunded", fen(40_000)));
        let too_much = day.back("r2", taken, PaymentKind::Refund, Some(70_000)).await.unwrap_err();
        let left = Fen::new(60_000).unwrap();
        assert_eq!(too_much, EngineError::GiveBack(GiveBackError::MoreThanIsLeft { left }));
        let rest = day.back("r3", taken, PaymentKind::Refund, None).await.unwrap();
        assert_eq!(rest.amount, left);
        day.at_its_end(rest.id).await;
        let seen = day.seen(taken).await;
        assert_eq!(seen.refunded_amount, Some(amount()));
        assert_eq!(seen.given_back_by, [part.id, rest.id]);
        let none = day.back("r4", taken, PaymentKind::Refund, None).await.unwrap_err();
        let left = Fen::ZERO;
        assert_eq!(none, EngineError::GiveBack(GiveBackError::MoreThanIsLeft { left }));
        assert_eq!(day.moved(Kind::Refunded), [40_000, 60_000]);
    });
}

#[test]
fn one_refund_at_a_time_whatever_the_key() {
    calm(async |day| {
        let taken = day.taken().await;
        day.plan("refund", Fault::DropAfter);
        let first = day.back("r1", taken, PaymentKind::Refund, None).await.unwrap();
        assert_eq!(first.state, "doubtful");
        let other = day.back("r2", taken, PaymentKind::Refund, None).await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: first.id });
        let undone = day.back("r3", taken, PaymentKind::Reversal, None).await.unwrap_err();
        assert_eq!(undone, EngineError::AlreadyPaying { payment: first.id });
        assert_eq!(day.at_its_end(first.id).await.state, "settled");
        assert_eq!(day.moved(Kind::Refunded), [amount().get()]);
    });
}

#[test]
fn a_refund_that_the_bank_refuses_leaves_the_repayment_as_it_was() {
    calm(async |day| {
        let taken = day.taken().await;
        let refusal = Refusal::CardUnknown;
        day.plan("refund", Fault::RefusedLater { refusal });
        let refund = day.back("r1", taken, PaymentKind::Refund, None).await.unwrap();
        assert_eq!(day.at_its_end(refund.id).await.state, "refused");
        let seen = day.seen(taken).await;
        assert_eq!((seen.state.as_str(), day.moved(Kind::Refunded).len()), ("settled", 0));
        // And can be tried again.
        let again = day.back("r2", taken, PaymentKind::Refund, None).await.unwrap();
        assert_eq!(day.at_its_end(again.id).await.state, "settled");
        assert_eq!(day.seen(taken).await.given_back_by, [refund.id, again.id]);
    });
}

#[test]
fn a_settled_repayment_is_undone_on_its_day_and_only_then() {
    calm(async |day| {
        let taken = day.taken().await;
        let undone = day.back("u1", taken, PaymentKind::Reversal, None).await.unwrap();
        assert_eq!(day.at_its_end(undone.id).await.state, "settled");
        assert_eq!(day.seen(taken).await.state, "reversed");
        assert_eq!(day.moved(Kind::Undone), [amount().get()]);
        let again = day.back("u2", taken, PaymentKind::Reversal, None).await.unwrap_err();
        let state = "reversed";
        assert_eq!(again, EngineError::GiveBack(GiveBackError::Nothing { state }));

        let other = day.taken_as("p2", "item-2").await;
        day.after_days(1).await;
        let late = day.back("u3", other, PaymentKind::Reversal, None).await.unwrap_err();
        assert_eq!(late, EngineError::GiveBack(GiveBackError::TooLate));
        let refund = day.back("r1", other, PaymentKind::Refund, None).await.unwrap();
        assert_eq!(day.at_its_end(refund.id).await.state, "settled");
    });
}

#[test]
fn a_repayment_of_which_nobody_knows_is_reversed() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("collect", Fault::DropAfter);
        let taken = day.pay("p", PaymentKind::Repayment, card, "item-1").await.unwrap();
        assert_eq!(taken.state, "doubtful");
        let refund = day.back("r1", taken.id, PaymentKind::Refund, None).await.unwrap_err();
        let state = "doubtful";
        assert_eq!(refund, EngineError::GiveBack(GiveBackError::Nothing { state }));
        let undone = day.back("u1", taken.id, PaymentKind::Reversal, None).await.unwrap();
        assert_eq!(day.at_its_end(undone.id).await.state, "settled");
        assert_eq!(day.seen(taken.id).await.state, "reversed");
        let net: i64 = day.moved(Kind::Collected).iter().sum::<i64>()
            - day.moved(Kind::Reversed).iter().sum::<i64>();
        assert_eq!(net, 0, "nothing of it stayed with us");
        // The item is free: it can be collected anew.
        assert!(day.pay("q", PaymentKind::Repayment, card, "item-1").await.is_ok());
    });
}

#[test]
fn what_never_reached_the_bank_is_not_called_reversed() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("collect", Fault::DropBefore);
        let taken = day.pay("p", PaymentKind::Repayment, card, "item-1").await.unwrap();
        let undone = day.back("u1", taken.id, PaymentKind::Reversal, None).await.unwrap();
        let undone = day.at_its_end(undone.id).await;
        assert_ne!(undone.state, "settled", "there was nothing to reverse");
        let seen = day.seen(taken.id).await.state;
        assert!(["doubtful", "review"].contains(&seen.as_str()), "{seen}");
        assert!(day.moved(Kind::Collected).is_empty());
    });
}

#[test]
fn only_repayments_are_given_back_and_only_ones_own() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        let out = day.back("r1", paid.id, PaymentKind::Refund, None).await.unwrap_err();
        let state = "settled";
        assert_eq!(out, EngineError::GiveBack(GiveBackError::Nothing { state }));
        let taken = day.pay("q", PaymentKind::Repayment, card, "item-1").await.unwrap();
        day.at_its_end(taken.id).await;
        let other = day.engine.create_platform("另一家平台").await.unwrap().id;
        let new = NewGiveBack { original: taken.id, kind: PaymentKind::Refund, amount: None };
        let stolen = day.engine.give_back(other, key("x"), new).await.unwrap_err();
        assert_eq!(stolen, EngineError::NotFound);
    });
}

fn fen(amount: i64) -> Option<Fen> {
    Fen::new(amount).ok()
}

impl Day {
    /// A repayment that settled.
    async fn taken(&self) -> PaymentId {
        self.taken_as("p", "item-1").await
    }

    async fn taken_as(&self, name: &str, reference: &str) -> PaymentId {
        let instruments = self.engine.instruments(self.platform, None, Cursor::first(1)).await;
        let card = match instruments.unwrap().items.first() {
            Some(bound) => bound.id,
            None => self.card_bound(&self.good()).await,
        };
        let paid = self.pay(name, PaymentKind::Repayment, card, reference).await.unwrap();
        let paid = self.at_its_end(paid.id).await;
        assert_eq!(paid.state, "settled");
        paid.id
    }

    async fn back(
        &self,
        name: &str,
        original: PaymentId,
        kind: PaymentKind,
        amount: Option<i64>,
    ) -> Result<PaymentView, EngineError> {
        let amount = amount.and_then(fen);
        let new = NewGiveBack { original, kind, amount };
        self.engine.give_back(self.platform, key(name), new).await
    }

    pub(super) async fn seen(&self, id: PaymentId) -> PaymentView {
        self.engine.payment(self.platform, id).await.unwrap()
    }
}
