//! Bytes only: suites, envelopes, keyed index, signatures, certificates.
