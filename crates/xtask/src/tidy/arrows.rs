//! Who may use whom: the arrows of ARCHITECTURE.md, and the libraries that belong to one room.
//!
//! This is the only place where the arrows are written down for a machine.

use toml::{Table, Value};

use super::Violation;
use super::tree::Tree;

/// One room of the house.
struct Room {
    name: &'static str,
    /// The rooms it may use.
    uses: &'static [&'static str],
    /// The rooms its tests may use besides.
    tests_use: &'static [&'static str],
}

/// Arrows only point down. `sim` is reached from tests alone, `bench` from nowhere; `sandbox` from
/// the binary and tests.
const ROOMS: &[Room] = &[
    Room {
        name: "mingka",
        uses: &["web", "engine", "sandbox", "channels", "store", "domain", "crypto"],
        tests_use: &["sim"],
    },
    Room {
        name: "web",
        uses: &["engine", "store", "channels", "domain", "crypto"],
        tests_use: &["sandbox"],
    },
    Room {
        name: "engine",
        uses: &["channels", "store", "domain", "crypto"],
        tests_use: &["sandbox"],
    },
    Room { name: "channels", uses: &["domain", "crypto"], tests_use: &[] },
    Room { name: "store", uses: &["domain", "crypto"], tests_use: &[] },
    Room { name: "sandbox", uses: &["channels", "domain", "crypto"], tests_use: &[] },
    Room {
        name: "sim",
        uses: &["engine", "sandbox", "store", "channels", "domain", "crypto"],
        tests_use: &[],
    },
    // Measures the product as it is built; nothing may use it.
    Room {
        name: "bench",
        uses: &["web", "engine", "sandbox", "store", "channels", "domain", "crypto"],
        tests_use: &[],
    },
    Room { name: "domain", uses: &[], tests_use: &[] },
    Room { name: "crypto", uses: &[], tests_use: &[] },
    // For the page of causes alone.
    Room { name: "xtask", uses: &["domain"], tests_use: &[] },
    // A workspace of its own, built by cargo-fuzz with a nightly compiler.
    Room { name: "fuzz", uses: &["channels", "domain", "crypto"], tests_use: &[] },
];

/// Rooms without I/O: what they may never be built with.
const PURE_ROOMS: &[&str] = &["domain", "crypto", "channels"];
const NOT_IN_PURE_ROOMS: &[&str] =
    &["axum", "futures", "http", "hyper", "hyper-util", "rand", "rusqlite", "tokio", "tracing"];

/// Libraries that only the named rooms may use.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["store"]),
    ("axum", &["web", "sandbox", "mingka"]),
    ("askama", &["web"]),
    ("rcgen", &["sandbox"]),
    ("clap", &["mingka", "sim", "xtask"]),
    ("tracing-subscriber", &["mingka"]),
];

/// Reads every manifest and names each dependency that is not agreed.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    tree.texts(&["Cargo.toml"]).flat_map(|(path, text)| manifest(path, text)).collect()
}

fn manifest(path: &str, text: &str) -> Vec<Violation> {
    let name = match path {
        "Cargo.toml" => "mingka",
        _ => path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml"),
    };
    let Ok(table) = text.parse::<Table>() else {
        return vec![Violation::of_file(path, "is no TOML")];
    };
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        let text = format!("`{name}` is in no arrow: add it to ROOMS in {}", file!());
        return vec![Violation::of_file(path, text)];
    };
    let mut found = Vec::new();
    for dependency in dependencies(&table, &["dependencies", "build-dependencies"]) {
        let at = line_of(text, &dependency);
        if let Some(used) = dependency.strip_prefix("mingka-") {
            if !room.uses.contains(&used) {
                found.push(Violation::at(path, at, format!("`{name}` may not use `{used}`")));
            }
        } else if let Some(why) = kept_out(name, &dependency) {
            found.push(Violation::at(path, at, why));
        }
    }
    for dependency in dependencies(&table, &["dev-dependencies"]) {
        let Some(used) = dependency.strip_prefix("mingka-") else { continue };
        if !room.uses.contains(&used) && !room.tests_use.contains(&used) {
            let why = format!("the tests of `{name}` may not use `{used}`");
            found.push(Violation::at(path, line_of(text, &dependency), why));
        }
    }
    found
}

/// Why a library from outside may not stand in this room, if it may not.
fn kept_out(room: &str, dependency: &str) -> Option<String> {
    if PURE_ROOMS.contains(&room) && NOT_IN_PURE_ROOMS.contains(&dependency) {
        return Some(format!("`{room}` does no I/O and knows no clock: no `{dependency}`"));
    }
    let (_, rooms) = KEPT_TO.iter().find(|(name, _)| *name == dependency)?;
    let kept = !rooms.contains(&room);
    kept.then(|| format!("`{dependency}` is kept to {}", rooms.join(", ")))
}

/// The names in the given tables, those under `[target.….]` too.
fn dependencies(manifest: &Table, tables: &[&str]) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|place| tables.iter().filter_map(|name| place.get(*name)?.as_table()))
        .flat_map(|table| table.keys().cloned())
        .collect()
}

fn line_of(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.starts_with(name)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_upwards_is_found() {
        let text = "[dependencies]\nserde.workspace = true\nmingka-engine.workspace = true\n";
        let expected = ["crates/store/Cargo.toml:3: `store` may not use `engine`"];
        assert_eq!(found("crates/store/Cargo.toml", text), expected);
        assert!(found("crates/web/Cargo.toml", text).is_empty());
    }

    #[test]
    fn sim_is_for_tests_alone() {
        let used = "[dependencies]\nmingka-sim.workspace = true\n";
        let tested = "[dev-dependencies]\nmingka-sim.workspace = true\n";
        assert_eq!(found("Cargo.toml", used).len(), 1);
        assert!(found("Cargo.toml", tested).is_empty());
        assert_eq!(found("crates/domain/Cargo.toml", tested).len(), 1);
    }

    #[test]
    fn a_dependency_for_one_target_counts_too() {
        let text = "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"\n";
        assert!(found("crates/domain/Cargo.toml", text).join("").contains("no I/O"));
    }

    #[test]
    fn a_library_stays_in_its_room_and_a_new_crate_must_be_agreed() {
        let text = "[dependencies]\nrusqlite = \"0.42\"\n";
        assert!(found("crates/web/Cargo.toml", text).join("").contains("kept to store"));
        assert!(found("crates/store/Cargo.toml", text).is_empty());
        assert!(found("crates/attic/Cargo.toml", text).join("").contains("in no arrow"));
    }
}
