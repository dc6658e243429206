//! A backup put back that knows a payment by its first attempt, while the one that moved its money
//! is lost with the disk.

use mingka_domain::approval::{Proposal, Verdict};
use mingka_domain::id::{InstrumentId, PaymentId};
use mingka_domain::payment::PaymentKind;
use mingka_sandbox::bank::{Refusal, SettlementDay};
use mingka_sandbox::faults::Fault;
use mingka_store::Faults;

use super::*;
use crate::money::restore;

const DAY_S: u64 = 86_400;

#[test]
fn a_lost_attempt_that_moved_is_found_and_its_loan_stays_taken() {
    calm(async |day| {
        let (day, first, paid, card) = &day.put_back_between_two_attempts().await;
        // The first attempt was declined, and the time of the payment is over: still nothing about
        // it is called over, and its loan is not paid under another key.
        day.after_days(1).await;
        assert_eq!(day.payment_state(*paid).await, "doubtful");
        let other = day.pay("q", PaymentKind::Disbursement, *card, "loan-1").await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: *paid });
        day.import(*first).await.unwrap();
        day.import(first.next()).await.unwrap();
        day.after_days(1).await;
        day.is_paid_once(*paid).await;
        let other = day.pay("r", PaymentKind::Disbursement, *card, "loan-1").await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: *paid });
    });
}

#[test]
fn a_lost_attempt_that_moved_is_not_followed_by_another_whoever_lets_the_house_go_on() {
    calm(async |day| {
        let (day, first, paid, _) = &day.put_back_between_two_attempts().await;
        day.import(*first).await.unwrap();
        let found_at = day.engine.restores().await.unwrap()[0].found_at;
        let (one, other) = (day.person("甲").await, day.person("乙").await);
        let release = Proposal::ReleaseRestore { found_at };
        let release = day.engine.propose(&one, release, "银行对账单已核对").await.unwrap().id;
        day.engine.decide_approval(&other, release, Verdict::Approve).await.unwrap();
        day.after_days(1).await;
        day.is_paid_once(*paid).await;
    });
}

impl Day {
    /// The bank refuses a disbursement for want of the merchant's money; after the copy was made it
    /// is tried again and settles. Then the copy is put back, and a day goes by.
    async fn put_back_between_two_attempts(&self) -> (Day, SettlementDay, PaymentId, InstrumentId) {
        let card = self.card_bound(&self.good()).await;
        let first = self.today();
        self.plan("disburse", Fault::RefusedLater { refusal: Refusal::MerchantBalance });
        let paid = self.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(paid.state, "in_flight");
        let world = &self.house.world;
        let copy = world.store().copied_in_memory(Faults::none()).unwrap();
        assert_eq!(self.at_its_end(paid.id).await.state, "settled");
        let (mark, _) = world.store().newest_attempt().await.unwrap().unwrap();
        restore::put_back(&self.house, mark, copy).await;
        self.house.be_born().await;
        let engine = self.house.engine().unwrap();
        let again = Day { engine, platform: self.platform, house: Arc::clone(&self.house) };
        assert_eq!(again.payment_state(paid.id).await, "in_flight", "as the copy knows it");
        // Nobody asks meanwhile.
        tokio::time::sleep(Duration::from_secs(DAY_S)).await;
        world.tick_bank();
        (again, first, paid.id, card)
    }

    /// The bank has paid once, and says so of the attempt that a statement has brought back.
    async fn is_paid_once(&self, id: PaymentId) {
        assert_eq!(self.payment_state(id).await, "settled");
        assert_eq!(self.moved(Kind::Disbursed).len(), 1);
    }
}
