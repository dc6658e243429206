//! The decoding of rows, whatever the engine, and why something could not be read. How each engine
//! reads stands in its own `read`.

use std::fmt;
use std::str::FromStr;

use mingka_domain::effect::Subject;
use mingka_domain::id::{Id, Kind};
use mingka_domain::money::Fen;
use mingka_domain::outcome::Operation;
use mingka_domain::payment::PaymentKind;
use mingka_domain::statement::SettlementDay;
use mingka_domain::time::Timestamp;

use crate::unit::{Unavailable, Value};
use crate::{postgres, sqlite};

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    /// The database gives nothing now.
    Unavailable(Unavailable),
    /// A row is not in the form this program writes: its column, counted from 0.
    Damaged {
        /// The column.
        column: usize,
    },
    /// The statement itself is wrong. A bug of this crate.
    Invalid,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "nothing could be read: {why}"),
            Self::Damaged { column } => write!(f, "column {column} of a row cannot be understood"),
            Self::Invalid => f.write_str("the database does not know this statement"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Turns one row into a record.
pub(crate) type Decode<T> = fn(&mut Row<'_, '_>) -> Result<T, ReadError>;

/// A query, its values, and how its rows are read.
pub(crate) struct Query<T> {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
    pub(crate) decode: Decode<T>,
}

/// Four queries that are read in one go.
pub(crate) type Four<A, B, C, D> = (Query<A>, Query<B>, Query<C>, Query<D>);
/// The rows of each.
pub(crate) type RowsOfFour<A, B, C, D> = (Vec<A>, Vec<B>, Vec<C>, Vec<D>);

/// One row, read column by column from the left.
pub(crate) struct Row<'row, 'statement> {
    cells: Cells<'row, 'statement>,
    column: usize,
}

/// Where a row's values lie.
enum Cells<'row, 'statement> {
    Sqlite(&'row rusqlite::Row<'statement>),
    Postgres(&'row tokio_postgres::Row),
}

/// One value of a row.
pub(crate) enum Cell<'row> {
    /// NULL.
    Null,
    /// BIGINT.
    Integer(i64),
    /// TEXT.
    Text(&'row str),
    /// BYTEA.
    Bytes(&'row [u8]),
}

impl<'row, 'statement> Row<'row, 'statement> {
    /// A row of SQLite.
    pub(crate) fn of_sqlite(row: &'row rusqlite::Row<'statement>) -> Self {
        Self { cells: Cells::Sqlite(row), column: 0 }
    }

    /// A row of PostgreSQL.
    pub(crate) fn of_postgres(row: &'row tokio_postgres::Row) -> Self {
        Self { cells: Cells::Postgres(row), column: 0 }
    }
}

impl Row<'_, '_> {
    fn value(&mut self) -> Result<(usize, Cell<'_>), ReadError> {
        let column = self.column;
        self.column = column.saturating_add(1);
        let cell = match self.cells {
            Cells::Sqlite(row) => sqlite::read::cell(row, column),
            Cells::Postgres(row) => postgres::value::cell(row, column),
        };
        Ok((column, cell.ok_or(ReadError::Damaged { column })?))
    }

    pub(crate) fn text_opt(&mut self) -> Result<Option<String>, ReadError> {
        match self.value()? {
            (_, Cell::Null) => Ok(None),
            (_, Cell::Text(text)) => Ok(Some(text.to_owned())),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    pub(crate) fn integer_opt(&mut self) -> Result<Option<i64>, ReadError> {
        match self.value()? {
            (_, Cell::Null) => Ok(None),
            (_, Cell::Integer(number)) => Ok(Some(number)),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    pub(crate) fn bytes_opt(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        match self.value()? {
            (_, Cell::Null) => Ok(None),
            (_, Cell::Bytes(bytes)) => Ok(Some(bytes.to_vec())),
            (column, _) => Err(ReadError::Damaged { column }),
        }
    }

    fn present<T>(&self, value: Option<T>) -> Result<T, ReadError> {
        value.ok_or(ReadError::Damaged { column: self.column.saturating_sub(1) })
    }

    pub(crate) fn text(&mut self) -> Result<String, ReadError> {
        let value = self.text_opt()?;
        self.present(value)
    }

    pub(crate) fn integer(&mut self) -> Result<i64, ReadError> {
        let value = self.integer_opt()?;
        self.present(value)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        let value = self.bytes_opt()?;
        self.present(value)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, ReadError> {
        self.integer().map(Timestamp::from_millis)
    }

    pub(crate) fn time_opt(&mut self) -> Result<Option<Timestamp>, ReadError> {
        Ok(self.integer_opt()?.map(Timestamp::from_millis))
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], ReadError> {
        let bytes = self.bytes()?.try_into().ok();
        self.present(bytes)
    }

    pub(crate) fn digest_opt(&mut self) -> Result<Option<[u8; 32]>, ReadError> {
        match self.bytes_opt()? {
            None => Ok(None),
            Some(bytes) => self.present(bytes.try_into().ok()).map(Some),
        }
    }

    fn parsed<T: FromStr>(&mut self) -> Result<T, ReadError> {
        let value = self.text()?.parse().ok();
        self.present(value)
    }

    pub(crate) fn id<K: Kind>(&mut self) -> Result<Id<K>, ReadError> {
        self.parsed()
    }

    pub(crate) fn id_opt<K: Kind>(&mut self) -> Result<Option<Id<K>>, ReadError> {
        match self.text_opt()? {
            None => Ok(None),
            Some(text) => self.present(text.parse().ok()).map(Some),
        }
    }

    pub(crate) fn operation(&mut self) -> Result<Operation, ReadError> {
        let name = self.text()?;
        self.present(Operation::named(&name))
    }

    pub(crate) fn payment_kind(&mut self) -> Result<PaymentKind, ReadError> {
        let name = self.text()?;
        self.present(PaymentKind::named(&name))
    }

    pub(crate) fn fen(&mut self) -> Result<Fen, ReadError> {
        let amount = Fen::new(self.integer()?).ok();
        self.present(amount)
    }

    pub(crate) fn fen_opt(&mut self) -> Result<Option<Fen>, ReadError> {
        match self.integer_opt()? {
            None => Ok(None),
            Some(fen) => self.present(Fen::new(fen).ok()).map(Some),
        }
    }

    pub(crate) fn day(&mut self) -> Result<SettlementDay, ReadError> {
        self.parsed()
    }

    pub(crate) fn subject(&mut self) -> Result<Subject, ReadError> {
        self.parsed()
    }
}

/// Those who read, on whichever engine.
#[derive(Debug)]
pub(crate) enum Readers {
    /// Threads with a connection each.
    Sqlite(sqlite::read::Readers),
    /// Tasks with a connection each.
    Postgres(postgres::read::Readers),
}

impl Readers {
    /// Every row of a query.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        decode: Decode<T>,
    ) -> Result<Vec<T>, ReadError> {
        match self {
            Self::Sqlite(readers) => readers.query(sql, values, decode).await,
            Self::Postgres(readers) => readers.query(sql, values, decode).await,
        }
    }

    /// Every row of four queries. On a file one thread reads them at one moment; a server is asked
    /// them at once.
    pub(crate) async fn four<A, B, C, D>(
        &self,
        four: Four<A, B, C, D>,
    ) -> Result<RowsOfFour<A, B, C, D>, ReadError>
    where
        A: Send + 'static,
        B: Send + 'static,
        C: Send + 'static,
        D: Send + 'static,
    {
        match self {
            Self::Sqlite(readers) => {
                readers.run(move |connection| sqlite::read::four(connection, &four)).await
            }
            Self::Postgres(readers) => {
                let (a, b, c, d) = four;
                tokio::try_join!(
                    readers.query(a.sql, a.values, a.decode),
                    readers.query(b.sql, b.values, b.decode),
                    readers.query(c.sql, c.values, c.decode),
                    readers.query(d.sql, d.values, d.decode),
                )
            }
        }
    }
}
