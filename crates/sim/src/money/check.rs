//! What must hold about money, on the wire and at rest: the bank's books are the truth, and every
//! payment of ours agrees with them or is in somebody's hands.

use std::collections::{BTreeMap, BTreeSet};

use mingka_domain::cause::known;
use mingka_domain::diagnosis::Retry;
use mingka_domain::effect::Subject;
use mingka_domain::id::{AttemptId, PlatformId};
use mingka_domain::payment::{Event, Heard, Payment, PaymentKind, Proof, Refunded, ReviewReason};
use mingka_domain::time::Timestamp;
use mingka_sandbox::bank::{self, PaymentState};
use mingka_store::{AttemptRecord, Cursor, EventRecord, PaymentRecord};

use super::restore;
use crate::network::Message;
use crate::world::World;

/// Where clocks are compared, a second is nothing.
const WHOLE_SECOND_MS: i64 = 1_000;

/// An order about money leaves once, and only while no other attempt of its payment is open.
pub(crate) async fn before_it_leaves(world: &World, message: &Message) {
    let platform = world.platform();
    let own = crate::check::of_order(world, &message.order_id, &message.txn_time).await;
    // A reversal leaves under the order that it reverses; should it never leave, another does.
    let own = own.into_iter().rfind(|own| Some(own.operation) == message.operation);
    let Some(own) = own else { return };
    if world.left_before(&own.id.to_string()) {
        world.violate(format!("order {} about money was sent a second time", message.order_id));
    }
    let attempts = world.store().attempts(platform, own.subject).await.unwrap_or_default();
    let open = attempts.iter().find(|other| {
        other.id != own.id
            && other.operation.moves_money()
            && ["sent", "pending", "doubtful"].contains(&other.state.as_str())
    });
    if let Some(open) = open {
        world.violate(format!("{} left while {} was still {}", own.id, open.id, open.state));
    }
}

/// Whether every payment has ended, or people look at it.
pub(crate) async fn all_at_their_end(world: &World) -> bool {
    payments(world).await.iter().all(is_at_its_end)
}

/// Names every payment that neither ended nor reached people in time.
pub(crate) async fn still_open(world: &World) {
    for payment in payments(world).await.iter().filter(|payment| !is_at_its_end(payment)) {
        let (id, state) = (payment.id, &payment.state);
        world.violate(format!("{id} is still {state} long after all healed"));
    }
}

fn is_at_its_end(payment: &PaymentRecord) -> bool {
    machine(payment).is_some_and(|machine| machine.is_ended() || is_flagged(&machine))
}

/// Declined in the answer, settled in the statement: people look at it.
fn is_flagged(machine: &Payment) -> bool {
    let Payment::Review(review) = machine else { return false };
    review.why == ReviewReason::SettledAfterRefusal
}

/// What must hold at rest. `told` are the orders that the house says were paid and lost.
pub(crate) async fn at_rest(world: &World, told: &BTreeSet<String>) {
    let platform = world.platform();
    let records = payments(world).await;
    for record in &records {
        let subject = Subject::Payment(record.id);
        let attempts = world.store().attempts(platform, subject).await.unwrap_or_default();
        world.tell(|| format!("{} ended as {}", record.id, record.machine));
        log_replays(world, platform, record).await;
        // What was given back by a payment that was lost, the statements tell people.
        let given_back = restore::has_lost_what_gave_back(world, record.id);
        if record.kind != PaymentKind::Reversal && !given_back {
            books_agree(world, record, &attempts);
        }
        if record.kind == PaymentKind::Repayment && !given_back {
            what_went_back(world, record, &attempts, &records);
        }
    }
    one_for_each_loan(world, &records).await;
    restore::nothing_is_paid_again(world, &records).await;
    crate::check::ledger_is_ours(world, platform, told).await;
}

async fn log_replays(world: &World, platform: PlatformId, record: &PaymentRecord) {
    let events = world.store().events_of(platform, record.id.into(), 0, 10_000).await;
    let events = events.unwrap_or_default();
    let log: Option<Vec<(Event, Timestamp)>> = events
        .iter()
        .map(|event| Some((serde_json::from_str(&event.body).ok()?, event.at)))
        .collect();
    let replayed = log.and_then(|log| Payment::replay(log).ok());
    if replayed.is_none() || replayed != machine(record) {
        world.violate(format!("the log of {} does not replay to its state", record.id));
    }
    if tried_after_a_hard_decline(&events) {
        world.violate(format!("{} was tried again after a hard decline", record.id));
    }
    if usize::try_from(record.version).ok() != Some(events.len()) {
        world.violate(format!("{} has lost an event", record.id));
    }
}

/// Whether anything was sent after a decline that no waiting mends.
fn tried_after_a_hard_decline(events: &[EventRecord]) -> bool {
    let mut declined = false;
    for record in events {
        match serde_json::from_str(&record.body) {
            Ok(Event::Sent { .. }) if declined => return true,
            Ok(Event::Heard { what: Heard::Declined { diagnosis, .. }, .. }) => {
                let ours = diagnosis.causes == [known::PLATFORM_BALANCE];
                declined |=
                    !ours && matches!(diagnosis.retry, Retry::Never | Retry::AfterCorrection);
            }
            _ => {}
        }
    }
    false
}

/// Ours against the bank's.
fn books_agree(world: &World, record: &PaymentRecord, attempts: &[AttemptRecord]) {
    let orders: Vec<bank::Payment> = {
        let bank = world.bank();
        let ours = |payment: &&bank::Payment| {
            attempts.iter().any(|attempt| attempt.order.order_id == payment.order.order_id)
        };
        bank.bank().payments().filter(ours).cloned().collect()
    };
    let moved: Vec<&bank::Payment> = orders.iter().filter(|order| has_moved(order)).collect();
    let id = record.id;
    if moved.iter().filter(|order| !is_lied_about(order)).count() > 1 {
        world.violate(format!("{id} was executed {} times by the bank", moved.len()));
    }
    let Some(machine) = machine(record) else { return };
    match &machine {
        Payment::Settled(settled) | Payment::Refunded(Refunded { settled, .. }) => {
            let own = by_id(attempts, Some(settled.attempt));
            let order = orders.iter().find(|order| is_of(own, order));
            if order.is_some_and(|order| matches!(order.state, PaymentState::Returned { .. })) {
                world.violate(format!("{id} is settled and its money came back"));
            }
            if order.is_none_or(|order| !has_moved(order)) {
                world.violate(format!("{id} is settled and the bank moved nothing"));
            } else if order.is_some_and(|order| order.amount_fen != settled.amount.get()) {
                world.violate(format!("{id} is settled with another amount than moved"));
            }
            if settled.proof == Proof::Inquiry {
                really_told(world, record, own, settled.at);
            }
        }
        Payment::Refused(refused)
            if moved.iter().any(|order| is_of(by_id(attempts, refused.attempt), order)) =>
        {
            world.violate(format!("{id} is refused and the bank executed it"));
        }
        Payment::Refused(_) | Payment::Cancelled
            if moved.iter().any(|order| !is_lied_about(order)) =>
        {
            world.violate(format!("{id} is {} and the bank executed it", record.state));
        }
        Payment::Review(review)
            // What a restore has cut out of the books is found after it was refused without it.
            if orders.iter().any(|order| {
                is_of(by_id(attempts, Some(review.attempt)), order)
                    && !is_lied_about(order)
                    && !restore::is_lost(world, &order.order.order_id)
            }) =>
        {
            world.violate(format!("{id} was refused although the bank had not refused it"));
        }
        Payment::Returned { .. } => {
            let back =
                |order: &&bank::Payment| matches!(order.state, PaymentState::Returned { .. });
            if !moved.iter().any(back) {
                world.violate(format!("{id} is returned and no money came back"));
            }
        }
        _ => {}
    }
}

/// What a repayment says went back is what the bank gave back of it, once all that gives it back is
/// at its end.
fn what_went_back(
    world: &World,
    record: &PaymentRecord,
    attempts: &[AttemptRecord],
    records: &[PaymentRecord],
) {
    let ours = |one: &&PaymentRecord| one.original == Some(record.id);
    let doubted = |one: &PaymentRecord| machine(one).is_some_and(|one| is_flagged(&one));
    if records.iter().filter(ours).any(doubted) || doubted(record) {
        return;
    }
    let (given_back, stands) = {
        let bank = world.bank();
        let mine = |payment: &&bank::Payment| {
            attempts.iter().any(|attempt| attempt.order.order_id == payment.order.order_id)
                && payment.stage == bank::Stage::Collect
        };
        let mine: Vec<_> = bank.bank().payments().filter(mine).cloned().collect();
        let given_back: i64 = mine.iter().map(|payment| payment.given_back_fen).sum();
        let stands = mine.iter().any(|payment| {
            matches!(payment.state, PaymentState::Settled { .. })
                && payment.given_back_fen < payment.amount_fen
                && !is_lied_about(payment)
        });
        (given_back, stands)
    };
    let (id, state) = (record.id, &record.state);
    match machine(record) {
        Some(Payment::Refunded(refunded)) if refunded.sum.get() != given_back => {
            world.violate(format!("{id} says {} went back, the bank {given_back}", refunded.sum));
        }
        Some(Payment::Settled(_)) if given_back > 0 => {
            world.violate(format!("{id} is settled and the bank gave {given_back} of it back"));
        }
        Some(Payment::Reversed { .. }) if stands => {
            world.violate(format!("{id} is {state} and its money stands at the bank"));
        }
        _ => {}
    }
}

/// Settled by an inquiry: then the bank had said so, and named the order's amount, by then. Where
/// the house's clock jumped, the moments cannot be compared.
fn really_told(
    world: &World,
    record: &PaymentRecord,
    attempt: Option<&AttemptRecord>,
    at: Timestamp,
) {
    let told_at = attempt.and_then(|attempt| world.told_at(&attempt.order.order_id));
    let jumped = world.jumped.load(std::sync::atomic::Ordering::SeqCst);
    let early = told_at.is_some_and(|told| !jumped && told.plus_ms(-WHOLE_SECOND_MS) > at);
    if told_at.is_none() || early {
        world.violate(format!("{} was settled before the bank had said so", record.id));
    }
}

/// At most one disbursement of a loan that moved money, whatever reference or key was used.
async fn one_for_each_loan(world: &World, records: &[PaymentRecord]) {
    let mut orders: BTreeMap<&str, BTreeSet<String>> = restore::lost_disbursements(world);
    for record in records.iter().filter(|record| record.kind == PaymentKind::Disbursement) {
        let subject = Subject::Payment(record.id);
        let attempts = world.store().attempts(world.platform(), subject).await.unwrap_or_default();
        let own = orders.entry(&record.reference).or_default();
        own.extend(attempts.into_iter().map(|attempt| attempt.order.order_id));
    }
    for (loan, orders) in orders {
        let count = {
            let bank = world.bank();
            let paid =
                |order: &&bank::Payment| orders.contains(&order.order.order_id) && stands(order);
            bank.bank().payments().filter(paid).count()
        };
        if count > 1 {
            world.violate(format!("{loan} was paid out {count} times"));
        }
    }
}

fn by_id(attempts: &[AttemptRecord], id: Option<AttemptId>) -> Option<&AttemptRecord> {
    attempts.iter().find(|attempt| Some(attempt.id) == id)
}

fn is_of(attempt: Option<&AttemptRecord>, order: &bank::Payment) -> bool {
    attempt.is_some_and(|attempt| attempt.order.order_id == order.order.order_id)
}

const fn has_moved(order: &bank::Payment) -> bool {
    matches!(order.state, PaymentState::Settled { .. } | PaymentState::Returned { .. })
}

/// Whether an order's money moved and did not come back, and the bank says so.
pub(super) fn stands(order: &bank::Payment) -> bool {
    matches!(order.state, PaymentState::Settled { .. }) && !is_lied_about(order)
}

/// The bank said that it had refused what it executed: no house can know before a statement.
fn is_lied_about(order: &bank::Payment) -> bool {
    order.course.told.is_some_and(|told| told.until.is_none())
}

fn machine(record: &PaymentRecord) -> Option<Payment> {
    serde_json::from_str(&record.machine).ok()
}

async fn payments(world: &World) -> Vec<PaymentRecord> {
    let listed = world.store().payments(world.platform(), Cursor::first(100)).await;
    listed.map(|listed| listed.items).unwrap_or_default()
}
