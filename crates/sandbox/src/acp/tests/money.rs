//! The messages that move money, written here by hand from the protocol's tables: as bytes, as
//! questions to the bank, and as what comes back by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{FieldOpener, FieldSealer, KeyedHash, suite};
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use zeroize::Zeroizing;

use super::*;
use crate::bank::{PaymentState, SettlementDay};
use crate::faults::Rule;

const NOTIFY: &str = "http://127.0.0.1:2/notify";

/// A merchant's till at a bank.
struct Till {
    bank: AcpBank,
    secret: Secret,
    now: Timestamp,
    encoding: Encoding,
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

impl Till {
    fn new() -> Self {
        let secret = Secret::new("between two".to_owned());
        let bank = AcpBank::simulation(MERCHANT_NUMBER, &secret, cards::bank());
        let now = Timestamp::from_beijing_compact("20261126120000").unwrap();
        Self { bank, secret, now, encoding: Encoding::Utf8 }
    }

    /// One message; what is answered, without what it repeats.
    fn ask(&mut self, codes: &str, id: &str, extra: &[(&str, String)]) -> String {
        plain(&self.exchange(codes, id, extra).unwrap(), self.encoding)
    }

    fn exchange(&mut self, codes: &str, id: &str, extra: &[(&str, String)]) -> Option<Fields> {
        let answer = self.answer(codes, id, extra);
        let fields = Fields::parse_answer(&answer.response.body, self.encoding).ok()?;
        suite::verify_keyed(KeyedHash::Simulation, &self.secret, &fields).ok()?;
        Some(fields)
    }

    fn answer(&mut self, codes: &str, id: &str, extra: &[(&str, String)]) -> Answer {
        let body = self.form(codes, id, extra);
        let request = HttpRequest {
            method: mingka_channels::Method::Post,
            url: String::new(),
            content_type: String::new(),
            body,
        };
        self.bank.answer(self.now, &Sevens, &request)
    }

    fn form(&self, codes: &str, id: &str, extra: &[(&str, String)]) -> Zeroizing<Vec<u8>> {
        let codes: Vec<&str> = codes.split('/').collect();
        let mut fields = Fields::new();
        let common = [
            ("version", "5.1.0"),
            ("encoding", self.encoding.name()),
            ("signMethod", "simulation"),
            ("txnType", codes[0]),
            ("txnSubType", codes[1]),
            ("bizType", codes[2]),
            ("accessType", "0"),
            ("channelType", "07"),
            ("merId", MERCHANT_NUMBER),
            ("orderId", id),
            ("txnTime", "20261126120000"),
        ];
        for (name, value) in common {
            fields.set(name, value);
        }
        fields.set("signMethod", KeyedHash::Simulation.method());
        for (name, value) in extra {
            fields.set(name, self.encoding.encode(value).unwrap());
        }
        suite::sign_keyed(KeyedHash::Simulation, &self.secret, &mut fields);
        fields.to_form()
    }

    fn payee(&self, card: &MagicCard, fen: &str) -> Vec<(&'static str, String)> {
        let sealer = FieldSealer::Simulation(self.secret.clone());
        let mut customer = Fields::new();
        customer.set("customerNm", self.encoding.encode(&card.name).unwrap());
        vec![
            ("txnAmt", fen.to_owned()),
            ("currencyCode", "156".to_owned()),
            ("encryptCertId", "1".to_owned()),
            ("accType", "01".to_owned()),
            ("accNo", sealer.seal(card.number.as_bytes(), &Sevens).unwrap()),
            ("customerInfo", STANDARD.encode(customer.to_group().as_slice())),
            ("backUrl", NOTIFY.to_owned()),
        ]
    }

    fn disburse(&mut self, id: &str, card: &MagicCard, fen: &str) -> String {
        let extra = self.payee(card, fen);
        self.ask("12/00/000401", id, &extra)
    }

    /// Binds a card through the bank and gives the token.
    fn bind(&mut self, card: &MagicCard) -> String {
        let mut pair = Pair::simulated();
        std::mem::swap(&mut pair.bank, &mut self.bank);
        let order = pair.order("binding0");
        pair.ask(&send(card), &order);
        let opened = pair.ask(&open(card, CODE_ALWAYS_RIGHT), &order);
        std::mem::swap(&mut pair.bank, &mut self.bank);
        opened.token.unwrap().number.expose().to_owned()
    }

    fn send_code(&mut self, id: &str, token: &str, fen: &str) -> String {
        self.ask("77/02/000902", id, &payer(token, fen))
    }

    fn collect(&mut self, id: &str, token: &str, fen: &str) -> String {
        self.send_code(id, token, fen);
        let mut extra = payer(token, fen);
        extra.push(("customerInfo", STANDARD.encode("{smsCode=111111}")));
        extra.push(("backUrl", NOTIFY.to_owned()));
        self.ask("01/01/000902", id, &extra)
    }

    fn query(&mut self, id: &str) -> String {
        self.ask("00/00/000000", id, &[])
    }

    /// The code of an inquiry: of the order, or of the inquiry itself where it finds none.
    fn queried(&mut self, id: &str) -> String {
        let fields = self.exchange("00/00/000000", id, &[]).unwrap();
        let code = fields.ascii("origRespCode").or(fields.ascii("respCode"));
        code.unwrap().to_owned()
    }

    fn pass(&mut self, ms: i64) -> Vec<Notification> {
        self.now = self.now.plus_ms(ms);
        self.bank.tick(self.now, &Sevens)
    }

    fn plan(&mut self, fault: Fault) {
        self.bank.faults_mut().add(Rule::next(1, fault));
    }

    fn state(&self, id: &str) -> PaymentState {
        let payments: Vec<_> = self.bank.bank().payments().collect();
        payments.iter().find(|payment| payment.order.order_id == id).unwrap().state
    }

    fn read(&self, notification: &Notification) -> (Fields, bool) {
        assert_eq!(notification.request.url, NOTIFY);
        let fields = Fields::parse_form(&notification.request.body).unwrap();
        let proven = suite::verify_keyed(KeyedHash::Simulation, &self.secret, &fields).is_ok();
        (fields, proven)
    }
}

fn payer(token: &str, fen: &str) -> Vec<(&'static str, String)> {
    vec![
        ("txnAmt", fen.to_owned()),
        ("currencyCode", "156".to_owned()),
        ("tokenPayData", format!("{{trId=62000000001&token={token}}}")),
    ]
}

fn back(original: &str, fen: &str) -> Vec<(&'static str, String)> {
    vec![
        ("txnAmt", fen.to_owned()),
        ("origQryId", original.to_owned()),
        ("backUrl", NOTIFY.to_owned()),
    ]
}

fn plain(fields: &Fields, encoding: Encoding) -> String {
    let boring =
        ["version", "encoding", "signMethod", "accessType", "merId", "signature", "channelType"];
    let shown = fields.iter().filter(|(name, _)| !boring.contains(name));
    let pieces: Vec<String> =
        shown.map(|(name, value)| format!("{name}={}", encoding.decode(value).unwrap())).collect();
    pieces.join("&")
}

fn query_id(answer: &str) -> String {
    let at = answer.find("queryId=").unwrap() + "queryId=".len();
    answer[at..at + 21].to_owned()
}

#[test]
fn a_disbursement_as_bytes() {
    let (mut till, card) = (Till::new(), magic("ok"));
    assert_eq!(
        till.disburse("payout01", &card, "50000"),
        "bizType=000401&currencyCode=156&orderId=payout01&queryId=202611261200000000001&respCode=00\
         &respMsg=成功&txnAmt=50000&txnSubType=00&txnTime=20261126120000&txnType=12"
    );
    assert_eq!(
        till.query("payout01"),
        "bizType=000000&currencyCode=156&orderId=payout01&origRespCode=05\
         &origRespMsg=交易已受理，请稍后查询&queryId=202611261200000000001&respCode=00&respMsg=成功\
         &traceNo=000001&traceTime=1126120000&txnAmt=50000&txnSubType=00&txnTime=20261126120000\
         &txnType=00"
    );
    let [notification] = till.pass(10 * SECOND_MS).try_into().unwrap();
    let (fields, proven) = till.read(&notification);
    assert!(proven);
    let sealed = fields.ascii("accNo").unwrap();
    let opened = FieldOpener::Simulation(&till.secret).open(sealed).unwrap();
    assert_eq!(&*opened, card.number.as_bytes());
    let said = plain(&fields, till.encoding).replace(sealed, "*");
    assert_eq!(
        said,
        "accNo=*&bizType=000401&currencyCode=156&orderId=payout01&queryId=202611261200000000001\
         &respCode=00&respMsg=成功&settleAmt=50000&settleCurrencyCode=156&settleDate=1126\
         &traceNo=000001&traceTime=1126120000&txnAmt=50000&txnSubType=00&txnTime=20261126120000\
         &txnType=12"
    );
    assert_eq!(
        till.query("payout01"),
        "bizType=000000&currencyCode=156&orderId=payout01&origRespCode=00&origRespMsg=成功\
         &queryId=202611261200000000001&respCode=00&respMsg=成功&settleAmt=50000\
         &settleCurrencyCode=156&settleDate=1126&traceNo=000001&traceTime=1126120000&txnAmt=50000\
         &txnSubType=00&txnTime=20261126120000&txnType=00"
    );
    let again = till.disburse("payout01", &card, "50000");
    assert!(again.contains("respCode=12&respMsg=重复交易"), "{again}");
    assert!(till.query("payout99").contains("respCode=34"));
}

#[test]
fn a_repayment_and_what_can_be_done_with_it_as_bytes() {
    let mut till = Till::new();
    let token = till.bind(&magic("ok"));
    let sent = till.send_code("repay001", &token, "30000");
    assert!(sent.contains("respCode=00&respMsg=成功"), "{sent}");
    let taken = till.collect("repay001", &token, "30000");
    let original = query_id(&taken);
    assert_eq!(
        taken,
        format!(
            "bizType=000902&currencyCode=156&orderId=repay001&queryId={original}&respCode=00\
             &respMsg=成功&txnAmt=30000&txnSubType=01&txnTime=20261126120000&txnType=01"
        )
    );
    assert_eq!(till.pass(MINUTE_MS).len(), 1);
    assert_eq!(till.queried("repay001"), "00");

    let refund = till.ask("04/00/000902", "refund01", &back(&original, "10000"));
    assert!(refund.contains("respCode=00"), "{refund}");
    let [notification] = till.pass(MINUTE_MS).try_into().unwrap();
    let (fields, proven) = till.read(&notification);
    assert!(proven && fields.ascii("txnType") == Some("04"));
    let above = till.ask("04/00/000902", "refund02", &back(&original, "20001"));
    assert!(above.contains("respCode=36&respMsg=与原交易信息不符"), "{above}");
    let undo = till.ask("31/00/000902", "undoing1", &back(&original, "30000"));
    assert!(undo.contains("respCode=45"), "{undo}");

    let original = query_id(&till.collect("repay002", &token, "30000"));
    till.pass(MINUTE_MS);
    let undo = till.ask("31/00/000902", "undoing2", &back(&original, "30000"));
    assert!(undo.contains("respCode=00"), "{undo}");
    let [notification] = till.pass(MINUTE_MS).try_into().unwrap();
    assert_eq!(till.read(&notification).0.ascii("txnType"), Some("31"));

    // A reversal names its collection by its identity, and nobody is notified of it.
    till.collect("repay003", &token, "30000");
    let amount = [("txnAmt", "30000".to_owned())];
    let reversed = till.ask("99/01/000902", "repay003", &amount);
    assert!(reversed.contains("respCode=00&respMsg=成功"), "{reversed}");
    assert!(till.pass(MINUTE_MS).is_empty());
    assert_eq!(till.queried("repay003"), "46");
    let original = query_id(&till.collect("repay004", &token, "30000"));
    let reversed = till.ask("99/01/000902", "reverse4", &[("origQryId", original)]);
    assert!(reversed.contains("respCode=00"), "{reversed}");
    assert_eq!(till.queried("repay004"), "46");
    assert!(till.ask("99/01/000902", "repay999", &amount).contains("respCode=35"));
}

#[test]
fn a_company_is_paid_under_its_name() {
    let mut till = Till::new();
    let account = cards::company();
    let card = MagicCard { number: account.number.clone(), ..magic("ok") };
    let to = |till: &Till, name: &str| {
        let mut extra = till.payee(&card, "100");
        extra.retain(|(field, _)| !["customerInfo", "accType"].contains(field));
        extra.push(("accType", "04".to_owned()));
        extra.push(("reserved", format!("{{comDebitCardAccName={name}}}")));
        extra
    };
    for encoding in [Encoding::Utf8, Encoding::Gbk] {
        till.encoding = encoding;
        for (id, name, code) in
            [("payout01", account.name.as_str(), "00"), ("payout02", "别的公司", "66")]
        {
            let id = format!("{id}{}", encoding.name().replace('-', ""));
            let extra = to(&till, name);
            assert!(till.ask("12/00/000401", &id, &extra).contains("respCode=00"));
            till.pass(MINUTE_MS);
            assert_eq!(till.queried(&id), code, "{name}");
        }
    }
}

#[test]
fn what_is_incomplete_or_not_this_product_is_turned_away() {
    let mut till = Till::new();
    let (card, token) = (magic("ok"), till.bind(&magic("ok")));
    let before = till.bank.bank().entries().len();
    let disbursement = till.payee(&card, "100");
    let table: [(&str, &[(&str, String)], &str, &str, &str); 13] = [
        ("12/00/000401", &disbursement, "txnAmt", "", "13"),
        ("12/00/000401", &disbursement, "txnAmt", "0", "10"),
        ("12/00/000401", &disbursement, "txnAmt", "-1", "10"),
        ("12/00/000401", &disbursement, "txnAmt", "1.00", "10"),
        ("12/00/000401", &disbursement, "txnAmt", "1234567890123", "10"),
        ("12/00/000401", &disbursement, "currencyCode", "840", "10"),
        ("12/00/000401", &disbursement, "currencyCode", "", "13"),
        ("12/00/000401", &disbursement, "customerInfo", "", "13"),
        ("12/00/000401", &disbursement, "accType", "04", "13"),
        ("12/00/000902", &disbursement, "", "", "32"),
        ("01/01/000301", &payer(&token, "100"), "", "", "32"),
        ("01/01/000902", &payer(&token, "100"), "tokenPayData", "{trId=1}", "13"),
        ("04/00/000902", &back("1", "100"), "origQryId", "", "13"),
    ];
    for (codes, good, field, value, wanted) in table {
        let mut extra = good.to_vec();
        extra.retain(|(name, _)| *name != field);
        extra.push((field, value.to_owned()));
        extra.retain(|(name, value)| !name.is_empty() && !value.is_empty());
        let said = till.ask(codes, "turned00", &extra);
        assert!(said.contains(&format!("respCode={wanted}&")), "{codes} {field}={value}: {said}");
    }
    assert_eq!(till.bank.bank().entries().len(), before);
}

/// Each card does, once money is concerned, what the catalogue says.
#[test]
fn every_card_does_with_money_what_the_catalogue_says() {
    let mut promised = 0;
    for card in cards::catalogue() {
        let Some(money) = &card.money else { continue };
        promised += 1;
        let fen = money.amount_fen.to_string();
        let mut till = Till::new();
        till.disburse("payout01", &card, &fen);
        till.pass(3 * MINUTE_MS);
        assert_eq!(till.queried("payout01"), money.disbursement, "{}: disbursement", card.slug);
        let mut till = Till::new();
        let token = till.bind(&card);
        till.collect("repay001", &token, &fen);
        till.pass(3 * MINUTE_MS);
        assert_eq!(till.queried("repay001"), money.repayment, "{}: repayment", card.slug);
        // A card in order does nothing of it.
        let mut till = Till::new();
        till.disburse("payout01", &magic("ok"), &fen);
        let token = till.bind(&magic("ok"));
        till.collect("repay001", &token, &fen);
        till.pass(3 * MINUTE_MS);
        assert_eq!(
            (till.queried("payout01"), till.queried("repay001")),
            ("00".into(), "00".into())
        );
    }
    assert!(promised >= 12);
}

#[test]
fn each_fault_of_a_notification_is_what_it_says() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for (n, fault) in [
        Fault::DuplicateNotification,
        Fault::NotificationForAnother,
        Fault::NotificationForged,
        Fault::NoNotification,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("payout0{n}");
        till.plan(fault.clone());
        till.disburse(&id, &card, "100");
        let sent = till.pass(MINUTE_MS);
        let read: Vec<(Fields, bool)> = sent.iter().map(|one| till.read(one)).collect();
        let own = |fields: &Fields| fields.ascii("orderId") == Some(&id);
        match fault {
            Fault::DuplicateNotification => {
                assert_eq!(read.len(), 2);
                assert!(read.iter().all(|(fields, proven)| own(fields) && *proven));
            }
            Fault::NotificationForAnother => assert!(!own(&read[0].0) && read[0].1),
            Fault::NotificationForged => assert!(own(&read[0].0) && !read[0].1),
            _ => assert!(read.is_empty()),
        }
        assert_eq!(till.queried(&id), "00", "{fault:?}");
    }
    till.plan(Fault::NotificationFirst);
    let extra = till.payee(&card, "100");
    let answer = till.answer("12/00/000401", "payout09", &extra);
    assert_eq!(answer.notifications[0].after_ms, 0);
    assert!(answer.delivery.delay_ms > 1_000, "the answer comes later");
    assert!(till.read(&answer.notifications[0]).1);
    assert!(till.pass(MINUTE_MS).is_empty(), "and it comes once");
    // Nobody is told who has named no address.
    let quiet: Vec<_> = extra.into_iter().filter(|(name, _)| *name != "backUrl").collect();
    till.ask("12/00/000401", "payout10", &quiet);
    assert!(till.pass(MINUTE_MS).is_empty());
}

#[test]
fn each_fault_about_money_is_what_it_says() {
    let settled = |state| matches!(state, PaymentState::Settled { .. });
    let refusal = crate::bank::Refusal::InsufficientFunds;
    let day = DAY_MS;
    // The fault; the answer's code; an inquiry's after a minute, and after two days; whether the
    // money has moved then.
    let table: [(Fault, &str, &str, &str, bool); 9] = [
        (Fault::SettleAfter { ms: HOUR_MS }, "00", "05", "00", true),
        (Fault::NeverExecuted, "00", "05", "05", false),
        (Fault::UntilStatement, "00", "05", "00", true),
        (Fault::NotFound { ms: HOUR_MS }, "00", "34", "00", true),
        (Fault::DeclinedThenSettled { refusal }, "64", "64", "64", true),
        (Fault::SuspectedDuplicate, "12", "12", "12", false),
        (Fault::BookedNextDay, "00", "00", "00", true),
        (Fault::Pending, "05", "00", "00", true),
        (Fault::DuplicateRequest, "12", "00", "00", true),
    ];
    for (fault, answered, first, last, moved) in table {
        let mut till = Till::new();
        till.plan(fault.clone());
        let answer = till.disburse("payout01", &magic("ok"), "100");
        assert!(answer.contains(&format!("respCode={answered}&")), "{fault:?}: {answer}");
        till.pass(MINUTE_MS);
        assert_eq!(till.queried("payout01"), first, "{fault:?}");
        till.pass(2 * day);
        assert_eq!(till.queried("payout01"), last, "{fault:?}");
        assert_eq!(settled(till.state("payout01")), moved, "{fault:?}");
    }
    let mut till = Till::new();
    till.plan(Fault::Returned { ms: 3 * day });
    till.disburse("payout01", &magic("ok"), "100");
    till.pass(3 * day + MINUTE_MS);
    assert!(matches!(till.state("payout01"), PaymentState::Returned { .. }));
    // What money does leaves a binding alone, and is not used up by it.
    let mut till = Till::new();
    till.plan(Fault::NeverExecuted);
    till.bind(&magic("ok-16"));
    till.disburse("payout01", &magic("ok"), "100");
    till.pass(MINUTE_MS);
    assert_eq!(till.queried("payout01"), "05");
}

#[test]
fn a_lost_answer_to_an_order_about_money_leaves_the_order() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for (n, (fault, executed)) in [
        (Fault::DropBefore, false),
        (Fault::DropAfter, true),
        (Fault::HalfAnswer, true),
        (Fault::BadGateway, false),
        (Fault::BadGatewayAfter, true),
        (Fault::WrongSignature, true),
        (Fault::Code { code: "03".to_owned(), message: String::new() }, false),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("payout0{n}");
        till.plan(fault.clone());
        let extra = till.payee(&card, "100");
        till.answer("12/00/000401", &id, &extra);
        till.pass(MINUTE_MS);
        let wanted = if executed { "00" } else { "34" };
        assert_eq!(till.queried(&id), wanted, "{fault:?}");
    }
}

#[test]
fn a_statement_can_be_late_incomplete_and_cut() {
    let (mut till, card) = (Till::new(), magic("ok"));
    for id in ["payout01", "payout02", "payout03"] {
        till.disburse(id, &card, "100");
    }
    till.plan(Fault::StatementLate);
    till.plan(Fault::StatementIncomplete { missing: 2 });
    till.plan(Fault::StatementCut { missing: 1 });
    let day = SettlementDay::of(till.now);
    let mut read = |ms: i64| {
        till.pass(ms);
        till.bank.statement(till.now, MERCHANT_NUMBER, day).map(|text| {
            let head = text.lines().next().unwrap();
            let claims = head.split(',').filter(|piece| piece.contains("co")).collect::<Vec<_>>();
            (claims.join(" "), text.lines().count() - 2)
        })
    };
    assert_eq!(read(12 * HOUR_MS), None, "before its time no fault is used up");
    assert_eq!(read(DAY_MS), None, "late");
    assert_eq!(read(0), Some(("count=1 complete=false".to_owned(), 1)));
    assert_eq!(read(0), Some(("count=3 complete=true".to_owned(), 2)));
    assert_eq!(read(0), Some(("count=3 complete=true".to_owned(), 3)));
}
