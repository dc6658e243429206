//! What a writer is asked to do and in which order it does it, whatever the engine: the pieces of
//! work, their results, and the queue they wait in. How a batch runs stands in each engine's own
//! `batch`.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::step::{Claim, StepRecord};
use crate::unit::{CommitError, Loss, Statement, Unit};

/// What the writing connection is asked to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// Commit a unit.
    Unit(Unit),
    /// Hand out due steps.
    Claim(Claim),
}

/// What a piece of work gave once it was durable.
#[derive(Debug)]
pub(crate) enum Done {
    /// The unit is durable.
    Unit,
    /// These steps are leased. Empty when nothing was due.
    Steps(Vec<StepRecord>),
}

pub(crate) type WorkResult = Result<Done, CommitError>;

/// One piece of work and where its result goes.
pub(crate) type Job = (Work, oneshot::Sender<WorkResult>);

/// Units in the order of their guards' rows, equals in the order they came; claims last. All
/// writers lock rows in this order, so that two of them seldom wait for each other in a ring.
pub(crate) fn in_order(works: &[Work]) -> Vec<usize> {
    let mut keyed: Vec<_> = works
        .iter()
        .enumerate()
        .map(|(index, work)| match work {
            Work::Unit(unit) => (0, Some(&unit.guard.row), index),
            Work::Claim(_) => (1, None, index),
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, index)| index).collect()
}

/// Whether there is something to make durable.
pub(crate) fn changed_something(result: &WorkResult) -> bool {
    match result {
        Ok(Done::Unit) => true,
        Ok(Done::Steps(steps)) => !steps.is_empty(),
        Err(_) => false,
    }
}

impl Statement {
    /// What it means for the unit that this many rows changed.
    pub(crate) fn judge(&self, changed: u64) -> Result<(), CommitError> {
        let table = self.row.table;
        match self.loss {
            Some(Loss::Stale) if changed == 0 => Err(CommitError::Stale { table }),
            Some(Loss::Duplicate) if changed == 0 => Err(CommitError::Duplicate { table }),
            Some(Loss::Full(quota)) if changed == 0 => Err(CommitError::Full { quota }),
            _ => Ok(()),
        }
    }
}

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

/// The first job and what waits behind it, at most `batch_count_max`.
pub(crate) fn collect(
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

/// Tells everybody what became of their work. Whoever asked may have gone away; what is durable is
/// durable all the same.
pub(crate) fn tell(replies: Vec<oneshot::Sender<WorkResult>>, results: Vec<WorkResult>) {
    for (reply, result) in replies.into_iter().zip(results) {
        let _ = reply.send(result);
    }
}
