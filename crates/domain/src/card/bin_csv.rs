//! BIN tables as text: the embedded one, and the operator's own with every row checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::bin::{BinRow, BinSource, BinTable, OtherReading};
use super::{CardKind, CardNumber};

const EMBEDDED: &str = include_str!("../../../../data/bin/bin_table.csv");

/// More rows than this are refused: public lists of all BINs have a tenth of it, and the digit tree
/// of this many rows stays under ten megabytes.
const OPERATOR_ROW_COUNT_MAX: usize = 50_000;

/// The operator's table cannot be used, and why. The line is counted from 1, the header being 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinTableError {
    /// The line of the file.
    pub line: u64,
    /// What is wrong with it.
    pub problem: BinTableProblem,
}

/// What is wrong with a row of the operator's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BinTableProblem {
    /// The text is no CSV at all, or a row has another number of columns than the header.
    NotCsv(String),
    /// A column is not in the header.
    ColumnMissing(&'static str),
    /// The BIN is not 2 to 10 digits.
    Bin(String),
    /// The length is not 13 to 20, or not longer than the BIN.
    PanLength(String),
    /// The kind is none of `debit`, `credit`, `semi_credit`, `prepaid` (or DC, CC, SCC, PC).
    Kind(String),
    /// The bank's code is not 1 to 16 letters, digits or underscores.
    BankCode(String),
    /// The bank's name is empty or longer than 60 characters.
    BankName,
    /// The same BIN stands in an earlier line.
    Repeated(String),
    /// More rows than are taken.
    TooManyRows,
}

impl fmt::Display for BinTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            BinTableProblem::NotCsv(why) => write!(f, "not readable as CSV: {why}"),
            BinTableProblem::ColumnMissing(name) => write!(
                f,
                "the header has no column \"{name}\"; it needs \
                 bin,pan_length,kind,bank_code,bank_name"
            ),
            BinTableProblem::Bin(text) => write!(f, "a BIN is 2 to 10 digits, not \"{text}\""),
            BinTableProblem::PanLength(text) => {
                write!(f, "pan_length is 13 to 20 and longer than the BIN, not \"{text}\"")
            }
            BinTableProblem::Kind(text) => {
                write!(f, "kind is debit, credit, semi_credit or prepaid, not \"{text}\"")
            }
            BinTableProblem::BankCode(text) => {
                write!(f, "bank_code is 1 to 16 letters, digits or underscores, not \"{text}\"")
            }
            BinTableProblem::BankName => {
                f.write_str("bank_name is empty or longer than 60 characters")
            }
            BinTableProblem::Repeated(bin) => {
                write!(f, "BIN {bin} stands in an earlier line already")
            }
            BinTableProblem::TooManyRows => {
                write!(f, "more than {OPERATOR_ROW_COUNT_MAX} rows are not taken")
            }
        }
    }
}

impl std::error::Error for BinTableError {}

/// The rows of the table that comes with the house. A test proves that every line reads.
pub(super) fn embedded_rows() -> Vec<BinRow> {
    let mut names = Names::default();
    EMBEDDED.lines().skip(1).filter_map(|line| embedded_row(line, &mut names)).collect()
}

fn embedded_row(line: &str, names: &mut Names) -> Option<BinRow> {
    let mut columns = line.split(',');
    let mut next = || columns.next();
    let bin = Arc::from(next()?);
    let pan_length = next()?.parse().ok()?;
    let kind = CardKind::from_table(next()?)?;
    let bank_code = names.shared(next()?);
    let bank_name = names.shared(next()?);
    let source = match next()? {
        "caijf" => BinSource::Caijf,
        "bankcardinfo" => BinSource::Bankcardinfo,
        "both" => BinSource::Both,
        "conflict" => BinSource::Conflict,
        _ => return None,
    };
    let other = match (next()?, next()?, next()?) {
        ("", "", "") => None,
        (bank_code, kind, pan_length) => Some(OtherReading {
            bank_code: names.shared(bank_code),
            kind: CardKind::from_table(kind)?,
            pan_length: pan_length.parse().ok()?,
        }),
    };
    Some(BinRow { bin, pan_length, kind, bank_code, bank_name, source, other })
}

/// The operator's rows, each checked; the first bad one is named.
pub(super) fn operator_rows(text: &str) -> Result<Vec<BinRow>, BinTableError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| not_csv(&error))?.clone();
    let column = |name: &'static str| {
        header
            .iter()
            .position(|title| title == name)
            .ok_or(BinTableError { line: 1, problem: BinTableProblem::ColumnMissing(name) })
    };
    let columns = [
        column("bin")?,
        column("pan_length")?,
        column("kind")?,
        column("bank_code")?,
        column("bank_name")?,
    ];
    let mut names = Names::default();
    let mut lines = HashMap::new();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| not_csv(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields = columns.map(|place| record.get(place).unwrap_or_default());
        let row = operator_row(fields, &mut names)
            .and_then(|row| match lines.insert(Arc::clone(&row.bin), line) {
                None if rows.len() >= OPERATOR_ROW_COUNT_MAX => Err(BinTableProblem::TooManyRows),
                None => Ok(row),
                Some(_) => Err(BinTableProblem::Repeated(row.bin.to_string())),
            })
            .map_err(|problem| BinTableError { line, problem })?;
        rows.push(row);
    }
    Ok(rows)
}

fn operator_row(fields: [&str; 5], names: &mut Names) -> Result<BinRow, BinTableProblem> {
    let [bin, pan_length, kind, bank_code, bank_name] = fields;
    let digits = 2..=BinTable::BIN_DIGITS_MAX;
    if !digits.contains(&bin.len()) || !bin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BinTableProblem::Bin(shown(bin)));
    }
    let length = pan_length
        .parse::<u8>()
        .ok()
        .filter(|length| {
            let length = usize::from(*length);
            (CardNumber::LENGTH_MIN..=CardNumber::LENGTH_MAX).contains(&length)
                && length > bin.len()
        })
        .ok_or_else(|| BinTableProblem::PanLength(shown(pan_length)))?;
    let kind = CardKind::from_table(kind).ok_or_else(|| BinTableProblem::Kind(shown(kind)))?;
    let code_ok = bank_code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !code_ok || !(1..=16).contains(&bank_code.len()) {
        return Err(BinTableProblem::BankCode(shown(bank_code)));
    }
    if !(1..=60).contains(&bank_name.chars().count()) || bank_name.contains(char::is_control) {
        return Err(BinTableProblem::BankName);
    }
    Ok(BinRow {
        bin: Arc::from(bin),
        pan_length: length,
        kind,
        bank_code: names.shared(bank_code),
        bank_name: names.shared(bank_name),
        source: BinSource::Operator,
        other: None,
    })
}

fn not_csv(error: &csv::Error) -> BinTableError {
    let line = error.position().map_or(1, csv::Position::line);
    BinTableError { line, problem: BinTableProblem::NotCsv(error.to_string()) }
}

/// The beginning of a bad field, for the operator to find it by.
fn shown(field: &str) -> String {
    field.chars().take(10).filter(|c| !c.is_control()).collect()
}

/// Bank codes and names, each kept once.
#[derive(Default)]
struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.0.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = Arc::from(text);
        self.0.insert(Box::from(text), Arc::clone(&name));
        name
    }
}
