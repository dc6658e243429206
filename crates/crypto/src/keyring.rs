//! The keys that seal what must not be read in the database, and the keyed index to find it again.
//! A sealed value is tied to its place: moved to another row or field it does not open.

mod file;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::constant_time_eq;
use crate::digest::hmac_sha256;
use crate::entropy::{Entropy, random};
use crate::log::LogSigner;

pub use file::KeyFileError;

/// The length of every key, in bytes.
pub const KEY_BYTES: usize = 32;
/// What sealing adds to a value: format, key version, nonce, tag.
pub const OVERHEAD_BYTES: usize = 1 + VERSION_BYTES + NONCE_LEN + TAG_BYTES;
/// The most key versions a ring holds.
pub const VERSION_COUNT_MAX: usize = 1_000;

/// Sealing keys by version (one is current, the older ones still open) and the index key.
pub struct KeyRing {
    /// In ascending order of version, never empty; the last is current.
    sealing: Vec<SealingKey>,
    index_key: Zeroizing<[u8; KEY_BYTES]>,
    later: Option<Later>,
}

/// Where a ring looks for a key that was added after it was read.
struct Later {
    read: Box<dyn Fn() -> Option<KeyRing> + Send + Sync>,
    found: RwLock<Option<Arc<KeyRing>>>,
}

/// Where a sealed value belongs. It opens only in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which field it is, such as `instrument.card_number`.
    pub purpose: &'a str,
    /// Which record it belongs to: the record's identity as text.
    pub record: &'a str,
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// It is not a sealed value of any format we know.
    NotSealed,
    /// Its key version is not on this ring: the wrong key file, or one older than the database.
    UnknownKeyVersion(u32),
    /// It was changed, moved from another place, or sealed under another key of the same version.
    Tampered,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSealed => f.write_str("not a sealed value"),
            Self::UnknownKeyVersion(version) => {
                write!(f, "the key file has no key of version {version}")
            }
            Self::Tampered => {
                f.write_str("a sealed value was changed or moved, or the key is wrong")
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl KeyRing {
    /// A ring with fresh keys: one sealing key of version 1 and the index key.
    #[must_use]
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self {
            sealing: vec![SealingKey { version: 1, key: fresh_key(entropy) }],
            index_key: fresh_key(entropy),
            later: None,
        }
    }

    /// A ring that reads its file again when something was sealed under a newer key than it has:
    /// another process on the same records was restarted after a rotation, this one was not. What
    /// it seals itself, it goes on sealing under its own newest key.
    #[must_use]
    pub fn reading_again(
        mut self,
        read: impl Fn() -> Option<Self> + Send + Sync + 'static,
    ) -> Self {
        self.later = Some(Later { read: Box::new(read), found: RwLock::default() });
        self
    }

    /// Adds a sealing key and makes it current. What older keys sealed still opens. The index key
    /// stays: changing it would hide everything that is indexed.
    ///
    /// # Errors
    /// When the ring is full; the ring is then unchanged.
    pub fn rotate(&mut self, entropy: &dyn Entropy) -> Result<u32, RingFull> {
        let version = self.current_version().checked_add(1).ok_or(RingFull)?;
        if self.sealing.len() >= VERSION_COUNT_MAX {
            return Err(RingFull);
        }
        self.sealing.push(SealingKey { version, key: fresh_key(entropy) });
        Ok(version)
    }

    /// The version that seals.
    #[must_use]
    pub fn current_version(&self) -> u32 {
        self.sealing.last().map_or(0, |key| key.version)
    }

    /// Every version that still opens, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.sealing.iter().map(|key| key.version)
    }

    /// Seals `clear` for its place under the current key (AES-256-GCM, random nonce).
    #[must_use]
    pub fn seal(&self, place: Place<'_>, clear: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let version = self.current_version();
        let nonce: [u8; NONCE_LEN] = random(entropy);
        let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + clear.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(clear.to_vec());
        #[expect(
            clippy::expect_used,
            reason = "AES-GCM refuses only keys of another length and values above 64 GiB; a ring is never empty"
        )]
        let tag = self
            .cipher(version)
            .and_then(|cipher| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                cipher.seal_in_place_separate_tag(nonce, aad(place, version), &mut body).ok()
            })
            .expect("a value can be sealed under the current key");
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens a sealed value in its place.
    ///
    /// # Errors
    /// When it is no sealed value, its key is missing, or it was changed or moved.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (version, rest) = split_version(sealed).ok_or(OpenError::NotSealed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::NotSealed)?;
        let cipher = self.cipher(version).or_else(|| self.cipher_added_later(version));
        let cipher = cipher.ok_or(OpenError::UnknownKeyVersion(version))?;
        let mut clear = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = cipher
            .open_in_place(nonce, aad(place, version), &mut clear)
            .map_err(|_| OpenError::Tampered)?
            .len();
        clear.truncate(length);
        Ok(clear)
    }

    /// The version of the key that a value says it was sealed under.
    #[must_use]
    pub fn version_of(sealed: &[u8]) -> Option<u32> {
        split_version(sealed).map(|(version, _)| version)
    }

    /// Whether a value was sealed under a key older than the current one.
    #[must_use]
    pub fn needs_reseal(&self, sealed: &[u8]) -> bool {
        split_version(sealed).is_none_or(|(version, _)| version < self.current_version())
    }

    /// The keyed index of a clear value: equal values give equal bytes under one label, and nothing
    /// can be read from them without the key.
    #[must_use]
    pub fn blind_index(&self, label: &str, clear: &[u8]) -> [u8; 32] {
        let mut message = Zeroizing::new(Vec::with_capacity(8 + label.len() + clear.len()));
        push_with_length(&mut message, label.as_bytes());
        message.extend_from_slice(clear);
        hmac_sha256(self.index_key.as_ref(), &message)
    }

    /// The signer of the evidence log of this name. Its key comes from the index key, which never
    /// changes, so the log keeps one key for life. `None` for a name no log can have.
    #[must_use]
    pub fn log_signer(&self, name: &str) -> Option<LogSigner> {
        let seed = Zeroizing::new(self.blind_index("evidence.log", b""));
        LogSigner::new(name, &seed)
    }

    fn cipher_added_later(&self, version: u32) -> Option<LessSafeKey> {
        let later = self.later.as_ref().filter(|_| version > self.current_version())?;
        let found = later.found.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(cipher) = found.and_then(|ring| ring.cipher(version)) {
            return Some(cipher);
        }
        let ring = (later.read)()?;
        // Another file's keys would open nothing of ours, and must not replace what does.
        if !constant_time_eq(ring.index_key.as_ref(), self.index_key.as_ref()) {
            return None;
        }
        let cipher = ring.cipher(version)?;
        *later.found.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ring));
        Some(cipher)
    }

    fn cipher(&self, version: u32) -> Option<LessSafeKey> {
        let at = self.sealing.binary_search_by_key(&version, |key| key.version).ok()?;
        let key = self.sealing.get(at)?;
        UnboundKey::new(&AES_256_GCM, key.key.as_ref()).ok().map(LessSafeKey::new)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing(current version {})", self.current_version())
    }
}

/// The ring holds as many versions as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingFull;

struct SealingKey {
    version: u32,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

/// The first byte of every sealed value. Another layout takes another number.
const FORMAT: u8 = 1;
const VERSION_BYTES: usize = 4;
const TAG_BYTES: usize = 16;

fn fresh_key(entropy: &dyn Entropy) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(key.as_mut());
    key
}

fn split_version(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let (format, rest) = sealed.split_first()?;
    let (version, rest) = rest.split_first_chunk::<VERSION_BYTES>()?;
    (*format == FORMAT).then(|| (u32::from_be_bytes(*version), rest))
}

/// What is authenticated beside the value: format, key version, purpose and record, each with its
/// length, so that no two places ever read the same.
fn aad(place: Place<'_>, version: u32) -> Aad<Vec<u8>> {
    let mut bytes = Vec::with_capacity(32 + place.purpose.len() + place.record.len());
    bytes.push(FORMAT);
    bytes.extend_from_slice(&version.to_be_bytes());
    push_with_length(&mut bytes, place.purpose.as_bytes());
    push_with_length(&mut bytes, place.record.as_bytes());
    Aad::from(bytes)
}

fn push_with_length(out: &mut Vec<u8>, part: &[u8]) {
    let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests;
