//! The language of Mingka: values parsed once, state machines, diagnosis.
//!
//! This crate knows no async, no I/O, no clock, no randomness, no database and no HTTP. Time and
//! random bytes come in as arguments; effects go out as data.

pub mod approval;
pub mod attempt;
pub mod bank_guide;
pub mod binding;
pub mod card;
pub mod cause;
pub mod company;
pub mod consent;
pub mod diagnosis;
mod dress;
pub mod effect;
pub mod environment;
pub mod finding;
pub mod holder;
pub mod id;
mod inline;
pub mod mapping;
pub mod money;
pub mod outcome;
pub mod payment;
pub mod personal;
pub mod precheck;
pub mod secret;
pub mod statement;
pub mod text;
pub mod time;
pub mod verification;
