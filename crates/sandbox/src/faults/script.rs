//! Reads rules as people write them, one or a file of many. A rule that would do something else
//! than it says, or nothing at all, is refused by name: a fault that never comes is a test that
//! proves nothing.

use std::fmt;

use serde_json::Value;

use super::{Fault, RULE_COUNT_MAX, Rule};
use crate::cards;

/// What a rule may say, besides what its fault needs.
const KEYS: [&str; 9] =
    ["id", "operation", "card", "phone", "after", "times", "from", "until", "fault"];
const OPERATIONS: [&str; 14] = [
    "verify",
    "send_code",
    "open_agreement",
    "query_agreement",
    "cancel_agreement",
    "query_state",
    "refresh_certificate",
    "disburse",
    "send_payment_code",
    "collect",
    "refund",
    "undo",
    "reverse",
    "statement",
];

/// Why a script is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// Which rule, counted from 1; none when the file as a whole is not one.
    pub rule: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(rule) => write!(f, "rule {rule}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl std::error::Error for ScriptError {}

/// Reads a file of rules: a JSON array, each entry in the form that is sent over HTTP.
///
/// # Errors
/// Names the first rule that cannot be used and says why.
pub fn read(text: &str) -> Result<Vec<Rule>, ScriptError> {
    let whole = |problem: String| ScriptError { rule: None, problem };
    let value: Value =
        serde_json::from_str(text).map_err(|error| whole(format!("not JSON: {error}")))?;
    let Value::Array(values) = value else {
        return Err(whole("not an array of rules: [{\"fault\": …}, …]".to_owned()));
    };
    if values.len() > RULE_COUNT_MAX {
        return Err(whole(format!("{} rules; at most {RULE_COUNT_MAX}", values.len())));
    }
    values
        .into_iter()
        .zip(1..)
        .map(|(value, rule)| {
            read_one(value).map_err(|problem| ScriptError { rule: Some(rule), problem })
        })
        .collect()
}

/// Reads one rule.
///
/// # Errors
/// Says what is wrong with it.
pub fn read_one(value: Value) -> Result<Rule, String> {
    let keys: Vec<String> = match &value {
        Value::Object(fields) => fields.keys().cloned().collect(),
        _ => return Err("not an object: {\"fault\": …}".to_owned()),
    };
    let rule: Rule = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let own: &[&str] = match rule.fault {
        Fault::Delay { .. } | Fault::SettleAfter { .. } | Fault::Returned { .. } => &["ms"],
        Fault::NotFound { .. } => &["ms", "executed_after_ms"],
        Fault::RefusedLater { .. } | Fault::DeclinedThenSettled { .. } => &["refusal"],
        Fault::StatementIncomplete { .. } | Fault::StatementCut { .. } => &["missing"],
        Fault::Code { .. } => &["code", "message"],
        _ => &[],
    };
    let known = |key: &String| KEYS.contains(&key.as_str()) || own.contains(&key.as_str());
    if let Some(odd) = keys.iter().find(|key| !known(key)) {
        return Err(format!(
            "this fault knows no {odd:?}; known: {}",
            [&KEYS, own].concat().join(", ")
        ));
    }
    check(&rule)?;
    Ok(rule)
}

fn check(rule: &Rule) -> Result<(), String> {
    if let Some(odd) = rule.operation.as_deref().filter(|name| !OPERATIONS.contains(name)) {
        return Err(format!("{odd:?} is no operation; known: {}", OPERATIONS.join(", ")));
    }
    if let Some(wrong) = rule.operation.as_deref().filter(|name| !rule.fault.fits(name)) {
        return Err(format!("this fault cannot happen in {wrong:?}: it would never happen"));
    }
    if rule.times == Some(0) {
        return Err("\"times\" is 0: it would never happen".to_owned());
    }
    if rule.from.zip(rule.until).is_some_and(|(from, until)| until <= from) {
        return Err("\"until\" is not after \"from\": it would never happen".to_owned());
    }
    if let Fault::Code { code, .. } = &rule.fault
        && (code.is_empty()
            || code.len() > 8
            || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(format!("{code:?} is no response code: 1 to 8 letters and digits"));
    }
    match rule.card.as_deref() {
        Some(card) if !names_a_card(card) => {
            Err(format!("{card:?} is no card: its number, its last four digits or its short name"))
        }
        _ => Ok(()),
    }
}

/// A number need not be on the books: what an unknown card meets can be planned, too.
fn names_a_card(card: &str) -> bool {
    let digits = card.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (card.len() == 4 || (12..=19).contains(&card.len())))
        || cards::bank().card_by_slug(card).is_some()
        || cards::catalogue().iter().any(|known| known.slug == card)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text).expect_err(text).to_string()
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, expected) in [
            ("", "not JSON"),
            ("{\"fault\": \"closed\"}", "not an array"),
            ("[{\"fault\": \"closed\"}, 7]", "rule 2: not an object"),
            ("[{\"fault\": \"closed\"}, {\"fault\": \"explode\"}]", "rule 2: unknown variant"),
            ("[{\"times\": 1}]", "rule 1: missing field `fault`"),
            ("[{\"fault\": \"delay\"}]", "rule 1: missing field `ms`"),
            ("[{\"fault\": \"delay\", \"ms\": -1}]", "rule 1: "),
            ("[{\"fault\": \"closed\", \"opration\": \"verify\"}]", "\"opration\""),
            ("[{\"fault\": \"closed\", \"ms\": 5}]", "rule 1: this fault knows no \"ms\""),
            ("[{\"fault\": \"closed\", \"operation\": \"open\"}]", "\"open\" is no operation"),
            ("[{\"fault\": \"closed\", \"times\": 0}]", "never happen"),
            ("[{\"fault\": \"closed\", \"from\": 2, \"until\": 2}]", "never happen"),
            ("[{\"fault\": \"never_executed\", \"operation\": \"verify\"}]", "never happen"),
            ("[{\"fault\": \"statement_late\", \"operation\": \"collect\"}]", "never happen"),
            ("[{\"fault\": \"closed\", \"operation\": \"statement\"}]", "never happen"),
            ("[{\"fault\": \"returned\", \"operation\": \"disburse\"}]", "missing field `ms`"),
            ("[{\"fault\": \"closed\", \"card\": \"lots\"}]", "\"lots\" is no card"),
            ("[{\"fault\": \"closed\", \"card\": \"123\"}]", "\"123\" is no card"),
            ("[{\"fault\": \"code\", \"code\": \"\"}]", "no response code"),
        ] {
            let error = refused(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
        let many = format!("[{}]", vec!["{\"fault\":\"closed\"}"; RULE_COUNT_MAX + 1].join(","));
        assert!(refused(&many).contains("at most"));
    }

    #[test]
    fn the_example_in_the_documents_can_be_used() {
        let text = include_str!("../../../../docs/faults.example.json");
        let rules = read(text).unwrap();
        assert!(rules.len() > 3);
        // What the bank lists can be saved and read again.
        assert_eq!(read(&serde_json::to_string(&rules).unwrap()).unwrap(), rules);
    }

    #[test]
    fn a_card_is_named_by_number_last_four_or_short_name() {
        for card in ["6216261000000000018", "0018", "ok", "number-unknown", "series-42"] {
            let text = format!("[{{\"fault\": \"closed\", \"card\": \"{card}\"}}]");
            assert_eq!(read(&text).unwrap()[0].card.as_deref(), Some(card));
        }
    }
}
