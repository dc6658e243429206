//! Commits that go wrong on purpose: for the simulator and the tests, which must show that a commit
//! whose own outcome is unclear is read back and never assumed. Never used in a running house.

use std::fmt;

/// How one durable commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitFault {
    /// Whether the batch is durable all the same.
    pub kept: bool,
    /// Whether the store can find out afterwards.
    pub read_back: bool,
}

/// Says, for each durable commit in turn, whether and how it goes wrong.
pub struct Faults(Option<Script>);

type Script = Box<dyn FnMut() -> Option<CommitFault> + Send>;

impl Faults {
    /// Nothing goes wrong on purpose.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Asks `script` before each durable commit.
    #[must_use]
    pub fn script(script: impl FnMut() -> Option<CommitFault> + Send + 'static) -> Self {
        Self(Some(Box::new(script)))
    }

    pub(crate) fn next(&mut self) -> Option<CommitFault> {
        self.0.as_mut().and_then(|script| script())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(script)" } else { "Faults(none)" })
    }
}
