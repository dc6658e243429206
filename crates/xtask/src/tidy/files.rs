//! What every file owes: a heading, no trace of somebody's machine, a modest size, a provenance.

use super::Violation;
use super::tree::{File, Tree};

const FILE_BYTES_MAX: usize = 1024 * 1024;
const DATA: &str = "data/";
const DATA_README: &str = "data/README.md";

/// Folders of the machines this is written on; in two pieces, so that this file passes itself.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/")];

/// Checks every file.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.files() {
        found.extend(heading(file));
        found.extend(size(file));
        found.extend(provenance(file, tree.text(DATA_README).unwrap_or_default()));
        found.extend(machine_paths(file));
        found.extend(registry_hosts(file));
    }
    found
}

fn heading(file: &File) -> Option<Violation> {
    let text = file.text.as_deref()?;
    let missing = file.path.ends_with(".rs") && !text.starts_with("//!");
    let why = "begins with `//!`: one to five lines, what it is for and what it must not do";
    missing.then(|| Violation::of_file(&file.path, format!("every .rs file {why}")))
}

fn size(file: &File) -> Option<Violation> {
    let over = file.size > FILE_BYTES_MAX;
    let text = format!("{} bytes in one file (at most {FILE_BYTES_MAX})", file.size);
    over.then(|| Violation::of_file(&file.path, text))
}

/// A table is named in the data's README by its path below `data/`, or by `folder/*.toml`.
fn provenance(file: &File, readme: &str) -> Option<Violation> {
    let name = file.path.strip_prefix(DATA)?;
    let (_, ending) = name.rsplit_once('.').filter(|(_, end)| matches!(*end, "csv" | "toml"))?;
    let folder = name.rsplit_once('/').map(|(folder, _)| format!("{folder}/*.{ending}"));
    let named = readme.contains(name) || folder.is_some_and(|folder| readme.contains(&folder));
    let text =
        format!("{DATA_README} does not name `{name}`: say where it comes from, its licence");
    (!named).then(|| Violation::of_file(&file.path, text))
}

fn machine_paths(file: &File) -> Vec<Violation> {
    let text = file.text.as_deref().unwrap_or_default();
    let has = |line: &str, path: &str| {
        line.match_indices(path).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().last());
            // `src/work/` is a folder of ours; a machine's path begins with its slash.
            !before
                .is_some_and(|character| character.is_alphanumeric() || "_-.}".contains(character))
        })
    };
    let numbered = text.lines().zip(1..);
    numbered
        .filter(|(line, _)| MACHINE_PATHS.iter().any(|path| has(line, path)))
        .map(|(_, number)| Violation::at(&file.path, number, "names a folder of one machine"))
        .collect()
}

fn registry_hosts(file: &File) -> Option<Violation> {
    let text = file.text.as_deref().filter(|_| file.path.ends_with("package-lock.json"))?;
    let line = text.lines().position(|line| line.contains("\"resolved\""))?;
    let why = "names a registry's host: `npm install --omit-lockfile-registry-resolved`";
    Some(Violation::at(&file.path, line + 1, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_heading_is_found() {
        assert_eq!(found(&[("crates/a/src/lib.rs", "use std::fmt;\n//! Late.\n")]).len(), 1);
        assert!(found(&[("crates/a/src/lib.rs", "//! Why.\n")]).is_empty());
    }

    #[test]
    fn a_large_file_is_found() {
        assert!(found(&[("docs/a.svg", &"x".repeat(FILE_BYTES_MAX))]).is_empty());
        assert_eq!(found(&[("docs/a.svg", &"x".repeat(FILE_BYTES_MAX + 1))]).len(), 1);
    }

    #[test]
    fn a_table_without_provenance_is_found() {
        let readme = (DATA_README, "`bin/unionpay.csv` and `causes/*.toml`");
        let named = [readme, ("data/bin/unionpay.csv", ""), ("data/causes/card.toml", "")];
        assert!(found(&named).is_empty());
        assert_eq!(found(&[readme, ("data/bin/other.csv", "")]).len(), 1);
        assert_eq!(found(&[readme, ("data/causes/card.csv", "")]).len(), 1);
        assert_eq!(found(&[("data/hotlines.toml", "")]).len(), 1);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in MACHINE_PATHS {
            let line = format!("see {path}main");
            assert_eq!(found(&[("docs/a.md", &line)]).len(), 1, "{line}");
            assert!(found(&[("docs/a.md", &format!("see src{path}main"))]).is_empty());
        }
    }

    #[test]
    fn a_registry_in_the_lock_file_is_found() {
        let lock = "{\n  \"resolved\": \"https://registry.example/a.tgz\"\n}";
        assert_eq!(found(&[("tests/browser/package-lock.json", lock)]).len(), 1);
        assert!(found(&[("tests/browser/package-lock.json", "{}")]).is_empty());
    }
}
