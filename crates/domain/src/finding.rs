//! What a precheck found, field by field, without the value it is about.
