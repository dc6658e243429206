//! A two- to four-element verification and how it ended.
