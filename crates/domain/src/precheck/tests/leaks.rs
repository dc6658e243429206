//! No finding ever shows what was typed, whatever was typed.

use proptest::prelude::*;

use super::check;
use crate::precheck::{Entry, Stage};
use crate::text::Lang;

/// Whether a rendered text shows a part of what was typed: four digits in a row, or the whole of a
/// text that is longer than a word.
fn shows(rendered: &str, typed: &str) -> bool {
    let digits: Vec<char> = typed.chars().filter(char::is_ascii_digit).collect();
    let runs = digits.windows(4).any(|run| rendered.contains(&run.iter().collect::<String>()));
    let typed = typed.trim();
    runs || (typed.chars().count() > 4 && rendered.contains(typed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_finding_shows_what_was_typed(
        card in "([0-9]{4,20}|6217[0-9]{12,16}|6222[0-9 a*]{10,18}|\\PC{0,30})",
        name in "([一-龥]{5,8}|[一-龥]{5,6}[0-9<*]|[A-Z]{5,20}[а-я]?|\\PC{0,30})",
        id in "([1-6][1-5]0[0-9]{14}[0-9Xa]|[0-9*]{10,20}|\\PC{0,30})",
        phone in "(1[0-9a*]{9,12}|[+]852[0-9]{8}|\\PC{0,30})",
        company in "\\PC{0,40}", code in "([0-9A-Z]{17,19}|\\PC{0,30})",
        clearing in "([0-9]{11,13}|\\PC{0,30})",
        typing in any::<bool>(),
    ) {
        let entry = Entry {
            company_name: Some(&company),
            credit_code: Some(&code),
            clearing_code: Some(&clearing),
            stage: if typing { Stage::Typing } else { Stage::Submitted },
            ..Entry::four(&card, &name, &id, &phone)
        };
        let found = check(&entry);
        for finding in &found.findings {
            for lang in [Lang::Zh, Lang::En] {
                for rendered in [finding.text(lang), finding.fix(lang), format!("{finding:?}")] {
                    for typed in [&card, &name, &id, &phone, &company, &code, &clearing] {
                        prop_assert!(!shows(&rendered, typed), "{rendered} shows {typed}");
                    }
                }
            }
        }
        prop_assert!(found.parsed.is_none() || !found.stopped());
        prop_assert_eq!(format!("{entry:?}"), "Entry(••••)");
    }
}
