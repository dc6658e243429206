//! What one person proposes and another decides. The table itself refuses that both are the same.

use mingka_domain::id::{ApprovalId, PrincipalId, kind};
use mingka_domain::time::Timestamp;

use crate::cursor::{Cursor, Listed};
use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "approvals";

/// One row of `approvals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// Its identity.
    pub id: ApprovalId,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The name of what is proposed.
    pub kind: String,
    /// What it is about. Of one kind there is one open proposal about one thing.
    pub about: String,
    /// The proposal as JSON.
    pub what: String,
    /// By what evidence, in the proposer's words. Nothing of a borrower belongs here.
    pub evidence: String,
    /// The name of its state.
    pub state: String,
    /// Who proposes it.
    pub proposed_by: PrincipalId,
    /// When.
    pub proposed_at: Timestamp,
    /// Until when somebody may decide.
    pub expires_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<PrincipalId>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

impl ApprovalRecord {
    /// Inserts it; `Duplicate` when there is an open one of its kind about the same.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO approvals (id, version, kind, about, what, evidence, state, proposed_by,
                 proposed_at, expires_at, decided_by, decided_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            values![
                self.id,
                self.version,
                &self.kind,
                &self.about,
                &self.what,
                &self.evidence,
                &self.state,
                self.proposed_by,
                self.proposed_at,
                self.expires_at,
                self.decided_by,
                self.decided_at
            ],
        )
    }

    /// Writes how it was decided, if the row still has this record's version and is open.
    #[must_use]
    pub fn decide(&self) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, self.id),
            "UPDATE approvals SET state = $1, decided_by = $2, decided_at = $3,
                 version = version + 1
             WHERE id = $4 AND version = $5 AND state = 'open'",
            values![&self.state, self.decided_by, self.decided_at, self.id, self.version],
        )
    }

    /// Closes what nobody decided in time, so that it can be proposed anew.
    #[must_use]
    pub fn expire(kind: &str, about: &str, now: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, about),
            "UPDATE approvals SET state = 'expired', version = version + 1
             WHERE kind = $1 AND about = $2 AND state = 'open' AND expires_at <= $3",
            values![kind, about, now],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            version: row.integer()?,
            kind: row.text()?,
            about: row.text()?,
            what: row.text()?,
            evidence: row.text()?,
            state: row.text()?,
            proposed_by: row.id()?,
            proposed_at: row.time()?,
            expires_at: row.time()?,
            decided_by: row.id_opt()?,
            decided_at: row.time_opt()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, kind, about, what, evidence, state, proposed_by, proposed_at,
                 expires_at, decided_by, decided_at
             FROM approvals ",
            $rest
        )
    };
}

impl Store {
    /// One of them.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn approval(&self, id: ApprovalId) -> Result<Option<ApprovalRecord>, ReadError> {
        self.read_one(select!("WHERE id = $1"), values![id], ApprovalRecord::decode).await
    }

    /// All of them, newest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn approvals(
        &self,
        cursor: Cursor<kind::Approval>,
    ) -> Result<Listed<ApprovalRecord>, ReadError> {
        let both = (
            select!("WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3"),
            select!("WHERE id > $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        );
        self.list(both, values![], cursor, ApprovalRecord::decode).await
    }
}
