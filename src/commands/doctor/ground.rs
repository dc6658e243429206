//! What everything else stands on: a folder that takes writing, and a clock that is not behind the
//! records.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use mingka_domain::time::{MINUTE_MS, Timestamp};
use mingka_engine::{Clock as _, SystemClock};

use super::Item;
use crate::database::Database;

/// What is written for a trial, in bytes: more than a full disk has left in a block.
const TRIAL_BYTES: usize = 64 * 1024;

/// Whether this user can write in the folder, or where it would be made. The trial is taken away
/// again.
pub(super) fn folder(folder: &Path) -> Option<Item> {
    let place = folder.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let error = try_writing(place).err()?;
    Some(Item::wrong(
        &format!("nothing can be written in {}: {error}", place.display()),
        "give this user the rights to it, make room on the disk, or name another folder in \
         [server] data_dir",
    ))
}

fn try_writing(place: &Path) -> io::Result<()> {
    let now_ms = SystemClock.now().as_millis();
    let trial = place.join(format!(".mingka-doctor-{}-{now_ms}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&trial)?;
    let written = file.write_all(&[0; TRIAL_BYTES]).and_then(|()| file.sync_all());
    drop(file);
    fs::remove_file(&trial)?;
    written
}

/// Whether the clock has fallen behind the newest record by more than clocks differ. What is due
/// by the records then waits until it has caught up.
pub(super) fn clock(database: &Database) -> Option<Item> {
    let newest = newest_event(database)?;
    let behind_ms = newest.since_ms(SystemClock.now());
    (behind_ms > MINUTE_MS).then(|| {
        let (hours, minutes) = (behind_ms / MINUTE_MS / 60, behind_ms / MINUTE_MS % 60);
        Item::wrong(
            &format!(
                "this machine's clock is {hours} h {minutes} min behind the newest record, which \
                 is of {}",
                newest.rfc3339()
            ),
            "set the clock; if it is right, another clock was ahead when that record was written, \
             and what is due by it waits until then",
        )
    })
}

/// When the newest event was; nothing where no database opens, which is said elsewhere.
fn newest_event(database: &Database) -> Option<Timestamp> {
    let store = database.look().ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let end = store.end_of_order().await.ok()?;
        let newest = store.events_after(end.saturating_sub(1), 1).await.ok()?;
        newest.first().map(|placed| placed.event.at)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mingka_domain::text::Lang;
    use mingka_engine::{Clock, Idempotency, NewEndpoint};

    use super::*;
    use crate::compose;
    use crate::config::Config;

    struct Ahead(i64);

    impl Clock for Ahead {
        fn now(&self) -> Timestamp {
            SystemClock.now().plus_ms(self.0)
        }
    }

    #[tokio::test]
    async fn a_clock_behind_the_records_is_named() {
        for (ahead_ms, said) in [(0, None), (125 * MINUTE_MS, Some("2 h 4 min behind"))] {
            let name = format!("mingka-doctor-clock-{}-{ahead_ms}", std::process::id());
            let mut config = Config::default();
            config.server.data_dir = std::env::temp_dir().join(name);
            let house = compose::house(&config, Vec::new(), Arc::new(Ahead(ahead_ms))).await;
            let engine = house.unwrap().engine;
            let platform = engine.create_platform("晨光分期").await.unwrap().id;
            let key = Idempotency { key: "k".to_owned(), fingerprint: [0; 32] };
            let endpoint = NewEndpoint {
                url: "https://app.example/hooks".to_owned(),
                event_types: Vec::new(),
                description: String::new(),
                lang: Lang::Zh,
            };
            engine.create_endpoint(platform, key, endpoint).await.unwrap();
            engine.sequence().await.unwrap();
            let database = config.database().unwrap();
            let item = tokio::task::spawn_blocking(move || clock(&database)).await.unwrap();
            fs::remove_dir_all(&config.server.data_dir).unwrap();
            let told = item.map(|item| item.what);
            match said {
                None => assert_eq!(told, None),
                Some(said) => assert!(told.unwrap().contains(said)),
            }
        }
    }
}
