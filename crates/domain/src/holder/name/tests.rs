//! What stands in no name is refused with its place; every usual dress leads to one form.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_name() {
    use HolderNameError as Why;
    for (text, why) in [
        ("", Why::Missing),
        (" \u{3000}\u{200b}\n", Why::Missing),
        ("张*三", Why::Masked),
        ("张＊", Why::Masked),
        ("张三1", Why::Digit { at: 3 }),
        ("张３", Why::Digit { at: 2 }),
        ("张三😀", Why::Emoji { at: 3 }),
        ("❤张三", Why::Emoji { at: 1 }),
        ("<script>", Why::Markup { at: 1 }),
        ("张三\"", Why::Markup { at: 3 }),
        ("张三;--", Why::Markup { at: 3 }),
        ("张\u{202e}三", Why::Control { at: 2 }),
        ("张\u{0}三", Why::Control { at: 2 }),
        ("张\u{2066}三", Why::Control { at: 2 }),
        ("Аnna", Why::Lookalike { at: 1 }),
        ("Ann\u{3b1}", Why::Lookalike { at: 4 }),
        ("王ニ", Why::Lookalike { at: 2 }),
        ("王○", Why::Lookalike { at: 2 }),
        ("王\u{e863}", Why::Lookalike { at: 2 }),
        ("𝐀nna", Why::Lookalike { at: 1 }),
        ("张(三)", Why::Character { at: 2 }),
        ("张三？", Why::Character { at: 3 }),
        ("张\u{fffd}", Why::Character { at: 2 }),
        ("ابراهيم", Why::Character { at: 1 }),
        ("'; DROP", Why::Character { at: 1 }),
        ("·张三", Why::MiddleDot { at: 1 }),
        ("张三·", Why::MiddleDot { at: 3 }),
        ("买买提··阿不都", Why::MiddleDot { at: 5 }),
        ("张三。", Why::MiddleDot { at: 3 }),
    ] {
        assert_eq!(HolderName::parse(text), Err(why), "{text:?}");
    }
    assert_eq!(HolderName::parse(&"张".repeat(51)), Err(Why::TooLong));
    assert_eq!(HolderName::parse(&"张".repeat(40_000)), Err(Why::TooLong));
    assert_eq!(HolderName::parse(&" ".repeat(100_000)), Err(Why::TooLong));
}

#[test]
fn every_dress_leads_to_one_form() {
    for (typed, kept) in [
        ("张三", "张三"),
        (" 张　三 ", "张三"),
        ("张\u{200b}三\u{feff}", "张三"),
        ("\u{200e}张三", "张三"),
        ("买买提•阿不都", "买买提·阿不都"),
        ("买买提・阿不都", "买买提·阿不都"),
        ("买买提 ‧ 阿不都", "买买提·阿不都"),
        ("买买提.阿不都", "买买提·阿不都"),
        ("买买提．阿不都", "买买提·阿不都"),
        ("买买提\u{387}阿不都", "买买提·阿不都"),
        ("⼤⽂", "大文"),
        ("葛\u{e0100}", "葛"),
        ("ＳＭＩＴＨ　ＪＯＨＮ", "SMITH JOHN"),
        ("Smith   John", "Smith John"),
        ("O’Neil-Smith, J. R.", "O'Neil-Smith, J. R."),
        ("José", "José"),
        ("李 Anna", "李 Anna"),
        ("〇三", "〇三"),
        ("䶮", "䶮"),
    ] {
        let name = HolderName::parse(typed).unwrap_or_else(|why| panic!("{typed:?}: {why}"));
        assert_eq!(name.expose(), kept, "{typed:?}");
    }
}

#[test]
fn rare_characters_are_kept_and_flagged() {
    for (typed, at) in [("王䶮", Some(2)), ("𬭚", Some(1)), ("José", Some(4)), ("朱镕基", None)]
    {
        let name = HolderName::parse(typed).unwrap();
        assert_eq!(name.rare_at(), at, "{typed}");
        assert_eq!(name.beyond_gbk(), at.is_some());
    }
}

#[test]
fn a_name_shows_its_last_character_only() {
    for (name, masked) in
        [("张三", "*三"), ("欧阳修文", "***文"), ("䶮", "*"), ("Smith John", "****n")]
    {
        assert_eq!(HolderName::parse(name).unwrap().masked(), masked);
    }
    assert_eq!(format!("{:?}", HolderName::parse("张三")), "Ok(HolderName(••••))");
}

proptest! {
    #[test]
    fn any_text_is_answered(
        text in "\\PC{0,80}",
        raw in prop::collection::vec(any::<char>(), 0..80),
    ) {
        let _ = HolderName::parse(&text);
        let _ = HolderName::parse(&raw.into_iter().collect::<String>());
    }

    #[test]
    fn the_kept_form_reads_as_itself(text in "[张三李·.•A-Za-z' \u{3000}𬭚-]{0,30}") {
        if let Ok(name) = HolderName::parse(&text) {
            let again = HolderName::parse(name.expose()).unwrap();
            prop_assert_eq!(again.expose(), name.expose());
        }
    }
}
