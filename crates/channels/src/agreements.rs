//! Reads a file of agreements that were opened elsewhere, in the form Mingka documents
//! (docs/agreements.md): a lender that moves in brings what its borrowers have agreed to already.
//! Here is the form; whether a line can be taken is the engine's to judge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::statement::FileError;

/// The columns, in any order; those after `agreement_number` may be left out.
pub const COLUMNS: &str = "channel,merchant,agreement_number,borrower_ref,card_number,card_last4,\
                           name,id_number,phone,valid_until,mandate_payee,mandate_purpose,\
                           mandate_cycle,mandate_payment_fen,mandate_valid_until,mandate_sha256,\
                           mandate_accepted_at";
/// How many agreements a file may hold.
pub const LINE_COUNT_MAX: usize = 100_000;

/// An agreement as its line says it: texts, not judged yet.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementLine {
    /// The line in the file, from 1.
    #[serde(skip)]
    pub number: usize,
    /// The channel's code.
    pub channel: String,
    /// The number of the merchant account.
    pub merchant: String,
    /// The agreement's number at the channel.
    pub agreement_number: String,
    /// The platform's own name for the borrower.
    #[serde(default)]
    pub borrower_ref: Option<String>,
    /// The card number.
    #[serde(default)]
    pub card_number: Option<String>,
    /// Its last four digits, where the number is not known any more.
    #[serde(default)]
    pub card_last4: Option<String>,
    /// The holder's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The holder's ID number.
    #[serde(default)]
    pub id_number: Option<String>,
    /// The reserved phone.
    #[serde(default)]
    pub phone: Option<String>,
    /// When the agreement ends by itself, RFC 3339.
    #[serde(default)]
    pub valid_until: Option<String>,
    /// Who may collect.
    #[serde(default)]
    pub mandate_payee: Option<String>,
    /// For what.
    #[serde(default)]
    pub mandate_purpose: Option<String>,
    /// How often, or under which conditions, in words.
    #[serde(default)]
    pub mandate_cycle: Option<String>,
    /// The most one collection may take, in fen.
    #[serde(default)]
    pub mandate_payment_fen: Option<String>,
    /// Until when money may be collected, RFC 3339.
    #[serde(default)]
    pub mandate_valid_until: Option<String>,
    /// Hexadecimal SHA-256 of the text the borrower accepted.
    #[serde(default)]
    pub mandate_sha256: Option<String>,
    /// When the borrower accepted it, RFC 3339.
    #[serde(default)]
    pub mandate_accepted_at: Option<String>,
}

impl fmt::Debug for AgreementLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgreementLine").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Reads a whole file.
///
/// # Errors
/// Names the first line that is not in the form; nothing of the line itself.
pub fn read(text: &str) -> Result<Vec<AgreementLine>, FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = reader.headers().cloned();
    let columns =
        columns.map_err(|_| FileError { line: 1, problem: "the columns cannot be read" })?;
    let known = |name: &str| COLUMNS.split(',').any(|column| column == name);
    if !["channel", "merchant", "agreement_number"]
        .iter()
        .all(|must| columns.iter().any(|c| c == *must))
    {
        let problem = "the columns channel, merchant and agreement_number have to be there";
        return Err(FileError { line: 1, problem });
    }
    if !columns.iter().all(known) {
        return Err(FileError { line: 1, problem: "a column is none of the form" });
    }
    if columns.iter().enumerate().any(|(at, name)| columns.iter().skip(at + 1).any(|c| c == name)) {
        return Err(FileError { line: 1, problem: "a column stands there twice" });
    }
    let (mut lines, mut place) = (Vec::new(), Place { byte: 0, line: 1 });
    let mut record = csv::StringRecord::new();
    loop {
        place.move_to(text.as_bytes(), reader.position().byte());
        let wrong = |problem| FileError { line: place.line, problem };
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(lines),
            Err(_) => {
                return Err(wrong("the line does not have as many fields as there are columns"));
            }
        }
        if lines.len() >= LINE_COUNT_MAX {
            return Err(wrong("the file holds too many lines"));
        }
        let line: Result<AgreementLine, _> = record.deserialize(Some(&columns));
        let line = line.map_err(|_| wrong("the line cannot be read"))?;
        lines.push(AgreementLine { number: place.line, ..line });
    }
}

/// Where in a file a line begins.
struct Place {
    byte: usize,
    line: usize,
}

impl Place {
    /// To the first line at or behind this byte that is not empty.
    fn move_to(&mut self, text: &[u8], byte: u64) {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(next) = text.get(self.byte)
            && (self.byte < byte || matches!(next, b'\r' | b'\n'))
        {
            self.line += usize::from(*next == b'\n');
            self.byte += 1;
        }
    }
}

/// An agreement as a line of the form, with its line break. `None` when it cannot be written.
#[must_use]
pub fn write_line(line: &AgreementLine) -> Option<String> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.serialize(line).ok()?;
    String::from_utf8(writer.into_inner().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "unionpay,777290058110048,token-1";

    #[test]
    fn lines_are_read_whatever_the_order_of_the_columns() {
        let text = "\u{feff}merchant,channel,agreement_number,name,mandate_payee\n\
                    777290058110048,unionpay,token-1,,\"晨光小额贷款有限公司, 上海\"\n\n\
                    777290058110048, unionpay ,token-2,李文华,\n";
        let lines = read(text).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].number, lines[1].number), (2, 4));
        assert_eq!(lines[1].channel, "unionpay");
        assert_eq!(lines[0].name, None);
        assert_eq!(lines[0].mandate_payee.as_deref(), Some("晨光小额贷款有限公司, 上海"));
        assert!(!format!("{lines:?}").contains("李文华"));
    }

    #[test]
    fn every_column_of_the_form_can_be_given() {
        let values = COLUMNS.split(',').map(|_| "1").collect::<Vec<_>>().join(",");
        assert_eq!(read(&format!("{COLUMNS}\n{values}\n")).unwrap().len(), 1);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let line = AgreementLine {
            channel: "unionpay".to_owned(),
            merchant: "777290058110048".to_owned(),
            agreement_number: "token \"1\", first".to_owned(),
            mandate_payee: Some("晨光小额贷款有限公司".to_owned()),
            mandate_accepted_at: Some("2026-11-01T10:00:00+08:00".to_owned()),
            ..AgreementLine::default()
        };
        let read = read(&format!("{COLUMNS}\n{}", write_line(&line).unwrap())).unwrap();
        assert_eq!(read[0].agreement_number, line.agreement_number);
        assert_eq!(read[0].mandate_payee, line.mandate_payee);
        assert_eq!(read[0].mandate_accepted_at, line.mandate_accepted_at);
        assert_eq!(read[0].card_number, None);
    }

    #[test]
    fn what_is_not_in_the_form_is_refused_by_its_line() {
        let head = "channel,merchant,agreement_number";
        for (text, line) in [
            (String::new(), 1),
            ("channel,merchant\nunionpay,1\n".to_owned(), 1),
            (format!("{head},card\n{LINE},1\n"), 1),
            (format!("{head},channel\n{LINE},unionpay\n"), 1),
            (format!("{head}\n{LINE}\n{LINE},more\n"), 3),
        ] {
            assert_eq!(read(&text).map(|_| 0).map_err(|error| error.line), Err(line), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,400}") {
            let _ = read(&text);
            let _ = read(&format!("{COLUMNS}\n{text}"));
        }
    }
}
