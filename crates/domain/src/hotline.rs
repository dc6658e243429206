//! The banks' customer hotlines, by our bank code. Data with source and date; where nothing
//! reliable is known the answer is none, and the page says "the number on the back of the card".

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::text::Text;

const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/hotlines.toml"));

static EMBEDDED: LazyLock<Hotlines> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test of this module")]
    Hotlines::parse(FILE).expect("the embedded hotlines keep their own rules")
});

/// One bank's hotline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotline {
    /// Our code of the bank, as in the BIN table.
    pub bank_code: String,
    /// The bank's name.
    pub bank: Text,
    /// The number to call, as it is dialled inside the mainland.
    pub number: String,
    /// Whether at least two independent sources agree.
    pub confirmed: bool,
    /// Where it was read.
    pub source: String,
    /// When, as year and month.
    pub date: String,
}

/// All hotlines known.
#[derive(Debug, Clone)]
pub struct Hotlines {
    by_bank: HashMap<String, Hotline>,
}

impl Hotlines {
    /// The hotlines this binary was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads an operator's own file of the same form.
    ///
    /// # Errors
    /// Says which entry breaks which rule.
    pub fn parse(content: &str) -> Result<Self, HotlinesError> {
        let file: File =
            toml::from_str(content).map_err(|error| HotlinesError(error.to_string()))?;
        let mut by_bank = HashMap::with_capacity(file.hotline.len());
        for hotline in file.hotline {
            let code = hotline.bank_code.clone();
            if hotline.number.is_empty()
                || !hotline.number.chars().all(|c| c.is_ascii_digit() || c == '-')
            {
                return Err(HotlinesError(format!("{code} has no number that can be dialled")));
            }
            if hotline.source.is_empty() || hotline.date.is_empty() {
                return Err(HotlinesError(format!("{code} has no source or no date")));
            }
            if by_bank.insert(code.clone(), hotline).is_some() {
                return Err(HotlinesError(format!("{code} is there twice")));
            }
        }
        Ok(Self { by_bank })
    }

    /// The hotline of this bank, if one is known.
    #[must_use]
    pub fn find(&self, bank_code: &str) -> Option<&Hotline> {
        self.by_bank.get(bank_code)
    }

    /// Every hotline, in no particular order.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Hotline> {
        self.by_bank.values()
    }
}

/// Why a file of hotlines is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotlinesError(String);

impl fmt::Display for HotlinesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hotlines: {}", self.0)
    }
}

impl std::error::Error for HotlinesError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hotline: Vec<Hotline>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_bank_has_its_number_and_an_unknown_one_has_none() {
        let hotlines = Hotlines::embedded();
        assert_eq!(hotlines.find("ICBC").unwrap().number, "95588");
        assert_eq!(hotlines.find("SPABANK").unwrap().number, "95511-3");
        // No source was seen for these: the page falls back to the number on the card.
        for bank in ["CZBANK", "EGBANK", "BOHAIB", "BJBANK", "SHBANK", "NO SUCH BANK"] {
            assert!(hotlines.find(bank).is_none(), "{bank}");
        }
        assert_eq!(hotlines.all().len(), 15);
        assert_eq!(hotlines.all().filter(|hotline| hotline.confirmed).count(), 10);
    }

    #[test]
    fn an_entry_that_breaks_a_rule_is_named() {
        let entry = |number: &str, source: &str| {
            format!(
                "[[hotline]]\nbank_code = \"ABC\"\nbank = {{ zh = \"农\", en = \"A\" }}\n\
                 number = \"{number}\"\nconfirmed = true\nsource = \"{source}\"\ndate = \"2026-11\"\n"
            )
        };
        assert!(Hotlines::parse(&entry("95599", "two pages")).is_ok());
        for bad in [entry("call us", "x"), entry("", "x"), entry("95599", "")] {
            let error = Hotlines::parse(&bad).unwrap_err().to_string();
            assert!(error.contains("ABC"), "{error}");
        }
        let twice = entry("95599", "x").repeat(2);
        assert!(Hotlines::parse(&twice).unwrap_err().to_string().contains("twice"));
        assert!(Hotlines::parse("[[hotline]]\nnumber = 1").is_err());
    }
}
