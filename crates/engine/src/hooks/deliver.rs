//! Carrying deliveries: a leased step each, again and again over days until the endpoint takes it.
//! At least once: what was taken while we died is sent again, under the same id.

use std::time::Duration;

use bytes::Bytes;
use mingka_domain::id::DeliveryId;
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use mingka_store::{DeliveryRecord, EndpointRecord, Lane, StepRecord, Unit};
use tokio::task::JoinSet;

use super::endpoint::{DISABLED_FAILING, DISABLED_GONE, lang_of};
use super::post::{Head, Posted};
use super::sign::signatures;
use super::told::Logs;
use super::types::TRIAL;
use super::view::{About, EventView};
use super::{Hooks, Inside};
use crate::core::{Engine, internal};
use crate::error::EngineError;

/// The kind of step that carries a delivery.
pub(super) const STEP_DELIVERY: &str = "delivery";

/// The waits between tries, the schedule of the Standard Webhooks specification: about 75 hours. Up
/// to a fifth more is added by chance.
pub const RETRY_DELAYS_MS: [i64; 9] = [
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
/// How long nothing may get through before an endpoint is told nothing any more.
const FAILING_MS: i64 = 3 * DAY_MS;
/// The longest wait an endpoint may ask for.
const RETRY_AFTER_MS_MAX: i64 = DAY_MS;
/// How soon a delivery is looked at again whose endpoint has as many at once as it may.
const CROWDED_MS: i64 = 2 * SECOND_MS;
/// How long changes are gathered before they are placed.
const GATHER_MS: u64 = 20;
/// So many at once need not be gathered any longer.
const ENOUGH: usize = 100;
/// How many deliveries are carried at once.
const AT_ONCE_MAX: usize = 64;

/// What an answer of the endpoint says for good.
const GONE: u16 = 410;

impl Engine {
    /// Places events, hands them out and carries them until `stopped` is ready. What is under way
    /// then is finished.
    pub(crate) async fn tell_platforms(&self, stopped: impl Future<Output = ()> + Send) {
        let mut stopped = std::pin::pin!(stopped);
        let mut changes = self.inner.announcer.all();
        let mut under_way = JoinSet::new();
        loop {
            let placed = self.sequence().await;
            let appended = self.append_evidence().await;
            let handed_out = self.hand_out().await;
            let failed =
                [&placed, &appended, &handed_out].into_iter().find_map(|done| done.as_ref().err());
            if let Some(error) = failed {
                tracing::warn!(error = %error, "events could not be placed, kept and handed out");
            }
            let claimed = self.carry_due(&mut under_way).await;
            let (placed, appended) = (placed.unwrap_or(0), appended.unwrap_or(0));
            let moved = placed + appended + handed_out.unwrap_or(0) + claimed;
            let pause = if moved == 0 { self.pause(Lane::Endpoints).await } else { Duration::ZERO };
            let gather_ms = if placed.max(appended) < ENOUGH { GATHER_MS } else { 0 };
            tokio::select! {
                biased;
                () = &mut stopped => break,
                // Whatever ends makes room.
                Some(_) = under_way.join_next() => {}
                // What changes in this process need not wait to be looked for; a little, so that
                // what comes together is placed together.
                _ = changes.recv() => tokio::time::sleep(Duration::from_millis(gather_ms)).await,
                () = tokio::time::sleep(pause) => {}
            }
            changes = changes.resubscribe();
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Places and hands out what can be, carries what is due, and says how many deliveries that
    /// were.
    pub async fn tell_once(&self) -> usize {
        while self.sequence().await.is_ok_and(|count| count > 0) {}
        while self.append_evidence().await.is_ok_and(|count| count > 0) {}
        while self.hand_out().await.is_ok_and(|count| count > 0) {}
        let mut under_way = JoinSet::new();
        let claimed = self.carry_due(&mut under_way).await;
        while under_way.join_next().await.is_some() {}
        claimed
    }

    async fn carry_due(&self, under_way: &mut JoinSet<()>) -> usize {
        let room = AT_ONCE_MAX.saturating_sub(under_way.len());
        let (Ok(limit), Some(hooks)) = (u32::try_from(room), &self.parts().hooks) else { return 0 };
        if limit == 0 {
            return 0;
        }
        let (now, lease_ms) = (self.now(), self.settings().lease_ms);
        let claim =
            self.store().claim_of(Lane::Endpoints, now, &self.inner.holder, lease_ms, limit);
        let steps = match claim.await {
            Ok(steps) => steps,
            Err(error) => {
                tracing::warn!(error = %error, "no deliveries could be claimed");
                return 0;
            }
        };
        let count = steps.len();
        for step in steps {
            let (engine, hooks) = (self.clone(), hooks.clone());
            under_way.spawn(async move {
                let carried = tokio::select! {
                    biased;
                    () = engine.halted() => return,
                    carried = engine.carry(&hooks, &step) => carried,
                };
                if let Err(error) = carried {
                    tracing::warn!(step.id = %step.id, error = %error, "a delivery is put off");
                    let due = engine.now().plus_ms(5 * SECOND_MS);
                    if engine.put_off(&step, due).await.is_err() {
                        tracing::debug!(step.id = %step.id, "a step waits for its lease to end");
                    }
                }
            });
        }
        count
    }

    async fn carry(&self, hooks: &Hooks, step: &StepRecord) -> Result<(), EngineError> {
        let id: DeliveryId = serde_json::from_str(&step.payload)
            .map_err(|error| internal("a delivery's step cannot be read", &error))?;
        let found = self.store().delivery(step.platform, id).await?;
        let pending =
            |delivery: &DeliveryRecord| delivery.state == "pending" && delivery.step == step.id;
        let Some(delivery) = found.filter(pending) else { return self.finish(step).await };
        let endpoint = self.store().endpoint(step.platform, delivery.endpoint).await?;
        let endpoint = endpoint.ok_or_else(|| internal("an endpoint is missing", &id))?;
        if endpoint.disabled_at.is_some() {
            return self.end_delivery(delivery, "failed", Some("endpoint_disabled"), step).await;
        }
        let Some(inside) = hooks.enter(endpoint.id) else {
            return self.put_off(step, self.now().plus_ms(CROWDED_MS)).await;
        };
        let posted = self.post_delivery(hooks, &delivery, &endpoint, &inside).await?;
        drop(inside);
        self.conclude_delivery(delivery, &endpoint, posted, step).await
    }

    /// Sends it. The place among the endpoint's deliveries is the caller's to hold meanwhile.
    async fn post_delivery(
        &self,
        hooks: &Hooks,
        delivery: &DeliveryRecord,
        endpoint: &EndpointRecord,
        _inside: &Inside,
    ) -> Result<Posted, EngineError> {
        let event = self.event_of_delivery(delivery).await?;
        let body = (hooks.write)(&event, lang_of(endpoint));
        let secrets = self.secrets_of(endpoint, self.now())?;
        let unix_s = self.now().as_millis() / SECOND_MS;
        let signatures = signatures(&secrets, &delivery.event, unix_s, body.as_bytes())
            .ok_or_else(|| internal("a secret is not in its form", &endpoint.id))?;
        let head = Head { id: &delivery.event, unix_s, signatures: &signatures };
        Ok(hooks.poster.post(&endpoint.url, &head, Bytes::from(body)).await)
    }

    async fn event_of_delivery(&self, delivery: &DeliveryRecord) -> Result<EventView, EngineError> {
        let platform = delivery.platform;
        if delivery.seq == 0 {
            let endpoint = self.endpoint(platform, delivery.endpoint).await?;
            return Ok(EventView {
                id: delivery.event.clone(),
                position: 0,
                event_type: TRIAL.to_owned(),
                at: delivery.created_at,
                about: About::Endpoint(Box::new(endpoint)),
            });
        }
        let mut logs = Logs::new(self);
        let event = logs.event(platform, delivery.subject, delivery.seq).await?;
        let told = logs.told(&event, delivery.position).await?;
        told.ok_or_else(|| internal("a delivery is of nothing that is told", &delivery.id))
    }

    async fn conclude_delivery(
        &self,
        mut delivery: DeliveryRecord,
        endpoint: &EndpointRecord,
        posted: Posted,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        let now = self.now();
        delivery.tries = delivery.tries.saturating_add(1);
        delivery.tried_at = Some(now);
        delivery.error = posted.error().map(str::to_owned);
        let (status, retry_after_s) = match posted {
            Posted::Answered { status, retry_after_s } => (Some(status), retry_after_s),
            _ => (None, None),
        };
        delivery.status = status.map(i64::from);
        tracing::info!(endpoint.id = %endpoint.id, delivery.id = %delivery.id, event.id =
            delivery.event, http.status = status, error = delivery.error, "a delivery was tried");
        if status.is_some_and(|status| (200..300).contains(&status)) {
            "delivered".clone_into(&mut delivery.state);
            delivery.next_at = None;
            let unit = Unit::new(delivery.update())
                .writes([step.finish(now), EndpointRecord::works(endpoint.id)]);
            self.store().commit(unit).await?;
            return Ok(());
        }
        delivery.next_at = match status {
            Some(GONE) => None,
            _ => self.next_delivery(delivery.tries, retry_after_s, now),
        };
        if delivery.next_at.is_none() {
            "failed".clone_into(&mut delivery.state);
        }
        let step = delivery.next_at.map_or_else(|| step.finish(now), |at| step.reschedule(now, at));
        let failing = EndpointRecord::fails(endpoint.id, now);
        self.store().commit(Unit::new(delivery.update()).writes([step, failing])).await?;
        let since = endpoint.failing_since.unwrap_or(now);
        if status == Some(GONE) {
            self.disable_by_itself(endpoint, DISABLED_GONE).await
        } else if now.since_ms(since) >= FAILING_MS {
            self.disable_by_itself(endpoint, DISABLED_FAILING).await
        } else {
            Ok(())
        }
    }

    async fn end_delivery(
        &self,
        mut delivery: DeliveryRecord,
        state: &str,
        error: Option<&str>,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        state.clone_into(&mut delivery.state);
        delivery.error = error.map(str::to_owned);
        delivery.next_at = None;
        let unit = Unit::new(delivery.update()).write(step.finish(self.now()));
        self.store().commit(unit).await?;
        Ok(())
    }

    /// When a delivery is tried after so many tries; `None` when no more.
    fn next_delivery(
        &self,
        tries: i64,
        retry_after_s: Option<u32>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let index = usize::try_from(tries).ok()?.checked_sub(1)?;
        let delay_ms = *RETRY_DELAYS_MS.get(index)?;
        let chance = i64::from(u16::from_be_bytes(self.random::<2>()));
        let jitter_ms = delay_ms / 5 * chance / i64::from(u16::MAX);
        let asked_ms = retry_after_s.map_or(0, |s| i64::from(s).saturating_mul(SECOND_MS));
        let wait_ms = delay_ms.saturating_add(jitter_ms);
        Some(now.plus_ms(wait_ms.max(asked_ms.min(RETRY_AFTER_MS_MAX))))
    }
}
