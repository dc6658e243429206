//! RSA with PKCS#1 v1.5, which is what bank protocols prescribe: signatures and short secrets.
//! New protocols of our own use something better.

mod legacy;

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// The shortest modulus a key of ours may have, in bits.
pub const MODULUS_BITS_MIN: usize = 2048;

/// A private key that signs, and opens what was encrypted to it.
pub struct SigningKey {
    pair: KeyPair,
    opener: Pkcs1PrivateDecryptingKey,
}

/// A public key to which short values are encrypted.
pub struct EncryptionKey(Pkcs1PublicEncryptingKey);

/// Why a key was refused or an operation with it failed. Never says more than it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaError {
    /// The text holds no PKCS#8 private key in PEM form (`BEGIN PRIVATE KEY`).
    NotPkcs8Pem,
    /// It is not an RSA key, or shorter than 2048 bits, or damaged.
    KeyRefused,
    /// The value is longer than one block of this key can hold.
    TooLong,
    /// The ciphertext is not one of this key, or the operation failed.
    Failed,
}

impl fmt::Display for RsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPkcs8Pem => "no PKCS#8 private key in PEM form (BEGIN PRIVATE KEY)",
            Self::KeyRefused => "not an RSA key of at least 2048 bits",
            Self::TooLong => "the value is longer than one RSA block",
            Self::Failed => "the RSA operation failed",
        })
    }
}

impl std::error::Error for RsaError {}

impl SigningKey {
    /// Reads a PKCS#8 key from PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// When there is no such key in the text, or it is not RSA, too short or damaged.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, RsaError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| RsaError::NotPkcs8Pem)?;
        Self::from_pkcs8_der(der.secret_pkcs8_der())
    }

    /// Reads a PKCS#8 key from DER.
    ///
    /// # Errors
    /// When it is not RSA, too short or damaged.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, RsaError> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| RsaError::KeyRefused)?;
        let opener = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| RsaError::KeyRefused)?;
        if opener.key_size_bits() < MODULUS_BITS_MIN {
            return Err(RsaError::KeyRefused);
        }
        let opener = Pkcs1PrivateDecryptingKey::new(opener).map_err(|_| RsaError::KeyRefused)?;
        Ok(Self { pair, opener })
    }

    /// Signs with SHA-256.
    ///
    /// # Errors
    /// When the library fails, which a sound key does not make happen.
    #[expect(
        clippy::disallowed_methods,
        reason = "the library asks for a source of randomness; PKCS#1 v1.5 signatures use none"
    )]
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, RsaError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| RsaError::Failed)?;
        Ok(signature)
    }

    /// Signs with SHA-1, for the one old protocol version that prescribes it.
    ///
    /// # Errors
    /// When the operation fails, which a sound key does not make happen.
    pub fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>, RsaError> {
        legacy::sign(&self.pair, message)
    }

    /// Opens a value that was encrypted to this key with PKCS#1 v1.5 padding.
    ///
    /// # Errors
    /// One and the same for every cause: an error that tells them apart would help who probes.
    pub fn decrypt_pkcs1(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, RsaError> {
        let mut clear = Zeroizing::new(vec![0; self.opener.min_output_size()]);
        let length =
            self.opener.decrypt(ciphertext, &mut clear).map_err(|_| RsaError::Failed)?.len();
        clear.truncate(length);
        Ok(clear)
    }

    /// The public half in PKCS#1 DER, to compare it with a certificate's.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
}

impl EncryptionKey {
    /// From a `SubjectPublicKeyInfo` in DER, as a certificate holds it.
    ///
    /// # Errors
    /// When it is not an RSA key of at least 2048 bits.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, RsaError> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| RsaError::KeyRefused)?;
        if key.key_size_bits() < MODULUS_BITS_MIN {
            return Err(RsaError::KeyRefused);
        }
        Pkcs1PublicEncryptingKey::new(key).map(Self).map_err(|_| RsaError::KeyRefused)
    }

    /// Encrypts one short value; two calls never give the same bytes.
    ///
    /// # Errors
    /// When the value is longer than the modulus less 11 bytes.
    pub fn encrypt_pkcs1(&self, clear: &[u8]) -> Result<Vec<u8>, RsaError> {
        if clear.len() > self.0.max_plaintext_size() {
            return Err(RsaError::TooLong);
        }
        let mut out = vec![0; self.0.ciphertext_size()];
        let length = self.0.encrypt(clear, &mut out).map_err(|_| RsaError::Failed)?.len();
        out.truncate(length);
        Ok(out)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(••••)")
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey")
    }
}

#[cfg(test)]
mod tests;
