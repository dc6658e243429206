//! Where the log goes and in what form: JSON a line for machines, text for a terminal, to standard
//! error so that what a command prints stays clean. A line that cannot be written is lost, and
//! nothing else with it.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};
use crate::nearest::nearest;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Starts the log once for the process.
pub(crate) fn start(settings: &Log) -> Result<(), String> {
    check(&settings.level)?;
    let filter = EnvFilter::builder()
        .parse(&settings.level)
        .map_err(|e| format!("log.level `{}` is not a level or a filter: {e}", settings.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        // Its own complaint would go to the same place, and panic there.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).init(),
        LogFormat::Text => builder.compact().with_ansi(false).init(),
    }
    Ok(())
}

/// A level, or a filter of `target=level` parts. The filter itself takes any word for a target, and
/// a mistyped level would then silence everything.
fn check(level: &str) -> Result<(), String> {
    let mut words = level.split(',').map(|part| part.rsplit('=').next().unwrap_or_default().trim());
    let known = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let Some(wrong) = words.find(|word| !known(word)) else { return Ok(()) };
    let meant = nearest(wrong, LEVELS.into_iter());
    let meant = meant.map(|level| format!("; did you mean `{level}`?")).unwrap_or_default();
    let levels = LEVELS.join(", ");
    Err(format!("log.level `{level}`: `{wrong}` is not one of {levels}{meant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_level_is_named() {
        for fine in ["info", "WARN", "warn,mingka=debug", "off"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for (wrong, word) in [("wran", "`warn`"), ("", "``"), ("info,mingka=debgu", "`debug`")] {
            let told = check(wrong).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
    }
}
