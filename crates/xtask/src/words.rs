//! `cargo xtask words`: writes docs/words.md, what the reader of banks' own words makes of wording
//! it has never seen. The page is never edited by hand; a test holds the committed one to the data.

use std::path::PathBuf;

use mingka_domain::diagnosis::words::WordReader;
use mingka_domain::diagnosis::words::measure::{markdown, measure};

use crate::run::{Failure, Result, failure, workspace_root};

/// Writes the page.
pub(crate) fn command() -> Result<()> {
    let (file, page) = (file(), page()?);
    match std::fs::write(&file, page) {
        Ok(()) => {
            println!("{} is written", file.display());
            Ok(())
        }
        Err(error) => failure(format!("cannot write {}: {error}", file.display())),
    }
}

fn page() -> Result<String> {
    let unseen = workspace_root().join("data/words/unseen.csv");
    let unseen = std::fs::read_to_string(&unseen)
        .map_err(|error| Failure(format!("cannot read {}: {error}", unseen.display())))?;
    let sets =
        measure(WordReader::embedded(), &unseen).map_err(|error| Failure(error.to_string()))?;
    Ok(markdown(&sets))
}

fn file() -> PathBuf {
    workspace_root().join("docs/words.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_what_was_measured() {
        let committed = std::fs::read_to_string(file()).unwrap_or_default();
        let made = page().unwrap_or_default();
        assert!(committed == made, "docs/words.md is old: run `cargo xtask words` and commit it");
    }
}
