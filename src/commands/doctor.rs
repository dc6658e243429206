//! `mingka doctor`: looks for what is wrong with an installation and says how to mend it. Changes
//! nothing. Exits with 1 when something would keep Mingka from working safely.

mod encryption;
mod ground;

use std::path::Path;
use std::process::ExitCode;

use mingka_crypto::certificate::Certificate;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::consent::{ConsentBook, ConsentKind};
use mingka_domain::time::{DAY_MS, Timestamp};
use mingka_engine::{Clock as _, SystemClock};
use mingka_store::{Finding, OpenError};

use super::{load, print_line};
use crate::cli::ConfigArgs;
use crate::config::Config;
use crate::database::Database;
use crate::{compose, key_file};

/// A certificate that ends sooner than this is worth a word, in milliseconds.
const CERTIFICATE_WARNING_MS: i64 = 30 * DAY_MS;

/// How grave a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Fine,
    Warning,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug)]
struct Item {
    grade: Grade,
    what: String,
    mend: String,
}

/// Looks at everything and prints it.
pub(crate) fn run(args: &ConfigArgs) -> Result<ExitCode, String> {
    let config = match load(args) {
        Ok(config) => config,
        Err(error) => {
            print(&Item::wrong("the configuration cannot be used", &error));
            return Ok(ExitCode::FAILURE);
        }
    };
    let items = examine(&config);
    for item in &items {
        print(item);
    }
    let wrong = items.iter().filter(|item| item.grade == Grade::Wrong).count();
    let warnings = items.iter().filter(|item| item.grade == Grade::Warning).count();
    print_line(&format!("\n{wrong} wrong, {warnings} to look at"));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(config: &Config) -> Vec<Item> {
    let mut items = database(config);
    items.extend(ground::folder(&config.server.data_dir));
    items.extend([key_file(config), public_url(config), core_dumps()]);
    items.extend(
        [config.server.data_dir.as_path(), config.key_file().as_path()]
            .into_iter()
            .filter_map(readable_by_others),
    );
    items.push(match compose::rules(&config.precheck) {
        Ok(rules) => Item::fine(&format!(
            "BIN table: {} rows, {} of them your own; guides to {} banks",
            rules.bins.rows().len(),
            rules.bins.operator_row_count(),
            rules.guides.all().len()
        )),
        Err(error) => Item::wrong("the precheck settings cannot be used", &error),
    });
    let texts = ConsentKind::ALL
        .map(|kind| format!("{} {}", kind.name(), ConsentBook::embedded().current(kind).version));
    items.push(Item::fine(&format!("consent texts: {}", texts.join(", "))));
    if config.channel.is_empty() {
        items.push(Item::warning(
            "no [[channel]] is configured: only prechecks can be answered",
            "add one as config.default.toml shows, or start with `mingka sandbox`",
        ));
    }
    if config.webhooks.allow_loopback {
        items.push(Item::warning(
            "webhooks may call this machine itself: whoever may name an endpoint reaches what \
             listens here",
            "set [webhooks] allow_loopback to false, unless this is for development",
        ));
    }
    if let Err(error) = compose::evidence_name(config) {
        items.push(Item::wrong(&error, "nothing starts until it is one"));
    }
    if let Err(error) = compose::channels(config, "http://127.0.0.1") {
        items.push(Item::wrong("the channels cannot be used", &error));
    }
    for channel in &config.channel {
        items.extend(examine_channel(config, channel));
    }
    items
}

fn examine_channel(config: &Config, channel: &crate::config::ChannelSettings) -> Vec<Item> {
    let mut alone = config.clone();
    alone.channel = vec![channel.clone()];
    let mut items = match compose::channels(&alone, "http://127.0.0.1") {
        Ok(loaded) => {
            let loads = format!("channel {}: keys and certificates load", channel.code);
            let mut items = vec![Item::fine(&loads)];
            items.extend(loaded.iter().flat_map(|one| encryption::examine(config, one)));
            items
        }
        // Said already, with the reason.
        Err(_) => return Vec::new(),
    };
    if channel.allow_sha1_certificates {
        items.push(Item::warning(
            &format!("channel {}: SHA-1 signed certificates are accepted", channel.code),
            "ask the channel for certificates signed with SHA-256 and remove the setting",
        ));
    }
    if channel.version == "5.0.0" {
        items.push(Item::warning(
            &format!("channel {}: version 5.0.0 signs with SHA-1", channel.code),
            "move the contract to version 5.1.0",
        ));
    }
    items.extend(near_its_end(&channel.signing_certificate_file));
    items.extend(
        [&channel.signing_key_file, &channel.secret_file]
            .into_iter()
            .filter(|file| !file.as_os_str().is_empty())
            .filter_map(|file| readable_by_others(file)),
    );
    items
}

/// A certificate that is over, or will be within a month.
fn near_its_end(file: &Path) -> Option<Item> {
    let text = std::fs::read_to_string(file).ok()?;
    let until_ms = Certificate::from_pem(&text).ok()?.life().until_ms;
    let left_ms = until_ms - SystemClock.now().as_millis();
    let until = Timestamp::from_millis(until_ms).rfc3339();
    let what = format!("certificate {} ends {until}", file.display());
    let mend = "get the next one from the channel and name it in [[channel]]";
    match left_ms {
        ..0 => Some(Item::wrong(&what, mend)),
        0..CERTIFICATE_WARNING_MS => Some(Item::warning(&what, mend)),
        _ => None,
    }
}

fn key_file(config: &Config) -> Item {
    let file = config.key_file();
    let ring = match config.database() {
        Ok(Database::Server(url)) if !file.exists() => {
            return Item::warning(
                &format!("no key file {} yet; the first start on {url} makes it", file.display()),
                "if other processes use this database, copy their key file here first",
            );
        }
        Ok(Database::Server(url)) => key_file::open_beside(&file, &url.to_string(), true),
        Ok(Database::Embedded(database)) if !file.exists() && !database.exists() => {
            return Item::fine("no key file yet; the first start makes it");
        }
        Ok(Database::Embedded(database)) => key_file::open(&file, &database),
        // Said already, with the reason.
        Err(_) => return Item::fine("the key file was not looked at"),
    };
    let fits = |ring: &KeyRing| match config.database() {
        // A database that does not open was named already.
        Ok(database) => key_file::fits(ring, &database).unwrap_or(true),
        Err(_) => true,
    };
    match ring {
        Ok(ring) if fits(&ring) => Item::fine(&describe_keys(&ring, &file)),
        Ok(_) => Item::wrong(&key_file::foreign(&file), "nothing starts until it is there"),
        Err(error) => Item::wrong("the key file cannot be used", &error),
    }
}

fn describe_keys(ring: &KeyRing, file: &Path) -> String {
    format!(
        "key file {}: {} sealing keys, version {} is current",
        file.display(),
        ring.versions().count(),
        ring.current_version()
    )
}

fn database(config: &Config) -> Vec<Item> {
    let database = match config.database() {
        Ok(database) => database,
        Err(error) => return vec![Item::wrong("the database cannot be used", &error)],
    };
    if matches!(&database, Database::Embedded(file) if !file.exists()) {
        return vec![Item::fine("no database yet; the first start makes it")];
    }
    let findings = match database.examine() {
        Ok(findings) => findings,
        Err(error) => return vec![refused(&database, &error)],
    };
    let mut items: Vec<Item> = findings.iter().map(Item::of_finding).collect();
    if !findings.iter().any(|finding| finding.is_refused) {
        items.push(match database.look() {
            Ok(_) => Item::fine(&format!("database {database}: opens, and is at this version")),
            Err(error) => refused(&database, &error),
        });
        items.extend(ground::clock(&database));
    }
    items
}

fn refused(database: &Database, error: &OpenError) -> Item {
    let mend = match error {
        OpenError::Newer { .. } => "run the newer mingka that wrote it",
        OpenError::Older { .. } => "run `mingka migrate`",
        OpenError::Emptied => {
            "from a backup take mingka.db with its -wal, or a copy made as \
                               docs/operating.md says"
        }
        OpenError::Address | OpenError::NoTls => "change [server] database",
        OpenError::Server(_) => "see that the server runs and lets this user in",
        _ => "give this user the rights to the folder, or make room on the disk",
    };
    Item::wrong(&format!("database {database}: {error}"), mend)
}

fn public_url(config: &Config) -> Item {
    let url = &config.server.public_url;
    if url.is_empty() || compose::is_loopback(url) {
        return Item::warning(
            "borrowers reach this server only from this machine",
            "set [server] public_url to the https address in front of it",
        );
    }
    if !url.starts_with("https://") {
        return Item::wrong(
            "[server] public_url is not https",
            "put a TLS proxy in front and give its https address: a card number is typed there",
        );
    }
    Item::fine(&format!("borrowers reach {url}"))
}

/// Where the system tells (Linux): whether a crash would write memory to a disk.
fn core_dumps() -> Item {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .and_then(|line| line.split_whitespace().nth(4));
    match soft {
        Some("0") => Item::fine("core dumps are off"),
        Some(_) => Item::warning(
            "core dumps are on: a crash would write card data in memory to the disk",
            "start Mingka with `ulimit -c 0`, or LimitCORE=0 in its service file",
        ),
        None => Item::fine("core dumps: this system does not say"),
    }
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<Item> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        Item::warning(
            &format!("{} can be read by others on this machine", path.display()),
            &format!("chmod go= {}", path.display()),
        )
    })
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<Item> {
    None
}

impl Item {
    fn of_finding(finding: &Finding) -> Self {
        let grade = if finding.is_refused { Grade::Wrong } else { Grade::Warning };
        Self { grade, what: finding.what.clone(), mend: finding.mend.to_owned() }
    }

    fn fine(what: &str) -> Self {
        Self { grade: Grade::Fine, what: what.to_owned(), mend: String::new() }
    }

    fn warning(what: &str, mend: &str) -> Self {
        Self { grade: Grade::Warning, what: what.to_owned(), mend: mend.to_owned() }
    }

    fn wrong(what: &str, mend: &str) -> Self {
        Self { grade: Grade::Wrong, what: what.to_owned(), mend: mend.to_owned() }
    }
}

fn print(item: &Item) {
    let mark = match item.grade {
        Grade::Fine => "ok   ",
        Grade::Warning => "look ",
        Grade::Wrong => "WRONG",
    };
    print_line(&format!("{mark} {}", item.what));
    if !item.mend.is_empty() {
        print_line(&format!("      → {}", item.mend));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades(config: &Config) -> Vec<(Grade, String)> {
        examine(config).into_iter().map(|item| (item.grade, item.what)).collect()
    }

    #[test]
    fn a_public_address_without_tls_is_wrong() {
        let mut config = Config::default();
        config.server.data_dir = std::env::temp_dir().join("mingka-doctor-none");
        config.server.public_url = "http://pay.example.com".to_owned();
        let wrong = |config: &Config| {
            grades(config)
                .iter()
                .any(|(grade, what)| *grade == Grade::Wrong && what.contains("public_url"))
        };
        assert!(wrong(&config));
        config.server.public_url = "https://pay.example.com".to_owned();
        assert!(!wrong(&config));
    }

    #[test]
    fn webhooks_that_may_call_this_machine_are_looked_at() {
        let mut config = Config::default();
        let said = |config: &Config| {
            grades(config).iter().any(|(grade, what)| {
                *grade == Grade::Warning && what.starts_with("webhooks may call this machine")
            })
        };
        assert!(!said(&config));
        config.webhooks.allow_loopback = true;
        assert!(said(&config));
    }

    #[cfg(unix)]
    #[test]
    fn a_database_without_its_keys_is_wrong() {
        let folder = std::env::temp_dir().join(format!("mingka-doctor-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut config = Config::default();
        config.server.data_dir.clone_from(&folder);
        std::fs::write(config.database_file(), b"").unwrap();
        let found = grades(&config);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(
            found.iter().any(|(g, what)| *g == Grade::Wrong && what.contains("key file")),
            "{found:?}"
        );
    }
}
