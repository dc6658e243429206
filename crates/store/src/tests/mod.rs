//! The store's tests: unhappy paths first. Everything here runs on a real database, and what does
//! not ask for a file of SQLite by its name runs on both engines (`engine`).

mod addresses;
mod batches;
mod certificates;
mod crash;
mod disk;
mod engine;
mod evidence;
mod hooks;
mod leases;
mod many;
mod plans;
mod postgresql;
mod proxy;
mod quotas;
mod reads;
mod records;
mod samples;
mod statements;
mod tenants;
mod units;
