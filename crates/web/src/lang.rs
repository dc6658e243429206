//! Which of the two languages an answer speaks: `Accept-Language`, Chinese when nothing else is
//! asked for.

use http::{HeaderMap, header};
use mingka_domain::text::Lang;

/// Longer headers are not read; no browser sends one.
const HEADER_BYTES_MAX: usize = 512;

/// The first of the house's languages by the caller's weights.
pub(crate) fn negotiate(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let Some(wanted) = wanted.filter(|wanted| wanted.len() <= HEADER_BYTES_MAX) else {
        return Lang::Zh;
    };
    let mut best = (Lang::Zh, 0.0_f32);
    for part in wanted.split(',') {
        let (tag, weight) = match part.split_once(';') {
            Some((tag, rest)) => (tag, rest.trim().strip_prefix("q=").unwrap_or("1")),
            None => (part, "1"),
        };
        let Some(lang) = parse(tag.trim()) else { continue };
        let weight: f32 = weight.trim().parse().unwrap_or(0.0);
        if weight > best.1 {
            best = (lang, weight);
        }
    }
    best.0
}

/// A language by its tag, of whatever region.
pub(crate) fn parse(tag: &str) -> Option<Lang> {
    let primary = tag.split(['-', '_']).next().unwrap_or(tag);
    if primary.eq_ignore_ascii_case("zh") || primary == "*" {
        Some(Lang::Zh)
    } else if primary.eq_ignore_ascii_case("en") {
        Some(Lang::En)
    } else {
        None
    }
}

/// The tag of a language, for `Content-Language` and cookies.
pub(crate) const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_weighs_more() {
        let table = [
            ("", Lang::Zh),
            ("en", Lang::En),
            ("en-GB,en;q=0.9", Lang::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh),
            ("fr;q=0.9,en;q=0.5,zh;q=0.4", Lang::En),
            ("fr", Lang::Zh),
            ("en;q=nonsense", Lang::Zh),
            ("en;q=NaN", Lang::Zh),
        ];
        for (header, lang) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(negotiate(&headers), lang, "{header}");
        }
        assert_eq!(negotiate(&HeaderMap::new()), Lang::Zh);
    }
}
