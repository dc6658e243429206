//! What a room promises not to know: words that may not stand in its code.

use super::Violation;
use super::source::Source;
use super::tree::Tree;

/// Words that may not stand in the code (comments and literals do not count) of some rooms.
struct Absence {
    words: &'static [&'static str],
    /// Where the words are missed; "" is everywhere.
    under: &'static [&'static str],
    /// Where they belong all the same.
    except: &'static [&'static str],
    why: &'static str,
}

const ABSENCES: &[Absence] = &[
    Absence {
        words: &["async", "SystemTime", "Instant", "fs::", "std::fs", "net::", "std::process"],
        under: &["crates/domain/src/"],
        except: &[],
        why: "the domain knows no async, no clock and no I/O: take a value",
    },
    Absence {
        // An address may be read; what connects to one is named.
        words: &[
            "SystemTime",
            "Instant",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "ToSocketAddrs",
            "tokio",
            "std::process",
        ],
        under: &["crates/channels/src/", "crates/crypto/src/"],
        except: &[],
        why: "this room opens no socket and reads no clock: take bytes and a `Timestamp`",
    },
    Absence {
        words: &["net::", "std::net", "TcpStream", "SystemTime"],
        under: &["crates/store/src/"],
        // A proxy that cuts the line to the server.
        except: &["crates/store/src/tests/"],
        why: "the store talks to its database and takes the time as an argument",
    },
    Absence {
        words: &["env::var", "env::vars", "env::var_os", "env::vars_os", "env::set_var"],
        under: &[""],
        // The store's tests are told where a server is, those with processes how long to go on.
        except: &["src/", "crates/xtask/", "crates/store/src/tests/", "tests/process/"],
        why: "only the binary's configuration reads the environment: take a value",
    },
    Absence {
        words: &["#[allow", "#![allow"],
        under: &[""],
        except: &[],
        why: "write `#[expect(lint, reason = \"…\")]`: it speaks up when it is no longer needed",
    },
    Absence {
        words: &["todo!", "unimplemented!"],
        under: &[""],
        except: &[],
        why: "a stub answers nobody: write it, or leave it out",
    },
    Absence {
        words: &["#[ignore", "cfg_attr(ignore"],
        under: &[""],
        // Left out where there is no server, and said so; `cargo xtask test` starts one.
        except: &["crates/store/src/tests/postgresql", "tests/process/chaos"],
        why: "a test that does not run proves nothing: mend it or delete it",
    },
];

/// Names every word that stands where its room promised it would not.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(&[".rs"]) {
        let source = Source::new(text);
        for absence in ABSENCES.iter().filter(|absence| absence.holds_for(path)) {
            for word in absence.words {
                let lines = source.lines_with(word);
                let text = format!("`{word}`: {}", absence.why);
                found.extend(lines.map(|line| Violation::at(path, line, text.clone())));
            }
        }
    }
    found
}

impl Absence {
    fn holds_for(&self, path: &str) -> bool {
        let within = |roots: &[&str]| roots.iter().any(|root| path.starts_with(root));
        within(self.under) && !within(self.except)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn each_room_keeps_its_promise() {
        for (path, planted) in [
            ("crates/domain/src/a.rs", "use std::time::SystemTime;"),
            ("crates/domain/src/a.rs", "let text = fs::read_to_string(path)?;"),
            ("crates/domain/src/a.rs", "pub async fn a() {}"),
            ("crates/channels/src/acp/a.rs", "use tokio::sync::Mutex;"),
            ("crates/channels/src/acp/a.rs", "net::TcpStream::connect(a)?;"),
            ("crates/crypto/src/a.rs", "let now = Instant::now();"),
            ("crates/store/src/a.rs", "fn now() -> SystemTime {"),
            ("crates/engine/src/a.rs", "let home = std::env::var(\"HOME\");"),
            ("crates/web/src/a.rs", "#[allow(dead_code)]"),
            ("src/main.rs", "#![allow(clippy::all)]"),
            ("tests/a.rs", "#[ignore = \"slow\"]"),
            ("crates/web/src/a.rs", "todo!()"),
            ("crates/sim/src/a.rs", "unimplemented!(\"later\")"),
        ] {
            assert_eq!(found(path, planted), 1, "{path}: {planted}");
        }
    }

    #[test]
    fn what_is_said_in_words_or_belongs_there_is_no_violation() {
        for (path, fine) in [
            ("crates/domain/src/a.rs", "/// Never a `SystemTime`, never async.\n"),
            ("crates/domain/src/a.rs", "let text = \"#[allow(x)] todo!\";"),
            ("crates/engine/src/a.rs", "use std::time::SystemTime;"),
            ("src/config.rs", "let home = std::env::var(\"HOME\");"),
            ("crates/web/src/a.rs", "const FOLDER: &str = env!(\"CARGO_MANIFEST_DIR\");"),
        ] {
            assert_eq!(found(path, fine), 0, "{path}: {fine}");
        }
    }
}
