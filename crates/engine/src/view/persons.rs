//! Persons of the house, what they propose and decide, and the limits they set.

use mingka_domain::approval::{ApprovalState, Limit, Proposal};
use mingka_domain::id::{ApprovalId, PrincipalId};
use mingka_domain::money::Fen;
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::Role;

/// A person of the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalView {
    /// Their id.
    pub id: PrincipalId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Since when.
    pub created_at: Timestamp,
    /// When their key was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// A proposal and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// Its id.
    pub id: ApprovalId,
    /// How it stands.
    pub state: ApprovalState,
    /// What is proposed.
    pub what: Proposal,
    /// By what evidence.
    pub evidence: String,
    /// Who proposed it.
    pub proposed_by: PrincipalId,
    /// When.
    pub proposed_at: Timestamp,
    /// Until when somebody else may decide.
    pub expires_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<PrincipalId>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// What a merchant account is known to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceView {
    /// The channel's code.
    pub channel: String,
    /// What somebody said it held.
    pub stated: Fen,
    /// That, less what was paid out since or is on its way.
    pub left: Fen,
    /// Below how much somebody is to be told.
    pub alarm_below: Fen,
    /// Whether it is.
    pub is_low: bool,
    /// Who said so.
    pub who: String,
    /// When.
    pub at: Timestamp,
}

/// A limit in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitView {
    /// The limit.
    pub limit: Limit,
    /// By which approval.
    pub approval: ApprovalId,
    /// Since when.
    pub at: Timestamp,
}

/// A person's key, shown in the clear once: only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedPersonKey {
    /// Their id.
    pub id: PrincipalId,
    /// The key itself.
    pub key: Secret,
}
