//! The words of the pages: in both languages, without blame, as people speak.

use super::*;

#[test]
fn both_languages_say_something_and_are_different() {
    for ((name, zh), (_, en)) in ZH.all().into_iter().zip(EN.all()) {
        assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{name} is empty");
        assert_ne!(zh, en, "{name} was not translated");
    }
}

#[test]
fn no_text_speaks_as_banks_do_among_themselves() {
    for (name, text) in ZH.all() {
        for word in ["核验方", "清算", "对账", "入账", "对接", "校验码", "号段", "应答码"]
        {
            assert!(!text.contains(word), "{name} says {word}: {text}");
        }
    }
}

#[test]
fn no_text_only_blames() {
    for (name, text) in ZH.all().into_iter().chain(EN.all()) {
        for word in ["无效", "非法", "错误", "失败", "invalid", "Invalid", "error", "failed"]
        {
            assert!(!text.contains(word), "{name} says {word}: {text}");
        }
    }
}
