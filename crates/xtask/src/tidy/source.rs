//! A small lexer for Rust: tells code from comments and literals, and finds functions.
//!
//! It knows just enough for tidy. It is no parser and must not become one.

/// A Rust file taken apart.
pub(crate) struct Source {
    /// The code alone: every character of a comment or literal is a space, every line stays.
    pub(crate) code: String,
    /// The string literals with the line each begins on.
    pub(crate) literals: Vec<Literal>,
}

/// One string literal, without its quotes and as it is written (escapes are kept).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From the line of `fn` to the line of the closing brace.
    pub(crate) line_count: usize,
}

impl Source {
    /// Takes `text` apart.
    pub(crate) fn new(text: &str) -> Self {
        let mut scanner = Scanner {
            characters: text.chars().collect(),
            position: 0,
            source: Self { code: String::with_capacity(text.len()), literals: Vec::new() },
        };
        scanner.run();
        scanner.source
    }

    /// The lines, counted from 1, on which `pattern` stands as whole words.
    pub(crate) fn lines_with<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
        let numbered = self.code.lines().zip(1..);
        numbered.filter(move |(line, _)| has_words(line, pattern)).map(|(_, number)| number)
    }

    /// Every function with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let characters: Vec<char> = self.code.chars().collect();
        let mut found = Vec::new();
        let mut line = 1;
        let mut before = ' ';
        for (index, &character) in characters.iter().enumerate() {
            let rest = characters.get(index..).unwrap_or_default();
            if character == 'f' && !is_word(before) {
                found.extend(function_at(rest, line));
            }
            line += usize::from(character == '\n');
            before = character;
        }
        found
    }
}

/// The function that begins at the start of `rest`, if one does and has a body.
fn function_at(rest: &[char], line: usize) -> Option<Function> {
    let after = rest.strip_prefix(&['f', 'n', ' '])?;
    let name: String = after.iter().take_while(|&&character| is_word(character)).collect();
    let mut parentheses = 0_i32;
    let mut braces = 0_i32;
    let mut line_count = 1;
    for &character in rest {
        match character {
            '\n' => line_count += 1,
            '(' | '[' => parentheses += 1,
            ')' | ']' => parentheses -= 1,
            ';' if parentheses == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' if braces == 1 => return Some(Function { name, line, line_count }),
            '}' => braces -= 1,
            _ => {}
        }
    }
    None
}

/// Whether `pattern` stands in `line` and is not a part of a longer word on either side.
pub(crate) fn has_words(line: &str, pattern: &str) -> bool {
    let starts_in_word = pattern.chars().next().is_some_and(is_word);
    let ends_in_word = pattern.chars().last().is_some_and(is_word);
    line.match_indices(pattern).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().last());
        let after = line.get(at + pattern.len()..).and_then(|text| text.chars().next());
        !(starts_in_word && before.is_some_and(is_word)
            || ends_in_word && after.is_some_and(is_word))
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

struct Scanner {
    characters: Vec<char>,
    position: usize,
    source: Source,
}

impl Scanner {
    fn run(&mut self) {
        while let Some(character) = self.peek(0) {
            match (character, self.peek(1)) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('\'', _) => self.character_or_lifetime(),
                _ if is_word(character) => self.word(),
                _ => self.keep(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.position + ahead).copied()
    }

    /// Takes one character as code.
    fn keep(&mut self) {
        self.source.code.extend(self.peek(0));
        self.position += 1;
    }

    /// Takes one character as something that is not code.
    fn blank(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.source.code.push(if character == '\n' { '\n' } else { ' ' });
        self.position += 1;
        Some(character)
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|character| character != '\n') {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_u32;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let line = self.line();
        let mut text = String::new();
        self.blank();
        while let Some(character) = self.blank() {
            match character {
                '"' => break,
                '\\' => {
                    text.push('\\');
                    text.extend(self.blank());
                }
                other => text.push(other),
            }
        }
        self.source.literals.push(Literal { line, text });
    }

    fn raw_string(&mut self, hash_count: usize) {
        let line = self.line();
        let mut text = String::new();
        for _ in 0..=hash_count {
            self.blank();
        }
        while let Some(character) = self.blank() {
            let closed = (0..hash_count).all(|ahead| self.peek(ahead) == Some('#'));
            if character == '"' && closed {
                break;
            }
            text.push(character);
        }
        for _ in 0..hash_count {
            self.blank();
        }
        self.source.literals.push(Literal { line, text });
    }

    fn character_or_lifetime(&mut self) {
        if self.peek(1) == Some('\\') {
            self.blank();
            self.blank();
            self.blank();
            while self.blank().is_some_and(|character| character != '\'') {}
        } else if self.peek(2) == Some('\'') {
            self.blank();
            self.blank();
            self.blank();
        } else {
            self.keep();
        }
    }

    fn word(&mut self) {
        let mut word = String::new();
        while let Some(character) = self.peek(0).filter(|&character| is_word(character)) {
            word.push(character);
            self.keep();
        }
        let mut hash_count = 0;
        while self.peek(hash_count) == Some('#') {
            hash_count += 1;
        }
        if matches!(word.as_str(), "r" | "br" | "cr") && self.peek(hash_count) == Some('"') {
            self.raw_string(hash_count);
        }
    }

    fn line(&self) -> usize {
        1 + self.source.code.matches('\n').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"todo!() { \\\" }\"; // todo!\n/* { /* } */ { */ let b = '{';\n\
                    let c = r#\"a \" {\"#; let d: &'static str = b\"x{\"; let e = '\\'';\n";
        let source = Source::new(text);
        assert!(!source.code.contains(['{', '}', '!']), "{}", source.code);
        assert!(source.code.contains("&'static str"));
        assert_eq!(source.code.lines().count(), 3);
        let lines: Vec<usize> = source.literals.iter().map(|literal| literal.line).collect();
        assert_eq!(lines, [1, 3, 3]);
        assert_eq!(source.literals.get(1).map(|literal| literal.text.as_str()), Some("a \" {"));
    }

    #[test]
    fn functions_are_measured_with_their_signature() {
        let text = "trait T { fn none(&self) -> [u8; 2]; }\nconst F: fn(u8) = g;\n\
                    fn outer<T>(\n    a: T,\n) -> u8 {\n    fn inner() { '}' }\n    \"}\"\n}\n";
        let functions = Source::new(text).functions();
        let expected = [("outer", 3, 6), ("inner", 6, 1)];
        let expected = expected.map(|(name, line, line_count)| Function {
            name: name.to_owned(),
            line,
            line_count,
        });
        assert_eq!(functions, expected);
    }

    #[test]
    fn words_are_whole_words() {
        assert!(has_words("use std::fs;", "std::fs"));
        assert!(has_words("a = fs::read(p)", "fs::"));
        assert!(!has_words("offs::read", "fs::"));
        assert!(!has_words("SystemTimeout", "SystemTime"));
        assert!(has_words("#[ignore]", "#[ignore"));
    }
}
