//! The page's cookies: the session's token, the language, what may be kept, and which binding was
//! left behind. All of them `HttpOnly`, for one page only, and read strictly.

use http::{HeaderMap, HeaderValue, header};

/// The session's token.
pub(crate) const TOKEN: &str = "mk_page";
/// The token of a payment's page; sent to that page only.
pub(crate) const PAYMENT: &str = "mk_pay";
/// The language chosen.
pub(crate) const LANG: &str = "mk_lang";
/// Name, ID number and phone, sealed.
pub(crate) const KEPT: &str = "mk_kept";
/// The binding the borrower turned away from.
pub(crate) const LEFT: &str = "mk_left";

/// The longest value that is read, in bytes.
const VALUE_BYTES_MAX: usize = 2_048;

/// A cookie's value, when it is one of ours in form.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(given, _)| *given == name)?;
    let ours = value.len() <= VALUE_BYTES_MAX
        && !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    ours.then_some(value)
}

/// A `Set-Cookie` for one of ours. The value is made of letters, digits, `-`, `_` and `.` only.
pub(crate) fn set(name: &str, value: &str, max_age_s: i64, secure: bool) -> HeaderValue {
    set_at("/b", name, value, max_age_s, secure)
}

/// The same for another path of ours.
pub(crate) fn set_at(
    path: &str,
    name: &str,
    value: &str,
    max_age_s: i64,
    secure: bool,
) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let line =
        format!("{name}={value}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static("mk_none=; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_own_and_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; mk_page=abc-_9; mk_lang=en".parse().unwrap());
        assert_eq!(read(&headers, TOKEN), Some("abc-_9"));
        assert_eq!(read(&headers, LANG), Some("en"));
        assert_eq!(read(&headers, KEPT), None);
        headers.insert(header::COOKIE, "mk_page=<script>".parse().unwrap());
        assert_eq!(read(&headers, TOKEN), None);
    }

    #[test]
    fn scripts_and_other_sites_never_see_it() {
        let line = set(TOKEN, "abc", 60, true);
        assert_eq!(
            line.to_str().unwrap(),
            "mk_page=abc; Path=/b; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
