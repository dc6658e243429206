//! `mingka serve`: the gateway with the channels of the configuration.

use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mingka_engine::{Channel, Clock, Engine, SystemClock};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{load, print_line};
use crate::cli::ServeArgs;
use crate::compose::{self, House};
use crate::config::Config;
use crate::{log, mark, tables};

/// How long requests under way may take to finish once the process is told to stop: longer than any
/// exchange with a bank.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long closing the database may take.
const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// Serves until it is told to stop.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, String> {
    let mut config = load(&args.config)?;
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    log::start(&config.log)?;
    let listener = listen(&config.server.listen).await?;
    let public_url = public_url(&config, &listener)?;
    let channels = compose::channels(&config, &public_url)?;
    let served = Served::new(&config, channels, Arc::new(SystemClock)).await?;
    let line = json!({
        "api": public_url,
        "pages": format!("{public_url}/b/"),
        "docs": format!("{public_url}/docs"),
        "channels": config.channel.iter().map(|c| &c.code).collect::<Vec<_>>(),
    });
    if args.json {
        print_line(&line.to_string());
    } else {
        print_line(&format!("Mingka 明卡 {public_url}   (API: {public_url}/docs)"));
        if config.channel.is_empty() {
            print_line("没有配置通道，只能做录入校验。no [[channel]]: only prechecks are answered");
        }
    }
    let router = mingka_web::router(
        served.house.engine.clone(),
        compose::web_settings(&config, &served.house, &public_url),
    );
    served.until_stopped(listener, router, &config).await?;
    Ok(ExitCode::SUCCESS)
}

/// A house whose background work runs.
pub(crate) struct Served {
    pub(crate) house: House,
    stop: watch::Sender<bool>,
    worker: tokio::task::JoinHandle<()>,
    /// Listening since before anybody was told that the house stands.
    told: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Served {
    /// Builds the house and starts its background work.
    pub(crate) async fn new(
        config: &Config,
        channels: Vec<Channel>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let house = compose::house(config, channels, clock).await?;
        // Before the first message: another process may have been sent a newer certificate.
        house.engine.look_at_certificates().await.map_err(|e| e.to_string())?;
        let mark_file = config.mark_file();
        mark::check(&house.engine, &mark_file).await?;
        let (stop, stopped) = watch::channel(false);
        mark::keep(house.engine.clone(), mark_file, stopped.clone());
        let engine = house.engine.clone();
        let mut told = stopped.clone();
        let worker = tokio::spawn(async move {
            engine
                .run(async move {
                    let _ = told.changed().await;
                })
                .await;
        });
        tokio::spawn(seal_anew(house.engine.clone()));
        tables::watch(config.precheck.clone(), house.engine.clone(), stopped);
        tracing::info!("the house stands; requests are served");
        Ok(Self { house, stop, worker, told: Box::pin(told_to_stop()) })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.house.engine
    }

    /// Serves until Ctrl-C or SIGTERM; then lets what is under way finish.
    pub(crate) async fn until_stopped(
        self,
        listener: TcpListener,
        router: axum::Router,
        config: &Config,
    ) -> Result<(), String> {
        let stop = self.stop;
        let connections = compose::connections(&config.server);
        let (leave, left) = watch::channel(false);
        let signals = self.told;
        let told = async move {
            signals.await;
            tracing::info!("stopping: what is under way is finished first");
            let _ = stop.send(true);
            let _ = leave.send(true);
        };
        let mut serving = pin!(mingka_web::serve(listener, router, connections, told));
        let mut impatient = pin!(out_of_patience(left));
        let mut worker = self.worker;
        let mut worked = false;
        loop {
            tokio::select! {
                served = &mut serving => {
                    served.map_err(|e| format!("the server stopped: {e}"))?;
                    break;
                }
                () = &mut impatient => {
                    tracing::warn!("what was still open is left; the next start finds out what \
                        became of it");
                    break;
                }
                // Without it nothing that was interrupted is looked after: better to be restarted.
                ended = &mut worker, if !worked => {
                    ended.map_err(stopped_working)?;
                    worked = true;
                }
            }
        }
        if !worked {
            worker.await.map_err(stopped_working)?;
        }
        // What is committed is in its file: whoever copies a stopped house copies all of it.
        if tokio::time::timeout(CLOSE_WAIT, self.house.engine.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; the next start reads its log");
        }
        Ok(())
    }
}

fn stopped_working(error: tokio::task::JoinError) -> String {
    format!("the background work stopped: {error}")
}

/// Ready when, after the first signal to stop, the patience is over or a second signal came.
/// Readers of event streams would otherwise keep the process for as long as they like.
async fn out_of_patience(mut left: watch::Receiver<bool>) {
    let _ = left.wait_for(|left| *left).await;
    tokio::select! {
        () = tokio::time::sleep(PATIENCE) => {}
        () = told_to_stop() => {}
    }
}

/// After `keys rotate`: what an older key had sealed is sealed under the current one. And card
/// numbers from before the house was told to keep none are forgotten.
async fn seal_anew(engine: Engine) {
    match engine.reseal().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(record.count = count, "sealed anew under the current key"),
        Err(error) => tracing::error!(%error, "sealing anew stopped; the next start goes on"),
    }
    match engine.forget_card_numbers().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(record.count = count, "card numbers were forgotten"),
        Err(error) => {
            tracing::error!(%error, "card numbers are still kept; the next start goes on")
        }
    }
}

/// Binds the address, or says what to do about it.
pub(crate) async fn listen(address: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|e| {
        format!(
            "cannot listen on {address}: {e}. Choose another with --listen 127.0.0.1:0 (a port the \
             system chooses) or stop what uses it."
        )
    })
}

/// The address under which the outside reaches this listener.
pub(crate) fn public_url(config: &Config, listener: &TcpListener) -> Result<String, String> {
    if config.server.public_url.is_empty() {
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        return Ok(format!("http://{address}"));
    }
    Ok(config.server.public_url.trim_end_matches('/').to_owned())
}

/// Ready at Ctrl-C, or at SIGTERM where there is one. It listens from the call on, awaited or not:
/// a signal that comes between would end the process where it stands.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> + Send + use<> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async move {
            let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
                tracing::warn!("signals cannot be listened to: only a kill stops this process");
                return std::future::pending().await;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}
