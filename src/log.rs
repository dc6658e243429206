//! Where the log goes and in what form: JSON a line for machines, text for a terminal, to standard
//! error so that what a command prints stays clean.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};

/// Starts the log once for the process.
pub(crate) fn start(settings: &Log) -> Result<(), String> {
    let filter = EnvFilter::builder()
        .parse(&settings.level)
        .map_err(|e| format!("log.level `{}` is not a level or a filter: {e}", settings.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).init(),
        LogFormat::Text => builder.compact().with_ansi(false).init(),
    }
    Ok(())
}
