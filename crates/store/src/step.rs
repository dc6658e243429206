//! Leased steps: background work that survives a crash. One holder at a time; a holder whose lease
//! is over or taken can write nothing for the step.

use mingka_domain::effect::Subject;
use mingka_domain::id::{PlatformId, StepId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, Value, values};

pub(crate) const TABLE: &str = "steps";

/// Hands out due steps. The outer condition repeats the inner one: two claims may choose the same
/// rows, and only the one that finds them still free at the moment of writing may have them. The
/// choice is made once, whatever the planner thinks of it: hence MATERIALIZED.
pub(crate) const CLAIM: &str = "WITH due AS MATERIALIZED (
         SELECT id FROM steps
         WHERE done_at IS NULL AND due_at <= $1 AND lease_expiry <= $1 AND lane = $2
         ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     UPDATE steps SET lease_holder = $4, lease_expiry = $5, tries = tries + 1
     WHERE id IN (SELECT id FROM due)
         AND done_at IS NULL AND due_at <= $1 AND lease_expiry <= $1
     RETURNING id, platform, lane, kind, subject, payload, due_at, tries, lease_holder,
         lease_expiry, done_at";

/// The one place where the engines' texts differ: how a worker skips rows that others hold. SQLite
/// locks no rows and does not know these words. Without them PostgreSQL would wait for the others;
/// what keeps a step from being handed out twice is the outer condition, not this.
pub(crate) const SKIP: &str = " FOR UPDATE SKIP LOCKED";

/// When a step of those that fall due until a moment can be handed out.
pub(crate) const NEXT: &str =
    "SELECT MIN(CASE WHEN due_at > lease_expiry THEN due_at ELSE lease_expiry END)
     FROM steps WHERE done_at IS NULL AND lane = $1 AND due_at <= $2";

/// Which worker a step waits for. What waits for a platform's endpoint keeps nothing waiting that
/// is about money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The house's own work, banks included.
    House,
    /// Deliveries to platforms' endpoints.
    Endpoints,
}

impl Lane {
    const fn number(self) -> i64 {
        match self {
            Self::House => 0,
            Self::Endpoints => 1,
        }
    }
}

/// One row of `steps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Its identity.
    pub id: StepId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Which worker it waits for.
    pub lane: Lane,
    /// What is to be done.
    pub kind: String,
    /// For what.
    pub subject: Subject,
    /// JSON of what else the step needs, without anything personal.
    pub payload: String,
    /// Not before this moment.
    pub due_at: Timestamp,
    /// How often it was handed out.
    pub tries: i64,
    /// Who has it; empty when it was never handed out.
    pub lease_holder: String,
    /// Until when; the epoch when nobody has it.
    pub lease_expiry: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

/// A request for due steps.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) lane: Lane,
    pub(crate) now: Timestamp,
    pub(crate) holder: String,
    pub(crate) lease_ms: i64,
    pub(crate) limit: u32,
}

impl StepRecord {
    /// A step that nobody has yet.
    #[must_use]
    pub fn new(
        id: StepId,
        platform: PlatformId,
        kind: &str,
        subject: Subject,
        due_at: Timestamp,
    ) -> Self {
        Self {
            id,
            platform,
            lane: Lane::House,
            kind: kind.to_owned(),
            subject,
            payload: "{}".to_owned(),
            due_at,
            tries: 0,
            lease_holder: String::new(),
            lease_expiry: Timestamp::from_millis(0),
            done_at: None,
        }
    }

    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO steps (id, platform, lane, kind, subject, payload, due_at, tries,
                 lease_holder, lease_expiry, done_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            values![
                self.id,
                self.platform,
                self.lane.number(),
                &self.kind,
                self.subject,
                &self.payload,
                self.due_at,
                self.tries,
                &self.lease_holder,
                self.lease_expiry,
                self.done_at
            ],
        )
    }

    /// Marks the step as done; `Stale` when this record's lease is over at `now`, or taken.
    #[must_use]
    pub fn finish(&self, now: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE steps SET done_at = $1
             WHERE id = $2 AND lease_holder = $3 AND lease_expiry = $4 AND lease_expiry > $1
                 AND done_at IS NULL",
            values![now, self.id, &self.lease_holder, self.lease_expiry],
        )
    }

    /// Gives the step back, to be handed out again from `due_at`; `Stale` as for
    /// [`finish`](Self::finish).
    #[must_use]
    pub fn reschedule(&self, now: Timestamp, due_at: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE steps SET due_at = $1, payload = $2, lease_holder = '', lease_expiry = 0
             WHERE id = $3 AND lease_holder = $4 AND lease_expiry = $5 AND lease_expiry > $6
                 AND done_at IS NULL",
            values![due_at, &self.payload, self.id, &self.lease_holder, self.lease_expiry, now],
        )
    }

    /// Holds the step until `expiry`, which becomes the record's own when it succeeds; `Stale` as
    /// for [`finish`](Self::finish).
    #[must_use]
    pub fn extend(&self, now: Timestamp, expiry: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE steps SET lease_expiry = $1
             WHERE id = $2 AND lease_holder = $3 AND lease_expiry = $4 AND lease_expiry > $5
                 AND done_at IS NULL",
            values![expiry, self.id, &self.lease_holder, self.lease_expiry, now],
        )
    }

    /// Lets a step be handed out at a moment, where that is sooner than it would be.
    #[must_use]
    pub fn bring_forward(id: StepId, due_at: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, id),
            "UPDATE steps SET due_at = $1 WHERE id = $2 AND due_at > $1 AND done_at IS NULL",
            values![due_at, id],
        )
    }

    /// Removes every step done before a moment.
    #[must_use]
    pub fn purge(done_before: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, ""),
            "DELETE FROM steps WHERE done_at IS NOT NULL AND done_at < $1",
            values![done_before],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            lane: if row.integer()? == 0 { Lane::House } else { Lane::Endpoints },
            kind: row.text()?,
            subject: row.subject()?,
            payload: row.text()?,
            due_at: row.time()?,
            tries: row.integer()?,
            lease_holder: row.text()?,
            lease_expiry: row.time()?,
            done_at: row.time_opt()?,
        })
    }
}

impl Claim {
    /// What stands for `$1`, `$2`, … in the claim.
    pub(crate) fn values(&self) -> Vec<Value> {
        let expiry = self.now.plus_ms(self.lease_ms);
        values![self.now, self.lane.number(), self.limit, &self.holder, expiry]
    }
}

/// What a claim returns.
pub(crate) fn decode(row: &mut Row<'_, '_>) -> Result<StepRecord, ReadError> {
    StepRecord::decode(row)
}

/// A claim's steps in the order in which they fell due: RETURNING promises none.
pub(crate) fn oldest_first(mut steps: Vec<StepRecord>) -> Vec<StepRecord> {
    steps.sort_by_key(|step| (step.due_at, step.id));
    steps
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, lane, kind, subject, payload, due_at, tries, lease_holder,
                 lease_expiry, done_at
             FROM steps ",
            $rest
        )
    };
}

impl Store {
    /// Every step for a subject, oldest first, done or not.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn steps(
        &self,
        platform: PlatformId,
        subject: Subject,
    ) -> Result<Vec<StepRecord>, ReadError> {
        self.read(
            select!("WHERE subject = $1 AND platform = $2 ORDER BY id"),
            values![subject, platform],
            StepRecord::decode,
        )
        .await
    }

    /// When the next open step of the house falls due or its lease ends, whichever is later: until
    /// then a worker may sleep. `None` when no step is open.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn next_step_at(&self) -> Result<Option<Timestamp>, ReadError> {
        self.next_step_of(Lane::House, Timestamp::from_millis(i64::MAX)).await
    }

    /// The same for a lane, of the steps that fall due until a moment: whoever sleeps no longer
    /// than that need not have all others looked through.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn next_step_of(
        &self,
        lane: Lane,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, ReadError> {
        let found =
            self.read_one(NEXT, values![lane.number(), until], |row| row.time_opt()).await?;
        Ok(found.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On one writer the want of the outer condition cannot be seen, so the text itself is held to;
    /// `tests::postgresql` shows what becomes of two writers without it.
    #[test]
    fn the_claim_repeats_its_condition_outside() {
        let (_, outside) = CLAIM.rsplit_once(')').unwrap();
        assert!(outside.contains("AND lease_expiry <= $1"));
        assert!(outside.contains("AND done_at IS NULL"));
        assert!(outside.contains("AND due_at <= $1"));
        assert_eq!(CLAIM.matches(SKIP).count(), 1);
    }
}
