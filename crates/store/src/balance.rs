//! What a merchant account is said to hold: each statement is a row, only ever added; the newest of
//! a channel is the one that payments out are counted from.

use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;

use crate::budget::Budget;
use crate::read::{Query, ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "balances";

/// One row of `balances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceRecord {
    /// The channel whose account it is.
    pub channel: String,
    /// The place of this statement among those of the account, from 1.
    pub seq: i64,
    /// How much it held.
    pub balance: Fen,
    /// Below how much somebody is to be told.
    pub alarm: Fen,
    /// Who said so.
    pub who: String,
    /// When.
    pub at: Timestamp,
}

impl BalanceRecord {
    /// Adds it; `Duplicate` when somebody else said something meanwhile.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, &self.channel),
            "INSERT INTO balances (channel, seq, balance_fen, alarm_fen, who, at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                &self.channel,
                self.seq,
                self.balance.get(),
                self.alarm.get(),
                &self.who,
                self.at
            ],
        )
    }

    pub(crate) fn newest() -> Query<Self> {
        Query {
            sql: "SELECT channel, seq, balance_fen, alarm_fen, who, at FROM balances AS said
                 WHERE seq = (SELECT MAX(seq) FROM balances WHERE channel = said.channel)
                 ORDER BY channel",
            values: values![],
            decode: Self::decode,
        }
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            channel: row.text()?,
            seq: row.integer()?,
            balance: row.fen()?,
            alarm: row.fen()?,
            who: row.text()?,
            at: row.time()?,
        })
    }
}

impl Store {
    /// The newest statement of each account.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn balances(&self) -> Result<Vec<BalanceRecord>, ReadError> {
        self.rows(BalanceRecord::newest()).await
    }

    /// How much was taken of a budget so far.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn spent(&self, budget: &Budget) -> Result<Fen, ReadError> {
        let found = self
            .read_one(
                "SELECT fen FROM spent WHERE budget = $1 AND key = $2 AND period = $3",
                values![budget.name, &budget.key, &budget.period],
                |row| row.fen(),
            )
            .await?;
        Ok(found.unwrap_or(Fen::ZERO))
    }
}
