//! The bank's keys and its merchants: what is needed to hear a request and to sign an answer. Only
//! its encryption certificate ever changes, so that many requests can pass it at the same time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use mingka_channels::acp::suite::{self, METHOD_RSA};
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{Encoding, FieldOpener, FieldSealer, KeyedHash, Version};
use mingka_channels::http::HttpRequest;
use mingka_crypto::Entropy;
use mingka_crypto::certificate::Certificate;
use mingka_crypto::rsa::SigningKey;
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

use super::answer::Answer;
use super::read::{self, Question, Turned};
use super::rotation::{Encryption, Rotated};
use super::{Announced, Decided, Material, Notification, announce, say};
use crate::bank::Refusal;
use crate::faults::CertificateFlaw;

/// Keys and merchants.
pub struct Gate {
    merchants: BTreeMap<String, Merchant>,
    keys: Keys,
}

/// A merchant as the bank knows it.
pub(super) struct Merchant {
    certificate: Option<Certificate>,
    secret: Option<Secret>,
}

pub(super) enum Keys {
    Rsa(Box<RsaKeys>),
    Simulation(Secret),
}

pub(super) struct RsaKeys {
    signer: SigningKey,
    signer_pem: String,
    signer_id: String,
    encryption: RwLock<Encryption>,
}

/// A request as far as it was understood.
pub struct Heard {
    pub(super) fields: Fields,
    pub(super) form: Form,
    pub(super) question: Result<Question, Turned>,
}

/// How a request is written, and how its answer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) version: Version,
    pub(super) encoding: Encoding,
    pub(super) method: Method,
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Rsa,
    Keyed(KeyedHash),
}

/// Why keys cannot be used. Holds nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateError(pub(super) &'static str);

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sandbox bank cannot use its {}", self.0)
    }
}

impl std::error::Error for GateError {}

impl Gate {
    /// From the material that was made at the first start.
    ///
    /// # Errors
    /// When a key or a certificate cannot be used.
    pub fn from_material(material: &Material) -> Result<Self, GateError> {
        let certificate = |pem: &str, name| Certificate::from_pem(pem).map_err(|_| GateError(name));
        let key = |pem: &str, name| SigningKey::from_pkcs8_pem(pem).map_err(|_| GateError(name));
        let signer = certificate(&material.signer_certificate, "signing certificate")?;
        let keys = RsaKeys {
            signer: key(material.signer_key(), "signing key")?,
            signer_pem: material.signer_certificate.clone(),
            signer_id: signer.serial_decimal().to_owned(),
            encryption: RwLock::new(Encryption::load(material)?),
        };
        let merchant = Merchant {
            certificate: Some(certificate(&material.merchant_certificate, "merchant")?),
            secret: Some(Secret::new(material.shared_secret.trim().to_owned())),
        };
        let merchants = BTreeMap::from([(material.merchant_number.clone(), merchant)]);
        Ok(Self { merchants, keys: Keys::Rsa(Box::new(keys)) })
    }

    /// For the simulator.
    pub(super) fn simulation(merchant_number: &str, secret: &Secret) -> Self {
        let merchant = Merchant { certificate: None, secret: Some(secret.clone()) };
        let merchants = BTreeMap::from([(merchant_number.to_owned(), merchant)]);
        Self { merchants, keys: Keys::Simulation(secret.clone()) }
    }

    /// Reads a request: its form, its signature, its sealed fields, what it asks.
    #[must_use]
    pub fn hear(&self, now: Timestamp, request: &HttpRequest) -> Heard {
        let Ok(fields) = Fields::parse_form(&request.body) else {
            let turned = Turned::new(Refusal::FormatWrong, "");
            return Heard { fields: Fields::new(), form: self.own_form(), question: Err(turned) };
        };
        let form = read::form(&fields, self.is_simulation());
        let question = form.and_then(|form| {
            self.check_signature(&fields, form)?;
            self.check_encryption(&fields, now)?;
            read::question(&fields, form.encoding, |sealed| self.open(&fields, now, sealed))
        });
        Heard { form: form.unwrap_or_else(|_| self.own_form()), fields, question }
    }

    /// Writes, signs and perhaps spoils the answer.
    #[must_use]
    pub fn say(&self, entropy: &dyn Entropy, heard: &Heard, decided: Decided) -> Answer {
        say::say(self, entropy, heard, decided)
    }

    /// Whether this is one of its merchants.
    #[must_use]
    pub fn knows(&self, merchant: &str) -> bool {
        self.merchants.contains_key(merchant)
    }

    /// Writes and signs an announcement: none where the merchant named no address for it.
    #[must_use]
    pub fn announce(&self, entropy: &dyn Entropy, announced: &Announced) -> Vec<Notification> {
        announce::write(self, entropy, announced)
    }

    /// Signs a message of the bank's. Where no key is shared it stays unsigned, and nobody need
    /// believe it.
    pub(super) fn sign(&self, fields: &mut Fields, form: Form, merchant: &str) {
        match (form.method, &self.keys) {
            (Method::Rsa, Keys::Rsa(keys)) => {
                fields.set("certId", keys.signer_id.as_bytes());
                if form.version == Version::V5_1_0 {
                    fields.set("signPubKeyCert", keys.signer_pem.as_bytes());
                }
                if suite::sign_rsa(&keys.signer, form.version, fields).is_err() {
                    tracing::error!("the sandbox bank cannot sign");
                }
            }
            (Method::Keyed(hash), _) => {
                let secret = self.merchants.get(merchant).and_then(|one| one.secret.as_ref());
                if let Some(secret) = secret {
                    suite::sign_keyed(hash, secret, fields);
                }
            }
            (Method::Rsa, Keys::Simulation(_)) => {}
        }
    }

    /// The current encryption certificate, where there is one; with a flaw where a fault says so.
    pub(super) fn encryption_certificate(
        &self,
        flaw: Option<CertificateFlaw>,
        entropy: &dyn Entropy,
    ) -> Option<String> {
        let encryption = self.encryption()?;
        match flaw {
            Some(flaw) => encryption.flawed(flaw, entropy),
            None => Some(encryption.certificate().to_owned()),
        }
    }

    /// Makes another encryption certificate; the one before it opens values until `until`. Both are
    /// kept in `folder`, where one is given.
    ///
    /// # Errors
    /// When this bank has no certificates, or none can be made or kept.
    pub fn rotate(
        &self,
        until: Timestamp,
        folder: Option<&Path>,
        entropy: &dyn Entropy,
    ) -> Result<Rotated, GateError> {
        let Keys::Rsa(keys) = &self.keys else { return Err(GateError("certificates: no such")) };
        // Making a key takes a while: others may open values meanwhile.
        let read = || keys.encryption.read().unwrap_or_else(PoisonError::into_inner);
        let next = read().next(until, folder, entropy)?;
        *keys.encryption.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(read().state())
    }

    /// How the encryption certificate stands, where there is one.
    #[must_use]
    pub fn rotation(&self) -> Option<Rotated> {
        Some(self.encryption()?.state())
    }

    fn encryption(&self) -> Option<RwLockReadGuard<'_, Encryption>> {
        match &self.keys {
            Keys::Rsa(keys) => Some(keys.encryption.read().unwrap_or_else(PoisonError::into_inner)),
            Keys::Simulation(_) => None,
        }
    }

    /// Hides a value for a merchant, where it has a key for that.
    pub(super) fn seal_for(
        &self,
        merchant: &str,
        clear: &str,
        entropy: &dyn Entropy,
    ) -> Option<String> {
        let sealer = match &self.keys {
            Keys::Simulation(secret) => FieldSealer::Simulation(secret.clone()),
            Keys::Rsa(_) => {
                let certificate = self.merchants.get(merchant)?.certificate.as_ref()?;
                FieldSealer::to_certificate(certificate).ok()?
            }
        };
        sealer.seal(clear.as_bytes(), entropy).ok()
    }

    pub(super) fn is_simulation(&self) -> bool {
        matches!(self.keys, Keys::Simulation(_))
    }

    fn own_form(&self) -> Form {
        let method = match self.keys {
            Keys::Rsa(_) => Method::Rsa,
            Keys::Simulation(_) => Method::Keyed(KeyedHash::Simulation),
        };
        Form { version: Version::V5_1_0, encoding: Encoding::Utf8, method }
    }

    fn check_signature(&self, fields: &Fields, form: Form) -> Result<(), Turned> {
        let wrong = || Turned::new(Refusal::SignatureWrong, "signature");
        let number = fields.ascii("merId").ok_or(Turned::new(Refusal::FieldMissing, "merId"))?;
        let merchant =
            self.merchants.get(number).ok_or(Turned::new(Refusal::MerchantState, "merId"))?;
        match form.method {
            Method::Rsa => {
                let certificate = merchant.certificate.as_ref().ok_or_else(wrong)?;
                if fields.ascii("certId") != Some(certificate.serial_decimal()) {
                    return Err(Turned::new(Refusal::SignatureWrong, "certId"));
                }
                suite::verify_rsa(certificate, form.version, fields).map_err(|_| wrong())
            }
            Method::Keyed(hash) => {
                let secret = merchant.secret.as_ref().ok_or_else(wrong)?;
                suite::verify_keyed(hash, secret, fields).map_err(|_| wrong())
            }
        }
    }

    /// Whether values are hidden to a certificate of ours that is still in use.
    fn check_encryption(&self, fields: &Fields, now: Timestamp) -> Result<(), Turned> {
        let (Some(serial), Some(encryption)) = (fields.ascii("encryptCertId"), self.encryption())
        else {
            return Ok(());
        };
        let known = encryption.key(serial, now).is_some();
        known.then_some(()).ok_or(Turned::new(Refusal::FormatWrong, "encryptCertId"))
    }

    /// Opens a sealed value of a request.
    fn open(&self, fields: &Fields, now: Timestamp, sealed: &str) -> Option<Vec<u8>> {
        match &self.keys {
            Keys::Simulation(secret) => {
                FieldOpener::Simulation(secret).open(sealed).ok().map(|clear| clear.to_vec())
            }
            Keys::Rsa(_) => self.encryption()?.open(fields.ascii("encryptCertId")?, now, sealed),
        }
    }
}

impl Method {
    /// The method a message names. The simulator's can only be named to a simulated bank.
    pub(super) fn of(name: &str, simulation: bool) -> Option<Self> {
        let simulated = KeyedHash::Simulation;
        match name {
            METHOD_RSA => Some(Self::Rsa),
            _ if name == KeyedHash::Sha256.method() => Some(Self::Keyed(KeyedHash::Sha256)),
            _ if name == KeyedHash::Sm3.method() => Some(Self::Keyed(KeyedHash::Sm3)),
            _ if simulation && name == simulated.method() => Some(Self::Keyed(simulated)),
            _ => None,
        }
    }
}
