//! What an error of PostgreSQL means: whose fault it is, and whether the same again may do.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use super::value::Unfit;
use crate::read::ReadError;
use crate::unit::{CommitError, Unavailable};

/// What went wrong with one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is gone, or of no further use. What was asked over it last may have been
    /// done.
    Lost,
    /// Transactions were in each other's way, and this one was undone: the same again may do.
    Collided,
    /// An earlier statement of the same transaction failed; this one was not looked at.
    Follows,
    /// A row with this key is there already.
    Duplicate,
    /// The database could not, for a reason outside the statement.
    Unavailable(Unavailable),
    /// The statement breaks a rule of the schema, or is wrong.
    Invalid,
}

impl Trouble {
    /// What an error means. What it says is logged where it is nobody's everyday.
    pub(crate) fn of(error: &Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let unfit = error.source().is_some_and(|source| source.is::<Unfit>());
            return if unfit { Self::Invalid } else { Self::Lost };
        };
        if matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
            return Self::Lost;
        }
        let trouble = Self::of_state(said.code());
        if trouble == Self::Invalid {
            // Its detail may show a row's values: only the message itself is kept.
            tracing::error!(
                error = said.message(),
                state = said.code().code(),
                "PostgreSQL refuses"
            );
        }
        trouble
    }

    fn of_state(state: &SqlState) -> Self {
        if *state == SqlState::UNIQUE_VIOLATION {
            return Self::Duplicate;
        }
        if *state == SqlState::IN_FAILED_SQL_TRANSACTION {
            return Self::Follows;
        }
        if *state == SqlState::LOCK_NOT_AVAILABLE || *state == SqlState::QUERY_CANCELED {
            return Self::Unavailable(Unavailable::Busy);
        }
        if *state == SqlState::DISK_FULL {
            return Self::Unavailable(Unavailable::Full);
        }
        // The server was demoted, forgot what was prepared, or changed its tables: a new connection
        // finds the right server and the right plans.
        let stale = [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        if stale.contains(state) {
            return Self::Lost;
        }
        match state.code().get(..2) {
            Some("40") => Self::Collided,
            Some("08" | "57") => Self::Lost,
            Some("53" | "54" | "58" | "F0" | "XX") => Self::Unavailable(Unavailable::Broken),
            _ => Self::Invalid,
        }
    }

    /// What it says about a unit, which is certainly not committed, whose statement is about a
    /// table.
    pub(crate) fn refusal(self, table: &'static str) -> CommitError {
        match self {
            Self::Lost => CommitError::Unavailable(Unavailable::Unreachable),
            Self::Collided => CommitError::Unavailable(Unavailable::Busy),
            Self::Duplicate => CommitError::Duplicate { table },
            Self::Unavailable(why) => CommitError::Unavailable(why),
            Self::Follows | Self::Invalid => CommitError::Invalid { table },
        }
    }

    /// What it says about a read.
    pub(crate) fn unread(self) -> ReadError {
        match self {
            Self::Lost => ReadError::Unavailable(Unavailable::Unreachable),
            Self::Collided => ReadError::Unavailable(Unavailable::Busy),
            Self::Unavailable(why) => ReadError::Unavailable(why),
            Self::Follows | Self::Duplicate | Self::Invalid => ReadError::Invalid,
        }
    }
}
