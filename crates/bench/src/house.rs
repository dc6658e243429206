//! The house put together for a measurement, over a bank that is measured apart: behind a socket,
//! or in memory without any RSA, which shows what the house itself can do.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mingka_channels::acp::{
    AccountSettings, Acp, Encoding, MerchantAccount, NAME_TEST, SignerRules, Signing, Version,
};
use mingka_channels::{HttpRequest, Profile};
use mingka_crypto::SystemEntropy;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::cause::Dictionary;
use mingka_domain::consent::{ConsentBook, Recipient};
use mingka_domain::id::PlatformId;
use mingka_domain::outcome::Doubt;
use mingka_domain::precheck::Rules;
use mingka_domain::secret::Secret;
use mingka_domain::text::{Lang, Text};
use mingka_engine::{
    Channel, Clock as _, ConsentGiven, Delivery, Engine, HttpTransport, NewApiKey, Parts, Scope,
    Sending, Settings, SystemClock, Transport, TransportSettings,
};
use mingka_sandbox::acp::{AcpBank, MERCHANT_NUMBER, Manner, MerchantMaterial};
use mingka_sandbox::cards;
use mingka_store::Store;
use mingka_web::{Rate, WebSettings};
use tokio::time::Instant;

use crate::free::{self, Free};

/// What is at the other end.
pub(crate) enum Bank<'a> {
    /// A gateway at an address, and how messages to it are signed.
    Gateway { address: &'a str, merchant: &'a MerchantMaterial, sign_method: &'a str },
    /// In memory, without sockets and without RSA.
    Instant,
    /// Nothing at all: see `free`. Money is asked about first after so long, or as usual.
    Free { first_inquiry_ms: Option<i64> },
}

/// A house.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) platform: PlatformId,
    pub(crate) consents: Vec<ConsentGiven>,
    pub(crate) bank_times: Arc<Timed>,
    keyring: Arc<KeyRing>,
}

impl House {
    /// A house with a database of its own in `folder`; its background work runs.
    pub(crate) async fn open(folder: &Path, bank: &Bank<'_>) -> Result<Self, String> {
        let failed = |e: &dyn std::fmt::Display| format!("the house in {}: {e}", folder.display());
        std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
        let store = Store::open(database(folder)).map_err(|e| failed(&e))?;
        Self::on(store, bank).await
    }

    /// A house on a database that holds nothing yet.
    pub(crate) async fn on(store: Store, bank: &Bank<'_>) -> Result<Self, String> {
        let failed = |e: &dyn std::fmt::Display| format!("the house: {e}");
        let keyring = Arc::new(KeyRing::fresh(&SystemEntropy::new()));
        let transport: Arc<dyn Transport> = match bank {
            Bank::Gateway { .. } => {
                Arc::new(HttpTransport::new(TransportSettings::default()).map_err(|e| failed(&e))?)
            }
            Bank::Instant => Arc::new(Wire::new()),
            Bank::Free { .. } => Arc::new(Free),
        };
        let bank_times = Arc::new(Timed { way: transport, times: Mutex::default() });
        let engine = Engine::new(Parts {
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::new()),
            transport: Arc::<Timed>::clone(&bank_times),
            channels: vec![channel(bank)?],
            rules: Arc::new(Rules::default()),
            dictionary: Arc::new(Dictionary::embedded().clone()),
            consents: Arc::new(ConsentBook::embedded().clone()),
            hooks: None,
            settings: Settings::default(),
        });
        let background = engine.clone();
        tokio::spawn(async move { background.run(std::future::pending()).await });
        let platform = engine.create_platform("a platform").await.map_err(|e| failed(&e))?.id;
        let consents = engine.consents(platform, Lang::Zh).await.map_err(|e| failed(&e))?;
        let given = consents.into_iter().map(|one| ConsentGiven {
            kind: one.kind,
            version: one.version,
            lang: Lang::Zh,
            sha256: Some(one.sha256),
        });
        let consents = given.collect();
        Ok(Self { engine, store, platform, consents, bank_times, keyring })
    }

    /// A new API key with every scope.
    pub(crate) async fn key(&self) -> Result<String, String> {
        let new =
            NewApiKey { name: "bench".to_owned(), scopes: Scope::ALL.to_vec(), expires_at: None };
        let issued = self.engine.create_api_key(self.platform, new).await;
        issued.map(|key| key.key.expose().to_owned()).map_err(|e| e.to_string())
    }

    /// What the web needs, without limits: they are not what is measured.
    pub(crate) fn web_settings(&self, public_url: &str) -> WebSettings {
        let rate = Rate { per_minute: 60_000_000, burst: 60_000_000 };
        let settings = WebSettings::new(public_url, Arc::clone(&self.keyring));
        WebSettings { key_rate: rate, address_rate: rate, ..settings }
    }

    /// Ends the house and says how large its database is, in bytes; 0 where it is no file in there.
    pub(crate) async fn close(self, folder: &Path) -> u64 {
        self.engine.halt();
        self.store.close().await;
        std::fs::metadata(database(folder)).map_or(0, |file| file.len())
    }
}

fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("mingka.db")
}

fn channel(bank: &Bank<'_>) -> Result<Channel, String> {
    let account = match bank {
        Bank::Free { first_inquiry_ms } => return Ok(free::channel(*first_inquiry_ms)),
        Bank::Instant => MerchantAccount::simulation(MERCHANT_NUMBER, &secret()),
        Bank::Gateway { address, merchant, sign_method } => {
            MerchantAccount::load(AccountSettings {
                merchant_number: merchant.merchant_number.clone(),
                token_requestor: merchant.token_requester.clone(),
                version: Version::V5_1_0,
                encoding: Encoding::Utf8,
                signing: signing(merchant, sign_method),
                encryption_certificate: merchant.encryption_certificate.clone(),
                gateway: (*address).to_owned(),
                notify_url: None,
            })
            .map_err(|e| e.to_string())?
        }
    };
    let merchant_number = account.merchant_number.clone();
    let profile = Profile::unionpay_acp();
    let contact = Text { zh: "95516".to_owned(), en: "95516".to_owned() };
    Ok(Channel {
        code: "unionpay".to_owned(),
        exchange: Arc::new(Acp::new(Arc::clone(&profile), account)),
        lender: mingka_engine::DEFAULT_LENDER.to_owned(),
        recipient: Recipient { name: profile.recipient.clone(), contact },
        profile,
        merchant_number,
    })
}

fn signing(merchant: &MerchantMaterial, sign_method: &str) -> Signing {
    if sign_method == "11" {
        return Signing::KeyedSha256(Secret::new(merchant.shared_secret.clone()));
    }
    Signing::Rsa {
        private_key: Secret::new(merchant.signing_key.clone()),
        certificate: merchant.signing_certificate.clone(),
        bank: SignerRules {
            roots: vec![merchant.root_certificate.clone()],
            intermediates: vec![merchant.middle_certificate.clone()],
            names: vec![NAME_TEST.to_owned()],
            known: Vec::new(),
            allow_sha1: false,
        },
    }
}

fn secret() -> Secret {
    Secret::new("a secret of the measurement".to_owned())
}

/// A way to the bank that keeps how long each exchange took.
pub(crate) struct Timed {
    way: Arc<dyn Transport>,
    times: Mutex<Vec<Duration>>,
}

impl Timed {
    /// The times since the last call, in the order in which the exchanges ended.
    pub(crate) fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Timed {
    fn send(&self, request: HttpRequest, timeout_ms: u64) -> Sending<'_> {
        Box::pin(async move {
            let began = Instant::now();
            let delivery = self.way.send(request, timeout_ms).await;
            let took = began.elapsed();
            self.times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
            delivery
        })
    }
}

/// A bank without a socket.
struct Wire(Mutex<AcpBank>);

impl Wire {
    fn new() -> Self {
        Self(Mutex::new(AcpBank::simulation(MERCHANT_NUMBER, &secret(), cards::bank())))
    }
}

impl Transport for Wire {
    fn send(&self, request: HttpRequest, _timeout_ms: u64) -> Sending<'_> {
        let mut bank = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = bank.answer(SystemClock.now(), &SystemEntropy::new(), &request);
        let delivery = match answer.delivery.manner {
            Manner::Whole => Delivery::Answered(answer.response),
            Manner::Half | Manner::Nothing => Delivery::Lost(Doubt::ConnectionBroken),
        };
        Box::pin(async move { delivery })
    }
}
