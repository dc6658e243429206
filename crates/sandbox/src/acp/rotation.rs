//! The bank's encryption certificate and the one before it. For a time of grace both open values;
//! then the former is refused, as if the bank had never had it.

use std::path::Path;

use mingka_channels::acp::FieldOpener;
use mingka_crypto::Entropy;
use mingka_crypto::certificate::Certificate;
use mingka_crypto::rsa::SigningKey;
use mingka_domain::time::Timestamp;

use super::gate::GateError;
use super::material::{self, Former, Material};
use crate::faults::CertificateFlaw;

/// What opens hidden values.
pub(super) struct Encryption {
    middle_key: String,
    current: Opening,
    former: Option<(Opening, Timestamp)>,
}

/// One certificate and its key.
#[derive(Clone)]
struct Opening {
    serial: String,
    certificate: String,
    key_pem: String,
    key: std::sync::Arc<SigningKey>,
}

/// How the bank's encryption certificate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The serial number of the current certificate.
    pub serial: String,
    /// That of the one before, and until when it still opens values.
    pub former: Option<(String, Timestamp)>,
}

impl Opening {
    fn load(certificate: &str, key_pem: &str) -> Result<Self, GateError> {
        let loaded = Certificate::from_pem(certificate);
        let key = SigningKey::from_pkcs8_pem(key_pem);
        let (Ok(loaded), Ok(key)) = (loaded, key) else { return Err(GateError(WHAT)) };
        Ok(Self {
            serial: loaded.serial_decimal().to_owned(),
            certificate: certificate.to_owned(),
            key_pem: key_pem.to_owned(),
            key: key.into(),
        })
    }
}

impl Encryption {
    pub(super) fn load(material: &Material) -> Result<Self, GateError> {
        let former = |former: &Former| {
            let opening = Opening::load(&former.certificate, &former.key)?;
            Ok((opening, Timestamp::from_millis(former.until_ms)))
        };
        Ok(Self {
            middle_key: material.middle_key.clone(),
            current: Opening::load(&material.encryption_certificate, material.encryption_key())?,
            former: material.former.as_ref().map(former).transpose()?,
        })
    }

    /// The certificate whoever asks is given.
    pub(super) fn certificate(&self) -> &str {
        &self.current.certificate
    }

    /// A certificate with a flaw, in its place.
    pub(super) fn flawed(&self, flaw: CertificateFlaw, entropy: &dyn Entropy) -> Option<String> {
        let keys = (self.middle_key.as_str(), self.current.key_pem.as_str());
        material::flawed_encryption(flaw, keys, entropy).ok()
    }

    /// The key that belongs to this certificate now; none once its time of grace is over.
    pub(super) fn key(&self, serial: &str, now: Timestamp) -> Option<&SigningKey> {
        let former = self.former.as_ref().filter(|(_, until)| now < *until).map(|(one, _)| one);
        let known = [Some(&self.current), former].into_iter().flatten();
        known.into_iter().find(|one| one.serial == serial).map(|one| &*one.key)
    }

    pub(super) fn state(&self) -> Rotated {
        let former = self.former.as_ref();
        Rotated {
            serial: self.current.serial.clone(),
            former: former.map(|(one, until)| (one.serial.clone(), *until)),
        }
    }

    /// What comes next: a new certificate, and this one until a moment. Kept in the bank's folder,
    /// where it has one.
    pub(super) fn next(
        &self,
        until: Timestamp,
        folder: Option<&Path>,
        entropy: &dyn Entropy,
    ) -> Result<Self, GateError> {
        let made = material::another_encryption(&self.middle_key, entropy);
        let (certificate, key) = made.map_err(|_| GateError(WHAT))?;
        let former = Former {
            certificate: self.current.certificate.clone(),
            key: self.current.key_pem.clone(),
            until_ms: until.as_millis(),
        };
        if let Some(folder) = folder {
            material::keep_rotation(folder, (&certificate, &key), &former)
                .map_err(|_| GateError("folder"))?;
        }
        Ok(Self {
            middle_key: self.middle_key.clone(),
            current: Opening::load(&certificate, &key)?,
            former: Some((self.current.clone(), until)),
        })
    }

    /// Opens a value that was hidden to a certificate which is known now.
    pub(super) fn open(&self, serial: &str, now: Timestamp, sealed: &str) -> Option<Vec<u8>> {
        let clear = FieldOpener::Rsa(self.key(serial, now)?).open(sealed).ok()?;
        Some(clear.to_vec())
    }
}

const WHAT: &str = "encryption certificate";
