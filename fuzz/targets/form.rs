//! Fuzz target: `src/lib.rs` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mingka_fuzz::form(bytes));
