//! Configuration: defaults, then a TOML file, then the environment. Nothing else in the house reads
//! settings from outside; everybody else is handed what it needs.

mod ranges;

use std::path::{Path, PathBuf};

use mingka_domain::card::KindPolicy;
use serde::{Deserialize, Serialize};

use crate::database::{Database, DatabaseUrl, masked};
use crate::nearest::nearest;

/// All settings. `config.default.toml` documents each; a test keeps the two the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) keys: Keys,
    pub(crate) log: Log,
    pub(crate) precheck: PrecheckSettings,
    pub(crate) binding: BindingSettings,
    pub(crate) transport: TransportSection,
    pub(crate) webhooks: WebhookSettings,
    pub(crate) evidence: EvidenceSettings,
    pub(crate) channel: Vec<ChannelSettings>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: String,
    pub(crate) public_url: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) database: DatabaseUrl,
    pub(crate) database_url_file: PathBuf,
    pub(crate) mark_file: PathBuf,
    pub(crate) body_bytes_max: usize,
    pub(crate) key_requests_per_minute: u32,
    pub(crate) key_burst: u32,
    pub(crate) address_requests_per_minute: u32,
    pub(crate) address_burst: u32,
    pub(crate) behind_proxy: bool,
    pub(crate) connections_max: usize,
    pub(crate) connections_per_address_max: usize,
    pub(crate) head_timeout_ms: u64,
    pub(crate) body_timeout_ms: u64,
    pub(crate) write_timeout_ms: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) file: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PrecheckSettings {
    pub(crate) bin_table: PathBuf,
    pub(crate) bank_guides: PathBuf,
    pub(crate) age_years_min: u8,
    pub(crate) credit_card_disbursement: KindPolicy,
    pub(crate) credit_card_repayment: KindPolicy,
    pub(crate) app_version_min: String,
    pub(crate) android_version_min: String,
    pub(crate) ios_version_min: String,
    pub(crate) harmony_version_min: String,
    pub(crate) device_account_count_max: u32,
    pub(crate) clock_skew_max_ms: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BindingSettings {
    pub(crate) session_lifetime_s: u32,
    pub(crate) lifetime_s: u32,
    pub(crate) code_sends_per_card_day_max: u32,
    pub(crate) code_sends_per_phone_day_max: u32,
    pub(crate) keep_card_numbers: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TransportSection {
    pub(crate) tls_ca_file: PathBuf,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookSettings {
    pub(crate) allow_loopback: bool,
    pub(crate) tls_ca_file: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EvidenceSettings {
    pub(crate) name: String,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self { name: mingka_engine::Settings::default().evidence_name }
    }
}

/// One `[[channel]]`: whose server stands at the other end, and our contract with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelSettings {
    pub(crate) code: String,
    pub(crate) protocol: String,
    pub(crate) address: String,
    pub(crate) recipient: String,
    pub(crate) contact: String,
    pub(crate) merchant_number: String,
    #[serde(default = "lender")]
    pub(crate) lender: String,
    #[serde(default = "acp_version")]
    pub(crate) version: String,
    #[serde(default = "sign_method")]
    pub(crate) sign_method: String,
    #[serde(default = "encoding")]
    pub(crate) encoding: String,
    #[serde(default)]
    pub(crate) signing_key_file: PathBuf,
    #[serde(default)]
    pub(crate) signing_certificate_file: PathBuf,
    #[serde(default)]
    pub(crate) encryption_certificate_file: PathBuf,
    #[serde(default)]
    pub(crate) root_certificate_file: PathBuf,
    #[serde(default)]
    pub(crate) middle_certificate_file: PathBuf,
    #[serde(default)]
    pub(crate) signer_certificate_file: PathBuf,
    #[serde(default)]
    pub(crate) secret_file: PathBuf,
    #[serde(default = "signer_name")]
    pub(crate) signer_name: String,
    pub(crate) token_requestor: String,
    #[serde(default)]
    pub(crate) allow_sha1_certificates: bool,
}

fn lender() -> String {
    mingka_engine::DEFAULT_LENDER.to_owned()
}

fn acp_version() -> String {
    "5.1.0".to_owned()
}

fn sign_method() -> String {
    "01".to_owned()
}

fn encoding() -> String {
    "UTF-8".to_owned()
}

fn signer_name() -> String {
    "中国银联股份有限公司".to_owned()
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8700".to_owned(),
            public_url: String::new(),
            data_dir: PathBuf::from("mingka-data"),
            database: DatabaseUrl::default(),
            database_url_file: PathBuf::new(),
            mark_file: PathBuf::new(),
            body_bytes_max: 65_536,
            key_requests_per_minute: 60_000,
            key_burst: 2_000,
            address_requests_per_minute: 120_000,
            address_burst: 4_000,
            behind_proxy: false,
            connections_max: 4_096,
            connections_per_address_max: 0,
            head_timeout_ms: 0,
            body_timeout_ms: 15_000,
            write_timeout_ms: 30_000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: "info".to_owned() }
    }
}

impl Default for PrecheckSettings {
    fn default() -> Self {
        Self {
            bin_table: PathBuf::new(),
            bank_guides: PathBuf::new(),
            age_years_min: 18,
            credit_card_disbursement: KindPolicy::Stop,
            credit_card_repayment: KindPolicy::Stop,
            app_version_min: String::new(),
            android_version_min: String::new(),
            ios_version_min: String::new(),
            harmony_version_min: String::new(),
            device_account_count_max: 2,
            clock_skew_max_ms: 300_000,
        }
    }
}

impl Default for BindingSettings {
    fn default() -> Self {
        Self {
            session_lifetime_s: 1_800,
            lifetime_s: 1_800,
            code_sends_per_card_day_max: 20,
            code_sends_per_phone_day_max: 20,
            keep_card_numbers: true,
        }
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot read the configuration {}: {error}; copy config.default.toml there and change what \
         you need, or leave --config out for the defaults",
        path.display()
    )
}

impl Config {
    /// Defaults, then the file if one is given, then `MINGKA_<SECTION>_<KEY>` from `environment`.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|e| cannot_read(path, &e))?,
        };
        let origin = file.map_or_else(|| "configuration".to_owned(), |p| p.display().to_string());
        // Parsed on its own first, so that an error names the line in the file.
        let _: Self = toml::from_str(&text).map_err(|e| format!("{origin}: {}", explain(&e)))?;
        let mut table: toml::Table =
            toml::from_str(&text).map_err(|e| format!("{origin}: {}", explain(&e)))?;
        overlay(&mut table, environment)?;
        let mut config: Self =
            table.try_into().map_err(|e| format!("environment: {}", explain(&e)))?;
        if let Some(folder) = file.and_then(Path::parent) {
            config.resolve_paths(folder);
        }
        config.check_ranges()?;
        Ok(config)
    }

    /// The key file: the one given, or `mingka.keys` beside the database.
    pub(crate) fn key_file(&self) -> PathBuf {
        if self.keys.file.as_os_str().is_empty() {
            self.server.data_dir.join("mingka.keys")
        } else {
            self.keys.file.clone()
        }
    }

    /// Where the mark is: see `mark`.
    pub(crate) fn mark_file(&self) -> PathBuf {
        if self.server.mark_file.as_os_str().is_empty() {
            self.key_file().with_extension("mark")
        } else {
            self.server.mark_file.clone()
        }
    }

    /// Where the records are.
    pub(crate) fn database(&self) -> Result<Database, String> {
        let Server { database, database_url_file: file, .. } = &self.server;
        let url = match (database.is_given(), file.as_os_str().is_empty()) {
            (false, true) => return Ok(Database::Embedded(self.database_file())),
            (true, true) => database.clone(),
            (true, false) => {
                return Err("[server] has database and database_url_file: give one".to_owned());
            }
            (false, false) => DatabaseUrl::read(file)?,
        };
        url.checked().map(Database::Server)
    }

    /// The file of the embedded database, where no server is named.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.server.data_dir.join("mingka.db")
    }

    /// Relative paths in a file are relative to that file, not to where the program was started.
    fn resolve_paths(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| {
            if !path.as_os_str().is_empty() && path.is_relative() {
                *path = folder.join(&*path);
            }
        };
        resolve(&mut self.keys.file);
        resolve(&mut self.precheck.bin_table);
        resolve(&mut self.precheck.bank_guides);
        resolve(&mut self.server.data_dir);
        resolve(&mut self.server.database_url_file);
        resolve(&mut self.server.mark_file);
        resolve(&mut self.transport.tls_ca_file);
        resolve(&mut self.webhooks.tls_ca_file);
        for channel in &mut self.channel {
            resolve(&mut channel.signing_key_file);
            resolve(&mut channel.signing_certificate_file);
            resolve(&mut channel.encryption_certificate_file);
            resolve(&mut channel.root_certificate_file);
            resolve(&mut channel.middle_certificate_file);
            resolve(&mut channel.secret_file);
            resolve(&mut channel.signer_certificate_file);
        }
    }
}

/// Puts `MINGKA_SERVER_LISTEN=…` into `[server] listen`, keeping the type the default has.
fn overlay(
    table: &mut toml::Table,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(), String> {
    let defaults = toml::Table::try_from(Config::default()).map_err(|e| e.to_string())?;
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix("MINGKA_") else { continue };
        let known = defaults.iter().filter_map(|(section, keys)| {
            let keys = keys.as_table()?;
            Some(keys.iter().map(move |(key, default)| (section, key, default)))
        });
        let (mut names, mut found) = (Vec::new(), None);
        for (section, key, default) in known.flatten() {
            let full = format!("{section}_{key}").to_uppercase();
            if full == rest {
                found = Some((section, key, default));
            }
            names.push(format!("MINGKA_{full}"));
        }
        let Some((section, key, default)) = found else {
            let hint = nearest(&name, names.iter().map(String::as_str));
            return Err(format!("unknown setting {name} in the environment{}", did_you_mean(hint)));
        };
        let wrong = |wanted: &str| format!("{name} must be {wanted}");
        let value = match default {
            toml::Value::Integer(_) => {
                toml::Value::Integer(value.parse().map_err(|_| wrong("a whole number"))?)
            }
            toml::Value::Boolean(_) => {
                toml::Value::Boolean(value.parse().map_err(|_| wrong("true or false"))?)
            }
            _ => toml::Value::String(value),
        };
        let entry =
            table.entry(section.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let Some(keys) = entry.as_table_mut() {
            keys.insert(key.clone(), value);
        }
    }
    Ok(())
}

/// The parser's message, with the nearest known name added to an unknown one. It shows the line it
/// is about, which may be the one with the database's password.
fn explain(error: &toml::de::Error) -> String {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(unknown) = quoted.next()
    {
        let hint = nearest(unknown, quoted);
        return masked(&format!("{error}unknown key `{unknown}`{}", did_you_mean(hint)));
    }
    masked(&error.to_string())
}

fn did_you_mean(hint: Option<&str>) -> String {
    hint.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
