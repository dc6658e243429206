//! A lender: whose money it is. Routing never crosses lenders.

use mingka_domain::id::{LenderId, PlatformId};
use mingka_domain::time::Timestamp;

use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "lenders";

/// One row of `lenders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LenderRecord {
    /// Its identity.
    pub id: LenderId,
    /// On whose platform it lends.
    pub platform: PlatformId,
    /// The short name by which channels are assigned to it in the configuration.
    pub code: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl LenderRecord {
    /// Inserts it; `Duplicate` when the platform has a lender of this code.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.id),
            "INSERT INTO lenders (id, platform, code, name, created_at)
             VALUES ($1, $2, $3, $4, $5)",
            values![self.id, self.platform, &self.code, &self.name, self.created_at],
        )
    }

    pub(crate) fn of_code(platform: PlatformId, code: &str) -> Query<Self> {
        Query {
            sql: "SELECT id, platform, code, name, created_at FROM lenders
                 WHERE platform = $1 AND code = $2",
            values: values![platform, code],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            id: row.id()?,
            platform: row.id()?,
            code: row.text()?,
            name: row.text()?,
            created_at: row.time()?,
        })
    }
}

impl Store {
    /// A platform's lender of this code.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn lender_of_code(
        &self,
        platform: PlatformId,
        code: &str,
    ) -> Result<Option<LenderRecord>, ReadError> {
        Ok(self.rows(LenderRecord::of_code(platform, code)).await?.into_iter().next())
    }

    /// A platform's lender.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn lender(
        &self,
        platform: PlatformId,
        id: LenderId,
    ) -> Result<Option<LenderRecord>, ReadError> {
        self.read_one(
            "SELECT id, platform, code, name, created_at FROM lenders
             WHERE id = $1 AND platform = $2",
            values![id, platform],
            LenderRecord::decode,
        )
        .await
    }

    /// A platform's lenders, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn lenders(&self, platform: PlatformId) -> Result<Vec<LenderRecord>, ReadError> {
        self.read(
            "SELECT id, platform, code, name, created_at FROM lenders
             WHERE platform = $1 ORDER BY id",
            values![platform],
            LenderRecord::decode,
        )
        .await
    }
}
