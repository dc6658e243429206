//! A text a borrower typed, as it comes in a request: redacted when printed, wiped when dropped,
//! never written out again.

use std::fmt;

use mingka_domain::secret::Secret;
use serde::{Deserialize, Deserializer};

/// What was typed. Nothing about it is checked here; the domain's rules read it.
#[derive(Clone)]
pub(crate) struct Typed(Secret);

impl Typed {
    pub(crate) fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text itself, for the rules that parse it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Typed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Typed, E> {
                Ok(Typed::new(text.to_owned()))
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Typed, E> {
                Ok(Typed::new(text))
            }
        }
        deserializer.deserialize_string(Visitor)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
