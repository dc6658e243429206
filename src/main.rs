//! The one binary: CLI, configuration, composition.
fn main() {}
