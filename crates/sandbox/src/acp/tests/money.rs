//! The messages that move money, written here by hand from the protocol's tables: as bytes, as
//! questions to the bank, and as what comes back by itself.

use mingka_channels::acp::FieldOpener;
use mingka_domain::time::{MINUTE_MS, SECOND_MS};

use super::till::{Till, back, payer, plain, query_id};
use super::*;

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
    type Case<'a> = (&'a str, &'a [(&'a str, String)], &'a str, &'a str, &'a str);
    let table: [Case<'_>; 13] = [
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
