//! What a writer is asked to do and in which order it does it, whatever the engine: the pieces of
//! work, their results, and the queue they wait in. How a batch runs stands in each engine's own
//! `batch`.

use std::collections::VecDeque;
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
/// What is done in one durable commit, and where the results go.
pub(crate) type Batch = (Vec<Work>, Vec<oneshot::Sender<WorkResult>>);

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

/// How many batches may go before a unit that nobody waits for.
const GO_BEFORE_MAX: u32 = 4;

/// What waits for the writer. What somebody waits for goes first, but not for ever.
#[derive(Debug)]
pub(crate) struct Waiting {
    jobs: mpsc::Receiver<Job>,
    /// What was taken out of the queue and nobody waits for.
    behind: VecDeque<Job>,
    /// How many batches have gone before it.
    went_before: u32,
    batch_count_max: usize,
}

impl Waiting {
    /// What comes through a queue, at most so much of it in a batch.
    pub(crate) fn new(jobs: mpsc::Receiver<Job>, batch_count_max: usize) -> Self {
        Self { jobs, behind: VecDeque::new(), went_before: 0, batch_count_max }
    }

    /// The next batch, once something waits; `None` when all is done and nobody is left who could
    /// bring more.
    pub(crate) async fn batch(&mut self) -> Option<Batch> {
        let first = if self.behind.is_empty() { self.jobs.recv().await } else { None };
        self.gather(first)
    }

    /// The same on a thread that does nothing else.
    pub(crate) fn batch_on_thread(&mut self) -> Option<Batch> {
        let first = if self.behind.is_empty() { self.jobs.blocking_recv() } else { None };
        self.gather(first)
    }

    /// The first job and what waits beside it.
    fn gather(&mut self, mut first: Option<Job>) -> Option<Batch> {
        let mut batch = Vec::new();
        while batch.len() < self.batch_count_max
            && let Some(job) = first.take().or_else(|| self.jobs.try_recv().ok())
        {
            if matches!(&job.0, Work::Unit(unit) if unit.is_behind) {
                self.behind.push_back(job);
            } else {
                batch.push(job);
            }
        }
        if batch.is_empty() || self.went_before >= GO_BEFORE_MAX {
            batch.extend(self.behind.pop_front());
            self.went_before = 0;
        } else if !self.behind.is_empty() {
            self.went_before = self.went_before.saturating_add(1);
        }
        (!batch.is_empty()).then(|| batch.into_iter().unzip())
    }
}

/// Tells everybody what became of their work. Whoever asked may have gone away; what is durable is
/// durable all the same.
pub(crate) fn tell(replies: Vec<oneshot::Sender<WorkResult>>, results: Vec<WorkResult>) {
    for (reply, result) in replies.into_iter().zip(results) {
        let _ = reply.send(result);
    }
}
