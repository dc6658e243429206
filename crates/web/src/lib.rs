//! Everything HTTP: the API, its description, the borrower pages.
