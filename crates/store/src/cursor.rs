//! Lists by cursor: newest first, the cursor is an id. Ids sort by age, so a list does not shift
//! while it is being read, and what was made within a span is a span of ids.

use std::fmt;

use mingka_domain::id::{Id, Kind};
use mingka_domain::time::Timestamp;

use crate::read::{Decode, ReadError};
use crate::store::Store;
use crate::unit::{Value, values};

/// The most rows one list gives.
pub const CURSOR_LIMIT_MAX: u32 = 100;

/// Which part of a list is wanted.
pub struct Cursor<K> {
    /// How many at most; 1 to [`CURSOR_LIMIT_MAX`], anything else is brought into that range.
    pub limit: u32,
    /// Only what is older than this one.
    pub starting_after: Option<Id<K>>,
    /// Only what is newer than this one: those next to it. Looked at only without `starting_after`.
    pub ending_before: Option<Id<K>>,
    /// Only what was made at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Only what was made before this moment.
    pub created_until: Option<Timestamp>,
}

impl<K: Kind> Cursor<K> {
    /// The newest `limit` rows.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self {
            limit,
            starting_after: None,
            ending_before: None,
            created_from: None,
            created_until: None,
        }
    }

    fn limit_used(&self) -> u32 {
        self.limit.clamp(1, CURSOR_LIMIT_MAX)
    }
}

// Written out because a derive would ask the same of the empty type `K`.
impl<K> Clone for Cursor<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Cursor<K> {}

impl<K: Kind> fmt::Debug for Cursor<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("limit", &self.limit)
            .field("starting_after", &self.starting_after)
            .field("ending_before", &self.ending_before)
            .field("created_from", &self.created_from)
            .field("created_until", &self.created_until)
            .finish()
    }
}

/// A part of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether there are more in the direction asked for.
    pub has_more: bool,
}

impl<T> Listed<T> {
    /// The same part of the list with each row as something else.
    ///
    /// # Errors
    /// The first that occurs.
    pub fn try_map<U, E>(self, each: impl FnMut(T) -> Result<U, E>) -> Result<Listed<U>, E> {
        let items = self.items.into_iter().map(each).collect::<Result<_, _>>()?;
        Ok(Listed { items, has_more: self.has_more })
    }
}

/// A cursor as the SQL sees it: which of the two texts, between which ids, and one row more than
/// wanted.
struct Bounds {
    backwards: bool,
    above: String,
    below: String,
    fetch: u32,
}

impl<K: Kind> From<Cursor<K>> for Bounds {
    fn from(cursor: Cursor<K>) -> Self {
        let mut above = cursor.created_from.map_or_else(|| first_of::<K>(0), beginning::<K>);
        let mut below = cursor.created_until.map_or_else(last_of::<K>, beginning::<K>);
        let backwards = cursor.starting_after.is_none() && cursor.ending_before.is_some();
        if let Some(id) = cursor.starting_after {
            below = below.min(id.to_string());
        } else if let Some(id) = cursor.ending_before {
            above = above.max(id.to_string());
        }
        Self { backwards, above, below, fetch: cursor.limit_used().saturating_add(1) }
    }
}

/// Sorts before every id of this moment and after every earlier one.
fn beginning<K: Kind>(at: Timestamp) -> String {
    first_of::<K>(at.as_millis().max(0).unsigned_abs())
}

/// An id begins with its moment in milliseconds as twelve hexadecimal digits.
fn first_of<K: Kind>(ms: u64) -> String {
    format!("{}_{ms:012x}", K::PREFIX)
}

/// No id is as late as this one.
fn last_of<K: Kind>() -> String {
    format!("{}_{}", K::PREFIX, "f".repeat(32))
}

impl Store {
    /// A part of a list. `upwards` and `downwards` are one text in its two orders; `of` are the
    /// values before those of the cursor, which come last: above which id, below which, how many.
    pub(crate) async fn list<T: Send + 'static, K: Kind>(
        &self,
        (upwards, downwards): (&'static str, &'static str),
        mut of: Vec<Value>,
        cursor: Cursor<K>,
        decode: Decode<T>,
    ) -> Result<Listed<T>, ReadError> {
        let bounds = Bounds::from(cursor);
        let sql = if bounds.backwards { upwards } else { downwards };
        of.extend(values![&bounds.above, &bounds.below, bounds.fetch]);
        Ok(bounds.listed(self.read(sql, of, decode).await?))
    }
}

impl Bounds {
    /// The rows as fetched, without the one too many, newest first.
    fn listed<T>(&self, mut rows: Vec<T>) -> Listed<T> {
        let wanted = usize::try_from(self.fetch.saturating_sub(1)).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        if self.backwards {
            rows.reverse();
        }
        Listed { items: rows, has_more }
    }
}
