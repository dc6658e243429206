//! The two character sets a message may be written in, without replacement: a character the set
//! lacks is an error, never a question mark or an escape that the bank would read as a name.

use encoding_rs::GB18030;
use encoding_rs::{EncoderResult, GBK};
use serde::{Deserialize, Serialize};

/// The character set of a merchant's messages, agreed with the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8: every name can be written.
    #[default]
    #[serde(rename = "UTF-8")]
    Utf8,
    /// GBK: rare characters of names cannot be written.
    #[serde(rename = "GBK")]
    Gbk,
}

impl Encoding {
    /// The word for it in a message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
        }
    }

    /// The text's bytes, or nothing when the set lacks one of its characters.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        if self == Self::Utf8 {
            return Some(text.as_bytes().to_vec());
        }
        let mut encoder = GBK.new_encoder();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
        let mut bytes = Vec::with_capacity(room);
        let (result, _) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        matches!(result, EncoderResult::InputEmpty).then_some(bytes)
    }

    /// The bytes' text, or nothing when they are no text of this set.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            // The decoder of the GBK family reads a superset, as banks that write it do.
            Self::Gbk => GB18030
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        }
    }

    /// How many bytes the character that begins with `byte` has at least: 2 for the lead byte of a
    /// two-byte character, whose second byte may look like a bracket.
    pub(crate) const fn stride(self, byte: u8) -> usize {
        match self {
            Self::Gbk if byte >= 0x81 && byte != 0xff => 2,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_character_is_refused_by_gbk_and_kept_by_utf8() {
        // U+20BB7 stands in real names and is not in GBK.
        assert_eq!(Encoding::Gbk.encode("𠮷"), None);
        assert_eq!(Encoding::Utf8.encode("𠮷"), Some("𠮷".as_bytes().to_vec()));
        assert_eq!(Encoding::Gbk.encode("张三"), Some(vec![0xd5, 0xc5, 0xc8, 0xfd]));
        assert_eq!(Encoding::Gbk.decode(&[0xd5, 0xc5, 0xc8, 0xfd]).as_deref(), Some("张三"));
    }

    #[test]
    fn bytes_of_another_set_are_not_text() {
        assert_eq!(Encoding::Utf8.decode(&[0xd5, 0xc5]), None);
        assert_eq!(Encoding::Gbk.decode(&[0xd5]), None);
    }
}
