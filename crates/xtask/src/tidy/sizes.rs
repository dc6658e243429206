//! How long files, functions and lines are. What may be over is the ratchet's business.

use super::source::Source;
use super::tree::Tree;

/// The longest file, function and line that need no entry in the ratchet.
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARACTERS_MAX: usize = 100;

/// The tables of the ratchet file.
pub(crate) const FILE_LINES: &str = "file_lines";
pub(crate) const FUNCTION_LINES: &str = "function_lines";
pub(crate) const WIDE_LINES: &str = "wide_lines";

/// What people read and write by hand as code.
const CODE: &[&str] = &[".rs", ".js", ".mjs", ".css", ".sh"];

/// One thing that is over its limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// The table of the ratchet it belongs to.
    pub(crate) table: &'static str,
    /// `path` or `path::function`.
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) size: usize,
    pub(crate) text: String,
}

/// Everything over a limit. Of two functions with one name in a file, the longer counts.
pub(crate) fn over(tree: &Tree) -> Vec<Over> {
    let mut found: Vec<Over> = Vec::new();
    for (path, text) in tree.texts(CODE) {
        found.extend(long_file(path, text));
        found.extend(wide_lines(path, text));
        if path.ends_with(".rs") {
            found.extend(long_functions(path, text));
        }
    }
    found.sort_by(|left, right| (&left.key, right.size).cmp(&(&right.key, left.size)));
    found.dedup_by(|second, first| second.table == first.table && second.key == first.key);
    found
}

fn long_file(path: &str, text: &str) -> Option<Over> {
    let size = text.lines().count();
    (size > FILE_LINES_MAX).then(|| Over {
        table: FILE_LINES,
        key: path.to_owned(),
        path: path.to_owned(),
        line: FILE_LINES_MAX + 1,
        size,
        text: format!("{size} lines in one file (at most {FILE_LINES_MAX}): split it by purpose"),
    })
}

fn wide_lines(path: &str, text: &str) -> Option<Over> {
    let wide = |line: &str| line.chars().count() > LINE_CHARACTERS_MAX;
    let size = text.lines().filter(|line| wide(line)).count();
    let first = text.lines().position(wide)?;
    Some(Over {
        table: WIDE_LINES,
        key: path.to_owned(),
        path: path.to_owned(),
        line: first + 1,
        size,
        text: format!("{size} line(s) wider than {LINE_CHARACTERS_MAX} characters, the first here"),
    })
}

fn long_functions(path: &str, text: &str) -> Vec<Over> {
    let functions = Source::new(text).functions();
    let long = functions.into_iter().filter(|function| function.line_count > FUNCTION_LINES_MAX);
    long.map(|function| Over {
        table: FUNCTION_LINES,
        key: format!("{path}::{}", function.name),
        path: path.to_owned(),
        line: function.line,
        size: function.line_count,
        text: format!(
            "`{}` has {} lines (at most {FUNCTION_LINES_MAX}): keep the branching, move the leaves",
            function.name, function.line_count
        ),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(path: &str, text: &str) -> Vec<(&'static str, String, usize, usize)> {
        let found = over(&Tree::of(&[(path, text)]));
        found.into_iter().map(|over| (over.table, over.key, over.line, over.size)).collect()
    }

    #[test]
    fn a_long_file_is_found() {
        assert!(sizes("a.rs", &"x\n".repeat(400)).is_empty());
        let expected = [(FILE_LINES, "a.rs".to_owned(), 401, 401)];
        assert_eq!(sizes("a.rs", &"x\n".repeat(401)), expected);
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |count: usize| format!("//! A.\nfn a() {{\n{}}}\n", "x;\n".repeat(count));
        assert!(sizes("a.rs", &function(68)).is_empty());
        let expected = [(FUNCTION_LINES, "a.rs::a".to_owned(), 2, 71)];
        assert_eq!(sizes("a.rs", &function(69)), expected);
    }

    #[test]
    fn wide_lines_are_counted_in_characters() {
        let text = format!("{}\n{}\n{}\n", "卡".repeat(100), "x".repeat(101), "x".repeat(102));
        assert_eq!(sizes("a.css", &text), [(WIDE_LINES, "a.css".to_owned(), 2, 2)]);
        assert!(sizes("a.md", &text).is_empty());
    }
}
