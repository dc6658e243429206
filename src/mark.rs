//! The mark: a small file beside the keys that names the newest attempt in the books. A database
//! that does not know it any more was restored from a backup, and its house is held. The file must
//! not be part of the database's backup: what is restored together notices nothing.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mingka_engine::Engine;
use tokio::sync::watch;

/// How often the newest attempt is written down.
const EVERY: Duration = Duration::from_secs(1);

/// Looks whether the database has lost what the mark names, and holds the house if so.
pub(crate) async fn check(engine: &Engine, file: &Path) -> Result<(), String> {
    let Some(marked) = read(file)? else { return Ok(()) };
    let id = marked.parse().map_err(|error| {
        format!(
            "{}: {error}: it names the newest attempt in the database, to notice a restore from a \
             backup. If it was damaged, move it away and say who looked: mingka restore-check \
             --declare WHO",
            file.display()
        )
    })?;
    if !engine.knows(id).await.map_err(|error| error.to_string())? {
        engine.hold_restored(&marked).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Keeps the mark until told to stop. A database that loses the marked attempt while it runs, as a
/// server's may, is held as soon as that is seen, also when it has had others since.
pub(crate) fn keep(engine: Engine, file: PathBuf, mut stopped: watch::Receiver<bool>) {
    tokio::spawn(async move {
        loop {
            if let Err(error) = step(&engine, &file).await {
                tracing::warn!(mark.file = %file.display(), error = error,
                    "the mark could not be kept");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stopped.changed() => return,
            }
        }
    });
}

async fn step(engine: &Engine, file: &Path) -> Result<(), String> {
    let newest = engine.newest_attempt().await.map_err(|error| error.to_string())?;
    let newest = newest.map(|id| id.to_string()).unwrap_or_default();
    let marked = read(file)?.unwrap_or_default();
    if marked == newest {
        return Ok(());
    }
    // The loss is noticed before the mark goes on; and it never goes back, or the same backup could
    // be put back a second time unnoticed. Ids sort by age.
    check(engine, file).await?;
    if newest > marked { write(file, &newest) } else { Ok(()) }
}

fn read(file: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// Beside it and then in its place, so that it is never half written.
fn write(file: &Path, newest: &str) -> Result<(), String> {
    let beside = file.with_extension("mark.new");
    let whole = || {
        let mut new = fs::File::create(&beside)?;
        new.write_all(format!("{newest}\n").as_bytes())?;
        // An empty mark after a power cut would notice nothing.
        new.sync_all()?;
        fs::rename(&beside, file)
    };
    whole().map_err(|error| format!("{}: {error}", file.display()))
}
