//! Watches the operator's BIN table and bank guides, and puts changed ones in force without a
//! restart. What is wrong is named in the log by file and line; what was in force before stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mingka_engine::Engine;
use tokio::sync::watch;

use crate::compose;
use crate::config::PrecheckSettings;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Starts watching the files that are configured.
pub(crate) fn watch(settings: PrecheckSettings, engine: Engine, stopped: watch::Receiver<bool>) {
    let mut files = vec![settings.bin_table.clone(), settings.bank_guides.clone()];
    files.retain(|file| !file.as_os_str().is_empty());
    if !files.is_empty() {
        tokio::spawn(look(files, settings, engine, stopped));
    }
}

async fn look(
    files: Vec<PathBuf>,
    settings: PrecheckSettings,
    engine: Engine,
    mut stopped: watch::Receiver<bool>,
) {
    let mut seen = changed_at(&files).await;
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = changed_at(&files).await;
        if now == seen {
            continue;
        }
        seen = now;
        let for_reading = settings.clone();
        let read = tokio::task::spawn_blocking(move || compose::rules(&for_reading)).await;
        match read {
            Ok(Ok(rules)) => {
                let (rows, banks) = (rules.bins.operator_row_count(), rules.guides.all().len());
                engine.replace_rules(Arc::new(rules));
                tracing::info!(
                    bin.rows = rows,
                    guide.banks = banks,
                    "the BIN table and the bank guides are in force"
                );
            }
            Ok(Err(error)) => tracing::error!(
                error,
                "the BIN table and the bank guides were not taken; those before them stay in force"
            ),
            Err(error) => tracing::error!(%error, "reading the BIN table and bank guides failed"),
        }
    }
}

/// When each file was changed last and how long it is; none where it cannot be seen.
async fn changed_at(files: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let data = tokio::fs::metadata(file).await.ok();
        all.push(data.and_then(|data| Some((data.modified().ok()?, data.len()))));
    }
    all
}
