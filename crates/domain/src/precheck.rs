//! Everything typed is parsed once; all findings at once.
