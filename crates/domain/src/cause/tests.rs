//! The dictionary keeps its rules, holds every code the house names, and the rules bite.

use super::dictionary::{FILES, NEIGHBOURS};
use super::*;
use crate::finding;

const PHRASES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/causes/phrases.toml"));

#[test]
fn the_embedded_dictionary_keeps_its_rules() {
    match Dictionary::parse(FILES, ("phrases.toml", PHRASES), NEIGHBOURS) {
        Ok(dictionary) => assert!(dictionary.all().len() >= 195, "{}", dictionary.all().len()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_code_the_house_names_is_in_the_dictionary() {
    let dictionary = Dictionary::embedded();
    for code in known::ALL.iter().chain(finding::causes::ALL) {
        assert!(dictionary.get(code).is_some(), "{code} is not in data/causes");
    }
    assert!(dictionary.find("card.unheard_of").is_none());
}

#[test]
fn every_family_has_causes_and_every_cause_words_for_all() {
    let dictionary = Dictionary::embedded();
    for family in Family::ALL {
        assert!(dictionary.all().any(|cause| cause.family == family), "{}", family.name());
    }
    for cause in dictionary.all() {
        for audience in Audience::ALL {
            for lang in [Lang::Zh, Lang::En] {
                assert!(!cause.title(audience, lang).is_empty());
                assert!(!cause.text(audience, lang).is_empty());
                assert!(!cause.fix(audience, lang).is_empty());
            }
        }
    }
}

/// What a thief with a stolen card must not learn, the borrower's words never say, in either
/// language; agent and engineer read it exactly.
#[test]
fn sensitive_causes_are_vague_for_the_borrower_and_exact_for_staff() {
    let dictionary = Dictionary::embedded();
    let telling = ["挂失", "没收", "吞卡", "冻结", "止付", "风控", "枚举", "盗", "篡改", "试卡"];
    let telling_en = ["lost", "stolen", "captur", "frozen", "freez", "fraud", "enumerat", "tamper"];
    for code in [
        "card.lost",
        "card.stolen",
        "card.frozen_by_authority",
        "card.holder_deceased",
        "card.blacklisted",
        "payment.regulatory",
        "face.not_same",
        "face.liveness",
        "card.captured",
        "card.frozen",
        "card.restricted",
        "card.risk_refused",
        "attack.enumeration",
        "attack.tampering",
        "attack.code_guessing",
        "attack.injection",
        "attack.takeover",
        "attack.replay",
    ] {
        let cause = dictionary.find(code).unwrap();
        assert!(cause.sensitive(), "{code} is told to the borrower");
        let target = dictionary.get(cause.shown_as.as_ref().unwrap()).unwrap();
        assert!(!target.sensitive());
        assert_eq!(cause.wording(Audience::Borrower), target.wording(Audience::Borrower));
        assert_ne!(cause.wording(Audience::Agent), target.wording(Audience::Agent));
    }
    for cause in dictionary.all() {
        let wording = cause.wording(Audience::Borrower);
        for part in [&wording.title, &wording.text, &wording.fix] {
            for word in telling {
                assert!(!part.zh.contains(word), "{}: {}", cause.code, part.zh);
            }
            for word in telling_en {
                assert!(!part.en.to_lowercase().contains(word), "{}: {}", cause.code, part.en);
            }
        }
    }
}

/// Support never has a number or a code told to it: nobody who listens may learn what opens a card.
#[test]
fn nobody_is_asked_to_read_a_number_out() {
    for cause in Dictionary::embedded().all() {
        let fix = |lang| cause.fix(Audience::Agent, lang);
        for words in ["念出", "念卡号", "报一下", "告诉您卡号", "提供验证码", "提供密码"]
        {
            assert!(!fix(Lang::Zh).contains(words), "{}: {}", cause.code, fix(Lang::Zh));
        }
        let english = fix(Lang::En).to_lowercase();
        let read_out = english.contains("read out") && !english.contains("never have it read out");
        assert!(!read_out, "{}: {english}", cause.code);
    }
}

/// Causes of our own side or the channel's say that the card is fine, or ask to wait; they never
/// send the borrower to correct what was typed.
#[test]
fn our_own_side_never_blames_the_borrower() {
    for cause in Dictionary::embedded().all() {
        if cause.family == Family::PlatformChannel {
            assert_ne!(cause.next_step, NextStep::CorrectEntry, "{}", cause.code);
            assert_ne!(cause.next_step, NextStep::CallBank, "{}", cause.code);
        }
    }
}

/// While a result is unknown the borrower is asked to wait, in so many words, and nothing else.
#[test]
fn an_unknown_result_never_asks_to_submit_again() {
    for code in [
        "binding.confirming",
        "channel.timeout",
        "channel.processing",
        "channel.result_unknown",
        "channel.unspecified",
        "channel.code_unmapped",
        "channel.answer_unreadable",
        "channel.answer_signature",
        "channel.order_duplicate",
        "channel.order_not_found",
        "platform.restarted",
        "payment.confirming",
    ] {
        let cause = Dictionary::embedded().find(code).unwrap();
        assert_eq!(cause.actor, Actor::Nobody, "{code}");
        assert_eq!(cause.next_step, NextStep::Wait, "{code}");
        assert_eq!(cause.retry, Retry::Automatic, "{code}");
        assert!(cause.fix(Audience::Borrower, Lang::Zh).contains("不用重复提交"), "{code}");
        assert!(cause.fix(Audience::Borrower, Lang::En).contains("do not submit again"), "{code}");
    }
}

#[test]
fn a_broken_dictionary_is_refused_by_name() {
    for (what, change, expected) in BROKEN {
        let (from, to) = *change;
        assert!(SOUND.contains(from), "{what}: the sample does not hold {from:?}");
        let content = SOUND.replacen(from, to, 1);
        let error = Dictionary::parse(&[("a.toml", &content)], ("phrases.toml", PHRASES), NOBODY)
            .expect_err(what)
            .to_string();
        assert!(error.contains(expected) && error.contains("a.toml"), "{what}: {error}");
    }
    let twice = [("a.toml", SOUND), ("b.toml", SOUND)];
    let error = Dictionary::parse(&twice, ("phrases.toml", PHRASES), NOBODY).unwrap_err();
    assert_eq!((error.file.as_str(), error.cause.as_str()), ("b.toml", "card.sample"));
    assert!(Dictionary::parse(&[("a.toml", SOUND)], ("phrases.toml", PHRASES), NOBODY).is_ok());
}

/// Everybody who reads a cause may ask what it is confused with, and gets the same answer from the
/// other side; and what tells them apart gives nothing away to a borrower, because it is for staff.
#[test]
fn every_cause_has_neighbours_and_they_are_mutual() {
    let dictionary = Dictionary::embedded();
    for cause in dictionary.all() {
        let neighbours = dictionary.neighbours(&cause.code);
        assert!(!neighbours.is_empty(), "{} is confused with nothing", cause.code);
        assert!(!neighbours.contains(&&cause.code), "{}", cause.code);
        for other in neighbours {
            assert!(dictionary.get(other).is_some(), "{other}");
            let back = dictionary.neighbours(other);
            assert!(back.contains(&&cause.code), "{other} knows nothing of {}", cause.code);
        }
    }
}

#[test]
fn a_group_of_lookalikes_that_cannot_be_is_refused() {
    let group = |causes: &str| {
        let content =
            format!("[[group]]\ncauses = [{causes}]\ntell = {{ zh = \"分清\", en = \"ab\" }}");
        Dictionary::parse(FILES, ("phrases.toml", PHRASES), ("n.toml", &content))
    };
    assert!(group("\"card.lost\", \"card.stolen\"").is_ok());
    for (causes, problem) in [
        ("\"card.lost\", \"card.gone\"", "card.gone"),
        ("\"card.lost\"", "itself"),
        ("\"card.lost\", \"card.lost\"", "itself"),
    ] {
        let error = group(causes).unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("n.toml"), "{error}");
    }
}

/// What the law allows an account is said in numbers, and only where the law sets them.
#[test]
fn the_limits_of_account_classes_are_said_in_numbers() {
    let dictionary = Dictionary::embedded();
    for (code, zh, en) in [
        ("account.class_two_limit", ["一万元", "二十万元"], ["10,000", "200,000"]),
        ("account.class_three_limit", ["两千元", "三类"], ["2,000", "class III"]),
    ] {
        let cause = dictionary.find(code).unwrap();
        let said = |lang| cause.text(Audience::Borrower, lang);
        for words in zh {
            assert!(said(Lang::Zh).contains(words), "{code}: {words}");
        }
        for words in en {
            assert!(said(Lang::En).contains(words), "{code}: {words}");
        }
    }
}

#[test]
fn a_missing_phrase_is_refused() {
    let content = PHRASES.replacen("call_bank", "phone_bank", 1);
    let error =
        Dictionary::parse(&[("a.toml", SOUND)], ("phrases.toml", &content), NOBODY).unwrap_err();
    assert!(error.to_string().contains("call_bank"), "{error}");
}

#[test]
fn spans_are_said_in_the_largest_unit_that_fits() {
    let phrases = Dictionary::embedded().phrases();
    for (seconds, zh, en) in [
        (60, "60秒", "60 seconds"),
        (300, "5分钟", "5 minutes"),
        (301, "6分钟", "6 minutes"),
        (7_200, "2小时", "2 hours"),
        (86_400, "24小时", "24 hours"),
        (172_800, "2天", "2 days"),
    ] {
        assert_eq!(phrases.span(seconds, Lang::Zh), zh);
        assert_eq!(phrases.span(seconds, Lang::En), en);
        assert!(phrases.retry(Retry::After(seconds), Lang::Zh).contains(zh));
    }
    assert!(!phrases.retry(Retry::Never, Lang::En).contains('{'));
    for (retry, zh, en) in
        [(Retry::NextDay, "明天", "tomorrow"), (Retry::NextMonth, "下个月", "next month")]
    {
        assert!(phrases.retry(retry, Lang::Zh).contains(zh));
        assert!(phrases.retry(retry, Lang::En).contains(en));
    }
}

/// A limit of the day is over when the day is, not a day later, and its words say so; the same of
/// the month.
#[test]
fn what_is_limited_by_the_calendar_waits_by_it() {
    let dictionary = Dictionary::embedded();
    for (code, retry, zh) in
        [("limit.day", Retry::NextDay, "明天"), ("limit.month", Retry::NextMonth, "下个月")]
    {
        let cause = dictionary.find(code).unwrap();
        assert_eq!(cause.retry, retry, "{code}");
        assert!(cause.fix(Audience::Borrower, Lang::Zh).contains(zh), "{code}");
    }
}

/// Who need not try again is not told to, by anybody.
#[test]
fn what_is_never_tried_again_is_not_advised() {
    let never = SOUND
        .replace("correct_entry", "use_another_card")
        .replace("after_correction", "never")
        .replace(
            "do = \"correct\", field = \"card_number\"",
            "do = \"use_another_card\", card = \"any\"",
        );
    let parse =
        |content: &str| Dictionary::parse(&[("a.toml", content)], ("p.toml", PHRASES), NOBODY);
    assert!(parse(&never).is_ok());
    for (from, to) in [
        ("请对照卡面补上。", "请对照卡面补上再试。"),
        ("Add them from the card.", "Add them and try again."),
        ("请对方补上。", "请对方稍后再试。"),
        ("Nothing to do.", "Try again later."),
    ] {
        let error = parse(&never.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains("never tried again"), "{from}: {error}");
    }
}

const NOBODY: (&str, &str) = ("neighbours.toml", "group = []");

const SOUND: &str = r#"
family = "card_holder"
[[cause]]
code = "card.sample"
actor = "borrower"
next_step = "correct_entry"
retry = { when = "after_correction" }
certainty = "certain"
steps = [{ do = "correct", field = "card_number" }]
name = { zh = "样例", en = "Sample" }
[cause.borrower]
text = { zh = "卡号少了两位。", en = "Two digits are missing." }
fix = { zh = "请对照卡面补上。", en = "Add them from the card." }
[cause.agent]
text = { zh = "少了两位。", en = "Two are missing." }
fix = { zh = "请对方补上。", en = "Ask for them." }
[cause.engineer]
text = { zh = "位数不够。", en = "Too few digits." }
fix = { zh = "无需处理。", en = "Nothing to do." }
"#;

type Broken = (&'static str, (&'static str, &'static str), &'static str);

/// What is wrong, the change that makes it so, and what the error must say.
const BROKEN: &[Broken] = &[
    ("a bare word", ("卡号少了两位。", "卡号无效。"), "无效"),
    ("a bare word in English", ("Two digits are missing.", "Invalid card."), "invalid"),
    ("an unfinished text", ("请对照卡面补上。", "请补上{count}位。"), "left over"),
    ("a text without words", ("\"Two digits are missing.\"", "\"\""), "empty"),
    ("no borrower's words", ("[cause.borrower]", "[cause.nobody]"), "nobody"),
    ("an actor without the step", ("\"borrower\"", "\"nobody\""), "must"),
    ("a step without the retry", ("after_correction", "automatic"), "retry"),
    ("an unknown actor", ("\"borrower\"", "\"customer\""), "customer"),
    ("no step at all", ("[{ do = \"correct\", field = \"card_number\" }]", "[]"), "0 steps"),
    (
        "a step of another kind",
        ("do = \"correct\", field = \"card_number\"", "do = \"wait\""),
        "no step for",
    ),
    ("a step nobody knows", ("do = \"correct\"", "do = \"pray\""), "pray"),
    ("a field nobody knows", ("field = \"card_number\"", "field = \"cvn2\""), "cvn2"),
    ("one of one", ("certainty = \"certain\"", "certainty = \"one_of\""), "single cause"),
    ("an unknown field", ("retry =", "colour = 1\nretry ="), "colour"),
    ("a code without an area", ("card.sample", "sample"), "area.name"),
    ("Chinese in the English", ("Add them from the card.", "请补上."), "Chinese"),
    ("English in the Chinese", ("卡号少了两位。", "Missing."), "Chinese"),
    ("jargon", ("卡号少了两位。", "卡号与卡 BIN 不符。"), "BIN"),
    ("a bank's own word", ("卡号少了两位。", "这笔钱还没有入账。"), "入账"),
    ("half a sentence", ("请对照卡面补上。", "请对照卡面补上"), "sentence"),
    (
        "too long for a phone",
        (
            "卡号少了两位。",
            "卡号少了两位卡号少了两位卡号少了两位卡号少了两位卡号少了两位卡号少了两位\
          卡号少了两位卡号少了两位卡号少了两位卡号少了两位卡号少了两位卡号少了两位卡号少了两位。",
        ),
        "characters",
    ),
    ("shown as nothing", ("name =", "shown_as = \"card.none\"\nname ="), "shown_as"),
];
