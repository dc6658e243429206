//! What every manifest owes: the workspace's lints, and each dependency declared in one place.

use toml::{Table, Value};

use super::Violation;
use super::tree::Tree;

/// The crate that prints to a terminal and starts programs; it keeps lints of its own.
const OWN_LINTS: &str = "crates/xtask/";
/// A workspace of its own, which can inherit nothing from this one.
const OWN_WORKSPACE: &str = "fuzz/";
/// Features that the product must not have, and where they may be asked for: a mistake that can be
/// switched on, a change behind the house's back.
const TESTS_ONLY: &[(&str, &str, &str)] =
    &[("planted", "crates/sim/", "dependencies"), ("tamper", "crates/web/", "dev-dependencies")];
const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Names lints that would be lost without a word, and versions declared twice.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(&["Cargo.toml"]) {
        if path.starts_with(OWN_WORKSPACE) {
            continue;
        }
        // That it is TOML at all, the arrows have asked.
        let Ok(manifest) = text.parse::<Table>() else { continue };
        found.extend(lints(path, &manifest));
        found.extend(versions(path, &manifest));
        found.extend(features(path, &manifest));
    }
    for (path, _) in tree.texts(&["clippy.toml"]) {
        let known = path == "clippy.toml" || path.starts_with(OWN_LINTS);
        let why = "a crate's own clippy.toml replaces the root's: use #[expect] at the place";
        found.extend((!known).then(|| Violation::of_file(path, why)));
    }
    found
}

fn lints(path: &str, manifest: &Table) -> Option<Violation> {
    let lints = manifest.get("lints");
    let shared = lints.and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
    let kept = shared == Some(true) || (path.starts_with(OWN_LINTS) && lints.is_some());
    let why = "lacks `[lints] workspace = true`: without it the house's lints do not hold here";
    (!kept).then(|| Violation::of_file(path, why))
}

fn versions(path: &str, manifest: &Table) -> Vec<Violation> {
    let tables = TABLES.iter().filter_map(|name| manifest.get(*name)?.as_table());
    let declared = tables.flatten().filter(|(_, dependency)| {
        dependency.get("workspace").and_then(Value::as_bool) != Some(true)
    });
    declared
        .map(|(name, _)| {
            let why = format!("`{name}` is declared here: declare it once, in the root's manifest");
            Violation::of_file(path, why)
        })
        .collect()
}

fn features(path: &str, manifest: &Table) -> Vec<Violation> {
    let mut found = Vec::new();
    for table in TABLES {
        let dependencies = manifest.get(*table).and_then(Value::as_table);
        for (name, dependency) in dependencies.into_iter().flatten() {
            let asked = dependency.get("features").and_then(Value::as_array);
            let asked = asked.into_iter().flatten().filter_map(Value::as_str);
            for feature in asked {
                let only = TESTS_ONLY.iter().find(|(tests_only, ..)| *tests_only == feature);
                let allowed = only
                    .is_none_or(|(_, folder, where_)| path.starts_with(folder) && where_ == table);
                let why = format!("`{name}` with `{feature}`: only tests may have this feature");
                found.extend((!allowed).then(|| Violation::of_file(path, why)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert!(found("crates/a/Cargo.toml", "[package]\n").join("").contains("lacks `[lints]"));
        assert!(found("crates/a/Cargo.toml", "[lints]\nworkspace = true\n").is_empty());
        assert_eq!(found("crates/a/Cargo.toml", "[lints.clippy]\nall = \"warn\"\n").len(), 1);
        assert!(found("crates/xtask/Cargo.toml", "[lints.clippy]\nall = \"warn\"\n").is_empty());
    }

    #[test]
    fn a_version_declared_in_a_crate_is_found() {
        let lints = "[lints]\nworkspace = true\n[dependencies]\n";
        for planted in ["serde = \"1\"", "serde = { version = \"1\" }"] {
            let text = format!("{lints}{planted}\n");
            assert!(found("crates/a/Cargo.toml", &text).join("").contains("`serde` is declared"));
        }
        let shared = format!("{lints}serde = {{ workspace = true, features = [\"rc\"] }}\n");
        assert!(found("crates/a/Cargo.toml", &shared).is_empty());
    }

    #[test]
    fn a_mistake_that_reaches_the_product_is_found() {
        let asked = |table: &str, feature: &str| {
            let lints = "[lints]\nworkspace = true\n";
            format!("{lints}[{table}]\na = {{ workspace = true, features = [\"{feature}\"] }}\n")
        };
        let planted = asked("dependencies", "planted");
        assert!(found("crates/web/Cargo.toml", &planted).join("").contains("only tests may"));
        assert!(found("crates/sim/Cargo.toml", &planted).is_empty());
        assert_eq!(found("crates/web/Cargo.toml", &asked("dependencies", "tamper")).len(), 1);
        assert!(found("crates/web/Cargo.toml", &asked("dev-dependencies", "tamper")).is_empty());
    }

    #[test]
    fn a_clippy_file_that_would_switch_off_the_bans_is_found() {
        assert_eq!(found("crates/engine/clippy.toml", "").len(), 1);
        assert!(found("clippy.toml", "").is_empty());
        assert!(found("crates/xtask/clippy.toml", "").is_empty());
    }
}
