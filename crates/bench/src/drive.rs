//! Clients that bind one good card after the other, each waiting for its answer: directly at the
//! engine, or over HTTP. A binding that does not end well stops the measurement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Method;
use mingka_domain::environment::Environment;
use mingka_domain::id::PlatformId;
use mingka_domain::precheck::Entry;
use mingka_domain::secret::OneTimeCode;
use mingka_engine::{BindingState, BindingView, ConsentGiven, Engine, Idempotency, NewBinding};
use mingka_sandbox::cards::{self, MagicCard};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Client;
use crate::house::House;
use crate::sample::number;

/// The code that always passes at the sandbox bank.
const CODE: &str = "111111";

/// How a client reaches the house.
pub(crate) enum Door {
    Engine { engine: Engine, platform: PlatformId, consents: Vec<ConsentGiven> },
    Http { client: Client, consents: serde_json::Value },
}

/// When the clients stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Time(Duration),
    Count(u32),
}

/// What the clients saw.
pub(crate) struct Driven {
    pub(crate) took: Duration,
    pub(crate) bind: Vec<Duration>,
    pub(crate) confirm: Vec<Duration>,
}

impl Driven {
    pub(crate) fn bindings(&self) -> usize {
        self.confirm.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        number(self.bindings()) / self.took.as_secs_f64()
    }
}

impl Door {
    pub(crate) fn engine(house: &House) -> Self {
        let (engine, platform) = (house.engine.clone(), house.platform);
        Self::Engine { engine, platform, consents: house.consents.clone() }
    }

    /// Connects to a served house and reads which consents it asks for.
    pub(crate) async fn http(address: &str, key: &str) -> Result<Self, String> {
        let mut client = Client::connect(address, key).await?;
        let none = bytes::Bytes::new();
        let answer = client.ask(Method::GET, "/v1/consents", "", none).await?;
        let read: Consents = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        let given = read.items.iter().map(|one| {
            json!({ "kind": one.kind, "version": one.version, "lang": "zh", "sha256": one.sha256 })
        });
        Ok(Self::Http { client, consents: given.collect() })
    }

    async fn bind(&mut self, card: &MagicCard, key: &str) -> Result<Bound, String> {
        match self {
            Self::Engine { engine, platform, consents } => {
                let new = NewBinding {
                    entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
                    environment: Environment::default(),
                    consents: consents.clone(),
                    borrower_ref: Some(card.slug.clone()),
                    page: None,
                };
                let view = engine.bind(*platform, idempotency(key), new).await;
                view.map(Bound::from).map_err(|e| format!("{e}: {e:?}"))
            }
            Self::Http { client, consents } => {
                let body = json!({
                    "card_number": card.number, "name": card.name, "id_number": card.id_number,
                    "phone": card.phone, "borrower_ref": card.slug, "consents": consents,
                });
                post(client, "/v1/bindings", key, &body).await
            }
        }
    }

    async fn confirm(&mut self, id: &str, key: &str) -> Result<Bound, String> {
        match self {
            Self::Engine { engine, platform, .. } => {
                let id = id.parse().map_err(|e| format!("{e}"))?;
                let code = OneTimeCode::parse(CODE).map_err(|e| format!("{e:?}"))?;
                let view = engine.confirm(*platform, id, idempotency(key), code).await;
                view.map(Bound::from).map_err(|e| format!("{e}: {e:?}"))
            }
            Self::Http { client, .. } => {
                let path = format!("/v1/bindings/{id}/confirm");
                post(client, &path, key, &json!({ "code": CODE })).await
            }
        }
    }
}

/// Has every door bind one card after the other, cards from `next` on.
pub(crate) async fn drive(
    doors: Vec<Door>,
    until: Until,
    next: &Arc<AtomicU32>,
) -> Result<Driven, String> {
    let began = Instant::now();
    let first = next.load(Ordering::Relaxed);
    let mut clients = JoinSet::new();
    for mut door in doors {
        let next = Arc::clone(next);
        clients.spawn(async move {
            let mut seen = Driven { took: Duration::ZERO, bind: Vec::new(), confirm: Vec::new() };
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Time(time) => began.elapsed() >= time,
                    Until::Count(count) => number - first >= count,
                };
                if over {
                    seen.took = began.elapsed();
                    return Ok::<_, String>(seen);
                }
                one(&mut door, &cards::series(number), &mut seen).await?;
            }
        });
    }
    let mut all = Driven { took: Duration::ZERO, bind: Vec::new(), confirm: Vec::new() };
    while let Some(client) = clients.join_next().await {
        let seen = client.map_err(|e| e.to_string())??;
        all.took = all.took.max(seen.took);
        all.bind.extend(seen.bind);
        all.confirm.extend(seen.confirm);
    }
    Ok(all)
}

async fn one(door: &mut Door, card: &MagicCard, seen: &mut Driven) -> Result<(), String> {
    let began = Instant::now();
    let bound = door.bind(card, &format!("bind-{}", card.slug)).await?;
    seen.bind.push(began.elapsed());
    bound.is("awaiting_code")?;
    let began = Instant::now();
    let bound = door.confirm(&bound.id, &format!("confirm-{}", card.slug)).await?;
    seen.confirm.push(began.elapsed());
    bound.is("active")
}

/// What matters of an answer.
#[derive(Deserialize)]
struct Bound {
    id: String,
    state: String,
}

impl Bound {
    fn is(&self, state: &str) -> Result<(), String> {
        if self.state == state {
            return Ok(());
        }
        Err(format!("{} is `{}` and should be `{state}`", self.id, self.state))
    }
}

impl From<BindingView> for Bound {
    fn from(view: BindingView) -> Self {
        let state = match view.state {
            BindingState::AwaitingCode => "awaiting_code",
            BindingState::Active => "active",
            _ => "something else",
        };
        Self { id: view.id.to_string(), state: state.to_owned() }
    }
}

#[derive(Deserialize)]
struct Consents {
    items: Vec<Consent>,
}

#[derive(Deserialize)]
struct Consent {
    kind: String,
    version: String,
    sha256: String,
}

async fn post(
    client: &mut Client,
    path: &str,
    key: &str,
    body: &serde_json::Value,
) -> Result<Bound, String> {
    let answer = client.ask(Method::POST, path, key, body.to_string().into()).await?;
    serde_json::from_slice(&answer).map_err(|e| format!("{path}: {e}"))
}

fn idempotency(key: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), fingerprint: [7; 32] }
}
