//! Builds the parts of the house together from the configuration. Nothing else does.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use mingka_channels::acp::{
    AccountSettings, Acp, Encoding, MerchantAccount, SignerRules, Signing, Version as AcpVersion,
};
use mingka_channels::{Exchange, Profile};
use mingka_crypto::SystemEntropy;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::bank_guide::BankGuides;
use mingka_domain::card::{BinTable, KindPolicies};
use mingka_domain::cause::Dictionary;
use mingka_domain::consent::{ConsentBook, Recipient};
use mingka_domain::environment::{EnvironmentRules, Version};
use mingka_domain::precheck::Rules;
use mingka_domain::secret::Secret;
use mingka_domain::text::Text;
use mingka_engine::{
    Channel, Clock, Engine, Hooks, HttpTransport, Parts, Settings, TlsRoots, TransportSettings,
};
use mingka_store::Store;
use mingka_web::{Connections, Rate, WebSettings};

use crate::config::{ChannelSettings, Config, PrecheckSettings, Server};
use crate::database::Database;
use crate::key_file;

/// An engine and what the web needs beside it.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) keyring: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Opens the database and the keys, loads the channels, and builds the engine.
pub(crate) async fn house(
    config: &Config,
    channels: Vec<Channel>,
    clock: Arc<dyn Clock>,
) -> Result<House, String> {
    make_private_folder(&config.server.data_dir)?;
    let (keyring, store) = records(config).await?;
    let keyring = Arc::new(keyring.reading_again(key_file::when_changed(config.key_file())));
    let transport = HttpTransport::new(TransportSettings {
        roots: tls_roots(&config.transport.tls_ca_file, "[transport] tls_ca_file")?,
        ..TransportSettings::default()
    })
    .map_err(|e| format!("[transport] tls_ca_file: {e}"))?;
    let hooks = Hooks::new(
        config.webhooks.allow_loopback,
        &tls_roots(&config.webhooks.tls_ca_file, "[webhooks] tls_ca_file")?,
        mingka_web::event_json,
    )
    .map_err(|e| format!("[webhooks] tls_ca_file: {e}"))?;
    let binding = &config.binding;
    let settings = Settings {
        binding_valid_ms: i64::from(binding.lifetime_s) * 1_000,
        session_valid_ms: i64::from(binding.session_lifetime_s) * 1_000,
        code_sends_per_card_day_max: binding.code_sends_per_card_day_max,
        code_sends_per_phone_day_max: binding.code_sends_per_phone_day_max,
        keep_card_numbers: binding.keep_card_numbers,
        evidence_name: evidence_name(config)?,
        ..Settings::default()
    };
    let engine = Engine::new(Parts {
        store,
        keyring: Arc::clone(&keyring),
        clock: Arc::clone(&clock),
        entropy: Arc::new(SystemEntropy::new()),
        transport: Arc::new(transport),
        channels,
        rules: Arc::new(rules(&config.precheck)?),
        dictionary: Arc::new(Dictionary::embedded().clone()),
        consents: Arc::new(ConsentBook::embedded().clone()),
        hooks: Some(hooks),
        settings,
    });
    Ok(House { engine, keyring, clock })
}

/// The records and the keys that open them. With keys of another database nothing is built.
async fn records(config: &Config) -> Result<(KeyRing, Store), String> {
    let database = config.database()?;
    let (keyring, store) = opened(config, &database).await?;
    let fit = mingka_engine::keys_fit(&store, &keyring).await;
    if !fit.map_err(|e| format!("{database}: {e}"))? {
        return Err(key_file::foreign(&config.key_file()));
    }
    Ok((keyring, store))
}

async fn opened(config: &Config, database: &Database) -> Result<(KeyRing, Store), String> {
    if let Database::Embedded(file) = database {
        let keyring = key_file::open(&config.key_file(), file)?;
        return Ok((keyring, database.open()?));
    }
    let store = database.open()?;
    let is_in_use = !store.platforms().await.map_err(|e| format!("{database}: {e}"))?.is_empty();
    let keyring = key_file::open_beside(&config.key_file(), &database.to_string(), is_in_use)?;
    Ok((keyring, store))
}

/// The evidence log's name, which stands in its key and in every checkpoint.
pub(crate) fn evidence_name(config: &Config) -> Result<String, String> {
    let name = &config.evidence.name;
    let fits = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    fits.then(|| name.clone()).ok_or_else(|| {
        format!(
            "[evidence] name: {name:?} must be a name without spaces and +, such as \
                 gateway.example/evidence"
        )
    })
}

/// What connections may take.
pub(crate) fn connections(server: &Server) -> Connections {
    let usual = Connections::usual(server.behind_proxy);
    let given = |count: usize, otherwise: usize| if count == 0 { otherwise } else { count };
    Connections {
        count_max: server.connections_max,
        address_max: given(
            server.connections_per_address_max,
            if server.behind_proxy { server.connections_max } else { usual.address_max },
        ),
        head_timeout_ms: match server.head_timeout_ms {
            0 => usual.head_timeout_ms,
            given => given,
        },
        write_timeout_ms: server.write_timeout_ms,
    }
}

/// The web's settings for a house that is reached at `public_url`.
pub(crate) fn web_settings(config: &Config, house: &House, public_url: &str) -> WebSettings {
    let server = &config.server;
    WebSettings {
        behind_proxy: server.behind_proxy,
        clock: Arc::clone(&house.clock),
        body_bytes_max: server.body_bytes_max,
        body_timeout_ms: server.body_timeout_ms,
        key_rate: Rate { per_minute: server.key_requests_per_minute, burst: server.key_burst },
        address_rate: Rate {
            per_minute: server.address_requests_per_minute,
            burst: server.address_burst,
        },
        ..WebSettings::new(public_url, Arc::clone(&house.keyring))
    }
}

/// The rules of prechecks, with the operator's BIN table and bank guides on top where configured.
pub(crate) fn rules(settings: &PrecheckSettings) -> Result<Rules, String> {
    let version = |name: &str, text: &str| -> Result<Option<Version>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            format!("[precheck] {name} = \"{text}\" is not a version such as \"3.2.0\"")
        })
    };
    let bins = match settings.bin_table.as_os_str().is_empty() {
        true => BinTable::embedded(),
        false => Arc::new(operator_bins(&settings.bin_table)?),
    };
    let guides = match settings.bank_guides.as_os_str().is_empty() {
        true => BankGuides::embedded(),
        false => Arc::new(operator_guides(&settings.bank_guides)?),
    };
    Ok(Rules {
        bins,
        guides,
        disbursement: KindPolicies {
            credit: settings.credit_card_disbursement,
            ..KindPolicies::default()
        },
        repayment: KindPolicies {
            credit: settings.credit_card_repayment,
            ..KindPolicies::default()
        },
        age_min: settings.age_years_min,
        environment: EnvironmentRules {
            app_version_min: version("app_version_min", &settings.app_version_min)?,
            android_version_min: version("android_version_min", &settings.android_version_min)?,
            ios_version_min: version("ios_version_min", &settings.ios_version_min)?,
            harmony_version_min: version("harmony_version_min", &settings.harmony_version_min)?,
            device_account_count_max: settings.device_account_count_max,
            clock_skew_max_ms: settings.clock_skew_max_ms,
        },
    })
}

fn operator_bins(path: &Path) -> Result<BinTable, String> {
    let text = read(path, "[precheck] bin_table")?;
    BinTable::with_operator_csv(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn operator_guides(path: &Path) -> Result<BankGuides, String> {
    let text = read(path, "[precheck] bank_guides")?;
    BankGuides::with_operator_toml(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The channels of the configuration, each loaded and checked.
pub(crate) fn channels(config: &Config, public_url: &str) -> Result<Vec<Channel>, String> {
    let mut codes = BTreeSet::new();
    if let Some(twice) = config.channel.iter().find(|channel| !codes.insert(&channel.code)) {
        return Err(format!("[[channel]] {}: two channels have this code", twice.code));
    }
    config
        .channel
        .iter()
        .map(|settings| {
            channel(settings, public_url).map_err(|e| format!("[[channel]] {}: {e}", settings.code))
        })
        .collect()
}

fn channel(settings: &ChannelSettings, public_url: &str) -> Result<Channel, String> {
    // It stands in the address the bank notifies, in logs and in records.
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    if !(1..=32).contains(&settings.code.len()) || !settings.code.bytes().all(plain) {
        return Err("code is 1 to 32 lower-case letters, digits, `-` and `_`".to_owned());
    }
    if settings.address.starts_with("http://") && !is_loopback(&settings.address) {
        return Err("address: card data must not cross a network in the clear; give its https \
                    address"
            .to_owned());
    }
    for (name, text) in [("recipient", &settings.recipient), ("contact", &settings.contact)] {
        // Borrowers read both in the consent text.
        if text.trim().is_empty() || text.contains(is_hidden) {
            return Err(format!("{name}: name who receives the borrower's data, in visible words"));
        }
    }
    let (profile, exchange): (_, Arc<dyn Exchange>) = match settings.protocol.as_str() {
        "unionpay_acp" => {
            let profile = Profile::unionpay_acp();
            let account = unionpay_account(settings, public_url)?;
            (Arc::clone(&profile), Arc::new(Acp::new(profile, account)))
        }
        other => {
            return Err(format!("protocol = \"{other}\" is not known; known: \"unionpay_acp\""));
        }
    };
    let both = |text: &str| Text { zh: text.to_owned(), en: text.to_owned() };
    let mut name = both(&settings.recipient);
    if settings.recipient == profile.recipient.zh {
        name = profile.recipient.clone();
    }
    Ok(Channel {
        code: settings.code.clone(),
        profile,
        exchange,
        merchant_number: settings.merchant_number.clone(),
        lender: settings.lender.clone(),
        recipient: Recipient { name, contact: both(&settings.contact) },
    })
}

/// Whether an address leads to this machine itself.
pub(crate) fn is_loopback(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A character that cannot be seen, or turns the direction of what follows.
pub(crate) fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    c.is_control() || turns || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn unionpay_account(
    settings: &ChannelSettings,
    public_url: &str,
) -> Result<MerchantAccount, String> {
    MerchantAccount::load(AccountSettings {
        merchant_number: settings.merchant_number.clone(),
        token_requestor: settings.token_requestor.clone(),
        version: match settings.version.as_str() {
            "5.1.0" => AcpVersion::V5_1_0,
            "5.0.0" => AcpVersion::V5_0_0,
            other => return Err(format!("version = \"{other}\": give \"5.1.0\" or \"5.0.0\"")),
        },
        encoding: match settings.encoding.to_ascii_uppercase().as_str() {
            "UTF-8" => Encoding::Utf8,
            "GBK" => Encoding::Gbk,
            other => return Err(format!("encoding = \"{other}\": give \"UTF-8\" or \"GBK\"")),
        },
        signing: signing(settings)?,
        encryption_certificate: read(
            &settings.encryption_certificate_file,
            "encryption_certificate_file",
        )?,
        gateway: settings.address.clone(),
        notify_url: Some(format!("{public_url}/notify/{}", settings.code)),
    })
    .map_err(|e| e.to_string())
}

fn signing(settings: &ChannelSettings) -> Result<Signing, String> {
    let secret = || -> Result<Secret, String> {
        let text = read(&settings.secret_file, "secret_file")?;
        Ok(Secret::new(text.lines().next().unwrap_or_default().trim().to_owned()))
    };
    match settings.sign_method.as_str() {
        "11" => Ok(Signing::KeyedSha256(secret()?)),
        "12" => Ok(Signing::KeyedSm3(secret()?)),
        "01" => Ok(Signing::Rsa {
            private_key: Secret::new(read(&settings.signing_key_file, "signing_key_file")?),
            certificate: read(&settings.signing_certificate_file, "signing_certificate_file")?,
            bank: SignerRules {
                roots: certificates(&settings.root_certificate_file, "root_certificate_file")?,
                intermediates: optional_certificates(
                    &settings.middle_certificate_file,
                    "middle_certificate_file",
                )?,
                names: vec![settings.signer_name.clone()],
                known: optional_certificates(
                    &settings.signer_certificate_file,
                    "signer_certificate_file",
                )?,
                allow_sha1: settings.allow_sha1_certificates,
            },
        }),
        other => Err(format!("sign_method = \"{other}\": give \"01\", \"11\" or \"12\"")),
    }
}

fn certificates(path: &Path, setting: &str) -> Result<Vec<String>, String> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = read(path, setting)?;
    let found: Vec<String> =
        text.split_inclusive(END).filter(|part| part.contains(END)).map(str::to_owned).collect();
    if found.is_empty() {
        return Err(format!("{setting}: {} holds no PEM certificate", path.display()));
    }
    Ok(found)
}

fn optional_certificates(path: &Path, setting: &str) -> Result<Vec<String>, String> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    certificates(path, setting)
}

fn tls_roots(path: &Path, setting: &str) -> Result<TlsRoots, String> {
    if path.as_os_str().is_empty() {
        return Ok(TlsRoots::Public);
    }
    Ok(TlsRoots::Only(read(path, setting)?))
}

fn read(path: &Path, setting: &str) -> Result<String, String> {
    if path.as_os_str().is_empty() {
        return Err(format!("{setting} is not set"));
    }
    let is_file = fs::metadata(path).is_ok_and(|about| about.is_file());
    if path.exists() && !is_file {
        return Err(format!("{setting}: {} is no file", path.display()));
    }
    fs::read_to_string(path).map_err(|e| format!("{setting}: cannot read {}: {e}", path.display()))
}

fn make_private_folder(folder: &Path) -> Result<(), String> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|e| {
        format!("cannot make the folder {}: {e}. Set [server] data_dir.", folder.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_this_machine() {
        for own in ["http://127.0.0.1:8700/x", "http://localhost", "http://[::1]:1", "127.8.9.1"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in
            ["http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1"]
        {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
