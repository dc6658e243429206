//! The story of money: a card bound on a calm morning, then a platform that pays out and collects
//! while networks, processes, clocks and the bank itself go wrong, and sometimes an old copy of the
//! books is put back; and what must hold.

pub(crate) mod check;
mod lies;
mod operator;
mod payer;
pub(crate) mod restore;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mingka_domain::id::InstrumentId;
use mingka_domain::precheck::Entry;
use mingka_domain::secret::OneTimeCode;
use mingka_domain::text::Lang;
use mingka_domain::time::{DAY_MS, HOUR_MS, Timestamp};
use mingka_engine::{
    Clock as _, ConsentGiven, Engine, EngineError, Idempotency, LineView, NewBinding, Person,
};
use mingka_sandbox::bank::{Rules, SettlementDay};
use mingka_sandbox::cards::{self, MagicCard};

use self::payer::Payer;
use crate::evidence;
use crate::life::House;
use crate::random::Dice;
use crate::story::trouble;
use crate::world::{MERCHANT, World};

/// By how many turns of the worker every payment has ended.
const TURNS_MAX: u32 = 3_000;
/// The longest a payment may be open after the healing: until two days' statements are there, of
/// which each may be late.
const ENDED_WITHIN_MS: i64 = 3 * DAY_MS + 12 * HOUR_MS;
/// How long a turn takes at least while the house is held: what waits is only looked at.
const HELD_TURN_MS: i64 = 2 * HOUR_MS;
/// For how many days statements are imported afterwards.
const DAYS_AFTER: u32 = 4;

/// The bank's rules in this story: it takes repayments without a code of their own.
pub(crate) fn rules() -> Rules {
    Rules { payment_code_required: false, ..Rules::default() }
}

/// Tells it.
pub(crate) async fn live(seed: u64, house: &Arc<House>) {
    let world = &house.world;
    let dice = Dice::fork(seed, 6);
    world.healed.store(true, Ordering::SeqCst);
    let card = cards::series(u32::try_from(dice.below(1_000_000)).unwrap_or(0));
    let Some(instrument) = bound(house, &card).await else {
        world.violate("a card could not be bound on a calm morning".to_owned());
        return;
    };
    let Some(persons) = operator::persons(house).await else {
        world.violate("two persons could not be made on a calm morning".to_owned());
        return;
    };
    world.healed.store(false, Ordering::SeqCst);
    world.forges.store(true, Ordering::SeqCst);
    let supervisor = tokio::spawn(Arc::clone(house).supervise());
    let clock = tokio::spawn(run_bank(Arc::clone(world)));
    lies::plan(&dice, world);
    let (own, its) = (Arc::clone(house), Dice::fork(seed, 300));
    let operator = if restore::happens(seed) {
        tokio::spawn(restore::live(own, its, instrument))
    } else {
        tokio::spawn(operator::live(own, its, persons.clone()))
    };
    let mut payers = Vec::new();
    for number in 0..dice.between(1, 3) {
        let own = Dice::fork(seed, 200 + number);
        let payer = Payer::new(Arc::clone(house), own, number, instrument);
        payers.push(tokio::spawn(payer.live()));
    }
    trouble(&dice, world).await;
    world.healed.store(true, Ordering::SeqCst);
    world.bank().faults_mut().clear();
    world.tell(|| "all faults are healed".to_owned());
    for payer in payers {
        if payer.await.is_err() {
            world.violate("a platform's story ended by a panic".to_owned());
        }
    }
    if operator.await.is_err() {
        world.violate("the operator's story ended by a panic".to_owned());
    }
    house.be_born().await;
    supervisor.abort();
    tokio::time::sleep(Duration::from_secs(300)).await;
    world.resting.store(true, Ordering::SeqCst);
    clock.abort();
    rest(&dice, house, &persons).await;
    let told = restore::told(house).await;
    check::at_rest(world, &told).await;
    if let Some(engine) = house.engine() {
        evidence::holds(world, &engine).await;
    }
    house.die();
}

/// The bank's own clock: it executes what is due and announces it.
async fn run_bank(world: Arc<World>) {
    loop {
        world.tick_bank();
        tokio::time::sleep(Duration::from_millis(world.network.between(200, 5_000))).await;
    }
}

/// Turns the worker and imports statements until every payment has ended, and then for some days
/// more: what comes back comes back late.
async fn rest(dice: &Dice, house: &House, persons: &[Person; 2]) {
    let world = &house.world;
    lies::plan_statements(dice, world);
    let began = world.now();
    let mut complete = BTreeSet::new();
    let mut all_ended = false;
    for _ in 0..TURNS_MAX {
        world.tick_bank();
        import_due(house, &mut complete).await;
        restore::see_to_it(house, dice, persons).await;
        all_ended = check::all_at_their_end(world).await;
        let Some(engine) = house.engine() else { break };
        let next: Option<Timestamp> = world.store().next_step_at().await.ok().flatten();
        let next = next.filter(|next| next.since_ms(began) <= ENDED_WITHIN_MS);
        let Some(next) = next.filter(|_| !all_ended) else { break };
        let least_ms = if world.is_held() { HELD_TURN_MS } else { 0 };
        let wait_ms = next.since_ms(world.now()).max(least_ms).saturating_add(1);
        tokio::time::sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))).await;
        world.tick_bank();
        engine.work_once().await;
    }
    if !all_ended {
        check::still_open(world).await;
    }
    for _ in 0..DAYS_AFTER {
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        world.tick_bank();
        import_due(house, &mut complete).await;
        restore::see_to_it(house, dice, persons).await;
    }
}

/// Imports every statement that the bank has ready and that was not there complete before.
async fn import_due(house: &House, complete: &mut BTreeSet<SettlementDay>) {
    let world = &house.world;
    let (Some(engine), Some(platform)) = (house.engine(), house.platform.get()) else { return };
    // What a restored house wants may begin a day earlier: its clock may have been set back.
    let earlier_ms = if world.restored().is_some() { DAY_MS } else { 0 };
    let mut day = SettlementDay::of(world.beginning().plus_ms(-earlier_ms));
    while day < SettlementDay::of(world.true_now()) {
        if !complete.contains(&day) {
            let file = world.bank().statement(world.true_now(), MERCHANT, day);
            let Some(file) = file else { return };
            world.tell(|| format!("the statement of {day} is imported"));
            match engine.import_statement(*platform, &file).await {
                Ok(report) if report.files.iter().any(|file| file.complete) => {
                    let of_nobody = |line: &LineView| !restore::is_lost(world, &line.order_id);
                    if !report.missing.is_empty() || report.unknown.iter().any(of_nobody) {
                        world.violate(format!("{day} is not explained: {report:?}"));
                    }
                    complete.insert(day);
                }
                // Incomplete, or cut on its way: the next one will be whole.
                Ok(_) | Err(EngineError::Statement(_)) => return,
                Err(error) => world.violate(format!("a statement was not taken: {error}")),
            }
        }
        day = day.next();
    }
}

/// A card that is bound while nothing goes wrong.
async fn bound(house: &House, card: &MagicCard) -> Option<InstrumentId> {
    let (engine, platform) = (house.engine()?, *house.platform.get()?);
    let bound = bind(&engine, platform, card).await.ok()?;
    let code = {
        let bank = house.world.bank();
        bank.bank().newest_codes().next().map(|(_, sent)| sent.digits.clone())?
    };
    let code = OneTimeCode::parse(&code).ok()?;
    let active = engine.confirm(platform, bound, key("confirm"), code).await.ok()?;
    active.instrument
}

async fn bind(
    engine: &Engine,
    platform: mingka_domain::id::PlatformId,
    card: &MagicCard,
) -> Result<mingka_domain::id::BindingId, EngineError> {
    let shown = engine.consents(platform, Lang::Zh).await?;
    let given = shown.into_iter().map(|text| ConsentGiven {
        kind: text.kind,
        version: text.version,
        lang: text.lang,
        sha256: Some(text.sha256),
    });
    let new = NewBinding {
        entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
        environment: mingka_domain::environment::Environment::default(),
        consents: given.collect(),
        borrower_ref: None,
        page: None,
    };
    Ok(engine.bind(platform, key("bind"), new).await?.id)
}

fn key(name: &str) -> Idempotency {
    Idempotency { key: name.to_owned(), fingerprint: [7; 32] }
}
