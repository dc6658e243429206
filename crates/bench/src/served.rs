//! The house as a process of its own behind HTTP: bindings in a second, how soon it answers after a
//! start, what it holds in memory after many bindings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use mingka_sandbox::server;
use tokio::time::Instant;

use crate::Plan;
use crate::bindings::{OtherEnd, steps};
use crate::child::{Programs, Running, start};
use crate::client::Client;
use crate::drive::{Door, Driven, Until, drive};
use crate::report::Section;
use crate::sample::{Sample, number};

/// The start is to take less, in milliseconds.
const START_GOAL_MS: f64 = 300.0;
/// The memory after many bindings is to be less, in MB.
const MEMORY_GOAL_MB: f64 = 60.0;

struct Run {
    driven: Driven,
    own: Duration,
    bank: Duration,
}

/// Bindings over HTTP, the house and the bank each in a process of its own.
pub(crate) async fn bindings(
    plan: &Plan,
    programs: &Programs,
    other_end: &OtherEnd,
) -> Result<(Vec<Section>, [f64; 2]), String> {
    let mut sections = Vec::new();
    let mut rates = [0.0; 2];
    let ways = [
        ("Bindings over HTTP, signMethod 11, bank and clients apart", "11"),
        ("Bindings over HTTP, signMethod 01, bank and clients apart", "01"),
    ];
    for ((title, sign_method), rate) in ways.into_iter().zip(&mut rates) {
        let mut runs = Vec::new();
        for number in 0..plan.runs.min(3) {
            let folder = plan.folder.join(format!("http-{sign_method}-{number}"));
            let house =
                programs.house(&folder, (&other_end.folder, &other_end.process), sign_method)?;
            drive(doors(plan, &house).await?, Until::Time(plan.warm), &other_end.next).await?;
            let before = (house.processor_time(), other_end.process.processor_time());
            let doors = doors(plan, &house).await?;
            let driven = drive(doors, Until::Time(plan.long), &other_end.next).await?;
            let own = house.processor_time() - before.0;
            let bank = other_end.process.processor_time() - before.1;
            runs.push(Run { driven, own, bank });
            drop(house);
            let _ = std::fs::remove_dir_all(&folder);
        }
        let per_second = Sample::of(runs.iter().map(|run| run.driven.per_second()));
        *rate = per_second.median;
        let mut section = Section::new(title);
        section.row(format!("bindings, {} clients", plan.clients), per_second, "/s");
        steps(&mut section, runs.iter().map(|run| &run.driven));
        let each = |run: &Run, time: Duration| {
            time.as_secs_f64() * 1e3 / number(run.driven.bindings()).max(1.0)
        };
        let own = runs.iter().map(|run| each(run, run.own));
        section.row("processor time of ours for a binding", Sample::of(own), "ms");
        let bank = runs.iter().map(|run| each(run, run.bank));
        section.row("processor time of the bank for a binding", Sample::of(bank), "ms");
        sections.push(section);
    }
    Ok((sections, rates))
}

async fn doors(plan: &Plan, house: &Running) -> Result<Vec<Door>, String> {
    let mut doors = Vec::new();
    for _ in 0..plan.clients {
        doors.push(Door::http(house.said("api")?, house.said("api_key")?).await?);
    }
    Ok(doors)
}

/// Memory after many bindings, and start-up with the database they leave behind.
pub(crate) async fn memory_and_start(
    plan: &Plan,
    programs: &Programs,
    other_end: &OtherEnd,
) -> Result<[Section; 2], String> {
    let folder = plan.folder.join("filled");
    let house = programs.house(&folder, (&other_end.folder, &other_end.process), "11")?;
    let mut memory = Section::new("Memory of the house, the bank apart");
    drop(doors(plan, &house).await?);
    memory.value("resident, before the first binding", house.memory_mb()?.0, "MB");
    let many = Until::Count(plan.many);
    drive(doors(plan, &house).await?, many, &other_end.next).await?;
    let (now, most) = house.memory_mb()?;
    memory.value(format!("resident, after {} bindings", plan.many), now, "MB");
    memory.below(MEMORY_GOAL_MB);
    memory.value("resident, the most it ever was", most, "MB");
    drop(house);
    let Some(mingka) = &programs.mingka else {
        let mut start = Section::new("Start of `mingka serve`");
        start.note("not measured: there is no release binary of mingka");
        return Ok([memory, start]);
    };
    let start = starts(plan, mingka, &folder, other_end).await?;
    Ok([memory, start])
}

async fn starts(
    plan: &Plan,
    mingka: &Path,
    filled: &Path,
    other_end: &OtherEnd,
) -> Result<Section, String> {
    let mut section = Section::new("Start of `mingka serve` until /health/live answers");
    let config = other_end.folder.join("mingka.toml");
    let text = std::fs::read_to_string(&config).map_err(|e| e.to_string())?;
    let runs = plan.runs * 2;
    let (mut empty, mut full) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let fresh = plan.folder.join(format!("start-{run}"));
        empty.push(one_start(mingka, &text, &fresh, plan).await?);
        full.push(one_start(mingka, &text, &filled.join("mingka"), plan).await?);
    }
    section.row("with a new database and new keys", Sample::of(empty), "ms");
    section.below(START_GOAL_MS);
    section.row(format!("with {} bindings in the database", plan.many), Sample::of(full), "ms");
    section.below(START_GOAL_MS);
    Ok(section)
}

/// Milliseconds from the start of the process to its first answer.
async fn one_start(mingka: &Path, text: &str, data: &Path, plan: &Plan) -> Result<f64, String> {
    let line = format!("data_dir = {:?}", data.display().to_string());
    let text: Vec<&str> = text
        .lines()
        .map(|one| if one.starts_with("data_dir = ") { line.as_str() } else { one })
        .collect();
    let config: PathBuf = plan.folder.join("start.toml");
    std::fs::write(&config, text.join("\n")).map_err(|e| e.to_string())?;
    let config = config.to_str().ok_or("a folder that is no text")?;
    let arguments = ["serve", "--config", config, "--listen", "127.0.0.1:0", "--json"];
    let began = Instant::now();
    let house = start(mingka, &arguments)?;
    let mut client = Client::connect(house.said("api")?, "").await?;
    client.ask(Method::GET, "/health/live", "", bytes::Bytes::new()).await?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// `serve` of this program: the same parts behind the same router, for where `mingka` is not built.
pub(crate) async fn serve_here(arguments: &[String]) -> Result<(), String> {
    let [folder, bank_folder, address, sign_method] = arguments else {
        return Err("serve FOLDER BANK-FOLDER BANK-ADDRESS SIGN-METHOD".to_owned());
    };
    let entropy = mingka_crypto::SystemEntropy::new();
    let merchant = mingka_sandbox::acp::merchant_material(Path::new(bank_folder), &entropy)
        .map_err(|e| e.to_string())?;
    let bank = crate::house::Bank::Gateway { address, merchant: &merchant, sign_method };
    let house = crate::house::House::open(Path::new(folder), &bank).await?;
    let listener = listen().await?;
    let api = format!("http://{}", listener.local_addr().map_err(|e| e.to_string())?);
    let router = mingka_web::router(house.engine.clone(), house.web_settings(&api));
    let ready = serde_json::json!({ "api": api, "api_key": house.key().await? });
    crate::say(&ready.to_string());
    // Every connection of the load comes from this machine.
    let connections = mingka_web::Connections::usual(true);
    let served = mingka_web::serve(listener, router, connections, std::future::pending()).await;
    served.map_err(|e| e.to_string())
}

/// `bank` of this program.
pub(crate) async fn bank_here(arguments: &[String]) -> Result<(), String> {
    let [folder] = arguments else { return Err("bank FOLDER".to_owned()) };
    let bank = server::start(server::Config {
        listener: listen().await?,
        data_dir: PathBuf::from(folder),
        now: || mingka_engine::Clock::now(&mingka_engine::SystemClock),
        entropy: Arc::new(mingka_crypto::SystemEntropy::new()),
        clock_ahead_ms: 0,
        faults: Vec::new(),
        payment_code_required: false,
    })
    .await
    .map_err(|e| e.to_string())?;
    crate::say(&serde_json::json!({ "address": bank.base_url }).to_string());
    std::future::pending().await
}

/// `echo` of this program.
pub(crate) async fn echo_here(arguments: &[String]) -> Result<(), String> {
    let bytes = arguments.first().and_then(|text| text.parse().ok()).ok_or("echo BYTES")?;
    let listener = listen().await?;
    let api = format!("http://{}", listener.local_addr().map_err(|e| e.to_string())?);
    crate::say(&serde_json::json!({ "api": api }).to_string());
    crate::client::echo(listener, bytes).await
}

async fn listen() -> Result<tokio::net::TcpListener, String> {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())
}
