//! The records, concretely; group commit; leases.
