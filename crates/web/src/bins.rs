//! Prefixes of card numbers: six to ten digits name a bank; more of them would name a card.

use mingka_domain::card::{CardKind, KindPolicy, issuer_name_en};
use mingka_domain::precheck::Rules;
use mingka_domain::text::Lang;

/// The shortest prefix that names a bank.
pub(crate) const PREFIX_DIGITS_MIN: usize = 6;
/// The longest prefix that may be asked about.
pub(crate) const PREFIX_DIGITS_MAX: usize = 10;

/// Whether a text may be asked about as a prefix.
pub(crate) fn is_prefix(text: &str) -> bool {
    (PREFIX_DIGITS_MIN..=PREFIX_DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether cards of this kind may be bound, for paying out and for repaying.
pub(crate) fn is_accepted(rules: &Rules, kind: CardKind) -> bool {
    let stopped = |policy| policy == KindPolicy::Stop;
    !stopped(rules.disbursement.of(kind)) && !stopped(rules.repayment.of(kind))
}

/// A bank's name: in English where we know one, otherwise in Chinese.
pub(crate) fn bank_name<'a>(code: &str, chinese: &'a str, lang: Lang) -> &'a str {
    match lang {
        Lang::Zh => chinese,
        Lang::En => issuer_name_en(code).unwrap_or(chinese),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_ten_digits() {
        for good in ["621626", "6216261234"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in ["", "62162", "62162612345", "6216260000000000018", "62162a", "６２１６２６"]
        {
            assert!(!is_prefix(bad), "{bad}");
        }
    }
}
