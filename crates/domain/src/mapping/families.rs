//! What holds for every family of codes, and most of all for those that no adapter speaks yet. The
//! lists here are written a second time, by hand, on purpose.

use super::*;
use crate::outcome::{Operation, Phase, ResponseCode};

/// Of the channels that no adapter speaks yet, no first answer and no notification ever decides
/// about money, and an inquiry settles it only by the codes written here a second time. UnionPay's
/// own tests hold its list.
#[test]
fn no_family_decides_money_in_a_first_answer() {
    let settles = [
        ("baofoo_agreement", "0000"),
        ("cmb_cdc.result", "S"),
        ("iso20022.transaction_status", "ACCC ACSC CPUC"),
        ("iso8583", "00 11 16"),
    ];
    let book = MappingBook::embedded();
    for family in book.families().into_iter().filter(|family| *family != "unionpay") {
        let may: &str = settles.iter().find(|(name, _)| *name == family).map_or("", |(_, c)| c);
        for code in book.codes(family) {
            for operation in Operation::ALL.into_iter().filter(|o| o.moves_money()) {
                let class =
                    |phase| book.read(family, operation, phase, &ResponseCode::new(code)).class;
                for phase in [Phase::Request, Phase::Notification] {
                    let open = matches!(class(phase), Class::Pending | Class::Unknown);
                    assert!(open, "{family} {code} {} {}", operation.name(), phase.name());
                }
                if class(Phase::Inquiry) == Class::Settled {
                    assert!(may.split(' ').any(|one| one == code), "{family} {code} settles");
                }
                assert_ne!(class(Phase::Inquiry), Class::NotAttempted, "{family} {code}");
            }
        }
    }
}

/// The codes of each channel that look like an end and are none, by its own papers.
#[test]
fn what_only_looks_like_an_end_is_none() {
    let book = MappingBook::embedded();
    for (family, codes) in [
        ("iso8583", "06 09 10 22 25 32 68 91 92 94 95 96 98 A2 R1 R2 R3 R4"),
        ("baofoo_agreement", "BF00100 BF00112 BF00113 BF00114 BF00115 BF00128 BF00144 BF00202"),
        ("baofoo_payout", "0000 200 0300 0401 0999"),
        ("lianlian_payout", "0000 1002 2005 4002 4003 4004 4006 4007 4009 8901 9999"),
        ("cmb_cdc.request", "AUT NTE BNK WRF OPR FIN"),
        ("cmb_cdc.result", "B U"),
        ("iso20022.transaction_status", "ACCP ACSP ACWP PDNG BLCK RCVD"),
        ("iso20022.status_reason", "AB03 AB09 DU03 DUPL AM05 NARR MS03"),
    ] {
        for code in codes.split(' ') {
            assert!(book.lists(family, code), "{family} {code}");
            let code = ResponseCode::new(code);
            let class = book.read(family, Operation::Disburse, Phase::Inquiry, &code).class;
            assert!(matches!(class, Class::Pending | Class::Unknown), "{family} {code}: {class:?}");
        }
    }
}

/// Whose money is short, and whose account is closed, depends on who pays.
#[test]
fn the_two_sides_of_a_payment_make_different_causes_of_one_code() {
    let book = MappingBook::embedded();
    let cause = |family: &str, operation, code: &str| {
        let meaning = book.read(family, operation, Phase::Inquiry, &ResponseCode::new(code));
        meaning.causes.first().unwrap().as_str().to_owned()
    };
    for (family, code, collect, disburse) in [
        ("iso8583", "51", "balance.insufficient", "platform.balance"),
        ("iso20022.status_reason", "AM04", "balance.insufficient", "platform.balance"),
        ("iso20022.status_reason", "AC07", "platform.configuration", "card.closed"),
        ("iso20022.status_reason", "AC02", "card.number_wrong", "platform.configuration"),
        ("iso20022.return", "AC07", "platform.configuration", "card.closed"),
    ] {
        assert_eq!(cause(family, Operation::Collect, code), collect, "{family} {code}");
        assert_eq!(cause(family, Operation::Disburse, code), disburse, "{family} {code}");
    }
}

#[test]
fn every_embedded_file_keeps_its_rules_and_every_code_is_counted() {
    if let Err(error) = MappingBook::parse_embedded() {
        panic!("{error}");
    }
    let coverage = MappingBook::embedded().coverage();
    assert_eq!(coverage.iter().map(|family| family.codes).sum::<usize>(), 1_007);
    for family in &coverage {
        let explained = family.done + family.one_cause + family.one_of;
        assert_eq!(explained, family.codes, "{}", family.family);
        assert!(family.final_without_money <= family.codes);
    }
    let unionpay = coverage.iter().find(|family| family.family == "unionpay").unwrap();
    assert_eq!((unionpay.codes, unionpay.done), (68, 2));
    assert_eq!(unionpay.final_for_money, 26);
}
