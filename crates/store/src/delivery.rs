//! One event on its way to one endpoint, and how far the events were handed to the endpoints at
//! all. A delivery is made in the unit that moves the hand-out on: none is made twice, none left
//! out.

use mingka_domain::effect::Subject;
use mingka_domain::id::{DeliveryId, EndpointId, PlatformId, StepId, kind};
use mingka_domain::time::Timestamp;

use crate::cursor::{Cursor, Listed};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "deliveries";

/// One row of `deliveries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its identity.
    pub id: DeliveryId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The id under which the endpoint knows the event.
    pub event: String,
    /// The event's type.
    pub event_type: String,
    /// To what it happened. Of a trial: the endpoint itself.
    pub subject: Subject,
    /// Its place in the subject's log; 0 for a trial, which is no event.
    pub seq: i64,
    /// Its place among all events; 0 for a trial.
    pub position: i64,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// The step that carries it. Any other step for it is out of date.
    pub step: StepId,
    /// The endpoint's last answer.
    pub status: Option<i64>,
    /// What went wrong last, in one word, where there was no answer.
    pub error: Option<String>,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl DeliveryRecord {
    /// Inserts it; `Duplicate` when the endpoint has this event already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO deliveries (id, platform, version, endpoint, event, event_type, subject,
                 seq, position, state, tries, step, status, error, tried_at, next_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            values![
                self.id,
                self.platform,
                self.version,
                self.endpoint,
                &self.event,
                &self.event_type,
                self.subject,
                self.seq,
                self.position,
                &self.state,
                self.tries,
                self.step,
                self.status,
                self.error.as_ref(),
                self.tried_at,
                self.next_at,
                self.created_at
            ],
        )
    }

    /// Writes what may change, if the row still has this record's version, which then grows by 1.
    #[must_use]
    pub fn update(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE deliveries SET state = $1, tries = $2, step = $3, status = $4, error = $5,
                 tried_at = $6, next_at = $7, version = version + 1
             WHERE id = $8 AND platform = $9 AND version = $10",
            values![
                &self.state,
                self.tries,
                self.step,
                self.status,
                self.error.as_ref(),
                self.tried_at,
                self.next_at,
                self.id,
                self.platform,
                self.version
            ],
        )
    }

    /// Removes every delivery that ended and was made before a moment.
    #[must_use]
    pub fn purge(made_before: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, ""),
            "DELETE FROM deliveries WHERE created_at < $1 AND state <> 'pending'",
            values![made_before],
        )
    }

    /// Moves the hand-out of events from one position to a later one; `Stale` when somebody else
    /// did.
    #[must_use]
    pub fn hand_out(from: i64, to: i64) -> Statement {
        Statement::guarded(
            RowKey::new("hand_outs", "endpoints"),
            "UPDATE hand_outs SET position = $1 WHERE name = 'endpoints' AND position = $2",
            values![to, from],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            version: row.integer()?,
            endpoint: row.id()?,
            event: row.text()?,
            event_type: row.text()?,
            subject: row.subject()?,
            seq: row.integer()?,
            position: row.integer()?,
            state: row.text()?,
            tries: row.integer()?,
            step: row.id()?,
            status: row.integer_opt()?,
            error: row.text_opt()?,
            tried_at: row.time_opt()?,
            next_at: row.time_opt()?,
            created_at: row.time()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, platform, version, endpoint, event, event_type, subject, seq, position,
                 state, tries, step, status, error, tried_at, next_at, created_at
             FROM deliveries ",
            $rest
        )
    };
}

impl Store {
    /// One delivery of a platform.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn delivery(
        &self,
        platform: PlatformId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryRecord>, ReadError> {
        self.read_one(
            select!("WHERE id = $1 AND platform = $2"),
            values![id, platform],
            DeliveryRecord::decode,
        )
        .await
    }

    /// An endpoint's deliveries, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn deliveries(
        &self,
        platform: PlatformId,
        endpoint: EndpointId,
        cursor: Cursor<kind::Delivery>,
    ) -> Result<Listed<DeliveryRecord>, ReadError> {
        let (upwards, downwards) = (
            select!(
                "WHERE endpoint = $1 AND platform = $2 AND id > $3 AND id < $4
                 ORDER BY id LIMIT $5"
            ),
            select!(
                "WHERE endpoint = $1 AND platform = $2 AND id > $3 AND id < $4
                 ORDER BY id DESC LIMIT $5"
            ),
        );
        self.list((upwards, downwards), values![endpoint, platform], cursor, DeliveryRecord::decode)
            .await
    }

    /// Up to which position the events were handed to the endpoints.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn handed_out(&self) -> Result<i64, ReadError> {
        let position = self
            .read_one("SELECT position FROM hand_outs WHERE name = 'endpoints'", values![], |row| {
                row.integer()
            })
            .await?;
        Ok(position.unwrap_or(0))
    }
}
