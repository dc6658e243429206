//! What opens a hosted page: how it looks, where it leads back to, what need not be asked again.

use mingka_domain::text::Lang;
use mingka_engine::NewSession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::requests::{EnvironmentRequest, environment, exposed, reference, value_problem};
use crate::object::Object;
use crate::problem::Problem;
use crate::typed::Typed;
use mingka_domain::personal;

/// The longest address the borrower may be led back to, in bytes.
const RETURN_URL_BYTES_MAX: usize = 2_048;
/// The same in a link that holds it itself: it must fit into a cookie.
const LINK_RETURN_URL_BYTES_MAX: usize = 1_024;

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
    /// Where the page leads back to: an absolute `https` address.
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
    /// What your app knows of the phone the page will be opened on: an app that is too old or a
    /// device with several accounts is then explained before the card is blamed.
    #[schema(value_type = Option<EnvironmentRequest>, nullable = false)]
    pub(crate) environment: Option<Object<EnvironmentRequest>>,
}

/// A payment's page to open for its borrower.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusLinkRequest {
    /// The language to begin in: `zh` or `en`.
    #[schema(example = "zh", nullable = false)]
    pub(crate) lang: Option<String>,
    /// Where the page leads back to: an absolute `https` address, at most 1,024 bytes.
    #[schema(example = "https://app.example/loans", nullable = false)]
    pub(crate) return_url: Option<String>,
}

impl StatusLinkRequest {
    /// The language and the way back.
    pub(crate) fn link(&self) -> Result<(Lang, Option<String>), Problem> {
        let return_url = return_url(self.return_url.as_deref())?;
        if return_url.as_ref().is_some_and(|url| url.len() > LINK_RETURN_URL_BYTES_MAX) {
            return Err(value_problem(
                "/return_url",
                "return_url 最多 1024 字节。",
                "return_url has at most 1024 bytes.",
            ));
        }
        Ok((language(self.lang.as_deref())?, return_url))
    }
}

/// A payment's page and its address.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusLink)]
pub(crate) struct StatusLinkBody {
    /// Send the borrower here. It holds a short-lived token: do not log or keep it.
    #[schema(example = "https://pay.example/p/xxxxxxxx")]
    pub(crate) url: String,
    pub(crate) expires_at: String,
}

impl SessionRequest {
    /// What the engine takes; the clear values are only lent to it.
    pub(crate) fn session(&self) -> Result<NewSession<'_>, Problem> {
        Ok(NewSession {
            borrower_ref: reference(self.borrower_ref.as_deref())?,
            lang: language(self.lang.as_deref())?,
            return_url: return_url(self.return_url.as_deref())?,
            environment: environment(self.environment.as_deref())?,
            name: exposed(self.name.as_ref()),
            id_number: exposed(self.id_number.as_ref()),
            phone: exposed(self.phone.as_ref()),
        })
    }
}

/// The language a page begins in.
pub(super) fn language(given: Option<&str>) -> Result<Lang, Problem> {
    match given {
        None => Ok(Lang::Zh),
        Some(tag) => crate::lang::parse(tag).ok_or_else(|| {
            value_problem("/lang", "lang 只能是 zh 或 en。", "lang is one of zh, en.")
        }),
    }
}

/// Where the page leads back to: an absolute `https` address, or `http` on this machine. Nothing
/// else passes: what another scheme does is up to the phone it is opened on. An app takes an
/// `https` address as its own by a universal link or app link.
fn return_url(given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given else { return Ok(None) };
    if !is_safe_return(given) {
        return Err(value_problem(
            "/return_url",
            "return_url 应为完整的 https 地址（本机调试可用 http://localhost），不超过 2048 字节；\
         应用请使用通用链接或 App Links，不接受自定义协议。",
            "return_url is an absolute https address (http only for localhost) of at most \
         2048 bytes; for an app use a universal link or app link, its own scheme is not taken.",
        ));
    }
    if personal::holds_personal(given) {
        return Err(value_problem(
            "/return_url",
            "return_url 里不要带卡号或证件号。",
            "Leave card and ID numbers out of return_url.",
        ));
    }
    Ok(Some(given.to_owned()))
}

fn is_safe_return(url: &str) -> bool {
    let plain = url.len() <= RETURN_URL_BYTES_MAX
        && url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b));
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let loopback = host == "localhost" || host == "127.0.0.1";
    plain && port_fits && is_host(host) && (secure || loopback)
}

/// Letters, digits and hyphens between dots.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_lead_somewhere_safe() {
        for good in [
            "https://app.example/cards?x=1",
            "https://app.example",
            "https://app.example:8443/#done",
            "https://xn--fsqu00a.xn--0zwm56d/",
            "http://localhost:3000/x",
            "http://127.0.0.1:3000",
        ] {
            assert!(return_url(Some(good)).is_ok(), "{good}");
        }
        let long = format!("https://app.example/{}", "x".repeat(RETURN_URL_BYTES_MAX));
        for bad in [
            "",
            "javascript://%0aalert(1)",
            "JAVASCRIPT://x",
            "data://x",
            "intent://scan/#Intent;scheme=zxing;end",
            "chrome://settings",
            "ftp://files.example/",
            "myapp://cards",
            "http://app.example/",
            "http://localhost.evil.example/",
            "https://",
            "https:///evil.example",
            "https://?x",
            "https:\\\\evil.example",
            "https:evil.example",
            "https://app.example\\@evil.example/",
            "https://bank.example@evil.example/",
            "https://user:pass@evil.example/",
            "https://app.example:0/",
            "https://app.example:99999/",
            "https://app.example:+1/",
            "https://app..example/",
            "https://-app.example/",
            "https://[::1]/",
            "https://app.example/\"onclick=1",
            "https://app.example/'x",
            "https://app.example/<b>",
            "https://app.example/\n",
            "https://app.example/?card=4111111111111111&id=11010519491231002X",
            " https://app.example/",
            "https://a b",
            "https://例子",
            "//evil.example",
            "/cards",
            &long,
        ] {
            assert!(return_url(Some(bad)).is_err(), "{bad}");
        }
    }
}
