//! An operator at the house: turns stop switches at odd moments, says that the database was put
//! back from a backup, and has two persons release it. While something is stopped nothing about
//! money leaves: `watch` in the network looks.

use std::sync::Arc;
use std::time::Duration;

use mingka_domain::approval::{Proposal, Verdict};
use mingka_engine::{EngineError, Person, Reason, Role, StopSwitch};

use crate::life::House;
use crate::random::Dice;
use crate::world::CHANNEL;

/// How often something is tried again before the story would break.
const TRIES_MAX: u32 = 400;

/// Two persons, made on the calm morning.
pub(crate) async fn persons(house: &House) -> Option<[Person; 2]> {
    let engine = house.engine()?;
    let mut made = Vec::new();
    for name in ["甲", "乙"] {
        let issued = engine.create_principal(name, &Role::ALL).await.ok()?;
        made.push(engine.person(issued.key.expose()).await.ok()?);
    }
    made.try_into().ok()
}

/// What the operator does while the trouble lasts, and takes back at the end.
pub(crate) async fn live(house: Arc<House>, dice: Dice, persons: [Person; 2]) {
    for _ in 0..dice.between(0, 2) {
        pause(&dice, 1_000, 240_000).await;
        if dice.chance(300) {
            hold(&house, &dice).await;
            pause(&dice, 15_000, 120_000).await;
            release(&house, &dice, &persons).await;
        } else {
            let switch = switch(&house, &dice);
            turn(&house, &dice, &switch, true).await;
            pause(&dice, 15_000, 120_000).await;
            turn(&house, &dice, &switch, false).await;
        }
    }
}

fn switch(house: &House, dice: &Dice) -> StopSwitch {
    let platform = house.world.platform();
    let name = match dice.below(4) {
        0 => format!("platform:{platform}"),
        1 => format!("channel:{CHANNEL}"),
        2 => format!("lender:{}", mingka_engine::DEFAULT_LENDER),
        // Only one of the operations: what the other kind of payment does stays free.
        _ => return StopSwitch::Operation(mingka_domain::outcome::Operation::Disburse),
    };
    StopSwitch::named(&name).unwrap_or(StopSwitch::Channel(CHANNEL.to_owned()))
}

/// Turns it, however often that has to be tried.
pub(super) async fn turn(house: &House, dice: &Dice, switch: &StopSwitch, stop: bool) {
    let world = &house.world;
    let Some(reason) = Reason::new("operator", "a story") else { return };
    world.tell(|| format!("the operator turns {switch:?} to {stop}"));
    if !stop {
        world.stop(switch, false);
    }
    for _ in 0..TRIES_MAX {
        if let Some(engine) = house.engine() {
            let halted = engine.clone();
            let turned = tokio::select! {
                biased;
                () = halted.halted() => Err(EngineError::Unavailable),
                turned = engine.turn_stop(switch, stop, &reason) => turned,
            };
            if turned.is_ok() {
                // Whatever is stopped is stopped now, for the operation that is looked at.
                world.stop(switch, stop);
                return;
            }
        }
        pause(dice, 200, 3_000).await;
    }
    world.violate("a stop switch could not be turned".to_owned());
}

/// Says that the database is older than what was sent.
async fn hold(house: &House, dice: &Dice) {
    let world = &house.world;
    world.tell(|| "the database is said to be a backup".to_owned());
    let missing = format!("a story at {}", world.true_now().rfc3339());
    for _ in 0..TRIES_MAX {
        if let Some(engine) = house.engine() {
            let halted = engine.clone();
            let held = tokio::select! {
                biased;
                () = halted.halted() => Err(EngineError::Unavailable),
                held = engine.hold_restored(&missing) => held,
            };
            if held.is_ok() {
                world.hold(true);
                return;
            }
        }
        pause(dice, 200, 3_000).await;
    }
    world.violate("a restored house could not be held".to_owned());
}

/// One proposes, the other approves; nobody alone.
pub(super) async fn release(house: &House, dice: &Dice, [one, other]: &[Person; 2]) {
    let world = &house.world;
    world.tell(|| "two persons release the house".to_owned());
    world.hold(false);
    for _ in 0..TRIES_MAX {
        if let Some(engine) = house.engine() {
            let halted = engine.clone();
            let work = async {
                let restores = engine.restores().await?;
                let Some(open) = restores.iter().find(|one| one.released.is_none()) else {
                    return Ok(true);
                };
                let what = Proposal::ReleaseRestore { found_at: open.found_at };
                let cursor = mingka_engine::Cursor::first(50);
                let proposed = engine.approvals(cursor).await?.items.into_iter().find(|proposal| {
                    proposal.what == what
                        && proposal.state == mingka_domain::approval::ApprovalState::Open
                });
                let proposal = match proposed {
                    Some(proposal) => proposal.id,
                    None => engine.propose(one, what, "a story").await?.id,
                };
                if engine.decide_approval(one, proposal, Verdict::Approve).await.is_ok() {
                    world.violate("one person alone released a restored house".to_owned());
                }
                engine.decide_approval(other, proposal, Verdict::Approve).await.map(|_| false)
            };
            let done: Result<bool, EngineError> = tokio::select! {
                biased;
                () = halted.halted() => Err(EngineError::Unavailable),
                done = work => done,
            };
            if done == Ok(true) {
                return;
            }
        }
        pause(dice, 200, 3_000).await;
    }
    world.violate("two persons could not release the house".to_owned());
}

/// Waits for a while.
pub(super) async fn pause(dice: &Dice, low_ms: u64, high_ms: u64) {
    tokio::time::sleep(Duration::from_millis(dice.between(low_ms, high_ms))).await;
}
