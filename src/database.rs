//! Which database the configuration names: the embedded one in a file, or a server of PostgreSQL
//! behind an address whose password nobody repeats.

use std::fmt;
use std::path::{Path, PathBuf};

use mingka_store::{Finding, OpenError, Store};
use serde::{Deserialize, Serialize};

/// Where the records are.
pub(crate) enum Database {
    /// In a file of ours.
    Embedded(PathBuf),
    /// With a server.
    Server(DatabaseUrl),
}

/// The address of a server. It is printed without its password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// An address as it was typed.
    pub(crate) fn new(url: String) -> Self {
        Self(url)
    }

    /// The first line of a file.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| format!("database_url_file: cannot read {}: {e}", file.display()))?;
        Ok(Self(text.lines().next().unwrap_or_default().trim().to_owned()))
    }

    /// Whether there is one.
    pub(crate) fn is_given(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether others on this machine could read a password in the list of processes.
    pub(crate) fn has_password(&self) -> bool {
        masked(&self.0) != self.0
    }

    /// The address, if it is one of a server.
    pub(crate) fn checked(self) -> Result<Self, String> {
        if ["postgres://", "postgresql://"].iter().any(|scheme| self.0.starts_with(scheme)) {
            return Ok(self);
        }
        Err("the database must be postgres://USER@HOST/DATABASE; for the embedded one leave it \
             empty and set [server] data_dir"
            .to_owned())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Database {
    /// Opens the records, made and brought up to date where needed.
    pub(crate) fn open(&self) -> Result<Store, String> {
        let opened = match self {
            Self::Embedded(file) => Store::open(file),
            Self::Server(url) => Store::connect(&url.0),
        };
        opened.map_err(|e| format!("{self}: {e}. `mingka doctor` says more."))
    }

    /// Opens the records without ever changing them.
    pub(crate) fn look(&self) -> Result<Store, OpenError> {
        match self {
            Self::Embedded(file) => Store::open_read_only(file),
            Self::Server(url) => Store::connect_read_only(&url.0),
        }
    }

    /// What ought to be otherwise with the server, where there is one.
    pub(crate) fn examine(&self) -> Result<Vec<Finding>, OpenError> {
        match self {
            Self::Embedded(_) => Ok(Vec::new()),
            Self::Server(url) => Store::examine(&url.0),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(file) => write!(f, "{}", file.display()),
            Self::Server(url) => fmt::Display::fmt(url, f),
        }
    }
}

/// A text in which an address shows no password: neither before the host nor among the options.
pub(crate) fn masked(text: &str) -> String {
    let mut pieces = text.split("://");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shown.push_str("://");
        // A password with an @ of its own: the last one ends it.
        let end = piece.find(char::is_whitespace).unwrap_or(piece.len());
        let (address, rest) = piece.split_at(end);
        shown.push_str(&match address.rsplit_once('@') {
            Some((who, place)) => match who.split_once(':') {
                Some((user, _)) => format!("{user}:…@{}", without_option(place)),
                None => format!("{who}@{}", without_option(place)),
            },
            None => without_option(address),
        });
        shown.push_str(rest);
    }
    shown
}

fn without_option(address: &str) -> String {
    match address.split_once("password=") {
        None => address.to_owned(),
        Some((before, after)) => {
            let rest = after.split_once('&').map_or("", |(_, rest)| rest);
            format!("{before}password=…&{rest}").trim_end_matches('&').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("postgres://u:secret@h:5432/d", "postgres://u:…@h:5432/d"),
            ("postgres://u:se@cret@h,h2/d?a=b", "postgres://u:…@h,h2/d?a=b"),
            ("postgres://u@h/d?password=secret&a=b", "postgres://u@h/d?password=…&a=b"),
            ("postgres://h/d?password=secret", "postgres://h/d?password=…"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("database = \"postgres://u:secret@h/d", "database = \"postgres://u:…@h/d"),
            ("no address: at all", "no address: at all"),
        ] {
            assert_eq!(masked(url), shown);
        }
        let url = DatabaseUrl::new("postgres://u:secret@h/d".to_owned());
        assert!(url.has_password() && !format!("{url} {url:?}").contains("secret"));
    }

    #[test]
    fn a_broken_configuration_does_not_show_it_either() {
        let folder = std::env::temp_dir().join(format!("mingka-database-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("c.toml");
        for line in
            ["database = \"postgres://u:secret@h/d", "databse = \"postgres://u:secret@h/d\""]
        {
            std::fs::write(&file, format!("[server]\n{line}\n")).unwrap();
            let error = Config::load(Some(&file), std::iter::empty()).unwrap_err();
            assert!(!error.contains("secret") && error.contains("line 2"), "{error}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn one_database_is_named_or_none() {
        let mut config = Config::default();
        assert!(matches!(config.database(), Ok(Database::Embedded(_))));
        config.server.database = DatabaseUrl::new("postgres://u@h/d".to_owned());
        assert!(matches!(config.database(), Ok(Database::Server(_))));
        config.server.database_url_file = PathBuf::from("url");
        assert!(config.database().is_err());
        config.server.database = DatabaseUrl::default();
        assert!(config.database().is_err(), "there is no such file");
        config.server.database_url_file = PathBuf::new();
        config.server.database = DatabaseUrl::new("mingka.db".to_owned());
        assert!(config.database().is_err());
    }
}
