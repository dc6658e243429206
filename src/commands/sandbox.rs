//! `mingka sandbox`: the gateway, its embedded database, a sandbox bank and the borrower page in one
//! process, with everything a stranger needs printed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mingka_domain::time::Timestamp;
use mingka_engine::{Clock, Engine, NewApiKey, Scope, SystemClock};
use mingka_sandbox::cards;
use mingka_sandbox::server::Running;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::bank::{self, CONFIG_FILE};
use super::keys::platform_named;
use super::serve::{Served, listen, public_url};
use super::{load, print_line};
use crate::cli::SandboxArgs;
use crate::config::{Config, LogFormat};
use crate::database::Database;
use crate::{compose, log, welcome};

/// The platform that the sandbox invents.
const PLATFORM_NAME: &str = "示例借款平台";

/// Serves until it is told to stop.
pub(crate) async fn run(args: SandboxArgs) -> Result<ExitCode, String> {
    let mut config = load(&args.config)?;
    let (folder, temporary) = folder(&args);
    if temporary && matches!(config.database()?, Database::Server(_)) {
        return Err(
            "with --database give --data DIR as well: what the server keeps is sealed with \
                    the keys in it"
                .to_owned(),
        );
    }
    config.server.data_dir = folder.join("mingka");
    config.server.listen.clone_from(&args.listen);
    config.webhooks.allow_loopback = true;
    if !args.json {
        config.log.format = LogFormat::Text;
        config.log.level = "warn".to_owned();
    }
    log::start(&config.log)?;
    let listener = listen(&config.server.listen).await?;
    let public_url = public_url(&config, &listener)?;
    let bank = own_or_running_bank(&args, &folder, &mut config).await?;
    let channels = compose::channels(&config, &public_url)?;
    let served =
        Served::new(&config, channels, Arc::new(ClockAhead { ms: args.clock_ahead_ms })).await?;
    let guest = Guest::welcome(served.engine()).await?;
    let banks = bank.as_ref().map_or_else(
        || config.channel.iter().map(|channel| bank::describe(&channel.address)).collect(),
        |bank| json!([bank::describe(&bank.base_url)]),
    );
    if args.json {
        let line = json!({
            "api": public_url,
            "pages": format!("{public_url}/b/"),
            "docs": format!("{public_url}/docs"),
            "banks": banks,
            "api_key": guest.key,
            "cards": cards::catalogue(),
        });
        print_line(&line.to_string());
    } else {
        print_welcome(&public_url, &guest, bank.as_ref(), temporary);
    }
    let settings = mingka_web::WebSettings {
        sandbox: true,
        root_to_docs: false,
        ..compose::web_settings(&config, &served.house, &public_url)
    };
    let welcome = welcome::router(served.engine().clone(), guest.platform, public_url, &banks);
    let router = mingka_web::router(served.engine().clone(), settings).merge(welcome);
    served.until_stopped(listener, router, &config).await?;
    if let Some(bank) = bank {
        bank.shutdown().await;
    }
    if temporary {
        let _ = std::fs::remove_dir_all(&folder);
    }
    Ok(ExitCode::SUCCESS)
}

/// The system's clock, moved ahead: what time does to a binding can be seen without waiting for it,
/// and without any rule being another one than in earnest.
struct ClockAhead {
    ms: i64,
}

impl Clock for ClockAhead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_ms(self.ms)
    }
}

/// The folder given, or a temporary one that goes away at the end.
fn folder(args: &SandboxArgs) -> (PathBuf, bool) {
    match &args.data {
        Some(folder) => (folder.clone(), false),
        None => {
            let name = format!("mingka-sandbox-{}", std::process::id());
            (std::env::temp_dir().join(name), true)
        }
    }
}

/// Starts a bank in this process, or takes the settings that a running one left in its folder.
async fn own_or_running_bank(
    args: &SandboxArgs,
    folder: &Path,
    config: &mut Config,
) -> Result<Option<Running>, String> {
    if let Some(bank) = &args.bank {
        let file = bank.join(CONFIG_FILE);
        config.channel = Config::load(Some(&file), std::iter::empty())?.channel;
        for channel in &mut config.channel {
            channel.sign_method.clone_from(&args.sign_method);
        }
        return Ok(None);
    }
    let folder = folder.join("bank");
    let faults = bank::faults(args.faults.as_deref())?;
    let listener: TcpListener = listen("127.0.0.1:0").await?;
    let bank = bank::start(listener, &folder, faults, args.clock_ahead_ms).await?;
    config.channel = vec![bank::channel(&bank, &folder, &args.sign_method)];
    Ok(Some(bank))
}

/// The platform and the key of whoever tries the sandbox.
struct Guest {
    platform: mingka_domain::id::PlatformId,
    key: String,
}

impl Guest {
    /// The platform is made once and kept; a key can be shown only when it is made, so each start
    /// makes one.
    async fn welcome(engine: &Engine) -> Result<Self, String> {
        let fail = |e: mingka_engine::EngineError| format!("the sandbox's platform: {e}");
        let platform = platform_named(engine, PLATFORM_NAME).await.map_err(fail)?;
        let issued = engine
            .create_api_key(
                platform.id,
                NewApiKey {
                    name: "sandbox".to_owned(),
                    scopes: Scope::ALL.to_vec(),
                    expires_at: None,
                },
            )
            .await
            .map_err(fail)?;
        Ok(Self { platform: platform.id, key: issued.key.expose().to_owned() })
    }
}

fn print_welcome(public_url: &str, guest: &Guest, bank: Option<&Running>, temporary: bool) {
    print_line("\nMingka 明卡 · 沙箱 sandbox");
    print_line(&format!("  从这里开始 start here    {public_url}/"));
    print_line(&format!("  接口文档 API             {public_url}/docs"));
    print_line(&format!("  接口密钥 API key         {}", guest.key));
    if let Some(bank) = bank {
        print_line(&format!("  短信收件箱 codes         {}", bank.places.inbox_url));
        print_line(&format!("  银行执行账 bank's books  {}", bank.places.ledger_url));
        print_line(&format!("  故障 faults              {}", bank.places.faults_url));
    }
    print_line("\n测试卡 test cards (人物均为虚构 everybody is invented; 验证码 code 111111)");
    for (group, cards) in cards::by_group() {
        let (zh, en) = group.title();
        print_line(&format!("\n  {zh} · {en}"));
        for card in cards {
            print_line(&format!(
                "  {:<19}  {}  {}  {}  {}",
                card.number, card.name, card.id_number, card.phone, card.will_do.zh
            ));
        }
    }
    if temporary {
        print_line(
            "\n数据在退出时删除；用 --data DIR 保留。Data goes at exit; keep it with --data DIR.",
        );
    }
    print_line("Ctrl-C 退出 stops");
}

/// The shape of a bank in the ready line, for the start page.
pub(crate) fn sandbox_links(banks: &Value) -> Vec<(String, String)> {
    let words = [
        ("inbox", "短信收件箱 · the codes the bank sent"),
        ("ledger", "银行执行账 · the bank's own books"),
    ];
    let Some(bank) = banks.get(0) else { return Vec::new() };
    words
        .into_iter()
        .filter_map(|(key, label)| Some((bank.get(key)?.as_str()?.to_owned(), label.to_owned())))
        .collect()
}
