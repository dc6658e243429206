//! The bank model's own tables: who is refused what, and what the books hold afterwards.

mod giving_back;
mod moving;
mod saying;

use mingka_domain::time::{SECOND_MS, Timestamp};

use super::*;
use crate::cards::{self, MagicCard};

struct Desk {
    bank: Bank,
    now: Timestamp,
    draws: u8,
}

impl Desk {
    fn new() -> Self {
        Self { bank: cards::bank(), now: Timestamp::from_millis(1_790_000_000_000), draws: 0 }
    }

    fn ask(&mut self, ask: &Ask) -> Verdict {
        self.draws += 1;
        self.now = self.now.plus_ms(SECOND_MS);
        self.bank.ask(self.now, Draw([self.draws; 16]), ask, &Circumstances::default())
    }

    fn send(&mut self, id: &str, card: &MagicCard) -> Verdict {
        self.ask(&Ask::SendCode { order: order(id), elements: all_of(card) })
    }

    fn open(&mut self, id: &str, card: &MagicCard, code: &str) -> Verdict {
        let (order, elements) = (order(id), all_of(card));
        self.ask(&Ask::Open { order, elements, code: code.to_owned() })
    }

    fn code(&self, id: &str) -> String {
        self.bank.code(&order(id)).unwrap().digits.clone()
    }

    fn executed(&self, kind: Kind) -> usize {
        self.bank.entries().iter().filter(|entry| entry.kind == kind).count()
    }
}

fn order(id: &str) -> OrderKey {
    OrderKey {
        merchant: "777290058146592".to_owned(),
        order_id: id.to_owned(),
        txn_time: "20261122120000".to_owned(),
    }
}

fn all_of(card: &MagicCard) -> Elements {
    Elements {
        card: card.number.clone(),
        name: Some(card.name.clone()),
        id_number: Some(card.id_number.clone()),
        phone: Some(card.phone.clone()),
    }
}

fn magic(slug: &str) -> MagicCard {
    cards::catalogue().into_iter().find(|card| card.slug == slug).unwrap()
}

fn refused(refusal: Refusal) -> Verdict {
    Verdict::Refused(refusal)
}

/// slug, verification, sending the code, opening with the right code: `+` is done.
const TABLE: &str = "
    ok                   +                   +                    +
    ok-credit            +                   +                    +
    series-7             +                   +                    +
    number-unknown       card_unknown        card_unknown         card_unknown
    lost                 lost                lost                 lost
    stolen               stolen              stolen               stolen
    frozen               frozen              frozen               frozen
    court-frozen         court_frozen        court_frozen         court_frozen
    closed               closed              closed               closed
    dormant              dormant             dormant              dormant
    not-activated        not_activated       not_activated        not_activated
    captured             captured            captured             captured
    state-abnormal       state_abnormal      state_abnormal       state_abnormal
    receive-only         +                   receive_only         receive_only
    restricted           restricted          restricted           restricted
    expired              card_expired        card_expired         card_expired
    pin-locked           pin_locked          pin_locked           pin_locked
    merchant-unsupported merchant_unsupported merchant_unsupported merchant_unsupported
    no-balance           +                   +                    insufficient_funds
    pin-wrong            +                   +                    pin_wrong
    code-never-right     +                   +                    code_wrong
    name-differs         mismatch_one_of     mismatch_one_of      mismatch_one_of
    id-differs           mismatch_one_of     mismatch_one_of      mismatch_one_of
    phone-differs        mismatch_one_of     mismatch_one_of      mismatch_one_of
    no-phone             no_reserved_phone   no_reserved_phone    no_reserved_phone
    not-signed           not_signed_at_bank  not_signed_at_bank   not_signed_at_bank
    not-enabled          not_enabled         not_enabled          not_enabled
    no-sms               no_sms_at_issuer    no_sms_at_issuer     no_sms_at_issuer
    too-often            too_often           +                    +
    sms-lost             +                   +                    +
";

#[test]
fn every_card_does_what_its_table_says() {
    for line in TABLE.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let card = words[0]
            .strip_prefix("series-")
            .map_or_else(|| magic(words[0]), |n| cards::series(n.parse().unwrap()));
        let mut desk = Desk::new();
        let verify = desk.ask(&Ask::Verify { order: order("verify00"), elements: all_of(&card) });
        let send = desk.send("binding0", &card);
        let open = desk.open("binding0", &card, CODE_ALWAYS_RIGHT);
        for (said, wanted) in [verify, send, open].iter().zip(&words[1..]) {
            let said = match said {
                Verdict::Done(_) => "+".to_owned(),
                Verdict::Refused(why) => serde_json::to_string(why).unwrap().replace('"', ""),
            };
            assert_eq!(&said, wanted, "{line}");
        }
    }
}

#[test]
fn one_wrong_element_is_enough_and_the_bank_does_not_say_which() {
    let card = magic("ok");
    let spoil: [fn(&mut Elements); 3] = [
        |elements| elements.name = Some("别人".to_owned()),
        |elements| elements.id_number = Some(cards::series(9).id_number),
        |elements| elements.phone = Some(cards::PHONE_OF_SOMEBODY_ELSE.to_owned()),
    ];
    for (n, spoil) in spoil.iter().enumerate() {
        let mut elements = all_of(&card);
        spoil(&mut elements);
        let ask = Ask::Verify { order: order(&format!("verify0{n}")), elements };
        assert_eq!(Desk::new().ask(&ask), refused(Refusal::MismatchOneOf));
    }
    let fewer = Elements { name: None, id_number: None, ..all_of(&card) };
    let ask = Ask::Verify { order: order("verify09"), elements: fewer };
    assert_eq!(Desk::new().ask(&ask), Verdict::Done(Done::Matched));
}

#[test]
fn a_resend_voids_the_earlier_code() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    desk.send("binding2", &card);
    let (first, second) = (desk.code("binding1"), desk.code("binding2"));
    assert_ne!(first, second);
    assert_eq!(desk.open("binding1", &card, &first), refused(Refusal::CodeVoided));
    assert_eq!(desk.open("binding2", &card, &first), refused(Refusal::CodeWrong));
    assert!(matches!(desk.open("binding2", &card, &second), Verdict::Done(Done::Opened { .. })));
    assert_eq!(desk.executed(Kind::AgreementOpened), 1);
}

#[test]
fn wrong_codes_are_counted_and_then_even_the_right_one_is_void() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    let right = desk.code("binding1");
    for wrong in ["000001", "123456", "654321", "000002", "000003"] {
        assert_eq!(desk.open("binding1", &card, wrong), refused(Refusal::CodeWrong));
    }
    for code in [right.as_str(), CODE_ALWAYS_RIGHT] {
        assert_eq!(desk.open("binding1", &card, code), refused(Refusal::CodeLocked));
    }
    desk.send("binding2", &card);
    let fresh = desk.code("binding2");
    assert!(matches!(desk.open("binding2", &card, &fresh), Verdict::Done(_)));
}

#[test]
fn a_code_expires_and_never_serves_another_order_or_card() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    let code = desk.code("binding1");
    assert_eq!(desk.open("binding9", &card, &code), refused(Refusal::CodeNeverSent));
    assert_eq!(desk.open("binding9", &card, CODE_ALWAYS_RIGHT), refused(Refusal::CodeNeverSent));
    assert_eq!(desk.open("binding1", &magic("ok-16"), &code), refused(Refusal::OriginalDiffers));
    desk.now = desk.now.plus_ms(Rules::default().code_validity_ms);
    assert_eq!(desk.open("binding1", &card, &code), refused(Refusal::CodeExpired));
    assert_eq!(desk.executed(Kind::AgreementOpened), 0);
}

#[test]
fn the_same_order_is_executed_once() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    let verify = Ask::Verify { order: order("verify00"), elements: all_of(&card) };
    assert_eq!(desk.ask(&verify), Verdict::Done(Done::Matched));
    assert_eq!(desk.ask(&verify), refused(Refusal::Duplicate));
    assert_eq!(desk.send("binding1", &card), Verdict::Done(Done::CodeSent));
    assert_eq!(desk.send("binding1", &card), refused(Refusal::Duplicate));
    let code = desk.code("binding1");
    desk.open("binding1", &card, &code);
    assert_eq!(desk.open("binding1", &card, &code), refused(Refusal::Duplicate));
    assert_eq!(desk.send("binding1", &card), refused(Refusal::Duplicate));
    for kind in [Kind::VerificationDone, Kind::CodeSent, Kind::AgreementOpened] {
        assert_eq!(desk.executed(kind), 1, "{kind:?}");
    }
}

#[test]
fn after_a_lost_confirm_the_token_is_found() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    assert_eq!(
        desk.ask(&Ask::QueryOpening { order: order("binding1") }),
        refused(Refusal::NotFound)
    );
    desk.send("binding1", &card);
    assert_eq!(desk.ask(&Ask::QueryState { order: order("binding1") }), refused(Refusal::NotFound));
    let opened = desk.open("binding1", &card, CODE_ALWAYS_RIGHT); // and this answer is lost
    assert_eq!(desk.ask(&Ask::QueryOpening { order: order("binding1") }), opened);
    let state = desk.ask(&Ask::QueryState { order: order("binding1") });
    let wanted = Done::State { stage: Stage::Open, outcome: Outcome::Done };
    assert_eq!(state, Verdict::Done(wanted));
}

#[test]
fn a_state_query_tells_the_latest_refusal_too() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    desk.open("binding1", &card, "000001");
    let state = desk.ask(&Ask::QueryState { order: order("binding1") });
    let outcome = Outcome::Refused(Refusal::CodeWrong);
    assert_eq!(state, Verdict::Done(Done::State { stage: Stage::Open, outcome }));
}

#[test]
fn a_token_closes_once_and_only_for_its_own_merchant() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    desk.open("binding1", &card, CODE_ALWAYS_RIGHT);
    let token = desk.bank.opened_by(&order("binding1")).unwrap().token.clone();
    let close = |id: &str, merchant: &str| Ask::Close {
        order: OrderKey { merchant: merchant.to_owned(), ..order(id) },
        token: token.clone(),
    };
    let own = "777290058146592";
    assert_eq!(desk.ask(&close("closing0", "111111111111111")), refused(Refusal::TokenInvalid));
    assert_eq!(desk.ask(&close("closing1", own)), Verdict::Done(Done::Closed));
    assert_eq!(desk.ask(&close("closing1", own)), refused(Refusal::Duplicate));
    assert_eq!(desk.ask(&close("closing2", own)), refused(Refusal::TokenInvalid));
    let query = Ask::QueryOpening { order: order("binding1") };
    assert_eq!(desk.ask(&query), refused(Refusal::TokenInvalid));
    assert_eq!(desk.executed(Kind::AgreementClosed), 1);
}

#[test]
fn the_books_rebuild_the_bank_and_hold_no_clear_value() {
    let (mut desk, card) = (Desk::new(), magic("ok"));
    desk.send("binding1", &card);
    desk.open("binding1", &card, "000001");
    let code = desk.code("binding1");
    desk.open("binding1", &card, &code);
    desk.send("binding2", &card);
    desk.open("binding2", &card, "000001");
    let lines: Vec<String> =
        desk.bank.take_fresh().iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert!(desk.bank.take_fresh().is_empty());
    let token = desk.bank.opened_by(&order("binding1")).unwrap().token.clone();
    for clear in [&card.number, &card.name, &card.id_number, &card.phone, &code, &token] {
        assert!(!lines.concat().contains(clear.as_str()), "{clear}");
    }
    let mut again = cards::bank();
    for line in &lines {
        again.replay(serde_json::from_str(line).unwrap());
    }
    assert_eq!(again.entries(), desk.bank.entries());
    assert_eq!(again.opened_by(&order("binding1")), desk.bank.opened_by(&order("binding1")));
    assert_eq!(again.code(&order("binding2")), desk.bank.code(&order("binding2")));
    assert!(again.take_fresh().is_empty());
}

#[test]
fn a_full_bank_says_busy_and_writes_nothing() {
    let rules = Rules { entry_count_max: 1, ..Rules::default() };
    let mut desk = Desk::new();
    desk.bank = cards::bank().with_rules(rules);
    desk.send("binding1", &magic("ok"));
    assert_eq!(desk.send("binding2", &magic("ok")), refused(Refusal::Busy));
    assert_eq!(desk.bank.entries().len(), 1);
}
