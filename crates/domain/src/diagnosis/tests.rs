//! What a diagnosis says, to whom, and what it keeps from the borrower.
