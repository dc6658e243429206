//! The writer's thread: takes whatever waits in its bounded queue, up to a cap, and makes it one
//! durable commit. Decides nothing about the units themselves.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc;

use super::batch::Writing;
use super::log::Log;
use crate::batch::{Counters, Job, Waiting, tell};
use crate::open::Settings;

/// Starts the thread. It ends, after what waits is done, once every sender is gone.
pub(crate) fn start(
    mut writing: Writing,
    log: Log,
    counters: Arc<Counters>,
    settings: &Settings,
    alive: mpsc::Sender<Infallible>,
) -> std::io::Result<mpsc::Sender<Job>> {
    let (queue, jobs) = mpsc::channel::<Job>(settings.queue_count_max.max(1));
    let mut waiting = Waiting::new(jobs, settings.batch_count_max.max(1));
    let body = move || {
        while let Some((works, replies)) = waiting.batch_on_thread() {
            let results = writing.run(&works);
            counters.add(writing.commit_count, &results);
            tell(replies, results);
            log.look(writing.connection());
        }
        log.end();
        writing.settle();
        drop((writing, alive));
    };
    thread::Builder::new().name("mingka-writer".to_owned()).spawn(body)?;
    Ok(queue)
}
