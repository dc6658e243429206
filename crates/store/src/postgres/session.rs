//! One connection: its limits, its prepared statements, and many statements sent at once.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};

use super::server::Server;
use super::trouble::Trouble;
use crate::open::OpenError;
use crate::unit::Value;

/// How much longer than the server's own limit an answer is waited for before the connection is
/// given up: then the line is dead, and not the statement slow.
const GRACE: Duration = Duration::from_secs(5);
/// How long connecting may take, signing in included.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between tries to connect, in milliseconds.
const PAUSES_MS: [u64; 9] = [0, 50, 100, 200, 400, 800, 1_000, 1_000, 1_000];

/// A connection and what it has prepared.
pub(crate) struct Session {
    client: Client,
    driver: Driver,
    prepared: HashMap<String, Statement>,
    patience: Duration,
}

/// The task that moves a connection's bytes; the connection ends with its owner.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One statement of many that are sent at once, and what it gives.
pub(crate) type Asked<'a> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'a>>;

/// What a statement gave.
pub(crate) enum Answer {
    /// So many rows changed.
    Changed(u64),
    /// These rows.
    Rows(Vec<Row>),
}

impl Session {
    /// Connects once.
    pub(crate) async fn connect(server: &Server) -> Result<Self, OpenError> {
        let connecting = timeout(CONNECT_PATIENCE, Self::connect_now(server));
        connecting.await.unwrap_or_else(|_| Err(std::io::Error::from(ErrorKind::TimedOut).into()))
    }

    async fn connect_now(server: &Server) -> Result<Self, OpenError> {
        let (client, connection) = server.config.connect(NoTls).await?;
        let driver = Driver(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        }));
        let (statement_ms, lock_ms) =
            (server.settings.statement_timeout_ms, server.settings.lock_timeout_ms);
        // A transaction whose process has gone away holds nobody up for longer than a statement
        // may.
        client
            .batch_execute(&format!(
                "SET statement_timeout = {statement_ms}; SET lock_timeout = {lock_ms};
                 SET idle_in_transaction_session_timeout = {statement_ms};
                 SET client_min_messages = error"
            ))
            .await?;
        let patience = Duration::from_millis(statement_ms.into()).saturating_add(GRACE);
        Ok(Self { client, driver, prepared: HashMap::new(), patience })
    }

    /// Connects, and tries again for some seconds if `patient`.
    pub(crate) async fn connect_again(server: &Server, patient: bool) -> Result<Self, OpenError> {
        let mut pauses = PAUSES_MS.into_iter().take(if patient { PAUSES_MS.len() } else { 1 });
        loop {
            tokio::time::sleep(Duration::from_millis(pauses.next().unwrap_or(0))).await;
            match Self::connect(server).await {
                Ok(session) => return Ok(session),
                Err(error) if pauses.len() == 0 || !may_pass(&error) => {
                    tracing::error!(%error, "PostgreSQL cannot be reached");
                    return Err(error);
                }
                Err(error) => tracing::debug!(%error, "PostgreSQL cannot be reached yet"),
            }
        }
    }

    /// Says goodbye and waits until it is said.
    pub(crate) async fn close(self) {
        let Self { client, mut driver, .. } = self;
        drop(client);
        let _ = timeout(GRACE, &mut driver.0).await;
    }

    /// Asks for one row, once.
    pub(crate) async fn one(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, Trouble> {
        let parameters = parameters(values);
        match timeout(self.patience, self.client.query_opt(sql, &parameters)).await {
            Ok(found) => found.map_err(|error| Trouble::of(&error)),
            Err(_) => Err(Trouble::Lost),
        }
    }

    /// The plain client, for opening.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether nothing more can be asked over it.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Prepares the texts that are not prepared yet, all in one round. The place of the first that
    /// cannot be, and why.
    pub(crate) async fn prepare<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<(), (usize, Trouble)> {
        let mut missing: Vec<(usize, &str)> = Vec::new();
        for (place, text) in texts.enumerate() {
            let known = self.prepared.contains_key(text);
            if !known && missing.iter().all(|(_, other)| *other != text) {
                missing.push((place, text));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let preparing = missing
            .iter()
            .map(|(_, text)| {
                let prepared: Pin<Box<dyn Future<Output = _> + Send>> =
                    Box::pin(self.client.prepare(text));
                prepared
            })
            .collect();
        let lost = |_| (0, Trouble::Lost);
        let done = timeout(self.patience, together(preparing)).await.map_err(lost)?;
        for ((place, text), statement) in missing.into_iter().zip(done) {
            let statement = statement.map_err(|error| (place, Trouble::of(&error)))?;
            self.prepared.insert(text.to_owned(), statement);
        }
        Ok(())
    }

    /// Whether a text that was prepared takes so many values.
    pub(crate) fn takes(&self, text: &str, values: &[Value]) -> bool {
        self.prepared.get(text).is_some_and(|statement| statement.params().len() == values.len())
    }

    /// A statement to be sent that changes rows. Its text was prepared.
    pub(crate) fn changing<'a>(&'a self, text: &str, values: &'a [Value]) -> Option<Asked<'a>> {
        let statement = self.prepared.get(text)?.clone();
        let client = &self.client;
        Some(Box::pin(
            async move { client.execute_raw(&statement, values).await.map(Answer::Changed) },
        ))
    }

    /// A statement to be sent that gives rows. Its text was prepared.
    pub(crate) fn giving<'a>(&'a self, text: &str, values: &'a [Value]) -> Option<Asked<'a>> {
        let statement = self.prepared.get(text)?.clone();
        let client = &self.client;
        Some(Box::pin(async move {
            client.query(&statement, &parameters(values)).await.map(Answer::Rows)
        }))
    }

    /// A statement without values to be sent: BEGIN, COMMIT, ROLLBACK.
    pub(crate) fn plain<'a>(&'a self, text: &'static str) -> Asked<'a> {
        Box::pin(async move { self.client.batch_execute(text).await.map(|()| Answer::Changed(0)) })
    }

    /// Sends all of it at once, in this order, and waits for every answer.
    pub(crate) async fn round(&self, asked: Vec<Asked<'_>>) -> Vec<Result<Answer, Trouble>> {
        let count = asked.len();
        match timeout(self.patience, together(asked)).await {
            Ok(answers) => answers
                .into_iter()
                .map(|answer| answer.map_err(|error| Trouble::of(&error)))
                .collect(),
            Err(_) => (0..count).map(|_| Err(Trouble::Lost)).collect(),
        }
    }

    /// Sends one statement and waits for its answer.
    pub(crate) async fn ask(&self, asked: Asked<'_>) -> Result<Answer, Trouble> {
        self.round(vec![asked]).await.pop().unwrap_or(Err(Trouble::Lost))
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| {
            let parameter: &(dyn ToSql + Sync) = value;
            parameter
        })
        .collect()
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("prepared", &self.prepared.len()).finish_non_exhaustive()
    }
}

/// Whether an error in connecting may go away by itself: a server that starts, stops or is full.
fn may_pass(error: &OpenError) -> bool {
    match error {
        OpenError::Server(error) => match error.code() {
            Some(state) => matches!(state.code().get(..2), Some("53" | "57")),
            None => true,
        },
        _ => true,
    }
}

/// Runs futures that send when they are first polled and are answered in the order of sending:
/// everything is sent before the first answer is waited for.
async fn together<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let (mut sent, mut first_open) = (false, 0);
    poll_fn(|context| {
        let open = futures.iter_mut().zip(&mut answers).skip(first_open);
        for (future, answer) in open {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(given) => *answer = Some(given),
                    Poll::Pending if sent => break,
                    Poll::Pending => {}
                }
            }
        }
        sent = true;
        while answers.get(first_open).is_some_and(Option::is_some) {
            first_open = first_open.saturating_add(1);
        }
        if first_open == answers.len() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
