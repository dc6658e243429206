//! What a diagnosis says, to whom, and what it keeps from the borrower.

use super::*;
use crate::bank_guide::{BankContact, BankGuides};
use crate::cause::Audience;
use crate::mapping::MappingBook;
use crate::outcome::RawAnswer;
use crate::text::Lang;

fn evidence(code: &str, message: &str) -> Evidence {
    let answer = RawAnswer { code: ResponseCode::new(code), message: Some(message.to_owned()) };
    let at = Timestamp::from_millis(1_795_000_000_000);
    Evidence::heard("unionpay", Operation::Verify, Phase::Request, Some(&answer), at)
}

fn bank(code: &str) -> Option<BankContact> {
    BankGuides::embedded().contact(code)
}

fn diagnose(code: &str) -> Diagnosis {
    let dictionary = Dictionary::embedded();
    let meaning = MappingBook::embedded().read(
        "unionpay",
        Operation::Verify,
        Phase::Request,
        &ResponseCode::new(code),
    );
    Diagnosis::from_meaning(dictionary, &meaning, evidence(code, "卡号6216261000000000018不符"))
}

/// A refusal is over: nobody is told to wait for it because the bank's words sound like that.
#[test]
fn no_words_make_a_refusal_look_open() {
    let dictionary = Dictionary::embedded();
    let code = ResponseCode::new("01");
    let book = MappingBook::embedded();
    let meaning = book.read("unionpay", Operation::Verify, Phase::Request, &code);
    assert_eq!(meaning.class, Class::Declined);
    let coded = Diagnosis::from_meaning(dictionary, &meaning, evidence("01", "交易处理中"));
    let said =
        Diagnosis::from_meaning_and_words(dictionary, &meaning, evidence("01", "交易处理中"));
    assert_ne!(said.retry, Retry::Automatic);
    assert_eq!((said.causes, said.next_step), (coded.causes, coded.next_step));
}

/// Words may say more than a vague code; whether anything is tried again is no matter of words.
#[test]
fn words_explain_and_decide_nothing() {
    let dictionary = Dictionary::embedded();
    let book = MappingBook::embedded();
    for (code, words, cause) in
        [("63", "账户已冻结", "card.frozen"), ("63", "该卡已销户", "card.closed")]
    {
        let code = ResponseCode::new(code);
        let meaning = book.read("unionpay", Operation::Verify, Phase::Request, &code);
        assert_eq!(meaning.class, Class::Declined, "{code:?}");
        let coded = Diagnosis::from_meaning(dictionary, &meaning, evidence(code.as_str(), words));
        let said =
            Diagnosis::from_meaning_and_words(dictionary, &meaning, evidence(code.as_str(), words));
        assert_eq!(said.causes, [CauseCode::known(cause)], "{words}");
        assert_ne!(said.causes, coded.causes);
        assert_eq!(said.retry, coded.retry, "{words}");
        assert_ne!(said.certainty, Certainty::Certain);
    }
}

#[test]
fn evidence_masks_the_banks_words_whoever_forgets_to() {
    let diagnosis = diagnose("61");
    assert_eq!(diagnosis.evidence[0].message.as_deref(), Some("卡号****不符"));
    assert!(!serde_json::to_string(&diagnosis).unwrap().contains("6216261000"));
}

#[test]
fn a_mismatch_is_an_honest_one_of() {
    let dictionary = Dictionary::embedded();
    let diagnosis = diagnose("66");
    assert_eq!(diagnosis.certainty, Certainty::OneOf);
    assert_eq!((diagnosis.actor, diagnosis.next_step), (Actor::Borrower, NextStep::CorrectEntry));
    let icbc = bank("ICBC");
    let zh = diagnosis.render(dictionary, Audience::Borrower, Lang::Zh, icbc.as_ref());
    assert_eq!(
        zh.title,
        "手机号与银行预留的不一致，或姓名与银行登记不一致，或证件号码与银行登记不一致等"
    );
    assert_eq!(zh.candidates.len(), 4);
    assert_eq!(
        zh.text,
        "可能是以下原因之一：手机号与银行预留的不一致、姓名与银行登记不一致、\
         证件号码与银行登记不一致、银行查不到这个卡号。"
    );
    assert!(zh.fix.contains("办卡时留给银行的手机号"));
    assert_eq!(zh.hotline, None, "the borrower acts, not the bank");
    let en = diagnosis.render(dictionary, Audience::Borrower, Lang::En, None);
    assert!(en.text.starts_with("It is one of these: Phone number differs"), "{}", en.text);
}

#[test]
fn the_bank_must_act_so_its_number_is_given() {
    let dictionary = Dictionary::embedded();
    let diagnosis = diagnose("63");
    assert_eq!(diagnosis.actor, Actor::Issuer);
    for (code, lang, expected) in [
        ("ICBC", Lang::Zh, "中国工商银行客服电话：95588"),
        ("CMB", Lang::En, "China Merchants Bank customer service: 95555"),
        ("SPABANK", Lang::Zh, "平安银行客服电话：95511 转 3，请与卡背面的号码核对"),
        ("CZBANK", Lang::Zh, "请拨打卡背面的客服电话"),
        ("NO SUCH BANK", Lang::En, "Please call the number on the back of the card"),
    ] {
        let rendered = diagnosis.render(dictionary, Audience::Borrower, lang, bank(code).as_ref());
        assert_eq!(rendered.hotline.as_deref(), Some(expected));
    }
}

#[test]
fn what_to_do_is_concrete_and_in_order() {
    let dictionary = Dictionary::embedded();
    let steps = |diagnosis: &Diagnosis, audience, lang, bank| {
        let said = diagnosis.render(dictionary, audience, lang, bank);
        said.steps.into_iter().map(|step| step.text).collect::<Vec<_>>()
    };
    // One of four: what each would have corrected, the likeliest first.
    let (icbc, cmb, spabank) = (bank("ICBC"), bank("CMB"), bank("SPABANK"));
    let zh = steps(&diagnose("66"), Audience::Borrower, Lang::Zh, icbc.as_ref());
    assert_eq!(
        zh,
        ["核对并改正银行预留手机号", "核对并改正姓名", "核对并改正证件号码", "核对并改正卡号"]
    );
    // One cause: its own list, with the number of the bank where it is known.
    let rendered = diagnose("63").render(dictionary, Audience::Borrower, Lang::En, cmb.as_ref());
    assert_eq!(rendered.steps[0].number.as_deref(), Some("95555"));
    let json = serde_json::to_string(&rendered.steps[0]).unwrap();
    let expected =
        r#"{"do":"call_bank","number":"95555","text":"Call China Merchants Bank on 95555"}"#;
    assert_eq!(json, expected);
    // What is pressed afterwards is in the words; what is dialled is the number alone.
    let pressed = diagnose("63").render(dictionary, Audience::Borrower, Lang::Zh, spabank.as_ref());
    assert_eq!(pressed.steps[0].number.as_deref(), Some("95511"));
    assert!(pressed.steps[0].text.contains("95511 转 3"), "{}", pressed.steps[0].text);
    let unknown = steps(&diagnose("63"), Audience::Borrower, Lang::Zh, None);
    assert_eq!(unknown, ["请拨打卡背面的客服电话", "换一张本人名下的其他银行卡"]);
    // What only the platform's engineers can do is not said to a borrower.
    let ours = diagnose("11");
    assert_eq!(steps(&ours, Audience::Borrower, Lang::Zh, None), ["联系平台客服"]);
    assert_eq!(steps(&ours, Audience::Engineer, Lang::Zh, None).len(), 2);
}

/// Whoever tests stolen cards learns the same from a lost, a captured and a frozen card.
#[test]
fn the_borrower_cannot_tell_sensitive_causes_apart() {
    let dictionary = Dictionary::embedded();
    let shown = |code: &'static str| {
        let cause = CauseCode::known(code);
        let diagnosis = Diagnosis::from_cause(dictionary, cause, Certainty::Certain);
        let public =
            diagnosis.clone().with_evidence(evidence("x", "挂失")).for_borrower(dictionary);
        assert!(!serde_json::to_string(&public).unwrap().contains(code));
        assert!(public.evidence.is_empty());
        let staff = diagnosis.render(dictionary, Audience::Agent, Lang::Zh, None);
        assert_eq!(staff.title, dictionary.find(code).unwrap().name.zh);
        let abc = bank("ABC");
        (public, diagnosis.render(dictionary, Audience::Borrower, Lang::Zh, abc.as_ref()))
    };
    let lost = shown("card.lost");
    for other in [
        "card.stolen",
        "card.captured",
        "card.frozen",
        "card.frozen_by_authority",
        "card.restricted",
        "card.risk_refused",
        "card.holder_deceased",
    ] {
        assert_eq!(shown(other), lost, "{other}");
    }
    assert_eq!(shown("attack.enumeration"), shown("attack.replay"));
    // Nor whether it is a list or a rule; and no bank is blamed for either.
    let (listed, said) = shown("card.blacklisted");
    assert_eq!(shown("payment.regulatory"), (listed, said.clone()));
    assert!(said.hotline.is_none() && !said.text.contains("银行"), "{said:?}");
}

/// In a "one of", too: two sensitive candidates collapse into one vague cause.
#[test]
fn candidates_that_look_alike_to_the_borrower_are_one() {
    let dictionary = Dictionary::embedded();
    let meaning = Meaning {
        class: crate::outcome::Class::Declined,
        causes: vec![CauseCode::known("card.lost"), CauseCode::known("card.frozen")],
        certainty: Certainty::OneOf,
    };
    let diagnosis = Diagnosis::from_meaning(dictionary, &meaning, evidence("63", ""));
    let public = diagnosis.for_borrower(dictionary);
    assert_eq!(public.causes, [CauseCode::known("card.status_abnormal")]);
    assert_eq!(public.certainty, Certainty::Likely);
    let staff = diagnosis.render(dictionary, Audience::Agent, Lang::En, None);
    assert_eq!(staff.candidates.len(), 2);
    assert!(staff.text.contains("Card reported lost"));
}

#[test]
fn a_doubt_asks_everybody_to_wait() {
    let dictionary = Dictionary::embedded();
    for doubt in [
        Doubt::TimedOut,
        Doubt::ConnectionBroken,
        Doubt::BadStatus,
        Doubt::Unreadable,
        Doubt::BadSignature,
        Doubt::WrongOrder,
        Doubt::CodeProvesNothing,
        Doubt::UnmappedCode,
        Doubt::Restarted,
    ] {
        let diagnosis = Diagnosis::from_doubt(dictionary, doubt, Vec::new());
        assert_eq!(diagnosis.actor, Actor::Nobody, "{doubt:?}");
        assert_eq!(diagnosis.retry, Retry::Automatic, "{doubt:?}");
        let icbc = bank("ICBC");
        let zh = diagnosis.render(dictionary, Audience::Borrower, Lang::Zh, icbc.as_ref());
        assert_eq!(zh.title, "结果确认中", "{doubt:?}");
        assert_eq!(zh.hotline, None);
        assert!(diagnosis.text(dictionary, Audience::Borrower, Lang::Zh).contains("不用重复提交"));
    }
}

#[test]
fn what_was_not_sent_never_blames_the_card() {
    let dictionary = Dictionary::embedded();
    for (not_sent, cause) in [
        (NotSent::NoConnection, "channel.outage"),
        (NotSent::Unencodable, "channel.unencodable"),
        (NotSent::ChannelRefused, "channel.busy"),
        (NotSent::ChannelStopped, "channel.maintenance"),
    ] {
        let diagnosis = Diagnosis::from_not_sent(dictionary, not_sent, Vec::new());
        assert_eq!(diagnosis.causes, [CauseCode::known(cause)]);
        assert_ne!(diagnosis.actor, Actor::Issuer);
    }
}

/// A cause of a newer version, or none at all: no panic, no blank.
#[test]
fn an_unheard_of_cause_still_has_words() {
    let dictionary = Dictionary::embedded();
    let strange = CauseCode::known("card.from_the_future");
    let diagnosis = Diagnosis::from_cause(dictionary, strange, Certainty::Certain);
    let rendered = diagnosis.render(dictionary, Audience::Borrower, Lang::Zh, None);
    assert!(!rendered.title.is_empty() && !rendered.text.is_empty() && !rendered.fix.is_empty());
    let none = Diagnosis::from_meaning(dictionary, &Meaning::settled(), evidence("00", ""));
    assert_eq!(none.causes, [known::CHANNEL_RESULT_UNKNOWN]);
    assert_eq!(none.certainty, Certainty::Unknown);
}

#[test]
fn the_json_form_is_stable() {
    let json = serde_json::to_string(&diagnose("87")).unwrap();
    assert_eq!(
        json,
        r#"{"causes":["limit.count"],"certainty":"certain","actor":"borrower","next_step":"try_later","retry":{"when":"after","seconds":86400},"evidence":[{"channel":"unionpay","operation":"verify","phase":"request","code":"87","message":"卡号****不符","at":1795000000000}]}"#
    );
    let back: Diagnosis = serde_json::from_str(&json).unwrap();
    assert_eq!(back, diagnose("87"));
}

#[test]
fn every_name_is_what_serde_writes() {
    let quoted = |name: &str| format!("\"{name}\"");
    for step in [NextStep::CorrectEntry, NextStep::CallBank, NextStep::FixIntegration] {
        assert_eq!(serde_json::to_string(&step).unwrap(), quoted(step.name()));
    }
    for actor in [Actor::Borrower, Actor::Issuer, Actor::Nobody] {
        assert_eq!(serde_json::to_string(&actor).unwrap(), quoted(actor.name()));
    }
    assert_eq!(serde_json::to_string(&Certainty::OneOf).unwrap(), quoted("one_of"));
    for retry in [Retry::Never, Retry::After(60), Retry::NextDay, Retry::NextMonth] {
        assert_eq!(serde_json::to_value(retry).unwrap()["when"], retry.name());
    }
}
