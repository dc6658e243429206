//! From a bank's own code to a class and a cause, by operation and phase.
