//! Lists by cursor: newest first, the cursor is an id. Ids sort by age, so a list does not shift
//! while it is being read.

use std::fmt;

use mingka_domain::id::{Id, Kind};

/// Which part of a list is wanted.
pub struct Page<K> {
    /// How many at most; 1 to [`Page::LIMIT_MAX`], anything else is brought into that range.
    pub limit: u32,
    /// Only what is older than this one.
    pub starting_after: Option<Id<K>>,
    /// Only what is newer than this one: those next to it. Looked at only without `starting_after`.
    pub ending_before: Option<Id<K>>,
}

impl<K: Kind> Page<K> {
    /// The most rows one list gives.
    pub const LIMIT_MAX: u32 = 100;

    /// The newest `limit` rows.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { limit, starting_after: None, ending_before: None }
    }

    fn limit_used(&self) -> u32 {
        self.limit.clamp(1, Self::LIMIT_MAX)
    }
}

// Written out because a derive would ask the same of the empty type `K`.
impl<K> Clone for Page<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Page<K> {}

impl<K: Kind> fmt::Debug for Page<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("limit", &self.limit)
            .field("starting_after", &self.starting_after)
            .field("ending_before", &self.ending_before)
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

/// A page as the SQL sees it: which of the two texts, from where, and one row more than wanted.
pub(crate) struct Cursor {
    pub(crate) backwards: bool,
    pub(crate) from: String,
    pub(crate) fetch: u32,
}

impl<K: Kind> From<Page<K>> for Cursor {
    fn from(page: Page<K>) -> Self {
        let fetch = page.limit_used().saturating_add(1);
        match (page.starting_after, page.ending_before) {
            (Some(id), _) => Self { backwards: false, from: id.to_string(), fetch },
            (None, Some(id)) => Self { backwards: true, from: id.to_string(), fetch },
            // No id is as late as this one.
            (None, None) => {
                Self { backwards: false, from: format!("{}_{}", K::PREFIX, "f".repeat(32)), fetch }
            }
        }
    }
}

impl Cursor {
    /// The rows as fetched, without the one too many, newest first.
    pub(crate) fn listed<T>(&self, mut rows: Vec<T>) -> Listed<T> {
        let wanted = usize::try_from(self.fetch.saturating_sub(1)).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        if self.backwards {
            rows.reverse();
        }
        Listed { items: rows, has_more }
    }
}
