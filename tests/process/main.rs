//! The real binary as a process: its command line, its files, and its death by `kill -9`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "these are tests: what is not as expected shall stop them, and they start the program"
)]

mod chaos;
mod cli;
mod fault_proxy;
mod kill_nine;
mod no_clear_values;
mod restore;
mod storm;
mod support;
