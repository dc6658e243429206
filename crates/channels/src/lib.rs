//! Adapters: sans-IO codecs and a profile each.
