//! What a borrower accepted: versioned texts, their hashes, and when.
