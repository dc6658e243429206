//! The stop switches: each turn is a row, only ever added; the newest turn of a switch is how it
//! stands. Kept here and not in a process, so that every process obeys at once.

use mingka_domain::time::Timestamp;

use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "stop_turns";

/// One row of `stop_turns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopRecord {
    /// Of what kind the switch is: `platform`, `platform_own`, `lender`, `channel`,
    /// `operation`, or `house` for what a restore turns.
    pub scope: String,
    /// Which of that kind.
    pub target: String,
    /// The place of this turn among those of the switch, from 1.
    pub seq: i64,
    /// Whether it stops.
    pub stopped: bool,
    /// Who turned it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl StopRecord {
    /// Adds it; `Duplicate` when somebody else turned the switch meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, format!("{}:{}", self.scope, self.target)),
            "INSERT INTO stop_turns (scope, target, seq, stopped, who, why, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                &self.scope,
                &self.target,
                self.seq,
                i64::from(self.stopped),
                &self.who,
                &self.why,
                self.at
            ],
        )
    }

    pub(crate) fn newest() -> Query<Self> {
        Query {
            sql: "SELECT scope, target, seq, stopped, who, why, at FROM stop_turns AS turn
                 WHERE seq = (SELECT MAX(seq) FROM stop_turns
                     WHERE scope = turn.scope AND target = turn.target)
                 ORDER BY scope, target",
            values: values![],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            scope: row.text()?,
            target: row.text()?,
            seq: row.integer()?,
            stopped: row.integer()? != 0,
            who: row.text()?,
            why: row.text()?,
            at: row.time()?,
        })
    }
}

impl Store {
    /// The newest turn of each switch that was ever turned.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn stops(&self) -> Result<Vec<StopRecord>, ReadError> {
        self.rows(StopRecord::newest()).await
    }
}
