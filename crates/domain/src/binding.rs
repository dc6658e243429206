//! The binding machine: one card on its way to becoming an instrument.
