//! How often something may happen. A place is taken by a statement of the very unit that uses it,
//! so no process counts alone and none forgets; without a place the unit loses.

use mingka_domain::id::{PlatformId, VerificationId};
use mingka_domain::outcome::Operation;
use mingka_domain::time::{MINUTE_MS, Timestamp};

use crate::binding::CardIndex;
use crate::read::ReadError;
use crate::store::Store;
use crate::unit::{Loss, RowKey, Statement, values};

const TABLE: &str = "quotas";

/// How far the moments of requests under way at once may be apart, whichever process's clock they
/// are from. What lies further ahead is from a clock that was set back since, and counts no more.
const CLOCKS_APART_MS: i64 = 5 * MINUTE_MS;

/// So many in a window, which begins when its first place is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub name: &'static str,
    /// For whom: a keyed index.
    pub key: [u8; 32],
    /// How many places a window has.
    pub count_max: u32,
    /// How long a window is.
    pub window_ms: i64,
}

impl Quota {
    /// Takes a place; the unit is `Full` when the window has none left.
    #[must_use]
    pub fn take(&self, now: Timestamp) -> Statement {
        self.statement(
            Some(Loss::Full(self.name)),
            "INSERT INTO quotas (quota, key, began_at, ends_at, taken)
             SELECT $1, $2, $3, $4, 1 WHERE CAST($5 AS BIGINT) > 0
             ON CONFLICT (quota, key) DO UPDATE SET
                 taken = CASE WHEN quotas.ends_at <= excluded.began_at OR quotas.began_at > $6
                     THEN 1 ELSE quotas.taken + 1 END,
                 began_at = CASE WHEN quotas.ends_at <= excluded.began_at OR quotas.began_at > $6
                     THEN excluded.began_at ELSE quotas.began_at END,
                 ends_at = CASE WHEN quotas.ends_at <= excluded.began_at OR quotas.began_at > $6
                     THEN excluded.ends_at ELSE quotas.ends_at END
             WHERE quotas.taken < $5 OR quotas.ends_at <= excluded.began_at
                 OR quotas.began_at > $6",
            values![
                self.name,
                &self.key,
                now,
                now.plus_ms(self.window_ms),
                self.count_max,
                now.plus_ms(CLOCKS_APART_MS)
            ],
        )
    }

    /// Gives the place back that was taken at a moment; nothing, when its window is over and
    /// another has begun.
    #[must_use]
    pub fn give_back(&self, taken_at: Timestamp) -> Statement {
        self.statement(
            None,
            "UPDATE quotas SET taken = taken - 1
             WHERE quota = $1 AND key = $2 AND taken > 0 AND ends_at > $3 AND began_at <= $4",
            values![self.name, &self.key, taken_at, taken_at.plus_ms(CLOCKS_APART_MS)],
        )
    }

    /// Removes every row whose window is over.
    #[must_use]
    pub fn purge(now: Timestamp) -> Statement {
        let row = RowKey::new(TABLE, "");
        Statement::any(row, "DELETE FROM quotas WHERE ends_at <= $1", values![now])
    }

    fn statement(
        &self,
        loss: Option<Loss>,
        sql: &'static str,
        values: Vec<crate::unit::Value>,
    ) -> Statement {
        Statement { row: RowKey::new(TABLE, self.name), loss, sql, values }
    }
}

/// What a channel is asked about one card, by whatever platform: so often at most in every stretch
/// of a window's length, wherever it begins. The attempts themselves are counted, so one that
/// never reached the bank counts for nobody; a row of `quotas` is only the door they go through one
/// after another: first [`CardQuota::hold`], then what is counted, then [`CardQuota::check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardQuota<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The card number's keyed index.
    pub card_index: CardIndex,
    /// What is asked.
    pub operation: Operation,
    /// How long a stretch is.
    pub window_ms: i64,
    /// When it is asked.
    pub now: Timestamp,
}

impl CardQuota<'_> {
    /// Waits for whoever is asking about the card, and keeps others waiting until the unit ends.
    /// Statements behind it see what those before left behind.
    #[must_use]
    pub fn hold(&self) -> Statement {
        Statement::any(
            RowKey::new(TABLE, self.operation.name()),
            "INSERT INTO quotas (quota, key, began_at, ends_at, taken) VALUES ($1, $2, $3, $4, 1)
             ON CONFLICT (quota, key) DO UPDATE SET taken = quotas.taken + 1,
                 began_at = excluded.began_at, ends_at = excluded.ends_at",
            values![
                self.operation.name(),
                &self.card_index,
                self.now,
                self.now.plus_ms(self.window_ms)
            ],
        )
    }

    /// The unit is `Full` when more than `count_max` attempts are there, its own included.
    #[must_use]
    pub fn check(&self, count_max: u32) -> Statement {
        Statement {
            row: RowKey::new(TABLE, self.operation.name()),
            loss: Some(Loss::Full(self.operation.name())),
            sql: "UPDATE quotas SET ends_at = ends_at
                 WHERE quota = $1 AND key = $2 AND (SELECT COUNT(*) FROM attempts
                     WHERE card_index = $2 AND operation = $1 AND sent_at >= $3 AND sent_at <= $4
                         AND channel = $5 AND state <> 'not_attempted') <= $6",
            values: values![
                self.operation.name(),
                &self.card_index,
                self.since(),
                self.until(),
                self.channel,
                count_max
            ],
        }
    }

    /// The unit is `Stale` in `verifications` when the newest question of a platform about exactly
    /// these elements is another than the one that was seen.
    #[must_use]
    pub fn not_asked_since(
        &self,
        platform: PlatformId,
        elements_index: &[u8; 32],
        seen: Option<VerificationId>,
    ) -> Statement {
        Statement::guarded(
            RowKey::new("verifications", ""),
            "UPDATE quotas SET ends_at = ends_at
             WHERE quota = $1 AND key = $2 AND COALESCE((SELECT MAX(id) FROM verifications
                 WHERE elements_index = $3 AND platform = $4 AND created_at >= $5
                     AND answered_from IS NULL), '') = $6",
            values![
                self.operation.name(),
                &self.card_index,
                elements_index,
                platform,
                self.since(),
                seen.map_or_else(String::new, |id| id.to_string())
            ],
        )
    }

    /// From when on an attempt counts.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.now.plus_ms(self.window_ms.saturating_neg())
    }

    fn until(&self) -> Timestamp {
        self.now.plus_ms(CLOCKS_APART_MS)
    }
}

impl Store {
    /// Until when a quota has no place; `None` when there is one at `now`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn full_until(
        &self,
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, ReadError> {
        if quota.count_max == 0 {
            return Ok(Some(now.plus_ms(quota.window_ms)));
        }
        self.read_one(
            "SELECT ends_at FROM quotas
             WHERE quota = $1 AND key = $2 AND taken >= $3 AND ends_at > $4 AND began_at <= $5",
            values![quota.name, &quota.key, quota.count_max, now, now.plus_ms(CLOCKS_APART_MS)],
            |row| row.time(),
        )
        .await
    }

    /// When what counts towards a card's quota was asked, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn asked_about_card(
        &self,
        quota: &CardQuota<'_>,
    ) -> Result<Vec<Timestamp>, ReadError> {
        self.read(
            "SELECT sent_at FROM attempts
             WHERE card_index = $1 AND operation = $2 AND sent_at >= $3 AND sent_at <= $4
                 AND channel = $5 AND state <> 'not_attempted'
             ORDER BY sent_at DESC",
            values![
                &quota.card_index,
                quota.operation.name(),
                quota.since(),
                quota.until(),
                quota.channel
            ],
            |row| row.time(),
        )
        .await
    }
}
