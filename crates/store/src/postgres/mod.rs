//! PostgreSQL, from version 13: one connection that writes in batches and some that read, each on a
//! thread of its own, so that nothing here depends on the caller's runtime.

pub(crate) mod batch;
pub(crate) mod examine;
mod marks;
pub(crate) mod migrate;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod trouble;
pub(crate) mod value;
