//! The house, which dies and is born again on the same database: one process, or several that share
//! it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mingka_channels::HttpRequest;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::consent::Recipient;
use mingka_domain::id::PlatformId;
use mingka_engine::{Channel, Engine, EngineError, Parts, Settings, Transport};
use mingka_store::CommitFault;

use crate::Options;
use crate::money::restore;
use crate::network::Network;
use crate::story::Shared;
use crate::world::{CHANNEL, MERCHANT, World};

/// The house over all its lives.
pub(crate) struct House {
    pub(crate) world: Arc<World>,
    pub(crate) platform: OnceLock<PlatformId>,
    shared: Arc<Shared>,
    keyring: Arc<KeyRing>,
    options: Options,
    lives: Mutex<Vec<Option<Life>>>,
}

struct Life {
    engine: Engine,
    alive: Arc<AtomicBool>,
    /// The engine as its own wire knows it, to end it.
    own: Arc<Mutex<Option<Engine>>>,
}

impl Drop for Life {
    /// The wire belongs to the engine: holding each other, neither would be given back.
    fn drop(&mut self) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl House {
    /// A house of so many processes.
    pub(crate) fn new(
        count: usize,
        world: Arc<World>,
        shared: Arc<Shared>,
        options: Options,
    ) -> Arc<Self> {
        let keyring = Arc::new(KeyRing::fresh(world.entropy.as_ref()));
        let platform = OnceLock::new();
        let lives = Mutex::new((0..count).map(|_| None).collect());
        Arc::new(Self { world, platform, shared, keyring, options, lives })
    }

    /// Starts every process that does not run.
    pub(crate) async fn be_born(&self) {
        let places: Vec<usize> = self.lives().iter().enumerate().filter_map(missing).collect();
        for place in places {
            self.begin(place).await;
        }
    }

    /// A new process on the database. Before anything else it looks whether that was put back; when
    /// it cannot, it does not start.
    async fn begin(&self, place: usize) {
        let alive = Arc::new(AtomicBool::new(true));
        let own: Arc<Mutex<Option<Engine>>> = Arc::default();
        let (flag, dying) = (Arc::clone(&alive), Arc::clone(&own));
        let kill = Box::new(move || {
            flag.store(false, Ordering::SeqCst);
            if let Some(engine) = &*dying.lock().unwrap_or_else(PoisonError::into_inner) {
                engine.halt();
            }
        });
        let network = Network { world: Arc::clone(&self.world), alive: Arc::clone(&alive), kill };
        let engine = Engine::new(self.parts(Arc::new(network)));
        *own.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine.clone());
        let life = Life { engine: engine.clone(), alive, own };
        if restore::look(&self.world, &engine).await.is_err() {
            return;
        }
        self.world.tell(|| "a process of the house begins".to_owned());
        self.spawn_worker(engine);
        if let Some(place) = self.lives().get_mut(place) {
            *place = Some(life);
        }
    }

    /// A running engine, if the house lives; one of several by chance.
    pub(crate) fn engine(&self) -> Option<Engine> {
        let mut running = self.engines();
        match running.len() {
            0 => None,
            1 => running.pop(),
            count => {
                let chosen = self.world.network.below(u64::try_from(count).unwrap_or(1));
                Some(running.swap_remove(usize::try_from(chosen).unwrap_or(0)))
            }
        }
    }

    /// Every running engine.
    pub(crate) fn engines(&self) -> Vec<Engine> {
        self.lives().iter().flatten().filter(|life| life.runs()).map(Life::engine).collect()
    }

    /// Ends every running process.
    pub(crate) fn die(&self) {
        for life in self.lives().iter_mut().filter_map(Option::take) {
            life.alive.store(false, Ordering::SeqCst);
            life.engine.halt();
        }
    }

    /// Ends one running process, chosen by chance among several.
    fn die_in_part(&self) {
        let mut lives = self.lives();
        let count = u64::try_from(lives.len()).unwrap_or(1);
        let place = if count > 1 { self.world.fate.below(count) } else { 0 };
        let life = usize::try_from(place).ok().and_then(|place| lives.get_mut(place));
        if let Some(life) = life.and_then(Option::take) {
            life.alive.store(false, Ordering::SeqCst);
            life.engine.halt();
        }
    }

    /// Whoever supervises the process starts it again after a while, until the story is over.
    pub(crate) async fn supervise(self: Arc<Self>) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.lives().iter().any(|life| !life.as_ref().is_some_and(Life::runs)) {
                let wait_s = self.world.fate.between(0, 60);
                tokio::time::sleep(Duration::from_secs(wait_s)).await;
                self.be_born().await;
            }
        }
    }

    /// A message the bank sends by itself: early, late, twice, in any order, or never.
    pub(crate) fn post(self: &Arc<Self>, message: HttpRequest) {
        let healed = self.world.is_healed();
        let copies = if healed { 1 } else { self.world.network.below(3) };
        for _ in 0..copies {
            let wait_ms = self.world.network.between(1, 90_000);
            let (house, message) = (Arc::clone(self), message.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                let Some(engine) = house.engine() else { return };
                house.world.tell(|| "the bank notifies".to_owned());
                tokio::select! {
                    biased;
                    () = engine.halted() => {}
                    answer = engine.notification(CHANNEL, &message) => {
                        let forged = house.world.forges.load(Ordering::SeqCst);
                    if let Err(EngineError::Unbelieved) = answer && !forged {
                            house.world.violate("a true notification was not believed".to_owned());
                        }
                    }
                }
            });
        }
    }

    /// What goes wrong with a commit; called by the store before each one.
    pub(crate) fn commit_fault(&self) -> Option<CommitFault> {
        let world = &self.world;
        if world.is_healed() || self.platform.get().is_none() {
            return None;
        }
        if world.fate.chance(12) {
            let kept = world.fate.chance(500);
            world.tell(|| format!("the house dies at a commit (kept: {kept})"));
            self.die_in_part();
            return Some(CommitFault { kept, read_back: false });
        }
        if world.fate.chance(12) {
            let (kept, read_back) = (world.fate.chance(500), world.fate.chance(500));
            world.tell(|| format!("a commit goes wrong (kept: {kept}, read back: {read_back})"));
            return Some(CommitFault { kept, read_back });
        }
        None
    }

    fn spawn_worker(&self, engine: Engine) {
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            let work = async {
                while !world.resting.load(Ordering::SeqCst) {
                    engine.work_once().await;
                    engine.tell_once().await;
                    let wait_ms = world.fate.between(500, 20_000);
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
            };
            tokio::select! {
                biased;
                () = engine.halted() => {}
                () = work => {}
            }
        });
    }

    fn parts(&self, transport: Arc<dyn Transport>) -> Parts {
        let shared = &self.shared;
        let channel = Channel {
            code: CHANNEL.to_owned(),
            profile: Arc::clone(&shared.profile),
            exchange: Arc::clone(&shared.exchange),
            merchant_number: MERCHANT.to_owned(),
            lender: mingka_engine::DEFAULT_LENDER.to_owned(),
            recipient: Recipient {
                name: shared.profile.recipient.clone(),
                contact: shared.profile.recipient.clone(),
            },
        };
        Parts {
            store: self.world.store(),
            keyring: Arc::clone(&self.keyring),
            clock: self.world.clone(),
            entropy: self.world.entropy.clone(),
            transport,
            channels: vec![channel],
            rules: Arc::clone(&shared.rules),
            dictionary: Arc::clone(&shared.dictionary),
            consents: Arc::clone(&shared.consents),
            hooks: None,
            settings: Settings { planted: self.options.planted, ..Settings::default() },
        }
    }

    fn lives(&self) -> std::sync::MutexGuard<'_, Vec<Option<Life>>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    fn runs(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    fn engine(&self) -> Engine {
        self.engine.clone()
    }
}

fn missing((place, life): (usize, &Option<Life>)) -> Option<usize> {
    (!life.as_ref().is_some_and(Life::runs)).then_some(place)
}
