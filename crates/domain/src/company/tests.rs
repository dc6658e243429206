//! Codes with every single slip found; names in the form of the licence.

use proptest::prelude::*;

use super::*;

const GOOD: [&str; 2] = ["91110000600037341L", "913301087458306077"];

/// The head offices' clearing codes, one of each kind of bank first.
const CLEARING: &str = include_str!("../../../../data/banks/clearing_codes.csv");

#[test]
fn what_is_no_credit_code() {
    use CreditCodeError as Why;
    for (text, why) in [
        ("", Why::Missing),
        ("统一社会信用代码：", Why::Missing),
        ("9111000060003734", Why::Length { characters: 16 }),
        ("91110000600037341LL", Why::Length { characters: 19 }),
        ("110108012345678", Why::Length { characters: 15 }),
        ("9111000060003734IL", Why::Character { at: 17 }),
        ("9111OOOO600037341L", Why::Character { at: 5 }),
        ("9111****600037341L", Why::Character { at: 5 }),
        ("91110000600037341M", Why::Check { first: 1, last: 8 }),
        ("91110000600037431L", Why::Check { first: 9, last: 17 }),
    ] {
        assert_eq!(CreditCode::parse(text), Err(why), "{text}");
    }
    let long = "9".repeat(100_000);
    assert_eq!(CreditCode::parse(&long), Err(Why::Length { characters: 100_000 }));
}

#[test]
fn credit_codes_in_any_dress() {
    for good in GOOD {
        let code = CreditCode::parse(good).unwrap();
        assert!(code.organisation_fits(), "{good}");
        for text in [
            good.to_lowercase(),
            format!("代码：{good}。"),
            format!(
                " {} {}-{} ",
                good.split_at(6).0,
                good.split_at(12).0.split_at(6).1,
                good.split_at(12).1
            ),
            good.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
        ] {
            assert_eq!(
                CreditCode::parse(&text).as_ref().map(CreditCode::expose),
                Ok(good),
                "{text}"
            );
        }
    }
    assert_eq!(format!("{:?}", CreditCode::parse(GOOD[0])), "Ok(CreditCode(••••))");
}

#[test]
fn letters_in_front_and_an_odd_organisation_part_pass() {
    // Letters are possible in the first two places; nothing but the check decides.
    let body = "N2110000600037341";
    let code = CREDIT_ALPHABET.chars().find_map(|c| CreditCode::parse(&format!("{body}{c}")).ok());
    assert!(code.is_some_and(|code| code.organisation_fits()));
    let odd = "91110000600037342";
    let code = CREDIT_ALPHABET.chars().find_map(|c| CreditCode::parse(&format!("{odd}{c}")).ok());
    assert!(code.is_some_and(|code| !code.organisation_fits()));
}

#[test]
fn what_is_no_clearing_code() {
    use ClearingCodeError as Why;
    for (text, why) in [
        ("", Why::Missing),
        ("联行号", Why::Missing),
        ("10210009999", Why::Length { digits: 11 }),
        ("1021000999966", Why::Length { digits: 13 }),
        ("1021a00099996", Why::Letter { after: 4 }),
        ("102100099995", Why::Check),
        ("120100099996", Why::Check),
    ] {
        assert_eq!(ClearingCode::parse(text), Err(why), "{text}");
    }
    let long = "1".repeat(100_000);
    assert_eq!(ClearingCode::parse(&long), Err(Why::Length { digits: 100_000 }));
}

#[test]
fn every_head_office_fits_its_check_digit() {
    let codes: Vec<&str> = CLEARING.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    assert_eq!(codes.len(), 80);
    for code in codes {
        let parsed = ClearingCode::parse(code).unwrap_or_else(|why| panic!("{code}: {why}"));
        assert_eq!(parsed.expose(), code);
        for place in 0..12 {
            for digit in b'0'..=b'9' {
                let mut wrong = code.as_bytes().to_vec();
                wrong[place] = digit;
                let wrong = String::from_utf8(wrong).unwrap();
                assert_eq!(ClearingCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
            }
        }
    }
}

#[test]
fn names_take_the_form_of_the_licence() {
    use CompanyNameError as Why;
    for (text, why) in [
        ("", Why::Missing),
        (" \u{3000}", Why::Missing),
        ("百度", Why::TooShort),
        ("北京<b>某某</b>有限公司", Why::Character { at: 3 }),
        ("北京某某😀有限公司", Why::Character { at: 5 }),
        ("北京某某*限公司", Why::Character { at: 5 }),
        ("北京\u{202e}某某有限公司", Why::Character { at: 3 }),
        ("北京某某有限公司'; --", Why::Character { at: 9 }),
    ] {
        assert_eq!(CompanyName::parse(text), Err(why), "{text:?}");
    }
    assert_eq!(CompanyName::parse(&"公".repeat(61)), Err(Why::TooLong));
    assert_eq!(CompanyName::parse(&"公".repeat(40_000)), Err(Why::TooLong));
    for (typed, kept) in [
        ("北京某某科技(上海)有限公司", "北京某某科技（上海）有限公司"),
        (" 北京 某某 有限公司\u{200b}", "北京某某有限公司"),
        ("ＡＢＣ科技（中国）有限公司", "ABC科技（中国）有限公司"),
        ("ABC  Capital 有限公司", "ABC Capital有限公司"),
        ("５８同城有限公司", "58同城有限公司"),
    ] {
        assert_eq!(CompanyName::parse(typed).as_ref().map(CompanyName::expose), Ok(kept));
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}", near in "[0-9A-Z]{17,19}") {
        let _ = CompanyName::parse(&text);
        let _ = ClearingCode::parse(&text);
        let _ = CreditCode::parse(&text);
        let _ = CreditCode::parse(&near);
    }

    #[test]
    fn every_single_slip_in_a_credit_code_is_found(
        which in 0_usize..2, place in 0_usize..18, other in 0_usize..31, swap in 0_usize..17,
    ) {
        let good = GOOD[which];
        let mut wrong: Vec<char> = good.chars().collect();
        wrong[place] = CREDIT_ALPHABET.chars().nth(other).unwrap();
        let wrong: String = wrong.into_iter().collect();
        prop_assert_eq!(CreditCode::parse(&wrong).is_ok(), wrong == good);
        let mut swapped: Vec<char> = good.chars().collect();
        swapped.swap(swap, swap + 1);
        let swapped: String = swapped.into_iter().collect();
        prop_assert_eq!(CreditCode::parse(&swapped).is_ok(), swapped == good);
    }
}
