//! What goes wrong between the bank and its merchant, decided purely: a plan of rules, each with a
//! match, a count and a fault. The server and the simulator carry out what is decided here.

mod money;
pub mod script;

use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::money::{MONEY_OPERATIONS, STATEMENT};
use crate::bank::Refusal;

/// One way in which an exchange goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    /// Executed, but the answer comes late.
    Delay {
        /// How late.
        ms: u64,
    },
    /// The connection closes before anything is executed.
    DropBefore,
    /// Executed, then the connection closes without an answer.
    DropAfter,
    /// The connection is closed as soon as the request is there, without lingering.
    Closed,
    /// Executed; the answer's first half comes, then the connection breaks.
    HalfAnswer,
    /// Executed; the answer's signature does not fit.
    WrongSignature,
    /// Executed; the answer is not in the encoding it claims.
    WrongEncoding,
    /// Executed; the answer names another order.
    WrongOrder,
    /// Executed; the answer names another amount.
    WrongAmount,
    /// Executed; every field of the answer comes twice.
    DuplicateAnswer,
    /// Executed; the notification is sent twice.
    DuplicateNotification,
    /// The network delivers the request twice; the second answer comes back.
    DuplicateRequest,
    /// HTTP 502 from something in between; nothing is executed.
    BadGateway,
    /// HTTP 502 from something in between; the bank has executed.
    BadGatewayAfter,
    /// Executed; the answer only says "accepted, ask later" (05).
    Pending,
    /// Not executed: the gateway answers this code (02 and 06 are maintenance and busy).
    Code {
        /// The response code.
        code: String,
        /// The text beside it.
        #[serde(default)]
        message: String,
    },
    /// Executed, and the code is "sent" but never arrives.
    SmsLost,
    /// The encryption certificate that comes is not one to encrypt to.
    WrongCertificate {
        /// Why not.
        flaw: CertificateFlaw,
    },
    /// Money: accepted, and executed only after this long.
    SettleAfter {
        /// How long.
        ms: i64,
    },
    /// Money: accepted, and refused when it should be executed.
    RefusedLater {
        /// Why.
        refusal: Refusal,
    },
    /// Money: accepted and never executed; in progress for whoever asks.
    NeverExecuted,
    /// Money: in progress for whoever asks, until the statement shows that it was executed.
    UntilStatement,
    /// Money: for this long, whoever asks is told that there is no such order, though there is.
    NotFound {
        /// How long.
        ms: i64,
        /// Executed only after this long; none means as usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        executed_after_ms: Option<i64>,
    },
    /// Money: refused, say answer, inquiry and notification; executed, says the statement.
    DeclinedThenSettled {
        /// Why it is refused, as they say.
        refusal: Refusal,
    },
    /// Money: held as a suspected repetition of another order, and not executed.
    SuspectedDuplicate,
    /// Money: a disbursement comes back this long after it went out.
    Returned {
        /// How long.
        ms: i64,
    },
    /// Money: stands in the statement of the day after.
    BookedNextDay,
    /// Money: the notification comes before the answer.
    NotificationFirst,
    /// Money: the notification is in the name of another order.
    NotificationForAnother,
    /// Money: the notification's signature does not fit.
    NotificationForged,
    /// Money: no notification comes.
    NoNotification,
    /// Statement: not there yet.
    StatementLate,
    /// Statement: marked as incomplete, with this many lines missing at its end.
    StatementIncomplete {
        /// How many.
        missing: usize,
    },
    /// Statement: marked as complete, but cut off: this many lines are missing at its end.
    StatementCut {
        /// How many.
        missing: usize,
    },
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFlaw {
    /// Another authority has signed it.
    Foreign,
    /// It is over.
    Expired,
    /// It is somebody else's.
    Misnamed,
}

/// What a request looks like to the plan.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// The operation's name: `verify`, `send_code`, `open_agreement`, `query_agreement`,
    /// `cancel_agreement`, `query_state`, `refresh_certificate`, `disburse`, `send_payment_code`,
    /// `collect`, `refund`, `undo`, `reverse`, `statement`.
    pub operation: &'a str,
    /// The card number, where the request holds one.
    pub card: Option<&'a str>,
    /// The card's short name at the bank, where it is one of the bank's.
    pub slug: Option<&'a str>,
    /// The phone, where the request holds one.
    pub phone: Option<&'a str>,
}

/// A fault, what it applies to and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its number in the plan; given by the plan.
    #[serde(default)]
    pub id: u64,
    /// Only this operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only this card: its number, its last four digits or its short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Only this phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Let this many matching requests pass first.
    #[serde(default)]
    pub after: u32,
    /// How many more times; none means until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Not before this moment: with `until`, a window of maintenance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Not at or after this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Rule {
    /// A rule for the next `times` requests of any kind.
    #[must_use]
    pub const fn next(times: u32, fault: Fault) -> Self {
        let times = Some(times);
        Self {
            id: 0,
            operation: None,
            card: None,
            phone: None,
            after: 0,
            times,
            from: None,
            until: None,
            fault,
        }
    }

    /// A rule for everything between two moments.
    #[must_use]
    pub fn between(from: Timestamp, until: Timestamp, fault: Fault) -> Self {
        Self { times: None, from: Some(from), until: Some(until), ..Self::next(0, fault) }
    }

    /// The same rule for one operation only.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// The same rule for one card only: its number, its last four digits or its short name.
    #[must_use]
    pub fn for_card(mut self, card: &str) -> Self {
        self.card = Some(card.to_owned());
        self
    }

    fn matches(&self, now: Timestamp, probe: Probe<'_>) -> bool {
        let card_fits = |wanted: &String| {
            probe.slug == Some(wanted.as_str())
                || probe.card.is_some_and(|card| {
                    card == wanted || (wanted.len() == 4 && card.ends_with(wanted.as_str()))
                })
        };
        self.is_open(now)
            && !self.is_before_reading()
            && self.fault.fits(probe.operation)
            && self.operation.as_ref().is_none_or(|wanted| wanted == probe.operation)
            && self.card.as_ref().is_none_or(card_fits)
            && self.phone.as_ref().is_none_or(|wanted| probe.phone == Some(wanted.as_str()))
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.times != Some(0)
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
    }

    /// Whether it closes the connection without knowing what comes: a rule for closing that names
    /// no operation, card or phone.
    fn is_before_reading(&self) -> bool {
        self.fault == Fault::Closed
            && self.operation.is_none()
            && self.card.is_none()
            && self.phone.is_none()
    }
}

/// The rules in force. The first one that matches decides and is used up by one.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    rules: Vec<Rule>,
    last_id: u64,
}

/// How many rules a plan holds at most.
pub const RULE_COUNT_MAX: usize = 1_000;

impl FaultPlan {
    /// Adds a rule behind the others and returns its number; none when the plan is full.
    pub fn add(&mut self, mut rule: Rule) -> Option<u64> {
        if self.rules.len() >= RULE_COUNT_MAX {
            return None;
        }
        self.last_id = self.last_id.saturating_add(1);
        rule.id = self.last_id;
        self.rules.push(rule);
        Some(self.last_id)
    }

    /// Removes one rule; says whether it was there.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() != before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules that still have something to do.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether the next connection is to be closed before anything of it is read.
    pub fn closes_at_once(&mut self, now: Timestamp) -> bool {
        self.use_up(|rule| rule.is_before_reading() && rule.is_open(now)).is_some()
    }

    /// What goes wrong with this request, if anything.
    pub fn decide(&mut self, now: Timestamp, probe: Probe<'_>) -> Option<Fault> {
        self.use_up(|rule| rule.matches(now, probe))
    }

    fn use_up(&mut self, matches: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut decided = None;
        for rule in self.rules.iter_mut().filter(|rule| matches(rule)) {
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            rule.times = rule.times.map(|times| times.saturating_sub(1));
            decided = Some(rule.fault.clone());
            break;
        }
        self.rules.retain(|rule| rule.times != Some(0));
        decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const OPEN: Probe<'_> = Probe {
        operation: "open_agreement",
        card: Some("6216261000000000018"),
        slug: Some("ok"),
        phone: Some("13800000001"),
    };
    const SEND: Probe<'_> = Probe { operation: "send_code", ..OPEN };

    #[test]
    fn a_rule_is_used_up() {
        let mut plan = FaultPlan::default();
        plan.add(Rule::next(2, Fault::DropAfter).on("open_agreement"));
        assert_eq!(plan.decide(NOON, SEND), None);
        assert_eq!(plan.decide(NOON, OPEN), Some(Fault::DropAfter));
        assert_eq!(plan.decide(NOON, OPEN), Some(Fault::DropAfter));
        assert_eq!(plan.decide(NOON, OPEN), None);
        assert!(plan.rules().is_empty());
    }

    #[test]
    fn a_card_is_named_three_ways_and_another_is_left_alone() {
        for (name, hit) in [("ok", true), ("0018", true), (OPEN.card.unwrap(), true), ("0", false)]
        {
            let mut plan = FaultPlan::default();
            plan.add(Rule::next(1, Fault::Closed).for_card(name));
            assert_eq!(plan.decide(NOON, OPEN).is_some(), hit, "{name}");
        }
    }

    #[test]
    fn some_pass_first() {
        let mut plan = FaultPlan::default();
        plan.add(Rule { after: 1, ..Rule::next(1, Fault::Pending) });
        assert_eq!(plan.decide(NOON, OPEN), None);
        assert_eq!(plan.decide(NOON, OPEN), Some(Fault::Pending));
        assert_eq!(plan.decide(NOON, OPEN), None);
    }

    #[test]
    fn a_window_opens_and_closes() {
        let mut plan = FaultPlan::default();
        let fault = Fault::Code { code: "02".to_owned(), message: String::new() };
        plan.add(Rule::between(NOON, NOON.plus_ms(10), fault.clone()));
        for (at, hit) in [(-1, false), (0, true), (9, true), (10, false)] {
            let decided = plan.decide(NOON.plus_ms(at), OPEN);
            assert_eq!(decided, hit.then(|| fault.clone()), "{at}");
        }
    }

    #[test]
    fn closing_without_a_name_happens_before_reading_only() {
        let mut plan = FaultPlan::default();
        plan.add(Rule::next(1, Fault::Closed));
        assert_eq!(plan.decide(NOON, OPEN), None);
        assert!(plan.closes_at_once(NOON));
        assert!(!plan.closes_at_once(NOON));
    }

    #[test]
    fn the_form_over_http() {
        let rule: Rule = serde_json::from_str(
            r#"{"operation":"open_agreement","times":1,"fault":"delay","ms":250}"#,
        )
        .unwrap();
        assert_eq!(rule.fault, Fault::Delay { ms: 250 });
        assert!(serde_json::from_str::<Rule>(r#"{"fault":"explode"}"#).is_err());
    }
}
