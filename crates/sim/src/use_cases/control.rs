//! Two persons, and the limits they set: who may say what, what a decision changes and what it
//! holds, and that a limit makes a payment wait and never fail.

use mingka_domain::approval::{ApprovalError, ApprovalState, Limit, Proposal, Verdict};
use mingka_domain::id::PaymentId;
use mingka_domain::money::Fen;
use mingka_domain::payment::{PaymentKind, Proof, WaitReason};
use mingka_engine::{Person, Role};
use mingka_sandbox::faults::Fault;

use super::payments::amount;
use super::*;

#[test]
fn two_persons_end_a_review_and_two_statements_let_the_loan_go() {
    calm(async |day| {
        let sent = day.today();
        let (card, paid) = day.in_review().await;
        let (one, other) = (day.person("甲").await, day.person("乙").await);
        let proposal = day.proposed(&one, paid, false).await;
        let engine = &day.engine;
        let alone = engine.decide_approval(&one, proposal, Verdict::Approve).await.unwrap_err();
        assert_eq!(alone, EngineError::Approval(ApprovalError::SamePerson));
        assert_eq!(day.seen(paid).await.state, "review");
        let done = engine.decide_approval(&other, proposal, Verdict::Approve).await.unwrap();
        assert_eq!(done.state, ApprovalState::Approved);
        let seen = day.seen(paid).await;
        assert_eq!(seen.state, "refused");
        assert_eq!(seen.diagnosis.unwrap().causes[0].as_str(), "payment.decided_unmoved");
        let twice = engine.decide_approval(&other, proposal, Verdict::Approve).await.unwrap_err();
        assert_eq!(twice, EngineError::Approval(ApprovalError::Over));
        // Held: two persons may be wrong, two statements are not.
        let held = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(held, EngineError::AlreadyPaying { payment: paid });
        let decided = day.today();
        day.after_days(1).await;
        day.import(decided).await.unwrap();
        assert!(day.pay("r", PaymentKind::Disbursement, card, "loan-1").await.is_err());
        day.after_days(1).await;
        // The order's own two days are needed as well: its absence there is what is proven.
        let mut past = sent;
        while past <= decided.next() {
            day.import(past).await.unwrap();
            past = past.next();
        }
        assert!(day.pay("s", PaymentKind::Disbursement, card, "loan-1").await.is_ok());
    });
}

#[test]
fn what_two_persons_call_moved_is_settled_by_them() {
    calm(async |day| {
        let (card, paid) = day.in_review().await;
        let (one, other) = (day.person("甲").await, day.person("乙").await);
        let proposal = day.proposed(&one, paid, true).await;
        day.engine.decide_approval(&other, proposal, Verdict::Approve).await.unwrap();
        let seen = day.seen(paid).await;
        assert!(matches!(seen.proof, Some(Proof::Persons(id)) if id == proposal), "{seen:?}");
        let later = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(later, EngineError::AlreadyPaying { payment: paid });
    });
}

#[test]
fn who_may_not_say_it_says_nothing() {
    calm(async |day| {
        let (_, paid) = day.in_review().await;
        let (one, other) = (day.person("甲").await, day.person("乙").await);
        let looker = Person { roles: vec![Role::Look], ..other.clone() };
        let what = day.decision(paid, false).await;
        let engine = &day.engine;
        let refused = engine.propose(&looker, what.clone(), "证据").await.unwrap_err();
        assert_eq!(refused, EngineError::RoleMissing(Role::Operate));
        let bare = engine.propose(&one, what.clone(), " ").await.unwrap_err();
        assert!(matches!(bare, EngineError::EvidenceWanting { .. }), "{bare:?}");
        let proposal = engine.propose(&one, what.clone(), "证据").await.unwrap().id;
        let again = engine.propose(&other, what.clone(), "证据").await.unwrap_err();
        let open = EngineError::Approval(ApprovalError::AlreadyOpen);
        assert_eq!(again, open, "one proposal about one thing");
        let refused =
            engine.decide_approval(&looker, proposal, Verdict::Approve).await.unwrap_err();
        assert_eq!(refused, EngineError::RoleMissing(Role::Approve));
        let theirs = engine.decide_approval(&other, proposal, Verdict::Withdraw).await.unwrap_err();
        assert_eq!(theirs, EngineError::Approval(ApprovalError::NotTheirs));
        engine.decide_approval(&one, proposal, Verdict::Withdraw).await.unwrap();
        let second = engine.propose(&other, what.clone(), "证据").await.unwrap().id;
        tokio::time::sleep(Duration::from_secs(4 * 86_400)).await;
        let late = engine.decide_approval(&one, second, Verdict::Approve).await.unwrap_err();
        assert_eq!(late, EngineError::Approval(ApprovalError::Over));
        assert!(engine.propose(&one, what, "证据").await.is_ok(), "what is over can come again");
        assert_eq!(day.seen(paid).await.state, "review");
    });
}

#[test]
fn what_has_been_proven_meanwhile_is_not_decided() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::DropAfter);
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let (one, other) = (day.person("甲").await, day.person("乙").await);
        let proposal = day.proposed(&one, paid.id, false).await;
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        let late = day.engine.decide_approval(&other, proposal, Verdict::Approve).await;
        assert!(
            matches!(late, Err(EngineError::InvalidState { state: "settled", .. })),
            "{late:?}"
        );
        assert_eq!(day.engine.approval(proposal).await.unwrap().state, ApprovalState::Open);
        assert_eq!(day.seen(paid.id).await.state, "settled");
    });
}

#[test]
fn a_limit_makes_a_payment_wait_and_never_fail() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let most = amount();
        day.limit(|limit| (limit.payment, limit.day) = (Some(most), Some(most))).await;
        let mut big = super::payments::new(PaymentKind::Disbursement, card, "loan-0");
        big.amount = most.plus(Fen::new(1).unwrap()).unwrap();
        let over = day.engine.pay(day.platform, key("o"), big).await.unwrap_err();
        assert_eq!(over, EngineError::OverLimit);
        let first = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(first.state, "in_flight");
        let second = day.pay("q", PaymentKind::Disbursement, card, "loan-2").await.unwrap();
        assert_eq!((second.state.as_str(), second.waits_for), ("waiting", Some(WaitReason::Limit)));
        // The next day has a share of its own.
        assert_eq!(day.at_its_end(second.id).await.state, "settled");
        assert_eq!(day.moved(Kind::Disbursed).len(), 2);
    });
}

#[test]
fn what_moved_nothing_gives_its_share_back() {
    calm(async |day| {
        let closed = day.card_bound(&day.named("money-closed")).await;
        let good = day.card_bound(&day.good()).await;
        day.limit(|limit| limit.day = Some(amount())).await;
        let first = day.pay("p", PaymentKind::Disbursement, closed, "loan-1").await.unwrap();
        let waits = day.pay("q", PaymentKind::Disbursement, good, "loan-2").await.unwrap();
        assert_eq!(waits.waits_for, Some(WaitReason::Limit));
        assert_eq!(day.at_its_end(first.id).await.state, "refused");
        let before = day.today();
        assert_eq!(day.at_its_end(waits.id).await.state, "settled");
        assert_eq!(day.today(), before, "it did not have to wait for the next day");
    });
}

#[test]
fn a_cards_share_is_its_own() {
    calm(async |day| {
        let (one, other) =
            (day.card_bound(&day.good()).await, day.card_bound(&day.named("ok-icbc")).await);
        day.limit(|limit| limit.card_day = Some(amount())).await;
        assert_eq!(
            day.pay("p", PaymentKind::Disbursement, one, "loan-1").await.unwrap().state,
            "in_flight"
        );
        let waits = day.pay("q", PaymentKind::Disbursement, one, "loan-2").await.unwrap();
        assert_eq!(waits.waits_for, Some(WaitReason::Limit));
        let free = day.pay("r", PaymentKind::Disbursement, other, "loan-3").await.unwrap();
        assert_eq!(free.state, "in_flight");
    });
}

impl Day {
    pub(super) async fn person(&self, name: &str) -> Person {
        let issued = self.engine.create_principal(name, &Role::ALL).await.unwrap();
        self.engine.person(issued.key.expose()).await.unwrap()
    }

    /// A payment that people must look at, and its card.
    async fn in_review(&self) -> (mingka_domain::id::InstrumentId, PaymentId) {
        let card = self.card_bound(&self.good()).await;
        self.plan("disburse", Fault::DropBefore);
        let paid = self.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(self.at_its_end(paid.id).await.state, "review");
        (card, paid.id)
    }

    async fn decision(&self, payment: PaymentId, moved: bool) -> Proposal {
        let attempt = self.engine.open_attempt_of(payment).await.unwrap();
        Proposal::DecidePayment { payment, attempt, moved }
    }

    async fn proposed(
        &self,
        by: &Person,
        payment: PaymentId,
        moved: bool,
    ) -> mingka_domain::id::ApprovalId {
        let what = self.decision(payment, moved).await;
        self.engine.propose(by, what, "银行书面答复，档案 OPS-1").await.unwrap().id
    }

    /// Puts a limit on disbursements of the lender in force, by two persons.
    async fn limit(&self, set: impl FnOnce(&mut Limit)) {
        let mut limit = Limit {
            scope: format!("lender:{DEFAULT_LENDER}"),
            kind: PaymentKind::Disbursement,
            payment: None,
            card_day: None,
            day: None,
            month: None,
        };
        set(&mut limit);
        let (one, other) = (self.person("甲").await, self.person("乙").await);
        let what = Proposal::SetLimit(limit.clone());
        let proposal = self.engine.propose(&one, what, "风控会议纪要").await.unwrap().id;
        assert!(self.engine.limits().await.unwrap().is_empty(), "one person sets nothing");
        self.engine.decide_approval(&other, proposal, Verdict::Approve).await.unwrap();
        assert_eq!(self.engine.limits().await.unwrap()[0].limit, limit);
    }
}
