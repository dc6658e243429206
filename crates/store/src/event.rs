//! What happened, in order, to whatever it happened. A subject's log replays to its current state;
//! rows are only ever added. Nothing personal stands here.

use mingka_domain::effect::Subject;
use mingka_domain::id::{EventId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "events";

/// What waits for its place, as the index `events_unplaced` has it; how many events before each
/// wait too is counted along its own log alone.
pub(crate) const UNPLACED: &str = "SELECT id, subject, seq,
         (SELECT COUNT(*) - COUNT(earlier.position) FROM events AS earlier
          WHERE earlier.subject = events.subject AND earlier.seq < events.seq)
     FROM events WHERE COALESCE(position, 0) = 0 ORDER BY id LIMIT $1";

/// One row of `events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// To what it happened.
    pub subject: Subject,
    /// Its place in the subject's log, from 1.
    pub seq: i64,
    /// Whose subject it is.
    pub platform: PlatformId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in one word.
    pub kind: String,
    /// The event as JSON, without anything personal.
    pub body: String,
}

impl EventRecord {
    /// Its identity, as the outside knows it.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.subject.event_id(self.seq, self.at)
    }

    /// Adds it; `Duplicate` when the subject's log has gone on meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.subject),
            "INSERT INTO events (subject, seq, id, platform, at, kind, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                self.subject,
                self.seq,
                self.id(),
                self.platform,
                self.at,
                &self.kind,
                &self.body
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            subject: row.subject()?,
            seq: row.integer()?,
            platform: row.id()?,
            at: row.time()?,
            kind: row.text()?,
            body: row.text()?,
        })
    }
}

/// An event that has no place in the one order yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnplacedEvent {
    /// Its identity.
    pub id: EventId,
    /// To what it happened.
    pub subject: Subject,
    /// Its place in the subject's log.
    pub seq: i64,
    /// How many events before it in that log have no place either.
    pub before_it: i64,
}

impl UnplacedEvent {
    /// Gives it its place; `Stale` when it has one.
    #[must_use]
    pub fn place(&self, position: i64) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.subject),
            "UPDATE events SET position = $1 WHERE id = $2 AND position IS NULL",
            values![position, self.id],
        )
    }

    /// Moves the end of the order from one position to a later one; `Stale` when somebody else did.
    /// The guard of every unit that gives places: two never give the same one.
    #[must_use]
    pub fn move_end(from: i64, to: i64) -> Statement {
        Statement::guarded(
            RowKey::new("hand_outs", "sequence"),
            "UPDATE hand_outs SET position = $1 WHERE name = 'sequence' AND position = $2",
            values![to, from],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            subject: row.subject()?,
            seq: row.integer()?,
            before_it: row.integer()?,
        })
    }
}

/// An event with its place among all events of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedEvent {
    /// Its place.
    pub position: i64,
    /// The event.
    pub event: EventRecord,
}

impl PlacedEvent {
    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self { position: row.integer()?, event: EventRecord::decode(row)? })
    }
}

impl Store {
    /// The position of the newest event that has one.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn end_of_order(&self) -> Result<i64, ReadError> {
        let found = self
            .read_one("SELECT position FROM hand_outs WHERE name = 'sequence'", values![], |row| {
                row.integer()
            })
            .await?;
        Ok(found.unwrap_or(0))
    }

    /// Events that have no place in the one order yet, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn unplaced_events(&self, limit: u32) -> Result<Vec<UnplacedEvent>, ReadError> {
        self.read(UNPLACED, values![limit], UnplacedEvent::decode).await
    }

    /// What happened on a platform after a position (0: from the beginning), in the one order, at
    /// most `limit`. What has no position yet comes later than all that has.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn events_of_platform(
        &self,
        platform: PlatformId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<PlacedEvent>, ReadError> {
        self.read(
            "SELECT position, subject, seq, platform, at, kind, body FROM events
             WHERE platform = $1 AND position > $2 ORDER BY position LIMIT $3",
            values![platform, after, limit],
            PlacedEvent::decode,
        )
        .await
    }

    /// What happened in the whole house after a position, in the one order, at most `limit`: for
    /// the house's own workers.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn events_after(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<PlacedEvent>, ReadError> {
        self.read(
            "SELECT position, subject, seq, platform, at, kind, body FROM events
             WHERE position > $1 ORDER BY position LIMIT $2",
            values![after, limit],
            PlacedEvent::decode,
        )
        .await
    }

    /// What happened to a subject after its event number `after` (0: from the beginning), oldest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn events_of(
        &self,
        platform: PlatformId,
        subject: Subject,
        after: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, ReadError> {
        self.read(
            "SELECT subject, seq, platform, at, kind, body FROM events
             WHERE subject = $1 AND platform = $2 AND seq > $3 ORDER BY seq LIMIT $4",
            values![subject, platform, after, limit],
            EventRecord::decode,
        )
        .await
    }
}
