//! Values on their way to PostgreSQL and back. BIGINT, TEXT and BYTEA, and nothing is converted in
//! silence.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::read::Cell;
use crate::unit::Value;

/// A value that does not fit what the statement wants in its place. A bug of this crate.
#[derive(Debug)]
pub(crate) struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value is of another type than its place in the statement")
    }
}

impl Error for Unfit {}

impl ToSql for Value {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, wanted) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT8) => number.to_sql(wanted, out),
            (Self::Integer(number), &Type::INT4) => match i32::try_from(*number) {
                Ok(number) => number.to_sql(wanted, out),
                Err(_) => Err(Box::new(Unfit)),
            },
            (Self::Text(text), &Type::TEXT) => text.to_sql(wanted, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.as_slice().to_sql(wanted, out),
            _ => Err(Box::new(Unfit)),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Whether it fits depends on the value as well: `to_sql` says.
        true
    }

    to_sql_checked!();
}

/// A value of a row; `None` when it is none that this house writes.
pub(crate) fn cell(row: &Row, column: usize) -> Option<Cell<'_>> {
    let kind = row.columns().get(column)?.type_();
    let cell = if *kind == Type::INT8 {
        row.try_get::<_, Option<i64>>(column).ok()?.map(Cell::Integer)
    } else if *kind == Type::INT4 {
        row.try_get::<_, Option<i32>>(column).ok()?.map(|number| Cell::Integer(number.into()))
    } else if *kind == Type::TEXT {
        row.try_get::<_, Option<&str>>(column).ok()?.map(Cell::Text)
    } else if *kind == Type::BYTEA {
        row.try_get::<_, Option<&[u8]>>(column).ok()?.map(Cell::Bytes)
    } else {
        return None;
    };
    Some(cell.unwrap_or(Cell::Null))
}
