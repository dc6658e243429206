//! Watches the operator's BIN table and puts a changed one in force without a restart. A table with
//! a bad row is named in the log, and the table before it stays.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mingka_engine::Engine;
use tokio::sync::watch;

use crate::compose;
use crate::config::PrecheckSettings;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Starts watching, if a table is configured.
pub(crate) fn watch(settings: PrecheckSettings, engine: Engine, stopped: watch::Receiver<bool>) {
    if !settings.bin_table.as_os_str().is_empty() {
        tokio::spawn(look(settings, engine, stopped));
    }
}

async fn look(settings: PrecheckSettings, engine: Engine, mut stopped: watch::Receiver<bool>) {
    let mut seen = changed_at(&settings).await;
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = changed_at(&settings).await;
        if now == seen {
            continue;
        }
        seen = now;
        let file = settings.bin_table.display().to_string();
        let for_reading = settings.clone();
        let read = tokio::task::spawn_blocking(move || compose::rules(&for_reading)).await;
        match read {
            Ok(Ok(rules)) => {
                let rows = rules.bins.operator_row_count();
                engine.replace_rules(Arc::new(rules));
                tracing::info!(file.path = file, bin.rows = rows, "the BIN table is in force");
            }
            Ok(Err(error)) => tracing::error!(
                file.path = file,
                error,
                "the BIN table was not taken; the one before it stays in force"
            ),
            Err(error) => tracing::error!(file.path = file, %error, "reading the BIN table failed"),
        }
    }
}

async fn changed_at(settings: &PrecheckSettings) -> Option<(SystemTime, u64)> {
    let data = tokio::fs::metadata(&settings.bin_table).await.ok()?;
    Some((data.modified().ok()?, data.len()))
}
