//! How a message is signed and proven: the sign methods of ACP, and one cheap method for the
//! simulator that no configuration can name. Both ends use it; keys come in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_crypto::certificate::{Certificate, SignatureHash};
use mingka_crypto::constant_time_eq;
use mingka_crypto::digest::{sha1_hex, sha256_hex, sm3_hex};
use mingka_crypto::rsa::{RsaError, SigningKey};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::signer::{BankSigner, SignerError};
use super::wire::{Fields, SIGNATURE};

/// The version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Version {
    /// SHA-256; the signer's certificate travels with each answer.
    #[default]
    #[serde(rename = "5.1.0")]
    V5_1_0,
    /// SHA-1; answers name a certificate that must be known beforehand.
    #[serde(rename = "5.0.0")]
    V5_0_0,
}

impl Version {
    /// The word for it in a message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V5_1_0 => "5.1.0",
            Self::V5_0_0 => "5.0.0",
        }
    }

    const fn hash(self) -> SignatureHash {
        match self {
            Self::V5_1_0 => SignatureHash::Sha256,
            Self::V5_0_0 => SignatureHash::Sha1,
        }
    }

    /// What is signed: the hash of the canonical text as hexadecimal digits, which the signature
    /// then hashes once more.
    fn digest(self, canonical: &[u8]) -> String {
        match self {
            Self::V5_1_0 => sha256_hex(canonical),
            Self::V5_0_0 => sha1_hex(canonical),
        }
    }
}

/// The hash of a method that signs with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedHash {
    /// signMethod 11.
    Sha256,
    /// signMethod 12.
    Sm3,
    /// One hash instead of two, for the simulator alone. No configuration can name it.
    Simulation,
}

impl KeyedHash {
    /// The `signMethod` of a message.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Sha256 => "11",
            Self::Sm3 => "12",
            Self::Simulation => "simulation",
        }
    }

    fn tag(self, secret: &Secret, canonical: &[u8]) -> String {
        let hash = match self {
            Self::Sha256 => sha256_hex,
            Self::Sm3 => sm3_hex,
            Self::Simulation => {
                return sha256_hex(&joined(canonical, secret.expose().as_bytes()));
            }
        };
        let key = Zeroizing::new(hash(secret.expose().as_bytes()));
        hash(&joined(canonical, key.as_bytes()))
    }
}

/// The `signMethod` of RSA.
pub const METHOD_RSA: &str = "01";

/// How one account signs, and how it proves what the bank sends.
pub enum Suite {
    /// signMethod 01: a key pair of ours, and the bank's certificates.
    Rsa {
        /// Our key.
        key: Box<SigningKey>,
        /// The serial number of our certificate, in decimal digits.
        certificate_id: String,
        /// Whose signature counts as the bank's.
        bank: Box<BankSigner>,
    },
    /// signMethod 11 or 12: one secret on both sides.
    Keyed {
        /// The hash.
        hash: KeyedHash,
        /// The secret.
        secret: Secret,
    },
}

impl Suite {
    /// The `signMethod` of this account's messages, in both directions.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => METHOD_RSA,
            Self::Keyed { hash, .. } => hash.method(),
        }
    }

    /// Signs a message of ours: sets `signMethod`, `certId` where there is one, and `signature`.
    ///
    /// # Errors
    /// When the key cannot sign for this version.
    pub fn sign(&self, version: Version, fields: &mut Fields) -> Result<(), RsaError> {
        match self {
            Self::Rsa { key, certificate_id, .. } => {
                fields.set("certId", certificate_id.as_bytes());
                sign_rsa(key, version, fields)
            }
            Self::Keyed { hash, secret } => {
                sign_keyed(*hash, secret, fields);
                Ok(())
            }
        }
    }

    /// Proves that a message is the bank's, signed by the method this account agreed on: a message
    /// cannot choose a weaker one.
    ///
    /// # Errors
    /// Says what is wrong with the signature or the signer.
    pub fn prove(&self, version: Version, fields: &Fields, now: Timestamp) -> Result<(), Unproven> {
        if fields.ascii("signMethod") != Some(self.method()) {
            return Err(Unproven::OtherMethod);
        }
        match self {
            Self::Keyed { hash, secret } => verify_keyed(*hash, secret, fields),
            Self::Rsa { bank, .. } => {
                let signer = bank.signer_of(version, fields, now).map_err(Unproven::Signer)?;
                verify_rsa(&signer, version, fields)
            }
        }
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suite({})", self.method())
    }
}

/// Why a message is not proven to be its sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// It is not signed at all.
    NoSignature,
    /// It is signed by another method than agreed.
    OtherMethod,
    /// The signature does not fit.
    BadSignature,
    /// The signature may fit, but the signer is nobody we trust.
    Signer(SignerError),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature => f.write_str("it is not signed"),
            Self::OtherMethod => f.write_str("it is signed by another method than agreed"),
            Self::BadSignature => f.write_str("its signature does not fit"),
            Self::Signer(error) => write!(f, "its signer is not accepted: {error}"),
        }
    }
}

/// Signs with RSA: sets `signMethod` and `signature`. The bank's side uses it too, after it has set
/// `signPubKeyCert`.
///
/// # Errors
/// When the key cannot sign for this version.
pub fn sign_rsa(key: &SigningKey, version: Version, fields: &mut Fields) -> Result<(), RsaError> {
    fields.set("signMethod", METHOD_RSA);
    let digest = version.digest(&fields.canonical());
    let signature = match version.hash() {
        SignatureHash::Sha256 => key.sign_sha256(digest.as_bytes())?,
        SignatureHash::Sha1 => key.sign_sha1(digest.as_bytes())?,
    };
    fields.set(SIGNATURE, STANDARD.encode(signature));
    Ok(())
}

/// Checks an RSA signature against one certificate. Whether that certificate may be believed is
/// another question.
///
/// # Errors
/// When there is no signature or it does not fit.
pub fn verify_rsa(signer: &Certificate, version: Version, fields: &Fields) -> Result<(), Unproven> {
    let signature = fields.ascii(SIGNATURE).ok_or(Unproven::NoSignature)?;
    let signature = STANDARD.decode(signature).map_err(|_| Unproven::BadSignature)?;
    let digest = version.digest(&fields.canonical());
    signer.verify(version.hash(), digest.as_bytes(), &signature).map_err(|_| Unproven::BadSignature)
}

/// Signs with a shared secret: sets `signMethod` and `signature`.
pub fn sign_keyed(hash: KeyedHash, secret: &Secret, fields: &mut Fields) {
    fields.set("signMethod", hash.method());
    let tag = hash.tag(secret, &fields.canonical());
    fields.set(SIGNATURE, tag);
}

/// Checks a signature made with a shared secret.
///
/// # Errors
/// When there is no signature or it does not fit.
pub fn verify_keyed(hash: KeyedHash, secret: &Secret, fields: &Fields) -> Result<(), Unproven> {
    let signature = fields.bytes(SIGNATURE).ok_or(Unproven::NoSignature)?;
    let tag = hash.tag(secret, &fields.canonical());
    constant_time_eq(signature, tag.as_bytes()).then_some(()).ok_or(Unproven::BadSignature)
}

fn joined(canonical: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(canonical.len() + 1 + key.len()));
    text.extend_from_slice(canonical);
    text.push(b'&');
    text.extend_from_slice(key);
    text
}
