//! Causes: the stable codes of our own dictionary, such as `card.lost`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable cause code: family, dot, name. Part of the API; never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseCode(Cow<'static, str>);

impl CauseCode {
    /// A code that is written in the source. A test proves that the dictionary holds each of them.
    #[must_use]
    pub const fn known(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CauseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
