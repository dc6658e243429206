//! The writer's thread: takes whatever waits in its bounded queue, up to a cap, and makes it one
//! durable commit. Decides nothing about the units themselves.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::batch::{Done, Work, WorkResult, Writing};
use crate::open::Settings;

/// One piece of work and where its result goes.
pub(crate) type Job = (Work, oneshot::Sender<WorkResult>);

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commit_count: AtomicU64,
    pub(crate) unit_count: AtomicU64,
}

impl Counters {
    pub(crate) fn add(&self, commit_count: u64, results: &[WorkResult]) {
        self.commit_count.store(commit_count, Ordering::Relaxed);
        let units = results.iter().filter(|result| matches!(result, Ok(Done::Unit))).count();
        self.unit_count.fetch_add(u64::try_from(units).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Starts the thread. It ends, after what waits is done, once every sender is gone.
pub(crate) fn start(
    mut writing: Writing,
    counters: Arc<Counters>,
    settings: &Settings,
    alive: mpsc::Sender<Infallible>,
) -> std::io::Result<mpsc::Sender<Job>> {
    let (queue, mut jobs) = mpsc::channel::<Job>(settings.queue_count_max.max(1));
    let batch_count_max = settings.batch_count_max.max(1);
    let body = move || {
        while let Some(first) = jobs.blocking_recv() {
            let (works, replies) = collect(first, &mut jobs, batch_count_max);
            let results = writing.run(&works);
            counters.add(writing.commit_count, &results);
            for (reply, result) in replies.into_iter().zip(results) {
                // Whoever asked may have gone away; the unit is durable all the same.
                let _ = reply.send(result);
            }
        }
        drop((writing, alive));
    };
    thread::Builder::new().name("mingka-writer".to_owned()).spawn(body)?;
    Ok(queue)
}

/// The first job and what waits behind it, at most `batch_count_max`.
fn collect(
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    batch_count_max: usize,
) -> (Vec<Work>, Vec<oneshot::Sender<WorkResult>>) {
    let (mut works, mut replies) = (vec![first.0], vec![first.1]);
    while works.len() < batch_count_max
        && let Ok((work, reply)) = jobs.try_recv()
    {
        works.push(work);
        replies.push(reply);
    }
    (works, replies)
}
