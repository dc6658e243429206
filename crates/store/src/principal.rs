//! A person of the house. Only a hash of the personal key is kept; the prefix finds the row.

use mingka_domain::id::PrincipalId;
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "principals";

/// One row of `principals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalRecord {
    /// Their identity.
    pub id: PrincipalId,
    /// Their name. No two persons have one.
    pub name: String,
    /// What they may do: names of roles with a space between.
    pub roles: String,
    /// The personal key's public beginning.
    pub prefix: String,
    /// The hash of the whole key.
    pub hash: [u8; 32],
    /// Since when.
    pub created_at: Timestamp,
    /// When they stopped being one.
    pub revoked_at: Option<Timestamp>,
}

impl PrincipalRecord {
    /// Inserts it; `Duplicate` when there is one of this name already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO principals (id, name, roles, prefix, hash, created_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                self.id,
                &self.name,
                &self.roles,
                &self.prefix,
                &self.hash,
                self.created_at,
                self.revoked_at
            ],
        )
    }

    /// Takes the personal key back; `Stale` when it is not there or taken back already.
    #[must_use]
    pub fn revoke(id: PrincipalId, now: Timestamp) -> Statement {
        Statement::guarded(
            RowKey::new(TABLE, id),
            "UPDATE principals SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            values![now, id],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            roles: row.text()?,
            prefix: row.text()?,
            hash: row.digest()?,
            created_at: row.time()?,
            revoked_at: row.time_opt()?,
        })
    }
}

impl Store {
    /// The person whose key begins like this.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn principal_by_prefix(
        &self,
        prefix: &str,
    ) -> Result<Option<PrincipalRecord>, ReadError> {
        self.read_one(
            "SELECT id, name, roles, prefix, hash, created_at, revoked_at FROM principals
             WHERE prefix = $1",
            values![prefix],
            PrincipalRecord::decode,
        )
        .await
    }

    /// Everybody, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn principals(&self) -> Result<Vec<PrincipalRecord>, ReadError> {
        self.read(
            "SELECT id, name, roles, prefix, hash, created_at, revoked_at FROM principals
             ORDER BY id",
            values![],
            PrincipalRecord::decode,
        )
        .await
    }
}
