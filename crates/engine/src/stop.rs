//! The stop switches of a platform, a lender, a channel or an operation. They stand in the store
//! and are read there before each send; what is in flight is only inquired about.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use mingka_domain::id::PlatformId;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use mingka_store::{CommitError, InForce, PaymentRecord, StopRecord, Unit};

use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::settings::Planted;

/// The longest reason, and the longest name of whoever gives it, in bytes.
const WORDS_BYTES_MAX: usize = 500;

/// What a switch stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopSwitch {
    /// Everything a platform wants sent.
    Platform(PlatformId),
    /// The same, turned by the platform itself: it cannot lift what a person has stopped.
    OwnPlatform(PlatformId),
    /// Everything over a lender's channels, by the code it has in the configuration.
    Lender(String),
    /// Everything over a channel.
    Channel(String),
    /// One operation, over all channels.
    Operation(Operation),
    /// Everything, because the database was restored from a backup. Nobody turns it by name: see
    /// `restore`.
    Restored,
}

impl StopSwitch {
    /// Reads `platform:ID`, `platform_own:ID`, `lender:CODE`, `channel:CODE` or `operation:NAME`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let (scope, target) = text.split_once(':')?;
        match scope {
            "platform" => target.parse().ok().map(Self::Platform),
            "platform_own" => target.parse().ok().map(Self::OwnPlatform),
            "lender" if !target.is_empty() => Some(Self::Lender(target.to_owned())),
            "channel" if !target.is_empty() => Some(Self::Channel(target.to_owned())),
            "operation" => Operation::named(target).map(Self::Operation),
            _ => None,
        }
    }

    /// Its kind and which of that kind, as they are kept.
    #[must_use]
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Platform(id) => ("platform", id.to_string()),
            Self::OwnPlatform(id) => ("platform_own", id.to_string()),
            Self::Lender(code) => ("lender", code.clone()),
            Self::Channel(code) => ("channel", code.clone()),
            Self::Operation(operation) => ("operation", operation.name().to_owned()),
            Self::Restored => ("house", "restored".to_owned()),
        }
    }
}

/// Who turns a switch, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    who: String,
    why: String,
}

impl Reason {
    /// Both must be said, in at most 500 bytes each, in one visible line.
    #[must_use]
    pub fn new(who: &str, why: &str) -> Option<Self> {
        let said = |words: &str| {
            let fits = !words.trim().is_empty() && words.len() <= WORDS_BYTES_MAX;
            fits && !words.contains(char::is_control)
        };
        (said(who) && said(why)).then(|| Self { who: who.to_owned(), why: why.to_owned() })
    }
}

/// The switches that stop now.
#[derive(Debug, Default)]
pub(crate) struct Stops(BTreeSet<(String, String)>);

impl Stops {
    fn of(turns: Vec<StopRecord>) -> Self {
        let stopped = turns.into_iter().filter(|turn| turn.stopped);
        Self(stopped.map(|turn| (turn.scope, turn.target)).collect())
    }

    fn has(&self, switch: &StopSwitch) -> bool {
        let (scope, target) = switch.parts();
        self.0.contains(&(scope.to_owned(), target))
    }

    /// Whether a restore holds everything.
    pub(crate) fn is_restored(&self) -> bool {
        self.has(&StopSwitch::Restored)
    }

    /// Whether any switch forbids to send this, for a platform or for none.
    pub(crate) fn forbid(
        &self,
        platform: Option<PlatformId>,
        channel: &Channel,
        operation: Operation,
    ) -> bool {
        self.has(&StopSwitch::Restored)
            || platform.is_some_and(|platform| {
                self.has(&StopSwitch::Platform(platform))
                    || self.has(&StopSwitch::OwnPlatform(platform))
            })
            || self.has(&StopSwitch::Lender(channel.lender.clone()))
            || self.has(&StopSwitch::Channel(channel.code.clone()))
            || self.has(&StopSwitch::Operation(operation))
    }
}

impl Engine {
    /// The newest turn of each switch that was ever turned.
    ///
    /// # Errors
    /// When the store gives nothing.
    pub async fn stop_switches(&self) -> Result<Vec<StopRecord>, EngineError> {
        Ok(self.store().stops().await?)
    }

    /// Turns a switch; in force in every process on this database once this returns. Turning it to
    /// where it stands changes nothing.
    ///
    /// # Errors
    /// When there is nothing of that name, or when somebody else turned it meanwhile.
    pub async fn turn_stop(
        &self,
        switch: &StopSwitch,
        stop: bool,
        reason: &Reason,
    ) -> Result<(), EngineError> {
        self.known_switch(switch).await?;
        self.turn_known_stop(switch, stop, reason).await
    }

    /// The same for whoever knows that there is something of that name, such as a program that has
    /// read the configuration and built no channel of it.
    ///
    /// # Errors
    /// When somebody else turned it meanwhile.
    pub async fn turn_known_stop(
        &self,
        switch: &StopSwitch,
        stop: bool,
        reason: &Reason,
    ) -> Result<(), EngineError> {
        let (scope, target) = switch.parts();
        let turns = self.store().stops().await?;
        let last = turns.iter().find(|turn| turn.scope == scope && turn.target == target);
        if last.is_some_and(|turn| turn.stopped) == stop {
            return Ok(());
        }
        let turn = StopRecord {
            scope: scope.to_owned(),
            target,
            seq: last.map_or(0, |turn| turn.seq).saturating_add(1),
            stopped: stop,
            who: reason.who.clone(),
            why: reason.why.clone(),
            at: self.now(),
        };
        match self.store().commit(Unit::new(turn.insert())).await {
            Ok(_) => {}
            Err(CommitError::Duplicate { .. }) => return Err(EngineError::InProgress),
            Err(error) => return Err(error.into()),
        }
        tracing::warn!(
            stop.scope = turn.scope,
            stop.target = turn.target,
            stop.stopped = stop,
            stop.who = turn.who,
            stop.why = turn.why,
            "a stop switch was turned"
        );
        self.stops().await?;
        Ok(())
    }

    /// The turn of the switch that only a restore turns, for a unit of its own.
    pub(crate) async fn turn_of_restored(
        &self,
        stopped: bool,
        (who, why): (&str, &str),
    ) -> Result<StopRecord, EngineError> {
        let (scope, target) = StopSwitch::Restored.parts();
        let turns = self.store().stops().await?;
        let last = turns.iter().find(|turn| turn.scope == scope && turn.target == target);
        Ok(StopRecord {
            scope: scope.to_owned(),
            target,
            seq: last.map_or(0, |turn| turn.seq).saturating_add(1),
            stopped,
            who: who.to_owned(),
            why: why.to_owned(),
            at: self.now(),
        })
    }

    /// The switches as they stand now, for every process on this database.
    pub(crate) async fn stops(&self) -> Result<Arc<Stops>, EngineError> {
        Ok(self.seen_stops(self.store().stops().await?))
    }

    /// What a payment is under now, for every process on this database: the switches, and what else
    /// the store holds for it.
    pub(crate) async fn in_force(
        &self,
        payment: &PaymentRecord,
    ) -> Result<(Arc<Stops>, InForce), EngineError> {
        let mut force = self.store().in_force(payment.platform, payment.instrument).await?;
        Ok((self.seen_stops(std::mem::take(&mut force.stops)), force))
    }

    fn seen_stops(&self, turns: Vec<StopRecord>) -> Arc<Stops> {
        let mut stops = Stops::of(turns);
        match self.settings().planted() {
            Some(Planted::HoldIgnored) => stops.0.retain(|(scope, _)| scope != "house"),
            Some(Planted::StopIgnored) => stops.0.retain(|(scope, _)| scope == "house"),
            _ => {}
        }
        let stops = Arc::new(stops);
        let mut seen = self.inner.stops_seen.write().unwrap_or_else(PoisonError::into_inner);
        *seen = Arc::clone(&stops);
        stops
    }

    /// Whether a channel itself was stopped when last looked at: for showing.
    pub(crate) fn is_stopped(&self, code: &str) -> bool {
        self.stops_seen().has(&StopSwitch::Channel(code.to_owned()))
    }

    /// Whether this may be sent over a channel now, as far as was last seen: the channel can do it
    /// at this hour, and no switch forbids it. For choosing: of what changes something at the bank
    /// the store is asked once more before the first byte.
    pub(crate) fn may_send(
        &self,
        platform: Option<PlatformId>,
        channel: &Channel,
        operation: Operation,
        now: Timestamp,
    ) -> bool {
        channel.can(operation, now) && !self.stops_seen().forbid(platform, channel, operation)
    }

    fn stops_seen(&self) -> Arc<Stops> {
        Arc::clone(&self.inner.stops_seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn known_switch(&self, switch: &StopSwitch) -> Result<(), EngineError> {
        match switch {
            StopSwitch::Platform(id) | StopSwitch::OwnPlatform(id) => {
                self.platform_record(*id).await.map(|_| ())
            }
            StopSwitch::Channel(code) => {
                self.channel_named(code).map(|_| ()).ok_or(EngineError::NotFound)
            }
            StopSwitch::Lender(code) => {
                let known = self.parts().channels.iter().any(|channel| channel.lender == *code);
                if known { Ok(()) } else { Err(EngineError::UnknownLender) }
            }
            StopSwitch::Operation(_) => Ok(()),
            StopSwitch::Restored => Err(EngineError::NotFound),
        }
    }
}
