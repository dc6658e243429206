//! The store's tests: unhappy paths first. Everything here runs on a real database.

mod batches;
mod crash;
mod disk;
mod leases;
mod many;
mod reads;
mod records;
mod samples;
mod tenants;
mod units;
