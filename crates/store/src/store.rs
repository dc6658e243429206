//! The store as the rest of the house holds it: open, commit, claim, read, close. On a file a
//! thread writes and some read, on a server one thread writes and one reads; in memory everything
//! happens on the caller's thread.

use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mingka_domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::batch::{Counters, Done, Job, Work, WorkResult};
use crate::fault::Faults;
use crate::open::{OpenError, Settings};
use crate::postgres::examine::Finding;
use crate::postgres::open as remote;
use crate::postgres::server::Server;
use crate::read::{Decode, Four, Query, ReadError, Readers, RowsOfFour};
use crate::sqlite::log::Log;
use crate::sqlite::{Writing, open, read, writer};
use crate::step::{Claim, Lane, StepRecord};
use crate::unit::{CommitError, Committed, Unavailable, Unit, Value};

/// The records. Cheap to clone; all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
    counters: Arc<Counters>,
}

/// What the store has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Durable commits.
    pub commits: u64,
    /// Units that are durable. More than `commits` when units shared them.
    pub units: u64,
}

#[derive(Debug)]
enum Inner {
    /// One connection, used on the caller's thread: deterministic, and ready at once.
    Memory(Mutex<Option<Writing>>),
    /// Threads that work on a file or with a server. `None` once closed.
    Threads(Mutex<Option<Threads>>),
}

#[derive(Debug)]
struct Threads {
    /// `None` when the database may only be read.
    queue: Option<mpsc::Sender<Job>>,
    readers: Arc<Readers>,
    /// Says nothing, and ends when the last thread has ended.
    ended: mpsc::Receiver<Infallible>,
}

impl Store {
    /// Opens the database in a file, made and brought up to date where needed.
    ///
    /// # Errors
    /// Says why the database was refused.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Settings::default(), Faults::none())
    }

    /// Opens the database in a file with settings of one's own.
    ///
    /// # Errors
    /// Says why the database was refused.
    pub fn open_with(
        path: impl AsRef<Path>,
        settings: Settings,
        faults: Faults,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let writing = Writing::new(open::writer(path, &settings)?, faults)?;
        let log = Log::start(open::beside(path, writing.connection())?)?;
        let counters = Arc::new(Counters::default());
        let (alive, ended) = mpsc::channel(1);
        let shared = Arc::clone(&counters);
        let queue = writer::start(writing, log, shared, &settings, alive.clone())?;
        Self::with_readers(path, &settings, Some(queue), counters, alive, ended)
    }

    /// Opens the database in a file without ever changing it.
    ///
    /// # Errors
    /// Says why the database was refused; it must have exactly this program's schema.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        open::same_schema(&open::reader(path)?)?;
        let (alive, ended) = mpsc::channel(1);
        Self::with_readers(path, &Settings::default(), None, Arc::default(), alive, ended)
    }

    fn with_readers(
        path: &Path,
        settings: &Settings,
        queue: Option<mpsc::Sender<Job>>,
        counters: Arc<Counters>,
        alive: mpsc::Sender<Infallible>,
        ended: mpsc::Receiver<Infallible>,
    ) -> Result<Self, OpenError> {
        let connections: Result<Vec<_>, _> =
            (0..settings.reader_count.max(1)).map(|_| open::reader(path)).collect();
        let readers = Readers::Sqlite(read::Readers::start(connections?, settings, &alive)?);
        let threads = Threads { queue, readers: Arc::new(readers), ended };
        Ok(Self { inner: Arc::new(Inner::Threads(Mutex::new(Some(threads)))), counters })
    }

    /// Opens a database of PostgreSQL, `postgres://USER@HOST/DATABASE`, brought up to date where
    /// needed. Of several hosts (commas between) the one that takes writes is used, also later.
    ///
    /// # Errors
    /// Says why the database was refused, and never its password.
    pub fn connect(url: &str) -> Result<Self, OpenError> {
        Self::connect_with(url, Settings::default(), Faults::none())
    }

    /// Opens a database of PostgreSQL with settings of one's own.
    ///
    /// # Errors
    /// Says why the database was refused.
    pub fn connect_with(url: &str, settings: Settings, faults: Faults) -> Result<Self, OpenError> {
        let server = Server::parse(url, &settings)?;
        let counters = Arc::new(Counters::default());
        let (alive, ended) = mpsc::channel(1);
        let queue = remote::writer(&server, Arc::clone(&counters), faults, alive.clone())?;
        Self::with_server(&server, Some(queue), counters, alive, ended)
    }

    /// Opens a database of PostgreSQL without ever changing it.
    ///
    /// # Errors
    /// Says why the database was refused; it must have exactly this program's schema.
    pub fn connect_read_only(url: &str) -> Result<Self, OpenError> {
        let server = Server::parse(url, &Settings::default())?;
        let (refused, _): (Vec<_>, Vec<_>) =
            remote::look(&server)?.into_iter().partition(|finding| finding.is_refused);
        if !refused.is_empty() {
            return Err(OpenError::Unsafe(refused));
        }
        let (alive, ended) = mpsc::channel(1);
        Self::with_server(&server, None, Arc::default(), alive, ended)
    }

    /// What ought to be otherwise with a server of PostgreSQL and its database. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be asked; and when nothing it lists is a reason to refuse, but the schema is.
    pub fn examine(url: &str) -> Result<Vec<Finding>, OpenError> {
        remote::look(&Server::parse(url, &Settings::default())?)
    }

    fn with_server(
        server: &Server,
        queue: Option<mpsc::Sender<Job>>,
        counters: Arc<Counters>,
        alive: mpsc::Sender<Infallible>,
        ended: mpsc::Receiver<Infallible>,
    ) -> Result<Self, OpenError> {
        let readers = Arc::new(Readers::Postgres(remote::readers(server, alive)?));
        let threads = Threads { queue, readers, ended };
        Ok(Self { inner: Arc::new(Inner::Threads(Mutex::new(Some(threads)))), counters })
    }

    /// A database in memory, gone with the last clone. Everything happens on the caller's thread in
    /// the order of the calls, every future is ready at once, and no runtime is needed.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Self::open_in_memory_with(Faults::none())
    }

    /// A database in memory whose commits go wrong as `faults` says.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn open_in_memory_with(faults: Faults) -> Result<Self, OpenError> {
        Ok(Self::in_memory(Writing::new(open::memory()?, faults)?))
    }

    /// Another database in memory, with everything that is in this one now: a backup, whose commits
    /// go wrong as `faults` says once it is used.
    ///
    /// # Errors
    /// When this one is not in memory or was closed, or when there is no memory for it.
    pub fn copied_in_memory(&self, faults: Faults) -> Result<Self, OpenError> {
        let Inner::Memory(writing) = &*self.inner else {
            return Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into());
        };
        let copy = match &*lock(writing) {
            Some(writing) => open::copied(writing.connection())?,
            None => return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
        };
        Ok(Self::in_memory(Writing::new(copy, faults)?))
    }

    fn in_memory(writing: Writing) -> Self {
        Self {
            inner: Arc::new(Inner::Memory(Mutex::new(Some(writing)))),
            counters: Arc::new(Counters::default()),
        }
    }

    /// Makes the unit durable, whole or not at all.
    ///
    /// # Errors
    /// Every error but [`CommitError::Unknown`] says that nothing of the unit was committed.
    pub async fn commit(&self, mut unit: Unit) -> Result<Committed, CommitError> {
        let effects = std::mem::take(&mut unit.effects);
        self.work(Work::Unit(unit)).await.map(|_| Committed::new(effects))
    }

    /// Leases up to `limit` of the house's due steps to `holder` for `lease_ms`. No two holders get
    /// the same step unless its lease has expired in between.
    ///
    /// # Errors
    /// As [`Store::commit`]; after `Unknown` the steps come back when their lease has expired.
    pub async fn claim(
        &self,
        now: Timestamp,
        holder: &str,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<StepRecord>, CommitError> {
        self.claim_of(Lane::House, now, holder, lease_ms, limit).await
    }

    /// The same for the steps of a lane.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub async fn claim_of(
        &self,
        lane: Lane,
        now: Timestamp,
        holder: &str,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<StepRecord>, CommitError> {
        let claim = Claim { lane, now, holder: holder.to_owned(), lease_ms, limit };
        match self.work(Work::Claim(claim)).await? {
            Done::Steps(steps) => Ok(steps),
            Done::Unit => Ok(Vec::new()),
        }
    }

    /// What was done since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commit_count.load(Ordering::Relaxed),
            units: self.counters.unit_count.load(Ordering::Relaxed),
        }
    }

    /// Finishes what waits, closes the database and waits for it. Every clone is closed; what is
    /// asked of it afterwards is answered `Unavailable`.
    pub async fn close(&self) {
        let threads = match &*self.inner {
            Inner::Memory(writing) => {
                lock(writing).take();
                return;
            }
            Inner::Threads(threads) => lock(threads).take(),
        };
        if let Some(Threads { queue, readers, mut ended }) = threads {
            drop((queue, readers));
            ended.recv().await;
        }
    }

    async fn work(&self, work: Work) -> WorkResult {
        let closed = CommitError::Unavailable(Unavailable::Closed);
        let queue = match &*self.inner {
            Inner::Memory(writing) => return self.work_here(&mut lock(writing), work),
            Inner::Threads(threads) => match &*lock(threads) {
                None => return Err(closed),
                Some(Threads { queue: None, .. }) => {
                    return Err(CommitError::Unavailable(Unavailable::ReadOnly));
                }
                Some(Threads { queue: Some(queue), .. }) => queue.clone(),
            },
        };
        let (reply, result) = oneshot::channel();
        queue.send((work, reply)).await.map_err(|_| closed)?;
        drop(queue);
        // The work was taken; a writer that ends without a word has left it in doubt.
        result.await.unwrap_or(Err(CommitError::Unknown))
    }

    fn work_here(&self, writing: &mut Option<Writing>, work: Work) -> WorkResult {
        let Some(writing) = writing else {
            return Err(CommitError::Unavailable(Unavailable::Closed));
        };
        let mut results = writing.run(&[work]);
        self.counters.add(writing.commit_count, &results);
        results.pop().unwrap_or(Err(CommitError::Unknown))
    }

    /// Every row of a query.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        decode: Decode<T>,
    ) -> Result<Vec<T>, ReadError> {
        let closed = ReadError::Unavailable(Unavailable::Closed);
        let readers = match &*self.inner {
            Inner::Memory(writing) => {
                let writing = lock(writing);
                let connection = writing.as_ref().ok_or(closed)?.connection();
                return read::query(connection, sql, &values, decode);
            }
            Inner::Threads(threads) => Arc::clone(&lock(threads).as_ref().ok_or(closed)?.readers),
        };
        readers.query(sql, values, decode).await
    }

    /// Every row of four queries, in one go: on a file all of one moment.
    pub(crate) async fn read_four<A, B, C, D>(
        &self,
        four: Four<A, B, C, D>,
    ) -> Result<RowsOfFour<A, B, C, D>, ReadError>
    where
        A: Send + 'static,
        B: Send + 'static,
        C: Send + 'static,
        D: Send + 'static,
    {
        let closed = ReadError::Unavailable(Unavailable::Closed);
        let readers = match &*self.inner {
            Inner::Memory(writing) => {
                let writing = lock(writing);
                return read::four(writing.as_ref().ok_or(closed)?.connection(), &four);
            }
            Inner::Threads(threads) => Arc::clone(&lock(threads).as_ref().ok_or(closed)?.readers),
        };
        readers.four(four).await
    }

    /// The rows of a query.
    pub(crate) async fn rows<T: Send + 'static>(
        &self,
        query: Query<T>,
    ) -> Result<Vec<T>, ReadError> {
        self.read(query.sql, query.values, query.decode).await
    }

    /// The first row of a query, where there is one.
    pub(crate) async fn read_one<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        decode: Decode<T>,
    ) -> Result<Option<T>, ReadError> {
        Ok(self.read(sql, values, decode).await?.into_iter().next())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
