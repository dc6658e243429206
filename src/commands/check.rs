//! `mingka check`: prechecks at the command line, one card or a file of them. Sends nothing.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;
use std::process::ExitCode;

use mingka_domain::environment::Environment;
use mingka_domain::finding::Severity;
use mingka_domain::precheck::{Entry, Precheck, Rules, precheck};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use serde_json::{Value, json};

use super::{print_line, print_progress};
use crate::cli::CheckArgs;
use crate::nearest::nearest;

/// How often a long file says how far it is, in rows.
const PROGRESS_ROW_COUNT: u64 = 10_000;

/// The columns a file may have; only the first is required.
const COLUMNS: [&str; 4] = ["card_number", "name", "id_number", "phone"];

/// Checks one card or a file. Exits with 2 when something must be corrected.
pub(crate) fn run(args: &CheckArgs, rules: &Rules, now: Timestamp) -> Result<ExitCode, String> {
    let path = Path::new(&args.subject);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) || path.is_file() {
        let file = File::open(path).map_err(|e| {
            let columns = COLUMNS.join(",");
            format!("cannot read {}: {e}; a file has the columns {columns}", path.display())
        })?;
        return run_file(args, rules, now, file);
    }
    let entry = Entry {
        card_number: Some(&args.subject),
        name: args.name.as_deref(),
        id_number: args.id.as_deref(),
        phone: args.phone.as_deref(),
        ..Entry::default()
    };
    let result = precheck(&entry, &Environment::default(), rules, now.beijing().date());
    if args.json {
        print_line(&as_json(&result).to_string());
    } else {
        print_one(&result);
    }
    Ok(exit_code(result.stopped()))
}

fn run_file(
    args: &CheckArgs,
    rules: &Rules,
    now: Timestamp,
    file: impl Read,
) -> Result<ExitCode, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let headers = reader.headers().map_err(|e| format!("{}: {e}", args.subject))?.clone();
    let column = |name: &str| {
        headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == name)
    };
    let places = COLUMNS.map(column);
    // What stands there instead may be a person's card, and is not repeated.
    if places.first().is_none_or(Option::is_none) {
        return Err(format!(
            "{}: the first line must name the columns {}, and does not name card_number",
            args.subject,
            COLUMNS.join(",")
        ));
    }
    check_headers(&headers).map_err(|what| format!("{} line 1: {what}", args.subject))?;
    let mut counts = Counts::default();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(format!("{} line {line}: not readable as CSV in UTF-8", args.subject));
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().any(|field| field.contains(['\n', '\r'])) {
            return Err(format!(
                "{} line {line}: a field goes on over the end of its line; is a quote not closed?",
                args.subject
            ));
        }
        let entry = entry_of(&record, places);
        let result = precheck(&entry, &Environment::default(), rules, now.beijing().date());
        counts.add(&result);
        if args.json {
            let mut row = as_json(&result);
            if let Some(row) = row.as_object_mut() {
                row.insert("line".to_owned(), json!(line));
            }
            print_line(&row.to_string());
        } else {
            print_row(line, &result);
        }
        if counts.rows % PROGRESS_ROW_COUNT == 0 && std::io::stderr().is_terminal() {
            print_progress(&format!("{} rows", counts.rows));
        }
    }
    if !args.json {
        print_line(&counts.summary());
    }
    Ok(exit_code(counts.stopped > 0))
}

/// A row that ends before a column has it empty: a file that was cut must not pass.
fn entry_of(record: &csv::StringRecord, places: [Option<usize>; 4]) -> Entry<'_> {
    let [card_number, name, id_number, phone] =
        places.map(|place| place.map(|place| record.get(place).unwrap_or_default()));
    Entry { card_number, name, id_number, phone, ..Entry::default() }
}

/// Columns of the file's own are left alone, but none may be there twice, and one that looks like
/// a mistyped name of ours would leave its values unchecked.
fn check_headers(headers: &csv::StringRecord) -> Result<(), String> {
    let names: Vec<&str> =
        headers.iter().map(|name| name.trim().trim_start_matches('\u{feff}')).collect();
    for column in COLUMNS {
        if names.iter().filter(|name| **name == column).count() > 1 {
            return Err(format!("the column {column} is there twice"));
        }
    }
    let own = |name: &str| COLUMNS.contains(&name) || name.chars().count() <= 3;
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !own(name)) {
        let missing = COLUMNS.into_iter().filter(|column| !names.contains(column));
        if let Some(column) = nearest(name, missing) {
            let place = place.saturating_add(1);
            return Err(format!("column {place} is not known; did you mean {column}?"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    rows: u64,
    clean: u64,
    warned: u64,
    stopped: u64,
}

impl Counts {
    fn add(&mut self, result: &Precheck) {
        self.rows += 1;
        if result.stopped() {
            self.stopped += 1;
        } else if result.findings.is_empty() {
            self.clean += 1;
        } else {
            self.warned += 1;
        }
    }

    fn summary(&self) -> String {
        format!(
            "\n共 {} 行：{} 行无提示，{} 行可继续但建议核对，{} 行需更正\n{} rows: {} clean, {} worth a \
             second look, {} to correct",
            self.rows,
            self.clean,
            self.warned,
            self.stopped,
            self.rows,
            self.clean,
            self.warned,
            self.stopped
        )
    }
}

fn exit_code(stopped: bool) -> ExitCode {
    if stopped { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

fn as_json(result: &Precheck) -> Value {
    let findings: Vec<Value> = result
        .findings
        .iter()
        .map(|finding| {
            json!({
                "field": finding.field,
                "severity": finding.severity,
                "cause": finding.cause,
                "at": finding.at,
                "text": { "zh": finding.text(Lang::Zh), "en": finding.text(Lang::En) },
                "fix": { "zh": finding.fix(Lang::Zh), "en": finding.fix(Lang::En) },
            })
        })
        .collect();
    let card = result.card.as_ref();
    json!({
        "ok": !result.stopped(),
        "findings": findings,
        "issuer": card.map(|card| json!({ "code": &*card.bank_code, "name": &*card.issuer })),
        "kind": card.map(|card| card.kind),
    })
}

fn print_one(result: &Precheck) {
    match &result.card {
        Some(card) => print_line(&format!(
            "{} · {}  ({}, {})",
            card.issuer,
            card.kind.label(Lang::Zh),
            card.bank_code,
            card.kind.label(Lang::En)
        )),
        None => print_line("发卡行未知 issuer unknown"),
    }
    for finding in &result.findings {
        let mark = match finding.severity {
            Severity::Stop => "✗",
            Severity::Warn => "!",
        };
        print_line(&format!("{mark} {} ({})", finding.field.name(), finding.cause));
        for lang in [Lang::Zh, Lang::En] {
            print_line(&format!("  {} {}", finding.text(lang), finding.fix(lang)));
        }
    }
    if result.findings.is_empty() {
        print_line("✓ 没有发现问题 nothing to correct");
    }
}

fn print_row(line: u64, result: &Precheck) {
    let mark = match (result.stopped(), result.findings.is_empty()) {
        (true, _) => "✗",
        (false, true) => "✓",
        (false, false) => "!",
    };
    let issuer = result.card.as_ref().map_or("—", |card| &card.issuer);
    let causes: Vec<&str> = result.findings.iter().map(|f| f.cause.as_str()).collect();
    print_line(&format!("{line:>8}  {mark}  {issuer}  {}", causes.join(" ")));
}
