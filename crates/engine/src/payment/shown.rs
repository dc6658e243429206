//! How a payment is shown: as it stands, and what happened. What is at hand is not read again.

use mingka_domain::payment::{Event, Payment};
use mingka_store::PaymentRecord;

use super::{Changed, Loaded};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::view::{PaymentView, TimelineEntry};

/// The longest timeline that is shown.
const TIMELINE_MAX: u32 = 500;

/// What an answer shows besides the payment itself.
pub(super) struct Seen {
    /// The lender's code.
    pub(super) lender: String,
    /// What happened before.
    pub(super) timeline: Vec<TimelineEntry>,
}

impl Engine {
    pub(crate) async fn payment_view(&self, payment: &Loaded) -> Result<PaymentView, EngineError> {
        Ok(payment.view(self.lender_code(&payment.record).await?))
    }

    /// The payment once a change is durable, and what happened. What was seen is not read again.
    pub(super) async fn view_after(
        &self,
        before: &Loaded,
        changed: &Changed,
        seen: Option<Seen>,
    ) -> Result<PaymentView, EngineError> {
        let Seen { lender, mut timeline } = match seen {
            Some(seen) => seen,
            None => Seen {
                lender: self.lender_code(&before.record).await?,
                timeline: self.payment_timeline(before).await?,
            },
        };
        if !repeats(&timeline, &changed.told.event) {
            timeline.push(changed.told.clone());
        }
        Ok(PaymentView { timeline, ..changed.loaded().view(lender) })
    }

    async fn lender_code(&self, record: &PaymentRecord) -> Result<String, EngineError> {
        let lender = self.store().lender(record.platform, record.lender).await?;
        lender
            .map(|lender| lender.code)
            .ok_or_else(|| internal("a lender is missing", &record.lender))
    }

    /// What happened, without the repetitions of a long doubt.
    pub(super) async fn payment_timeline(
        &self,
        payment: &Loaded,
    ) -> Result<Vec<TimelineEntry>, EngineError> {
        let (platform, id) = (payment.record.platform, payment.record.id);
        // The version counts the events: of a log that is longer the newest are shown.
        let before = payment.record.version.saturating_sub(i64::from(TIMELINE_MAX)).max(0);
        let events = self.store().events_of(platform, id.into(), before, TIMELINE_MAX).await?;
        let mut entries: Vec<TimelineEntry> = Vec::with_capacity(events.len().saturating_add(1));
        for record in events {
            if repeats(&entries, &record.kind) {
                continue;
            }
            let event: Event = serde_json::from_str(&record.body)
                .map_err(|error| internal("an event cannot be read", &error))?;
            let diagnosis = event.diagnosis().cloned();
            entries.push(TimelineEntry { at: record.at, event: record.kind, diagnosis });
        }
        Ok(entries)
    }
}

impl Loaded {
    /// As its platform sees it, without what happened.
    fn view(&self, lender: String) -> PaymentView {
        let Self { record, machine } = self;
        let settled = match machine {
            Payment::Settled(settled) => Some(settled),
            Payment::Refunded(refunded) => Some(&refunded.settled),
            _ => None,
        };
        PaymentView {
            id: record.id,
            kind: record.kind,
            state: machine.name().to_owned(),
            lender,
            instrument: record.instrument,
            original: record.original,
            given_back_by: Vec::new(),
            refunded_amount: match machine {
                Payment::Refunded(refunded) => Some(refunded.sum),
                _ => None,
            },
            reference: record.reference.clone(),
            purpose: record.purpose.clone(),
            amount: record.amount,
            channel: record.channel.clone(),
            channel_number: record.query_id.clone(),
            waits_for: match machine {
                Payment::Waiting(waiting) => Some(waiting.why),
                _ => None,
            },
            code_confirmed: match machine {
                Payment::AwaitingCode(awaiting) => Some(awaiting.confirmed),
                _ => None,
            },
            review: match machine {
                Payment::Review(review) => Some(review.why),
                _ => None,
            },
            proof: settled.map(|settled| settled.proof),
            settled_amount: settled.map(|settled| settled.amount),
            next_look_at: machine.wake_at(),
            diagnosis: machine.diagnosis().cloned(),
            timeline: Vec::new(),
            created_at: record.created_at,
            updated_at: record.updated_at,
            version: u64::try_from(record.version).unwrap_or(0),
        }
    }
}

/// Whether an event would only say again what a timeline ends with.
fn repeats(timeline: &[TimelineEntry], event: &str) -> bool {
    timeline.last().is_some_and(|last| last.event == event)
}
