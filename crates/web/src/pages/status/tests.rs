//! Every state and every waiting in both languages: what it is, who acts, what next; never a blame,
//! never a doubt called an end.

use askama::Template as _;
use mingka_domain::cause::{CauseCode, known};
use mingka_domain::diagnosis::Evidence;
use mingka_domain::id::{InstrumentId, PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Operation, Phase, RawAnswer, ResponseCode};
use mingka_domain::payment::ReviewReason;
use mingka_domain::time::Timestamp;
use mingka_engine::{CardView, StatusLink, StatusVisit};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_399_200_000);

fn diagnosis() -> Diagnosis {
    let cause = known::PAYMENT_EXPIRED;
    Diagnosis::from_cause(Dictionary::embedded(), cause, Certainty::Certain)
}

fn payment(kind: PaymentKind, state: &str) -> PaymentView {
    let open = ["accepted", "awaiting_code", "waiting", "in_flight", "doubtful", "review"]
        .contains(&state);
    let why = matches!(state, "doubtful" | "review" | "refused" | "returned");
    PaymentView {
        original: None,
        code_confirmed: None,
        given_back_by: Vec::new(),
        refunded_amount: None,
        id: PaymentId::new(NOW, [1; 10]),
        kind,
        state: state.to_owned(),
        lender: "default".to_owned(),
        instrument: InstrumentId::new(NOW, [2; 10]),
        reference: "loan-7".to_owned(),
        purpose: "principal".to_owned(),
        amount: Fen::new(123_405).unwrap(),
        channel: None,
        channel_number: None,
        waits_for: None,
        review: (state == "review").then_some(ReviewReason::Unproven),
        proof: None,
        settled_amount: None,
        next_look_at: open.then_some(NOW),
        diagnosis: why.then(diagnosis),
        timeline: vec![TimelineEntry { at: NOW, event: "opened".to_owned(), diagnosis: None }],
        created_at: NOW,
        updated_at: NOW,
        version: 3,
    }
}

fn shown(payment: PaymentView, lang: Lang) -> String {
    let link = StatusLink {
        platform: PlatformId::new(NOW, [3; 10]),
        payment: payment.id,
        lang,
        return_url: None,
        expires_at: NOW,
    };
    let card = CardView {
        masked: "6216 **** **** 0018".to_owned(),
        last4: "0018".to_owned(),
        kind: None,
        bank_code: None,
        bank_name: None,
        contact: None,
        name_masked: None,
        id_number_masked: None,
        phone_masked: None,
    };
    let platform_name = "晨光分期".to_owned();
    let visit = StatusVisit { link, platform_name, payment, card };
    page(false, &Look { visit, lang }).render().unwrap()
}

const KINDS: [PaymentKind; 4] =
    [PaymentKind::Disbursement, PaymentKind::Repayment, PaymentKind::Refund, PaymentKind::Reversal];
const STATES: [&str; 13] = [
    "accepted",
    "awaiting_code",
    "waiting",
    "in_flight",
    "doubtful",
    "review",
    "settled",
    "refused",
    "returned",
    "refunded",
    "reversed",
    "cancelled",
    "a state of tomorrow",
];

#[test]
fn each_state_says_who_acts_and_what_next_and_blames_nobody() {
    for (kind, state) in KINDS.into_iter().flat_map(|kind| STATES.map(|state| (kind, state))) {
        for lang in [Lang::Zh, Lang::En] {
            let w = Words::of(lang);
            let text = shown(payment(kind, state), lang);
            for words in [w.refused_who, w.refused_next, w.pay_timeline, "¥1,234.05", "loan-7"] {
                assert!(text.contains(words), "{state}: {words}");
            }
            for word in ["失败", "错误", "无效", "invalid", "failed", "error"] {
                assert!(!text.contains(word), "{state} says {word}");
            }
            let waits = text.contains("http-equiv=\"refresh\"");
            let open = payment(kind, state).next_look_at.is_some();
            assert_eq!((waits, text.contains("data-watch")), (open, open), "{state}");
        }
    }
}

#[test]
fn a_doubt_and_a_review_are_no_end_and_ask_for_nothing_twice() {
    for kind in KINDS {
        for (state, heading) in [("doubtful", "结果确认中"), ("review", "正在人工核实")]
        {
            let text = shown(payment(kind, state), Lang::Zh);
            assert!(text.contains(heading) && text.contains("请不要重复办理"), "{text}");
            let title =
                diagnosis().render(Dictionary::embedded(), Audience::Borrower, Lang::Zh, None);
            assert!(!text.contains(&title.title), "the bank's last word is not the end");
        }
    }
}

#[test]
fn an_end_says_where_the_money_is_and_why() {
    let title = diagnosis().render(Dictionary::embedded(), Audience::Borrower, Lang::Zh, None);
    for (kind, state, words) in [
        (PaymentKind::Disbursement, "settled", "放款已到账"),
        (PaymentKind::Repayment, "settled", "还款已完成"),
        (PaymentKind::Disbursement, "refused", "款项没有转出"),
        (PaymentKind::Repayment, "refused", "没有扣款"),
        (PaymentKind::Disbursement, "returned", "款项被银行退回"),
        (PaymentKind::Repayment, "cancelled", "没有任何款项转出或扣除"),
        (PaymentKind::Repayment, "refunded", "还款已退回"),
        (PaymentKind::Repayment, "reversed", "还款已撤销"),
        (PaymentKind::Refund, "settled", "退款已退回"),
        (PaymentKind::Refund, "refused", "款项没有退出"),
        (PaymentKind::Reversal, "settled", "退款已退回"),
    ] {
        let text = shown(payment(kind, state), Lang::Zh);
        assert!(text.contains(words), "{state}: {words}: {text}");
        let explained = matches!(state, "refused" | "returned");
        assert_eq!(text.contains(&title.title), explained, "{state}");
    }
}

/// Whoever holds somebody else's card learns nothing of it here: not by a word, a code, a step, a
/// button or the time to try again.
#[test]
fn a_lost_a_stolen_and_a_frozen_card_look_the_same() {
    let seen = |cause: &'static str, code: &str, lang| {
        let answer =
            RawAnswer { code: ResponseCode::new(code), message: Some("挂失".to_owned()) };
        let (operation, phase) = (Operation::Disburse, Phase::Inquiry);
        let evidence = Evidence::heard("a-channel", operation, phase, Some(&answer), NOW);
        let exact = Diagnosis::from_cause(
            Dictionary::embedded(),
            CauseCode::known(cause),
            Certainty::Certain,
        );
        let diagnosis = Some(exact.with_evidence(evidence));
        let refused = payment(PaymentKind::Disbursement, "refused");
        shown(PaymentView { diagnosis, ..refused }, lang)
    };
    for lang in [Lang::Zh, Lang::En] {
        let lost = seen("card.lost", "K-41", lang);
        assert!(lost.contains("<ol class=\"todo\"><li>"), "{lost}");
        for (cause, code) in [
            ("card.stolen", "K-43"),
            ("card.captured", "K-04"),
            ("card.frozen", "K-75"),
            ("card.frozen_by_authority", "K-76"),
            ("card.restricted", "K-62"),
            ("card.risk_refused", "K-38"),
            ("card.holder_deceased", "K-07"),
        ] {
            assert_eq!(seen(cause, code, lang), lost, "{cause}");
        }
        for told in ["K-41", "a-channel", "挂失", "card.lost"] {
            assert!(!lost.contains(told), "{told}: {lost}");
        }
        let listed = seen("card.blacklisted", "K-1", lang);
        assert_eq!(seen("payment.regulatory", "K-2", lang), listed);
    }
}

#[test]
fn what_went_back_in_part_is_not_said_to_be_back() {
    let part = PaymentView {
        refunded_amount: Some(Fen::new(2_000).unwrap()),
        ..payment(PaymentKind::Repayment, "refunded")
    };
    let text = shown(part.clone(), Lang::Zh);
    for words in ["还款已部分退回", "¥20.00", "¥1,234.05"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let whole = shown(PaymentView { refunded_amount: Some(part.amount), ..part }, Lang::Zh);
    assert!(whole.contains("还款已退回") && !whole.contains("部分"), "{whole}");
}

#[test]
fn a_code_is_for_the_borrower_to_enter() {
    let text = shown(payment(PaymentKind::Repayment, "awaiting_code"), Lang::Zh);
    let w = Words::of(Lang::Zh);
    assert!(text.contains(w.pay_next_code) && !text.contains(w.pay_actor_us), "{text}");
}

#[test]
fn each_waiting_says_for_what() {
    let reasons = [
        WaitReason::NotSent,
        WaitReason::SoftDecline,
        WaitReason::Hours,
        WaitReason::Stopped,
        WaitReason::Balance,
        WaitReason::Limit,
    ];
    let mut said = std::collections::BTreeSet::new();
    for why in reasons {
        let waiting =
            PaymentView { waits_for: Some(why), ..payment(PaymentKind::Disbursement, "waiting") };
        let words = wait_words(Words::of(Lang::Zh), why);
        assert!(shown(waiting, Lang::Zh).contains(words), "{why:?}");
        assert!(said.insert(words), "{why:?} says what another says");
    }
}

#[test]
fn every_event_of_the_log_has_words_of_its_own() {
    let w = Words::of(Lang::Zh);
    let names = [
        "opened",
        "deferred",
        "code_asked",
        "code_sent",
        "code_refused",
        "sent",
        "pending",
        "settled",
        "declined",
        "not_sent",
        "unknown",
        "still_open",
        "not_found",
        "suspected_duplicate",
        "returned",
        "decided",
        "refunded",
        "reversed",
        "cancelled",
        "lapsed",
    ];
    let entry = |event: &str| TimelineEntry { at: NOW, event: event.to_owned(), diagnosis: None };
    let said: std::collections::BTreeSet<_> =
        names.iter().map(|name| happened(w, &entry(name)).1).collect();
    assert_eq!(said.len(), names.len());
    assert!(!said.contains(w.pay_event_other));
}
