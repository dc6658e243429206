//! Bank cards: the number, its BIN, its issuer and kind.
