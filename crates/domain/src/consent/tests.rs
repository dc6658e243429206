//! The consent texts: complete, in step in both languages, and what a rendering may not do.
