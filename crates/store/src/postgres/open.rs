//! Opening a database of PostgreSQL: looked at, migrated, and given the threads that write and
//! read.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tokio::sync::mpsc;

use super::batch::Writing;
use super::examine;
use super::migrate;
use super::read::Readers;
use super::server::Server;
use super::session::Session;
use crate::batch::{Counters, Job, Waiting, tell};
use crate::fault::Faults;
use crate::migrate::MIGRATIONS;
use crate::open::{self, OpenError};

/// Opens the database to be written; it is migrated where needed.
pub(crate) fn writer(
    server: &Server,
    counters: Arc<Counters>,
    faults: Faults,
    alive: mpsc::Sender<Infallible>,
) -> Result<mpsc::Sender<Job>, OpenError> {
    let settings = server.settings;
    let (queue, jobs) = mpsc::channel::<Job>(settings.queue_count_max.max(1));
    let waiting = Waiting::new(jobs, settings.batch_count_max.max(1));
    let server = server.clone();
    on_a_thread("mingka-writer", move |ready| {
        Box::pin(async move {
            match writing(server, faults).await {
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
                Ok(writing) => {
                    let _ = ready.send(Ok(()));
                    serve(writing, waiting, &counters).await;
                }
            }
            drop(alive);
        })
    })?;
    Ok(queue)
}

/// Starts those who read.
pub(crate) fn readers(
    server: &Server,
    alive: mpsc::Sender<Infallible>,
) -> Result<Readers, OpenError> {
    let (readers, working) = Readers::new(server);
    on_a_thread("mingka-reader", move |ready| {
        Box::pin(async move {
            let _ = ready.send(Ok(()));
            working.run().await;
            drop(alive);
        })
    })?;
    Ok(readers)
}

/// Looks at the database without ever changing it: it must have exactly this program's schema.
pub(crate) fn look(server: &Server) -> Result<Vec<examine::Finding>, OpenError> {
    let server = server.clone();
    let (found, finding) = sync_channel(1);
    on_a_thread("mingka-look", move |ready| {
        Box::pin(async move {
            let look = async {
                let session = Session::connect(&server).await?;
                let findings = examine::examine(&server, session.client()).await?;
                // A database that is refused anyway need not have the schema.
                if !findings.iter().any(|finding| finding.is_refused) {
                    open::same_schema(migrate::version(session.client()).await?)?;
                }
                session.close().await;
                Ok(findings)
            };
            let result = look.await.map(|findings| drop(found.send(findings)));
            let _ = ready.send(result);
        })
    })?;
    Ok(finding.recv().unwrap_or_default())
}

async fn writing(server: Server, faults: Faults) -> Result<Writing, OpenError> {
    let session = Session::connect_again(&server, true).await?;
    let (refused, worth_a_word): (Vec<_>, Vec<_>) = examine::examine(&server, session.client())
        .await?
        .into_iter()
        .partition(|finding| finding.is_refused);
    if !refused.is_empty() {
        return Err(OpenError::Unsafe(refused));
    }
    for finding in worth_a_word {
        tracing::warn!(what = finding.what, mend = finding.mend, "the database needs attention");
    }
    // On a connection of its own: with it the lock goes, whatever happens.
    let migrating = Session::connect(&server).await?;
    migrate::migrate(migrating.client(), MIGRATIONS).await?;
    migrating.close().await;
    Ok(Writing::new(server, session, faults).await?)
}

/// What writes, without the queue before it.
#[cfg(test)]
pub(crate) async fn tests_writing(url: &str, faults: Faults) -> Result<Writing, OpenError> {
    writing(Server::parse(url, &open::Settings::default())?, faults).await
}

/// Takes whatever waits, up to a cap, and makes it one durable commit, until every sender is gone.
async fn serve(mut writing: Writing, mut waiting: Waiting, counters: &Counters) {
    while let Some((works, replies)) = waiting.batch().await {
        let results = writing.run(&works).await;
        counters.add(writing.commit_count, &results);
        tell(replies, results);
    }
    writing.close().await;
}

type Ready = SyncSender<Result<(), OpenError>>;

/// Runs a future on a thread and a runtime of its own, and waits until it says that it is ready.
/// The caller may be inside a runtime himself or not.
fn on_a_thread(
    name: &str,
    work: impl FnOnce(Ready) -> Pin<Box<dyn Future<Output = ()>>> + Send + 'static,
) -> Result<(), OpenError> {
    let (ready, said) = sync_channel(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = move || runtime.block_on(work(ready));
    thread::Builder::new().name(name.to_owned()).spawn(body)?;
    let ended = || OpenError::System(std::io::Error::other("a thread of the database ended"));
    said.recv().unwrap_or_else(|_| Err(ended()))
}
