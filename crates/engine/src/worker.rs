//! What goes on by itself: exchanges that were interrupted, doubts that are inquired about, bindings
//! that expire, late agreements. One lease holder per step; a stale lease cannot write.

use std::collections::BTreeSet;
use std::time::Duration;

use mingka_domain::attempt::Attempt;
use mingka_domain::binding::{Binding, Event};
use mingka_domain::effect::Subject;
use mingka_domain::outcome::Operation;
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use mingka_store::{
    AttemptRecord, Budget, DeliveryRecord, IdempotencyRecord, Lane, Quota, SessionRecord,
    StepRecord, Unit,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::conclude::{Conclusion, attempt_of};
use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::hear::Heard;
use crate::machine::Refusal;
use crate::payment::STEP_PAYMENT;
use crate::perform::{STEP_ATTEMPT, STEP_EXPIRY};
use crate::settings::Planted;
use crate::sweep::state_of;

/// How long a delivery that ended can be looked up.
const DELIVERY_KEPT_MS: i64 = 30 * DAY_MS;

/// How long what was spent in a day or month is kept.
const SPENT_KEPT_MS: i64 = 62 * DAY_MS;

impl Engine {
    /// Does what is due until `shutdown` is ready. Several processes may run this on one database.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let stop = watch::Sender::new(false);
        let stopped = async || {
            let mut stop = stop.subscribe();
            // The sender outlives both loops, so waiting cannot fail.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let stopping = async {
            shutdown.await;
            stop.send_replace(true);
        };
        tokio::join!(stopping, self.work(stopped()), self.tell_platforms(stopped()));
    }

    async fn work(&self, stopped: impl Future<Output = ()> + Send) {
        let mut stopped = std::pin::pin!(stopped);
        let mut tidy_at = self.now();
        let (mut balances_at, mut told) = (tidy_at, BTreeSet::new());
        loop {
            let now = self.now();
            if now >= tidy_at {
                self.tidy(now).await;
                tidy_at = now.plus_ms(HOUR_MS);
            }
            if now >= balances_at {
                self.tell_of_balances(&mut told).await;
                balances_at = now.plus_ms(MINUTE_MS);
            }
            let done = self.work_once().await;
            let pause = if done == 0 { self.pause(Lane::House).await } else { Duration::ZERO };
            tokio::select! {
                biased;
                () = &mut stopped => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does what is due now, and says how many steps that were.
    pub async fn work_once(&self) -> usize {
        // What channels are chosen by; what may leave is asked once more before its first byte.
        if let Err(error) = self.stops().await {
            tracing::warn!(error = %error, "the stop switches could not be read");
        }
        if let Err(error) = self.look_at_certificates().await {
            tracing::warn!(error = %error, "the encryption certificates could not be read");
        }
        let mut work = JoinSet::new();
        for renewal in self.claim_renewals().await {
            let engine = self.clone();
            work.spawn(async move { engine.renew_certificate(renewal).await });
        }
        let settings = self.settings();
        let (mut lease_ms, limit) = (settings.lease_ms, settings.claim_count_max);
        if settings.planted() == Some(Planted::LeaseNeverEnds) {
            lease_ms = 10_000 * DAY_MS;
        }
        let claimed = self.store().claim(self.now(), &self.inner.holder, lease_ms, limit).await;
        let steps = match claimed {
            Ok(steps) => steps,
            Err(error) => {
                tracing::warn!(error = %error, "no steps could be claimed");
                Vec::new()
            }
        };
        let count = steps.len() + work.len();
        for step in steps {
            let engine = self.clone();
            work.spawn(async move { engine.do_step(step).await });
        }
        while let Some(done) = work.join_next().await {
            if let Err(error) = done {
                tracing::error!(error = %error, "a step ended by a panic");
            }
        }
        count
    }

    pub(crate) async fn pause(&self, lane: Lane) -> Duration {
        let (now, poll_ms) = (self.now(), self.settings().poll_ms);
        let until = now.plus_ms(i64::try_from(poll_ms).unwrap_or(i64::MAX));
        let next = self.store().next_step_of(lane, until).await.ok().flatten();
        let wait_ms = next.map_or(i64::MAX, |next| next.since_ms(self.now())).max(1);
        Duration::from_millis(u64::try_from(wait_ms).unwrap_or(poll_ms).min(poll_ms))
    }

    /// A step never outlives its lease: whoever takes it next finds nobody else at it.
    async fn do_step(&self, step: StepRecord) {
        let lease = Duration::from_millis(u64::try_from(self.settings().lease_ms).unwrap_or(0));
        let done = tokio::time::timeout(lease, async {
            match step.kind.as_str() {
                STEP_ATTEMPT => self.look_after_attempt(&step).await,
                STEP_EXPIRY => self.expire(&step).await,
                STEP_PAYMENT => self.look_after_payment(&step).await,
                other => Err(internal("nobody knows this kind of step", &other)),
            }
        });
        match done.await {
            Ok(Ok(())) => {}
            // Somebody else changed it meanwhile: it is looked at again soon.
            Ok(Err(error)) => {
                if error != EngineError::InProgress {
                    tracing::warn!(step.id = %step.id, error = %error, "a step is put off");
                }
                let due = self.now().plus_ms(5 * SECOND_MS);
                if self.put_off(&step, due).await.is_err() {
                    tracing::debug!(step.id = %step.id, "a step waits for its lease to end");
                }
            }
            Err(_) => tracing::warn!(step.id = %step.id, "a step took longer than its lease"),
        }
    }

    async fn look_after_attempt(&self, step: &StepRecord) -> Result<(), EngineError> {
        let id = state_of(step)?.attempt;
        let found = self.store().attempt(step.platform, id).await?;
        let attempt = found.ok_or_else(|| internal("an attempt is missing", &id))?;
        let known = attempt_of(&attempt)?;
        let interrupted = known == Attempt::Sent;
        if interrupted && self.settings().planted() == Some(Planted::LostRecovery) {
            return self.finish(step).await;
        }
        let binding_id = match attempt.subject {
            Subject::Binding(id) => id,
            Subject::Verification(id) => {
                return self.look_after_verification(id, &attempt, interrupted, step).await;
            }
            Subject::Instrument(_)
            | Subject::Session(_)
            | Subject::Payment(_)
            | Subject::Endpoint(_) => return self.finish(step).await,
        };
        if interrupted {
            return self.recover(binding_id, &attempt, step).await;
        }
        let binding = self.load(step.platform, binding_id).await?;
        match (&binding.machine, attempt.operation) {
            (Binding::Doubtful(doubtful), _) if doubtful.attempt == attempt.id => {
                self.inquire_confirm(&binding, &attempt, Some(step)).await
            }
            (Binding::Unbinding(unbinding), _) if unbinding.attempt == attempt.id => {
                self.inquire_unbind(&binding, &attempt, step).await
            }
            (_, Operation::OpenAgreement) if known.is_open() || known == Attempt::Settled => {
                self.sweep(&binding, &attempt, step).await
            }
            _ => self.finish(step).await,
        }
    }

    /// An exchange that its process did not live to finish: nobody knows what became of it.
    async fn recover(
        &self,
        binding: mingka_domain::id::BindingId,
        attempt: &AttemptRecord,
        step: &StepRecord,
    ) -> Result<(), EngineError> {
        tracing::warn!(binding.id = %binding, attempt.id = %attempt.id,
            "an exchange was interrupted; the bank will be asked");
        let heard = Heard::interrupted(&attempt.order.channel, attempt.operation, self.now());
        self.conclude(&Conclusion {
            platform: attempt.platform,
            binding,
            attempt: attempt.id,
            event: self.event_of(attempt, &heard),
            heard: Some(&heard),
            step: Some(step),
            answer: None,
        })
        .await?;
        Ok(())
    }

    async fn expire(&self, step: &StepRecord) -> Result<(), EngineError> {
        let Subject::Binding(id) = step.subject else { return self.finish(step).await };
        let binding = self.load(step.platform, id).await?;
        let now = self.now();
        let changed = match binding.apply(Event::TimeOver, now) {
            Ok(changed) => changed,
            Err(Refusal::Table(_)) if binding.machine.is_settled() => {
                return self.finish(step).await;
            }
            // An exchange or a doubt comes first.
            Err(Refusal::Table(_)) => {
                return self.put_off(step, self.after_wake(&binding.machine, now)).await;
            }
            Err(Refusal::Fault(error)) => return Err(error),
        };
        let unit = Unit::new(changed.update())
            .writes([changed.event.insert(), step.finish(now)])
            .writes(self.forgetting(&changed)?)
            .effects(changed.effects);
        let committed = self.store().commit(unit).await?;
        self.announce(id, committed.effects());
        tracing::info!(binding.id = %id, "a binding expired");
        Ok(())
    }

    fn after_wake(&self, machine: &Binding, now: Timestamp) -> Timestamp {
        let wake_at = machine.wake_at().unwrap_or(now);
        wake_at.max(now).plus_ms(SECOND_MS)
    }

    /// Throws away what has had its time.
    async fn tidy(&self, now: Timestamp) {
        let done_before = now.plus_ms(-DAY_MS);
        let statements = [
            IdempotencyRecord::purge(now),
            Quota::purge(now),
            Budget::purge(now.plus_ms(-SPENT_KEPT_MS)),
            StepRecord::purge(done_before),
            DeliveryRecord::purge(now.plus_ms(-DELIVERY_KEPT_MS)),
            SessionRecord::forget_prefill(now),
        ];
        for statement in statements {
            if let Err(error) = self.store().commit(Unit::new(statement).behind()).await {
                tracing::warn!(error = %error, "old rows could not be thrown away");
            }
        }
    }
}
