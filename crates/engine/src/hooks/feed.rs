//! The feed: what happened on a platform, in the one order, from any place on.

use std::time::Duration;

use mingka_domain::id::PlatformId;
use tokio::time::Instant;

use super::told::Logs;
use super::view::FeedPage;
use crate::core::Engine;
use crate::error::EngineError;

/// How many events of the log one page looks at: many of them tell nothing new.
const LOOKED_AT_MAX: u32 = 200;
/// How often somebody who waits looks again: another process may have written.
const LOOK_MS: u64 = 500;

impl Engine {
    /// What happened on a platform after a position, at most `limit` events.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn events(
        &self,
        platform: PlatformId,
        after: i64,
        limit: usize,
    ) -> Result<FeedPage, EngineError> {
        let placed = self.store().events_of_platform(platform, after, LOOKED_AT_MAX).await?;
        let (mut logs, mut items, mut next_after) = (Logs::new(self), Vec::new(), after);
        let mut has_more = placed.len() >= usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX);
        for found in &placed {
            if items.len() >= limit {
                has_more = true;
                break;
            }
            items.extend(logs.told(&found.event, found.position).await?);
            next_after = found.position;
        }
        Ok(FeedPage { items, next_after, has_more })
    }

    /// The same, waiting until there is something or the time is over.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn events_within(
        &self,
        platform: PlatformId,
        after: i64,
        limit: usize,
        wait: Duration,
    ) -> Result<FeedPage, EngineError> {
        let deadline = Instant::now() + wait;
        let mut after = after;
        loop {
            let page = self.events(platform, after, limit).await?;
            let now = Instant::now();
            if !page.items.is_empty() || now >= deadline {
                return Ok(page);
            }
            // What was looked at and tells nothing need not be looked at again.
            after = page.next_after;
            if !page.has_more {
                let look = Duration::from_millis(LOOK_MS);
                tokio::time::sleep(look.min(deadline.duration_since(now))).await;
            }
        }
    }
}
