//! One X.509 certificate: its serial number, its common name, its key.
//! Whether it may be believed is the chain's business, not this file's.

use std::fmt;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_cert::der::{Decode as _, Encode as _, Tagged as _};
use x509_cert::spki::ObjectIdentifier;

use crate::rsa::{EncryptionKey, RsaError};

/// The longest PEM text that is read, in bytes. Real ones have about 2,000.
pub const PEM_BYTES_MAX: usize = 16 * 1024;

/// A parsed certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    serial_decimal: String,
    common_name: Option<String>,
    spki_der: Vec<u8>,
    public_key: Vec<u8>,
    life: Life,
}

/// From when to when a certificate or a chain holds, both ends included, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The first moment.
    pub from_ms: i64,
    /// The last moment.
    pub until_ms: i64,
}

impl Life {
    /// Whether the moment lies within.
    #[must_use]
    pub const fn holds_at(self, now_ms: i64) -> bool {
        self.from_ms <= now_ms && now_ms <= self.until_ms
    }

    /// The part that both have in common.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self {
            from_ms: self.from_ms.max(other.from_ms),
            until_ms: self.until_ms.min(other.until_ms),
        }
    }
}

/// Why a text is not a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateError {
    /// Longer than [`PEM_BYTES_MAX`].
    TooLong,
    /// No PEM block `BEGIN CERTIFICATE`.
    NotPem,
    /// The block is not an X.509 certificate.
    NotX509,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than a certificate can be",
            Self::NotPem => "no certificate in PEM form (BEGIN CERTIFICATE)",
            Self::NotX509 => "not an X.509 certificate",
        })
    }
}

impl std::error::Error for CertificateError {}

/// The hash an RSA signature was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureHash {
    /// SHA-256.
    Sha256,
    /// SHA-1: only where an old protocol version prescribes it.
    Sha1,
}

/// The signature does not fit the message and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSignature;

impl Certificate {
    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        if pem.len() > PEM_BYTES_MAX {
            return Err(CertificateError::TooLong);
        }
        let der =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateError::NotPem)?;
        Self::from_der(&der)
    }

    /// Reads a certificate from DER.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed =
            x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::NotX509)?;
        let tbs = parsed.tbs_certificate();
        let spki = tbs.subject_public_key_info();
        Ok(Self {
            der: CertificateDer::from(der.to_vec()),
            serial_decimal: decimal(tbs.serial_number().as_bytes()),
            common_name: common_name(tbs.subject()),
            spki_der: spki.to_der().map_err(|_| CertificateError::NotX509)?,
            public_key: spki.subject_public_key.raw_bytes().to_vec(),
            life: Life {
                from_ms: milliseconds(&tbs.validity().not_before),
                until_ms: milliseconds(&tbs.validity().not_after),
            },
        })
    }

    /// The serial number in decimal digits: UnionPay's `certId` and `encryptCertId`.
    #[must_use]
    pub fn serial_decimal(&self) -> &str {
        &self.serial_decimal
    }

    /// The subject's common name, where it has one that can be read.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// From when to when it holds.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.life
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The public key as the private half shows it (PKCS#1 for RSA).
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// The key to encrypt short values to whoever holds this certificate.
    ///
    /// # Errors
    /// When the certificate's key is not RSA of at least 2048 bits.
    pub fn encryption_key(&self) -> Result<EncryptionKey, RsaError> {
        EncryptionKey::from_spki_der(&self.spki_der)
    }

    /// Checks an RSA PKCS#1 v1.5 signature against this certificate's key.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(
        &self,
        hash: SignatureHash,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let algorithm: &'static RsaParameters = match hash {
            SignatureHash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            SignatureHash::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        };
        UnparsedPublicKey::new(algorithm, &self.public_key)
            .verify(message, signature)
            .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial_decimal)
            .field("common_name", &self.common_name)
            .finish_non_exhaustive()
    }
}

fn milliseconds(time: &x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The last common name of the subject, decoded from whichever string type the CA chose. Chinese CAs
/// use UTF-8, printable, T61 and BMP strings; the last two are read only as far as they are ASCII.
fn common_name(subject: &x509_cert::name::Name) -> Option<String> {
    use x509_cert::der::Tag;
    let value = &subject.iter().filter(|attribute| attribute.oid == COMMON_NAME).last()?.value;
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(value.value()).ok().map(str::to_owned),
        Tag::BmpString => {
            let units = value
                .value()
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0u16, |unit, byte| (unit << 8) | u16::from(*byte)));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        _ if value.value().is_ascii() => std::str::from_utf8(value.value()).ok().map(str::to_owned),
        _ => None,
    }
}

/// A big-endian unsigned number in decimal digits. Serial numbers have at most 20 bytes, so the
/// plain school method is fast enough.
fn decimal(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = vec![0];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decimal_agrees_with_the_machine(number: u128) {
            prop_assert_eq!(decimal(&number.to_be_bytes()), number.to_string());
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,400}", bytes in any::<Vec<u8>>()) {
            let _ = Certificate::from_pem(&text);
            prop_assert!(Certificate::from_der(&bytes).is_err());
        }
    }

    #[test]
    fn not_a_certificate() {
        assert_eq!(Certificate::from_pem(""), Err(CertificateError::NotPem));
        let not_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Certificate::from_pem(not_x509), Err(CertificateError::NotX509));
        let long = "x".repeat(PEM_BYTES_MAX + 1);
        assert_eq!(Certificate::from_pem(&long), Err(CertificateError::TooLong));
    }
}
