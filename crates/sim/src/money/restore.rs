//! An old copy of the books is put back: the copy is made, the house goes on and pays, the disk is
//! lost. The mark is no part of the copy, so the house must start held. Nothing is paid again,
//! however often it is asked for; what was paid and lost is found in the statements or told by
//! them; then the house goes on by itself, or two persons let it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, InstrumentId, PaymentId};
use mingka_domain::outcome::Operation;
use mingka_domain::payment::PaymentKind;
use mingka_domain::time::{HOUR_MS, Timestamp};
use mingka_engine::{
    Clock as _, Engine, EngineError, NewPayment, Person, RestoreReport, StopSwitch,
};
use mingka_sandbox::bank::Entry;
use mingka_store::{AttemptRecord, Faults, PaymentRecord, Store};

use super::check::stands;
use super::payer::Payer;
use super::{key, operator};
use crate::life::House;
use crate::random::Dice;
use crate::world::{CHANNEL, MERCHANT, World};

/// In one of so many stories about money a copy is put back.
const ONE_IN: u64 = 6;
/// The number of the payer whose payments fall between the copy and the loss.
const PAYER: u64 = 9;
/// How long these may wait: longer than the house is held, so that they would be paid again.
const VALID_MS: i64 = 78 * HOUR_MS;

/// What is left when the database is lost and its copy put back.
pub(crate) struct Restored {
    /// The newest attempt, as it was written down elsewhere.
    mark: AttemptId,
    /// What the operator says where the mark tells nothing.
    said: Option<String>,
    /// What was sent since the copy was made. The house does not know it; the story does.
    lost: Vec<Lost>,
}

/// An attempt that the books have lost, and its payment as it was then.
struct Lost {
    attempt: AttemptRecord,
    payment: PaymentRecord,
}

impl Lost {
    /// Whether another payment is for what this one was for.
    fn is_for_the_same_as(&self, other: &PaymentRecord) -> bool {
        self.payment.guard_text() == other.guard_text()
    }
}

/// Whether it happens in this story.
pub(crate) fn happens(seed: u64) -> bool {
    Dice::fork(seed, 9).below(ONE_IN) == 0
}

/// The copy, what is paid after it, the loss, and everybody asking again.
pub(crate) async fn live(house: Arc<House>, dice: Dice, instrument: InstrumentId) {
    let world = &house.world;
    operator::pause(&dice, 1_000, 240_000).await;
    let Some(copy) = copy_of(&house) else {
        world.violate("no copy of the books could be made".to_owned());
        return;
    };
    world.tell(|| "a copy of the books is made".to_owned());
    let mut payer = Payer::new(Arc::clone(&house), dice.clone(), PAYER, instrument);
    let valid_until = Some(world.now().plus_ms(VALID_MS));
    let mut asked = Vec::new();
    for round in 0..dice.between(1, 2) {
        let (new, _) = payer.something(round);
        let reference = format!("since-the-copy-{round}");
        asked.push(NewPayment { reference, valid_until, ..new });
    }
    for new in &asked {
        payer.pay(&new.reference, new, true).await;
    }
    operator::pause(&dice, 1_000, 180_000).await;
    lose_and_put_back(&house, &dice, copy).await;
    // The same key and the same body once more, also by whoever had an answer.
    operator::pause(&dice, 1_000, 60_000).await;
    for new in &asked {
        payer.pay(&new.reference, new, true).await;
    }
}

/// A copy that goes wrong like the database itself, once it is used.
fn copy_of(house: &Arc<House>) -> Option<Store> {
    let house_of_copy = Arc::downgrade(house);
    let faults = Faults::script(move || house_of_copy.upgrade()?.commit_fault());
    house.world.store().copied_in_memory(faults).ok()
}

/// Every process dies and the disk with them. The mark was written a moment before.
async fn lose_and_put_back(house: &House, dice: &Dice, copy: Store) {
    let world = &house.world;
    let newest = world.store().newest_attempt().await.ok().flatten();
    let Some((mark, _)) = newest else {
        world.violate("a bound card has left no attempt".to_owned());
        return;
    };
    operator::pause(dice, 0, 1_000).await;
    put_back(house, mark, copy).await;
}

/// Every process dies, the disk with them, and a copy takes its place.
pub(crate) async fn put_back(house: &House, mark: AttemptId, copy: Store) {
    let world = &house.world;
    house.die();
    // A copy that knows the mark is not noticed, as the documents say: then the operator says it.
    let knows = copy.has_attempt(mark).await.unwrap_or(false);
    let said = knows.then(|| format!("declared in a story at {}", world.true_now().rfc3339()));
    let lost = sent_since(world, &copy).await;
    world.tell(|| format!("the copy is put back; {} attempts about money are lost", lost.len()));
    world.put_back(copy, Restored { mark, said, lost });
}

/// What the database of now knows to be sent and the copy does not.
async fn sent_since(world: &World, copy: &Store) -> Vec<Lost> {
    let (books, platform) = (world.store(), world.platform());
    let ever = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
    let sent = books.money_attempts_between(platform, (CHANNEL, MERCHANT), ever).await;
    let mut lost = Vec::new();
    for attempt in sent.unwrap_or_default() {
        let Subject::Payment(id) = attempt.subject else { continue };
        if copy.has_attempt(attempt.id).await.unwrap_or(false) {
            continue;
        }
        if let Some(payment) = books.payment(platform, id).await.ok().flatten() {
            lost.push(Lost { attempt, payment });
        }
    }
    lost
}

/// What a process does before anything else: as `mingka serve` it looks for what the mark names,
/// and the operator says what the mark does not tell.
pub(crate) async fn look(world: &World, engine: &Engine) -> Result<(), EngineError> {
    let Some(restored) = world.restored() else { return Ok(()) };
    if !engine.knows(restored.mark).await? {
        engine.hold_restored(&restored.mark.to_string()).await?;
    }
    match &restored.said {
        Some(said) => engine.hold_restored(said).await,
        None => Ok(()),
    }
}

/// After statements were imported: the house goes on by itself when they have told everything. When
/// they tell of what nothing in the books is behind, the platform is stopped, two persons let the
/// house go on, and whatever waits to pay the same again is withdrawn.
pub(crate) async fn see_to_it(house: &House, dice: &Dice, persons: &[Person; 2]) {
    let world = &house.world;
    if world.restored().is_none() || !world.is_held() {
        return;
    }
    let Some(engine) = house.engine() else { return };
    let Ok(reports) = engine.restores().await else { return };
    let Some(report) = reports.iter().find(|report| report.released.is_none()) else {
        world.tell(|| "the statements have told everything: the house goes on".to_owned());
        world.hold(false);
        return;
    };
    if !report.days_wanted.is_empty() {
        return;
    }
    let platform = StopSwitch::Platform(world.platform());
    operator::turn(house, dice, &platform, true).await;
    operator::release(house, dice, persons).await;
    withdraw(world, &engine, report).await;
    operator::turn(house, dice, &platform, false).await;
}

/// Withdraws what waits to pay what a statement shows as paid.
async fn withdraw(world: &World, engine: &Engine, report: &RestoreReport) {
    let platform = world.platform();
    let shown = |lost: &Lost| {
        report.lines_of_nobody.iter().any(|line| line.order_id == lost.attempt.order.order_id)
    };
    for id in &report.unsent {
        let waits = world.store().payment(platform, *id).await.ok().flatten();
        let Some(waits) = waits else { continue };
        if !lost(world).iter().any(|lost| lost.is_for_the_same_as(&waits) && shown(lost)) {
            continue;
        }
        world.tell(|| format!("{id} is withdrawn: it was paid before the restore"));
        let key = key(&format!("withdraw-{id}"));
        if let Err(error) = engine.cancel_payment(platform, key, *id).await {
            world.violate(format!("{id} could not be withdrawn: {error}"));
        }
    }
}

/// The orders that the house says were paid and lost. By now it has been let go.
pub(crate) async fn told(house: &House) -> BTreeSet<String> {
    let world = &house.world;
    if world.restored().is_none() {
        return BTreeSet::new();
    }
    if world.is_held() {
        world.violate("a restored house is still held long after all statements".to_owned());
    }
    let Some(engine) = house.engine() else { return BTreeSet::new() };
    let reports = engine.restores().await.unwrap_or_default();
    let lines = reports.into_iter().flat_map(|report| report.lines_of_nobody);
    lines.map(|line| line.order_id).collect()
}

/// Whether an order was lost with the books.
pub(crate) fn is_lost(world: &World, order_id: &str) -> bool {
    lost(world).iter().any(|lost| lost.attempt.order.order_id == order_id)
}

/// Whether what the bank did under an order that our books do not know is explained: the order was
/// lost, and where money moved the house has told of it.
pub(crate) fn accounts_for(world: &World, entry: &Entry, told: &BTreeSet<String>) -> bool {
    let order_id = &entry.order.order_id;
    let fen = entry.money.as_deref().map_or(0, |money| money.amount_fen);
    let moved = entry.kind.is_movement() && fen > 0;
    is_lost(world, order_id) && (!moved || told.contains(order_id))
}

/// Whether something was lost that gave back the money of this payment.
pub(crate) fn has_lost_what_gave_back(world: &World, id: PaymentId) -> bool {
    lost(world).iter().any(|lost| lost.payment.original == Some(id))
}

/// The orders of each loan that were lost.
pub(crate) fn lost_disbursements(world: &World) -> BTreeMap<&str, BTreeSet<String>> {
    let mut orders: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let paid_out = |lost: &&Lost| lost.payment.kind == PaymentKind::Disbursement;
    for Lost { attempt, payment } in lost(world).iter().filter(paid_out) {
        let own = orders.entry(&payment.reference).or_default();
        own.insert(attempt.order.order_id.clone());
    }
    orders
}

/// What was paid before the restore and lost with the books is paid by nothing that is in them now:
/// neither by the same payment under another order, nor by whoever asked for the same once more.
pub(crate) async fn nothing_is_paid_again(world: &World, records: &[PaymentRecord]) {
    for lost in lost(world).iter().filter(|lost| has_moved(world, &lost.attempt)) {
        let again = |record: &&PaymentRecord| {
            lost.is_for_the_same_as(record) && lost.payment.amount == record.amount
        };
        for record in records.iter().filter(again) {
            let subject = Subject::Payment(record.id);
            let own = world.store().attempts(world.platform(), subject).await.unwrap_or_default();
            let another = |own: &AttemptRecord| {
                own.order.order_id != lost.attempt.order.order_id && has_moved(world, own)
            };
            if own.iter().any(another) {
                world.violate(format!("{} was paid again after the restore", record.id));
            }
        }
    }
}

/// Whether money moved under an attempt's order. A reversal has no order of its own.
fn has_moved(world: &World, attempt: &AttemptRecord) -> bool {
    let has_own_order = attempt.operation != Operation::Reverse;
    let own = |order_id: &str| attempt.order.order_id == order_id;
    let bank = world.bank();
    let mut orders = bank.bank().payments();
    has_own_order && orders.any(|order| own(&order.order.order_id) && stands(order))
}

fn lost(world: &World) -> &[Lost] {
    match world.restored() {
        Some(restored) => &restored.lost,
        None => &[],
    }
}
