//! How much may be moved in a calendar day or month. A share is taken by a statement of the very
//! unit that sends the payment, so no process counts alone; without a share the unit loses.

use mingka_domain::money::Fen;
use mingka_domain::time::Timestamp;

use crate::unit::{Loss, RowKey, Statement, values};

const TABLE: &str = "spent";

/// So much in a period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    /// What is counted.
    pub name: &'static str,
    /// For whom: a digest.
    pub key: [u8; 32],
    /// Which day or month, such as `2026-11-30` or `2026-11`.
    pub period: String,
    /// How much there is; `None` when it is only counted.
    pub max: Option<Fen>,
}

impl Budget {
    /// Takes a share; the unit is `Full` when so much is not left.
    #[must_use]
    pub fn take(&self, amount: Fen, now: Timestamp) -> Statement {
        Statement {
            row: RowKey::new(TABLE, self.name),
            loss: Some(Loss::Full(self.name)),
            sql: "INSERT INTO spent (budget, key, period, fen, began_at)
                 SELECT $1, $2, $3, $4, $5 WHERE CAST($4 AS BIGINT) <= $6
                 ON CONFLICT (budget, key, period) DO UPDATE SET fen = spent.fen + excluded.fen
                 WHERE spent.fen + excluded.fen <= $6",
            values: values![
                self.name,
                &self.key,
                &self.period,
                amount.get(),
                now,
                self.max.unwrap_or(Fen::MAX).get()
            ],
        }
    }

    /// Gives a share back that was taken at a moment: nothing of it moved.
    #[must_use]
    pub fn give_back(&self, amount: Fen, taken_at: Timestamp) -> Statement {
        Statement::any(
            RowKey::new(TABLE, self.name),
            "UPDATE spent SET fen = fen - $1
             WHERE budget = $2 AND key = $3 AND period = $4 AND fen >= $1 AND began_at <= $5",
            values![amount.get(), self.name, &self.key, &self.period, taken_at],
        )
    }

    /// Removes what was begun before a moment, but for what a balance is counted by.
    #[must_use]
    pub fn purge(before: Timestamp) -> Statement {
        let row = RowKey::new(TABLE, "");
        Statement::any(
            row,
            "DELETE FROM spent WHERE began_at < $1 AND budget <> 'balance'",
            values![before],
        )
    }
}
