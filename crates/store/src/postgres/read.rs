//! Reading from PostgreSQL: a few connections, each statement in its own snapshot. A read that a
//! lost connection took with it is asked again. Nothing here changes a row.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::Row as Found;

use super::server::Server;
use super::session::{Answer, Session};
use super::trouble::Trouble;
use crate::read::{Decode, ReadError, Row};
use crate::unit::{Unavailable, Value};

/// How often one read is tried.
const TRY_COUNT_MAX: u32 = 4;

/// The way to those who read.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: mpsc::Sender<Job>,
}

/// Those who read, not yet at work.
pub(crate) struct Working {
    server: Server,
    jobs: mpsc::Receiver<Job>,
}

/// One read, and where its rows go.
struct Job {
    sql: &'static str,
    values: Vec<Value>,
    reply: Box<dyn FnOnce(Result<Vec<Found>, ReadError>) + Send>,
}

impl Readers {
    /// The two ends of a bounded queue.
    pub(crate) fn new(server: &Server) -> (Self, Working) {
        let (queue, jobs) = mpsc::channel(server.settings.queue_count_max.max(1));
        (Self { queue }, Working { server: server.clone(), jobs })
    }

    /// Every row of a query.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        decode: Decode<T>,
    ) -> Result<Vec<T>, ReadError> {
        let closed = ReadError::Unavailable(Unavailable::Closed);
        let (reply, answer) = oneshot::channel();
        let decoded = move |found: Result<Vec<Found>, ReadError>| {
            let rows = found?;
            rows.iter().map(|row| decode(&mut Row::of_postgres(row))).collect()
        };
        let reply = Box::new(move |found| {
            // Whoever asked may have gone away; then nobody needs the answer.
            let _ = reply.send(decoded(found));
        });
        self.queue.send(Job { sql, values, reply }).await.map_err(|_| closed)?;
        answer.await.map_err(|_| closed)?
    }
}

impl Working {
    /// Reads until every way to it is gone.
    pub(crate) async fn run(self) {
        let jobs = Arc::new(Mutex::new(self.jobs));
        let readers: Vec<_> = (0..self.server.settings.reader_count.max(1))
            .map(|_| tokio::spawn(reader(self.server.clone(), Arc::clone(&jobs))))
            .collect();
        for reader in readers {
            let _ = reader.await;
        }
    }
}

async fn reader(server: Server, jobs: Arc<Mutex<mpsc::Receiver<Job>>>) {
    let mut reading = Reading { server, session: None, reachable: true };
    // One idle reader waits in the queue, the others wait for the lock.
    while let Some(job) = next(&jobs).await {
        (job.reply)(reading.rows(job.sql, &job.values).await);
    }
    if let Some(session) = reading.session {
        session.close().await;
    }
}

async fn next(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().await.recv().await
}

/// One connection that reads.
struct Reading {
    server: Server,
    session: Option<Session>,
    reachable: bool,
}

impl Reading {
    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Found>, ReadError> {
        let mut last = Trouble::Lost;
        for _ in 0..TRY_COUNT_MAX {
            match self.once(sql, values).await {
                Ok(rows) => return Ok(rows),
                Err(Trouble::Lost) if !self.reachable => break,
                Err(Trouble::Lost) => self.session = None,
                Err(Trouble::Collided) => last = Trouble::Collided,
                Err(trouble) => return Err(trouble.unread()),
            }
        }
        Err(last.unread())
    }

    async fn once(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Found>, Trouble> {
        let session = self.connected().await?;
        session.prepare(std::iter::once(sql)).await.map_err(|(_, trouble)| trouble)?;
        let fits = session.takes(sql, values);
        let asked = session.giving(sql, values).filter(|_| fits).ok_or(Trouble::Invalid)?;
        match session.ask(asked).await? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Changed(_) => Ok(Vec::new()),
        }
    }

    async fn connected(&mut self) -> Result<&mut Session, Trouble> {
        let session = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => {
                let connected = Session::connect_again(&self.server, self.reachable).await;
                self.reachable = connected.is_ok();
                connected.map_err(|_| Trouble::Lost)?
            }
        };
        Ok(self.session.insert(session))
    }
}
