//! The catalogue: well-formed numbers, honest promises, and a card for every cause the mapping of
//! UnionPay's codes can give.

use std::collections::BTreeSet;

use mingka_domain::cause::Dictionary;
use mingka_domain::mapping::MappingBook;
use mingka_domain::outcome::{Operation, Phase, ResponseCode};

use super::*;

fn luhn_holds(number: &str) -> bool {
    let (head, last) = number.split_at(number.len() - 1);
    invent::with_luhn(head).ends_with(last)
}

#[test]
fn numbers_names_and_phones_differ_and_numbers_are_well_formed() {
    let all = catalogue();
    let unique = |field: fn(&MagicCard) -> &String| {
        all.iter().map(field).collect::<BTreeSet<_>>().len() == all.len()
    };
    assert!(unique(|card| &card.slug));
    assert!(unique(|card| &card.number));
    assert!(unique(|card| &card.phone));
    assert!(unique(|card| &card.id_number));
    for card in &all {
        assert!((16..=19).contains(&card.number.len()), "{}", card.slug);
        let published_failure = card.number == "6221558812340000";
        assert_eq!(luhn_holds(&card.number), !published_failure, "{}", card.slug);
        assert!(invent::check_digit_holds(&card.id_number), "{}", card.slug);
    }
}

#[test]
fn the_series_knows_its_own_and_nobody_else() {
    for n in [0, 1, 9_999, SERIES_COUNT - 1] {
        let card = series(n);
        let held = series_card(&card.number).unwrap();
        assert_eq!(held.slug, card.slug);
        assert!(luhn_holds(&card.number));
        assert!(invent::check_digit_holds(&card.id_number));
    }
    assert_eq!(series_card("6217998800000000009"), None);
    assert_eq!(series_card("62179988"), None);
    assert_eq!(series_card("6216261000000000018"), None);
}

#[test]
fn the_causes_are_in_the_dictionary() {
    for card in catalogue() {
        let Some(cause) = &card.cause else {
            assert!(card.causes.is_empty(), "{}", card.slug);
            continue;
        };
        assert!(card.causes.contains(cause), "{}: {:?}", card.slug, card.causes);
        for cause in &card.causes {
            assert!(Dictionary::embedded().get(cause).is_some(), "{}: {cause}", card.slug);
        }
    }
}

/// Reachable causes that no card shows, each with its reason. None at present.
const WITHOUT_A_CARD: [(&str, &str); 0] = [];

#[test]
fn every_cause_the_mapping_can_give_has_a_card() {
    let catalogue = catalogue();
    let shown: BTreeSet<&str> =
        catalogue.iter().filter_map(|card| card.cause.as_ref()).map(CauseCode::as_str).collect();
    let excepted = WITHOUT_A_CARD.map(|(cause, _)| cause);
    let reachable = reachable_causes();
    let missing: Vec<&str> = reachable
        .iter()
        .map(String::as_str)
        .filter(|cause| !shown.contains(cause) && !excepted.contains(cause))
        .collect();
    assert!(missing.is_empty(), "causes without a card: {missing:?}");
    for cause in excepted {
        assert!(reachable.contains(cause) && !shown.contains(cause), "no exception: {cause}");
    }
    assert!(reachable.len() > 40, "{}", reachable.len());
}

/// What the mapping can give for the operations of a binding and a verification, and for the
/// inquiries about them.
fn reachable_causes() -> BTreeSet<String> {
    const ASKED: [(Operation, Phase); 9] = [
        (Operation::Verify, Phase::Request),
        (Operation::SendCode, Phase::Request),
        (Operation::OpenAgreement, Phase::Request),
        (Operation::CancelAgreement, Phase::Request),
        (Operation::QueryAgreement, Phase::Request),
        (Operation::QueryState, Phase::Request),
        (Operation::Verify, Phase::Inquiry),
        (Operation::OpenAgreement, Phase::Inquiry),
        (Operation::CancelAgreement, Phase::Inquiry),
    ];
    let book = MappingBook::embedded();
    let mut causes = BTreeSet::new();
    let mut codes: Vec<&str> = book.codes("unionpay");
    codes.push("a code nobody has published");
    for code in codes.into_iter().map(ResponseCode::new) {
        for (operation, phase) in ASKED {
            let meaning = book.read("unionpay", operation, phase, &code);
            causes.extend(meaning.causes.iter().map(|cause| cause.as_str().to_owned()));
        }
    }
    causes
}

#[test]
fn every_card_is_listed_once_and_where_one_looks_for_it() {
    let listed = by_group();
    let count: usize = listed.iter().map(|(_, cards)| cards.len()).sum();
    assert_eq!(count, catalogue().len());
    for (group, cards) in &listed {
        assert!(!cards.is_empty(), "{group:?}");
    }
    let group = |slug: &str| catalogue().into_iter().find(|card| card.slug == slug).unwrap().group;
    for (slug, expected) in [
        ("ok", Group::Works),
        ("sms-lost", Group::Works),
        ("lost", Group::RefusedAtCode),
        ("too-often", Group::RefusedAtCode),
        ("no-balance", Group::RefusedAtConfirm),
        ("agreement-invalid", Group::RefusedAtConfirm),
        ("lost-confirm", Group::Doubtful),
        ("pending", Group::Doubtful),
        ("order-not-found", Group::Doubtful),
        ("money-no-funds", Group::Money),
        ("maintenance", Group::Channel),
        ("unmapped", Group::Channel),
    ] {
        assert_eq!(group(slug), expected, "{slug}");
    }
}
