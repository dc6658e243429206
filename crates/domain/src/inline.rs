//! A short clear text held in place: no heap, redacted when printed, wiped when dropped.
//! Nothing outside this crate sees it; the types of the card and its holder are built on it.

use std::fmt;

use zeroize::Zeroize;

/// At most `N` bytes of UTF-8 (`N` is at most 255).
#[derive(Clone)]
pub(crate) struct Inline<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Inline<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Adds one character; `false`, and nothing added, when it does not fit.
    #[must_use]
    #[inline]
    pub(crate) fn push(&mut self, c: char) -> bool {
        // Nearly all of it is digits, and a digit needs no copying of slices.
        if let Ok(byte) = u8::try_from(c)
            && byte.is_ascii()
        {
            let Some(room) = self.bytes.get_mut(usize::from(self.length)) else { return false };
            *room = byte;
            self.length += 1;
            return true;
        }
        let mut encoded = [0; 4];
        self.push_str(c.encode_utf8(&mut encoded))
    }

    /// Adds a text as a whole or not at all.
    #[must_use]
    pub(crate) fn push_str(&mut self, text: &str) -> bool {
        let start = usize::from(self.length);
        let end = start + text.len();
        let (Some(room), Ok(length)) = (self.bytes.get_mut(start..end), u8::try_from(end)) else {
            return false;
        };
        room.copy_from_slice(text.as_bytes());
        self.length = length;
        true
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The text. Only whole characters are ever added, so it always reads.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl<const N: usize> Drop for Inline<N> {
    fn drop(&mut self) {
        // What lies beyond `length` was never written, so wiping what is used wipes everything.
        let used = usize::from(self.length);
        if let Some(used) = self.bytes.get_mut(..used) {
            used.zeroize();
        }
    }
}

impl<const N: usize> PartialEq for Inline<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for Inline<N> {}

impl<const N: usize> fmt::Debug for Inline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_cut() {
        let mut text = Inline::<5>::new();
        assert!(text.push_str("张"));
        assert!(!text.push('三'));
        assert!(text.push('x'));
        assert_eq!(text.as_str(), "张x");
        assert_eq!(format!("{text:?}"), "••••");
    }
}
