//! The banks at the other end: a pure bank model, and servers that speak each protocol's bank side.
//!
//! Everybody in it is invented. It must never be reachable by, or learn anything from, Mingka's own
//! side other than through the wire: it shares no state, no keys and no database with the house.

pub mod acp;
pub mod bank;
pub mod cards;
pub mod faults;
pub mod server;
pub mod statement;

#[cfg(test)]
mod asks;
#[cfg(test)]
mod scratch;
