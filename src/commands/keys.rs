//! `mingka keys`: envelope keys (which seal) and API keys (which open the door).

use std::process::ExitCode;
use std::sync::Arc;

use mingka_crypto::SystemEntropy;
use mingka_domain::id::ApiKeyId;
use mingka_domain::time::Timestamp;
use mingka_engine::{Engine, EngineError, NewApiKey, PlatformView, Scope, SystemClock};
use serde_json::json;

use super::{block_on, load, print_line};
use crate::cli::{ConfigArgs, IssueArgs, KeysCommand, RevokeArgs};
use crate::database::Database;
use crate::{compose, key_file};

/// The longest name of a platform, in characters.
const NAME_LENGTH_MAX: usize = 64;

/// Runs one of the key commands.
pub(crate) fn run(command: KeysCommand) -> Result<ExitCode, String> {
    match command {
        KeysCommand::Rotate(args) => rotate(&args),
        KeysCommand::List(args) => block_on(list(args)),
        KeysCommand::Issue(args) => block_on(issue(args)),
        KeysCommand::Revoke(args) => block_on(revoke(args)),
    }
}

fn rotate(args: &ConfigArgs) -> Result<ExitCode, String> {
    let config = load(args)?;
    let file = config.key_file();
    let database = config.database()?;
    let mut ring = match &database {
        Database::Embedded(database) => key_file::open(&file, database)?,
        // Never made here: beside a server there may be others with the same keys.
        Database::Server(url) => key_file::open_beside(&file, &url.to_string(), true)?,
    };
    if !key_file::fits(&ring, &database)? {
        return Err(key_file::foreign(&file));
    }
    let version =
        ring.rotate(&SystemEntropy::new()).map_err(|_| "the key file is full".to_owned())?;
    key_file::replace(&file, &ring)?;
    print_line(&format!(
        "version {version} is current in {}. Make a new copy of the file now, then restart `mingka \
         serve`: it seals everything anew in the background. What older versions sealed stays \
         readable all the while.",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ConfigArgs) -> Result<ExitCode, String> {
    let config = load(&args)?;
    let house = compose::house(&config, Vec::new(), Arc::new(SystemClock)).await?;
    for version in house.keyring.versions() {
        let current = if version == house.keyring.current_version() { "  current" } else { "" };
        print_line(&format!("envelope key  version {version}{current}"));
    }
    for platform in house.engine.platforms().await.map_err(describe)? {
        print_line(&format!("platform  {}  {}", platform.id, platform.name));
        for key in house.engine.api_keys(platform.id).await.map_err(describe)? {
            let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
            let issued = key.created_at.rfc3339();
            let used = key.last_used_at.map_or_else(|| "never used".to_owned(), last_used);
            print_line(&format!(
                "  API key  {}  {}…  {state}  issued {issued}  {used}",
                key.id, key.prefix
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A use is kept to the hour.
fn last_used(at: Timestamp) -> String {
    format!("last used within the hour after {}", at.rfc3339())
}

async fn issue(args: IssueArgs) -> Result<ExitCode, String> {
    check_name(&args.platform)?;
    let house = compose::house(&load(&args.config)?, Vec::new(), Arc::new(SystemClock)).await?;
    let platform = platform_named(&house.engine, &args.platform).await.map_err(describe)?;
    let mut scopes = Scope::ALL.to_vec();
    scopes.retain(|scope| match scope {
        Scope::Statements => args.statements,
        Scope::Agreements => args.agreements,
        _ => true,
    });
    let new = NewApiKey { name: args.platform.clone(), scopes, expires_at: None };
    let issued = house.engine.create_api_key(platform.id, new).await.map_err(describe)?;
    if args.json {
        let line = json!({
            "platform": platform.id, "id": issued.id, "api_key": issued.key.expose(),
        });
        print_line(&line.to_string());
    } else {
        print_line(&format!("platform  {}  {}", platform.id, platform.name));
        print_line(&format!("API key   {}", issued.key.expose()));
        print_line("Keep it now: it is stored only as a hash and cannot be shown again.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(args: RevokeArgs) -> Result<ExitCode, String> {
    let id: ApiKeyId = args.id.parse().map_err(|e| format!("{e}; see `mingka keys list`"))?;
    let house = compose::house(&load(&args.config)?, Vec::new(), Arc::new(SystemClock)).await?;
    for platform in house.engine.platforms().await.map_err(describe)? {
        let keys = house.engine.api_keys(platform.id).await.map_err(describe)?;
        if keys.iter().any(|key| key.id == id) {
            house.engine.revoke_api_key(platform.id, id).await.map_err(describe)?;
            print_line(&format!("{id} opens nothing any more"));
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(format!("there is no API key {id}; see `mingka keys list`"))
}

/// A platform's name is the page's title and stands in the consent text: one short, visible line.
fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if name.trim().is_empty() || name.trim() != name || length > NAME_LENGTH_MAX {
        return Err(format!(
            "--platform is a name of 1 to {NAME_LENGTH_MAX} characters without spaces around it"
        ));
    }
    if name.contains(compose::is_hidden) {
        return Err("--platform holds characters that cannot be seen".to_owned());
    }
    Ok(())
}

/// The platform of this name; made when there is none, by whoever is first.
pub(super) async fn platform_named(
    engine: &Engine,
    name: &str,
) -> Result<PlatformView, EngineError> {
    let platforms = engine.platforms().await?;
    match platforms.into_iter().find(|platform| platform.name == name) {
        Some(platform) => Ok(platform),
        None => match engine.create_platform(name).await {
            Err(EngineError::InProgress) => {
                let platforms = engine.platforms().await?;
                let made = platforms.into_iter().find(|platform| platform.name == name);
                made.ok_or(EngineError::InProgress)
            }
            made => made,
        },
    }
}

pub(super) fn describe(error: EngineError) -> String {
    error.to_string()
}
