//! The use cases: load, let the domain decide, commit, perform.
