//! `mingka statement`: banks' statements, imported and compared with our books.

use std::process::ExitCode;
use std::sync::Arc;

use mingka_engine::{Engine, StatementReport, SystemClock};

use super::keys::describe;
use super::{load, print_line};
use crate::cli::{ConfigArgs, StatementCommand};
use crate::compose;

/// Runs one of the statement commands. What nothing explains makes the command fail.
pub(crate) async fn run(command: StatementCommand) -> Result<ExitCode, String> {
    let report = match command {
        StatementCommand::Import(args) => {
            let content = std::fs::read_to_string(&args.file)
                .map_err(|error| format!("{}: {error}", args.file.display()))?;
            let (engine, platform) = open(&args.config, &args.platform).await?;
            engine.import_statement(platform, &content).await.map_err(describe)?
        }
        StatementCommand::Show(args) => {
            let day = args.day.parse().map_err(|error| format!("{}: {error}", args.day))?;
            let (engine, platform) = open(&args.config, &args.platform).await?;
            engine.statement_report(platform, day).await.map_err(describe)?
        }
    };
    show(&report);
    Ok(if report.is_explained() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The house, and its platform of this name.
pub(super) async fn open(
    args: &ConfigArgs,
    name: &str,
) -> Result<(Engine, mingka_domain::id::PlatformId), String> {
    let house = compose::house(&load(args)?, Vec::new(), Arc::new(SystemClock)).await?;
    let platforms = house.engine.platforms().await.map_err(describe)?;
    let platform = platforms.into_iter().find(|platform| platform.name == name);
    let platform =
        platform.ok_or_else(|| format!("there is no platform {name}; see `mingka keys list`"))?;
    Ok((house.engine, platform.id))
}

fn show(report: &StatementReport) {
    print_line(&format!("settlement day  {}", report.day));
    for file in &report.files {
        let whole = if file.complete { "complete" } else { "incomplete" };
        print_line(&format!(
            "  file  {}  {}  {whole}  {} lines  {} fen  imported {}",
            file.channel,
            file.merchant,
            file.lines,
            file.total_fen,
            file.imported_at.rfc3339()
        ));
    }
    print_line(&format!("lines {}  matched {}", report.lines, report.matched));
    for line in &report.unknown {
        print_line(&format!(
            "unknown to us   {}  {}  {} fen",
            line.order_id, line.movement, line.amount_fen
        ));
    }
    for line in &report.amounts_differ {
        let payment = line.payment.map(|id| id.to_string()).unwrap_or_default();
        print_line(&format!("another amount  {payment}  {} fen", line.amount_fen));
    }
    for id in &report.moved_twice {
        print_line(&format!("moved more than once, or undone and not given back  {id}"));
    }
    for id in &report.settled_after_refusal {
        print_line(&format!("refused and moved all the same  {id}"));
    }
    for missing in &report.missing {
        print_line(&format!(
            "not in any statement  {}  {} fen",
            missing.payment, missing.amount_fen
        ));
    }
    for id in &report.open {
        print_line(&format!("still open  {id}"));
    }
}
