//! Money goes out and comes in: each order once, from the right purse, within the limits, on the
//! right settlement day; and what the bank says of it.

use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use proptest::prelude::*;

use super::*;
use crate::bank::payment::Due;

pub(super) const YUAN: i64 = 100;

impl Desk {
    pub(super) fn ask_with(&mut self, ask: &Ask, habit: Habit) -> Verdict {
        self.draws = self.draws.wrapping_add(1);
        self.now = self.now.plus_ms(SECOND_MS);
        let circumstances = Circumstances { habit: Some(habit), ..Circumstances::default() };
        self.bank.ask(self.now, Draw([self.draws; 16]), ask, &circumstances)
    }

    /// Binds the card under an order of its own and gives the token.
    pub(super) fn bind(&mut self, card: &MagicCard) -> String {
        let id = format!("bind{:04}", self.bank.agreements().count());
        self.send(&id, card);
        match self.open(&id, card, CODE_ALWAYS_RIGHT) {
            Verdict::Done(Done::Opened { token, .. }) => token,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn disburse(&mut self, id: &str, card: &MagicCard, amount_fen: i64) -> Verdict {
        self.ask(&disbursement(id, card, amount_fen))
    }

    pub(super) fn collect(&mut self, id: &str, token: &str, amount_fen: i64) -> Verdict {
        self.send_payment_code(id, token, amount_fen);
        self.ask(&collection(id, token, amount_fen, Some(CODE_ALWAYS_RIGHT)))
    }

    pub(super) fn send_payment_code(&mut self, id: &str, token: &str, amount_fen: i64) -> Verdict {
        let token = token.to_owned();
        self.ask(&Ask::SendPaymentCode { order: order(id), token, amount_fen })
    }

    /// A collection that has settled.
    pub(super) fn collected(&mut self, id: &str, token: &str, amount_fen: i64) {
        assert!(accepted(&self.collect(id, token, amount_fen)), "{id}");
        self.pass(5 * SECOND_MS);
        assert_eq!(self.says(id), "settled");
    }

    pub(super) fn pass(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.bank.tick(self.now);
    }

    /// Sets the clock to this time of today in Beijing.
    pub(super) fn at(&mut self, time: &str) {
        let today = self.now.beijing_compact();
        let at =
            Timestamp::from_beijing_compact(&format!("{}{time}", today.get(..8).unwrap())).unwrap();
        assert!(self.now < at);
        self.now = at.plus_ms(-SECOND_MS); // the next question comes a second later
        self.bank.tick(self.now);
    }

    /// What an inquiry is told.
    pub(super) fn says(&mut self, id: &str) -> String {
        match self.ask(&Ask::QueryState { order: order(id) }) {
            Verdict::Done(Done::Payment(report)) => match report.says {
                Says::InProgress => "in progress".to_owned(),
                Says::Settled(_) => "settled".to_owned(),
                Says::Refused(refusal) => word(refusal),
            },
            Verdict::Done(Done::State { outcome: Outcome::Refused(refusal), .. }) => word(refusal),
            Verdict::Done(other) => format!("{other:?}"),
            Verdict::Refused(refusal) => format!("query: {}", word(refusal)),
        }
    }

    pub(super) fn moved(&self, id: &str) -> Vec<(Kind, i64)> {
        let own = self.bank.entries().iter().filter(|entry| entry.order == order(id));
        own.filter(|entry| entry.kind.is_movement())
            .map(|entry| (entry.kind, entry.money.as_ref().unwrap().amount_fen))
            .collect()
    }

    pub(super) fn day_of(&self, id: &str) -> String {
        let entries = self.bank.entries().iter();
        let entry =
            entries.rev().find(|entry| entry.order == order(id) && entry.kind.is_movement());
        entry.unwrap().money.as_ref().unwrap().day.unwrap().to_string()
    }

    pub(super) fn balance(&self, card: &MagicCard) -> i64 {
        let terms = self.bank.card(&card.number).unwrap().terms;
        self.bank.account(&card.slug).balance_fen(&terms)
    }

    pub(super) fn purse(&self) -> Purse {
        self.bank.purse_of(MERCHANT)
    }
}

pub(super) const MERCHANT: &str = "777290058146592";

pub(super) fn disbursement(id: &str, card: &MagicCard, amount_fen: i64) -> Ask {
    let elements = Elements { phone: None, ..all_of(card) };
    Ask::Move(Movement { order: order(id), amount_fen, what: What::Disburse { elements } })
}

pub(super) fn collection(id: &str, token: &str, amount_fen: i64, code: Option<&str>) -> Ask {
    let what = What::Collect { token: token.to_owned(), code: code.map(str::to_owned) };
    Ask::Move(Movement { order: order(id), amount_fen, what })
}

pub(super) fn accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Done(Done::Accepted { .. }))
}

fn word(refusal: Refusal) -> String {
    serde_json::to_string(&refusal).unwrap().replace('"', "")
}

#[test]
fn a_disbursement_is_accepted_first_and_executed_later_from_the_merchants_balance() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let (before, held) = (desk.balance(&card), desk.purse().balance_fen);
    assert!(accepted(&desk.disburse("payout01", &card, 500 * YUAN)));
    assert_eq!(desk.moved("payout01"), [], "00 means accepted only");
    assert_eq!(desk.purse().available_fen(), held - 500 * YUAN);
    assert_eq!(desk.purse().balance_fen, held);
    desk.pass(5 * SECOND_MS);
    assert_eq!(desk.moved("payout01"), [(Kind::Disbursed, 500 * YUAN)]);
    assert_eq!(desk.says("payout01"), "settled");
    assert_eq!(desk.balance(&card), before + 500 * YUAN);
    let purse = desk.purse();
    assert_eq!((purse.balance_fen, purse.reserved_fen), (held - 500 * YUAN, 0));
}

#[test]
fn an_order_is_taken_once_for_ever_whatever_it_asks_the_second_time() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let token = desk.bind(&card);
    desk.disburse("payout01", &card, 500 * YUAN);
    for later_ms in [0, MINUTE_MS, DAY_MS] {
        desk.pass(later_ms);
        let again = desk.disburse("payout01", &card, 500 * YUAN);
        assert_eq!(again, refused(Refusal::Duplicate));
        assert_eq!(desk.disburse("payout01", &card, 1), refused(Refusal::Duplicate));
        let other = desk.ask(&collection("payout01", &token, 500 * YUAN, None));
        assert_eq!(other, refused(Refusal::Duplicate));
    }
    assert_eq!(desk.moved("payout01"), [(Kind::Disbursed, 500 * YUAN)]);
    // Refused for good is used up, too.
    let gone = magic("number-unknown");
    assert_eq!(desk.disburse("payout02", &gone, YUAN), refused(Refusal::CardUnknown));
    assert_eq!(desk.disburse("payout02", &card, YUAN), refused(Refusal::Duplicate));
}

#[test]
fn a_merchant_without_money_is_refused_and_what_is_promised_counts() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.bank.set_balance(desk.now, MERCHANT, 1_000 * YUAN);
    assert!(accepted(&desk.disburse("payout01", &card, 700 * YUAN)));
    let second = desk.disburse("payout02", &card, 700 * YUAN);
    assert_eq!(second, refused(Refusal::MerchantBalance));
    assert_eq!(desk.says("payout02"), "merchant_balance");
    desk.pass(MINUTE_MS);
    assert_eq!(desk.purse().balance_fen, 300 * YUAN);
    // An order that fails gives back what it had reserved.
    let closed = magic("closed");
    assert!(accepted(&desk.disburse("payout03", &closed, 300 * YUAN)));
    assert_eq!(desk.purse().available_fen(), 0);
    desk.pass(MINUTE_MS);
    assert_eq!(desk.says("payout03"), "closed");
    assert_eq!(desk.purse().available_fen(), 300 * YUAN);
    assert_eq!(desk.moved("payout03"), []);
}

#[test]
fn the_holder_is_compared_before_a_card_is_paid() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let stranger = MagicCard { name: "别人".to_owned(), ..card };
    assert!(accepted(&desk.disburse("payout01", &stranger, YUAN)));
    desk.pass(MINUTE_MS);
    assert_eq!(desk.says("payout01"), "mismatch_one_of");
    assert_eq!(desk.moved("payout01"), []);
}

#[test]
fn a_payment_code_is_bound_to_order_amount_and_agreement() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let (token, other) = (desk.bind(&card), desk.bind(&magic("ok-16")));
    assert_eq!(
        desk.send_payment_code("repay001", &token, 300 * YUAN),
        Verdict::Done(Done::CodeSent)
    );
    let code = desk.code("repay001");
    let mut ask = |id: &str, token: &str, fen: i64, code: Option<&str>| {
        desk.ask(&collection(id, token, fen, code))
    };
    assert_eq!(ask("repay009", &token, 300 * YUAN, Some(&code)), refused(Refusal::CodeNeverSent));
    assert_eq!(ask("repay009", &token, 300 * YUAN, None), refused(Refusal::CodeNeverSent));
    assert_eq!(ask("repay001", &token, 300 * YUAN, Some("000001")), refused(Refusal::CodeWrong));
    assert_eq!(ask("repay001", &token, 300 * YUAN, None), refused(Refusal::CodeWrong));
    assert!(
        accepted(&ask("repay001", &token, 300 * YUAN, Some(&code))),
        "a code may be typed again"
    );
    assert_eq!(ask("repay001", &token, 300 * YUAN, Some(&code)), refused(Refusal::Duplicate));

    desk.send_payment_code("repay002", &token, 300 * YUAN);
    let code = desk.code("repay002");
    let amount = desk.ask(&collection("repay002", &token, 301 * YUAN, Some(&code)));
    assert_eq!(amount, refused(Refusal::OriginalDiffers));
    desk.send_payment_code("repay003", &token, 300 * YUAN);
    let agreement = desk.ask(&collection("repay003", &other, 300 * YUAN, Some(CODE_ALWAYS_RIGHT)));
    assert_eq!(agreement, refused(Refusal::OriginalDiffers));
    let changed = desk.send_payment_code("repay004", &token, 300 * YUAN);
    assert_eq!(changed, Verdict::Done(Done::CodeSent));
    let changed = desk.send_payment_code("repay004", &token, 301 * YUAN);
    assert_eq!(changed, refused(Refusal::OriginalDiffers));
}

#[test]
fn a_payment_code_sent_again_voids_the_earlier_one_and_expires() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let token = desk.bind(&card);
    desk.send_payment_code("repay001", &token, 300 * YUAN);
    let first = desk.code("repay001");
    desk.send_payment_code("repay001", &token, 300 * YUAN);
    assert_ne!(desk.code("repay001"), first);
    let early = desk.ask(&collection("repay001", &token, 300 * YUAN, Some(&first)));
    assert_eq!(early, refused(Refusal::CodeWrong));
    let second = desk.code("repay001");
    desk.pass(Rules::default().code_validity_ms);
    let late = desk.ask(&collection("repay001", &token, 300 * YUAN, Some(&second)));
    assert_eq!(late, refused(Refusal::CodeExpired));
    assert_eq!(desk.bank.newest_codes().filter(|(key, _)| **key == order("repay001")).count(), 1);
}

#[test]
fn what_is_held_for_one_payment_is_not_there_for_another() {
    let (mut desk, card) = (Desk::new(), magic("money-part-frozen")); // 500 yuan are free
    let token = desk.bind(&card);
    assert_eq!(desk.collect("repay000", &token, 501 * YUAN), refused(Refusal::InsufficientFunds));
    desk.send_payment_code("repay001", &token, 400 * YUAN);
    let first = collection("repay001", &token, 400 * YUAN, Some(CODE_ALWAYS_RIGHT));
    let slow = Habit { execution: Execution::After { ms: HOUR_MS }, ..Habit::default() };
    assert!(accepted(&desk.ask_with(&first, slow)));
    assert_eq!(desk.collect("repay002", &token, 101 * YUAN), refused(Refusal::InsufficientFunds));
    assert_eq!(desk.moved("repay001"), [], "nothing has moved yet");
    desk.pass(HOUR_MS);
    assert_eq!(desk.moved("repay001"), [(Kind::Collected, 400 * YUAN)]);
    assert_eq!(desk.balance(&card), 1_100 * YUAN);
    assert_eq!(desk.collect("repay003", &token, 101 * YUAN), refused(Refusal::InsufficientFunds));
    assert!(accepted(&desk.collect("repay004", &token, 100 * YUAN)));
}

#[test]
fn limits_follow_the_calendar_and_undone_payments_do_not_count() {
    let (mut desk, card) = (Desk::new(), magic("money-class-two"));
    let token = desk.bind(&card);
    desk.collected("repay001", &token, 10_000 * YUAN);
    assert_eq!(desk.collect("repay002", &token, 1), refused(Refusal::ClassDayMax));
    let undo = What::Undo { original: Original::Order(order("repay001")) };
    let amount_fen = 10_000 * YUAN;
    let undo = Movement { order: order("undoing1"), amount_fen, what: undo };
    assert!(accepted(&desk.ask(&Ask::Move(undo))));
    desk.pass(MINUTE_MS);
    desk.collected("repay003", &token, 10_000 * YUAN);
    desk.at("235958");
    assert_eq!(desk.collect("repay004", &token, 1), refused(Refusal::ClassDayMax));
    desk.pass(2 * SECOND_MS); // midnight, not 23:00
    for day in 1..20 {
        desk.collected(&format!("repay1{day:02}"), &token, 10_000 * YUAN);
        desk.pass(DAY_MS);
    }
    assert_eq!(desk.collect("repay200", &token, 1), refused(Refusal::ClassYearMax));
    desk.now = Timestamp::from_beijing_compact("20270101000001").unwrap();
    assert!(accepted(&desk.collect("repay201", &token, 1)));
}

#[test]
fn a_class_three_account_never_holds_more_than_2000_yuan() {
    let (mut desk, card) = (Desk::new(), magic("money-class-three"));
    desk.disburse("payout01", &card, 1_500 * YUAN);
    desk.disburse("payout02", &card, 501 * YUAN);
    desk.disburse("payout03", &card, 500 * YUAN);
    desk.pass(MINUTE_MS);
    assert_eq!(desk.says("payout01"), "settled");
    assert_eq!(desk.says("payout02"), "class_balance_max");
    assert_eq!(desk.says("payout03"), "settled");
    assert_eq!(desk.balance(&card), 2_000 * YUAN);
}

/// The same books, read again.
pub(super) fn replayed(bank: &Bank) -> Bank {
    let mut again = cards::bank();
    for entry in bank.entries() {
        let line = serde_json::to_string(entry).unwrap();
        again.replay(serde_json::from_str(&line).unwrap());
    }
    again
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is asked in whatever order: no order moves money twice, nothing is given back that
    /// was not taken, no money comes from nowhere, and the books alone rebuild the bank.
    #[test]
    fn whatever_is_asked_the_books_add_up(
        steps in prop::collection::vec((0..7u8, 0..6u8, 1..900i64, 0..90_000_000i64), 1..60)
    ) {
        let mut desk = Desk::new();
        let cards = [magic("ok"), magic("money-part-frozen"), magic("money-returned")];
        let tokens: Vec<String> = cards.iter().map(|card| desk.bind(card)).collect();
        desk.bank.set_balance(desk.now, MERCHANT, 3_000 * YUAN);
        let opening: i64 = cards.iter().map(|card| desk.balance(card)).sum();
        for (what, which, yuan, pass_ms) in steps {
            let at = usize::from(which) % cards.len();
            let (id, own) = (format!("order{which:03}"), format!("other{which:03}"));
            let fen = yuan * YUAN;
            let original = Original::Order(order(&id));
            let back = |what| Ask::Move(Movement { order: order(&own), amount_fen: fen, what });
            match what {
                0 => desk.disburse(&id, &cards[at], fen),
                1 | 2 => desk.collect(&id, &tokens[at], fen),
                3 => desk.ask(&back(What::Refund { original })),
                4 => desk.ask(&back(What::Undo { original })),
                5 => desk.ask(&Ask::Reverse { order: order(&own), original }),
                _ => desk.ask(&Ask::Reverse { order: order(&id), original }),
            };
            desk.pass(pass_ms / 100);
        }
        check_books(&desk, &cards, opening);
        let again = replayed(&desk.bank);
        prop_assert_eq!(&again.books, &desk.bank.books);
        prop_assert_eq!(again.entries(), desk.bank.entries());
        desk.pass(60 * DAY_MS);
        check_books(&desk, &cards, opening);
        prop_assert!(desk.bank.books.due.iter().all(|due| due.2 != Due::Execution));
    }
}

fn check_books(desk: &Desk, cards: &[MagicCard], opening: i64) {
    for payment in desk.bank.payments() {
        let own = desk.bank.entries().iter().filter(|entry| entry.order == payment.order);
        let executed = own.filter(|entry| {
            matches!(entry.kind, Kind::Disbursed | Kind::Collected | Kind::Refunded | Kind::Undone)
        });
        assert!(executed.count() <= 1, "{}", payment.order.order_id);
        let given = payment.given_back_fen + payment.promised_back_fen;
        assert!((0..=payment.amount_fen).contains(&given), "{}", payment.order.order_id);
    }
    let purse = desk.purse();
    let held: i64 = cards.iter().map(|card| desk.balance(card)).sum();
    assert_eq!(held - opening, 3_000 * YUAN - purse.balance_fen - purse.collected_fen);
    assert!(purse.balance_fen >= 0 && purse.reserved_fen >= 0 && purse.collected_fen >= 0);
    for card in cards {
        assert!(desk.balance(card) >= 0 && desk.bank.account(&card.slug).held_fen >= 0);
    }
}
