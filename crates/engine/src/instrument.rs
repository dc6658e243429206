//! Bound cards, looked at.

use mingka_domain::binding::Binding;
use mingka_domain::id::{InstrumentId, PlatformId, kind};
use mingka_domain::time::Timestamp;
use mingka_store::{Cursor, EventRecord, InstrumentRecord, Listed, Statement};

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::kept::Kept;
use crate::machine::{Changed, Loaded};
use crate::seal::Purpose;
use crate::view::{InstrumentKind, InstrumentState, InstrumentView};

impl Engine {
    /// One bound card.
    ///
    /// # Errors
    /// When it is not there, or belongs to another platform.
    pub async fn instrument(
        &self,
        platform: PlatformId,
        id: InstrumentId,
    ) -> Result<InstrumentView, EngineError> {
        let record = self.store().instrument(platform, id).await?.ok_or(EngineError::NotFound)?;
        let binding = self.load(platform, record.binding).await?;
        self.instrument_view(&record, &binding)
    }

    /// A platform's bound cards, newest first; only one borrower's when one is named.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn instruments(
        &self,
        platform: PlatformId,
        borrower_ref: Option<&str>,
        cursor: Cursor<kind::Instrument>,
    ) -> Result<Listed<InstrumentView>, EngineError> {
        let listed = match borrower_ref {
            Some(borrower) => {
                self.store().instruments_of_borrower(platform, borrower, cursor).await?
            }
            None => self.store().instruments(platform, cursor).await?,
        };
        let mut items = Vec::with_capacity(listed.items.len());
        for record in &listed.items {
            let binding = self.load(platform, record.binding).await?;
            items.push(self.instrument_view(record, &binding)?);
        }
        Ok(Listed { items, has_more: listed.has_more })
    }

    /// The card and its holder.
    pub(crate) fn kept_of_instrument(
        &self,
        record: &InstrumentRecord,
    ) -> Result<Kept, EngineError> {
        self.open_kept(Purpose::Instrument, &record.id.to_string(), &record.sealed)
    }

    /// The bound card of a binding, as it stands with the binding's machine.
    pub(crate) async fn instrument_of(
        &self,
        binding: &Loaded,
    ) -> Result<InstrumentView, EngineError> {
        let record = self.instrument_record(binding).await?;
        self.instrument_view(&record, binding)
    }

    pub(crate) async fn instrument_record(
        &self,
        binding: &Loaded,
    ) -> Result<InstrumentRecord, EngineError> {
        let (platform, id) = (binding.record.platform, binding.record.id);
        let found = self.store().instrument_of_binding(platform, id).await?;
        found.ok_or_else(|| internal("a bound card is missing", &id))
    }

    /// The rows that follow when a binding's agreement is being ended, was ended, or was not.
    pub(crate) async fn instrument_rows(
        &self,
        changed: &Changed,
        now: Timestamp,
    ) -> Result<Vec<Statement>, EngineError> {
        let binding = changed.clone().loaded();
        let mut record = self.instrument_record(&binding).await?;
        let state = state_of(&binding.machine);
        let mut rows = Vec::new();
        if state == InstrumentState::Unbound {
            for mut agreement in self.store().agreements(record.platform, record.id).await? {
                if agreement.cancelled_at.is_none() {
                    "cancelled".clone_into(&mut agreement.state);
                    agreement.cancelled_at = Some(now);
                    rows.push(agreement.update());
                }
            }
        }
        if record.state != state.name() {
            state.name().clone_into(&mut record.state);
            record.updated_at = now;
            rows.push(record.update());
            record.version = record.version.saturating_add(1);
            rows.push(event_of(&record).insert());
        }
        Ok(rows)
    }

    pub(crate) fn instrument_view(
        &self,
        record: &InstrumentRecord,
        binding: &Loaded,
    ) -> Result<InstrumentView, EngineError> {
        let kept = self.kept_of_instrument(record)?;
        Ok(InstrumentView {
            id: record.id,
            kind: match &kept {
                Kept::Person(_) => InstrumentKind::Card,
                Kept::Company(_) => InstrumentKind::CompanyAccount,
            },
            binding: record.binding,
            state: state_of(&binding.machine),
            card: self.card_view(&kept, &record.card),
            borrower_ref: record.borrower_ref.clone(),
            channel: Some(binding.record.channel.clone()).filter(|code| !code.is_empty()),
            diagnosis: binding.machine.diagnosis().cloned(),
            created_at: record.created_at,
            updated_at: binding.record.updated_at,
        })
    }
}

impl InstrumentState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unbinding => "unbinding",
            Self::Unbound => "unbound",
        }
    }
}

/// What the log keeps of a bound card: what it has become. The row's version counts the events.
pub(crate) fn event_of(record: &InstrumentRecord) -> EventRecord {
    EventRecord {
        subject: record.id.into(),
        seq: record.version,
        platform: record.platform,
        at: record.updated_at,
        kind: record.state.clone(),
        body: format!("{{\"state\":\"{}\"}}", record.state),
    }
}

fn state_of(machine: &Binding) -> InstrumentState {
    match machine {
        Binding::Unbinding(_) => InstrumentState::Unbinding,
        Binding::Unbound => InstrumentState::Unbound,
        _ => InstrumentState::Active,
    }
}
