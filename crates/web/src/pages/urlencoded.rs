//! Reads `application/x-www-form-urlencoded`, strictly: bytes that are no UTF-8 are refused instead
//! of being replaced, and a field that stands twice is one too many.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use http::header;
use zeroize::Zeroizing;

use crate::app::App;
use crate::body;
use crate::problem::{Kind, Problem};

/// More fields than any form of ours has.
const FIELD_COUNT_MAX: usize = 32;

/// The fields of a submitted form, wiped when dropped.
pub(crate) struct Fields(BTreeMap<String, Zeroizing<String>>);

impl Fields {
    /// A field's text; empty when it was not sent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.as_str())
    }

    /// Reads the bytes of a form.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = BTreeMap::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (pair.get(..at)?, pair.get(at + 1..)?),
                None => (pair, &[][..]),
            };
            let name = decode(name)?.to_string();
            if fields.insert(name, decode(value)?).is_some() || fields.len() > FIELD_COUNT_MAX {
                return None;
            }
        }
        Some(Self(fields))
    }
}

impl FromRequest<App> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(Kind::MediaType));
        }
        let bytes = body::read(request, app).await?;
        Self::parse(&bytes).ok_or_else(|| Problem::new(Kind::Malformed))
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields(••••)")
    }
}

fn decode(encoded: &[u8]) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(*rest.next()?).to_digit(16)?;
                let low = char::from(*rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => *byte,
        });
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        let fields = Fields::parse("name=%E5%BC%A0+%E4%B8%89&empty=&flag&x=a%2Bb%26".as_bytes());
        let fields = fields.unwrap();
        assert_eq!(fields.text("name"), "张 三");
        assert_eq!(fields.text("empty"), "");
        assert_eq!(fields.text("flag"), "");
        assert_eq!(fields.text("x"), "a+b&");
        assert_eq!(fields.text("absent"), "");
    }

    #[test]
    fn refuses_what_no_form_of_ours_sends() {
        let many = (0..40).map(|i| format!("f{i}=1&")).collect::<String>();
        for bad in ["a=%ff", "a=%zz", "a=%4", "a=1&a=2", &many] {
            assert!(Fields::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
