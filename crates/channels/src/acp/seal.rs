//! How single values are hidden inside a message: RSA to the bank's encryption certificate, and a
//! cheap stand-in for the simulator that no configuration can name.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_crypto::Entropy;
use mingka_crypto::certificate::{Certificate, Life};
use mingka_crypto::digest::hmac_sha256;
use mingka_crypto::entropy::random;
use mingka_crypto::rsa::{EncryptionKey, RsaError, SigningKey};
use mingka_domain::secret::Secret;
use zeroize::Zeroizing;

/// Hides values from everybody but the bank.
pub enum FieldSealer {
    /// RSA with PKCS#1 v1.5 padding, as the protocol prescribes.
    Rsa {
        /// The key of the bank's encryption certificate.
        key: Box<EncryptionKey>,
        /// That certificate's serial number in decimal digits: `encryptCertId`.
        certificate_id: String,
        /// From when to when it may be used.
        life: Life,
    },
    /// A keyed stream, for the simulator alone.
    Simulation(Secret),
}

impl FieldSealer {
    /// To the holder of this encryption certificate.
    ///
    /// # Errors
    /// When its key is not RSA of at least 2048 bits.
    pub fn to_certificate(certificate: &Certificate) -> Result<Self, RsaError> {
        Self::within(certificate, certificate.life())
    }

    /// The same, for no longer than its whole chain holds.
    pub(super) fn within(certificate: &Certificate, life: Life) -> Result<Self, RsaError> {
        Ok(Self::Rsa {
            key: Box::new(certificate.encryption_key()?),
            certificate_id: certificate.serial_decimal().to_owned(),
            life,
        })
    }

    /// The `encryptCertId` that tells the bank which key opens the values.
    #[must_use]
    pub fn certificate_id(&self) -> &str {
        match self {
            Self::Rsa { certificate_id, .. } => certificate_id,
            Self::Simulation(_) => "0",
        }
    }

    /// From when to when its certificate may be used, where it has one.
    #[must_use]
    pub const fn life(&self) -> Option<Life> {
        match self {
            Self::Rsa { life, .. } => Some(*life),
            Self::Simulation(_) => None,
        }
    }

    /// The hidden value in base64.
    ///
    /// # Errors
    /// When it is longer than one RSA block.
    pub fn seal(&self, clear: &[u8], entropy: &dyn Entropy) -> Result<String, RsaError> {
        match self {
            Self::Rsa { key, .. } => key.encrypt_pkcs1(clear).map(|sealed| STANDARD.encode(sealed)),
            Self::Simulation(secret) => {
                let nonce: [u8; NONCE_BYTES] = random(entropy);
                let mut sealed = nonce.to_vec();
                sealed.extend_from_slice(&stream(secret, &nonce, clear));
                Ok(STANDARD.encode(sealed))
            }
        }
    }
}

/// Opens values that were hidden: the bank's side of a request.
#[derive(Clone, Copy)]
pub enum FieldOpener<'a> {
    /// With an RSA key.
    Rsa(&'a SigningKey),
    /// With the simulator's secret.
    Simulation(&'a Secret),
}

impl FieldOpener<'_> {
    /// The clear value.
    ///
    /// # Errors
    /// When it is no hidden value, or hidden to somebody else.
    pub fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, RsaError> {
        let sealed = STANDARD.decode(sealed).map_err(|_| RsaError::Failed)?;
        match self {
            Self::Rsa(key) => key.decrypt_pkcs1(&sealed),
            Self::Simulation(secret) => {
                let (nonce, body) =
                    sealed.split_first_chunk::<NONCE_BYTES>().ok_or(RsaError::Failed)?;
                Ok(stream(secret, nonce, body))
            }
        }
    }
}

impl fmt::Debug for FieldSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldSealer({})", self.certificate_id())
    }
}

const NONCE_BYTES: usize = 12;

/// The bytes combined with a key stream: applied twice it gives them back.
fn stream(secret: &Secret, nonce: &[u8; NONCE_BYTES], bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for (block, chunk) in (0u32..).zip(bytes.chunks(32)) {
        let mut counter = nonce.to_vec();
        counter.extend_from_slice(&block.to_be_bytes());
        let key = hmac_sha256(secret.expose().as_bytes(), &counter);
        out.extend(chunk.iter().zip(key).map(|(byte, key)| byte ^ key));
    }
    out
}
