//! The whole product in one process from one seed, and the invariants.
