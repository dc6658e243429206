//! Every public code is mapped, and nothing is final that is not proven final. The lists here are
//! written a second time, by hand, on purpose: a slip in the data must not pass its own test.

use std::collections::BTreeSet;

use super::*;
use crate::cause::Dictionary;
use crate::outcome::{Operation, Phase, ResponseCode};

const PHASES: [Phase; 3] = [Phase::Request, Phase::Inquiry, Phase::Notification];
const MONEY: [&str; 4] = ["disburse", "collect", "refund", "undo"];
const ASKING: [&str; 4] = ["verify", "send_code", "send_payment_code", "refresh_certificate"];
const BINDING: [&str; 2] = ["open_agreement", "cancel_agreement"];
const INQUIRING: [&str; 2] = ["query_agreement", "query_state"];

/// The 68 codes of UnionPay ACP 5.1.0.
const UNIONPAY: &str = "00 01 02 03 04 05 06 10 11 12 13 14 30 31 32 33 34 35 36 37 38 39 40 41 42 \
    43 44 45 46 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 85 86 87 \
    88 89 90 91 92 93 94 95 96 98 99 A6";

/// Never a final decline when heard in an inquiry or a notification, whatever was asked.
const OPEN: &str = "01 03 04 05 06 12 34 35 36 42 45 46 60 74 75 83 98 99 A6 02 37 39 10 11 13 14";

/// The whole lists of codes by which the direct answer to a request for money says that nothing
/// was executed: turned away at the door, and closed.
const AT_THE_DOOR: &str = "10 11 13 31 32 43";
const CLOSED: &str = "02 39";

/// The whole list of codes by which an inquiry may finally decline money.
const FINAL_FOR_MONEY: &str = "33 38 40 44 61 62 63 64 65 66 67 68 71 72 73 76 77 78 79 80 81 82 87 \
    89 90 91";

fn unionpay(operation: &str, phase: Phase, code: &str) -> Meaning {
    let operation = Operation::named(operation).expect("a known operation");
    MappingBook::embedded().read("unionpay", operation, phase, &ResponseCode::new(code))
}

fn declined_by(operation: &str, phase: Phase) -> BTreeSet<&'static str> {
    let class = |code: &&str| unionpay(operation, phase, code).class == Class::Declined;
    UNIONPAY.split_whitespace().filter(class).collect()
}

#[test]
fn every_public_code_is_mapped_and_no_other() {
    let book = MappingBook::embedded();
    let mut listed: Vec<&str> = UNIONPAY.split_whitespace().collect();
    listed.sort_unstable();
    assert_eq!(listed.len(), 68);
    assert_eq!(book.codes("unionpay"), listed);
    let counts: Vec<(&str, usize)> =
        book.families().into_iter().map(|family| (family, book.codes(family).len())).collect();
    let expected = [
        ("aliyun_bankmeta", 23),
        ("aliyun_face.code", 18),
        ("aliyun_face.sub_code", 6),
        ("baofoo_agreement", 107),
        ("baofoo_payout", 20),
        ("cmb_cdc.notice", 4),
        ("cmb_cdc.request", 6),
        ("cmb_cdc.result", 7),
        ("iso20022.return", 104),
        ("iso20022.status_reason", 301),
        ("iso20022.transaction_status", 25),
        ("iso20022.verification", 16),
        ("iso8583", 90),
        ("lianlian_payout", 30),
        ("market_four_elements", 26),
        ("tencent_face_h5", 38),
        ("tencent_faceid.BankCard2EVerification", 19),
        ("tencent_faceid.BankCard4EVerification", 22),
        ("tencent_faceid.BankCardVerification", 21),
        ("tencent_faceid.CheckBankCardInformation", 7),
        ("tencent_faceid.CheckPhoneAndName", 9),
        ("tencent_faceid.IdCardVerification", 8),
        ("tencent_faceid.MobileStatus", 6),
        ("tencent_faceid.PhoneVerification", 9),
        ("unionpay", 68),
        ("wechat_transfer", 17),
    ];
    assert_eq!(counts, expected);
    let tencent = expected.iter().filter(|(name, _)| name.starts_with("tencent_faceid"));
    assert_eq!(tencent.map(|(_, count)| count).sum::<usize>(), 101);
}

#[test]
fn a_code_that_is_not_listed_proves_nothing() {
    for code in ["", "0", "000", "a6", "1000005", "7Z"] {
        for operation in Operation::ALL.map(Operation::name) {
            for phase in PHASES {
                let meaning = unionpay(operation, phase, code);
                assert_eq!(meaning.class, Class::Unknown, "{code:?}");
                assert_eq!(meaning.causes, [known::CHANNEL_CODE_UNMAPPED]);
            }
        }
    }
    let book = MappingBook::embedded();
    let code = ResponseCode::new("00");
    let other = book.read("another_bank", Operation::Verify, Phase::Request, &code);
    assert_eq!(other, Meaning::unmapped());
}

#[test]
fn open_codes_never_decline_after_the_fact() {
    for code in OPEN.split_whitespace() {
        for operation in Operation::ALL.map(Operation::name) {
            for phase in [Phase::Inquiry, Phase::Notification] {
                let class = unionpay(operation, phase, code).class;
                let declines = matches!(class, Class::Declined | Class::NotAttempted);
                assert!(!declines, "{code} is {class:?} for {operation} in {}", phase.name());
            }
        }
    }
    // "Not found" proves nothing in any conversation about anything.
    for operation in Operation::ALL.map(Operation::name) {
        for phase in PHASES {
            assert_eq!(unionpay(operation, phase, "34").class, Class::Unknown, "{operation}");
        }
    }
}

#[test]
fn only_success_is_settled() {
    for code in UNIONPAY.split_whitespace() {
        for operation in Operation::ALL.map(Operation::name) {
            for phase in PHASES {
                let settled = unionpay(operation, phase, code).class == Class::Settled;
                let may = match code {
                    "00" => operation != "reverse",
                    "A6" => operation == "disburse",
                    "46" => operation == "reverse",
                    _ => false,
                };
                assert!(!settled || may, "{code} settles {operation} in {}", phase.name());
            }
        }
    }
    assert_eq!(unionpay("disburse", Phase::Inquiry, "A6").class, Class::Settled);
    assert_eq!(unionpay("collect", Phase::Inquiry, "A6").class, Class::Unknown);
}

/// A first answer about money is only "accepted", a notification is only a hint to inquire, and an
/// inquiry declines by exactly the codes of the list above.
#[test]
fn money_is_decided_by_inquiries_only() {
    let allowed: BTreeSet<&str> = FINAL_FOR_MONEY.split_whitespace().collect();
    for operation in MONEY {
        assert_eq!(declined_by(operation, Phase::Inquiry), allowed, "{operation}");
        for code in UNIONPAY.split_whitespace() {
            let class = unionpay(operation, Phase::Notification, code).class;
            let open = matches!(class, Class::Pending | Class::Unknown);
            assert!(open, "{code} is {class:?} for {operation} in a notification");
            let class = unionpay(operation, Phase::Request, code).class;
            match class {
                Class::Declined => assert!(AT_THE_DOOR.contains(code), "{code} for {operation}"),
                Class::NotAttempted => assert!(CLOSED.contains(code), "{code} for {operation}"),
                Class::Settled => panic!("{code} settles {operation} in a first answer"),
                Class::Pending | Class::Unknown => {
                    let final_code = AT_THE_DOOR.contains(code) || CLOSED.contains(code);
                    assert!(!final_code, "{code} for {operation}");
                }
            }
            let class = unionpay(operation, Phase::Inquiry, code).class;
            assert_ne!(class, Class::NotAttempted, "{code}: a sent payment was attempted");
        }
        assert_eq!(unionpay(operation, Phase::Request, "00").class, Class::Pending);
        assert_eq!(unionpay(operation, Phase::Inquiry, "00").class, Class::Settled);
    }
}

#[test]
fn an_inquirys_own_answer_never_decides_about_the_order() {
    for operation in INQUIRING {
        for code in UNIONPAY.split_whitespace() {
            let class = unionpay(operation, Phase::Request, code).class;
            let expected = if code == "00" { Class::Settled } else { Class::Unknown };
            assert_eq!(class, expected, "{code} for {operation}");
        }
    }
}

/// The codes after which the published rules ask again. None of them ends anything.
#[test]
fn what_is_to_be_asked_again_ends_nothing() {
    for (operation, codes) in [("disburse", "03 04 05 01 12 34 60"), ("collect", "03 04 05")] {
        for code in codes.split_whitespace() {
            for phase in PHASES {
                let class = unionpay(operation, phase, code).class;
                let open = matches!(class, Class::Pending | Class::Unknown);
                assert!(open, "{code} is {class:?} for {operation} in {}", phase.name());
            }
        }
    }
}

/// An inquiry about a reversal speaks of the collection it was to reverse.
#[test]
fn only_reversed_proves_a_reversal() {
    let inquiry = |code| unionpay("reverse", Phase::Inquiry, code).class;
    assert_eq!(inquiry("46"), Class::Settled);
    for code in UNIONPAY.split_whitespace().filter(|code| *code != "46") {
        assert!(matches!(inquiry(code), Class::Pending | Class::Unknown), "{code}");
    }
    assert_eq!(unionpay("reverse", Phase::Request, "00").class, Class::Pending);
    assert_eq!(unionpay("reverse", Phase::Request, "02").class, Class::NotAttempted);
    let collection = unionpay("collect", Phase::Inquiry, "46");
    assert_eq!(collection.class, Class::Unknown);
    assert_eq!(collection.causes, [CauseCode::known("channel.order_reversed")]);
}

#[test]
fn an_answered_refusal_declines_what_moves_no_money() {
    for operation in ASKING.iter().chain(&BINDING) {
        for code in ["01", "10", "11", "30", "60", "61", "63", "66", "71", "77", "79", "91", "96"] {
            assert_eq!(unionpay(operation, Phase::Request, code).class, Class::Declined, "{code}");
        }
        for code in ["03", "04", "12", "34", "42", "74", "75", "98", "99", "A6"] {
            assert_eq!(unionpay(operation, Phase::Request, code).class, Class::Unknown, "{code}");
        }
        for code in ["05", "70", "83"] {
            assert_eq!(unionpay(operation, Phase::Request, code).class, Class::Pending, "{code}");
        }
        for code in ["02", "37", "39"] {
            let class = unionpay(operation, Phase::Request, code).class;
            assert_eq!(class, Class::NotAttempted, "{code}");
        }
    }
    // Busy proves that nothing was done only where doing it twice does no harm.
    assert_eq!(unionpay("verify", Phase::Request, "06").class, Class::NotAttempted);
    assert_eq!(unionpay("open_agreement", Phase::Request, "06").class, Class::Unknown);
}

#[test]
fn causes_are_honest() {
    let mismatch = unionpay("verify", Phase::Request, "66");
    assert_eq!(mismatch.certainty, Certainty::OneOf);
    let causes: Vec<&str> = mismatch.causes.iter().map(CauseCode::as_str).collect();
    assert_eq!(causes, ["phone.mismatch", "name.mismatch", "id.mismatch", "card.number_wrong"]);
    let expired = unionpay("open_agreement", Phase::Request, "73");
    assert_eq!(expired.certainty, Certainty::Certain);
    assert_eq!(expired.causes, [CauseCode::known("card.expired")]);
    // A code that decides elsewhere is not explained as if it decided here.
    let open = unionpay("disburse", Phase::Inquiry, "60");
    assert_eq!(open.causes, [known::CHANNEL_RESULT_UNKNOWN]);
    assert_eq!(unionpay("disburse", Phase::Request, "00").causes, [known::CHANNEL_PROCESSING]);
    assert_eq!(unionpay("query_state", Phase::Request, "37").causes.len(), 1);
}

/// While nothing is decided, nobody is sent to correct an entry or call a bank: the first cause asks
/// to wait or is the platform's to look into.
#[test]
fn what_is_undecided_never_sends_the_borrower_to_try_again() {
    use crate::diagnosis::Actor;
    let dictionary = Dictionary::embedded();
    for code in UNIONPAY.split_whitespace() {
        for operation in Operation::ALL.map(Operation::name) {
            for phase in PHASES {
                let meaning = unionpay(operation, phase, code);
                if meaning.class != Class::Unknown {
                    continue;
                }
                let cause = dictionary.get(meaning.causes.first().unwrap()).unwrap();
                assert!(
                    matches!(cause.actor, Actor::Nobody | Actor::Platform),
                    "{code} for {operation} in {} says {}",
                    phase.name(),
                    cause.code
                );
            }
        }
    }
}

#[test]
fn the_verification_sets_agree_with_each_other() {
    let book = MappingBook::embedded();
    let read = |family: &str, code: &str| {
        let meaning =
            book.read(family, Operation::Verify, Phase::Request, &ResponseCode::new(code));
        (meaning.class, meaning.causes.first().map(|cause| cause.as_str().to_owned()))
    };
    let same = |cause: &str, codes: &[(&str, &str)]| {
        for (family, code) in codes {
            let expected = (Class::Declined, Some(cause.to_owned()));
            assert_eq!(read(family, code), expected, "{family} {code}");
        }
    };
    let (four, three) =
        ("tencent_faceid.BankCard4EVerification", "tencent_faceid.BankCardVerification");
    let (aliyun, market) = ("aliyun_bankmeta", "market_four_elements");
    same("card.lost", &[(four, "-13"), (three, "-12"), (aliyun, "210"), (market, "09")]);
    same("card.expired", &[(four, "-14"), (aliyun, "203"), (market, "10"), ("unionpay", "73")]);
    same("card.not_enabled", &[(four, "-7"), (aliyun, "202"), (market, "03"), ("unionpay", "77")]);
    same("card.pin_locked", &[(four, "-16"), (aliyun, "211"), (market, "12"), ("unionpay", "67")]);
    same("card.captured", &[(four, "-8"), (aliyun, "205"), (aliyun, "209"), (market, "08")]);
    same("card.no_reserved_phone", &[(aliyun, "214")]);
    same("verification.quota", &[(four, "-19"), (aliyun, "306"), (market, "203")]);
    same("phone.mismatch", &[(four, "-6"), (aliyun, "201"), (market, "02"), ("unionpay", "66")]);
    for (family, code) in [(four, "0"), (aliyun, "101"), (market, "01"), ("unionpay", "00")] {
        assert_eq!(read(family, code), (Class::Settled, None), "{family}");
    }
    assert_eq!(read(four, "-18").0, Class::NotAttempted);
    assert_eq!(read(market, "9999").0, Class::Unknown);
    // Two- and three-element products never speak of an element they were not given.
    let two = read("tencent_faceid.BankCard2EVerification", "-1");
    assert_eq!(two.1.as_deref(), Some("name.mismatch"));
}

#[test]
fn a_broken_mapping_is_refused_by_name() {
    let sound = "[operations]\nasking = [\"verify\"]\n[finality.done]\nsettled = [\"asking/request\"]\n\
        [finality.no]\ndeclined = [\"verify/request\"]\n[finality.open]\n[family.test]\n\
        1 = { finality = \"done\" }\n2 = { finality = \"no\", causes = [\"card.lost\"] }\n\
        [codes.\"test.more\".no]\nA = \"card.closed | card.expired\"\n";
    let parse =
        |content: &str| MappingBook::parse(&[("test.toml", content)], Dictionary::embedded());
    assert!(parse(sound).is_ok(), "{:?}", parse(sound).err());
    for (what, from, to, expected) in [
        ("an unheard-of cause", "card.lost", "card.lots", "card.lots"),
        ("an unheard-of cause in a table", "card.closed |", "card.clsed |", "card.clsed"),
        ("a family of another file", "test.more", "tester", "no family"),
        ("an empty cause in a table", "card.closed | card.expired", "", "no cause"),
        ("a code twice", "[codes.\"test.more\".no]\nA", "[codes.test.no]\n1", "twice"),
        ("an unheard-of finality", "\"no\"", "\"nope\"", "nope"),
        ("an operation nobody knows", "\"verify/request\"", "\"verfy/request\"", "verfy"),
        ("a group with a typing error", "[\"verify\"]", "[\"verfy\"]", "verfy"),
        ("a phase nobody knows", "asking/request", "asking/reply", "reply"),
        ("no cause", "[\"card.lost\"]", "[]", "no cause"),
        (
            "one of one",
            "[\"card.lost\"]",
            "[\"card.lost\"], certainty = \"one_of\"",
            "single cause",
        ),
        (
            "two and certain",
            "[\"card.lost\"]",
            "[\"card.lost\", \"card.closed\"], certainty = \
            \"certain\"",
            "one_of",
        ),
        ("a class nobody knows", "declined =", "refused =", "refused"),
        (
            "two classes for one place",
            "declined = [\"verify/request\"]",
            "declined = [\"verify/request\"]\npending = [\"asking/request\"]",
            "two things",
        ),
    ] {
        assert!(sound.contains(from), "{what}");
        let error = parse(&sound.replacen(from, to, 1)).expect_err(what).to_string();
        assert!(error.contains("test.toml") && error.contains(expected), "{what}: {error}");
    }
}
