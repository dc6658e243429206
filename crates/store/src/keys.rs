//! Reading what stands under many keys with few queries. One text takes so many keys at once; where
//! there are fewer, the places left over hold NULL, which equals nothing.

use crate::unit::Value;

/// How many keys one query takes. With many more of them PostgreSQL walks a whole index instead, as
/// long as it has not counted a table's rows yet.
pub(crate) const KEY_COUNT_MAX: usize = 32;

/// The places of so many keys, from the number of the first: `$2, $3, …`.
pub(crate) fn places(first: usize) -> String {
    let places = (first..).take(KEY_COUNT_MAX).map(|number| format!("${number}"));
    places.collect::<Vec<_>>().join(", ")
}

/// What stands in those places.
pub(crate) fn filled<K: Into<Value>>(keys: impl Iterator<Item = K>) -> impl Iterator<Item = Value> {
    keys.map(Into::into).chain(std::iter::repeat(Value::Null)).take(KEY_COUNT_MAX)
}
