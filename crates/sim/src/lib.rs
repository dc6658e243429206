//! The whole product in one process from one seed: the engine, a real in-memory database, the bank
//! model, a lying network, borrowers, crashes and a clock that jumps; and then the invariants.
//!
//! One seed always tells the same story. A seed that breaks an invariant prints how to replay it.

mod borrower;
mod check;
mod evidence;
mod life;
mod mistakes;
mod money;
mod network;
mod random;
mod story;
#[cfg(test)]
mod use_cases;
mod world;

pub use mistakes::{MISTAKES, Mistake};
pub use story::{Outcome, run};

pub use mingka_engine::Planted;

/// What a story is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// Borrowers who bind cards.
    Cards,
    /// A platform that pays out and collects.
    Money,
}

/// What a seed is run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// A mistake the invariants must catch.
    pub planted: Option<Planted>,
    /// What the story is about; left open, even seeds tell of cards and odd ones of money.
    pub story: Option<Story>,
    /// Whether the story is kept, to be read.
    pub traced: bool,
}

/// What is shared by every seed: read once, because twenty thousand seeds would read it as often.
pub use story::Shared;

impl Options {
    pub(crate) fn story_of(self, seed: u64) -> Story {
        let usual = if seed.is_multiple_of(2) { Story::Cards } else { Story::Money };
        self.story.unwrap_or(usual)
    }
}
