//! SQL stands in `crates/store` alone, and numbers its parameters by their first appearance:
//! then one text means the same to SQLite, which counts names, and to PostgreSQL, which counts.

use super::Violation;
use super::source::{Source, has_words};
use super::tree::Tree;

const STORE: &str = "crates/store/";
/// This crate plants SQL in its own tests.
const XTASK: &str = "crates/xtask/";

/// A literal is SQL when it holds all the words of one of these, in capitals.
const SQL: &[&[&str]] = &[
    &["SELECT", "FROM"],
    &["INSERT INTO"],
    &["UPDATE", "SET"],
    &["DELETE FROM"],
    &["CREATE TABLE"],
    &["CREATE UNIQUE INDEX"],
    &["CREATE INDEX"],
    &["ALTER TABLE"],
    &["PRAGMA"],
];

/// Names SQL outside the store, and parameters out of order inside it.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(&[".rs"]) {
        if path.starts_with(XTASK) {
            continue;
        }
        for literal in Source::new(text).literals {
            let sql = is_sql(&literal.text);
            if path.starts_with(STORE) {
                let wrong = wrong_order(&literal.text, sql);
                found.extend(wrong.map(|why| Violation::at(path, literal.line, why)));
            } else if sql {
                let why = "SQL outside crates/store: give the store a function for it";
                found.push(Violation::at(path, literal.line, why));
            }
        }
    }
    for (path, text) in tree.texts(&[".sql"]) {
        if !path.starts_with(STORE) {
            found.push(Violation::of_file(path, "SQL outside crates/store"));
        }
        let statements = text.split(';').filter_map(|statement| wrong_order(statement, true));
        found.extend(statements.map(|why| Violation::of_file(path, why)));
    }
    found
}

fn is_sql(text: &str) -> bool {
    SQL.iter().any(|words| words.iter().all(|word| has_words(text, word)))
}

/// What is wrong with the order of `$n`, if something is. A whole statement begins at `$1`; a
/// piece that is put into statements may begin anywhere and goes on without a gap.
fn wrong_order(text: &str, whole: bool) -> Option<String> {
    let mut highest: Option<u32> = None;
    for number in parameters(text) {
        let next = match highest {
            Some(highest) => highest.saturating_add(1),
            None if whole => 1,
            None => number,
        };
        if number > next {
            return Some(format!(
                "`${number}` appears before `${next}`: number parameters by first appearance"
            ));
        }
        if number == next {
            highest = Some(number);
        }
    }
    None
}

/// The numbers of `$1`, `$2`, … in the order they stand.
fn parameters(text: &str) -> impl Iterator<Item = u32> {
    text.split('$').skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, sql: &str) -> Vec<String> {
        let text = format!("//! A.\nconst SQL: &str = \"{sql}\";\n");
        check(&Tree::of(&[(path, &text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        for sql in ["SELECT id FROM binding", "UPDATE binding SET state = 1", "PRAGMA user_version"]
        {
            let expected = "crates/web/src/a.rs:2: SQL outside crates/store: give the store a \
                            function for it";
            assert_eq!(found("crates/web/src/a.rs", sql), [expected], "{sql}");
            assert!(found("crates/store/src/a.rs", sql).is_empty());
        }
        assert!(found("crates/web/src/a.rs", "Select a card from the list").is_empty());
        assert!(found("crates/web/src/a.rs", "'; DROP TABLE binding").is_empty());
    }

    #[test]
    fn parameters_out_of_order_are_found() {
        let store = "crates/store/src/a.rs";
        let swapped = "UPDATE a SET b = $2 WHERE id = $1";
        assert!(found(store, swapped).join("").contains("`$2` appears before `$1`"));
        assert!(found(store, "SELECT a FROM b WHERE c = $1 AND d = $3").join("").contains("`$2`"));
        assert!(found(store, "SELECT a FROM b WHERE c = $1 AND d = $2 OR c = $1").is_empty());
    }

    #[test]
    fn a_piece_may_begin_anywhere_but_has_no_gap() {
        let store = "crates/store/src/a.rs";
        assert!(found(store, " AND id > $4 LIMIT $5").is_empty());
        assert!(found(store, " AND id > $5 LIMIT $4").is_empty(), "a lower one stood before");
        assert!(!found(store, " AND id > $4 LIMIT $6").is_empty());
    }

    #[test]
    fn a_file_of_sql_is_read_statement_by_statement() {
        let good = "INSERT INTO a VALUES ($1);\nINSERT INTO b VALUES ($1, $2);";
        assert!(check(&Tree::of(&[("crates/store/src/a.sql", good)])).is_empty());
        let bad = "INSERT INTO b VALUES ($2, $1);";
        assert_eq!(check(&Tree::of(&[("crates/store/src/a.sql", bad)])).len(), 1);
        assert_eq!(check(&Tree::of(&[("docs/a.sql", good)])).len(), 1);
    }
}
