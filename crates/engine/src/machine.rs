//! A binding between its row and its machine: loaded, changed by one event, shown.

use mingka_domain::binding::{Binding, Event, InvalidTransition};
use mingka_domain::effect::{Effect, Subject};
use mingka_domain::id::{BindingId, PlatformId};
use mingka_domain::time::Timestamp;
use mingka_store::{BindingRecord, ConsentRecord, EventRecord, Statement};

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::kept::Kept;
use crate::seal::Purpose;
use crate::view::{BindingState, BindingView, CodeView, ConsentAccepted, TimelineEntry};

/// The longest timeline that is shown.
const TIMELINE_MAX: u32 = 500;

/// A binding as it stands in the store.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) record: BindingRecord,
    pub(crate) machine: Binding,
}

/// What is kept beside a binding's row and shown with it. Lists do without.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) events: Vec<EventRecord>,
    pub(crate) consents: Vec<ConsentRecord>,
}

/// A binding after one event, not yet durable.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) record: BindingRecord,
    pub(crate) machine: Binding,
    pub(crate) event: EventRecord,
    pub(crate) effects: Vec<Effect>,
}

impl Loaded {
    /// One event further. The row's version counts the events.
    pub(crate) fn apply(&self, event: Event, now: Timestamp) -> Result<Changed, Refusal> {
        let kind = event.name().to_owned();
        let body = to_json(&event)?;
        let (machine, effects) = self.machine.clone().apply(event, now)?;
        let mut record = self.record.clone();
        machine.name().clone_into(&mut record.state);
        record.machine = to_json(&machine)?;
        record.updated_at = now;
        let event = EventRecord {
            subject: record.id.into(),
            seq: record.version.saturating_add(1),
            platform: record.platform,
            at: now,
            kind,
            body,
        };
        Ok(Changed { record, machine, event, effects })
    }
}

impl Changed {
    /// The statement that lets only one of two changes win.
    pub(crate) fn update(&self) -> Statement {
        self.record.update()
    }

    /// The binding as it stands once this is durable.
    pub(crate) fn loaded(mut self) -> Loaded {
        self.record.version = self.record.version.saturating_add(1);
        Loaded { record: self.record, machine: self.machine }
    }
}

/// Why an event was not taken.
pub(crate) enum Refusal {
    /// It is not on the table.
    Table(InvalidTransition),
    /// A fault of ours.
    Fault(EngineError),
}

impl From<InvalidTransition> for Refusal {
    fn from(wrong: InvalidTransition) -> Self {
        Self::Table(wrong)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self::Fault(error)
    }
}

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Table(wrong) => wrong.into(),
            Refusal::Fault(error) => error,
        }
    }
}

impl Engine {
    pub(crate) async fn load(
        &self,
        platform: PlatformId,
        id: BindingId,
    ) -> Result<Loaded, EngineError> {
        let record = self.store().binding(platform, id).await?.ok_or(EngineError::NotFound)?;
        loaded(record)
    }

    /// The card and its holder.
    pub(crate) fn kept_of(&self, binding: &Loaded) -> Result<Kept, EngineError> {
        let record = &binding.record;
        self.open_kept(Purpose::Binding, &record.id.to_string(), &record.sealed)
    }

    /// What happened to a binding as it was loaded: of a log that is longer, the newest.
    pub(crate) async fn history_of(&self, binding: &Loaded) -> Result<History, EngineError> {
        let (platform, id) = (binding.record.platform, binding.record.id);
        // The version counts the events.
        let before = binding.record.version.saturating_sub(i64::from(TIMELINE_MAX)).max(0);
        let events = self.store().events_of(platform, id.into(), before, TIMELINE_MAX).await?;
        let consents = self.store().consents(platform, Subject::Binding(id)).await?;
        Ok(History { events, consents })
    }

    /// A binding as its platform may see it.
    pub(crate) fn binding_view(
        &self,
        binding: &Loaded,
        history: &History,
    ) -> Result<BindingView, EngineError> {
        let Loaded { record, machine } = binding;
        let kept = self.kept_of(binding)?;
        Ok(BindingView {
            id: record.id,
            state: state_of(machine),
            card: self.card_view(&kept, &record.card),
            borrower_ref: record.borrower_ref.clone(),
            session: record.session,
            channel: record.channel.clone(),
            code: code_of(machine),
            diagnosis: machine.diagnosis().cloned(),
            instrument: machine.instrument(),
            consents: history.consents.iter().map(ConsentAccepted::from).collect(),
            timeline: timeline(&history.events)?,
            expires_at: expires_at(machine, record, self.settings().binding_valid_ms),
            created_at: record.created_at,
            updated_at: record.updated_at,
            version: u64::try_from(record.version).unwrap_or(0),
        })
    }

    /// Wakes whoever watches, where the effects say so.
    pub(crate) fn announce(&self, subject: impl Into<Subject>, effects: &[Effect]) {
        if effects.contains(&Effect::Announce) {
            self.inner.announcer.announce(subject.into());
        }
    }
}

impl From<&ConsentRecord> for ConsentAccepted {
    fn from(record: &ConsentRecord) -> Self {
        Self {
            kind: record.kind.clone(),
            version: record.document_version.clone(),
            lang: record.lang.clone(),
            sha256: record.sha256.clone(),
            accepted_at: record.accepted_at,
        }
    }
}

pub(crate) fn loaded(record: BindingRecord) -> Result<Loaded, EngineError> {
    let machine = serde_json::from_str(&record.machine)
        .map_err(|error| internal("a binding's machine cannot be read", &error))?;
    Ok(Loaded { record, machine })
}

fn state_of(machine: &Binding) -> BindingState {
    match machine {
        Binding::Checked(_) => BindingState::Checked,
        Binding::AwaitingCode(_) => BindingState::AwaitingCode,
        Binding::Confirming(_) => BindingState::Confirming,
        Binding::Doubtful(_) => BindingState::Doubtful,
        Binding::Active(_) => BindingState::Active,
        Binding::Refused { .. } => BindingState::Refused,
        Binding::Expired => BindingState::Expired,
        Binding::Cancelled => BindingState::Cancelled,
        Binding::Unbinding(_) => BindingState::Unbinding,
        Binding::Unbound => BindingState::Unbound,
    }
}

fn code_of(machine: &Binding) -> Option<CodeView> {
    let view = |delivery_confirmed, resend_after, expires_at, progress: &_| {
        let mingka_domain::binding::Progress { terms, sends, wrong_codes, .. } = progress;
        CodeView {
            delivery_confirmed,
            resend_after,
            expires_at,
            sends_left: terms.sends_max.saturating_sub(*sends),
            tries_left: terms.wrong_codes_max.saturating_sub(*wrong_codes),
        }
    };
    match machine {
        Binding::Checked(checked) => {
            let at = checked.resend_after;
            Some(view(false, at, at, &checked.progress))
        }
        Binding::AwaitingCode(awaiting) => Some(view(
            awaiting.delivery == mingka_domain::binding::Delivery::Confirmed,
            awaiting.resend_after,
            awaiting.code_expires_at,
            &awaiting.progress,
        )),
        _ => None,
    }
}

fn expires_at(machine: &Binding, record: &BindingRecord, valid_ms: i64) -> Timestamp {
    match machine {
        Binding::Checked(checked) => checked.progress.expires_at,
        Binding::AwaitingCode(awaiting) => awaiting.progress.expires_at,
        Binding::Confirming(confirming) => confirming.awaiting.progress.expires_at,
        Binding::Doubtful(doubtful) => doubtful.awaiting.progress.expires_at,
        _ => record.created_at.plus_ms(valid_ms),
    }
}

/// What happened, without the repetitions of a long doubt.
fn timeline(events: &[EventRecord]) -> Result<Vec<TimelineEntry>, EngineError> {
    let mut entries: Vec<TimelineEntry> = Vec::with_capacity(events.len());
    for record in events {
        if entries.last().is_some_and(|last| last.event == record.kind) {
            continue;
        }
        let event: Event = serde_json::from_str(&record.body)
            .map_err(|error| internal("an event cannot be read", &error))?;
        let diagnosis = event.diagnosis().cloned();
        entries.push(TimelineEntry { at: record.at, event: record.kind.clone(), diagnosis });
    }
    Ok(entries)
}
