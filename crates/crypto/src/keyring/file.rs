//! The text form of a key ring, as it stands in the key file. Who reads or writes the file, and with
//! which permissions, is the caller's business.
//!
//! ```text
//! mingka-keys 1
//! seal 1 <base64 of 32 bytes>
//! seal 2 <base64 of 32 bytes>
//! current 2
//! index <base64 of 32 bytes>
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{KEY_BYTES, KeyRing, SealingKey, VERSION_COUNT_MAX};

/// The longest key file that is read, in bytes.
const FILE_BYTES_MAX: usize = 128 * 1024;
const HEADER: &str = "mingka-keys 1";

/// Why a key file was refused. Names the line, never its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFileError {
    /// Longer than any key file of ours.
    TooLong,
    /// The first line is not the one that marks a key file of a version we know.
    NotAKeyFile,
    /// This line (from 1) cannot be read.
    Line(usize),
    /// Versions must ascend, each once; this line (from 1) breaks that.
    VersionOrder(usize),
    /// There is no sealing key, no index key, or no line that says which key is current.
    Incomplete,
    /// The current key must be the newest one.
    CurrentNotNewest,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the key file is longer than a key file can be"),
            Self::NotAKeyFile => write!(f, "the key file does not begin with \"{HEADER}\""),
            Self::Line(line) => write!(f, "line {line} of the key file cannot be read"),
            Self::VersionOrder(line) => {
                write!(
                    f,
                    "line {line} of the key file repeats a version or goes back to an older one"
                )
            }
            Self::Incomplete => f.write_str(
                "the key file lacks a sealing key, the index key or the current version",
            ),
            Self::CurrentNotNewest => {
                f.write_str("the key file's current version is not its newest one")
            }
        }
    }
}

impl std::error::Error for KeyFileError {}

impl KeyRing {
    /// Reads a ring from the text of a key file. Empty lines and lines that begin with `#` are
    /// passed over.
    ///
    /// # Errors
    /// Names the line that is wrong.
    pub fn from_file_text(text: &str) -> Result<Self, KeyFileError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(KeyFileError::TooLong);
        }
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(KeyFileError::NotAKeyFile);
        }
        let mut sealing: Vec<SealingKey> = Vec::new();
        let mut current = None;
        let mut index_key = None;
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace();
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("seal"), Some(version), Some(key), None) => {
                    let version = parse_version(version).ok_or(KeyFileError::Line(at))?;
                    if sealing.last().is_some_and(|last| last.version >= version)
                        || sealing.len() >= VERSION_COUNT_MAX
                    {
                        return Err(KeyFileError::VersionOrder(at));
                    }
                    let key = parse_key(key).ok_or(KeyFileError::Line(at))?;
                    sealing.push(SealingKey { version, key });
                }
                (Some("current"), Some(version), None, None) if current.is_none() => {
                    current = Some(parse_version(version).ok_or(KeyFileError::Line(at))?);
                }
                (Some("index"), Some(key), None, None) if index_key.is_none() => {
                    index_key = Some(parse_key(key).ok_or(KeyFileError::Line(at))?);
                }
                _ => return Err(KeyFileError::Line(at)),
            }
        }
        let newest = sealing.last().map(|key| key.version);
        match (index_key, current, newest) {
            (Some(index_key), Some(current), Some(newest)) if current == newest => {
                Ok(Self { sealing, index_key, later: None })
            }
            (Some(_), Some(_), Some(_)) => Err(KeyFileError::CurrentNotNewest),
            _ => Err(KeyFileError::Incomplete),
        }
    }

    /// The text of a key file that holds this ring. Wiped when dropped; keep it where only the
    /// gateway can read it, and back it up apart from the database.
    #[must_use]
    pub fn to_file_text(&self) -> Zeroizing<String> {
        // Grown once to its full size: a growing text would leave pieces of keys behind in memory.
        let mut text = Zeroizing::new(String::with_capacity(256 + self.sealing.len() * 80));
        text.push_str(HEADER);
        for key in &self.sealing {
            text.push_str("\nseal ");
            text.push_str(&key.version.to_string());
            text.push(' ');
            STANDARD.encode_string(key.key.as_ref(), &mut text);
        }
        text.push_str("\ncurrent ");
        text.push_str(&self.current_version().to_string());
        text.push_str("\nindex ");
        STANDARD.encode_string(self.index_key.as_ref(), &mut text);
        text.push('\n');
        text
    }
}

fn parse_version(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

fn parse_key(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}
