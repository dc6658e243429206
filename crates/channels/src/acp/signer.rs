//! Whose signature counts as the bank's: the chain of the certificate that travels with an answer,
//! the name in it, and a short memory of what was already checked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mingka_crypto::certificate::{Certificate, Life};
use mingka_crypto::chain::{ChainError, Policy, TrustAnchors};
use mingka_crypto::digest::sha256;
use mingka_domain::time::Timestamp;

use super::suite::Version;
use super::wire::Fields;

/// The name in the certificate of the production gateway.
pub const NAME_PRODUCTION: &str = "中国银联股份有限公司";
/// The name in the certificate of the test gateway.
pub const NAME_TEST: &str = "00040000:SIGN";

/// How many certificates are remembered. A gateway uses one or two at a time.
const REMEMBERED_COUNT_MAX: usize = 16;

/// Whom we accept as signer of the bank's messages.
pub struct BankSigner {
    anchors: TrustAnchors,
    intermediates: Vec<Certificate>,
    policy: Policy,
    names: Vec<String>,
    known: Vec<Certificate>,
    remembered: Mutex<BTreeMap<[u8; 32], Remembered>>,
}

/// What makes a signer acceptable.
#[derive(Debug, Clone, Default)]
pub struct SignerRules {
    /// The roots, in PEM.
    pub roots: Vec<String>,
    /// The certificates between root and signer, in PEM.
    pub intermediates: Vec<String>,
    /// The accepted names; see [`NAME_PRODUCTION`] and [`NAME_TEST`].
    pub names: Vec<String>,
    /// The bank's certificates for version 5.0.0, whose answers only name them, in PEM.
    pub known: Vec<String>,
    /// Whether the chain may be signed with SHA-1.
    pub allow_sha1: bool,
}

/// Why a signer is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerError {
    /// The message brings or names no certificate.
    NoCertificate,
    /// What it brings is not a certificate.
    Unreadable,
    /// It names a certificate we do not have.
    NotKnown,
    /// The chain is refused.
    Chain(ChainError),
    /// The certificate is sound, and somebody else's.
    OtherName,
    /// A rule names a root or certificate that cannot be read. Only while the rules are loaded.
    Rules(&'static str),
}

impl fmt::Display for SignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("no certificate came with it"),
            Self::Unreadable => f.write_str("its certificate cannot be read"),
            Self::NotKnown => f.write_str("it names a certificate that is not known here"),
            Self::Chain(error) => error.fmt(f),
            Self::OtherName => f.write_str("its certificate is not the bank's"),
            Self::Rules(which) => write!(f, "the certificates under `{which}` cannot be read"),
        }
    }
}

impl std::error::Error for SignerError {}

#[derive(Clone)]
struct Remembered {
    certificate: Arc<Certificate>,
    life: Life,
}

impl BankSigner {
    /// Loads the rules.
    ///
    /// # Errors
    /// Names the list with a certificate that cannot be read.
    pub fn new(rules: &SignerRules) -> Result<Self, SignerError> {
        let load = |which: &'static str, pems: &[String]| {
            let certificates = pems.iter().map(|pem| Certificate::from_pem(pem));
            certificates.collect::<Result<Vec<_>, _>>().map_err(|_| SignerError::Rules(which))
        };
        let roots = load("roots", &rules.roots)?;
        Ok(Self {
            anchors: TrustAnchors::new(&roots).map_err(|_| SignerError::Rules("roots"))?,
            intermediates: load("intermediates", &rules.intermediates)?,
            policy: Policy { allow_sha1: rules.allow_sha1 },
            names: rules.names.clone(),
            known: load("known", &rules.known)?,
            remembered: Mutex::default(),
        })
    }

    /// The accepted certificate of whoever signed this message.
    ///
    /// # Errors
    /// Says why nobody is accepted.
    pub fn signer_of(
        &self,
        version: Version,
        fields: &Fields,
        now: Timestamp,
    ) -> Result<Arc<Certificate>, SignerError> {
        match version {
            Version::V5_1_0 => {
                let pem = fields.ascii("signPubKeyCert").ok_or(SignerError::NoCertificate)?;
                self.accept_pem(pem, now)
            }
            Version::V5_0_0 => {
                let serial = fields.ascii("certId").ok_or(SignerError::NoCertificate)?;
                let named = self.known.iter().find(|one| one.serial_decimal() == serial);
                self.accept(named.ok_or(SignerError::NotKnown)?, now).map(|known| known.certificate)
            }
        }
    }

    /// Whether an encryption certificate the bank sent is the bank's: its chain and its name must
    /// be such as a signer's. Gives the span in which that holds.
    ///
    /// # Errors
    /// Says why it is not.
    pub fn accept_encryption(
        &self,
        certificate: &Certificate,
        now: Timestamp,
    ) -> Result<Life, SignerError> {
        self.accept(certificate, now).map(|accepted| accepted.life)
    }

    fn accept_pem(&self, pem: &str, now: Timestamp) -> Result<Arc<Certificate>, SignerError> {
        let key = sha256(pem.as_bytes());
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered.get(&key)
            && known.life.holds_at(now.as_millis())
        {
            return Ok(Arc::clone(&known.certificate));
        }
        let certificate = Certificate::from_pem(pem).map_err(|_| SignerError::Unreadable)?;
        let accepted = self.accept(&certificate, now)?;
        if remembered.len() >= REMEMBERED_COUNT_MAX {
            remembered.clear();
        }
        remembered.insert(key, accepted.clone());
        Ok(accepted.certificate)
    }

    fn accept(&self, certificate: &Certificate, now: Timestamp) -> Result<Remembered, SignerError> {
        let life = self
            .anchors
            .verify(certificate, &self.intermediates, now.as_millis(), self.policy)
            .map_err(SignerError::Chain)?;
        // The authority signs for many parties; the third part of the common name says for whom.
        let name = certificate.common_name().and_then(|name| name.split('@').nth(2));
        if !name.is_some_and(|name| self.names.iter().any(|accepted| accepted == name)) {
            return Err(SignerError::OtherName);
        }
        Ok(Remembered { certificate: Arc::new(certificate.clone()), life })
    }
}

impl fmt::Debug for BankSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankSigner").field("names", &self.names).finish_non_exhaustive()
    }
}
