//! The embedded table reads whole, the longest prefix wins, and a bad operator's row is named.

use super::*;
use crate::card::BinTableProblem;

const HEADER: &str = "bin,pan_length,kind,bank_code,bank_name\n";

fn problem(rows: &str) -> (u64, BinTableProblem) {
    let error = BinTable::with_operator_csv(&format!("{HEADER}{rows}")).unwrap_err();
    (error.line, error.problem)
}

#[test]
fn a_bad_row_is_named() {
    let good = "621700,19,debit,CCB,中国建设银行\n";
    for (row, expected) in [
        ("62170a,19,debit,CCB,x", BinTableProblem::Bin("62170a".into())),
        ("6,19,debit,CCB,x", BinTableProblem::Bin("6".into())),
        ("62170012345,19,debit,CCB,x", BinTableProblem::Bin("6217001234".into())),
        ("621701,9,debit,CCB,x", BinTableProblem::PanLength("9".into())),
        ("621701,21,debit,CCB,x", BinTableProblem::PanLength("21".into())),
        ("621701,,debit,CCB,x", BinTableProblem::PanLength(String::new())),
        ("621701,19,gold,CCB,x", BinTableProblem::Kind("gold".into())),
        ("621701,19,debit,建行,x", BinTableProblem::BankCode("建行".into())),
        ("621701,19,debit,CCB,", BinTableProblem::BankName),
        ("621700,19,debit,CCB,x", BinTableProblem::Repeated("621700".into())),
    ] {
        assert_eq!(problem(&format!("{good}{row}\n")), (3, expected), "{row}");
    }
    let (line, not_csv) = problem(&format!("{good}621701,19,debit\n"));
    assert_eq!(line, 3);
    assert!(matches!(not_csv, BinTableProblem::NotCsv(_)));
    let error = BinTable::with_operator_csv("bin,kind\n1,2\n").unwrap_err();
    assert_eq!(error.problem, BinTableProblem::ColumnMissing("pan_length"));
    assert!(error.to_string().contains("pan_length"));
}

#[test]
fn the_operators_rows_lie_on_top() {
    let csv = "\u{feff}bin, kind, bank_code, pan_length, bank_name, note\n\
               622155,CC,MINE,16,我的银行,x\n6999999999,DC,MINE,18,我的银行,\n";
    let table = BinTable::with_operator_csv(csv).unwrap();
    assert_eq!(table.operator_row_count(), 2);
    assert_eq!(table.rows().len(), BinTable::embedded().rows().len() + 1);
    let row = table.find("6221558812340000").unwrap();
    assert_eq!((&*row.bank_code, row.source), ("MINE", BinSource::Operator));
    assert_eq!(table.find("699999999912345678").unwrap().pan_length, 18);
    assert_eq!(&*BinTable::embedded().find("6221558812340000").unwrap().bank_code, "SPABANK");
}

#[test]
fn the_embedded_table_reads_whole() {
    let lines = include_str!("../../../../../data/bin/bin_table.csv").lines().count() - 1;
    let table = BinTable::embedded();
    assert_eq!(table.rows().len(), lines);
    assert!(lines > 2_300);
    for row in table.rows() {
        assert_eq!(table.find(&row.bin), Some(row), "{}", row.bin);
        assert_eq!(row.source == BinSource::Conflict, row.other.is_some(), "{}", row.bin);
        assert!(!row.bank_name.is_empty() && (13..=20).contains(&row.pan_length));
    }
}

#[test]
fn a_beginning_is_undecided_until_no_longer_bin_is_possible() {
    let table = BinTable::embedded();
    assert!(table.undecided("") && table.undecided("62") && table.undecided("621241"));
    assert_eq!(table.find("621241").map(|row| row.bin.len()), Some(6));
    for digits in ["621241001", "6212410010", "62124199", "0", "x", "62x"] {
        assert!(!table.undecided(digits), "{digits}");
    }
}

#[test]
fn the_longest_prefix_wins() {
    let table = BinTable::embedded();
    for row in table.rows() {
        let longest = table
            .rows()
            .iter()
            .filter(|other| format!("{}00000", row.bin).starts_with(&*other.bin))
            .max_by_key(|other| other.bin.len());
        assert_eq!(table.find(&format!("{}00000", row.bin)), longest, "{}", row.bin);
    }
    for (digits, bank) in [
        ("6217", None),
        ("", None),
        ("x", None),
        ("0000000000000000", None),
        ("6221558812340000", Some("SPABANK")),
        ("9558800000000000000", Some("ICBC")),
    ] {
        assert_eq!(table.find(digits).map(|row| &*row.bank_code), bank, "{digits}");
    }
}

proptest::proptest! {
    #[test]
    fn any_table_is_answered(text in "\\PC{0,120}", rows in "([0-9a,\"\n]{0,40}\n){0,5}") {
        let _ = BinTable::with_operator_csv(&text);
        let _ = BinTable::with_operator_csv(&format!("{HEADER}{rows}"));
    }
}
