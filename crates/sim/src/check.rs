//! What must hold, whatever happened. Each sentence of a violation says which rule was broken.

use std::collections::BTreeSet;

use mingka_domain::binding::{Binding, Event};
use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;
use mingka_sandbox::bank::{Agreement, Kind};
use mingka_store::{AttemptRecord, BindingRecord, Cursor, EventRecord, OrderKey};

use crate::money::restore;
use crate::network::Message;
use crate::world::{CHANNEL, MERCHANT, World};

/// The operations that are durable for the order of a message.
pub(crate) async fn attempts_of(world: &World, message: &Message) -> Vec<Operation> {
    let attempts = of_order(world, &message.order_id, &message.txn_time).await;
    attempts.into_iter().map(|attempt| attempt.operation).collect()
}

/// The attempts that are durable under an order's identity, as the bank writes it.
pub(crate) async fn of_order(world: &World, order_id: &str, time: &str) -> Vec<AttemptRecord> {
    let Some(txn_time) = Timestamp::from_beijing_compact(time) else { return Vec::new() };
    let (channel, merchant) = (CHANNEL.to_owned(), MERCHANT.to_owned());
    let order = OrderKey { channel, merchant, order_id: order_id.to_owned(), txn_time };
    world.store().attempts_of_order(&order).await.unwrap_or_default()
}

/// Every binding has ended, or waits for nobody but its borrower.
pub(crate) async fn everything_has_ended(world: &World) {
    for binding in bindings(world).await {
        if machine(&binding).is_none_or(|machine| !machine.is_settled()) {
            world.violate(format!(
                "{} is still {} long after all healed",
                binding.id, binding.state
            ));
        }
    }
}

/// What must hold at rest.
pub(crate) async fn at_rest(world: &World) {
    let platform = world.platform();
    for binding in bindings(world).await {
        let events = world.store().events_of(platform, binding.id.into(), 0, 10_000).await;
        let events = events.unwrap_or_default();
        log_replays(world, &binding, &events);
        let subject = Subject::Binding(binding.id);
        let attempts = world.store().attempts(platform, subject).await.unwrap_or_default();
        agreements_fit(world, platform, &binding, &attempts).await;
        nothing_given_up_too_early(world, &binding, &attempts, &events);
    }
    ledger_is_ours(world, platform, &BTreeSet::new()).await;
}

fn log_replays(world: &World, binding: &BindingRecord, events: &[EventRecord]) {
    let log: Option<Vec<(Event, Timestamp)>> = events
        .iter()
        .map(|record| Some((serde_json::from_str(&record.body).ok()?, record.at)))
        .collect();
    let replayed = log.and_then(|log| Binding::replay(log).ok());
    if replayed.is_none() || replayed != machine(binding) {
        world.violate(format!("the log of {} does not replay to its state", binding.id));
    }
    if usize::try_from(binding.version).ok() != Some(events.len()) {
        world.violate(format!("{} has lost an event", binding.id));
    }
}

/// Active means exactly one open agreement at the bank; anything else means none.
async fn agreements_fit(
    world: &World,
    platform: PlatformId,
    binding: &BindingRecord,
    attempts: &[AttemptRecord],
) {
    let open = open_agreements(world, attempts);
    let active = binding.state == "active";
    if active && open.len() != 1 {
        world.violate(format!("{} is active with {} open agreements", binding.id, open.len()));
    }
    if !active && !open.is_empty() {
        let (id, state) = (binding.id, &binding.state);
        world.violate(format!("{id} is {state} and the bank still has its agreement"));
    }
    let instrument = world.store().instrument_of_binding(platform, binding.id).await;
    let state = instrument.ok().flatten().map(|instrument| instrument.state);
    let expected = match binding.state.as_str() {
        "active" => Some("active"),
        "unbinding" => Some("unbinding"),
        "unbound" => Some("unbound"),
        _ => None,
    };
    if state.as_deref() != expected {
        let id = binding.id;
        world.violate(format!("{id} is {} and its bound card {state:?}", binding.state));
    }
}

/// A confirmation is given up only once the bank can no longer take it. Where the house's clock
/// jumped, it could not know.
fn nothing_given_up_too_early(
    world: &World,
    binding: &BindingRecord,
    attempts: &[AttemptRecord],
    events: &[EventRecord],
) {
    if world.jumped.load(std::sync::atomic::Ordering::SeqCst) {
        return;
    }
    let bank = world.bank();
    for attempt in attempts.iter().filter(|one| one.operation == Operation::OpenAgreement) {
        let opened_at = bank
            .bank()
            .entries()
            .iter()
            .filter(|entry| entry.kind == Kind::AgreementOpened)
            .find(|entry| entry.order.order_id == attempt.order.order_id)
            .map(|entry| entry.at);
        let Some(opened_at) = opened_at else { continue };
        if let Some(given_up_at) = given_up(attempt, events)
            && opened_at.plus_ms(WHOLE_SECOND_MS) >= given_up_at
        {
            world.violate(format!(
                "{} gave a confirmation up while it was still on its way",
                binding.id
            ));
        }
    }
}

/// Where clocks are compared, a second is nothing.
const WHOLE_SECOND_MS: i64 = 1_000;

/// When the log left the doubt about an attempt by believing "not found".
fn given_up(attempt: &AttemptRecord, events: &[EventRecord]) -> Option<Timestamp> {
    let mut state: Option<Binding> = None;
    for record in events {
        let event: Event = serde_json::from_str(&record.body).ok()?;
        let before = state.clone();
        state = match (state, event.clone()) {
            (None, first) => Binding::begin(&first, record.at),
            (Some(state), event) => Some(state.apply(event, record.at).ok()?.0),
        };
        let about = matches!(&event, Event::Confirm { attempt: id, .. } if *id == attempt.id);
        let was_doubtful = matches!(before, Some(Binding::Doubtful(_)));
        let is_doubtful = matches!(state, Some(Binding::Doubtful(_)));
        if about && event.name() == "confirm.not_found" && was_doubtful && !is_doubtful {
            return Some(record.at);
        }
    }
    None
}

/// Nothing was executed that is not durable here; after a restore, or told of as lost.
pub(crate) async fn ledger_is_ours(world: &World, platform: PlatformId, told: &BTreeSet<String>) {
    let entries = world.bank().bank().entries().to_vec();
    for entry in entries {
        let own = of_order(world, &entry.order.order_id, &entry.order.txn_time).await;
        let known = own.iter().any(|attempt| attempt.platform == platform);
        if !known && !restore::accounts_for(world, &entry, told) {
            world.violate(format!("the bank executed {:?} that nobody knows of", entry.kind));
        }
    }
}

fn open_agreements(world: &World, attempts: &[AttemptRecord]) -> Vec<Agreement> {
    let bank = world.bank();
    bank.bank()
        .agreements()
        .filter(|agreement| agreement.closed_at.is_none())
        .filter(|agreement| {
            attempts.iter().any(|attempt| attempt.order.order_id == agreement.order.order_id)
        })
        .cloned()
        .collect()
}

fn machine(binding: &BindingRecord) -> Option<Binding> {
    serde_json::from_str(&binding.machine).ok()
}

async fn bindings(world: &World) -> Vec<BindingRecord> {
    let listed = world.store().bindings(world.platform(), Cursor::first(100)).await;
    listed.map(|listed| listed.items).unwrap_or_default()
}
