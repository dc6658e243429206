//! The files tidy looks at: what git tracks and what it would add. Nothing ignored, nothing built.

use crate::run::{Result, failure, output, workspace_root};

/// Every file of the repository, with its contents.
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One file; `path` is relative to the root and written with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) size: usize,
    /// `None` for what is not UTF-8.
    pub(crate) text: Option<String>,
}

impl Tree {
    /// Reads the repository this program was built in.
    pub(crate) fn of_the_workspace() -> Result<Self> {
        let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let Some(names) = output("git", &listing) else {
            return failure("`git ls-files` failed: tidy needs git and a work tree");
        };
        let root = workspace_root();
        let mut files: Vec<File> = String::from_utf8_lossy(&names)
            .split('\0')
            .filter(|path| !path.is_empty())
            // A file that was deleted and not yet committed is listed and cannot be read.
            .filter_map(|path| Some(File::new(path, std::fs::read(root.join(path)).ok()?)))
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { files })
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File::new(path, text.as_bytes().to_vec()));
        Self { files: files.collect() }
    }

    /// All files, sorted by path.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// Path and text of every file whose name ends in one of `endings`.
    pub(crate) fn texts<'a>(
        &'a self,
        endings: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(|file| endings.iter().any(|ending| file.path.ends_with(ending)))
            .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }
}

impl File {
    fn new(path: &str, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), size: bytes.len(), text: String::from_utf8(bytes).ok() }
    }
}
