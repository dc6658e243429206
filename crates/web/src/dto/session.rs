//! What opens a hosted page: how it looks, where it leads back to, what need not be asked again.

use mingka_domain::text::Lang;
use mingka_engine::NewSession;
use serde::Deserialize;
use utoipa::ToSchema;

use super::requests::{exposed, reference, value_problem};
use crate::problem::Problem;
use crate::typed::Typed;

/// The longest address the borrower may be led back to, in bytes.
const RETURN_URL_BYTES_MAX: usize = 2_048;

/// A hosted page to open for one borrower. What is known of the borrower already is not asked for
/// again: the page shows it masked, and the borrower may change it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// The platform's own name for the borrower.
    #[schema(nullable = false)]
    pub(crate) borrower_ref: Option<String>,
    /// The language to begin in: `zh` or `en`.
    #[schema(example = "zh", nullable = false)]
    pub(crate) lang: Option<String>,
    /// Where the page leads back to: `https`, or the app's own scheme.
    #[schema(example = "https://app.example/cards", nullable = false)]
    pub(crate) return_url: Option<String>,
    /// The holder's name, if you know it.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) name: Option<Typed>,
    /// The number of the holder's identity document, if you know it.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) id_number: Option<Typed>,
    /// The phone number reserved at the bank, if you know it.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) phone: Option<Typed>,
}

impl SessionRequest {
    /// What the engine takes; the clear values are only lent to it.
    pub(crate) fn session(&self) -> Result<NewSession<'_>, Problem> {
        Ok(NewSession {
            borrower_ref: reference(self.borrower_ref.as_deref())?,
            lang: language(self.lang.as_deref())?,
            return_url: return_url(self.return_url.as_deref())?,
            name: exposed(self.name.as_ref()),
            id_number: exposed(self.id_number.as_ref()),
            phone: exposed(self.phone.as_ref()),
        })
    }
}

/// The language a page begins in.
fn language(given: Option<&str>) -> Result<Lang, Problem> {
    match given {
        None => Ok(Lang::Zh),
        Some(tag) => crate::lang::parse(tag).ok_or_else(|| {
            value_problem("/lang", "lang 只能是 zh 或 en。", "lang is one of zh, en.")
        }),
    }
}

/// Where the page leads back to: `https`, `http` on this machine, or an app's own scheme; never a
/// scheme a browser would run.
fn return_url(given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let refused = || {
        value_problem(
            "/return_url",
            "return_url 应为 https 地址或应用自己的链接（如 myapp://cards），不超过 2048 字节。",
            "return_url is an https address or the app's own link (such as myapp://cards) of at most 2048 bytes.",
        )
    };
    let visible =
        given.len() <= RETURN_URL_BYTES_MAX && given.bytes().all(|b| b.is_ascii_graphic());
    let Some((scheme, rest)) = given.split_once("://").filter(|_| visible) else {
        return Err(refused());
    };
    let scheme = scheme.to_ascii_lowercase();
    let well_formed = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let runs = ["javascript", "data", "vbscript", "file", "blob", "about"].contains(&&*scheme);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let local = host == "localhost"
        || host == "127.0.0.1"
        || host.starts_with("localhost:")
        || host.starts_with("127.0.0.1:");
    let plain = scheme == "http" && !local;
    if !well_formed || runs || plain || rest.is_empty() || host.contains('@') {
        return Err(refused());
    }
    Ok(Some(given.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_lead_somewhere_safe() {
        for good in ["https://app.example/cards?x=1", "myapp://cards", "http://localhost:3000/x"] {
            assert!(return_url(Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "javascript://%0aalert(1)",
            "JAVASCRIPT://x",
            "data://x",
            "http://app.example/",
            "https://",
            "https://bank.example@evil.example/",
            "https://a b",
            "https://例子",
            "//evil.example",
            "/cards",
        ] {
            assert!(return_url(Some(bad)).is_err(), "{bad}");
        }
    }
}
