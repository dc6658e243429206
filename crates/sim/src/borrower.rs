//! Borrowers, as they are: they mistype, ask for another code, give up, walk away, press the button
//! twice, and lose their own network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mingka_domain::environment::Environment;
use mingka_domain::id::{BindingId, PlatformId};
use mingka_domain::precheck::Entry;
use mingka_domain::secret::OneTimeCode;
use mingka_domain::text::Lang;
use mingka_engine::{
    BindingState, BindingView, Clock, ConsentGiven, Engine, EngineError, Idempotency, NewBinding,
};
use mingka_sandbox::cards::MagicCard;

use crate::life::House;
use crate::random::Dice;

/// How often a borrower does something before they lose interest.
const STEPS_MAX: u32 = 40;
/// How often a request is repeated under its key.
const REPEATS_MAX: u32 = 60;

/// A borrower with a card.
pub(crate) struct Borrower {
    pub(crate) house: Arc<House>,
    pub(crate) dice: Dice,
    pub(crate) number: u64,
    pub(crate) card: MagicCard,
    keys: u32,
    typed: BTreeSet<String>,
    answers: BTreeMap<String, String>,
}

/// What came of asking the house.
enum Asked<T> {
    Answer(T),
    Refused(EngineError),
    /// Nobody knows: the house died, was busy, or the borrower's own network failed.
    Nothing,
}

impl Borrower {
    pub(crate) fn new(house: Arc<House>, dice: Dice, number: u64, card: MagicCard) -> Self {
        let (typed, answers) = (BTreeSet::new(), BTreeMap::new());
        Self { house, dice, number, card, keys: 0, typed, answers }
    }

    pub(crate) async fn live(mut self) {
        let delay_ms = self.dice.below(60_000);
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        let Some(view) = self.act(Act::Bind).await else { return };
        let id = view.id;
        let mut state = view;
        for _ in 0..STEPS_MAX {
            self.think(500, 20_000).await;
            let act = match state.state {
                BindingState::Checked => self.before_a_code(&state),
                BindingState::AwaitingCode => self.with_a_code(&state),
                BindingState::Confirming | BindingState::Doubtful | BindingState::Unbinding => {
                    if self.dice.chance(20) {
                        Some(Act::Cancel(id))
                    } else {
                        None
                    }
                }
                BindingState::Active if self.dice.chance(300) => Some(Act::Unbind(id)),
                _ => return,
            };
            match act {
                Some(Act::WalkAway) => return,
                Some(act) => {
                    self.act(act).await;
                }
                None => self.think(1_000, 40_000).await,
            }
            let Some(seen) = self.look(id).await else { continue };
            state = seen;
        }
    }

    fn before_a_code(&self, view: &BindingView) -> Option<Act> {
        if self.dice.chance(50) {
            return Some(Act::WalkAway);
        }
        let early = view.code.as_ref().is_some_and(|code| self.now_is_before(code.resend_after));
        (!early || self.dice.chance(100)).then_some(Act::Resend(view.id))
    }

    fn with_a_code(&mut self, view: &BindingView) -> Option<Act> {
        match self.dice.below(100) {
            0..3 => return Some(Act::WalkAway),
            3..6 => return Some(Act::Cancel(view.id)),
            6..12 => return Some(Act::Resend(view.id)),
            12..25 => {
                // Never right, and never typed before.
                let wrong = format!("12345{}", self.typed.len() % 10).repeat(1);
                let wrong = if self.typed.contains(&wrong) || wrong == "123456" {
                    format!("{:06}", 654_322 + self.typed.len())
                } else {
                    wrong
                };
                self.typed.insert(wrong.clone());
                return Some(Act::Confirm(view.id, wrong));
            }
            _ => {}
        }
        match self.newest_code() {
            Some(code) if !self.typed.contains(&code) => {
                self.typed.insert(code.clone());
                Some(Act::Confirm(view.id, code))
            }
            _ => {
                let early =
                    view.code.as_ref().is_some_and(|code| self.now_is_before(code.resend_after));
                (!early).then_some(Act::Resend(view.id))
            }
        }
    }

    /// The last code that reached the phone.
    fn newest_code(&self) -> Option<String> {
        let bank = self.house.world.bank();
        let mut mine = bank.bank().newest_codes().filter(|(_, sent)| sent.card == self.card.slug);
        mine.find(|(_, sent)| sent.delivered).map(|(_, sent)| sent.digits.clone())
    }

    fn now_is_before(&self, at: mingka_domain::time::Timestamp) -> bool {
        self.house.world.now() < at
    }

    async fn think(&self, low_ms: u64, high_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.dice.between(low_ms, high_ms))).await;
    }

    async fn look(&self, id: BindingId) -> Option<BindingView> {
        let platform = *self.house.platform.get()?;
        match self.ask(|engine| async move { engine.binding(platform, id).await }).await {
            Asked::Answer(view) => Some(view),
            Asked::Refused(_) | Asked::Nothing => None,
        }
    }

    /// Does something under a key, again and again until there is an answer.
    async fn act(&mut self, act: Act) -> Option<BindingView> {
        self.keys += 1;
        let key = format!("borrower-{}-{}", self.number, self.keys);
        self.house.world.tell(|| format!("borrower {} does {act:?}", self.number));
        for _ in 0..REPEATS_MAX {
            match self.request(&key, &act).await {
                Asked::Answer(view) => {
                    self.same_answer(&key, &view);
                    if self.dice.chance(150) {
                        // The button was pressed twice.
                        if let Asked::Answer(again) = self.request(&key, &act).await {
                            self.same_answer(&key, &again);
                        }
                    }
                    return view.binding();
                }
                Asked::Refused(error) => {
                    let world = &self.house.world;
                    world.tell(|| format!("borrower {}: {error}", self.number));
                    if error == EngineError::IdempotencyMismatch {
                        world.violate(format!("{key} was said to be used for another body"));
                    }
                    return None;
                }
                Asked::Nothing => self.think(500, 15_000).await,
            }
        }
        None
    }

    fn same_answer(&mut self, key: &str, view: &Answered) {
        let json = view.json();
        let first = self.answers.entry(key.to_owned()).or_insert_with(|| json.clone());
        if *first != json {
            self.house.world.violate(format!("{key} had two answers: {first} and then {json}"));
        }
    }

    async fn request(&self, key: &str, act: &Act) -> Asked<Answered> {
        let Some(platform) = self.house.platform.get().copied() else { return Asked::Nothing };
        let idempotency = Idempotency { key: key.to_owned(), fingerprint: [7; 32] };
        match act {
            Act::Bind => {
                let card = self.card.clone();
                self.ask(|engine| async move { bind(engine, platform, idempotency, card).await })
                    .await
            }
            Act::Confirm(id, code) => {
                let Ok(code) = OneTimeCode::parse(code) else { return Asked::Nothing };
                let id = *id;
                self.ask(|engine| async move {
                    engine.confirm(platform, id, idempotency, code).await.map(Answered::binding_of)
                })
                .await
            }
            Act::Resend(id) => {
                let id = *id;
                self.ask(|engine| async move {
                    engine.resend(platform, id, idempotency).await.map(Answered::binding_of)
                })
                .await
            }
            Act::Cancel(id) => {
                let id = *id;
                self.ask(|engine| async move {
                    engine.cancel(platform, id, idempotency).await.map(Answered::binding_of)
                })
                .await
            }
            Act::Unbind(id) => {
                let id = *id;
                self.ask(|engine| async move {
                    let instrument = engine.binding(platform, id).await?.instrument;
                    let instrument = instrument.ok_or(EngineError::NotFound)?;
                    engine
                        .unbind(platform, instrument, idempotency)
                        .await
                        .map(|view| Answered::Instrument(Box::new(view)))
                })
                .await
            }
            Act::WalkAway => Asked::Nothing,
        }
    }

    /// Asks the house, which may be dead, die meanwhile, or take longer than the borrower waits.
    async fn ask<T, F>(&self, what: impl FnOnce(Engine) -> F) -> Asked<T>
    where
        F: Future<Output = Result<T, EngineError>>,
    {
        let Some(engine) = self.house.engine() else { return Asked::Nothing };
        let healed = self.house.world.is_healed();
        let patience_ms =
            if !healed && self.dice.chance(80) { self.dice.between(1, 3_000) } else { 200_000 };
        let halted = engine.clone();
        tokio::select! {
            biased;
            () = halted.halted() => Asked::Nothing,
            () = tokio::time::sleep(Duration::from_millis(patience_ms)) => Asked::Nothing,
            answer = what(engine) => match answer {
                Ok(answer) => Asked::Answer(answer),
                Err(EngineError::InProgress | EngineError::Unavailable) => Asked::Nothing,
                Err(error @ EngineError::Internal) => {
                    self.house.world.violate("the house found a fault of its own".to_owned());
                    Asked::Refused(error)
                }
                Err(error) => Asked::Refused(error),
            },
        }
    }
}

/// What a borrower does.
#[derive(Debug, Clone)]
enum Act {
    Bind,
    Confirm(BindingId, String),
    Resend(BindingId),
    Cancel(BindingId),
    Unbind(BindingId),
    WalkAway,
}

enum Answered {
    Binding(Box<BindingView>),
    Instrument(Box<mingka_engine::InstrumentView>),
}

impl Answered {
    fn binding_of(view: BindingView) -> Self {
        Self::Binding(Box::new(view))
    }

    fn binding(self) -> Option<BindingView> {
        match self {
            Self::Binding(view) => Some(*view),
            Self::Instrument(_) => None,
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Binding(view) => serde_json::to_string(view),
            Self::Instrument(view) => serde_json::to_string(view),
        }
        .unwrap_or_default()
    }
}

async fn bind(
    engine: Engine,
    platform: PlatformId,
    idempotency: Idempotency,
    card: MagicCard,
) -> Result<Answered, EngineError> {
    let shown = engine.consents(platform, Lang::Zh).await?;
    let consents = shown
        .into_iter()
        .map(|text| ConsentGiven {
            kind: text.kind,
            version: text.version,
            lang: text.lang,
            sha256: Some(text.sha256),
        })
        .collect();
    let entry = Entry::four(&card.number, &card.name, &card.id_number, &card.phone);
    let new = NewBinding {
        entry,
        environment: Environment::default(),
        consents,
        borrower_ref: Some(card.slug.clone()),
        page: None,
    };
    engine.bind(platform, idempotency, new).await.map(Answered::binding_of)
}
