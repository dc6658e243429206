//! The consent texts: complete, in step in both languages, and what a rendering may not do.

use super::*;

fn parties() -> Parties {
    let text = |zh: &str, en: &str| Text { zh: zh.to_owned(), en: en.to_owned() };
    Parties::new(
        "样例借",
        vec![
            Recipient {
                name: text("中国银联股份有限公司", "China UnionPay Co., Ltd."),
                contact: text("95516", "95516"),
            },
            Recipient {
                name: text("样例资金方", "Sample Lender"), contact: text("电话", "phone")
            },
        ],
    )
}

#[test]
fn the_embedded_texts_keep_their_rules() {
    match ConsentBook::parse(FILES) {
        Ok(book) => assert_eq!(book.documents.len(), FILES.len()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_recipient_is_named_and_no_blank_is_left() {
    let book = ConsentBook::embedded();
    for kind in ConsentKind::ALL {
        for lang in [Lang::Zh, Lang::En] {
            let rendered = book.current(kind).render(lang, &parties());
            let text = rendered.canonical();
            assert!(!text.contains(['{', '}']), "{text}");
            assert!(text.contains("样例借"));
            for recipient in parties().recipients {
                assert!(text.contains(recipient.name.in_lang(lang)), "{kind:?} {lang:?}");
                assert!(text.contains(recipient.contact.in_lang(lang)));
            }
        }
    }
}

/// What the law asks such a text to say, by the words that say it.
#[test]
fn the_texts_say_what_they_must() {
    let book = ConsentBook::embedded();
    let must = [
        (
            ConsentKind::InformationSharing,
            Lang::Zh,
            &[
                "单独同意",
                "接收方是",
                "姓名",
                "身份证件",
                "银行卡号",
                "预留手机号",
                "敏感个人信息",
                "用来做什么",
                "怎样处理",
                "保存多久",
                "为什么必要",
                "有什么影响",
                "权利",
                "撤回",
                "不同意",
                "发卡银行",
            ][..],
        ),
        (
            ConsentKind::InformationSharing,
            Lang::En,
            &[
                "separately consent",
                "recipients are",
                "name",
                "identity document",
                "card number",
                "reserved at the bank",
                "sensitive personal information",
                "What for",
                "How long",
                "Why it is necessary",
                "rights",
                "withdraw",
                "do not consent",
            ][..],
        ),
        (
            ConsentKind::Mandate,
            Lang::Zh,
            &[
                "收款人",
                "用途",
                "扣款账户",
                "周期和条件",
                "期限",
                "36个月",
                "撤销",
                "不超过",
                "异议",
            ][..],
        ),
        (
            ConsentKind::Mandate,
            Lang::En,
            &[
                "Payee",
                "Purpose",
                "Account",
                "Cycle and conditions",
                "Term",
                "36 months",
                "revocation",
                "exceeds",
                "object",
            ][..],
        ),
    ];
    for (kind, lang, phrases) in must {
        let text = book.current(kind).render(lang, &parties()).canonical();
        for phrase in phrases {
            assert!(text.contains(phrase), "{kind:?} in {lang:?} does not say {phrase:?}");
        }
    }
}

#[test]
fn both_languages_have_the_same_paragraphs() {
    for kind in ConsentKind::ALL {
        let document = ConsentBook::embedded().current(kind);
        let (zh, en) =
            (document.render(Lang::Zh, &parties()), document.render(Lang::En, &parties()));
        assert_eq!(zh.paragraphs.len(), en.paragraphs.len(), "{kind:?}");
        assert!(zh.paragraphs.len() >= 9);
        assert_ne!(zh.canonical(), en.canonical());
    }
}

/// A platform may call itself anything; its name is never taken for a blank, nor for markup.
#[test]
fn a_name_with_braces_stays_as_it_is() {
    let mut parties = parties();
    parties.platform.zh = "{recipients}<b>&".to_owned();
    let text = ConsentBook::embedded()
        .current(ConsentKind::Mandate)
        .render(Lang::Zh, &parties)
        .canonical();
    assert!(text.contains("您通过{recipients}<b>&所借款项"), "{text}");
    assert_eq!(text.matches("中国银联股份有限公司").count(), 1);
}

#[test]
fn what_was_read_decides_the_hash() {
    let book = ConsentBook::embedded();
    let document = book.current(ConsentKind::InformationSharing);
    let one = document.render(Lang::Zh, &parties()).canonical();
    let mut others = parties();
    others.recipients.pop();
    assert_ne!(document.render(Lang::Zh, &others).canonical(), one);
    others = parties();
    others.issuer = Some(Text { zh: "某银行".to_owned(), en: "Some Bank".to_owned() });
    assert_ne!(document.render(Lang::Zh, &others).canonical(), one);
    assert_eq!(document.render(Lang::Zh, &parties()).canonical(), one);
}

#[test]
fn versions_are_found_and_follow_each_other() {
    let book = ConsentBook::embedded();
    let current = book.current(ConsentKind::Mandate);
    assert_eq!(book.find(ConsentKind::Mandate, &current.version), Some(current));
    assert_eq!(book.find(ConsentKind::Mandate, "1999-01-01"), None);
    let [(_, sharing), (_, mandate)] = FILES else { panic!("two files") };
    let newer = mandate.replace(&current.version, "2099-01-01");
    let files = [("s", *sharing), ("m", *mandate), ("n", newer.as_str())];
    let book = ConsentBook::parse(&files).unwrap();
    assert_eq!(book.current(ConsentKind::Mandate).version, "2099-01-01");
    assert!(book.find(ConsentKind::Mandate, &current.version).is_some(), "the old one is kept");
    let back = [("s", *sharing), ("n", newer.as_str()), ("m", *mandate)];
    assert_eq!(ConsentBook::parse(&back).unwrap_err().file, "m");
    assert_eq!(ConsentBook::parse(&[("s", *sharing)]).unwrap_err().file, "mandate");
}

#[test]
fn a_broken_text_is_refused_by_name() {
    let [(_, sharing), (_, mandate)] = FILES else { panic!("two files") };
    for (from, to, expected) in [
        ("{payee}", "{paye}", "paye"),
        ("2026-11-22", "v1", "no day"),
        ("kind =", "colour = 1\nkind =", "colour"),
        ("\"mandate\"", "\"marriage\"", "marriage"),
    ] {
        let broken = mandate.replace(from, to);
        let error = ConsentBook::parse(&[("s", *sharing), ("m", &broken)]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.file, "m");
    }
    let only_in_chinese = mandate.replacen("{issuer}", "银行", 2);
    let error = ConsentBook::parse(&[("s", *sharing), ("m", &only_in_chinese)]).unwrap_err();
    assert!(error.problem.contains("other blanks"), "{error}");
}

#[test]
fn names_of_kinds_are_stable() {
    for kind in ConsentKind::ALL {
        assert_eq!(ConsentKind::from_name(kind.name()), Some(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
    }
    assert_eq!(ConsentKind::from_name("all"), None);
}
