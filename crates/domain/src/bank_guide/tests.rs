//! The twenty largest banks are there, each fact with its source; what an operator writes is
//! refused by its line.

use super::*;
use crate::card::{BinTable, issuer_name_en};

/// The codes of the BIN table.
const LARGEST: [&str; 20] = [
    "ICBC", "ABC", "BOC", "CCB", "COMM", "PSBC", "CMB", "CITIC", "CEB", "CMBC", "CIB", "SPDB",
    "SPABANK", "GDB", "HXBANK", "CZBANK", "EGBANK", "BOHAIB", "BJBANK", "SHBANK",
];
/// Of these no source was seen.
const UNKNOWN: [&str; 5] = ["CZBANK", "EGBANK", "BOHAIB", "BJBANK", "SHBANK"];

#[test]
fn the_twenty_largest_banks_are_there_and_in_the_table_of_bins() {
    let (guides, table) = (BankGuides::embedded(), BinTable::embedded());
    assert_eq!(guides.all().len(), LARGEST.len());
    for code in LARGEST {
        let guide = guides.get(code).unwrap_or_else(|| panic!("no guide for {code}"));
        assert!(table.bank_name(code).is_some(), "{code}");
        assert_eq!(issuer_name_en(code), Some(guide.bank.en.as_str()), "one name for {code}");
        assert_eq!(guide.hotline.is_none(), UNKNOWN.contains(&code), "{code}");
    }
    assert!(guides.get("NO SUCH BANK").is_none());
}

#[test]
fn every_fact_has_a_source_a_date_and_both_languages() {
    let guides = BankGuides::embedded();
    let facts = |guide: &BankGuide| {
        let hotline = guide.hotline.iter().map(|it| (it.source.clone(), it.date.clone()));
        let phone = guide.reserved_phone.iter().map(|it| (it.source.clone(), it.date.clone()));
        hotline.chain(phone).collect::<Vec<_>>()
    };
    for guide in guides.all() {
        for (source, date) in facts(guide) {
            assert!(!source.is_empty() && date.starts_with("20"), "{}", guide.bank_code);
        }
        for text in texts(guide) {
            assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", guide.bank_code);
            assert!(text.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
            assert_ne!(text.zh, text.en, "{} was not translated", guide.bank_code);
        }
    }
    let confirmed = |guide: &&BankGuide| guide.hotline.as_ref().is_some_and(|it| it.confirmed);
    assert_eq!(guides.all().filter(confirmed).count(), 10);
    let phones: Vec<_> = guides.all().filter_map(|it| it.reserved_phone.as_ref()).collect();
    assert_eq!(phones.len(), 6);
    assert!(phones.iter().all(|phone| !phone.confirmed), "no path has two sources that agree");
}

#[test]
fn both_languages_of_a_guide_have_the_same_blanks() {
    let blanks = |words: &str| {
        let parts = words.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let mut names: Vec<String> = parts.map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
    };
    for guide in BankGuides::embedded().all() {
        for text in texts(guide) {
            assert_eq!(blanks(&text.zh), blanks(&text.en), "{}", guide.bank_code);
        }
        for lang in [Lang::Zh, Lang::En] {
            for words in guide.phone_words(lang).into_iter().flatten() {
                assert!(!words.contains(['{', '}']), "{words}");
            }
        }
    }
}

#[test]
fn a_number_is_dialled_shown_and_said() {
    let guides = BankGuides::embedded();
    let said = |code: &str, lang| guides.contact(code).unwrap().hotline.said(lang);
    assert_eq!(said("ICBC", Lang::Zh), "95588");
    assert_eq!(said("CITIC", Lang::Zh), "95558，请与卡背面的号码核对");
    let spabank = guides.contact("SPABANK").unwrap().hotline;
    assert_eq!(spabank.number, "95511", "what a link dials");
    assert_eq!(spabank.shown(Lang::Zh), "95511 转 3");
    assert_eq!(spabank.shown(Lang::En), "95511, then 3");
    assert_eq!(
        spabank.said(Lang::En),
        "95511, then 3. Please compare it with the number on the back of the card"
    );
    assert_eq!(guides.contact("CZBANK"), None);
    // A stored answer says the same again.
    let contact = guides.contact("SPABANK").unwrap();
    let stored = serde_json::to_string(&contact).unwrap();
    assert_eq!(serde_json::from_str::<BankContact>(&stored).unwrap(), contact);
    let plain = serde_json::to_string(&guides.contact("ICBC").unwrap()).unwrap();
    assert!(serde_json::from_str::<BankContact>(&plain).is_ok(), "{plain}");
}

#[test]
fn a_blank_is_filled_with_the_number_or_with_where_to_find_it() {
    let [what, find, change] = BankGuides::embedded().get("CCB").unwrap().phone_words(Lang::Zh);
    assert_eq!((what, find), (None, None), "no source says more than the general words");
    assert!(change.unwrap().contains("请先拨打 95533 问清楚"));
    let file = "[[guide]]\nbank_code = \"X\"\nbank = { zh = \"某\", en = \"X\" }\n\
                reserved_phone = { find = { zh = \"拨打 {hotline}\", en = \"Call {hotline}\" }, \
                confirmed = true, source = \"us\", date = \"2026-11\" }\n";
    let guides = BankGuides::parse(file).unwrap();
    let [_, find, _] = guides.get("X").unwrap().phone_words(Lang::En);
    assert_eq!(find.unwrap(), "Call the number on the back of the card");
}

#[test]
fn an_operators_bank_replaces_ours_and_the_others_stay() {
    let own = HEAD.replace("ABC", "CZBANK");
    let guides = BankGuides::with_operator_toml(&format!("{own}{HOTLINE}")).unwrap();
    assert_eq!(guides.all().len(), LARGEST.len());
    assert_eq!(guides.contact("CZBANK").unwrap().hotline.number, "95000");
    assert_eq!(guides.contact("ICBC").unwrap().hotline.number, "95588");
    let without = BankGuides::with_operator_toml(HEAD).unwrap();
    assert_eq!(without.contact("ABC"), None, "an operator may know that ours is wrong");
    assert_eq!(BankGuides::with_operator_toml("").unwrap().all().len(), LARGEST.len());
}

#[test]
fn what_is_wrong_is_named_by_its_line() {
    let sound = format!("{HEAD}{HOTLINE}{PHONE}");
    BankGuides::parse(&sound).unwrap();
    for (from, to, line, words) in [
        ("\"95000\"", "\"95511-3\"", 6, "`extension`"),
        ("\"95000\"", "\"\"", 6, "cannot be dialled"),
        ("number = \"95000\"\n", "", 5, "number"),
        ("source = \"us\"", "source = \" \"", 8, "words"),
        ("\"2026-11\"", "\"last year\"", 9, "no year and month"),
        ("confirmed = true", "confirmed = \"yes\"", 7, "boolean"),
        ("en = \"Call\"", "en = \"\"", 12, "zh and en"),
        ("zh = \"打电话\"", "zh = \"拨打 {hotline}\"", 12, "one language only"),
        ("zh = \"打电话\"", "zh = \"拨打 {number}\"", 12, "no braces"),
        ("change = ", "path = ", 12, "path"),
    ] {
        let broken = sound.replacen(from, to, 1);
        assert_ne!(broken, sound, "{from}");
        let error = BankGuides::parse(&broken).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let twice = BankGuides::parse(&sound.repeat(2)).unwrap_err();
    assert_eq!(twice.to_string(), "line 16: ABC is there twice");
    assert!(BankGuides::parse("[[guide]\n").is_err());
}

const HEAD: &str = r#"[[guide]]
bank_code = "ABC"
bank = { zh = "农", en = "A" }

"#;
const HOTLINE: &str = r#"[guide.hotline]
number = "95000"
confirmed = true
source = "us"
date = "2026-11"

"#;
const PHONE: &str = r#"[guide.reserved_phone]
change = { zh = "打电话", en = "Call" }
confirmed = false
source = "us"
date = "2026-11"
"#;

fn texts(guide: &BankGuide) -> Vec<&Text> {
    let phone = guide.reserved_phone.iter();
    let said = phone.flat_map(|it| [&it.what, &it.find, &it.change]).flatten();
    std::iter::once(&guide.bank).chain(said).collect()
}
