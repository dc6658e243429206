//! Reads a statement in the form Mingka documents (docs/statements.md): a line about the file, the
//! names of the columns, one line for each movement. A file that does not hold what its first line
//! says, or says one thing twice, is refused as a whole and by name: half a statement that calls
//! itself complete would prove absences that never were.

use std::collections::BTreeSet;
use std::fmt;

use mingka_domain::money::Fen;
use mingka_domain::statement::SettlementDay;
use mingka_domain::time::Timestamp;

/// The version of the form.
const VERSION: &str = "1";
/// The columns, in their order.
pub const COLUMNS: &str = "settlement_day,channel,merchant,order_id,txn_time,kind,amount_fen,\
                           result,query_id,settled_at,original_order_id,original_txn_time";
/// How many movements a file may hold.
pub const LINE_COUNT_MAX: usize = 1_000_000;

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Movement {
    /// Money went from the lender to a card.
    Disbursement,
    /// Money went from a card to the lender.
    Repayment,
    /// A part of a repayment, or all of it, went back.
    Refund,
    /// A repayment went back, whole, on its own day.
    Undo,
    /// A repayment was reversed.
    Reversal,
    /// A disbursement came back (退汇).
    Return,
}

impl Movement {
    const ALL: [Self; 6] = [
        Self::Disbursement,
        Self::Repayment,
        Self::Refund,
        Self::Undo,
        Self::Reversal,
        Self::Return,
    ];

    /// The word for it, as in the file and in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disbursement => "disbursement",
            Self::Repayment => "repayment",
            Self::Refund => "refund",
            Self::Undo => "undo",
            Self::Reversal => "reversal",
            Self::Return => "return",
        }
    }

    /// The movement of this word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|movement| movement.name() == name)
    }
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFile {
    /// The channel's code.
    pub channel: String,
    /// The number of the merchant account.
    pub merchant: String,
    /// The settlement day.
    pub day: SettlementDay,
    /// Whether nothing of the day is missing.
    pub complete: bool,
    /// The sum of the amounts.
    pub total_fen: i64,
    /// The movements.
    pub lines: Vec<StatementLine>,
}

/// A movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The order's number.
    pub order_id: String,
    /// The order's time.
    pub txn_time: Timestamp,
    /// What moved.
    pub movement: Movement,
    /// How much.
    pub amount: Fen,
    /// The channel's own number.
    pub query_id: String,
    /// When it moved.
    pub settled_at: Timestamp,
    /// The number and time of the order whose money it gives back.
    pub original: Option<(String, Timestamp)>,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there; nothing of the line itself.
    pub problem: &'static str,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for FileError {}

/// Reads a whole file.
///
/// # Errors
/// Names the first line that is not as it must be.
pub fn read(text: &str) -> Result<StatementFile, FileError> {
    let wrong = |line, problem| Err(FileError { line, problem });
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
    let Some((head, _)) = lines.next() else { return wrong(1, "the file is empty") };
    let Some(head) = Head::read(head) else {
        return wrong(
            1,
            "expected #mingka-statement,version=1 and then channel, merchant, day, count, \
             total_fen and complete",
        );
    };
    if lines.next().is_none_or(|(columns, _)| columns != COLUMNS) {
        return wrong(2, "the columns are not those of the form");
    }
    let (mut found, mut seen, mut total_fen) = (Vec::new(), BTreeSet::new(), 0_i64);
    let mut last = 2;
    for (text, number) in lines.filter(|(text, _)| !text.is_empty()) {
        last = number;
        let line = head.line(text).map_err(|problem| FileError { line: number, problem })?;
        if !seen.insert((line.order_id.clone(), line.txn_time, line.movement)) {
            return wrong(number, "this movement of this order stands there twice");
        }
        if found.len() >= LINE_COUNT_MAX {
            return wrong(number, "the file holds too many lines");
        }
        let Some(sum) = total_fen.checked_add(line.amount.get()) else {
            return wrong(number, "the sum is too large");
        };
        total_fen = sum;
        found.push(line);
    }
    if found.len() != head.count {
        return wrong(last, "the file does not hold as many lines as its first line says");
    }
    if total_fen != head.total_fen {
        return wrong(last, "the amounts do not add up to what the first line says");
    }
    let Head { channel, merchant, day, complete, .. } = head;
    Ok(StatementFile { channel, merchant, day, complete, total_fen, lines: found })
}

struct Head {
    channel: String,
    merchant: String,
    day: SettlementDay,
    count: usize,
    total_fen: i64,
    complete: bool,
}

impl Head {
    fn read(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("#mingka-statement,")?.split(',');
        let mut next = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        if next("version")? != VERSION {
            return None;
        }
        let head = Self {
            channel: word(next("channel")?)?.to_owned(),
            merchant: word(next("merchant")?)?.to_owned(),
            day: next("day")?.parse().ok()?,
            count: next("count")?.parse().ok()?,
            total_fen: next("total_fen")?.parse().ok()?,
            complete: next("complete")?.parse().ok()?,
        };
        fields.next().is_none().then_some(head)
    }

    fn line(&self, text: &str) -> Result<StatementLine, &'static str> {
        let fields: Vec<&str> = text.split(',').collect();
        let Ok([day, channel, merchant, order_id, txn_time, kind, amount, result, rest @ ..]) =
            <[&str; 12]>::try_from(fields)
        else {
            return Err("expected twelve fields");
        };
        let [query_id, settled_at, original_id, original_time] = rest;
        if day.parse() != Ok(self.day) || channel != self.channel || merchant != self.merchant {
            return Err("the line is of another day, channel or merchant than the file");
        }
        if result != "settled" {
            return Err("only lines whose result is settled belong into a statement");
        }
        let fen: i64 = amount.parse().map_err(|_| "the amount is no whole number of fen")?;
        let amount = Fen::new(fen).ok().filter(|_| fen > 0);
        let original = match (original_id, original_time) {
            ("", "") => None,
            (id, time) => Some((
                word(id).ok_or("the original's number cannot be read")?.to_owned(),
                moment(time).ok_or("the original's time cannot be read")?,
            )),
        };
        Ok(StatementLine {
            order_id: word(order_id).ok_or("the order's number cannot be read")?.to_owned(),
            txn_time: moment(txn_time).ok_or("the order's time cannot be read")?,
            movement: Movement::named(kind).ok_or("nobody knows this kind of movement")?,
            amount: amount.ok_or("the amount is not positive")?,
            query_id: if query_id.is_empty() { Some("") } else { word(query_id) }
                .ok_or("the channel's number cannot be read")?
                .to_owned(),
            settled_at: Timestamp::from_rfc3339(settled_at)
                .ok_or("the moment of the movement cannot be read")?,
            original,
        })
    }
}

/// Digits, letters and dashes, not too many.
fn word(text: &str) -> Option<&str> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(sound)).then_some(text)
}

fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::from_beijing_compact(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "2026-11-26,unionpay,777290058146592,order001,20261126120000,disbursement,\
                        10000,settled,202611261200000000001,2026-11-26T12:00:02.000+08:00,,";

    fn file(count: &str, total: &str, complete: &str, lines: &[&str]) -> String {
        let head = format!(
            "#mingka-statement,version=1,channel=unionpay,merchant=777290058146592,\
             day=2026-11-26,count={count},total_fen={total},complete={complete}"
        );
        [&[head.as_str(), COLUMNS], lines].concat().join("\n")
    }

    #[test]
    fn a_statement_is_read() {
        let read = read(&file("1", "10000", "true", &[LINE])).unwrap();
        assert_eq!((read.channel.as_str(), read.complete, read.lines.len()), ("unionpay", true, 1));
        assert_eq!(read.lines[0].movement, Movement::Disbursement);
        assert_eq!(read.lines[0].settled_at.beijing_compact(), "20261126120002");
        assert!(super::read(&file("0", "0", "true", &[])).unwrap().lines.is_empty());
    }

    #[test]
    fn what_is_not_as_it_says_is_refused_by_its_line() {
        let back = LINE.replace(",,", ",order000,20261125120000");
        for (text, line) in [
            (String::new(), 1),
            (file("1", "10000", "perhaps", &[LINE]), 1),
            (file("2", "20000", "true", &[LINE]), 3),
            (file("1", "10001", "true", &[LINE]), 3),
            (file("2", "20000", "true", &[LINE, LINE]), 4),
            (file("1", "10000", "true", &[&LINE.replace("settled", "declined")]), 3),
            (file("1", "10000", "true", &[&LINE.replace("11-26,union", "11-27,union")]), 3),
            (file("1", "10000", "true", &[&LINE.replace(",10000,", ",-1,")]), 3),
            (file("1", "10000", "true", &[&LINE.replace("disbursement", "gift")]), 3),
            (file("1", "10000", "true", &[&LINE.replace("order001", "")]), 3),
            (file("1", "10000", "true", &["a,b"]), 3),
            (file("1", "10000", "true", &[LINE]).replace("query_id", "number"), 2),
        ] {
            assert_eq!(read(&text).map(|_| 0).map_err(|error| error.line), Err(line), "{text}");
        }
        assert!(read(&file("1", "10000", "true", &[&back])).unwrap().lines[0].original.is_some());
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,400}") {
            let _ = read(&text);
            let _ = read(&file("1", "10000", "true", &[&text]));
        }
    }
}
