//! `mingka bank`: a sandbox bank alone, in a process of its own. It leaves a `mingka.toml` in its
//! folder with which `mingka serve` talks to it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mingka_channels::acp::NAME_TEST;
use mingka_crypto::SystemEntropy;
use mingka_engine::{Clock as _, SystemClock};
use mingka_sandbox::faults::{Rule, script};
use mingka_sandbox::server::{self, Running};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::print_line;
use super::serve::{listen, told_to_stop};
use crate::cli::BankArgs;
use crate::config::{ChannelSettings, Config, Log, LogFormat};
use crate::log;

/// The configuration that talks to this bank, in its folder.
pub(crate) const CONFIG_FILE: &str = "mingka.toml";

/// Serves the bank until it is told to stop.
pub(crate) async fn run(args: BankArgs) -> Result<ExitCode, String> {
    log::start(&Log { format: LogFormat::Text, level: "info".to_owned() })?;
    let faults = faults(args.faults.as_deref())?;
    let listener = listen(&args.listen).await?;
    let bank = start(listener, &args.data, faults, args.clock_ahead_ms).await?;
    let told = told_to_stop();
    let config = args.data.join(CONFIG_FILE);
    let channel = channel(&bank, &args.data, "01");
    write_config(&config, &channel)?;
    if args.json {
        let mut line = describe(&bank.base_url);
        if let Some(line) = line.as_object_mut() {
            line.insert("config".to_owned(), json!(config.display().to_string()));
        }
        print_line(&line.to_string());
    } else {
        print_line(&format!("沙箱银行 sandbox bank  {}", bank.base_url));
        print_line(&format!("  短信收件箱 inbox   {}", bank.places.inbox_url));
        print_line(&format!("  执行账 ledger      {}", bank.places.ledger_url));
        print_line(&format!("  故障 faults        {}", bank.places.faults_url));
        print_line(&format!("  mingka serve --config {}", config.display()));
    }
    told.await;
    bank.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The rules of a file; none without one.
pub(crate) fn faults(file: Option<&Path>) -> Result<Vec<Rule>, String> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text =
        fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    script::read(&text).map_err(|e| format!("{}: {e}", file.display()))
}

/// Starts a bank with its books in a folder.
pub(crate) async fn start(
    listener: TcpListener,
    folder: &Path,
    faults: Vec<Rule>,
    clock_ahead_ms: i64,
) -> Result<Running, String> {
    let bank = server::start(server::Config {
        listener,
        data_dir: folder.to_owned(),
        now: || SystemClock.now(),
        clock_ahead_ms,
        entropy: Arc::new(SystemEntropy::new()),
        faults,
        // The interface has no code for a payment yet; some contracts ask for none.
        payment_code_required: false,
    })
    .await
    .map_err(|e| format!("the sandbox bank in {}: {e}", folder.display()))?;
    write_merchant(&bank, folder)?;
    Ok(bank)
}

/// What the ready line says of the bank at this address.
pub(crate) fn describe(base_url: &str) -> Value {
    let places = mingka_sandbox::server::Places::of(base_url);
    json!({
        "channel": "unionpay",
        "address": base_url,
        "ledger": places.ledger_url,
        "inbox": places.inbox_url,
        "faults": places.faults_url,
        "clock": places.clock_url,
        "statements": places.statements_url,
    })
}

/// The `[[channel]]` that leads to a bank whose folder is `folder`.
pub(crate) fn channel(bank: &Running, folder: &Path, sign_method: &str) -> ChannelSettings {
    let file = |name: &str| absolute(folder).join("merchant").join(name);
    ChannelSettings {
        code: "unionpay".to_owned(),
        lender: mingka_engine::DEFAULT_LENDER.to_owned(),
        protocol: "unionpay_acp".to_owned(),
        address: bank.base_url.clone(),
        recipient: "中国银联股份有限公司".to_owned(),
        contact: "95516".to_owned(),
        merchant_number: bank.merchant.merchant_number.clone(),
        version: "5.1.0".to_owned(),
        sign_method: sign_method.to_owned(),
        encoding: "UTF-8".to_owned(),
        signing_key_file: file("merchant.key.pem"),
        signing_certificate_file: file("merchant.pem"),
        encryption_certificate_file: file("encryption.pem"),
        root_certificate_file: file("root.pem"),
        middle_certificate_file: file("middle.pem"),
        signer_certificate_file: file("signer.pem"),
        secret_file: file("secret"),
        signer_name: NAME_TEST.to_owned(),
        token_requestor: bank.merchant.token_requester.clone(),
        allow_sha1_certificates: false,
    }
}

fn write_merchant(bank: &Running, folder: &Path) -> Result<(), String> {
    let merchant = &bank.merchant;
    let folder = folder.join("merchant");
    make_folder(&folder)?;
    for (name, content) in [
        ("merchant.key.pem", &merchant.signing_key),
        ("merchant.pem", &merchant.signing_certificate),
        ("encryption.pem", &merchant.encryption_certificate),
        ("root.pem", &merchant.root_certificate),
        ("middle.pem", &merchant.middle_certificate),
        ("signer.pem", &merchant.signer_certificate),
        ("secret", &merchant.shared_secret),
    ] {
        write(&folder.join(name), content)?;
    }
    Ok(())
}

fn write_config(file: &Path, channel: &ChannelSettings) -> Result<(), String> {
    let mut config = Config::default();
    config.channel.push(channel.clone());
    config.server.data_dir = PathBuf::from("mingka-data");
    let text = toml::to_string_pretty(&config).map_err(|e| e.to_string())?;
    write(
        file,
        &format!(
            "# How to talk to this sandbox bank. Written anew at each of its starts.\n\n{text}"
        ),
    )
}

/// A private key is among these: whoever else is on the machine does not read them.
fn write(file: &Path, content: &str) -> Result<(), String> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(file)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
