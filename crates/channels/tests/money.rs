//! Messages that move money: only an inquiry settles one, and only for the amount that was asked.
//!
//! The transcripts of the requests stand in `requests.rs`; here is what the answers prove.

#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions fail")]

mod support;

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{KeyedHash, suite};
use mingka_channels::{
    Booked, Context, Elements, Exchange as _, HttpRequest, Method, Notice, Payee, Reply, Request,
    Unencodable, UnencodableWhy, Unreadable,
};
use mingka_crypto::SystemEntropy;
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::secret::Secret;
use mingka_domain::time::{HOUR_MS, SECOND_MS, Timestamp};
use support::*;

const AMOUNT_TEXT: &str = "123405";
const MOVING: [&str; 7] = [
    "disburse",
    "disburse_to_company",
    "collect",
    "collect_without_code",
    "refund",
    "undo",
    "reverse",
];
const STATES: [&str; 5] = [
    "query_state_of_disbursement",
    "query_state_of_collection",
    "query_state_of_refund",
    "query_state_of_undoing",
    "query_state_of_reversal",
];

fn read(name: &str, extra: &[(&str, &str)]) -> Result<Reply, Unreadable> {
    let account = keyed_account();
    let Exchanged { message, sent } = send(&account, name);
    decode(&account, &sent, &signed_keyed(bank_answers(&message, extra)))
}

fn outcome(name: &str, extra: &[(&str, &str)]) -> &'static str {
    says(&read(name, extra).unwrap().outcome)
}

#[test]
fn a_first_answer_settles_no_money_and_declines_only_at_the_door() {
    for name in MOVING {
        for (code, expected) in [
            ("00", "pending"),
            ("05", "pending"),
            ("A6", if name.starts_with("disburse") { "pending" } else { "unknown" }),
            ("03", "unknown"),
            ("12", "unknown"),
            ("34", "unknown"),
            ("60", "unknown"),
            ("61", "unknown"),
            ("64", "unknown"),
            ("ZZ", "unknown"),
            ("1000005", "unknown"),
            ("11", "declined"),
            ("13", "declined"),
            ("02", "not attempted"),
            ("39", "not attempted"),
        ] {
            assert_eq!(outcome(name, &[("respCode", code)]), expected, "{name} {code}");
        }
    }
}

#[test]
fn in_an_inquiry_the_code_of_the_order_decides() {
    let orig = |name: &str, code: &str| {
        outcome(name, &[("respCode", "00"), ("origRespCode", code), ("txnAmt", AMOUNT_TEXT)])
    };
    let [disbursement, collection, refund, undoing, reversal] = STATES;
    for name in [disbursement, collection, refund, undoing] {
        assert_eq!(orig(name, "00"), "settled", "{name}");
        assert_eq!(orig(name, "64"), "declined", "{name}");
        for code in ["03", "04", "01", "12", "34", "60", "42", "74", "75", "46", "10", "02", "ZZ"] {
            assert_eq!(orig(name, code), "unknown", "{name} {code}");
        }
        for code in ["05", "83"] {
            assert_eq!(orig(name, code), "pending", "{name} {code}");
        }
    }
    assert_eq!(orig(disbursement, "A6"), "settled");
    assert_eq!(orig(collection, "A6"), "unknown");
    // The collection stands, or was refused: neither says that it was reversed.
    assert_eq!(orig(reversal, "46"), "settled");
    assert_eq!(orig(reversal, "00"), "unknown");
    assert_eq!(orig(reversal, "64"), "unknown");
    for name in STATES {
        // The question's own code is about the question.
        for code in ["34", "64", "61", "11", "02"] {
            assert_eq!(outcome(name, &[("respCode", code)]), "unknown", "{name} {code}");
            let both = [("respCode", code), ("origRespCode", "00")];
            assert_eq!(outcome(name, &both), "unknown", "{name} {code}");
        }
        assert_eq!(outcome(name, &[("respCode", "00")]), "unknown", "{name}");
        assert!(read(name, &[("respCode", "34")]).unwrap().not_found, "{name}");
    }
}

#[test]
fn another_amount_or_currency_is_never_believed() {
    let codes = [("respCode", "00"), ("origRespCode", "00")];
    let all = MOVING.iter().chain(&STATES).chain(&["send_payment_code"]);
    for name in all {
        for other in [
            ("txnAmt", "123406"),
            ("txnAmt", "12340"),
            ("txnAmt", "1234.05"),
            ("txnAmt", "-123405"),
            ("txnAmt", "+123405"),
            ("txnAmt", "1234050000000000000000"),
            ("txnAmt", "一"),
            ("currencyCode", "840"),
        ] {
            let answer = [codes[0], codes[1], other];
            assert_eq!(doubt(read(name, &answer)), Doubt::WrongAmount, "{name} {other:?}");
        }
        let ours = [codes[0], codes[1], ("txnAmt", AMOUNT_TEXT), ("currencyCode", "156")];
        assert!(read(name, &ours).is_ok(), "{name}");
        // An answer need not repeat the amount; its order is still ours.
        assert!(read(name, &codes).is_ok(), "{name}");
    }
    // What moves no money has no amount to compare.
    assert!(read("query_state_of_opening", &[codes[0], codes[1], ("txnAmt", "1")]).is_ok());
}

#[test]
fn what_the_channel_booked_comes_along() {
    let extra = [
        ("respCode", "00"),
        ("origRespCode", "00"),
        ("queryId", QUERY_ID),
        ("txnAmt", AMOUNT_TEXT),
        ("settleAmt", AMOUNT_TEXT),
        ("settleDate", "1120"),
        ("traceNo", "000018"),
        ("tokenPayData", TOKEN.1),
    ];
    let reply = read("query_state_of_collection", &extra).unwrap();
    let amount = Fen::new(AMOUNT).ok();
    assert_eq!(reply.outcome, Outcome::Settled);
    assert_eq!(reply.query_id.as_deref(), Some(QUERY_ID));
    assert_eq!(
        reply.booked,
        Booked {
            amount,
            settle_amount: amount,
            settle_date: Some("1120".to_owned()),
            trace_number: Some("000018".to_owned()),
        }
    );
    assert!(reply.token.is_none(), "a collection opens no agreement");
    let odd = [("respCode", "00"), ("settleDate", "11-20"), ("settleAmt", "x"), ("traceNo", "a b")];
    assert_eq!(read("collect", &odd).unwrap().booked, Booked::default());
}

#[test]
fn golden_answers_about_money() {
    golden(|| {
        for (name, extra) in [
            ("disburse", &[("respCode", "00"), ("respMsg", "成功[0000000]"), QUERY][..]),
            ("send_payment_code", &[("respCode", "00"), ("respMsg", "成功[0000000]")]),
            ("collect", &[("respCode", "05"), ("respMsg", "交易已受理[0000005]"), QUERY]),
            ("refund", &[("respCode", "00"), ("respMsg", "成功[0000000]"), QUERY]),
            ("undo", &[("respCode", "35"), ("respMsg", "原交易状态不正确[2040004]")]),
            ("reverse", &[("respCode", "00"), ("respMsg", "成功[0000000]")]),
            ("query_state_of_disbursement", &[("respCode", "00"), ("origRespCode", "60"), QUERY]),
            (
                "query_state_of_collection",
                &[
                    ("respCode", "00"),
                    ("origRespCode", "00"),
                    ("origRespMsg", "成功[0000000]"),
                    ("txnAmt", AMOUNT_TEXT),
                    ("currencyCode", "156"),
                    ("settleAmt", AMOUNT_TEXT),
                    ("settleDate", "1120"),
                    ("traceNo", "000018"),
                    QUERY,
                ],
            ),
            ("query_state_of_reversal", &[("respCode", "00"), ("origRespCode", "46"), QUERY]),
        ] {
            let account = keyed_account();
            let Exchanged { message, sent } = send(&account, name);
            let answer = signed_keyed(bank_answers(&message, extra));
            let reply = decode(&account, &sent, &answer).unwrap();
            let body = String::from_utf8(answer.body).unwrap();
            insta::assert_snapshot!(
                format!("answer_{name}"),
                format!("{body}\n\n{}", show(&reply))
            );
        }
    });
}

const QUERY: (&str, &str) = ("queryId", QUERY_ID);

fn show(reply: &Reply) -> String {
    format!(
        "outcome: {:?}\nphase: {}\nclass: {:?}\ncauses: {:?}\nnot found: {}\nquery id: {:?}\n{:?}",
        reply.outcome,
        reply.phase.name(),
        reply.meaning.class,
        reply.meaning.causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>(),
        reply.not_found,
        reply.query_id,
        reply.booked,
    )
}

fn refused(request: &Request) -> Unencodable {
    refused_at(request, NOW)
}

fn refused_at(request: &Request, now: Timestamp) -> Unencodable {
    let (order, entropy) = (order(), SystemEntropy::new());
    let context = Context { now, entropy: &entropy, order: &order };
    acp(&keyed_account()).encode(request, &context).unwrap_err()
}

#[test]
fn what_cannot_be_paid_is_refused_before_it_leaves() {
    let amount = Fen::new(AMOUNT).unwrap();
    let token = || Secret::new("6235240000020757577".to_owned());
    let nobody = Elements { name: None, id_number: None, ..elements() };
    let disburse = |elements, bill_number| Request::Disburse {
        payee: Payee::Person(elements),
        amount,
        bill_number,
    };
    let wrong = |field, why| Unencodable { field, why };
    let form = |field| wrong(field, UnencodableWhy::Form);
    assert_eq!(refused(&disburse(nobody, None)), wrong("name", UnencodableWhy::Missing));
    for number in ["a&txnAmt=1", "", &"1".repeat(61)] {
        let request = disburse(elements(), Some(number.to_owned()));
        assert_eq!(refused(&request), form("bill_number"), "{number}");
    }
    for amount in [Fen::ZERO, Fen::new(1_000_000_000_000).unwrap()] {
        let request = Request::Collect { token: token(), amount, code: None };
        assert_eq!(refused(&request), form("amount"));
    }
    for original in ["", "1&txnAmt=2"] {
        let request = Request::Refund { original: original.to_owned(), amount };
        assert_eq!(refused(&request), form("original"));
    }
    for token in ["", "1&trId=2", "1}"] {
        let token = Secret::new(token.to_owned());
        assert_eq!(refused(&Request::SendPaymentCode { token, amount }), form("token"));
    }
}

#[test]
fn either_name_or_id_number_will_do_and_no_phone_is_told() {
    let amount = Fen::new(AMOUNT).unwrap();
    for elements in
        [Elements { name: None, ..elements() }, Elements { id_number: None, ..elements() }]
    {
        let request =
            Request::Disburse { payee: Payee::Person(elements), amount, bill_number: None };
        let (order, entropy) = (order(), SystemEntropy::new());
        let context = context(&order, &entropy);
        let (message, _) = acp(&keyed_account()).encode(&request, &context).unwrap();
        let group = bank_reads(&message).ascii("customerInfo").map(from_base64).unwrap();
        let group = Fields::parse_group(&group).unwrap();
        assert!(group.bytes("encryptedInfo").is_none());
        assert!(group.bytes("customerNm").is_some() != group.bytes("certifId").is_some());
    }
}

/// The settlement day of an order of 10:30 ends at 23:00.
#[test]
fn a_reversal_is_for_the_orders_settlement_day_only() {
    let request = Request::Reverse { amount: Fen::new(AMOUNT).unwrap() };
    let cut_off = NOW.plus_ms(12 * HOUR_MS + HOUR_MS / 2);
    assert_eq!(cut_off.beijing_compact(), "20261120230000");
    let (order, entropy) = (order(), SystemEntropy::new());
    for now in [NOW, cut_off.plus_ms(-1)] {
        let context = Context { now, entropy: &entropy, order: &order };
        assert!(acp(&keyed_account()).encode(&request, &context).is_ok());
    }
    let too_late = Unencodable { field: "order", why: UnencodableWhy::TooLate };
    assert_eq!(refused_at(&request, cut_off), too_late);
    assert_eq!(refused_at(&request, cut_off.plus_ms(SECOND_MS)), too_late);
}

fn notice(codes: (&str, &str), extra: &[(&str, &str)]) -> Notice {
    let account = keyed_account();
    let Exchanged { message, .. } = send(&account, "collect");
    let mut fields = bank_answers(&message, extra);
    fields.set("txnType", codes.0);
    fields.set("txnSubType", codes.1);
    suite::sign_keyed(KeyedHash::Sha256, &secret(), &mut fields);
    let request = HttpRequest {
        method: Method::Post,
        url: "/notify".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: fields.to_form(),
    };
    let (order, entropy) = (order(), SystemEntropy::new());
    acp(&account).notice(&request, &context(&order, &entropy)).unwrap().0
}

#[test]
fn a_notification_about_money_decides_nothing() {
    for (codes, operation) in [
        (("12", "00"), Operation::Disburse),
        (("01", "01"), Operation::Collect),
        (("04", "00"), Operation::Refund),
        (("31", "00"), Operation::Undo),
        (("99", "01"), Operation::Reverse),
    ] {
        for code in ["00", "A6", "61", "64", "11", "02", "ZZ"] {
            let extra = [("respCode", code), ("txnAmt", AMOUNT_TEXT), QUERY];
            let heard = notice(codes, &extra);
            assert_eq!(heard.operation, Some(operation));
            assert!(heard.order.is_same(&order()));
            let open = matches!(heard.outcome, Outcome::Pending(_) | Outcome::Unknown(..));
            assert!(open, "{code} of {}: {:?}", operation.name(), heard.outcome);
            assert_eq!(heard.booked.amount, Fen::new(AMOUNT).ok());
            assert_eq!(heard.query_id.as_deref(), Some(QUERY_ID));
        }
    }
}
