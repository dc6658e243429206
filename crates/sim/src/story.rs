//! One seed, told from the beginning to the end.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use mingka_channels::acp::{Acp, MerchantAccount};
use mingka_channels::{Exchange, Profile};
use mingka_domain::cause::Dictionary;
use mingka_domain::consent::ConsentBook;
use mingka_domain::precheck::Rules;
use mingka_domain::secret::Secret;
use mingka_domain::time::{DAY_MS, HOUR_MS, Timestamp};
use mingka_engine::Clock;
use mingka_sandbox::acp::AcpBank;
use mingka_sandbox::cards::{self, MagicCard};
use mingka_store::{Faults, Store};

use crate::borrower::Borrower;
use crate::life::House;
use crate::random::Dice;
use crate::world::{MERCHANT, World};
use crate::{Options, Story, check, evidence, money};

/// By how many turns of the worker a house comes to rest, or never does.
const TURNS_MAX: u32 = 3_000;
/// How long after the healing everything has ended, sweeps excepted.
const ENDED_WITHIN_MS: i64 = 3 * HOUR_MS;

/// What every seed shares.
pub struct Shared {
    pub(crate) profile: Arc<Profile>,
    pub(crate) exchange: Arc<dyn Exchange>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) consents: Arc<ConsentBook>,
    secret: Secret,
    cards: Vec<MagicCard>,
}

impl Shared {
    /// Reads what every seed needs.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let profile = Profile::unionpay_acp();
        let secret = Secret::new("a secret of the simulation".to_owned());
        Arc::new(Self {
            exchange: Arc::new(Acp::new(Arc::clone(&profile), account(&secret))),
            rules: Arc::new(Rules::default()),
            dictionary: Arc::new(Dictionary::embedded().clone()),
            consents: Arc::new(ConsentBook::embedded().clone()),
            // A bank that calls an agreement invalid and keeps it contradicts itself: no house
            // could bring both books together.
            cards: cards::catalogue()
                .into_iter()
                .filter(|card| card.slug != "agreement-invalid")
                .collect(),
            profile,
            secret,
        })
    }
}

#[cfg(test)]
impl Shared {
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// An account that the bank can reach.
fn account(secret: &Secret) -> MerchantAccount {
    let mut account = MerchantAccount::simulation(MERCHANT, secret);
    account.urls.notify = Some("http://house.simulation/notify/unionpay".to_owned());
    account
}

/// How a seed ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What must never happen and did.
    pub violations: Vec<String>,
    /// The story, where it was kept.
    pub trace: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        if self.violations.is_empty() {
            return write!(f, "seed {} holds", self.seed);
        }
        writeln!(f, "seed {} breaks:", self.seed)?;
        for violation in &self.violations {
            writeln!(f, "  - {violation}")?;
        }
        write!(f, "replay it with: cargo xtask sim --seed {}", self.seed)
    }
}

/// Tells the story of a seed.
#[must_use]
pub fn run(seed: u64, options: Options, shared: &Arc<Shared>) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(tell(seed, options, Arc::clone(shared))),
        Err(error) => Outcome {
            seed,
            violations: vec![format!("no runtime could be made: {error}")],
            trace: Vec::new(),
        },
    }
}

async fn tell(seed: u64, options: Options, shared: Arc<Shared>) -> Outcome {
    // Weak, because the house holds the store: a story that holds itself is never given back.
    let house_cell: Arc<OnceLock<Weak<House>>> = Arc::new(OnceLock::new());
    let for_store = Arc::clone(&house_cell);
    let faults = Faults::script(move || for_store.get().and_then(Weak::upgrade)?.commit_fault());
    let store = match Store::open_in_memory_with(faults) {
        Ok(store) => store,
        Err(error) => {
            let violations = vec![format!("no database could be made: {error}")];
            return Outcome { seed, violations, trace: Vec::new() };
        }
    };
    let (story, mut bank, mut processes) = (options.story_of(seed), cards::bank(), 1);
    let mut hour_ms = 0;
    if story == Story::Money {
        bank = bank.with_rules(money::rules());
        let within = u64::try_from(DAY_MS).unwrap_or(1);
        hour_ms = i64::try_from(Dice::fork(seed, 8).below(within)).unwrap_or(0);
        processes = 1 + usize::try_from(Dice::fork(seed, 7).below(2)).unwrap_or(0);
    }
    let bank = AcpBank::simulation(MERCHANT, &shared.secret, bank);
    let world = Arc::new(World::new(seed, bank, store, options.traced).later(hour_ms));
    let parts = (Arc::clone(&world), Arc::clone(&shared));
    let house = House::new(processes, parts.0, parts.1, options);
    house.be_born().await;
    if let Some(engine) = house.engine()
        && let Ok(platform) = engine.create_platform("模拟借款平台").await
    {
        let _ = house.platform.set(platform.id);
        world.set_platform(platform.id);
    }
    let _ = house_cell.set(Arc::downgrade(&house));
    let reader = Arc::downgrade(&house);
    world.set_mailbox(Box::new(move |message| {
        if let Some(house) = reader.upgrade() {
            house.post(message);
        }
    }));
    match story {
        Story::Cards => live(seed, &house, &shared).await,
        Story::Money => money::live(seed, &house).await,
    }
    Outcome { seed, violations: world.violations(), trace: world.trace() }
}

async fn live(seed: u64, house: &Arc<House>, shared: &Arc<Shared>) {
    let world = &house.world;
    let dice = Dice::fork(seed, 5);
    let supervisor = tokio::spawn(Arc::clone(house).supervise());
    let mut borrowers = Vec::new();
    for number in 0..dice.between(1, 3) {
        let own = Dice::fork(seed, 100 + number);
        let card = choose_card(&own, number, &shared.cards);
        let borrower = Borrower::new(Arc::clone(house), own, number, card);
        borrowers.push(tokio::spawn(borrower.live()));
    }
    trouble(&dice, world).await;
    world.healed.store(true, Ordering::SeqCst);
    world.tell(|| "all faults are healed".to_owned());
    for borrower in borrowers {
        if borrower.await.is_err() {
            world.violate("a borrower's story ended by a panic".to_owned());
        }
    }
    if house.engine().is_none() {
        house.be_born().await;
    }
    supervisor.abort();
    // What is late on the wire arrives before anybody rests.
    tokio::time::sleep(Duration::from_secs(300)).await;
    world.resting.store(true, Ordering::SeqCst);
    rest(house).await;
    check::at_rest(world).await;
    if let Some(engine) = house.engine() {
        evidence::holds(world, &engine).await;
    }
    house.die();
}

/// Faults of the network and of processes come by themselves; the clock's are made here.
pub(crate) async fn trouble(dice: &Dice, world: &World) {
    for _ in 0..dice.between(2, 40) {
        tokio::time::sleep(Duration::from_secs(dice.between(10, 60))).await;
        if dice.chance(15) {
            let forward = dice.between(1_000, 7_200_000);
            let backward = dice.between(1_000, 300_000);
            let ms = if dice.chance(700) {
                i64::try_from(forward).unwrap_or(0)
            } else {
                -i64::try_from(backward).unwrap_or(0)
            };
            world.jump(ms);
        }
    }
}

/// Turns the worker from one due step to the next until none is left.
async fn rest(house: &House) {
    let world = &house.world;
    let began = world.now();
    let mut ended_checked = false;
    for _ in 0..TURNS_MAX {
        let Some(engine) = house.engine() else { break };
        let next: Option<Timestamp> = world.store().next_step_at().await.ok().flatten();
        let late = next.is_none_or(|next| next.since_ms(began) > ENDED_WITHIN_MS);
        if late && !ended_checked {
            check::everything_has_ended(world).await;
            ended_checked = true;
        }
        let Some(next) = next else { return };
        let wait_ms = next.since_ms(world.now()).max(0).saturating_add(1);
        tokio::time::sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))).await;
        engine.work_once().await;
    }
    // Whoever keeps the house awake is named.
    if !ended_checked {
        check::everything_has_ended(world).await;
    }
    world.violate("the house never comes to rest".to_owned());
}

fn choose_card(dice: &Dice, number: u64, catalogue: &[MagicCard]) -> MagicCard {
    if dice.chance(150) {
        let index =
            usize::try_from(dice.below(u64::try_from(catalogue.len()).unwrap_or(1))).unwrap_or(0);
        if let Some(card) = catalogue.get(index) {
            return card.clone();
        }
    }
    let n = dice.below(1_000_000) * 4 + number;
    cards::series(u32::try_from(n).unwrap_or(0))
}
