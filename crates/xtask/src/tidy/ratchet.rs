//! What was over a limit when it was agreed to: it may shrink and never grow.
//!
//! `--bless` lowers and removes entries. A new entry is a decision, written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::Table;

use super::Violation;
use super::sizes::{FILE_LINES, FUNCTION_LINES, Over, WIDE_LINES, over};
use super::tree::Tree;

/// Where the ratchet stands.
pub(crate) const PATH: &str = "crates/xtask/tidy-ratchet.toml";

const HEADER: &str = "\
# What is over a limit of `cargo xtask tidy`: it may shrink, never grow.
# `cargo xtask tidy --bless` lowers and removes entries; a new one is a decision, made by hand.
";

type Entries = BTreeMap<(String, String), usize>;

/// Names what is over and not in the ratchet, what has grown, and what could be tightened.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let entries = match entries(tree) {
        Ok(entries) => entries,
        Err(why) => return vec![Violation::of_file(PATH, why)],
    };
    let found = over(tree);
    let mut violations: Vec<Violation> = found
        .iter()
        .filter_map(|over| {
            let allowed = entry(&entries, over);
            let more = match allowed {
                None => String::new(),
                Some(allowed) if over.size > allowed => {
                    format!("; the ratchet stands at {allowed}")
                }
                Some(_) => return None,
            };
            Some(Violation::at(&over.path, over.line, format!("{}{more}", over.text)))
        })
        .collect();
    if text_of(&lowered(&entries, &found)) != text_of(&entries) {
        let text = "something has shrunk: run `cargo xtask tidy --bless`";
        violations.push(Violation::of_file(PATH, text));
    }
    violations
}

/// The ratchet file as it should be after what has shrunk.
pub(crate) fn blessed(tree: &Tree) -> String {
    text_of(&lowered(&entries(tree).unwrap_or_default(), &over(tree)))
}

fn entry(entries: &Entries, over: &Over) -> Option<usize> {
    entries.get(&(over.table.to_owned(), over.key.clone())).copied()
}

/// Only entries that still are over, each at the smaller of what it was and what it is.
fn lowered(entries: &Entries, found: &[Over]) -> Entries {
    found
        .iter()
        .filter_map(|over| {
            let allowed = entry(entries, over)?;
            Some(((over.table.to_owned(), over.key.clone()), allowed.min(over.size)))
        })
        .collect()
}

fn entries(tree: &Tree) -> Result<Entries, String> {
    let text = tree.text(PATH).unwrap_or_default();
    let table: Table = text.parse().map_err(|error| format!("is no TOML: {error}"))?;
    let mut entries = Entries::new();
    for (name, value) in &table {
        let Some(rows) = value.as_table() else { return Err(format!("`{name}` is no table")) };
        if ![FILE_LINES, FUNCTION_LINES, WIDE_LINES].contains(&name.as_str()) {
            return Err(format!(
                "`{name}` is none of {FILE_LINES}, {FUNCTION_LINES}, {WIDE_LINES}"
            ));
        }
        for (key, size) in rows {
            let size = size.as_integer().and_then(|size| usize::try_from(size).ok());
            let Some(size) = size else { return Err(format!("`{key}` has no whole number")) };
            entries.insert((name.clone(), key.clone()), size);
        }
    }
    Ok(entries)
}

fn text_of(entries: &Entries) -> String {
    let mut text = HEADER.to_owned();
    let mut current = "";
    for ((table, key), size) in entries {
        if table != current {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\n[{table}]\n");
            current = table;
        }
        let _ = writeln!(text, "{key:?} = {size}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(line_count: usize, ratchet: &str) -> Tree {
        Tree::of(&[("a.rs", &"x\n".repeat(line_count)), (PATH, ratchet)])
    }

    fn found(line_count: usize, ratchet: &str) -> Vec<String> {
        check(&tree(line_count, ratchet)).iter().map(ToString::to_string).collect()
    }

    const AT_450: &str = "[file_lines]\n\"a.rs\" = 450\n";

    #[test]
    fn what_is_over_needs_an_entry_and_may_not_grow() {
        assert!(found(450, "").join("").contains("a.rs:401: 450 lines"));
        assert!(found(450, AT_450).is_empty());
        assert!(found(451, AT_450).join("").contains("the ratchet stands at 450"));
    }

    #[test]
    fn what_has_shrunk_is_blessed_and_never_raised_or_added() {
        assert!(found(420, AT_450).join("").contains("--bless"));
        assert!(blessed(&tree(420, AT_450)).contains("\"a.rs\" = 420"));
        assert!(blessed(&tree(460, AT_450)).contains("\"a.rs\" = 450"));
        assert_eq!(blessed(&tree(400, AT_450)), HEADER);
        assert_eq!(blessed(&tree(460, "")), HEADER);
    }

    #[test]
    fn a_blessed_file_reads_back_as_it_is() {
        let text = blessed(&tree(450, AT_450));
        assert!(found(450, &text).is_empty());
        assert_eq!(blessed(&tree(450, &text)), text);
    }

    #[test]
    fn a_ratchet_with_a_slip_is_named() {
        assert!(found(1, "[file_line]\n\"a.rs\" = 450\n").join("").contains("is none of"));
        assert!(
            found(1, "[file_lines]\n\"a.rs\" = \"450\"\n").join("").contains("no whole number")
        );
    }
}
