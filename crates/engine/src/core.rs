//! The engine itself: its parts, what it keeps in memory, and the small things every use case needs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use mingka_crypto::Entropy;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::cause::Dictionary;
use mingka_domain::consent::ConsentBook;
use mingka_domain::effect::Subject;
use mingka_domain::environment::Environment;
use mingka_domain::holder::HolderName;
use mingka_domain::id::{BindingId, Id, Kind, PlatformId};
use mingka_domain::outcome::Operation;
use mingka_domain::precheck::{Entry, Precheck, Rules, precheck};
use mingka_domain::time::Timestamp;
use mingka_store::{CommitError, ReadError, RenewalRecord, Store};
use tokio::sync::{Semaphore, watch};

use crate::channel::Channel;
use crate::clock::Clock;
use crate::error::EngineError;
use crate::health::Health;
use crate::hooks::Hooks;
use crate::notification::Told;
use crate::retry::Retries;
use crate::settings::Settings;
use crate::statement::Imports;
use crate::stop::Stops;
use crate::transport::Transport;
use crate::view::ChannelView;
use crate::watch::{Announcer, Watch};

/// What an engine is made of.
#[derive(Clone)]
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The keys that seal and index.
    pub keyring: Arc<KeyRing>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The way to the banks.
    pub transport: Arc<dyn Transport>,
    /// The channels, the preferred one first.
    pub channels: Vec<Channel>,
    /// The rules of prechecks.
    pub rules: Arc<Rules>,
    /// The causes and their words.
    pub dictionary: Arc<Dictionary>,
    /// The consent texts.
    pub consents: Arc<ConsentBook>,
    /// How platforms are told; without it they have to look.
    pub hooks: Option<Hooks>,
    /// What an operator may turn.
    pub settings: Settings,
}

/// The use cases. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    /// The name under which this process holds leases.
    pub(crate) holder: String,
    pub(crate) announcer: Announcer,
    /// Room for exchanges with banks.
    pub(crate) exchanges: Arc<Semaphore>,
    halted: watch::Sender<bool>,
    rules: RwLock<Arc<Rules>>,
    /// The stop switches as the store showed them last.
    pub(crate) stops_seen: RwLock<Arc<Stops>>,
    /// The renewals of certificates as the store showed them last.
    pub(crate) renewals_seen: RwLock<BTreeMap<String, RenewalRecord>>,
    /// How the channels have been answering lately.
    pub(crate) health: Health,
    /// How often what never left may be tried again.
    pub(crate) retries: Retries,
    /// What banks told of by themselves a moment ago.
    pub(crate) told: Told,
    /// Who imports which statement.
    pub(crate) imports: Imports,
}

impl Engine {
    /// An engine of these parts. Nothing happens until it is asked, or [`Engine::run`] runs.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let settings = &parts.settings;
        let inner = Inner {
            holder: hex(&random::<8>(parts.entropy.as_ref())),
            announcer: Announcer::new(settings.watch_count_max),
            exchanges: Arc::new(Semaphore::new(settings.exchanges_max.max(1))),
            halted: watch::Sender::new(false),
            rules: RwLock::new(Arc::clone(&parts.rules)),
            stops_seen: RwLock::default(),
            renewals_seen: RwLock::default(),
            health: Health::default(),
            retries: Retries::default(),
            told: Told::default(),
            imports: Imports::default(),
            parts,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Drops everything under way at once, as when the process dies: what is durable stays, what is
    /// not is lost. Nothing new is begun. For a second signal to stop, and for the simulator.
    pub fn halt(&self) {
        self.inner.halted.send_replace(true);
    }

    /// Closes the store, once nothing is under way any more. What is asked of the engine afterwards
    /// is `Unavailable`.
    pub async fn close(&self) {
        self.store().close().await;
    }

    /// Ready once the engine was halted.
    pub async fn halted(&self) {
        let mut halted = self.inner.halted.subscribe();
        // The sender lives as long as this engine, so waiting cannot fail.
        let _ = halted.wait_for(|halted| *halted).await;
    }

    /// What would have to be corrected. Sends nothing, stores nothing.
    #[must_use]
    pub fn precheck(&self, entry: &Entry<'_>, environment: &Environment) -> Precheck {
        let today = self.now().beijing().date();
        precheck(entry, environment, &self.rules(), today)
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.inner.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other rules in force, such as those with an operator's new BIN table. Prechecks under
    /// way finish with the rules they began with.
    pub fn replace_rules(&self, rules: Arc<Rules>) {
        *self.inner.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// The causes and their words.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.inner.parts.dictionary
    }

    /// The channels, the preferred one first.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelView> {
        let view = |channel: &Channel| ChannelView {
            code: channel.code.clone(),
            name: channel.profile.name.clone(),
            operations: channel.profile.operations.clone(),
            stopped: self.is_stopped(&channel.code),
            encryption: self.encryption(channel),
            health: self.inner.health.of(&channel.code, self.now()),
        };
        self.inner.parts.channels.iter().map(view).collect()
    }

    /// The family of response codes that a channel speaks, if there is such a channel.
    #[must_use]
    pub fn code_family(&self, channel: &str) -> Option<&str> {
        self.channel_named(channel).map(|channel| channel.profile.family.as_str())
    }

    /// The changes of a binding from now on.
    #[must_use]
    pub fn watch(&self, binding: BindingId) -> Watch {
        self.inner.announcer.watch(Subject::Binding(binding))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.parts.settings
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    pub(crate) fn new_id<K: Kind>(&self, now: Timestamp) -> Id<K> {
        Id::new(now, self.random())
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        random(self.inner.parts.entropy.as_ref())
    }

    /// The first channel over which this may be sent and which can write the holder's name. Where
    /// none can write it, the first of them says so in its own words, and nothing is sent.
    pub(crate) fn route(
        &self,
        operation: Operation,
        platform: PlatformId,
        name: Option<&HolderName>,
        now: Timestamp,
    ) -> Result<&Channel, EngineError> {
        let able = |channel: &&Channel| self.may_send(Some(platform), channel, operation, now);
        let writes =
            |channel: &&Channel| name.is_none_or(|name| channel.exchange.can_write(name.expose()));
        let mut channels = self.inner.parts.channels.iter().filter(able);
        let first = channels.clone().next().ok_or(EngineError::NoChannel)?;
        Ok(channels.find(writes).unwrap_or(first))
    }

    /// The channel of this code, if it is configured.
    pub(crate) fn channel_named(&self, code: &str) -> Option<&Channel> {
        self.inner.parts.channels.iter().find(|channel| channel.code == code)
    }

    /// The channel a record was made over.
    pub(crate) fn channel(&self, code: &str) -> Result<&Channel, EngineError> {
        self.channel_named(code).ok_or_else(|| {
            tracing::warn!(channel.code = code, "records name a channel that is not configured");
            EngineError::NoChannel
        })
    }
}

/// A record that cannot be understood, or a bug. Logged where it is found, once.
pub(crate) fn internal(what: &str, error: &dyn std::fmt::Display) -> EngineError {
    tracing::error!(error = %error, "{what}");
    EngineError::Internal
}

impl From<ReadError> for EngineError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(why) => {
                tracing::warn!(error = %why, "the store gives nothing");
                Self::Unavailable
            }
            ReadError::Damaged { .. } | ReadError::Invalid => {
                internal("a record cannot be read", &error)
            }
        }
    }
}

impl From<CommitError> for EngineError {
    fn from(error: CommitError) -> Self {
        match error {
            // Somebody else changed it meanwhile, or nobody knows: look again.
            CommitError::Stale { .. } | CommitError::Duplicate { .. } => Self::InProgress,
            // Whoever takes places says himself which were wanting.
            CommitError::Full { .. } => internal("a quota's place was not minded", &error),
            CommitError::Unknown | CommitError::Unavailable(_) => {
                tracing::warn!(error = %error, "the store did not take a unit");
                Self::Unavailable
            }
            CommitError::Invalid { .. } => internal("the store refused a unit", &error),
        }
    }
}

pub(crate) fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    mingka_crypto::digest::hex(bytes)
}
