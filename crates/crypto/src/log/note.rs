//! Checkpoints: how many leaves a log has and their root, signed with Ed25519, as C2SP
//! tlog-checkpoint and signed-note write them.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Hash;
use crate::digest::sha256;

/// The longest note that is read, in bytes.
const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The kind of key and signature: Ed25519.
const ED25519_KIND: u8 = 1;

/// A log's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Why a note is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteError {
    /// It is no note.
    Malformed,
    /// Nobody signed it with this key.
    NotSigned,
    /// Its signature with this key is wrong.
    WrongSignature,
    /// It is signed, but speaks of another log.
    OtherLog,
    /// A public key that is none.
    NotAKey,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the checkpoint is not written as a checkpoint is",
            Self::NotSigned => "the checkpoint is not signed with this key",
            Self::WrongSignature => "the checkpoint's signature is wrong",
            Self::OtherLog => "the checkpoint is of another log than the key",
            Self::NotAKey => {
                "not a public key of a log: NAME+8 hexadecimal digits+base64, as \
                 `mingka evidence key` prints it"
            }
        })
    }
}

impl std::error::Error for NoteError {}

/// A log's public key: whom to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    public: [u8; 32],
}

impl LogKey {
    fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.clone().into_bytes();
        bytes.extend_from_slice(&[b'\n', ED25519_KIND]);
        bytes.extend_from_slice(&self.public);
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// Reads `NAME+ID+KEY`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::NotAKey);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::NotAKey)?;
        let (kind, public) = bytes.split_first().ok_or(NoteError::NotAKey)?;
        let public = public.try_into().map_err(|_| NoteError::NotAKey)?;
        let key = Self { name: name.to_owned(), public };
        let fits = *kind == ED25519_KIND && is_name(name) && id == crate::digest::hex(&key.id());
        fits.then_some(key).ok_or(NoteError::NotAKey)
    }

    /// What a signed checkpoint says.
    ///
    /// # Errors
    /// When it is not signed with this key, or not of this key's log.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let signed = format!("{text}\n");
        let mut found = false;
        for line in signatures.lines() {
            let line = line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed)?;
            let (name, signature) = line.split_once(' ').ok_or(NoteError::Malformed)?;
            let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Malformed)?;
            let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
            if name != self.name || *id != self.id() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(signed.as_bytes(), signature)
                .map_err(|_| NoteError::WrongSignature)?;
            found = true;
        }
        if !found {
            return Err(NoteError::NotSigned);
        }
        let checkpoint = Checkpoint::parse(&signed).ok_or(NoteError::Malformed)?;
        if checkpoint.origin == self.name { Ok(checkpoint) } else { Err(NoteError::OtherLog) }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_KIND];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, crate::digest::hex(&self.id()), STANDARD.encode(key))
    }
}

/// Signs a log's checkpoints.
pub struct LogSigner {
    pair: Ed25519KeyPair,
    key: LogKey,
}

impl LogSigner {
    /// The signer of the log of this name, from the 32 secret bytes of its key. `None` for a name
    /// that is empty or holds a space, a `+` or a control character.
    #[must_use]
    pub fn new(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        let key = LogKey { name: name.to_owned(), public };
        is_name(name).then_some(Self { pair, key })
    }

    /// What others check it with.
    #[must_use]
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// Signs the state of this log.
    #[must_use]
    pub fn sign(&self, size: u64, root: &Hash) -> String {
        let text = format!("{}\n{size}\n{}\n", self.key.name, STANDARD.encode(root));
        let mut signature = self.key.id().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.key.name, STANDARD.encode(signature))
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSigner({})", self.key)
    }
}

impl Checkpoint {
    /// Reads the signed text. Lines after the third are extensions, which say nothing to us.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root: Hash = STANDARD.decode(root).ok()?.try_into().ok()?;
        let plain = !origin.is_empty() && number.to_string() == size;
        plain.then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.chars().all(plain)
}
