//! `mingka stop`, `resume`, `stops` and `people`: what an operator does on the machine itself. Who
//! can run this can stop the process anyway, so a switch needs no key here, only a name and a
//! reason. What takes two persons goes over the interface, with their keys.

use std::process::ExitCode;
use std::sync::Arc;

use mingka_engine::{Engine, EngineError, Reason, Role, StopSwitch, SystemClock};
use serde_json::json;

use super::keys::describe;
use super::{load, print_line};
use crate::cli::{AddPersonArgs, ConfigArgs, PeopleCommand, RevokePersonArgs, StopArgs};
use crate::compose;
use crate::config::Config;

/// Turns one switch.
pub(crate) async fn turn(args: StopArgs, stop: bool) -> Result<ExitCode, String> {
    let switch = StopSwitch::named(&args.switch).ok_or_else(|| {
        format!(
            "{}: expected platform:ID, lender:CODE, channel:CODE or operation:NAME; see `mingka \
             keys list` for platforms",
            args.switch
        )
    })?;
    let reason = Reason::new(&args.who, &args.why)
        .ok_or_else(|| "say --who and --why, in at most 500 bytes each".to_owned())?;
    let config = load(&args.config)?;
    let engine = open(&config).await?;
    let known = match &switch {
        StopSwitch::Channel(code) => config.channel.iter().any(|channel| channel.code == *code),
        StopSwitch::Lender(code) => config.channel.iter().any(|channel| channel.lender == *code),
        StopSwitch::Platform(id) | StopSwitch::OwnPlatform(id) => {
            engine.platforms().await.map_err(describe)?.iter().any(|platform| platform.id == *id)
        }
        StopSwitch::Operation(_) => true,
        StopSwitch::Restored => false,
    };
    if !known {
        return Err(format!(
            "there is no {}: channels and lenders stand in the configuration (--config), \
             platforms in `mingka keys list`",
            args.switch
        ));
    }
    engine.turn_known_stop(&switch, stop, &reason).await.map_err(describe)?;
    let then = if stop {
        "is stopped in every process on this database; what is in flight is only inquired about"
    } else {
        "goes on in every process on this database; what waited is sent within about a minute"
    };
    print_line(&format!("{} {then}", args.switch));
    Ok(ExitCode::SUCCESS)
}

/// Lists the switches.
pub(crate) async fn stops(args: ConfigArgs) -> Result<ExitCode, String> {
    let engine = open(&load(&args)?).await?;
    let turns = engine.stop_switches().await.map_err(describe)?;
    if turns.is_empty() {
        print_line("no switch was ever turned");
    }
    for turn in turns {
        let state = if turn.stopped { "STOPPED" } else { "goes on" };
        print_line(&format!(
            "{state}  {}:{}  since {}  by {}  {}",
            turn.scope,
            turn.target,
            turn.at.rfc3339(),
            turn.who,
            turn.why
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs one of the commands about persons.
pub(crate) async fn people(command: PeopleCommand) -> Result<ExitCode, String> {
    match command {
        PeopleCommand::Add(args) => add(args).await,
        PeopleCommand::List(args) => list(args).await,
        PeopleCommand::Revoke(args) => revoke(args).await,
    }
}

async fn add(args: AddPersonArgs) -> Result<ExitCode, String> {
    let name = args.name.trim();
    if name.is_empty() || name.chars().count() > 64 || name.contains(compose::is_hidden) {
        return Err("--name is a name of 1 to 64 visible characters".to_owned());
    }
    let mut roles = vec![Role::Look];
    for given in &args.roles {
        let role = Role::from_name(given)
            .ok_or_else(|| format!("{given}: the roles are look, operate and approve"))?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    let engine = open(&load(&args.config)?).await?;
    let issued = engine.create_principal(name, &roles).await.map_err(|error| match error {
        EngineError::InProgress => format!("there is a person of the name {name} already"),
        error => describe(error),
    })?;
    if args.json {
        let line = json!({"id": issued.id, "name": name, "person_key": issued.key.expose()});
        print_line(&line.to_string());
    } else {
        print_line(&format!("person        {}  {name}", issued.id));
        print_line(&format!("personal key  {}", issued.key.expose()));
        print_line(
            "Give it to this person alone: it is stored only as a hash and never shown again.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ConfigArgs) -> Result<ExitCode, String> {
    let engine = open(&load(&args)?).await?;
    for person in engine.principals().await.map_err(describe)? {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.name()).collect();
        let state = if person.revoked_at.is_some() { "revoked" } else { "active" };
        print_line(&format!("{}  {}  {}  {state}", person.id, person.name, roles.join(",")));
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(args: RevokePersonArgs) -> Result<ExitCode, String> {
    let id = args.id.parse().map_err(|e| format!("{e}; see `mingka people list`"))?;
    let engine = open(&load(&args.config)?).await?;
    engine.revoke_principal(id).await.map_err(|error| match error {
        EngineError::NotFound => {
            format!("{id} is not there or was revoked already; see `mingka people list`")
        }
        error => describe(error),
    })?;
    print_line(&format!("the key of {id} opens nothing any more"));
    Ok(ExitCode::SUCCESS)
}

/// No channel is built: a certificate that cannot be read must not keep anybody from stopping it.
async fn open(config: &Config) -> Result<Engine, String> {
    Ok(compose::house(config, Vec::new(), Arc::new(SystemClock)).await?.engine)
}
