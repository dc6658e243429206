//! A whole house in the test's own process: the router, an engine on an in-memory store, and the
//! sandbox's bank behind a transport without sockets. Time stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use mingka_channels::acp::{Acp, MerchantAccount};
use mingka_channels::{HttpRequest, Profile};
use mingka_crypto::SystemEntropy;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::cause::Dictionary;
use mingka_domain::consent::{ConsentBook, Recipient};
use mingka_domain::environment::EnvironmentRules;
use mingka_domain::id::PlatformId;
use mingka_domain::outcome::Doubt;
use mingka_domain::precheck::Rules;
use mingka_domain::secret::Secret;
use mingka_domain::text::Text;
use mingka_domain::time::Timestamp;
use mingka_engine::{
    Channel, Clock, Delivery, Engine, Hooks, NewApiKey, Parts, Scope, Sending, Settings, TlsRoots,
    Transport,
};
use mingka_sandbox::acp::{AcpBank, Manner};
use mingka_sandbox::bank::Rules as BankRules;
use mingka_sandbox::cards::{self, MagicCard};
use mingka_sandbox::faults::{Fault, Rule};
use mingka_store::Store;
use mingka_web::WebSettings;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) mod borrower;
pub(crate) mod receiver;

pub(crate) const MERCHANT: &str = "777290058110048";
/// 2026-11-23 10:00 in Beijing.
const MORNING_MS: i64 = 1_795_399_200_000;

/// The house and everything a test turns.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    pub(crate) key: String,
    pub(crate) bank: Arc<Mutex<AcpBank>>,
    pub(crate) parts: Parts,
    /// Everything that went to the bank, as it went.
    pub(crate) sent: Arc<Mutex<Vec<HttpRequest>>>,
    settings: WebSettings,
    clock: Arc<HandClock>,
}

/// A clock that a test moves.
#[derive(Default)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The way to the bank without a socket.
struct Wire {
    bank: Arc<Mutex<AcpBank>>,
    clock: Arc<HandClock>,
    sent: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Transport for Wire {
    fn send(&self, request: HttpRequest, timeout_ms: u64) -> Sending<'_> {
        self.sent.lock().unwrap().push(request.clone());
        let mut bank = self.bank.lock().unwrap();
        let answer = bank.answer(self.clock.now(), &SystemEntropy::new(), &request);
        let delivery = match answer.delivery.manner {
            _ if answer.delivery.delay_ms >= timeout_ms => Delivery::Lost(Doubt::TimedOut),
            Manner::Whole => Delivery::Answered(answer.response),
            Manner::Half | Manner::Nothing => Delivery::Lost(Doubt::ConnectionBroken),
        };
        Box::pin(async move { delivery })
    }
}

impl House {
    /// A house with one platform.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A house with other web settings.
    pub(crate) async fn with(turn: impl FnOnce(&mut WebSettings)) -> Self {
        Self::on(Store::open_in_memory().unwrap(), turn).await
    }

    /// A house whose operator set other rules.
    pub(crate) async fn ruled(rule: impl FnOnce(&mut EnvironmentRules)) -> Self {
        let mut house = Self::new().await;
        let mut rules = Rules::default();
        rule(&mut rules.environment);
        house.parts.rules = Arc::new(rules);
        let keyring = Arc::clone(&house.parts.keyring);
        house.restarted(keyring)
    }

    /// A house on this store.
    pub(crate) async fn on(store: Store, turn: impl FnOnce(&mut WebSettings)) -> Self {
        let secret = Secret::new("a secret of the simulation".to_owned());
        let rules = BankRules { payment_code_required: false, ..BankRules::default() };
        let bank = AcpBank::simulation(MERCHANT, &secret, cards::bank().with_rules(rules));
        Self::at(store, bank, MerchantAccount::simulation(MERCHANT, &secret), turn).await
    }

    /// A house on this store, with this bank and this contract with it.
    pub(crate) async fn at(
        store: Store,
        bank: AcpBank,
        account: MerchantAccount,
        turn: impl FnOnce(&mut WebSettings),
    ) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(MORNING_MS)));
        let (bank, sent) = (Arc::new(Mutex::new(bank)), Arc::default());
        let wire = Wire { bank: Arc::clone(&bank), clock: clock.clone(), sent: Arc::clone(&sent) };
        let merchant_number = account.merchant_number.clone();
        let keyring = Arc::new(KeyRing::fresh(&SystemEntropy::new()));
        let profile = Profile::unionpay_acp();
        let both = |text: &str| Text { zh: text.to_owned(), en: text.to_owned() };
        let parts = Parts {
            store,
            keyring: Arc::clone(&keyring),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy::new()),
            transport: Arc::new(wire),
            channels: vec![Channel {
                code: "unionpay".to_owned(),
                exchange: Arc::new(Acp::new(Arc::clone(&profile), account)),
                lender: mingka_engine::DEFAULT_LENDER.to_owned(),
                recipient: Recipient { name: profile.recipient.clone(), contact: both("95516") },
                profile,
                merchant_number,
            }],
            rules: Arc::new(Rules::default()),
            dictionary: Arc::new(Dictionary::embedded().clone()),
            consents: Arc::new(ConsentBook::embedded().clone()),
            hooks: Some(Hooks::new(true, &TlsRoots::Public, mingka_web::event_json).unwrap()),
            settings: Settings::default(),
        };
        let engine = Engine::new(parts.clone());
        let mut settings = WebSettings::new("http://127.0.0.1:1", keyring);
        settings.clock = clock.clone();
        turn(&mut settings);
        let (_, key) = platform(&engine, "晨光分期", &Scope::ALL).await;
        let router = mingka_web::router(engine.clone(), settings.clone());
        Self { router, engine, key, bank, parts, sent, settings, clock }
    }

    /// The house after its process ended and another began on the same store, with these keys.
    pub(crate) fn restarted(&self, keyring: Arc<KeyRing>) -> Self {
        self.again(Parts { keyring, ..self.parts.clone() })
    }

    /// Another process of the house, of these parts.
    pub(crate) fn again(&self, parts: Parts) -> Self {
        let keyring = Arc::clone(&parts.keyring);
        let settings = WebSettings { keyring, ..self.settings.clone() };
        let engine = Engine::new(parts.clone());
        let router = mingka_web::router(engine.clone(), settings.clone());
        let (key, bank, clock) = (self.key.clone(), self.bank.clone(), self.clock.clone());
        let sent = Arc::clone(&self.sent);
        Self { router, engine, key, bank, parts, sent, settings, clock }
    }

    /// Another platform's key, with these scopes.
    pub(crate) async fn other_key(&self, scopes: &[Scope]) -> String {
        platform(&self.engine, "另一家平台", scopes).await.1
    }

    /// Moves the clock.
    pub(crate) fn later(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Plans a fault at the bank.
    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        let rule = Rule::next(1, fault).on(operation);
        self.bank.lock().unwrap().faults_mut().add(rule);
    }

    /// The newest code on this phone.
    pub(crate) fn code(&self, card: &MagicCard) -> String {
        let bank = self.bank.lock().unwrap();
        let newest = bank.bank().newest_codes().filter(|(_, code)| code.card == card.slug);
        newest.max_by_key(|(_, code)| code.at).map(|(_, code)| code.digits.clone()).unwrap()
    }

    /// A request of the platform's server.
    pub(crate) fn api(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(self, method, path).header("authorization", &format!("Bearer {}", self.key))
    }

    /// A changing request with a fresh idempotency key.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Ask<'_> {
        self.api(Method::POST, path).header("idempotency-key", &fresh()).json(body)
    }

    /// A request of anybody.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(self, method, path)
    }

    /// What a platform sends to bind this card, with both consents.
    pub(crate) async fn binding_request(&self, card: &MagicCard) -> Value {
        let consents = self.api(Method::GET, "/v1/consents").send().await.json();
        let consents: Vec<Value> = consents["items"].as_array().unwrap().iter().map(|text| {
            serde_json::json!({"kind": text["kind"], "version": text["version"], "sha256": text["sha256"]})
        }).collect();
        serde_json::json!({
            "card_number": card.number, "name": card.name, "id_number": card.id_number,
            "phone": card.phone, "borrower_ref": "loan-1", "consents": consents,
        })
    }
}

async fn platform(engine: &Engine, name: &str, scopes: &[Scope]) -> (PlatformId, String) {
    let known = engine.platforms().await.unwrap().into_iter().find(|known| known.name == name);
    let platform = match known {
        Some(known) => known.id,
        None => engine.create_platform(name).await.unwrap().id,
    };
    let new = NewApiKey { name: "test".to_owned(), scopes: scopes.to_vec(), expires_at: None };
    let key = engine.create_api_key(platform, new).await.unwrap().key;
    (platform, key.expose().to_owned())
}

/// A card of the sandbox by its short name.
pub(crate) fn card(slug: &str) -> MagicCard {
    cards::catalogue().into_iter().find(|card| card.slug == slug).unwrap()
}

/// An idempotency key nobody used.
pub(crate) fn fresh() -> String {
    static COUNT: AtomicI64 = AtomicI64::new(0);
    format!("test-{}", COUNT.fetch_add(1, Ordering::SeqCst))
}

/// A request being put together.
pub(crate) struct Ask<'a> {
    house: &'a House,
    request: http::request::Builder,
    body: Vec<u8>,
}

impl<'a> Ask<'a> {
    fn new(house: &'a House, method: Method, path: &str) -> Self {
        Self { house, request: Request::builder().method(method).uri(path), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        self.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Told {
        let request = self.request.body(Body::from(self.body)).unwrap();
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Told { status: parts.status, headers: parts.headers, text }
    }

    /// Only the head: for streams that do not end.
    pub(crate) async fn stream(self) -> axum::response::Response {
        let request = self.request.body(Body::from(self.body)).unwrap();
        self.house.router.clone().oneshot(request).await.unwrap()
    }
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    text.bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// What came back.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Told {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Asserts that it is a problem in our form with this code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        for field in ["type", "title", "detail", "actor", "next_step", "request_id"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {body}");
        }
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> &str {
        self.header(header::LOCATION.as_str())
    }

    /// Nothing of the card's holder is in it, not even in part.
    #[track_caller]
    pub(crate) fn names_nobody(self, card: &MagicCard) -> Self {
        let headers: String =
            self.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        for clear in [&card.number, &card.name, &card.id_number, &card.phone] {
            assert!(!self.text.contains(clear.as_str()), "the answer holds a clear value");
            assert!(!headers.contains(clear.as_str()), "a header holds a clear value");
        }
        self
    }
}
