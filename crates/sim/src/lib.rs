//! The whole product in one process from one seed: the engine, a real in-memory database, the bank
//! model, a lying network, borrowers, crashes and a clock that jumps; and then the invariants.
//!
//! One seed always tells the same story. A seed that breaks an invariant prints how to replay it.

mod borrower;
mod check;
mod life;
mod network;
mod random;
mod story;
#[cfg(test)]
mod use_cases;
mod world;

pub use story::{Outcome, run};

pub use mingka_engine::Planted;

/// What a seed is run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// A mistake the invariants must catch.
    pub planted: Option<Planted>,
    /// Whether the story is kept, to be read.
    pub traced: bool,
}

/// What is shared by every seed: read once, because twenty thousand seeds would read it as often.
pub use story::Shared;
