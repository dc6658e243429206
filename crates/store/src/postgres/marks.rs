//! Each writer's own row of `commit_marks`: the number of its last batch. It says what became of a
//! commit whose answer never came.

use super::batch::{Failed, Writing, again};
use super::server::Server;
use super::session::Session;
use super::trouble::Trouble;
use crate::fault::{CommitFault, Faults};
use crate::unit::{CommitError, Unavailable, Value};

/// Changes nothing, and yet waits for a transaction that still holds our row, sees what it left,
/// and becomes durable after it.
const READ_BACK: &str = "UPDATE commit_marks SET batch = batch WHERE writer = $1 RETURNING batch";
const REGISTER: &str = "INSERT INTO commit_marks (writer, batch)
     SELECT COALESCE(MAX(writer), 0) + 1, 0 FROM commit_marks WHERE TRUE
     ON CONFLICT DO NOTHING RETURNING writer";

/// How often the outcome of a commit is asked for.
const READ_BACK_COUNT_MAX: u64 = 6;

impl Writing {
    /// Takes a place among the database's writers.
    pub(crate) async fn new(
        server: Server,
        session: Session,
        faults: Faults,
    ) -> Result<Self, tokio_postgres::Error> {
        // Of two that register at once one finds the number taken, and takes the next.
        let writer = loop {
            if let Some(row) = session.client().query_opt(REGISTER, &[]).await? {
                break row.try_get(0)?;
            }
        };
        let session = Some(session);
        Ok(Self { server, session, reachable: true, faults, writer, batch: 0, commit_count: 0 })
    }

    /// The third round: makes the batch durable, or says what is certain about it.
    pub(super) async fn commit(&mut self) -> Result<(), Failed> {
        let fault = self.faults.next();
        let trouble = match (fault, self.plain(fault.map_or("COMMIT", CommitFault::ending)).await) {
            (None, Ok(())) => {
                self.commit_count = self.commit_count.saturating_add(1);
                return Ok(());
            }
            (None, Err(trouble)) => trouble,
            (Some(_), _) => Trouble::Lost,
        };
        if trouble == Trouble::Collided {
            return Err(again(trouble));
        }
        tracing::warn!(?trouble, "a commit's outcome is unclear, reading back");
        self.session = None;
        let may_read_back = fault.is_none_or(|fault| fault.read_back);
        match if may_read_back { self.read_back().await } else { None } {
            Some(true) => {
                self.commit_count = self.commit_count.saturating_add(1);
                Ok(())
            }
            Some(false) => Err(Failed::All(CommitError::Unavailable(Unavailable::Broken))),
            None => Err(Failed::All(CommitError::Unknown)),
        }
    }

    /// Whether the last batch is durable; `None` when that cannot be found out. The old backend may
    /// still be running: it holds our row until its transaction has ended, for before COMMIT was
    /// asked for it had answered that it changed that row. So whoever gets the row sees the
    /// outcome.
    async fn read_back(&mut self) -> Option<bool> {
        for tries in 1..=READ_BACK_COUNT_MAX {
            self.reachable = true;
            if self.connected().await.is_ok()
                && let Some(session) = &self.session
            {
                match session.one(READ_BACK, &[Value::from(self.writer)]).await {
                    Ok(Some(row)) => return Some(row.try_get::<_, i64>(0).ok()? == self.batch),
                    Ok(None) => return None,
                    Err(trouble) => {
                        tracing::warn!(
                            ?trouble,
                            tries,
                            "a commit's outcome cannot be read back yet"
                        );
                        self.session = None;
                    }
                }
            }
        }
        tracing::error!("a commit's outcome could not be found out");
        None
    }
}

impl CommitFault {
    /// How a transaction ends that goes wrong on purpose.
    fn ending(self) -> &'static str {
        if self.kept { "COMMIT" } else { "ROLLBACK" }
    }
}
