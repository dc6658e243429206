//! Deliveries as a platform asks for them: a trial, one sent again, the list of them.

use mingka_domain::effect::Subject;
use mingka_domain::id::{DeliveryId, EndpointId, PlatformId, StepId, kind};
use mingka_domain::time::Timestamp;
use mingka_store::{Cursor, DeliveryRecord, Listed, Statement, Unit};

use super::hand_out::delivery_step;
use super::types::TRIAL;
use super::view::DeliveryView;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::request::Idempotency;

impl Engine {
    /// Sends a trial: a delivery that is about no event.
    ///
    /// # Errors
    /// When the endpoint is not there or disabled.
    pub async fn try_endpoint(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        id: EndpointId,
    ) -> Result<DeliveryView, EngineError> {
        let now = self.now();
        if let Some(view) = self.earlier_delivery(platform, &idempotency, now).await? {
            return Ok(view);
        }
        let endpoint = self.open_endpoint(platform, id).await?;
        let delivery = self.new_delivery(&endpoint, TRIAL, now);
        let step = delivery_step(&delivery)?.insert();
        self.answer_delivery(&idempotency, &delivery, [delivery.insert(), step], now).await
    }

    /// Sends a delivery again at once, under the same id, whatever became of it before.
    ///
    /// # Errors
    /// When it is not there, or its endpoint is disabled.
    pub async fn resend_delivery(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        endpoint: EndpointId,
        id: DeliveryId,
    ) -> Result<DeliveryView, EngineError> {
        let now = self.now();
        if let Some(view) = self.earlier_delivery(platform, &idempotency, now).await? {
            return Ok(view);
        }
        let found = self.store().delivery(platform, id).await?;
        let found = found.filter(|delivery| delivery.endpoint == endpoint);
        let mut delivery = found.ok_or(EngineError::NotFound)?;
        self.open_endpoint(platform, endpoint).await?;
        "pending".clone_into(&mut delivery.state);
        (delivery.tries, delivery.next_at) = (0, Some(now));
        let step: StepId = self.new_id(now);
        // The step that waited for its next try finds that it is out of date.
        delivery.step = step;
        let step = delivery_step(&delivery)?.insert();
        self.answer_delivery(&idempotency, &delivery, [delivery.update(), step], now).await
    }

    /// An endpoint's deliveries, newest first.
    ///
    /// # Errors
    /// When the endpoint is not there.
    pub async fn deliveries(
        &self,
        platform: PlatformId,
        endpoint: EndpointId,
        cursor: Cursor<kind::Delivery>,
    ) -> Result<Listed<DeliveryView>, EngineError> {
        self.endpoint_record(platform, endpoint).await?;
        let listed = self.store().deliveries(platform, endpoint, cursor).await?;
        let items = listed.items.iter().map(delivery_view).collect();
        Ok(Listed { items, has_more: listed.has_more })
    }

    async fn earlier_delivery(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<DeliveryView>, EngineError> {
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(view) => Ok(Some(view)),
            Earlier::Unanswered(Subject::Endpoint(_)) => Err(EngineError::InProgress),
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }

    async fn answer_delivery(
        &self,
        idempotency: &Idempotency,
        delivery: &DeliveryRecord,
        rows: [Statement; 2],
        now: Timestamp,
    ) -> Result<DeliveryView, EngineError> {
        let (platform, subject) = (delivery.platform, delivery.endpoint.into());
        let view = delivery_view(delivery);
        let key = self.take_key(platform, idempotency, subject, Some(to_json(&view)?), now);
        match self.store().commit(Unit::new(key).writes(rows)).await {
            Ok(_) => Ok(view),
            Err(error) if lost_key(&error) => {
                let first = self.earlier_delivery(platform, idempotency, now).await?;
                first.ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn delivery_view(record: &DeliveryRecord) -> DeliveryView {
    DeliveryView {
        id: record.id,
        endpoint: record.endpoint,
        event: record.event.clone(),
        event_type: record.event_type.clone(),
        state: record.state.clone(),
        tries: u32::try_from(record.tries).unwrap_or(0),
        status: record.status.and_then(|status| u16::try_from(status).ok()),
        error: record.error.clone(),
        tried_at: record.tried_at,
        next_at: record.next_at,
        created_at: record.created_at,
    }
}
