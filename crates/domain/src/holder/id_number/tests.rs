//! What is no ID number, every kind that is one, and that the check digit finds every slip.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// Seventeen digits with their check character.
fn with_check(seventeen: &str) -> String {
    "0123456789X"
        .chars()
        .map(|c| format!("{seventeen}{c}"))
        .find(|text| remainder(text.as_bytes()) == Some(1))
        .unwrap()
}

#[test]
fn what_is_no_id_number() {
    use IdNumberError as Why;
    let good = with_check("11010119900307123");
    for (text, why) in [
        (String::new(), Why::Missing),
        ("身份证".into(), Why::Missing),
        ("1101011990030712".into(), Why::TooShort { missing: 2 }),
        (format!("{good}1"), Why::TooLong { extra: 1 }),
        ("1101011990O3071234".into(), Why::Letter { at: 11 }),
        ("11010119900307X234".into(), Why::Letter { at: 15 }),
        ("110101年19900307".into(), Why::Letter { at: 7 }),
        ("1101**********1234".into(), Why::Masked),
        (with_check("11010119901307123"), Why::BirthDate { first: 7, last: 14 }),
        (with_check("11010118000101123"), Why::BirthDate { first: 7, last: 14 }),
        ("110101901307123".into(), Why::BirthDate { first: 7, last: 12 }),
    ] {
        assert_eq!(IdNumber::parse(&text), Err(why), "{text}");
    }
    assert_eq!(IdNumber::parse(&"1".repeat(100_000)), Err(Why::TooMuchText));
}

#[test]
fn a_swap_is_only_named_when_it_gives_a_region_that_is_known() {
    // Swapping 2 and 3 would mend the check character too, but there is no region 101101.
    let told = IdNumber::parse("110101197101010004");
    let Err(IdNumberError::CheckDigit { swap_at }) = told else { panic!("{told:?}") };
    assert_ne!(swap_at, Some(2));
    let mut swapped = with_check("11010119900307123").into_bytes();
    swapped.swap(8, 9);
    let swapped = String::from_utf8(swapped).unwrap();
    assert_eq!(IdNumber::parse(&swapped), Err(IdNumberError::CheckDigit { swap_at: Some(9) }));
}

#[test]
fn every_kind_is_told_apart() {
    for (text, kind) in [
        (with_check("11010119900307123"), IdKind::Resident),
        (with_check("81000019900307123"), IdKind::Permit),
        (with_check("82000019900307123"), IdKind::Permit),
        (with_check("83000019900307123"), IdKind::Permit),
        ("932682198501010017".into(), IdKind::PermanentResident),
        ("911124198108030024".into(), IdKind::PermanentResident),
        ("110101900307123".into(), IdKind::ResidentOld),
        ("USA110101900307".into(), IdKind::PermanentResidentOld),
    ] {
        let id = IdNumber::parse(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((id.kind(), id.expose()), (kind, &*text));
        assert_eq!(id.birth().is_none(), kind == IdKind::PermanentResidentOld);
    }
}

#[test]
fn any_dress_comes_off_and_the_final_x_is_capital() {
    let right = "11010519491231002X";
    for text in [
        "11010519491231002x",
        "11010519491231002Ｘ",
        "11010519491231002×",
        "11010519491231002Ⅹ",
        "11010519491231002Х",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "１１０１０５１９４９１２３１００２ｘ",
        "身份证号：11010519491231002X。",
        "\u{200b}110105\u{a0}19491231002X\n",
    ] {
        let id = IdNumber::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(id.expose(), right);
        assert_eq!(id.masked(), "11**************2X");
        assert_eq!(id.birth(), Some(date(1949, 12, 31)));
        assert_eq!(id.age_on(date(2026, 12, 30)), Some(76));
        assert_eq!(format!("{id:?}"), "IdNumber(••••)");
    }
}

#[test]
fn regions_of_each_kind() {
    for (text, expected) in [
        (with_check("11010119900307123"), Region::Current),
        (with_check("11010419900307123"), Region::Revoked { last_year: 2009 }),
        (with_check("19999919900307123"), Region::Unknown),
        (with_check("91132619900307123"), Region::Current),
        (with_check("90032619900307123"), Region::Unknown),
    ] {
        assert_eq!(IdNumber::parse(&text).unwrap().region(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}", near in "[0-9Xx*A]{14,19}") {
        let _ = IdNumber::parse(&text);
        let _ = IdNumber::parse(&near);
    }

    #[test]
    fn every_single_slip_is_found(
        year in 1930_u32..2005, month in 1_u32..13, day in 1_u32..29, tail in 0_u32..1000,
        place in 0_usize..17, other in 0_u8..10,
    ) {
        let right = with_check(&format!("110101{year}{month:02}{day:02}{tail:03}"));
        prop_assert!(IdNumber::parse(&right).is_ok());
        let mut wrong = right.clone().into_bytes();
        wrong[place] = b'0' + other;
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(IdNumber::parse(&wrong).is_ok(), wrong == right);

        let mut swapped = right.clone().into_bytes();
        swapped.swap(place, place + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        if swapped != right {
            match IdNumber::parse(&swapped) {
                Ok(_) => prop_assert!(false, "a swap passed"),
                Err(IdNumberError::CheckDigit { swap_at: Some(at) }) => {
                    prop_assert_eq!(usize::from(at), place + 1);
                }
                Err(_) => {}
            }
        }
    }
}
