//! Handing the events to the endpoints that want them: in the one order, each once. The place up to
//! which they were handed out is the guard of the unit that makes the deliveries, so that no event
//! is left out or handed out twice, however many processes do this at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mingka_domain::id::{DeliveryId, PlatformId};
use mingka_domain::time::Timestamp;
use mingka_store::{
    CommitError, DeliveryRecord, EndpointRecord, Lane, PlacedEvent, StepRecord, Unit,
};

use super::deliver::STEP_DELIVERY;
use super::told::Logs;
use super::types::chooses;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::perform::step_id;

/// How many events are handed out in one unit.
const HANDED_OUT_MAX: u32 = 100;

impl Engine {
    /// Hands out what has a place in the order and was not handed out yet, and says how many events
    /// that were.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn hand_out(&self) -> Result<usize, EngineError> {
        let from = self.store().handed_out().await?;
        let placed = self.store().events_after(from, HANDED_OUT_MAX).await?;
        let Some(last) = placed.last() else { return Ok(0) };
        let deliveries = self.deliveries_of(&placed).await?;
        let mut unit = Unit::new(DeliveryRecord::hand_out(from, last.position)).behind();
        for delivery in deliveries {
            unit = unit.writes([delivery_step(&delivery)?.insert(), delivery.insert()]);
        }
        match self.store().commit(unit).await {
            Ok(_) => Ok(placed.len()),
            // Another process was quicker.
            Err(CommitError::Stale { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    async fn deliveries_of(
        &self,
        placed: &[PlacedEvent],
    ) -> Result<Vec<DeliveryRecord>, EngineError> {
        let now = self.now();
        let mut logs = Logs::new(self);
        let mut of_platform: BTreeMap<PlatformId, Vec<EndpointRecord>> = BTreeMap::new();
        let mut deliveries = Vec::new();
        for PlacedEvent { position, event } in placed {
            let endpoints = match of_platform.entry(event.platform) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.store().endpoints(event.platform).await?),
            };
            let open: Vec<&EndpointRecord> = endpoints
                .iter()
                .filter(|endpoint| {
                    endpoint.disabled_at.is_none() && endpoint.created_at <= event.at
                })
                .collect();
            // Nobody listens: what it would be called is not looked up.
            if open.is_empty() {
                continue;
            }
            let event_type = match logs.type_of(event).await {
                Ok(Some(event_type)) => event_type,
                // What cannot be read is in the log as a fault of ours; the rest goes on.
                Ok(None) | Err(EngineError::Internal) => continue,
                Err(error) => return Err(error),
            };
            for endpoint in open {
                if chooses(&endpoint.event_types, &event_type) {
                    deliveries.push(DeliveryRecord {
                        event: event.id().to_string(),
                        seq: event.seq,
                        position: *position,
                        subject: event.subject,
                        ..self.new_delivery(endpoint, &event_type, now)
                    });
                }
            }
        }
        Ok(deliveries)
    }

    /// A delivery of a trial, or the frame of one of an event.
    pub(super) fn new_delivery(
        &self,
        endpoint: &EndpointRecord,
        event_type: &str,
        now: Timestamp,
    ) -> DeliveryRecord {
        let id: DeliveryId = self.new_id(now);
        DeliveryRecord {
            id,
            platform: endpoint.platform,
            version: 1,
            endpoint: endpoint.id,
            event: id.to_string(),
            event_type: event_type.to_owned(),
            subject: endpoint.id.into(),
            seq: 0,
            position: 0,
            state: "pending".to_owned(),
            tries: 0,
            step: step_id(&id.hex()),
            status: None,
            error: None,
            tried_at: None,
            next_at: Some(now),
            created_at: now,
        }
    }
}

/// The step that carries a delivery.
pub(super) fn delivery_step(delivery: &DeliveryRecord) -> Result<StepRecord, EngineError> {
    let due = delivery.next_at.unwrap_or(delivery.created_at);
    let subject = delivery.endpoint.into();
    let step = StepRecord::new(delivery.step, delivery.platform, STEP_DELIVERY, subject, due);
    Ok(StepRecord { lane: Lane::Endpoints, payload: to_json(&delivery.id)?, ..step })
}
