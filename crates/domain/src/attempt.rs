//! One exchange with a bank, from persisted to answered.
