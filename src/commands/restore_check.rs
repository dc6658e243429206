//! `mingka restore-check`: after a restore from a backup, what may have been paid since.

use std::process::ExitCode;
use std::sync::Arc;

use mingka_domain::money::Fen;
use mingka_engine::{Clock as _, RestoreReport, SystemClock};

use super::keys::describe;
use super::{load, print_line};
use crate::cli::RestoreCheckArgs;
use crate::{compose, mark};

/// Says it. Ends with 1 while the house is held.
pub(crate) async fn run(args: RestoreCheckArgs) -> Result<ExitCode, String> {
    let config = load(&args.config)?;
    let public_url = &config.server.public_url;
    let channels = compose::channels(&config, public_url)?;
    let house = compose::house(&config, channels, Arc::new(SystemClock)).await?;
    if args.declare.as_ref().is_some_and(|who| who.trim().is_empty()) {
        return Err("--declare wants the name of whoever says so".to_owned());
    }
    // Also before any `serve` has started on what was put back.
    mark::check(&house.engine, &config.mark_file()).await?;
    if let Some(who) = &args.declare {
        let said = format!("declared by {who} at {}", SystemClock.now().rfc3339());
        house.engine.hold_restored(&said).await.map_err(describe)?;
    }
    let reports = house.engine.restores().await.map_err(describe)?;
    if reports.is_empty() {
        print_line(
            "no restore was found. If this database was restored together with its mark, say so: \
             mingka restore-check --declare WHO",
        );
    }
    for report in &reports {
        show(report);
    }
    let held = reports.iter().any(|report| report.released.is_none());
    Ok(if held { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(report: &RestoreReport) {
    print_line(&format!(
        "restore found {}  the books end {}  missing {}",
        report.found_at.rfc3339(),
        report.known_until.rfc3339(),
        report.missing
    ));
    if let Some((at, by)) = &report.released {
        print_line(&format!("  released {} by {by}", at.rfc3339()));
        return;
    }
    print_line("  HELD: nothing is sent; what is in flight is inquired about");
    if report.knows_nothing {
        print_line("  the books knew no attempt at all: only two persons let the house go on");
    }
    for (channel, merchant, day) in &report.days_wanted {
        print_line(&format!(
            "  wanted: the complete statement of {day} of {channel} {merchant} (mingka statement \
             import)"
        ));
    }
    for line in &report.lines_of_nobody {
        let whose = line.payment.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        print_line(&format!(
            "  paid and lost: {} {} {} on {} {}  payment {whose}",
            line.movement, line.amount, line.order_id, line.channel, line.day
        ));
    }
    let sum: Fen = report.lines_of_nobody.iter().map(|line| line.amount).sum();
    if !report.lines_of_nobody.is_empty() {
        print_line(&format!("  in all {} movements, {sum}", report.lines_of_nobody.len()));
    }
    for id in &report.unsent {
        print_line(&format!("  may have been sent since: {id}"));
    }
    print_line(
        "  The house goes on by itself once these statements are there and every movement on them \
         has its payment, or when two persons release it (POST /v1/approvals with \
         release_restore).",
    );
}
