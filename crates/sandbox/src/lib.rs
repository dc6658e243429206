//! The banks at the other end: a pure bank model and servers that speak each protocol.
