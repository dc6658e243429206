//! Money on a calm day and on a bad one: what moves, what does not, what is not known, and that the
//! bank's books never show more than one execution.

use mingka_domain::id::{InstrumentId, PaymentId};
use mingka_domain::money::Fen;
use mingka_domain::payment::{PaymentKind, Proof, ReviewReason, WaitReason};
use mingka_engine::{Clock as _, DEFAULT_LENDER, NewPayment, PaymentView};
use mingka_sandbox::faults::{Fault, Rule};

use super::*;

#[test]
fn a_disbursement_is_accepted_and_proven_by_an_inquiry() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(paid.state, "in_flight", "a first answer proves nothing about money");
        let paid = day.at_its_end(paid.id).await;
        assert_eq!((paid.state.as_str(), paid.proof), ("settled", Some(Proof::Inquiry)));
        assert_eq!(paid.settled_amount, Some(amount()));
        assert_eq!(day.moved(Kind::Disbursed), [amount().get()]);
        let names: Vec<&str> = paid.timeline.iter().map(|entry| entry.event.as_str()).collect();
        assert_eq!(names, ["opened", "sent", "pending", "settled"]);
    });
}

#[test]
fn a_repayment_is_collected_under_its_agreement() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let paid = day.pay("p", PaymentKind::Repayment, card, "item-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "settled");
        assert_eq!(day.moved(Kind::Collected), [amount().get()]);
        // An item may be paid in parts, one after the other.
        assert!(day.pay("q", PaymentKind::Repayment, card, "item-1").await.is_ok());
    });
}

#[test]
fn one_loan_is_paid_out_once_whatever_the_key() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let first = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let again = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(again, first, "same key, same body, same answer");
        let other = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: first.id });
        day.at_its_end(first.id).await;
        let later = day.pay("r", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(later, EngineError::AlreadyPaying { payment: first.id });
        assert_eq!(day.moved(Kind::Disbursed).len(), 1);
    });
}

#[test]
fn a_lost_answer_is_a_doubt_and_never_sent_again() {
    for fault in
        [Fault::DropAfter, Fault::HalfAnswer, Fault::WrongSignature, Fault::BadGatewayAfter]
    {
        calm(async |day| {
            let card = day.card_bound(&day.good()).await;
            day.plan("disburse", fault.clone());
            let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
            assert_eq!(paid.state, "doubtful", "{fault:?}");
            let paid = day.at_its_end(paid.id).await;
            assert_eq!(paid.state, "settled", "{fault:?}");
            assert_eq!(day.moved(Kind::Disbursed).len(), 1, "{fault:?}");
        });
    }
}

#[test]
fn not_found_about_money_proves_nothing() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::DropBefore);
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(paid.state, "doubtful");
        let looked = day.at_its_end(paid.id).await;
        assert_eq!(
            (looked.state.as_str(), looked.review),
            ("review", Some(ReviewReason::Unproven))
        );
        let other = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: paid.id });
        assert!(day.moved(Kind::Disbursed).is_empty());
    });
}

#[test]
fn a_final_decline_lets_the_loan_go() {
    calm(async |day| {
        let card = day.card_bound(&day.named("money-closed")).await;
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "refused");
        assert!(paid.diagnosis.is_some());
        assert!(day.moved(Kind::Disbursed).is_empty());
        assert!(day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.is_ok());
    });
}

#[test]
fn what_a_switch_stops_waits_and_can_be_cancelled() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.stop(true).await;
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!((paid.state.as_str(), paid.waits_for), ("waiting", Some(WaitReason::Stopped)));
        let ended = day.engine.cancel_payment(day.platform, key("c"), paid.id).await.unwrap();
        assert_eq!(ended.state, "cancelled");
        let other = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        day.stop(false).await;
        assert_eq!(day.at_its_end(other.id).await.state, "settled");
        let late = day.engine.cancel_payment(day.platform, key("d"), other.id).await.unwrap_err();
        assert!(matches!(late, EngineError::InvalidState { state: "settled", .. }), "{late:?}");
        assert_eq!(day.moved(Kind::Disbursed).len(), 1);
    });
}

#[test]
fn a_long_wait_is_told_once_and_lapses() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.stop(true).await;
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "refused");
        assert_eq!(paid.diagnosis.unwrap().causes, [known::PAYMENT_EXPIRED]);
        assert_eq!(paid.version, 3, "opened, deferred, lapsed: looking is no event");
        assert!(day.moved(Kind::Disbursed).is_empty());
    });
}

#[test]
fn what_never_left_is_tried_again_and_moves_once() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::Code { code: "39".to_owned(), message: String::new() });
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert!(["settled", "review"].contains(&paid.state.as_str()), "{paid:?}");
        assert!(day.moved(Kind::Disbursed).len() <= 1);
    });
}

#[test]
fn another_platforms_payment_is_not_there() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let mine = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let other = day.engine.create_platform("另一家平台").await.unwrap().id;
        let engine = &day.engine;
        assert_eq!(engine.payment(other, mine.id).await.unwrap_err(), EngineError::NotFound);
        let stolen = engine.cancel_payment(other, key("x"), mine.id).await.unwrap_err();
        assert_eq!(stolen, EngineError::NotFound);
        let cursor = Cursor::first(10);
        assert!(engine.payments(other, None, cursor).await.unwrap().items.is_empty());
        let foreign = engine.pay(other, key("y"), new(PaymentKind::Disbursement, card, "l")).await;
        assert_eq!(foreign.unwrap_err(), EngineError::NotFound);
    });
}

#[test]
fn causes_of_money_are_said() {
    calm(async |day| {
        let card = day.card_bound(&day.named("money-no-funds")).await;
        let paid = day.pay("p", PaymentKind::Repayment, card, "item-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "refused");
        assert_eq!(paid.diagnosis.unwrap().causes[0].as_str(), "balance.insufficient");
    });
}

pub(super) fn amount() -> Fen {
    Fen::new(100_000).unwrap()
}

pub(super) fn new(kind: PaymentKind, instrument: InstrumentId, reference: &str) -> NewPayment {
    NewPayment {
        kind,
        original: None,
        customer_present: false,
        lender: DEFAULT_LENDER.to_owned(),
        instrument,
        reference: reference.to_owned(),
        purpose: "principal".to_owned(),
        amount: amount(),
        valid_until: None,
    }
}

impl Day {
    pub(super) fn named(&self, slug: &str) -> MagicCard {
        cards::catalogue().into_iter().find(|card| card.slug == slug).unwrap()
    }

    pub(super) async fn card_bound(&self, card: &MagicCard) -> InstrumentId {
        let (begin, end) = (format!("bind-{}", card.slug), format!("confirm-{}", card.slug));
        let bound = self.bind(&begin, card).await.unwrap();
        let active = self.confirm(&end, bound.id, &self.newest_code()).await.unwrap();
        active.instrument.unwrap()
    }

    pub(super) async fn pay(
        &self,
        name: &str,
        kind: PaymentKind,
        instrument: InstrumentId,
        reference: &str,
    ) -> Result<PaymentView, EngineError> {
        self.engine.pay(self.platform, key(name), new(kind, instrument, reference)).await
    }

    pub(super) fn plan(&self, operation: &str, fault: Fault) {
        let mut bank = self.house.world.bank();
        bank.faults_mut().add(Rule::next(1, fault).on(operation));
    }

    async fn stop(&self, stop: bool) {
        turn_stop(&self.engine, stop).await;
    }

    /// Turns the worker until the payment has ended, or people must look at it.
    pub(super) async fn at_its_end(&self, id: PaymentId) -> PaymentView {
        for _ in 0..3_000 {
            let seen = self.engine.payment(self.platform, id).await.unwrap();
            if seen.next_look_at.is_none() || seen.review.is_some() {
                return seen;
            }
            let next = self.house.world.store().next_step_at().await.unwrap().unwrap();
            let wait_ms = next.since_ms(self.house.world.now()).max(0) + 1;
            tokio::time::sleep(Duration::from_millis(wait_ms.unsigned_abs())).await;
            self.engine.work_once().await;
        }
        panic!("the payment never comes to an end");
    }

    /// The amounts the bank's books show as moved, in fen.
    pub(super) fn moved(&self, kind: Kind) -> Vec<i64> {
        let bank = self.house.world.bank();
        let moved = bank.bank().entries().iter().filter(|entry| entry.kind == kind);
        moved.filter_map(|entry| entry.money.as_ref()).map(|money| money.amount_fen).collect()
    }
}
