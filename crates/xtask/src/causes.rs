//! `cargo xtask causes`: writes docs/causes.md from the dictionary. The page is never edited by
//! hand; a test holds the committed one to the dictionary it was made from.

use std::path::PathBuf;

use mingka_domain::cause::Dictionary;
use mingka_domain::cause::document::markdown;

use crate::run::{Result, failure, workspace_root};

/// Writes the page.
pub(crate) fn command() -> Result<()> {
    let file = file();
    match std::fs::write(&file, markdown(Dictionary::embedded())) {
        Ok(()) => {
            println!("{} is written", file.display());
            Ok(())
        }
        Err(error) => failure(format!("cannot write {}: {error}", file.display())),
    }
}

fn file() -> PathBuf {
    workspace_root().join("docs/causes.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_the_dictionary() {
        let committed = std::fs::read_to_string(file()).unwrap_or_default();
        let differs = committed != markdown(Dictionary::embedded());
        assert!(!differs, "docs/causes.md is old: run `cargo xtask causes` and commit it");
    }
}
