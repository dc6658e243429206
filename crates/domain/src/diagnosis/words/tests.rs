//! The reader explains, says what it went by, and knows when it does not know.

use super::measure::measure;
use super::*;

const UNSEEN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/words/unseen.csv"));

fn read(message: &str) -> Reading {
    WordReader::embedded().read(message)
}

#[test]
fn the_embedded_words_keep_their_rules() {
    if let Err(error) = WordReader::parse(PHRASES, KNOWN, Dictionary::embedded()) {
        panic!("{error}");
    }
}

#[test]
fn a_message_is_explained_by_the_words_it_holds() {
    let reading = read("[68]无法在正常时间内获得交易应答");
    assert_eq!(reading.causes, [CauseCode::known("channel.timeout")]);
    assert_eq!(reading.codes, [ResponseCode::new("68")]);
    let hours = read("邮储银行21-24点为清算时间暂停交易");
    assert_eq!(hours.causes, [CauseCode::known("channel.out_of_hours")]);
    let balance = read("您尾号6217的账户 余额 不足！");
    assert_eq!(balance.causes, [CauseCode::known("balance.insufficient")]);
    assert_eq!(balance.certainty, Certainty::Likely);
    let words = ["余额", "不足"].map(str::to_owned).to_vec();
    assert_eq!(balance.clues.first(), Some(&Clue::Phrase { words }), "{balance:?}");
    // The exception beats the rule.
    let ours = read("商户余额不足");
    assert_eq!(ours.causes, [CauseCode::known("platform.balance")]);
    let mismatch = read("四要素信息不一致");
    assert_eq!((mismatch.causes.len(), mismatch.certainty), (4, Certainty::OneOf));
}

/// Banks put what says little before what says more.
#[test]
fn a_vague_beginning_does_not_drown_what_follows() {
    for (said, cause) in [
        ("卡状态不正确：账户已冻结", "card.frozen"),
        ("卡状态不正确：账户已销户", "card.closed"),
        ("卡状态不正确：卡未激活", "card.dormant"),
        ("卡状态不正确：账户已挂失", "card.lost"),
        ("卡状态不正确：司法冻结", "card.frozen_by_authority"),
        ("卡状态不正确：睡眠户", "card.dormant"),
        ("卡状态不正确", "card.status_abnormal"),
    ] {
        assert_eq!(read(said).causes, [CauseCode::known(cause)], "{said}: {:?}", read(said));
    }
}

#[test]
fn words_that_say_nothing_are_not_read() {
    for message in ["", "交易失败", "null", "……", "其他原因", "恭喜发财", "12345678901"]
    {
        let reading = read(message);
        assert!(reading.causes.is_empty(), "{message}: {reading:?}");
        assert_eq!((reading.certainty, reading.clues.len()), (Certainty::Unknown, 0));
    }
}

/// Words alone are never certain, and nothing of the message itself comes back.
#[test]
fn a_reading_is_never_certain_and_repeats_nothing() {
    let reading = read("张三的卡6217001234567890123余额不足，手机13800138000");
    assert_ne!(reading.certainty, Certainty::Certain);
    let json = serde_json::to_string(&reading).unwrap();
    assert!(!json.contains("张三") && !json.contains("6217") && !json.contains("138"), "{json}");
}

/// At least 90 % right at 80 % answered, over all unseen wording and on the set that was written
/// after the phrases were finished; and mostly silence where there is nothing to know.
#[test]
fn unseen_wording_is_read_well_enough() {
    let sets = measure(WordReader::embedded(), UNSEEN).unwrap();
    let names: Vec<&str> = sets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["unseen", "later", "blind"]);
    for (name, counts) in &sets {
        assert!(counts.answered_percent() >= 80.0, "{name}: {counts:?}");
        assert!(counts.right_percent() >= 90.0, "{name}: {counts:?}");
        assert!(counts.silent * 10 >= counts.empty * 8, "{name}: {counts:?}");
    }
    let messages: usize = sets.iter().map(|(_, counts)| counts.meaningful + counts.empty).sum();
    assert!(messages + KNOWN.lines().count() > 400, "{messages}");
}

/// No wording stands on both sides of the split, however it is dressed.
#[test]
fn unseen_wording_is_unseen() {
    let reader = WordReader::embedded();
    let fold = |text: &str| reader.folder.fold(text).text;
    let known: Vec<String> =
        KNOWN.lines().skip(1).filter_map(|line| Some(fold(line.split_once(',')?.1))).collect();
    for line in UNSEEN.lines().skip(1) {
        let text = line.splitn(3, ',').nth(2).unwrap_or_default();
        assert!(!known.contains(&fold(text)), "{text}");
    }
}

#[test]
fn broken_words_are_refused_by_name() {
    let parse = |phrases: &str, known: &str| {
        let error = WordReader::parse(phrases, known, Dictionary::embedded()).unwrap_err();
        error.to_string()
    };
    let sound = "ignore = []\n[words]\nlack = [\"不足\"]\n[phrases]\n\
        \"balance.insufficient\" = [\"余额+<lack>\"]\n";
    let rows = "cause,text\nbalance.insufficient,余额不足\n";
    assert!(WordReader::parse(sound, rows, Dictionary::embedded()).is_ok());
    for (what, phrases, known, expected) in [
        ("a cause", sound.replace("insufficient", "gone"), rows.to_owned(), "balance.gone"),
        ("a list", sound.replace("<lack>", "<luck>"), rows.to_owned(), "luck"),
        ("a word", sound.replace("余额", "余 额"), rows.to_owned(), "余 额"),
        ("no word", sound.replace("余额", ""), rows.to_owned(), "empty"),
        ("a label", sound.to_owned(), rows.replace("balance", "balanse"), "balanse"),
    ] {
        let error = parse(&phrases, &known);
        assert!(error.contains(expected), "{what}: {error}");
    }
}
