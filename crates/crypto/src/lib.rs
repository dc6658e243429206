//! Bytes only: digests, RSA, certificates, sealed values, a keyed index.
//!
//! This crate knows no card, no channel, no clock and no file: moments, key texts and random bytes
//! come in as arguments. Every private key and every clear value it holds is wiped when dropped.

pub mod certificate;
pub mod chain;
pub mod digest;
pub mod entropy;
pub mod keyring;
pub mod log;
pub mod rsa;

pub use digest::constant_time_eq;
pub use entropy::{Entropy, SystemEntropy};
