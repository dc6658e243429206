//! What an event commits to: the event itself, the identity of the order it speaks of, and, where
//! it is the first of its subject, what was accepted then. All of it is read from where it stands,
//! so that a change in any of these tables no longer fits the commitment.

use std::collections::BTreeMap;

use mingka_crypto::digest::{hex, sha256};
use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, EventId, PaymentId};
use mingka_store::{AttemptRecord, ConsentRecord, EventRecord, PaymentRecord};
use serde_json::{Map, Value, json};

use crate::core::Engine;
use crate::error::EngineError;

/// SHA-256 of a salt and the facts after it.
pub(super) fn commitment(salt: &[u8; 32], facts: &str) -> [u8; 32] {
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(facts.as_bytes());
    sha256(&bytes)
}

/// The entry of a leaf: what the public log holds of an event.
pub(super) fn entry(event: EventId, commitment: &[u8; 32]) -> Vec<u8> {
    format!("mingka evidence 1\n{event}\n{}\n", hex(commitment)).into_bytes()
}

/// What an entry holds: the event's id and its commitment in hexadecimal digits.
pub(super) fn read_entry(entry: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(entry).ok()?.strip_prefix("mingka evidence 1\n")?;
    text.strip_suffix('\n')?.split_once('\n')
}

/// What events speak of besides themselves.
#[derive(Default)]
pub(super) struct Spoken {
    payments: BTreeMap<PaymentId, PaymentRecord>,
    attempts: BTreeMap<AttemptId, AttemptRecord>,
    /// In the order of their kinds.
    consents: Vec<ConsentRecord>,
}

impl Engine {
    /// The facts of an event, as one line of JSON. The same event gives the same bytes for ever.
    pub(super) async fn facts_of(&self, event: &EventRecord) -> Result<String, EngineError> {
        let mut spoken = Spoken::default();
        if event.seq == 1 {
            if let Subject::Payment(id) = event.subject {
                let payment = self.store().payment(event.platform, id).await?;
                spoken.payments.extend(payment.map(|payment| (id, payment)));
            }
            spoken.consents = self.store().consents(event.platform, event.subject).await?;
        }
        self.facts_among(event, &spoken).await
    }

    /// What the events after a position speak of, until another: read together, so that a long
    /// stretch of the order costs no more than a few reads.
    pub(super) async fn spoken_between(
        &self,
        after: i64,
        until: i64,
    ) -> Result<Spoken, EngineError> {
        let payments = self.store().payments_begun(after, until).await?;
        let attempts = self.store().attempts_between(after, until).await?;
        let consents = self.store().consents_begun(after, until).await?;
        Ok(Spoken {
            payments: payments.into_iter().map(|payment| (payment.id, payment)).collect(),
            attempts: attempts.into_iter().map(|attempt| (attempt.id, attempt)).collect(),
            consents,
        })
    }

    /// The facts of an event that these were read for. An attempt that is not among them is looked
    /// up by itself.
    pub(super) async fn facts_among(
        &self,
        event: &EventRecord,
        spoken: &Spoken,
    ) -> Result<String, EngineError> {
        let mut facts = Map::new();
        let mut put = |name: &str, value: Value| facts.insert(name.to_owned(), value);
        put("event", json!(event.id().to_string()));
        put("subject", json!(event.subject.to_string()));
        put("number", json!(event.seq));
        put("platform", json!(event.platform.to_string()));
        put("at", json!(event.at.rfc3339()));
        put("kind", json!(event.kind));
        let body = serde_json::from_str(&event.body);
        let body = body.unwrap_or_else(|_| Value::String(event.body.clone()));
        let attempt = attempt_in(&body);
        put("body", body);
        if event.seq == 1 {
            if let Some(payment) = spoken.payment_of(event) {
                if let Some(original) = payment.original {
                    put("original", json!(original.to_string()));
                }
                put(
                    "payment",
                    json!({
                        "kind": payment.kind.name(),
                        "lender": payment.lender.to_string(),
                        "instrument": payment.instrument.to_string(),
                        "reference": payment.reference,
                        "purpose": payment.purpose,
                        "amount_fen": payment.amount.get(),
                        "created_at": payment.created_at.rfc3339(),
                    }),
                );
            }
            let consents = spoken.consents_to(event);
            if !consents.is_empty() {
                put("consents", Value::Array(consents));
            }
        }
        let attempt = match attempt.map(|id| (id, spoken.attempts.get(&id))) {
            Some((_, Some(found))) if found.platform == event.platform => Some(found.clone()),
            Some((id, _)) => self.store().attempt(event.platform, id).await?,
            None => None,
        };
        if let Some(attempt) = attempt {
            if let Some(amount) = attempt.amount {
                put("order_amount_fen", json!(amount.get()));
            }
            put("order", order_as_facts(&attempt));
        }
        Ok(Value::Object(facts).to_string())
    }
}

impl Spoken {
    /// The payment whose log an event begins.
    fn payment_of(&self, event: &EventRecord) -> Option<&PaymentRecord> {
        let Subject::Payment(id) = event.subject else { return None };
        self.payments.get(&id).filter(|payment| payment.platform == event.platform)
    }

    /// What was accepted when a subject began.
    fn consents_to(&self, event: &EventRecord) -> Vec<Value> {
        let given = |consent: &&ConsentRecord| {
            consent.subject == event.subject && consent.platform == event.platform
        };
        let told = |consent: &ConsentRecord| {
            json!({
                "kind": consent.kind,
                "version": consent.document_version,
                "lang": consent.lang,
                "sha256": consent.sha256,
                "accepted_at": consent.accepted_at.rfc3339(),
            })
        };
        self.consents.iter().filter(given).map(told).collect()
    }
}

/// The identity of an order, as it was before its first byte left.
fn order_as_facts(attempt: &AttemptRecord) -> Value {
    json!({
        "attempt": attempt.id.to_string(),
        "operation": attempt.operation.name(),
        "channel": attempt.order.channel,
        "merchant": attempt.order.merchant,
        "order_id": attempt.order.order_id,
        "txn_time": attempt.order.txn_time.rfc3339(),
        "profile": attempt.profile_version,
        "sent_at": attempt.sent_at.rfc3339(),
    })
}

/// The attempt an event speaks of.
fn attempt_in(body: &Value) -> Option<AttemptId> {
    match body {
        Value::String(text) => text.parse().ok(),
        Value::Object(fields) => fields.values().find_map(attempt_in),
        Value::Array(items) => items.iter().find_map(attempt_in),
        _ => None,
    }
}
