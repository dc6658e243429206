//! One table of entries and what is found in them.

mod leaks;

use jiff::civil::{Date, date};

use super::*;
use crate::card::{EXAMPLE_NUMBER, KindPolicy};
use crate::environment::{Network, Os, Version};
use crate::finding::Field;
use crate::text::Lang;

const TODAY: Date = date(2026, 11, 22);
const CARD: &str = "6217001234567890";
const ID: &str = "11010519491231002X";
const PHONE: &str = "13800138000";

/// A debit card of 19 digits that fits everything.
const DEBIT: &str = "6217000010012345678";

fn check(entry: &Entry<'_>) -> Precheck {
    precheck(entry, &Environment::default(), &Rules::default(), TODAY)
}

/// Causes with a capital S for what stops.
fn causes(precheck: &Precheck) -> Vec<String> {
    let mark = |severity| if severity == Severity::Stop { "S " } else { "w " };
    precheck
        .findings
        .iter()
        .map(|finding| format!("{}{}", mark(finding.severity), finding.cause))
        .collect()
}

fn card(text: &str) -> Vec<String> {
    causes(&check(&Entry { card_number: Some(text), ..Entry::default() }))
}

/// The first characters of a text of digits.
fn head(digits: &str, length: usize) -> &str {
    digits.split_at(length).0
}

/// The number with its last digit replaced so that the Luhn check fits.
fn fitting(digits: &str) -> String {
    let body = head(digits, digits.len() - 1);
    (0..10)
        .map(|last| format!("{body}{last}"))
        .find(|number| crate::card::luhn_fits(number))
        .unwrap()
}

#[test]
fn card_numbers_and_what_is_found() {
    let debit = fitting(DEBIT);
    for (text, expected) in [
        (String::new(), vec!["S card.number_missing"]),
        (" \u{200b}".into(), vec!["S card.number_missing"]),
        ("没有".into(), vec!["S card.number_missing"]),
        (debit.replace("0010", "00l0"), vec!["S card.number_letter"]),
        ("6217 **** **** 5678".into(), vec!["S card.number_masked"]),
        ("6 ".repeat(50_000), vec!["S card.number_too_long"]),
        (head(&debit, 18).into(), vec!["S card.number_too_short"]),
        (format!("{debit}00"), vec!["S card.number_too_long"]),
        (CARD.into(), vec!["S card.number_too_short"]),
        ("6999 9999 9999".into(), vec!["w card.bin_unknown", "S card.number_too_short"]),
        ("6999 9999 9999 9999 9999".into(), vec!["w card.bin_unknown", "S card.number_too_long"]),
        (fitting("6999999999999999"), vec!["w card.bin_unknown"]),
        (EXAMPLE_NUMBER.into(), vec!["S card.kind_not_accepted", "w card.check_digit"]),
        ("4111111111111112".into(), vec!["w card.bin_unknown", "S card.check_digit"]),
        ("4111111111111111".into(), vec!["w card.bin_unknown"]),
        (fitting("6221550000000000"), vec!["S card.kind_not_accepted"]),
        (debit.clone(), vec![]),
        (format!("卡号：{} {}（建设银行）", head(&debit, 4), debit.split_at(4).1), vec![]),
    ] {
        assert_eq!(card(&text), expected, "{text:.40}");
    }
}

#[test]
fn a_failed_check_digit_of_a_unionpay_card_never_stops() {
    let rules = Rules {
        disbursement: KindPolicies { credit: KindPolicy::Accept, ..KindPolicies::default() },
        repayment: KindPolicies { credit: KindPolicy::Accept, ..KindPolicies::default() },
        ..Rules::default()
    };
    let entry = Entry::four(EXAMPLE_NUMBER, "全渠道", ID, PHONE);
    let found = precheck(&entry, &Environment::default(), &rules, TODAY);
    assert_eq!(causes(&found), ["w card.check_digit"]);
    assert_eq!(found.parsed.unwrap().card_number.expose(), EXAMPLE_NUMBER);
    assert_eq!(found.card.unwrap().kind, CardKind::Credit);
}

#[test]
fn the_length_says_how_many() {
    let debit = fitting(DEBIT);
    let text = |number: &str, lang| {
        let found = check(&Entry { card_number: Some(number), ..Entry::default() });
        found.findings[0].text(lang)
    };
    assert!(text(head(&debit, 17), Lang::Zh).contains("少了 2 位"));
    assert!(text(head(&debit, 18), Lang::En).contains("1 digit short"));
    assert!(text(&format!("{debit}123"), Lang::Zh).contains("多了 3 位"));
}

#[test]
fn a_swap_is_named_once_or_by_its_group() {
    let debit = fitting(DEBIT);
    let (mut named, mut grouped) = (0, 0);
    for place in 8..18 {
        let mut swapped = debit.clone().into_bytes();
        swapped.swap(place, place + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        if crate::card::luhn_fits(&swapped) {
            continue;
        }
        let found = check(&Entry { card_number: Some(&swapped), ..Entry::default() });
        assert_eq!(causes(&found), ["w card.check_digit"]);
        let at = found.findings[0].at.unwrap();
        let (first, last) = (usize::from(at.first) - 1, usize::from(at.last) - 1);
        assert!(first <= place && place < last, "{place} outside {first}..{last}");
        assert!(last < debit.len(), "{last} is beyond the number");
        if last == first + 1 { named += 1 } else { grouped += 1 }
    }
    assert!(named + grouped > 5);
}

#[test]
fn kinds_of_card_by_policy() {
    let credit = fitting("6221550000000000");
    let accept = KindPolicies { credit: KindPolicy::Accept, ..KindPolicies::default() };
    let rules = Rules { repayment: accept, ..Rules::default() };
    for (purpose, rules, expected) in [
        (Purpose::Both, &Rules::default(), Some("也不能从信用卡里扣")),
        (Purpose::Both, &rules, Some("借款不能打到信用卡上")),
        (Purpose::Disbursement, &rules, Some("借款不能打到信用卡上")),
        (Purpose::Repayment, &Rules::default(), Some("还款不能从信用卡里扣")),
        (Purpose::Repayment, &rules, None),
    ] {
        let entry = Entry { card_number: Some(&credit), purpose, ..Entry::default() };
        let found = precheck(&entry, &Environment::default(), rules, TODAY);
        assert_eq!(found.stopped(), expected.is_some());
        let text = found.findings.first().map(|finding| finding.text(Lang::Zh));
        assert!(
            text.as_deref().unwrap_or_default().contains(expected.unwrap_or_default()),
            "{text:?}"
        );
    }
}

#[test]
fn where_sources_disagree_nobody_is_turned_away() {
    let rules = Rules::default();
    let mut differing = 0;
    for row in rules.bins.rows() {
        let Some(other) = &row.other else { continue };
        let number = |length: u8| fitting(&format!("{:0<1$}", row.bin, usize::from(length)));
        if rules.bins.find(&number(row.pan_length)) != Some(row) {
            continue;
        }
        for length in [row.pan_length, other.pan_length] {
            let found = card(&number(length));
            assert!(!found.iter().any(|f| f.contains("number_too")), "{}: {found:?}", row.bin);
            if other.kind == CardKind::Debit {
                assert!(!found.iter().any(|f| f.starts_with('S')), "{}: {found:?}", row.bin);
            }
        }
        differing += 1;
    }
    assert!(differing > 50, "{differing}");
}

#[test]
fn holders_and_what_is_found() {
    let one = |field: Field, text: &str| {
        let mut entry = Entry::default();
        match field {
            Field::Name => entry.name = Some(text),
            Field::IdNumber => entry.id_number = Some(text),
            Field::Phone => entry.phone = Some(text),
            Field::CompanyName => entry.company_name = Some(text),
            Field::CreditCode => entry.credit_code = Some(text),
            Field::ClearingCode => entry.clearing_code = Some(text),
            Field::CardNumber | Field::Environment => unreachable!(),
        }
        let found = check(&entry);
        assert!(found.findings.iter().all(|finding| finding.field == field));
        causes(&found).join(", ")
    };
    for (field, text, expected) in [
        (Field::Name, "", "S name.missing"),
        (Field::Name, "张", "w name.too_short"),
        (Field::Name, "张三", ""),
        (Field::Name, "王䶮", "w name.rare_character"),
        (Field::Name, "张*", "S name.masked"),
        (Field::Name, "<b>", "S name.markup"),
        (Field::Name, "张三3", "S name.digit"),
        (Field::Name, "张三🙂", "S name.emoji"),
        (Field::Name, "张\u{202d}三", "S name.control"),
        (Field::Name, "Аnna", "S name.lookalike"),
        (Field::Name, "张？", "S name.character"),
        (Field::Name, "张三·", "S name.middle_dot"),
        (Field::IdNumber, "", "S id.missing"),
        (Field::IdNumber, "1101051949123100", "S id.too_short"),
        (Field::IdNumber, "11010519491231002X1", "S id.too_long"),
        (Field::IdNumber, "110105194912310021", "S id.check_digit"),
        (Field::IdNumber, "110105491231002", "w id.old_form"),
        (Field::IdNumber, "USA110101900307", "w id.old_form"),
        (Field::IdNumber, "1101****1231002X", "S id.masked"),
        (Field::IdNumber, "1101O519491231002X", "S id.letter"),
        (Field::IdNumber, "932682198501010017", ""),
        (Field::IdNumber, ID, ""),
        (Field::Phone, "", "S phone.missing"),
        (Field::Phone, "1380013800", "S phone.too_short"),
        (Field::Phone, "138001380000", "S phone.too_long"),
        (Field::Phone, "13800l38000", "S phone.letter"),
        (Field::Phone, "138****8000", "S phone.masked"),
        (Field::Phone, "95588", "S phone.not_mobile"),
        (Field::Phone, "+85251234567", "S phone.not_mainland"),
        (Field::Phone, "14400138000", "w phone.for_devices"),
        (Field::Phone, "+86 17000138000", ""),
        (Field::CompanyName, "", "S company.name_missing"),
        (Field::CompanyName, "百度", "S company.name_too_short"),
        (Field::CompanyName, "北京某某<有限公司", "S company.name_character"),
        (Field::CompanyName, "北京某某有限公司", ""),
        (Field::CreditCode, "", "S company.credit_code_missing"),
        (Field::CreditCode, "9111000060003734", "S company.credit_code_length"),
        (Field::CreditCode, "91110000600O37341L", "S company.credit_code_character"),
        (Field::CreditCode, "91110000600037341M", "S company.credit_code_check"),
        (Field::CreditCode, "91110000600037341L", ""),
        (Field::ClearingCode, "", "S company.clearing_code_missing"),
        (Field::ClearingCode, "102", "S company.clearing_code_length"),
        (Field::ClearingCode, "102a100099996", "S company.clearing_code_letter"),
        (Field::ClearingCode, "102100099995", "S company.clearing_code_check"),
        (Field::ClearingCode, "102100099996", ""),
    ] {
        assert_eq!(one(field, text), expected, "{text}");
    }
}

#[test]
fn ages_and_regions() {
    let id = |region: &str, birth: &str| {
        let body = format!("{region}{birth}123");
        ('0'..='9')
            .chain(['X'])
            .map(|last| format!("{body}{last}"))
            .find(|text| IdNumber::parse(text).is_ok())
            .unwrap()
    };
    for (region, birth, expected) in [
        ("110101", "20081122", vec![]),
        ("110101", "20081123", vec!["S id.under_age"]),
        ("110101", "20261123", vec!["S id.birth_date"]),
        ("110104", "19900101", vec!["w id.region_revoked"]),
        ("199999", "19900101", vec!["w id.region_unknown"]),
        ("810000", "19900101", vec![]),
    ] {
        let id = id(region, birth);
        let found = check(&Entry { id_number: Some(&id), ..Entry::default() });
        assert_eq!(causes(&found), expected, "{region} {birth}");
    }
    let rules = Rules { age_min: 22, ..Rules::default() };
    let id = id("110101", "20050101");
    let entry = Entry { id_number: Some(&id), ..Entry::default() };
    let found = precheck(&entry, &Environment::default(), &rules, TODAY);
    assert!(found.findings[0].text(Lang::Zh).contains("22 周岁"));
}

#[test]
fn the_environment_comes_before_the_card() {
    let rules = Rules {
        environment: EnvironmentRules {
            app_version_min: Some(Version::new(3, 2, 0)),
            android_version_min: Some(Version::new(8, 0, 0)),
            ..EnvironmentRules::default()
        },
        ..Rules::default()
    };
    let environment = Environment {
        app_version: Some("3.1.9".parse().unwrap()),
        os: Some(Os::Android),
        os_version: Some("7.1".parse().unwrap()),
        device_account_count: Some(3),
        clock_skew_ms: Some(-900_000),
        network: Some(Network::Weak),
    };
    let entry = Entry { card_number: Some("x"), ..Entry::default() };
    let found = precheck(&entry, &environment, &rules, TODAY);
    assert_eq!(
        causes(&found),
        [
            "S environment.app_too_old",
            "S environment.os_too_old",
            "w environment.network_weak",
            "w environment.clock_skew",
            "w environment.device_shared",
            "S card.number_missing",
        ]
    );
    assert!(found.findings[0].fix(Lang::Zh).contains("3.2.0"));
    assert!(found.findings[3].text(Lang::En).contains("15 min"));
    let fine = Environment { os: Some(Os::Ios), ..environment };
    assert!(!causes(&precheck(&entry, &fine, &rules, TODAY)).join(" ").contains("os_too_old"));
    let nothing = precheck(&Entry::default(), &Environment::default(), &rules, TODAY);
    assert_eq!(nothing.findings, []);
}

#[test]
fn while_typing_what_is_not_complete_is_not_remarked_on() {
    let debit = fitting(DEBIT);
    let id = "11010119900307123";
    let name: Vec<char> = "买买提·阿不都".chars().collect();
    for end in 0..=19 {
        let name: String = name.iter().take(end).collect();
        let entry = Entry {
            stage: Stage::Typing,
            ..Entry::four(
                debit.get(..end).unwrap_or(&debit),
                &name,
                id.get(..end).unwrap_or(id),
                PHONE.get(..end).unwrap_or(PHONE),
            )
        };
        assert_eq!(causes(&check(&entry)), Vec::<String>::new(), "{end}");
    }
    // A longer BIN may follow, so nothing is said about issuer and kind yet.
    for digits in ["6", "62124", "621241", "62124100"] {
        let entry = Entry { card_number: Some(digits), stage: Stage::Typing, ..Entry::default() };
        assert_eq!(causes(&check(&entry)), Vec::<String>::new(), "{digits}");
    }
    let entry = Entry { stage: Stage::Typing, ..Entry::four("6217a0", "张3", "11O1", "12") };
    assert_eq!(causes(&check(&entry)), ["S card.number_letter", "S name.digit", "S id.letter"]);
}

#[test]
fn a_good_entry_is_parsed_and_a_stopped_one_is_not() {
    let debit = fitting(DEBIT);
    let found = check(&Entry::four(&debit, "张三", ID, PHONE));
    assert_eq!(found.findings, []);
    let elements = found.parsed.unwrap();
    assert_eq!(elements.card_number.expose(), debit);
    assert_eq!(elements.reserved_phone.expose(), PHONE);
    let facts = found.card.unwrap();
    assert_eq!((&*facts.bank_code, facts.pan_length, facts.bin_length), ("CCB", 19, 6));
    assert_eq!(facts.issuer_name(Lang::Zh), "中国建设银行");
    assert_eq!(facts.issuer_name(Lang::En), "China Construction Bank");
    assert!(check(&Entry::four(&debit, "张三", ID, "1")).parsed.is_none());
    assert!(check(&Entry::four(&fitting("6221550000000000"), "张三", ID, PHONE)).parsed.is_none());
    let json = serde_json::to_value(&facts).unwrap();
    assert_eq!(json["issuer"], "中国建设银行");
    assert_eq!(serde_json::from_value::<CardFacts>(json).unwrap(), facts);
}

#[test]
fn a_finding_has_the_shape_of_the_api() {
    let found = check(&Entry { phone: Some("1380013800"), ..Entry::default() });
    let view = serde_json::to_value(found.findings[0].view(Lang::Zh)).unwrap();
    let expected = serde_json::json!({
        "field": "phone",
        "severity": "stop",
        "cause": "phone.too_short",
        "text": "手机号少了 1 位，应当是 11 位。",
        "fix": "请把漏掉的数字补上。",
        "at": null,
    });
    assert_eq!(view, expected);
}
