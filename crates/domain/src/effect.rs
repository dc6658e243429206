//! Effects are data: the domain says what shall be done, the engine does it after the commit.
//! An effect carries ids only, never a clear value.

use serde::{Deserialize, Serialize};

use crate::id::AttemptId;
use crate::time::Timestamp;

/// Something to be done once the unit that holds it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Send this attempt's message to its bank. Possible only with the proof that it is persisted.
    Send(AttemptId),
    /// Ask the bank about this attempt, not before the given moment.
    Inquire(AttemptId, Timestamp),
    /// Wake whoever watches this subject (SSE, the borrower's page).
    Announce,
}
