//! tidy, test, bench, sim.
fn main() {}
