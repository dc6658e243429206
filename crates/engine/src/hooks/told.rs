//! From the log to what platforms are told: which events there are for the outside, under which
//! type, and what their subject was from then on. Replayed, so that telling it a second time says
//! the same.

use std::collections::BTreeMap;

use mingka_domain::binding::{Binding, Event as BindingEvent};
use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::payment::{Event as PaymentEvent, Payment};
use mingka_domain::time::Timestamp;
use mingka_store::EventRecord;
use serde::de::DeserializeOwned;

use super::view::{About, EventView};
use crate::core::{Engine, internal};
use crate::error::EngineError;

/// The longest log that is read.
const LOG_MAX: u32 = 100_000;

/// The logs of some subjects, each read once.
pub(super) struct Logs<'a> {
    engine: &'a Engine,
    logs: BTreeMap<Subject, Vec<EventRecord>>,
}

/// What stood before an event and what stands after it.
enum Step {
    Binding(Option<Box<Binding>>, Box<Binding>),
    Payment(Option<Box<Payment>>, Box<Payment>),
    /// Everything else keeps its state in the event's own name.
    Named(Option<String>, String),
}

/// What the log keeps of an endpoint.
#[derive(serde::Deserialize)]
struct EndpointEvent {
    /// Why it is told nothing from then on.
    why: Option<String>,
}

impl<'a> Logs<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self { engine, logs: BTreeMap::new() }
    }

    /// The type under which an event is told. `None` when nothing changed that shows outside.
    pub(super) async fn type_of(
        &mut self,
        event: &EventRecord,
    ) -> Result<Option<String>, EngineError> {
        let step = self.step(event.platform, event.subject, event.seq).await?;
        let (changed, name) = match &step {
            Step::Binding(before, after) => (
                before.as_ref().map(|b| binding_face(b)) != Some(binding_face(after)),
                after.name(),
            ),
            Step::Payment(before, after) => (
                before.as_ref().map(|p| payment_face(p)) != Some(payment_face(after)),
                after.name(),
            ),
            Step::Named(before, after) => (before.as_ref() != Some(after), after.as_str()),
        };
        let group = match event.subject {
            Subject::Binding(_) => "binding",
            Subject::Instrument(_) => "instrument",
            Subject::Verification(_) => "verification",
            Subject::Payment(_) => "payment",
            Subject::Endpoint(_) if name == "disabled" || name == "enabled" => "endpoint",
            Subject::Endpoint(_) | Subject::Session(_) => return Ok(None),
        };
        Ok(changed.then(|| format!("{group}.{name}")))
    }

    /// The event as it is told.
    pub(super) async fn told(
        &mut self,
        event: &EventRecord,
        position: i64,
    ) -> Result<Option<EventView>, EngineError> {
        let Some(event_type) = self.type_of(event).await? else { return Ok(None) };
        let step = self.step(event.platform, event.subject, event.seq).await?;
        let about = self.engine.about(event, step).await?;
        let (id, at) = (event.id().to_string(), event.at);
        Ok(Some(EventView { id, position, event_type, at, about }))
    }

    /// One event of a subject, by its number.
    pub(super) async fn event(
        &mut self,
        platform: PlatformId,
        subject: Subject,
        seq: i64,
    ) -> Result<EventRecord, EngineError> {
        let log = self.log(platform, subject, seq).await?;
        log.last().cloned().ok_or_else(|| internal("an event is missing", &subject))
    }

    async fn step(
        &mut self,
        platform: PlatformId,
        subject: Subject,
        seq: i64,
    ) -> Result<Step, EngineError> {
        let log = self.log(platform, subject, seq).await?;
        let Some((event, earlier)) = log.split_last() else {
            return Err(internal("an event is missing", &subject));
        };
        Ok(match subject {
            Subject::Binding(_) => {
                let before = match earlier {
                    [] => None,
                    earlier => Some(Binding::replay(read(earlier)?).map_err(broken)?),
                };
                let after = Binding::replay(read::<BindingEvent>(log)?).map_err(broken)?;
                Step::Binding(before.map(Box::new), Box::new(after))
            }
            Subject::Payment(_) => {
                let before = match earlier {
                    [] => None,
                    earlier => Some(Payment::replay(read(earlier)?).map_err(broken)?),
                };
                let after = Payment::replay(read::<PaymentEvent>(log)?).map_err(broken)?;
                Step::Payment(before.map(Box::new), Box::new(after))
            }
            _ => Step::Named(earlier.last().map(|e| e.kind.clone()), event.kind.clone()),
        })
    }

    /// A subject's log up to one of its events.
    async fn log(
        &mut self,
        platform: PlatformId,
        subject: Subject,
        seq: i64,
    ) -> Result<&[EventRecord], EngineError> {
        let count = usize::try_from(seq).unwrap_or(usize::MAX);
        let known = self.logs.get(&subject).map_or(0, Vec::len);
        if known < count {
            let log = self.engine.store().events_of(platform, subject, 0, LOG_MAX).await?;
            self.logs.insert(subject, log);
        }
        let log = self.logs.get(&subject).map(Vec::as_slice).unwrap_or_default();
        Ok(log.get(..count).unwrap_or(log))
    }
}

impl Engine {
    async fn about(&self, event: &EventRecord, step: Step) -> Result<About, EngineError> {
        let platform = event.platform;
        Ok(match (event.subject, step) {
            (Subject::Binding(id), Step::Binding(_, after)) => {
                let mut binding = self.load(platform, id).await?;
                binding.machine = *after;
                (binding.record.version, binding.record.updated_at) = (event.seq, event.at);
                About::Binding(Box::new(self.binding_view(&binding, &Default::default())?))
            }
            (Subject::Payment(id), Step::Payment(_, after)) => {
                let mut payment = self.load_payment(platform, id).await?;
                payment.machine = *after;
                (payment.record.version, payment.record.updated_at) = (event.seq, event.at);
                About::Payment(Box::new(self.payment_view(&payment).await?))
            }
            (Subject::Instrument(id), _) => {
                let mut view = self.instrument(platform, id).await?;
                view.state = serde_json::from_value(event.kind.clone().into())
                    .map_err(|error| internal("an event cannot be read", &error))?;
                view.updated_at = event.at;
                About::Instrument(Box::new(view))
            }
            (Subject::Verification(id), _) => {
                let view = self.verification_at(platform, id, event).await?;
                About::Verification(Box::new(view))
            }
            (Subject::Endpoint(id), _) => {
                let mut view = self.endpoint(platform, id).await?;
                let told: EndpointEvent = serde_json::from_str(&event.body)
                    .map_err(|error| internal("an event cannot be read", &error))?;
                view.disabled_at = told.why.is_some().then_some(event.at);
                (view.disabled_why, view.updated_at) = (told.why, event.at);
                // The log does not keep since when nothing got through.
                view.failing_since = None;
                About::Endpoint(Box::new(view))
            }
            _ => return Err(internal("an event is about nothing that is told", &event.subject)),
        })
    }
}

/// What shows outside of a binding's state.
fn binding_face(binding: &Binding) -> (&str, bool) {
    (binding.name(), binding.diagnosis().is_some())
}

/// What shows outside of a payment's state.
fn payment_face(payment: &Payment) -> (&str, Option<String>) {
    let why = match payment {
        Payment::Waiting(waiting) => Some(format!("{:?}", waiting.why)),
        Payment::Review(review) => Some(format!("{:?}", review.why)),
        Payment::Refunded(refunded) => Some(refunded.sum.get().to_string()),
        _ => None,
    };
    (payment.name(), why)
}

fn read<E: DeserializeOwned>(log: &[EventRecord]) -> Result<Vec<(E, Timestamp)>, EngineError> {
    log.iter()
        .map(|record| Ok((serde_json::from_str(&record.body)?, record.at)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| internal("an event cannot be read", &error))
}

fn broken(error: impl std::fmt::Display) -> EngineError {
    internal("a log does not replay", &error)
}
