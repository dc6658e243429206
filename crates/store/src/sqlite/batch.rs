//! Running a batch of units in one durable commit of SQLite, so that none can spoil the others, and
//! finding out what became of it when the commit itself goes wrong. Synchronous; knows no threads.

use rusqlite::Connection;

use super::read;
use crate::batch::{Done, Work, WorkResult, changed_something, in_order};
use crate::fault::Faults;
use crate::read::ReadError;
use crate::step::{self, Claim};
use crate::unit::{CommitError, Statement, Unavailable, Unit};

/// How many batches are run with savepoints after a unit has failed half-way.
const WARY_BATCHES: u32 = 64;

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Writing {
    connection: Connection,
    faults: Faults,
    /// This opening's own row of `commit_marks`.
    writer: i64,
    /// The number of the last batch; what `commit_marks` says after a commit is read back from it.
    batch: i64,
    /// How many batches are still run with savepoints.
    wary: u32,
    /// Durable commits so far.
    pub(crate) commit_count: u64,
}

/// Why a whole batch came to nothing.
enum Failed {
    /// A unit had changed something before it failed, and there was no savepoint to go back to.
    HalfWay(CommitError),
    /// One of its units may be to blame: each is worth a try alone.
    Torn(CommitError),
    /// Nobody's fault; trying again now is of no use.
    All(CommitError),
}

impl Writing {
    /// Takes a place among the database's writers.
    pub(crate) fn new(connection: Connection, faults: Faults) -> rusqlite::Result<Self> {
        let writer = connection.query_row(
            "INSERT INTO commit_marks (writer, batch)
             SELECT COALESCE(MAX(writer), 0) + 1, 0 FROM commit_marks RETURNING writer",
            (),
            |row| row.get(0),
        )?;
        Ok(Self { connection, faults, writer, batch: 0, wary: 0, commit_count: 0 })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Brings everything from the log into the database itself, so that the one file is whole while
    /// nobody has it open. What fails here is done at the next start.
    pub(crate) fn settle(&self) {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        if let Err(error) = done {
            tracing::warn!(error = %error, "the database's log was not brought into it");
        }
    }

    /// Does the work in one durable commit; each piece gets its own result, in the order given.
    /// Nearly no unit fails after it has changed something, and savepoints copy every page that is
    /// changed: so they are made only once one did, for a while.
    pub(crate) fn run(&mut self, works: &[Work]) -> Vec<WorkResult> {
        let wary = self.wary > 0;
        self.wary = self.wary.saturating_sub(1);
        match self.transact(works, wary) {
            Ok(results) => results,
            Err(Failed::HalfWay(_)) if works.len() > 1 => {
                self.wary = WARY_BATCHES;
                self.run(works)
            }
            Err(Failed::Torn(_)) if works.len() > 1 => {
                works.chunks(1).flat_map(|alone| self.run(alone)).collect()
            }
            Err(Failed::HalfWay(error) | Failed::Torn(error) | Failed::All(error)) => {
                works.iter().map(|_| Err(error)).collect()
            }
        }
    }

    fn transact(&mut self, works: &[Work], wary: bool) -> Result<Vec<WorkResult>, Failed> {
        self.execute("BEGIN IMMEDIATE").map_err(|error| Failed::All(refused(&error, "")))?;
        let mut results: Vec<Option<WorkResult>> = works.iter().map(|_| None).collect();
        for index in in_order(works) {
            if let (Some(work), Some(place)) = (works.get(index), results.get_mut(index)) {
                *place = Some(if wary { self.apart(work)? } else { self.one(work)? });
            }
        }
        let results: Vec<WorkResult> =
            results.into_iter().map(|result| result.unwrap_or(Err(CommitError::Unknown))).collect();
        if results.iter().any(changed_something) {
            self.mark()?;
            self.commit()?;
        } else {
            // Nothing was changed: there is nothing to make durable.
            self.roll_back();
        }
        Ok(results)
    }

    /// One piece of work in a savepoint of its own.
    fn apart(&mut self, work: &Work) -> Result<WorkResult, Failed> {
        self.execute("SAVEPOINT one").map_err(|error| self.torn(&error))?;
        let result = self.work(work)?;
        if result.is_err() {
            self.execute("ROLLBACK TO one").map_err(|error| self.torn(&error))?;
        }
        self.execute("RELEASE one").map_err(|error| self.torn(&error))?;
        Ok(result)
    }

    /// One piece of work that takes the whole batch with it when it fails half-way.
    fn one(&mut self, work: &Work) -> Result<WorkResult, Failed> {
        let before = self.connection.total_changes();
        match self.work(work)? {
            Err(error) if self.connection.total_changes() != before => {
                self.roll_back();
                Err(Failed::HalfWay(error))
            }
            result => Ok(result),
        }
    }

    fn work(&mut self, work: &Work) -> Result<WorkResult, Failed> {
        let result = match work {
            Work::Unit(unit) => self.unit(unit),
            Work::Claim(claim) => self.claim(claim),
        };
        if self.connection.is_autocommit() {
            // The database has undone the whole transaction by itself, other units included.
            let error = result.err().unwrap_or(CommitError::Unavailable(Unavailable::Broken));
            return Err(Failed::Torn(error));
        }
        Ok(result)
    }

    /// The guard first; the writes only when it wins.
    fn unit(&self, unit: &Unit) -> WorkResult {
        for statement in unit.statements() {
            statement.judge(self.statement(statement)?)?;
        }
        Ok(Done::Unit)
    }

    fn statement(&self, statement: &Statement) -> Result<u64, CommitError> {
        let run = || {
            let mut prepared = self.connection.prepare_cached(&statement.text())?;
            read::bind(&mut prepared, &statement.values)?;
            prepared.raw_execute()
        };
        let changed = run().map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        changed.map_err(|error| refused(&error, statement.row.table))
    }

    fn claim(&self, claim: &Claim) -> WorkResult {
        let text = step::CLAIM.replace(step::SKIP, "");
        let steps = read::query(&self.connection, &text, &claim.values(), step::decode);
        steps.map(|steps| Done::Steps(step::oldest_first(steps))).map_err(|error| match error {
            ReadError::Unavailable(why) => CommitError::Unavailable(why),
            _ => CommitError::Invalid { table: step::TABLE },
        })
    }

    /// Writes this batch's number into our row, so that it can be read back.
    fn mark(&mut self) -> Result<(), Failed> {
        self.batch = self.batch.saturating_add(1);
        self.set_mark().map_err(|error| self.torn(&error))
    }

    fn set_mark(&self) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE commit_marks SET batch = $1 WHERE writer = $2")?;
        statement.execute((self.batch, self.writer)).map(drop)
    }

    /// Makes the batch durable, or says what is certain about it.
    fn commit(&mut self) -> Result<(), Failed> {
        let (outcome, may_read_back) = match self.faults.next() {
            None => (self.execute("COMMIT"), true),
            Some(fault) => {
                let outcome = self.execute(if fault.kept { "COMMIT" } else { "ROLLBACK" });
                (outcome.and(Err(unclear())), fault.read_back)
            }
        };
        let Err(error) = outcome else {
            self.commit_count = self.commit_count.saturating_add(1);
            return Ok(());
        };
        self.roll_back();
        let certain = match Unavailable::of(&error) {
            Some(why @ (Unavailable::Full | Unavailable::ReadOnly | Unavailable::Busy)) => {
                Some(why)
            }
            _ => None,
        };
        if let Some(why) = certain {
            // These are found before the commit's last byte is written.
            return Err(Failed::Torn(CommitError::Unavailable(why)));
        }
        tracing::warn!(error = %error, "a commit's outcome is unclear, reading back");
        match may_read_back.then(|| self.read_back()) {
            Some(Ok(true)) => {
                self.commit_count = self.commit_count.saturating_add(1);
                Ok(())
            }
            Some(Ok(false)) => Err(Failed::All(CommitError::Unavailable(Unavailable::Broken))),
            Some(Err(_)) | None => Err(Failed::All(CommitError::Unknown)),
        }
    }

    /// Whether the last batch is durable. The answer is final only because a further write is made
    /// durable after it: until then a batch that cannot be seen could still stand in the log and
    /// come back after a crash.
    fn read_back(&mut self) -> rusqlite::Result<bool> {
        self.execute("BEGIN IMMEDIATE")?;
        let kept = self.after_begin();
        match kept {
            Ok(_) => self.execute("COMMIT")?,
            Err(_) => self.roll_back(),
        }
        kept
    }

    fn after_begin(&mut self) -> rusqlite::Result<bool> {
        let found: i64 = self.connection.query_row(
            "SELECT batch FROM commit_marks WHERE writer = $1",
            (self.writer,),
            |row| row.get(0),
        )?;
        let kept = found == self.batch;
        self.batch = self.batch.saturating_add(1);
        self.set_mark()?;
        Ok(kept)
    }

    fn torn(&self, error: &rusqlite::Error) -> Failed {
        self.roll_back();
        Failed::Torn(refused(error, "commit_marks"))
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(error = %error, "a transaction could not be rolled back");
        }
    }

    fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(()).map(drop)
    }
}

/// The error of a fault made on purpose.
fn unclear() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
    rusqlite::Error::SqliteFailure(code, Some("a fault made on purpose".to_owned()))
}

/// What a statement's error says about its unit, which is certainly not committed.
fn refused(error: &rusqlite::Error, table: &'static str) -> CommitError {
    if let Some(why) = Unavailable::of(error) {
        return CommitError::Unavailable(why);
    }
    let extended = error.sqlite_error().map(|error| error.extended_code);
    if let Some(
        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    ) = extended
    {
        return CommitError::Duplicate { table };
    }
    tracing::error!(error = %error, table, "a unit breaks a rule of the schema");
    CommitError::Invalid { table }
}
