//! The table, written as text: `state + event → state`. Unhappy ways first.

use super::*;
use crate::cause::{CauseCode, Dictionary};
use crate::diagnosis::Certainty;
use crate::effect::Effect;

const SECOND: i64 = 1_000;

/// Words of a story: each is an event, or a wait such as `+60s`. What follows `!` must be refused.
/// After each story stands the state it leads to and what the state says.
#[test]
fn stories_lead_where_the_table_says() {
    let table = [
        // Asking for a code.
        ("request", "checked sending"),
        ("request not_sent", "checked"),
        ("request not_sent !request +10s request", "checked sending"),
        ("request refused", "refused:card.lost"),
        ("request unconfirmed", "awaiting_code unconfirmed sends=1"),
        ("request !request sent", "awaiting_code confirmed sends=1"),
        ("request sent !request", "awaiting_code confirmed sends=1"),
        ("request sent +59s !request +1s request sent", "awaiting_code confirmed sends=2"),
        ("request sent +60s request not_sent", "awaiting_code confirmed sends=1"),
        ("request sent +60s request unconfirmed", "awaiting_code unconfirmed sends=2"),
        (
            "request sent +60s request sent +60s request sent +60s !request",
            "awaiting_code confirmed sends=3",
        ),
        ("!sent", "checked"),
        // Confirming.
        ("!enter", "checked"),
        ("request sent +60s request !enter", "awaiting_code confirmed sends=1 sending"),
        ("request sent enter !enter !cancel !over", "confirming"),
        ("request unconfirmed enter agreed", "active"),
        ("request sent enter agreed", "active"),
        ("request sent +300s !enter", "awaiting_code confirmed sends=1"),
        ("request sent enter wrong", "awaiting_code confirmed sends=1 wrong=1"),
        ("request sent enter wrong enter wrong", "awaiting_code confirmed sends=1 wrong=2"),
        ("request sent enter wrong enter wrong enter wrong", "refused:code.too_many_tries"),
        ("request sent enter code_over !enter request", "awaiting_code confirmed sends=1 sending"),
        ("request sent enter confirm_not_sent enter agreed", "active"),
        ("request sent enter confirm_refused", "refused:card.lost"),
        // Doubt.
        ("request sent enter doubt", "doubtful inquiries=0"),
        ("request sent enter doubt !enter !cancel !request !over !doubt", "doubtful inquiries=0"),
        ("request sent enter doubt !confirm_not_sent", "doubtful inquiries=0"),
        ("request sent enter doubt open open", "doubtful inquiries=2"),
        ("request sent enter doubt open agreed", "active"),
        ("request sent enter doubt wrong", "awaiting_code confirmed sends=1 wrong=1"),
        ("request sent enter doubt confirm_refused", "refused:card.lost"),
        ("request sent enter doubt not_found", "doubtful inquiries=1"),
        ("request sent enter doubt not_found not_found not_found", "doubtful inquiries=3"),
        ("request sent enter doubt +180s not_found", "doubtful inquiries=1"),
        (
            "request sent enter doubt not_found +180s not_found !enter",
            "awaiting_code confirmed sends=1",
        ),
        ("request sent enter doubt not_found +180s not_found request sent enter agreed", "active"),
        ("request sent enter doubt !stayed open +600s stayed", "refused:channel.result_unknown"),
        ("request sent enter doubt +600s !stayed open stayed", "refused:channel.result_unknown"),
    ];
    all_lead_there(&table);
}

#[test]
fn stories_end_where_the_table_says() {
    let table = [
        // An agreement that turns up late.
        ("request sent enter doubt not_found +180s not_found agreed", "active"),
        (
            "request sent enter doubt open +600s stayed stray_found stray_ended !agreed",
            "refused:channel.result_unknown",
        ),
        ("request sent enter doubt !stray_found", "doubtful inquiries=0"),
        // The end of time and the end of patience.
        ("!over +1800s over", "expired"),
        ("request +1800s !over unconfirmed over", "expired"),
        ("request sent +1800s over !sent !enter !cancel", "expired"),
        ("cancel !request !cancel", "cancelled"),
        ("request cancel !sent", "cancelled"),
        ("request sent cancel !enter", "cancelled"),
        // Unbinding.
        ("request sent enter agreed unbind ended", "unbound"),
        ("request sent enter agreed unbind not_ended", "active"),
        ("request sent enter agreed unbind !unbind unbind_doubt !unbind", "unbinding doubtful"),
        ("request sent enter agreed unbind unbind_doubt still_open ended !unbind", "unbound"),
        ("request sent enter agreed unbind unbind_doubt +180s unbind", "unbinding"),
        ("request sent enter agreed unbind unbind_not_sent", "active"),
        (
            "request sent enter agreed unbind unbind_doubt +180s unbind unbind_not_sent",
            "unbinding doubtful",
        ),
        // Refused, but the earlier request may have ended it: only asking tells.
        (
            "request sent enter agreed unbind unbind_doubt +180s unbind !still_active not_ended \
             still_open",
            "unbinding doubtful",
        ),
        (
            "request sent enter agreed unbind unbind_doubt +180s unbind not_ended still_active",
            "active",
        ),
        ("request sent enter agreed unbind unbind_doubt +180s unbind not_ended ended", "unbound"),
        ("request sent !unbind", "awaiting_code confirmed sends=1"),
    ];
    all_lead_there(&table);
}

fn all_lead_there(table: &[(&str, &str)]) {
    for (story, expected) in table {
        assert_eq!(Story::tell(story).shown(), *expected, "{story}");
    }
}

#[test]
fn the_log_replays_to_the_state() {
    let story = Story::tell(
        "request unconfirmed +60s request sent enter wrong enter doubt open not_found +200s \
         not_found request sent enter agreed unbind unbind_doubt still_open ended",
    );
    assert_eq!(Binding::replay(story.log.clone()).unwrap(), story.state);
    let json = serde_json::to_string(&story.log).unwrap();
    let log: Vec<(Event, Timestamp)> = serde_json::from_str(&json).unwrap();
    assert_eq!(Binding::replay(log).unwrap(), story.state);
    assert!(Binding::replay(story.log.into_iter().skip(1)).is_err());
}

#[test]
fn every_state_survives_storage() {
    for story in [
        "",
        "request sent",
        "request sent enter",
        "request sent enter doubt",
        "cancel",
        "request refused",
    ] {
        let state = Story::tell(story).state;
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<Binding>(&json).unwrap(), state);
    }
}

#[test]
fn only_a_request_is_sent_and_a_doubt_is_only_inquired_about() {
    let mut story = Story::tell("request sent enter");
    assert!(story.effects.iter().filter(|e| matches!(e, Effect::Send(_))).count() == 2);
    story.effects.clear();
    story.go("doubt open not_found +200s not_found");
    assert!(!story.effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
}

#[test]
fn whoever_waits_is_woken() {
    for (story, expected) in [
        ("", Some(1_800)),
        ("request", Some(35)),
        ("request sent", Some(1_800)),
        ("request sent enter", Some(35)),
        ("request sent enter doubt", Some(5)),
        ("request sent enter doubt open", Some(30)),
        ("request sent enter doubt open open open", Some(60)),
        ("request sent enter agreed", None),
        ("cancel", None),
    ] {
        let story = Story::tell(story);
        let expected = expected.map(|seconds| story.now.plus_ms(seconds * SECOND));
        assert_eq!(story.state.wake_at(), expected);
    }
}

#[test]
fn an_answer_about_another_attempt_is_refused() {
    let story = Story::tell("request sent enter");
    let other = AttemptId::new(Timestamp::from_millis(9), [9; 10]);
    let event = Event::Confirm {
        attempt: other,
        what: ConfirmEvent::NotFound { diagnosis: diagnosis("channel.result_unknown") },
    };
    let refused = story.state.apply(event, story.now).unwrap_err();
    assert_eq!(refused.why, Why::OtherAttempt);
}

struct Story {
    state: Binding,
    now: Timestamp,
    attempts: u8,
    attempt: AttemptId,
    log: Vec<(Event, Timestamp)>,
    effects: Vec<Effect>,
}

impl Story {
    fn tell(words: &str) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        let attempt = AttemptId::new(now, [0; 10]);
        let log = vec![(Event::Opened { terms: terms() }, now)];
        let state = Binding::open(terms(), now);
        let mut story = Self { state, now, attempts: 0, attempt, log, effects: Vec::new() };
        story.go(words);
        story
    }

    fn go(&mut self, words: &str) {
        for word in words.split_whitespace() {
            if let Some(wait) = word.strip_prefix('+') {
                let seconds: i64 = wait.trim_end_matches('s').parse().unwrap();
                self.now = self.now.plus_ms(seconds * SECOND);
                continue;
            }
            let (word, allowed) = word.strip_prefix('!').map_or((word, true), |word| (word, false));
            let event = self.event(word);
            match self.state.clone().apply(event.clone(), self.now) {
                Ok((state, effects)) => {
                    assert!(allowed, "{word} was allowed in {}", self.state.name());
                    self.state = state;
                    self.log.push((event, self.now));
                    self.effects.extend(effects);
                }
                Err(refused) => assert!(!allowed, "{word}: {refused}"),
            }
        }
    }

    fn event(&mut self, word: &str) -> Event {
        if matches!(word, "request" | "enter" | "unbind") && self.state.in_flight().is_none() {
            self.attempts += 1;
            self.attempt = AttemptId::new(self.now, [self.attempts; 10]);
        }
        let attempt = self.attempt;
        let lost = || diagnosis("card.lost");
        let code = |what| Event::Code { attempt, what };
        let confirm = |what| Event::Confirm { attempt, what };
        let unbind = |what| Event::Unbind { attempt, what };
        match word {
            "request" => code(CodeEvent::Requested),
            "sent" => code(CodeEvent::Sent),
            "unconfirmed" => code(CodeEvent::Unconfirmed { diagnosis: lost() }),
            "not_sent" => code(CodeEvent::NotSent { diagnosis: lost(), wait_ms: 10 * SECOND }),
            "refused" => code(CodeEvent::Refused { diagnosis: lost() }),
            "enter" => confirm(ConfirmEvent::Entered),
            "agreed" => {
                let instrument = InstrumentId::new(self.now, [3; 10]);
                confirm(ConfirmEvent::Agreed { instrument })
            }
            "wrong" => confirm(ConfirmEvent::CodeWrong {
                diagnosis: diagnosis("code.wrong"),
                too_many: diagnosis("code.too_many_tries"),
            }),
            "code_over" => confirm(ConfirmEvent::CodeOver { diagnosis: lost() }),
            "confirm_not_sent" => confirm(ConfirmEvent::NotSent { diagnosis: lost() }),
            "confirm_refused" => confirm(ConfirmEvent::Refused { diagnosis: lost() }),
            "doubt" => confirm(ConfirmEvent::Doubted { diagnosis: lost() }),
            "open" => confirm(ConfirmEvent::StillOpen),
            "not_found" => confirm(ConfirmEvent::NotFound { diagnosis: lost() }),
            "stayed" => Event::DoubtStayed { diagnosis: diagnosis("channel.result_unknown") },
            "over" => Event::TimeOver,
            "cancel" => Event::CancelRequested,
            "unbind" => unbind(UnbindEvent::Requested { terms: terms() }),
            "ended" => unbind(UnbindEvent::Ended),
            "not_ended" => unbind(UnbindEvent::NotEnded { diagnosis: lost() }),
            "unbind_not_sent" => unbind(UnbindEvent::NotSent { diagnosis: lost() }),
            "unbind_doubt" => unbind(UnbindEvent::Doubted),
            "still_open" => unbind(UnbindEvent::StillOpen),
            "still_active" => unbind(UnbindEvent::StillActive),
            "stray_found" => Event::Stray { attempt, what: StrayEvent::Found },
            "stray_ended" => Event::Stray { attempt, what: StrayEvent::Ended },
            other => panic!("no event is called {other}"),
        }
    }

    fn shown(&self) -> String {
        let mut shown = self.state.name().to_owned();
        match &self.state {
            Binding::Checked(Checked { sending: Some(_), .. }) => shown += " sending",
            Binding::AwaitingCode(awaiting) => {
                shown += match awaiting.delivery {
                    Delivery::Confirmed => " confirmed",
                    Delivery::Unconfirmed => " unconfirmed",
                };
                shown += &format!(" sends={}", awaiting.progress.sends);
                if awaiting.progress.wrong_codes > 0 {
                    shown += &format!(" wrong={}", awaiting.progress.wrong_codes);
                }
                if awaiting.sending.is_some() {
                    shown += " sending";
                }
            }
            Binding::Doubtful(doubtful) => shown += &format!(" inquiries={}", doubtful.inquiries),
            Binding::Refused { diagnosis } => {
                shown += &format!(":{}", diagnosis.causes.first().unwrap());
            }
            Binding::Unbinding(Unbinding { doubtful: true, .. }) => shown += " doubtful",
            _ => {}
        }
        shown
    }
}

fn terms() -> Terms {
    Terms {
        valid_ms: 1_800 * SECOND,
        code_valid_ms: 300 * SECOND,
        resend_after_ms: 60 * SECOND,
        sends_max: 3,
        wrong_codes_max: 3,
        exchange_ms: 35 * SECOND,
        settling_ms: 180 * SECOND,
        not_found_min: 2,
        doubt_ms: 600 * SECOND,
        inquiry_delays_ms: vec![5 * SECOND, 30 * SECOND, 60 * SECOND],
    }
}

fn diagnosis(cause: &'static str) -> Diagnosis {
    Diagnosis::from_cause(Dictionary::embedded(), CauseCode::known(cause), Certainty::Certain)
}
