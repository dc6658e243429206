//! `mingka webhooks`: where platforms want to be told, and whether they were. A running gateway
//! carries what is asked for here.

use std::process::ExitCode;
use std::sync::Arc;

use mingka_crypto::entropy::random;
use mingka_crypto::{SystemEntropy, digest};
use mingka_domain::id::{EndpointId, PlatformId};
use mingka_domain::text::Lang;
use mingka_engine::{
    Cursor, DeliveryView, EndpointChange, EndpointView, Engine, Idempotency, IssuedEndpoint,
    NewEndpoint, SystemClock,
};

use super::keys::describe;
use super::{load, print_line};
use crate::cli::{ChangeEndpointArgs, ConfigArgs, CreateEndpointArgs, WebhooksCommand};
use crate::compose;

/// How many deliveries are listed.
const LISTED_MAX: u32 = 50;

/// Runs one of the webhook commands.
pub(crate) async fn run(command: WebhooksCommand) -> Result<ExitCode, String> {
    match command {
        WebhooksCommand::Create(args) => create(args).await,
        WebhooksCommand::List(args) => list(&args).await,
        WebhooksCommand::Change(args) => change(args).await,
        WebhooksCommand::RotateSecret(args) => {
            let found = Found::of(&args.config, &args.id).await?;
            let issued = found.engine.rotate_secret(found.platform, fresh(), found.id).await;
            show_secret(&issued.map_err(describe)?);
            Ok(ExitCode::SUCCESS)
        }
        WebhooksCommand::Trial(args) => {
            let found = Found::of(&args.config, &args.id).await?;
            let delivery = found.engine.try_endpoint(found.platform, fresh(), found.id).await;
            show_delivery(&delivery.map_err(describe)?);
            Ok(ExitCode::SUCCESS)
        }
        WebhooksCommand::Deliveries(args) => {
            let found = Found::of(&args.config, &args.id).await?;
            let cursor = Cursor::first(LISTED_MAX);
            let page = found.engine.deliveries(found.platform, found.id, cursor).await;
            page.map_err(describe)?.items.iter().for_each(show_delivery);
            Ok(ExitCode::SUCCESS)
        }
        WebhooksCommand::Resend(args) => {
            let found = Found::of(&args.config, &args.endpoint).await?;
            let id =
                args.delivery.parse().map_err(|e| format!("{e}; see `webhooks deliveries`"))?;
            let delivery =
                found.engine.resend_delivery(found.platform, fresh(), found.id, id).await;
            show_delivery(&delivery.map_err(describe)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn create(args: CreateEndpointArgs) -> Result<ExitCode, String> {
    let engine = engine(&args.config).await?;
    let platforms = engine.platforms().await.map_err(describe)?;
    let platform = platforms.into_iter().find(|platform| platform.name == args.platform);
    let platform = platform
        .ok_or_else(|| format!("there is no platform {}; see `mingka keys list`", args.platform))?;
    let new = NewEndpoint {
        url: args.url,
        event_types: args.event_types,
        description: args.description,
        lang: lang(&args.lang),
    };
    let issued = engine.create_endpoint(platform.id, fresh(), new).await.map_err(describe)?;
    show_endpoint(&issued.endpoint);
    show_secret(&issued);
    Ok(ExitCode::SUCCESS)
}

async fn list(args: &ConfigArgs) -> Result<ExitCode, String> {
    let engine = engine(args).await?;
    for platform in engine.platforms().await.map_err(describe)? {
        print_line(&format!("platform  {}  {}", platform.id, platform.name));
        let endpoints = engine.endpoints(platform.id).await.map_err(describe)?;
        endpoints.iter().for_each(show_endpoint);
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(args: ChangeEndpointArgs) -> Result<ExitCode, String> {
    let found = Found::of(&args.config, &args.id).await?;
    let change = EndpointChange {
        url: args.url,
        event_types: Some(args.event_types).filter(|types| !types.is_empty()),
        description: args.description,
        lang: args.lang.as_deref().map(lang),
        disabled: (args.disable || args.enable).then_some(args.disable),
    };
    let changed = found.engine.change_endpoint(found.platform, found.id, change).await;
    show_endpoint(&changed.map_err(describe)?);
    Ok(ExitCode::SUCCESS)
}

/// An endpoint, whosever it is.
struct Found {
    engine: Engine,
    platform: PlatformId,
    id: EndpointId,
}

impl Found {
    async fn of(config: &ConfigArgs, id: &str) -> Result<Self, String> {
        let id: EndpointId = id.parse().map_err(|e| format!("{e}; see `mingka webhooks list`"))?;
        let engine = engine(config).await?;
        for platform in engine.platforms().await.map_err(describe)? {
            if engine.endpoint(platform.id, id).await.is_ok() {
                return Ok(Self { engine, platform: platform.id, id });
            }
        }
        Err(format!("there is no endpoint {id}; see `mingka webhooks list`"))
    }
}

async fn engine(args: &ConfigArgs) -> Result<Engine, String> {
    Ok(compose::house(&load(args)?, Vec::new(), Arc::new(SystemClock)).await?.engine)
}

/// A key for something that is asked for once.
fn fresh() -> Idempotency {
    let key: [u8; 16] = random(&SystemEntropy::new());
    Idempotency { key: format!("cli-{}", digest::hex(&key)), fingerprint: [0; 32] }
}

fn lang(name: &str) -> Lang {
    if name == "en" { Lang::En } else { Lang::Zh }
}

fn show_endpoint(endpoint: &EndpointView) {
    let state = match (&endpoint.disabled_why, endpoint.failing_since) {
        (Some(why), _) => format!("disabled: {why}"),
        (None, Some(since)) => format!("failing since {}", since.rfc3339()),
        (None, None) => "in use".to_owned(),
    };
    let types = endpoint.event_types.join(" ");
    let (id, url) = (endpoint.id, &endpoint.url);
    print_line(&format!("  endpoint  {id}  {url}  {types}  {state}  {}", endpoint.description));
}

fn show_secret(issued: &IssuedEndpoint) {
    if let Some(secret) = &issued.secret {
        print_line(&format!("secret  {}", secret.expose()));
        print_line("Keep it now: it is stored sealed and is not shown again.");
    }
    if let Some(until) = issued.endpoint.old_secret_until {
        print_line(&format!("The secret before it signs as well until {}.", until.rfc3339()));
    }
}

fn show_delivery(delivery: &DeliveryView) {
    let answer = match (delivery.status, &delivery.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(error)) => error.clone(),
        (None, None) => "not tried yet".to_owned(),
    };
    let next = delivery.next_at.map(|at| format!("  next {}", at.rfc3339())).unwrap_or_default();
    print_line(&format!(
        "  delivery  {}  {}  {}  {}  tries {}  {answer}{next}",
        delivery.id, delivery.event, delivery.event_type, delivery.state, delivery.tries
    ));
}
