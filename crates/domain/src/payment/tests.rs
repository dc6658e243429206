//! The table, written as text: stories of events and waits, and the state each leads to. Unhappy
//! ways first: what must never be possible stands behind a `!`.

use super::*;
use crate::cause::{CauseCode, Dictionary};
use crate::diagnosis::Certainty;
use crate::effect::Effect;
use crate::id::PrincipalId;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

const STORIES: &[(&str, &str)] = &[
    // Before anything is sent.
    ("", "accepted"),
    ("cancel", "cancelled"),
    ("cancel !send !settled", "cancelled"),
    ("stopped !send +60s send", "in_flight attempts=1"),
    ("stopped cancel", "cancelled"),
    ("!lapse +2d !send lapse", "refused:binding.expired"),
    ("stopped +2d !send lapse", "refused:binding.expired"),
    ("!settled !declined !unknown !returned", "accepted"),
    // An answer.
    ("send settled", "settled"),
    ("send declined", "refused:card.lost"),
    ("send pending", "in_flight attempts=1 pending"),
    ("send pending settled", "settled"),
    ("send pending open not_found", "in_flight attempts=1 pending"),
    ("send pending !not_sent", "in_flight attempts=1 pending"),
    ("send not_sent", "waiting:not_sent attempts=0"),
    ("send not_sent !send +60s send", "in_flight attempts=1"),
    ("send not_sent cancel", "cancelled"),
    // A soft decline, and how often.
    ("send soft", "waiting:soft_decline attempts=1"),
    ("send soft !send +60s send soft +60s send soft", "refused:balance.insufficient"),
    ("send soft +60s send settled1", "!"),
    ("send soft +60s send !settled1 settled", "settled"),
    // While one is open there is no other, and nothing is taken back.
    ("send !send !cancel !stopped !lapse", "in_flight attempts=1"),
    ("send unknown !send !cancel !stopped !lapse !not_sent", "doubtful inquiries=0"),
    ("send unknown +2d !send !lapse", "doubtful inquiries=0"),
    // Pending for too long is a doubt.
    ("send pending +1d pending", "doubtful inquiries=0"),
    ("send pending +1d not_found", "doubtful inquiries=0"),
    // Doubt ends by proof.
    ("send unknown open open", "doubtful inquiries=2"),
    ("send unknown open settled", "settled"),
    ("send unknown declined", "refused:card.lost"),
    ("send unknown soft", "waiting:soft_decline attempts=1"),
    // "Not found" needs its window and more than one answer.
    ("send unknown not_found not_found not_found", "doubtful inquiries=3"),
    ("send unknown +10m not_found", "doubtful inquiries=1"),
    ("send unknown +10m not_found not_found", "waiting:soft_decline attempts=1"),
    ("send unknown not_found +10m not_found", "waiting:soft_decline attempts=1"),
    // What nothing proves goes to people, and the bank is asked on.
    ("send unknown +1h open", "review:unproven"),
    ("send unknown +1h open +1h not_found open !send !cancel !lapse", "review:unproven"),
    ("send unknown +1h open settled", "settled"),
    ("send unknown +1h open soft", "refused:balance.insufficient"),
    ("send unknown +1h open decided_no", "refused:card.lost held"),
    ("send unknown +1h open decided_yes", "settled"),
    ("send unknown decided_no", "refused:card.lost held"),
    ("send decided_no", "!"),
    ("send settled !decided_no !decided_yes", "settled"),
    ("send unknown decided_no !send !settled absent", "refused:card.lost"),
    ("send unknown decided_no statement", "review:settled_after_refusal"),
    ("send declined !absent", "refused:card.lost"),
    ("send suspected !send", "review:suspected_duplicate"),
    ("send suspected settled", "settled"),
    // The end, and what may follow it.
    ("send settled !declined !unknown !send !cancel", "settled"),
    ("send settled returned", "returned:card.closed"),
    ("send settled returned !settled !returned", "returned:card.closed"),
    ("send declined !settled !unknown !send", "refused:card.lost"),
    ("send declined statement", "review:settled_after_refusal"),
    ("send declined statement !declined !send open", "review:settled_after_refusal"),
    ("send declined statement settled", "settled"),
    ("send declined statement !decided_no decided_yes", "settled"),
    // Our own money did not reach: nobody is refused for it, however often.
    ("send no_money", "waiting:balance attempts=0"),
    (
        "send no_money +60s send no_money +60s send no_money +60s send no_money",
        "waiting:balance attempts=0",
    ),
    ("send unknown +1h open no_money", "refused:platform.balance"),
    // Lost by the books and known to a statement.
    ("found", "settled"),
    ("stopped found !send", "settled"),
    ("send soft found", "settled"),
    ("send !found", "in_flight attempts=1"),
    ("cancel !found", "cancelled"),
    // Given back, in parts and never more than was taken; undone, whether it moved or not.
    ("send settled refund !declined", "refunded:40000"),
    ("send settled refund refund !refund", "refunded:80000"),
    ("send settled refund !undo !returned", "refunded:40000"),
    ("send settled undo !refund !settled !undo", "reversed"),
    ("send unknown undo !send", "reversed"),
    ("send unknown soft undo !send", "reversed"),
    ("send unknown soft +60s send !undo1 undo", "reversed"),
    ("send unknown +1h open undo", "reversed"),
    ("send unknown !refund", "doubtful inquiries=0"),
    ("!undo !refund", "accepted"),
    ("send declined !undo !refund", "refused:card.lost"),
    ("send soft statement !send", "review:settled_after_refusal"),
    ("send soft +60s send declined statement1 !send", "review:settled_after_refusal"),
    ("send soft +60s send declined !settled1 !declined1", "refused:card.lost"),
    ("send soft !settled !declined", "waiting:soft_decline attempts=1"),
];

/// Words of a story: each is an event, or a wait such as `+60s`. What follows `!` must be refused.
/// `send` begins an attempt; what is heard is about the newest one, or the first where it ends
/// in `1`.
#[test]
fn stories_lead_where_the_table_says() {
    for (story, expected) in STORIES {
        assert_eq!(tell(story), *expected, "{story}");
    }
}

#[test]
fn only_an_attempt_that_was_just_made_is_sent() {
    let payment = Payment::open(terms(), NOW);
    let attempt = attempt(1);
    let (_, effects) = payment.apply(Event::Sent { attempt }, NOW).unwrap();
    assert!(effects.contains(&Effect::Send(attempt)));
}

#[test]
fn a_log_replays_to_its_state() {
    let at = |seconds| NOW.plus_ms(seconds * SECOND_MS);
    let attempt = attempt(1);
    let heard = |what| Event::Heard { attempt, what };
    let log = [
        (Event::Opened { terms: terms() }, NOW),
        (Event::Sent { attempt }, at(1)),
        (heard(Heard::Unknown { diagnosis: said("channel.timeout") }), at(31)),
        (heard(Heard::Settled { proof: Proof::Inquiry, amount: terms().amount }), at(60)),
    ];
    let state = Payment::replay(log.clone()).unwrap();
    assert_eq!(state.name(), "settled");
    let json = serde_json::to_string(&log).unwrap();
    let read: Vec<(Event, Timestamp)> = serde_json::from_str(&json).unwrap();
    assert_eq!(Payment::replay(read).unwrap(), state);
    assert!(Payment::replay(log.into_iter().skip(1)).is_err());
}

/// Inquiries thin out and never stop: every state with an open attempt wakes somebody.
#[test]
fn whoever_has_an_open_attempt_is_woken() {
    for story in ["send", "send pending", "send unknown", "send unknown +1h open +1d open"] {
        let payment = end_of(story).unwrap();
        assert!(payment.open_attempt().is_some() && payment.wake_at().is_some(), "{story}");
    }
    for story in ["cancel", "send settled", "send declined", "send settled returned"] {
        let payment = end_of(story).unwrap();
        assert!(payment.is_ended() && payment.wake_at().is_none(), "{story}");
    }
}

#[test]
fn others_are_kept_out_until_the_money_certainly_did_not_move() {
    for (story, disbursement, repayment) in [
        ("", true, true),
        ("send", true, true),
        ("send unknown", true, true),
        ("send unknown +1h open", true, true),
        ("send soft", true, true),
        ("send settled", true, false),
        ("send declined", false, false),
        ("send settled returned", false, false),
        ("send declined statement", true, true),
        ("send unknown decided_no", true, true),
        ("send unknown decided_no absent", false, false),
        ("send settled refund", true, false),
        ("send unknown undo", true, false),
        ("cancel", false, false),
    ] {
        let payment = end_of(story).unwrap();
        let kept = |kind| payment.keeps_others_out(kind);
        assert_eq!(kept(PaymentKind::Disbursement), disbursement, "{story}");
        assert_eq!(kept(PaymentKind::Repayment), repayment, "{story}");
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn terms() -> Terms {
    Terms {
        kind: PaymentKind::Disbursement,
        amount: Fen::new(100_000).unwrap(),
        customer_present: false,
        valid_until: NOW.plus_ms(DAY_MS + HOUR_MS),
        attempts_max: 3,
        exchange_ms: 35 * SECOND_MS,
        pending_ms: DAY_MS,
        settling_ms: 10 * MINUTE_MS,
        not_found_min: 2,
        doubt_ms: HOUR_MS,
        inquiry_delays_ms: vec![SECOND_MS, 2 * SECOND_MS, HOUR_MS],
    }
}

fn attempt(n: u8) -> AttemptId {
    AttemptId::new(NOW, [n; 10])
}

fn said(cause: &'static str) -> Diagnosis {
    let code: CauseCode = serde_json::from_value(cause.into()).unwrap();
    Diagnosis::from_cause(Dictionary::embedded(), code, Certainty::Certain)
}

fn tell(story: &str) -> String {
    end_of(story).map_or_else(|| "!".to_owned(), |payment| shown(&payment))
}

/// `None` when a step was refused that should not have been.
fn end_of(story: &str) -> Option<Payment> {
    let (mut payment, mut now, mut made) = (Payment::open(terms(), NOW), NOW, 0);
    for word in story.split_whitespace() {
        if let Some(wait) = word.strip_prefix('+') {
            now = now.plus_ms(span_ms(wait));
            continue;
        }
        let (refused, word) = word.strip_prefix('!').map_or((false, word), |word| (true, word));
        let next = payment.clone().apply(event(word, made, now), now);
        match (refused, next) {
            (true, Err(_)) => {}
            (true, Ok(_)) => panic!("{story}: {word} was taken"),
            (false, Err(_)) => return None,
            (false, Ok((after, _))) => {
                made += u8::from(word == "send");
                payment = after;
            }
        }
    }
    Some(payment)
}

fn event(word: &str, made: u8, now: Timestamp) -> Event {
    let amount = terms().amount;
    let again_at = now.plus_ms(MINUTE_MS);
    let day: SettlementDay = "2023-11-15".parse().unwrap();
    let (word, about) = word.strip_suffix('1').map_or((word, made), |word| (word, 1));
    let (proof, what) = match word {
        "send" => return Event::Sent { attempt: attempt(made + 1) },
        "cancel" => return Event::Cancelled,
        "lapse" => return Event::Lapsed { diagnosis: said("binding.expired") },
        "stopped" => return Event::Deferred { until: again_at, why: WaitReason::Stopped },
        "settled" => (Proof::Inquiry, Some(true)),
        "statement" => (Proof::Statement(day), Some(true)),
        "declined" => (Proof::Inquiry, Some(false)),
        "absent" => (Proof::Absence(day), Some(false)),
        "decided_no" | "decided_yes" => return decided(attempt(about), word == "decided_yes"),
        "found" => {
            let proof = Proof::Statement(day);
            return Event::Found { attempt: attempt(about), proof, amount };
        }
        "refund" => {
            let (amount, attempt) = (Fen::new(40_000).ok(), attempt(about));
            return Event::GivenBack { by: other(), amount, attempt };
        }
        "undo" => {
            let attempt = attempt(about);
            return Event::GivenBack { by: other(), amount: None, attempt };
        }
        _ => (Proof::Inquiry, None),
    };
    let what = match (what, word) {
        (Some(true), _) => Heard::Settled { proof, amount },
        (Some(false), _) => Heard::Declined { proof, diagnosis: said("card.lost"), again_at: None },
        (_, "soft") => {
            let diagnosis = said("balance.insufficient");
            Heard::Declined { proof, diagnosis, again_at: Some(again_at) }
        }
        (_, "no_money") => {
            let diagnosis = said("platform.balance");
            Heard::Declined { proof, diagnosis, again_at: Some(again_at) }
        }
        (_, "not_sent") => Heard::NotSent { diagnosis: said("channel.outage"), again_at },
        (_, "pending") => Heard::Pending { diagnosis: said("channel.processing") },
        (_, "unknown") => Heard::Unknown { diagnosis: said("channel.timeout") },
        (_, "open") => Heard::StillOpen { diagnosis: said("channel.timeout") },
        (_, "not_found") => Heard::NotFound { diagnosis: said("channel.order_not_found") },
        (_, "suspected") => {
            Heard::SuspectedDuplicate { diagnosis: said("channel.order_duplicate") }
        }
        (_, "returned") => Heard::Returned { diagnosis: said("card.closed") },
        (_, other) => panic!("{other} is no event"),
    };
    Event::Heard { attempt: attempt(about), what }
}

fn decided(attempt: AttemptId, moved: bool) -> Event {
    let decision = Decision {
        approval: ApprovalId::new(NOW, [9; 10]),
        proposed_by: PrincipalId::new(NOW, [7; 10]),
        approved_by: PrincipalId::new(NOW, [8; 10]),
        evidence_sha256: "0".repeat(64),
    };
    Event::Decided { attempt, decision, moved, diagnosis: said("card.lost") }
}

fn other() -> PaymentId {
    PaymentId::new(NOW, [6; 10])
}

fn span_ms(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit_ms = match unit {
        "s" => SECOND_MS,
        "m" => MINUTE_MS,
        "h" => HOUR_MS,
        _ => DAY_MS,
    };
    number.parse::<i64>().unwrap() * unit_ms
}

fn shown(payment: &Payment) -> String {
    let cause = |diagnosis: &Diagnosis| diagnosis.causes.first().unwrap().to_string();
    match payment {
        Payment::Waiting(waiting) => {
            format!("waiting:{} attempts={}", word(&waiting.why), waiting.progress.attempts)
        }
        Payment::InFlight(flying) => {
            let pending = if flying.pending { " pending" } else { "" };
            format!("in_flight attempts={}{pending}", flying.progress.attempts)
        }
        Payment::Doubtful(doubtful) => format!("doubtful inquiries={}", doubtful.inquiries),
        Payment::Review(review) => format!("review:{}", word(&review.why)),
        Payment::Refused(refused) => {
            let held = if refused.held_since.is_some() { " held" } else { "" };
            format!("refused:{}{held}", cause(&refused.diagnosis))
        }
        Payment::Refunded(refunded) => format!("refunded:{}", refunded.sum.get()),
        Payment::Returned { diagnosis, .. } => format!("returned:{}", cause(diagnosis)),
        other => other.name().to_owned(),
    }
}

/// The name a value has in a record.
fn word(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap().trim_matches('"').to_owned()
}

/// With the borrower there, a code for this very amount comes before the money, and once.
#[test]
fn a_code_comes_before_the_money_and_serves_once() {
    let terms = Terms { customer_present: true, attempts_max: 1, ..terms() };
    let heard = |what| Event::Heard { attempt: attempt(1), what };
    let open = Payment::open(terms.clone(), NOW);
    let sent = Event::Sent { attempt: attempt(2) };
    assert!(open.clone().apply(sent.clone(), NOW).is_err(), "no money without the code");
    let (asked, effects) = open.apply(Event::CodeAsked { attempt: attempt(1) }, NOW).unwrap();
    assert!(effects.contains(&Effect::Send(attempt(1))));
    assert_eq!((asked.name(), asked.open_attempt()), ("awaiting_code", None));
    for what in [Heard::CodeSent, Heard::Unknown { diagnosis: said("channel.timeout") }] {
        let (waits, _) = asked.clone().apply(heard(what), NOW).unwrap();
        assert_eq!(waits.name(), "awaiting_code", "silence proves nothing");
        let late = waits.clone().apply(sent.clone(), terms.valid_until);
        assert!(late.is_err(), "the code is over");
        let (flying, _) = waits.apply(sent.clone(), NOW).unwrap();
        let diagnosis = said("channel.outage");
        let not_sent = Heard::NotSent { diagnosis, again_at: NOW };
        let about = |what| Event::Heard { attempt: attempt(2), what };
        let (ended, _) = flying.clone().apply(about(not_sent), NOW).unwrap();
        assert_eq!(ended.name(), "refused", "another message needs another code");
        let (again, proof) = (Some(NOW.plus_ms(1)), Proof::Inquiry);
        let diagnosis = said("balance.insufficient");
        let soft = Heard::Declined { proof, diagnosis, again_at: again };
        assert_eq!(flying.apply(about(soft), NOW).unwrap().0.name(), "refused");
    }
    let refused = Heard::CodeRefused { diagnosis: said("card.lost") };
    let (ended, _) = asked.clone().apply(heard(refused), NOW).unwrap();
    assert_eq!(ended.name(), "refused");
    assert_eq!(asked.clone().apply(Event::Cancelled, NOW).unwrap().0.name(), "cancelled");
    let diagnosis = said("code.expired");
    let lapsed = asked.apply(Event::Lapsed { diagnosis }, terms.valid_until).unwrap().0;
    assert_eq!(lapsed.name(), "refused");
}
