//! Prechecks and diagnoses: pure functions on one core.

use std::hint::black_box;

use mingka_domain::bank_guide::BankGuides;
use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::diagnosis::words::WordReader;
use mingka_domain::diagnosis::{Diagnosis, Evidence};
use mingka_domain::environment::Environment;
use mingka_domain::mapping::MappingBook;
use mingka_domain::outcome::{Operation, Phase, RawAnswer, ResponseCode};
use mingka_domain::precheck::{Entry, Rules, precheck};
use mingka_domain::text::Lang;
use mingka_engine::{Clock as _, SystemClock};
use mingka_sandbox::cards::{self, MagicCard};

use crate::Plan;
use crate::report::Section;
use crate::sample::{Sample, per_second};

/// The prechecks one core is to make in a second.
const GOAL_PER_S: f64 = 1_000_000.0;
/// What a cause may take, in microseconds: from a code, and from a bank's own words.
const CODE_GOAL_US: f64 = 5.0;
const WORDS_GOAL_US: f64 = 200.0;
/// Words as banks write them, and some that say nothing.
const MESSAGES: [&str; 8] = [
    "[68]无法在正常时间内获得交易应答",
    "邮储银行21-24点为清算时间暂停交易",
    "持卡人身份信息、手机号或CVN2输入不正确，验证失败，请核对后重新提交",
    "该卡有风险，请持卡人联系银联客服[95516]",
    "二类户未面签，不能接收非绑定账户转入，资金已退回付款账户",
    "交易失败",
    "商户账户余额不足，请充值",
    "系统返回了一个没有任何说明的结果，请联系管理员并提供流水号",
];
/// Distinct persons and cards, so that nothing can be remembered from the entry before.
const ENTRY_COUNT: u32 = 4_096;

/// Measures both.
pub(crate) fn measure(plan: &Plan) -> Section {
    let mut section = Section::new("Prechecks and diagnoses, one core");
    let right: Vec<MagicCard> = (0..ENTRY_COUNT).map(cards::series).collect();
    section.row("precheck, four valid fields", prechecks(plan, &right, 0), "/s");
    section.at_least(GOAL_PER_S);
    let spaced: Vec<MagicCard> = right.iter().map(spaced).collect();
    section.row(
        "precheck, four valid fields, spaced as people type",
        prechecks(plan, &spaced, 0),
        "/s",
    );
    let mistyped: Vec<MagicCard> = right.iter().map(mistyped).collect();
    section.row(
        "precheck, one digit of the card mistyped (hint sought)",
        prechecks(plan, &mistyped, 1),
        "/s",
    );
    let wrong: Vec<MagicCard> = right.iter().map(wrong).collect();
    section.row("precheck, all four fields wrong", prechecks(plan, &wrong, 4), "/s");
    section.at_least(GOAL_PER_S);
    let (made, said) = (diagnoses(plan, false), diagnoses(plan, true));
    section.row("diagnosis from a bank's code", made, "µs");
    section.below(CODE_GOAL_US);
    section.row("diagnosis from a bank's code, with its words", said, "µs");
    section.row("cause from a bank's own words", words(plan), "µs");
    section.below(WORDS_GOAL_US);
    section
}

fn prechecks(plan: &Plan, entries: &[MagicCard], findings: usize) -> Sample {
    let (environment, rules) = (Environment::default(), Rules::default());
    let today = SystemClock.now().beijing().date();
    let check = |card: &MagicCard| {
        let entry = Entry::four(&card.number, &card.name, &card.id_number, &card.phone);
        precheck(black_box(&entry), &environment, &rules, today)
    };
    let unlike = entries.iter().filter(|card| check(card).findings.len() < findings).count();
    // A benchmark that measures something else than it says is worse than none.
    assert_eq!(unlike, 0, "entries without their {findings} findings");
    per_second(plan.runs, plan.short, |count| {
        if let Some(card) = entries.get(count % entries.len()) {
            black_box(check(card));
        }
    })
}

fn spaced(card: &MagicCard) -> MagicCard {
    let mut number = String::new();
    for (place, digit) in card.number.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            number.push(' ');
        }
        number.push(digit);
    }
    let phone = format!("+86 {}", card.phone);
    MagicCard { number, phone, ..card.clone() }
}

fn mistyped(card: &MagicCard) -> MagicCard {
    let mut number = card.number.clone();
    let last = number.pop().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    number.extend(char::from_digit((last + 3) % 10, 10));
    MagicCard { number, ..card.clone() }
}

fn wrong(card: &MagicCard) -> MagicCard {
    let shorter = |text: &str| text.chars().skip(1).collect::<String>();
    MagicCard {
        number: mistyped(card).number,
        name: format!("{}8", card.name),
        id_number: shorter(&card.id_number),
        phone: shorter(&card.phone),
        ..card.clone()
    }
}

/// Microseconds for one: the code read in the mapping, and the words for the borrower if wanted.
fn diagnoses(plan: &Plan, with_words: bool) -> Sample {
    let (dictionary, book) = (Dictionary::embedded(), MappingBook::embedded());
    let codes: Vec<ResponseCode> =
        book.codes("unionpay").into_iter().map(ResponseCode::new).collect();
    let now = SystemClock.now();
    let bank = BankGuides::embedded().contact("ICBC");
    let (operation, phase) = (Operation::OpenAgreement, Phase::Request);
    let rate = per_second(plan.runs, plan.short, |count| {
        let Some(code) = codes.get(count % codes.len().max(1)) else { return };
        let meaning = book.read("unionpay", operation, phase, black_box(code));
        let answer = RawAnswer { code: code.clone(), message: Some("invented".to_owned()) };
        let evidence = Evidence::heard("unionpay", operation, phase, Some(&answer), now);
        let diagnosis = Diagnosis::from_meaning(dictionary, &meaning, evidence);
        if with_words {
            black_box(diagnosis.render(dictionary, Audience::Borrower, Lang::Zh, bank.as_ref()));
        }
        black_box(diagnosis);
    });
    microseconds(&rate)
}

/// Microseconds for one message of a bank's own words.
fn words(plan: &Plan) -> Sample {
    let reader = WordReader::embedded();
    let rate = per_second(plan.runs, plan.short, |count| {
        if let Some(message) = MESSAGES.get(count % MESSAGES.len()) {
            black_box(reader.read(black_box(message)));
        }
    });
    microseconds(&rate)
}

/// From how many in a second to how long for one.
fn microseconds(rate: &Sample) -> Sample {
    let one = |per_s: f64| 1e6 / per_s.max(1.0);
    Sample {
        median: one(rate.median),
        lowest: one(rate.highest),
        highest: one(rate.lowest),
        runs: rate.runs,
    }
}
