//! What a platform states instead of binding it here: agreements that were opened before it came
//! (`import`), and accounts of companies (`company`). Each becomes an instrument like any other,
//! with
//! a log that begins by saying that it was stated.

mod company;
mod import;
mod report;

use mingka_domain::binding::{Binding, Event};
use mingka_domain::id::{BindingId, InstrumentId, PlatformId};
use mingka_domain::time::Timestamp;
use mingka_store::{
    BindingRecord, CardIndex, EventRecord, InstrumentRecord, MaskedCard, Statement,
};

pub use self::report::{ImportOutcome, ImportRefusal, ImportReport, ImportRule, ImportedLine};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::instrument::event_of;
use crate::kept::Kept;
use crate::machine::Loaded;
use crate::seal::Purpose;

/// What is stated.
struct Stating {
    platform: PlatformId,
    instrument: InstrumentId,
    kept: Kept,
    card: MaskedCard,
    card_index: CardIndex,
    borrower_ref: Option<String>,
    /// The channel its agreement is with; empty where no bank has one.
    channel: String,
    /// The hash of the mandate's text and when it was accepted, where money may be collected.
    mandate: Option<(String, Timestamp)>,
}

/// An instrument that is not durable yet, and the rows that make it so.
struct Stated {
    binding: Loaded,
    instrument: InstrumentRecord,
    rows: Vec<Statement>,
}

impl Engine {
    fn stated(&self, stating: Stating, now: Timestamp) -> Result<Stated, EngineError> {
        let Stating { platform, instrument, card, card_index, borrower_ref, .. } = stating;
        let (mandate_sha256, accepted_at) = stating.mandate.unzip();
        let event = Event::Stated { instrument, mandate_sha256, accepted_at };
        let machine = Binding::begin(&event, now)
            .ok_or_else(|| internal("a log does not begin like this", &event.name()))?;
        let id: BindingId = self.new_id(now);
        let kept = self.to_keep(stating.kept);
        let binding = BindingRecord {
            id,
            platform,
            version: 1,
            state: machine.name().to_owned(),
            machine: to_json(&machine)?,
            sealed: self.seal_kept(Purpose::Binding, &id.to_string(), &kept),
            card_index,
            card: card.clone(),
            borrower_ref: borrower_ref.clone(),
            channel: stating.channel,
            session: None,
            created_at: now,
            updated_at: now,
        };
        let first = EventRecord {
            subject: id.into(),
            seq: 1,
            platform,
            at: now,
            kind: event.name().to_owned(),
            body: to_json(&event)?,
        };
        let instrument = InstrumentRecord {
            id: instrument,
            platform,
            version: 1,
            binding: id,
            borrower_ref,
            state: "active".to_owned(),
            sealed: self.seal_kept(Purpose::Instrument, &instrument.to_string(), &kept),
            card_index,
            card,
            created_at: now,
            updated_at: now,
        };
        let rows = vec![
            binding.insert(),
            first.insert(),
            instrument.insert(),
            event_of(&instrument).insert(),
        ];
        Ok(Stated { binding: Loaded { record: binding, machine }, instrument, rows })
    }
}
