//! Companies: name, unified social credit code, clearing code.
