//! What a bank's statements prove, what they do not, and that importing them twice is importing
//! them once.

use mingka_domain::payment::{PaymentKind, Proof, ReviewReason};
use mingka_engine::{Clock as _, StatementError};
use mingka_sandbox::bank::{Refusal, SettlementDay};
use mingka_sandbox::faults::Fault;

use super::*;
use crate::world::MERCHANT;

const DAY_S: u64 = 86_400;

#[test]
fn absence_counts_with_two_complete_days_and_lets_the_loan_go() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::DropBefore);
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(paid.state, "doubtful");
        day.after_days(1).await;
        let report = day.import(first).await.unwrap();
        assert_eq!((report.lines, report.open.as_slice()), (0, [paid.id].as_slice()));
        assert_eq!(day.payment_state(paid.id).await, "doubtful", "tomorrow's may still show it");
        day.after_days(1).await;
        day.import(first.next()).await.unwrap();
        let ended = day.engine.payment(day.platform, paid.id).await.unwrap();
        assert_eq!(ended.state, "refused");
        assert_eq!(ended.diagnosis.unwrap().causes[0].as_str(), "channel.order_not_found");
        assert!(day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.is_ok());
    });
}

#[test]
fn an_incomplete_day_proves_what_it_shows_and_no_absence() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::DropBefore);
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        day.after_days(2).await;
        day.import(first).await.unwrap();
        day.plan("statement", Fault::StatementIncomplete { missing: 0 });
        let report = day.import(first.next()).await.unwrap();
        assert!(report.files.iter().all(|file| !file.complete));
        assert_ne!(day.payment_state(paid.id).await, "refused");
        day.import(first.next()).await.unwrap();
        assert_eq!(day.payment_state(paid.id).await, "refused");
    });
}

#[test]
fn declined_in_the_answer_and_settled_in_the_statement_goes_to_people_once() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::DeclinedThenSettled { refusal: Refusal::CardUnknown });
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        let paid = day.at_its_end(paid.id).await;
        assert_eq!(paid.state, "refused");
        day.after_days(1).await;
        let report = day.import(first).await.unwrap();
        assert_eq!(report.settled_after_refusal, [paid.id]);
        assert!(!report.is_explained());
        let looked = day.engine.payment(day.platform, paid.id).await.unwrap();
        assert_eq!(looked.review, Some(ReviewReason::SettledAfterRefusal));
        let again = day.import(first).await.unwrap();
        assert_eq!(again, report, "the same file again changes nothing");
        let after = day.engine.payment(day.platform, paid.id).await.unwrap();
        assert_eq!(after.version, looked.version);
        let other = day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.unwrap_err();
        assert_eq!(other, EngineError::AlreadyPaying { payment: paid.id });
    });
}

#[test]
fn a_line_settles_what_no_answer_did() {
    calm(async |day| {
        let (first, paid) = day.only_a_statement_tells().await;
        let report = day.import(first).await.unwrap();
        assert_eq!((report.lines, report.matched), (1, 1));
        assert!(report.is_explained());
        let settled = day.engine.payment(day.platform, paid).await.unwrap();
        assert!(matches!(settled.proof, Some(Proof::Statement(_))), "{settled:?}");
    });
}

#[test]
fn money_that_came_back_is_heard_from_the_statement() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        day.plan("disburse", Fault::Returned { ms: 3_600_000 });
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        day.after_days(2).await;
        day.import(first).await.unwrap();
        let back = day.engine.payment(day.platform, paid.id).await.unwrap();
        assert_eq!(back.state, "returned");
        assert_eq!(back.diagnosis.unwrap().causes[0].as_str(), "payment.returned");
        assert!(day.pay("q", PaymentKind::Disbursement, card, "loan-1").await.is_ok());
    });
}

#[test]
fn what_does_not_fit_is_named_and_what_is_not_ours_refused() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        let early = day.engine.import_statement(day.platform, &empty(MERCHANT, first)).await;
        let over = EngineError::Statement(StatementError::DayNotOver);
        assert_eq!(early.unwrap_err(), over);
        day.after_days(2).await;
        let foreign = day.engine.import_statement(day.platform, &empty("1234", first)).await;
        assert_eq!(foreign.unwrap_err(), EngineError::Statement(StatementError::NotOurs));
        let file = day.file(first).unwrap();
        let amount = amount_text(&file);
        let other = file.replace(&amount, "777");
        let report = day.engine.import_statement(day.platform, &other).await.unwrap();
        assert_eq!(report.amounts_differ[0].payment, Some(paid.id));
        assert_eq!(day.payment_state(paid.id).await, "settled");

        let stranger = day.engine.create_platform("另一家平台").await.unwrap().id;
        let same_day = first.to_string().parse().unwrap();
        let theirs = day.engine.statement_report(stranger, same_day).await;
        assert!(theirs.unwrap().files.is_empty(), "a platform sees its own statements only");
    });
}

#[test]
fn what_settled_and_stands_in_neither_day_is_missing() {
    calm(async |day| {
        let card = day.card_bound(&day.good()).await;
        let first = day.today();
        let paid = day.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        assert_eq!(day.at_its_end(paid.id).await.state, "settled");
        day.after_days(2).await;
        for settlement_day in [first, first.next()] {
            let file = empty(MERCHANT, settlement_day);
            day.engine.import_statement(day.platform, &file).await.unwrap();
        }
        let second = first.next().to_string().parse().unwrap();
        let report = day.engine.statement_report(day.platform, second).await.unwrap();
        assert_eq!(report.missing[0].payment, paid.id);
        assert_eq!(
            day.payment_state(paid.id).await,
            "settled",
            "the bank said so; people must look"
        );
    });
}

#[test]
fn an_import_goes_on_though_whoever_asked_went_away() {
    calm(async |day| {
        let (first, paid) = day.only_a_statement_tells().await;
        let file = day.file(first).unwrap();
        let asked = day.engine.import_statement(day.platform, &file);
        tokio::select! {
            biased;
            _ = asked => panic!("it was imported within one poll"),
            () = std::future::ready(()) => {}
        }
        assert_ne!(day.payment_state(paid).await, "settled");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let settled = day.engine.payment(day.platform, paid).await.unwrap();
        assert!(matches!(settled.proof, Some(Proof::Statement(_))), "{settled:?}");
        let units = day.house.world.store().stats().units;
        let report = day.import(first).await.unwrap();
        assert_eq!((report.matched, report.files.len()), (1, 1));
        assert_eq!(day.house.world.store().stats().units, units, "nothing was left to do");
    });
}

#[test]
fn two_imports_of_one_file_at_once_are_one() {
    calm(async |day| {
        let (first, paid) = day.only_a_statement_tells().await;
        let before = day.engine.payment(day.platform, paid).await.unwrap();
        let file = day.file(first).unwrap();
        let import = || day.engine.import_statement(day.platform, &file);
        let (one, other) = tokio::join!(import(), import());
        let one = one.unwrap();
        assert_eq!(one, other.unwrap());
        assert_eq!((one.lines, one.matched, one.files.len()), (1, 1, 1));
        let settled = day.engine.payment(day.platform, paid).await.unwrap();
        assert_eq!((settled.state.as_str(), settled.version), ("settled", before.version + 1));

        // Another file with the same lines: its own row, and that it was acted on.
        let units = day.house.world.store().stats().units;
        let longer = format!("{file}\n\n");
        let again = day.engine.import_statement(day.platform, &longer).await.unwrap();
        assert_eq!((again.lines, again.matched, again.files.len()), (1, 1, 2));
        assert_eq!(day.house.world.store().stats().units, units + 2);
    });
}

/// A statement without movements.
fn empty(merchant: &str, day: SettlementDay) -> String {
    format!(
        "#mingka-statement,version=1,channel=unionpay,merchant={merchant},day={day},count=0,\
         total_fen=0,complete=true\n{}\n",
        mingka_channels::statement::COLUMNS
    )
}

/// The total of a file of one line, as it is written.
fn amount_text(file: &str) -> String {
    let (_, rest) = file.split_once("total_fen=").unwrap();
    rest.split(',').next().unwrap().to_owned()
}

impl Day {
    pub(super) fn today(&self) -> SettlementDay {
        SettlementDay::of(self.house.world.now())
    }

    /// Turns the worker while days go by.
    pub(super) async fn after_days(&self, days: u64) {
        for _ in 0..days * 48 {
            tokio::time::sleep(Duration::from_secs(DAY_S / 48)).await;
            self.house.world.tick_bank();
            self.engine.work_once().await;
        }
    }

    /// A payment of which only the statement of its day tells that it moved; the day is over.
    async fn only_a_statement_tells(&self) -> (SettlementDay, mingka_domain::id::PaymentId) {
        let card = self.card_bound(&self.good()).await;
        self.plan("disburse", Fault::UntilStatement);
        let first = self.today();
        let paid = self.pay("p", PaymentKind::Disbursement, card, "loan-1").await.unwrap();
        // Nobody asks meanwhile.
        tokio::time::sleep(Duration::from_secs(DAY_S)).await;
        self.house.world.tick_bank();
        (first, paid.id)
    }

    fn file(&self, day: SettlementDay) -> Option<String> {
        let world = &self.house.world;
        world.bank().statement(world.true_now(), MERCHANT, day)
    }

    pub(super) async fn import(
        &self,
        day: SettlementDay,
    ) -> Result<mingka_engine::StatementReport, EngineError> {
        let file = self.file(day).unwrap();
        self.engine.import_statement(self.platform, &file).await
    }

    pub(super) async fn payment_state(&self, id: mingka_domain::id::PaymentId) -> String {
        self.engine.payment(self.platform, id).await.unwrap().state
    }
}
