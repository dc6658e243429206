//! The form of a UnionPay ACP message: fields, the text that is signed, and the two ways a message
//! is written. Both ends use it: the codec here, and the bank side of the sandbox.
//!
//! Values are kept as the bytes of the message's own character set, because the signature covers
//! those bytes. Nothing here looks at a clock, a key or a meaning.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use super::text::Encoding;

/// The longest message that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// The most fields a message may have.
pub const FIELD_COUNT_MAX: usize = 128;
/// The longest name of a field, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// The field that holds the signature; it is not itself signed.
pub const SIGNATURE: &str = "signature";

/// The fields of one message, by name in ASCII order. Wiped when dropped; shown without values.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fields(BTreeMap<String, Vec<u8>>);

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormError {
    /// Longer than [`BODY_BYTES_MAX`].
    TooLong,
    /// More fields than [`FIELD_COUNT_MAX`].
    TooManyFields,
    /// A field without a name, with a name too long, or with other than letters and digits in it.
    BadName,
    /// A piece between two `&` without `=`.
    NoValue,
    /// One name twice: which of the two was signed cannot be told.
    Repeated,
    /// `%` that is not followed by two hexadecimal digits.
    BadEscape,
    /// A group that is not enclosed in braces.
    NotAGroup,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the message is too long",
            Self::TooManyFields => "the message has too many fields",
            Self::BadName => "a field's name is not one",
            Self::NoValue => "a field has no value",
            Self::Repeated => "a field is there twice",
            Self::BadEscape => "an escape is broken",
            Self::NotAGroup => "a group is not enclosed in braces",
        })
    }
}

impl std::error::Error for FormError {}

impl Fields {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the body of a synchronous answer: `k=v&k=v`, **not** URL-encoded. Inside `{…}` and
    /// `[…]` an `&` belongs to the value; only the first `=` of a piece divides.
    ///
    /// # Errors
    /// When the bytes are not a message.
    pub fn parse_answer(body: &[u8], encoding: Encoding) -> Result<Self, FormError> {
        let mut fields = Self::new();
        for piece in cut(body, encoding)? {
            let (name, value) = divide(piece)?;
            fields.add(name, value.to_vec())?;
        }
        Ok(fields)
    }

    /// Reads a form body or a query string: URL-encoded, as requests and notifications are.
    ///
    /// # Errors
    /// When the bytes are not a form.
    pub fn parse_form(body: &[u8]) -> Result<Self, FormError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(FormError::TooLong);
        }
        let mut fields = Self::new();
        for piece in body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let (name, value) = divide(piece)?;
            fields.add(&url_decode(name)?, url_decode(value)?)?;
        }
        Ok(fields)
    }

    /// Reads a group such as `tokenPayData`: `{k=v&k=v}`.
    ///
    /// # Errors
    /// When the bytes are not a group.
    pub fn parse_group(value: &[u8]) -> Result<Self, FormError> {
        if value.len() > BODY_BYTES_MAX {
            return Err(FormError::TooLong);
        }
        let inner = value
            .strip_prefix(b"{")
            .and_then(|rest| rest.strip_suffix(b"}"))
            .ok_or(FormError::NotAGroup)?;
        let mut fields = Self::new();
        for piece in inner.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let (name, value) = divide(piece)?;
            fields.add(name, value.to_vec())?;
        }
        Ok(fields)
    }

    /// Sets a field, whatever it held before.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        if let Some(mut old) = self.0.insert(name.to_owned(), value.into()) {
            old.zeroize();
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0.remove(name)
    }

    /// A field's bytes; an empty field is as good as none.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice).filter(|value| !value.is_empty())
    }

    /// A field's value where it is plain ASCII, as codes, numbers and base64 are.
    #[must_use]
    pub fn ascii(&self, name: &str) -> Option<&str> {
        self.bytes(name).filter(|value| value.is_ascii()).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// Every field, by name in ASCII order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The bytes a signature covers: every field but the signature and the empty ones, sorted,
    /// joined, not encoded.
    #[must_use]
    pub fn canonical(&self) -> Zeroizing<Vec<u8>> {
        self.join(
            |name, value| name != SIGNATURE && !value.is_empty(),
            |value, out| {
                out.extend_from_slice(value);
            },
        )
    }

    /// The message as a form body, URL-encoded: how requests and notifications are written.
    #[must_use]
    pub fn to_form(&self) -> Zeroizing<Vec<u8>> {
        self.join(|_, value| !value.is_empty(), url_encode)
    }

    /// The message as the body of a synchronous answer: not encoded.
    #[must_use]
    pub fn to_answer(&self) -> Vec<u8> {
        let plain = |value: &[u8], out: &mut Vec<u8>| out.extend_from_slice(value);
        std::mem::take(&mut *self.join(|_, value| !value.is_empty(), plain))
    }

    /// The fields as a group: `{k=v&k=v}`.
    #[must_use]
    pub fn to_group(&self) -> Zeroizing<Vec<u8>> {
        let inner = self.canonical();
        let mut group = Zeroizing::new(Vec::with_capacity(inner.len() + 2));
        group.push(b'{');
        group.extend_from_slice(&inner);
        group.push(b'}');
        group
    }

    fn add(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), FormError> {
        let fits = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let name = std::str::from_utf8(name).map_err(|_| FormError::BadName)?;
        if !fits {
            return Err(FormError::BadName);
        }
        if self.0.contains_key(name) {
            return Err(FormError::Repeated);
        }
        if self.0.len() >= FIELD_COUNT_MAX {
            return Err(FormError::TooManyFields);
        }
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    fn join(
        &self,
        keep: impl Fn(&str, &[u8]) -> bool,
        write: impl Fn(&[u8], &mut Vec<u8>),
    ) -> Zeroizing<Vec<u8>> {
        // Three times the size: no escape is longer, so the buffer never moves and leaves no copy.
        let size: usize = self.0.iter().map(|(name, value)| name.len() + 2 + 3 * value.len()).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(size));
        for (name, value) in self.0.iter().filter(|(name, value)| keep(name, value)) {
            if !out.is_empty() {
                out.push(b'&');
            }
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            write(value, &mut out);
        }
        out
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(zeroize::Zeroize::zeroize);
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Cuts an answer at each `&` that stands outside of brackets in a value. Brackets do not nest. An
/// opening one without its closing one behind it is an ordinary character of a text, and must not
/// swallow the fields that follow.
fn cut(body: &[u8], encoding: Encoding) -> Result<Vec<&[u8]>, FormError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(FormError::TooLong);
    }
    let last_of = |wanted: u8| body.iter().rposition(|byte| *byte == wanted);
    let (brace_last, bracket_last) = (last_of(b'}'), last_of(b']'));
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    let (mut in_value, mut closing) = (false, None);
    while let Some(&byte) = body.get(at) {
        match (closing, byte) {
            (Some(wanted), _) => closing = (byte != wanted).then_some(wanted),
            (None, b'=') => in_value = true,
            (None, b'{') if in_value && brace_last > Some(at) => closing = Some(b'}'),
            (None, b'[') if in_value && bracket_last > Some(at) => closing = Some(b']'),
            (None, b'&') => {
                pieces.push(body.get(start..at).unwrap_or_default());
                start = at + 1;
                in_value = false;
            }
            (None, _) => {}
        }
        if pieces.len() > FIELD_COUNT_MAX {
            return Err(FormError::TooManyFields);
        }
        at += encoding.stride(byte);
    }
    pieces.push(body.get(start..).unwrap_or_default());
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}

fn divide(piece: &[u8]) -> Result<(&[u8], &[u8]), FormError> {
    let at = piece.iter().position(|byte| *byte == b'=').ok_or(FormError::NoValue)?;
    let (name, value) = piece.split_at_checked(at).ok_or(FormError::NoValue)?;
    Ok((name, value.get(1..).unwrap_or_default()))
}

fn url_encode(value: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble & 0xf)).copied().unwrap_or_default();
    for &byte in value {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]),
        }
    }
}

fn url_decode(value: &[u8]) -> Result<Vec<u8>, FormError> {
    let digit = |byte: Option<u8>| {
        let value = char::from(byte.ok_or(FormError::BadEscape)?).to_digit(16);
        value.and_then(|value| u8::try_from(value).ok()).ok_or(FormError::BadEscape)
    };
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => (digit(bytes.next())? << 4) | digit(bytes.next())?,
            plain => plain,
        });
    }
    Ok(out)
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
