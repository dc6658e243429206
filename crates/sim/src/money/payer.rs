//! A platform that pays: it repeats requests under their key until there is an answer, tries one
//! loan under several keys, presses twice at once, and cancels what has not begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mingka_domain::id::InstrumentId;
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_engine::{
    Clock as _, DEFAULT_LENDER, Engine, EngineError, Idempotency, NewGiveBack, NewPayment,
    PaymentView,
};

use crate::life::House;
use crate::random::Dice;

/// How often a request is repeated under its key.
const REPEATS_MAX: u32 = 60;

/// One of the platform's servers.
pub(crate) struct Payer {
    house: Arc<House>,
    dice: Dice,
    number: u64,
    instrument: InstrumentId,
    answers: BTreeMap<String, String>,
}

enum Asked {
    Answer(Box<PaymentView>),
    Refused(EngineError),
    Nothing,
}

impl Payer {
    pub(crate) fn new(
        house: Arc<House>,
        dice: Dice,
        number: u64,
        instrument: InstrumentId,
    ) -> Self {
        Self { house, dice, number, instrument, answers: BTreeMap::new() }
    }

    pub(crate) async fn live(mut self) {
        for round in 0..self.dice.between(1, 4) {
            self.think(1_000, 120_000).await;
            let key = format!("payer-{}-{round}", self.number);
            let (new, alone) = self.something(round);
            self.house.world.tell(|| format!("{key} pays {} {}", new.kind.name(), new.reference));
            let paid = self.pay(&key, &new, alone).await;
            let paid_back = paid.clone().filter(|paid| paid.kind == PaymentKind::Repayment);
            if let Some(paid) = paid
                && self.dice.chance(200)
            {
                self.cancel(&format!("{key}-cancel"), &paid).await;
            } else if let Some(paid) = paid_back
                && self.dice.chance(450)
            {
                self.give_back(&format!("{key}-back"), &paid).await;
            }
        }
    }

    /// What is to be paid, and whether nobody else has a payment under this reference.
    pub(super) fn something(&self, round: u64) -> (NewPayment, bool) {
        let kind =
            if self.dice.chance(650) { PaymentKind::Disbursement } else { PaymentKind::Repayment };
        let alone = self.dice.chance(400);
        let reference = if alone {
            format!("loan-of-{}-{round}", self.number)
        } else {
            format!("loan-{}", self.dice.below(2))
        };
        let fen = i64::try_from(self.dice.between(1, 200_000)).unwrap_or(1);
        let new = NewPayment {
            original: None,
            customer_present: false,
            kind,
            lender: DEFAULT_LENDER.to_owned(),
            instrument: self.instrument,
            reference,
            purpose: "principal".to_owned(),
            amount: Fen::new(fen).unwrap_or_default(),
            valid_until: None,
        };
        (new, alone)
    }

    /// Asks under a key until there is an answer.
    pub(super) async fn pay(
        &mut self,
        key: &str,
        new: &NewPayment,
        alone: bool,
    ) -> Option<PaymentView> {
        for _ in 0..REPEATS_MAX {
            let asked = if self.dice.chance(150) {
                // Pressed twice at once, perhaps at two processes.
                let (one, other) = tokio::join!(self.ask(key, new), self.ask(key, new));
                self.note(key, &other);
                one
            } else {
                self.ask(key, new).await
            };
            self.note(key, &asked);
            match asked {
                Asked::Answer(view) => return Some(*view),
                Asked::Refused(error) => {
                    self.judge(key, new, alone, &error).await;
                    return None;
                }
                Asked::Nothing => self.think(500, 15_000).await,
            }
        }
        None
    }

    /// One key has one answer.
    fn note(&mut self, key: &str, asked: &Asked) {
        let Asked::Answer(view) = asked else { return };
        let json = serde_json::to_string(view).unwrap_or_default();
        let first = self.answers.entry(key.to_owned()).or_insert_with(|| json.clone());
        // A restore may lose an answer; that nothing is paid again is looked at elsewhere.
        if *first != json && self.house.world.restored().is_none() {
            self.house.world.violate(format!("{key} had two answers: {first} and then {json}"));
        }
    }

    /// Being kept out is right only when another payment under the reference is named.
    async fn judge(&self, key: &str, new: &NewPayment, alone: bool, error: &EngineError) {
        let world = &self.house.world;
        world.tell(|| format!("{key}: {error}"));
        let EngineError::AlreadyPaying { payment } = error else {
            world.violate(format!("{key} was turned away: {error}"));
            return;
        };
        if alone {
            world.violate(format!("{key} was taken for another request than its own"));
        }
        let older = world.store().payment(world.platform(), *payment).await.ok().flatten();
        if older.is_none_or(|older| older.reference != new.reference || older.kind != new.kind) {
            world.violate(format!("{key} was kept out by a payment of another loan"));
        }
    }

    async fn cancel(&self, key: &str, paid: &PaymentView) {
        let Some(engine) = self.house.engine() else { return };
        let Some(platform) = self.house.platform.get().copied() else { return };
        let id = paid.id;
        self.think(10, 60_000).await;
        let cancelled = self
            .patiently(engine, |engine| async move {
                engine.cancel_payment(platform, idempotency(key), id).await
            })
            .await;
        if let Asked::Answer(view) = cancelled
            && view.state != "cancelled"
        {
            self.house.world.violate(format!("{id} was cancelled and is {}", view.state));
        }
    }

    /// Gives a repayment back, whole or in part or undone, whatever became of it; perhaps again.
    async fn give_back(&mut self, key: &str, paid: &PaymentView) {
        for turn in 0..self.dice.between(1, 2) {
            self.think(1_000, 900_000).await;
            let kind =
                if self.dice.chance(600) { PaymentKind::Refund } else { PaymentKind::Reversal };
            let part = kind == PaymentKind::Refund && self.dice.chance(500);
            let half = Fen::new((paid.amount.get() / 2).max(1)).ok();
            let new = NewGiveBack { original: paid.id, kind, amount: half.filter(|_| part) };
            let key = format!("{key}-{turn}");
            self.house.world.tell(|| format!("{key} gives back by {}", kind.name()));
            for _ in 0..REPEATS_MAX {
                let Some(engine) = self.house.engine() else { return };
                let Some(platform) = self.house.platform.get().copied() else { return };
                let own = idempotency(&key);
                let asked = self
                    .patiently(engine, |engine| async move {
                        engine.give_back(platform, own, new).await
                    })
                    .await;
                self.note(&key, &asked);
                match asked {
                    Asked::Answer(_) => break,
                    Asked::Refused(
                        EngineError::GiveBack(_) | EngineError::AlreadyPaying { .. },
                    ) => {
                        break;
                    }
                    // The payment it is about was lost with the books.
                    Asked::Refused(EngineError::NotFound)
                        if self.house.world.restored().is_some() =>
                    {
                        break;
                    }
                    Asked::Refused(error) => {
                        let world = &self.house.world;
                        world.violate(format!("{key} was turned away: {error}"));
                        break;
                    }
                    Asked::Nothing => self.think(500, 15_000).await,
                }
            }
        }
    }

    async fn ask(&self, key: &str, new: &NewPayment) -> Asked {
        let Some(engine) = self.house.engine() else { return Asked::Nothing };
        let Some(platform) = self.house.platform.get().copied() else { return Asked::Nothing };
        let (key, new) = (idempotency(key), new.clone());
        self.patiently(engine, |engine| async move { engine.pay(platform, key, new).await }).await
    }

    async fn patiently<F>(&self, engine: Engine, what: impl FnOnce(Engine) -> F) -> Asked
    where
        F: Future<Output = Result<PaymentView, EngineError>>,
    {
        let world = &self.house.world;
        let hurried = !world.is_healed() && self.dice.chance(120);
        let patience_ms = if hurried { self.dice.between(1, 3_000) } else { 200_000 };
        let halted = engine.clone();
        tokio::select! {
            biased;
            () = halted.halted() => Asked::Nothing,
            () = tokio::time::sleep(Duration::from_millis(patience_ms)) => Asked::Nothing,
            answer = what(engine) => match answer {
                Ok(view) => Asked::Answer(Box::new(view)),
                Err(EngineError::InProgress | EngineError::Unavailable) => Asked::Nothing,
                Err(error) => {
                    if error == EngineError::Internal {
                        world.violate("the house found a fault of its own".to_owned());
                    }
                    world.tell(|| format!("at {}: {error}", world.now().rfc3339()));
                    Asked::Refused(error)
                }
            },
        }
    }

    async fn think(&self, low_ms: u64, high_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.dice.between(low_ms, high_ms))).await;
    }
}

fn idempotency(key: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), fingerprint: [7; 32] }
}
