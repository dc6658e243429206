//! SQLite: a file with one thread that writes and some that read, or a database in memory on the
//! caller's thread.

pub(crate) mod batch;
pub(crate) mod log;
pub(crate) mod migrate;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod writer;

pub(crate) use batch::Writing;
