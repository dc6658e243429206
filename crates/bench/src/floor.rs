//! The floors: what this machine can do at best of each thing a binding is made of. Bare durable
//! commits, bare HTTP, bare RSA, without any rule of the house.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use mingka_crypto::certificate::{Certificate, SignatureHash};
use mingka_crypto::rsa::SigningKey;
use mingka_domain::id::PlatformId;
use mingka_engine::{Clock as _, SystemClock};
use mingka_sandbox::acp::MerchantMaterial;
use mingka_store::{ConsentTextRecord, Settings, Store, Unit, bare_commits};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Plan;
use crate::child::Programs;
use crate::client::Client;
use crate::report::Section;
use crate::sample::{Sample, number, per_second};

/// How long RSA takes on one core, in milliseconds.
pub(crate) struct Rsa {
    pub(crate) sign_ms: f64,
    pub(crate) verify_ms: f64,
    pub(crate) encrypt_ms: f64,
    pub(crate) decrypt_ms: f64,
}

/// Durable commits in a second.
pub(crate) struct Commits {
    pub(crate) alone: f64,
    pub(crate) together: f64,
}

/// RSA-2048 on one core.
pub(crate) fn rsa(plan: &Plan, merchant: &MerchantMaterial) -> Result<(Section, Rsa), String> {
    let mut section = Section::new("Floor: RSA-2048, one core");
    let failed = |e: &dyn std::fmt::Display| format!("the floor of RSA: {e}");
    let key = SigningKey::from_pkcs8_pem(&merchant.signing_key).map_err(|e| failed(&e))?;
    let certificate =
        Certificate::from_pem(&merchant.signing_certificate).map_err(|e| failed(&e))?;
    let sealer = certificate.encryption_key().map_err(|e| failed(&e))?;
    let message = [0x61; 64];
    let signature = key.sign_sha256(&message).map_err(|e| failed(&e))?;
    let sealed = sealer.encrypt_pkcs1(b"6216261000000000018").map_err(|e| failed(&e))?;
    let mut each_ms = |name: &str, work: &mut dyn FnMut()| {
        let sample = per_second(plan.runs, plan.short, |_| work());
        section.row(name, sample, "/s");
        1e3 / sample.median.max(1.0)
    };
    let rsa = Rsa {
        sign_ms: each_ms("sign", &mut || drop(black_box(key.sign_sha256(&message)))),
        verify_ms: each_ms("verify", &mut || {
            black_box(certificate.verify(SignatureHash::Sha256, &message, &signature)).ok();
        }),
        encrypt_ms: each_ms("encrypt", &mut || {
            drop(black_box(sealer.encrypt_pkcs1(b"6216261000000000018")));
        }),
        decrypt_ms: each_ms("decrypt", &mut || drop(black_box(key.decrypt_pkcs1(&sealed)))),
    };
    Ok((section, rsa))
}

/// Durable commits of `bytes` each: SQLite, write-ahead log, FULL, on the disk of `folder`.
pub(crate) async fn commits(
    plan: &Plan,
    folder: &Path,
    bytes: usize,
) -> Result<(Section, Commits), String> {
    let mut section = Section::new("Floor: bare durable commits (SQLite, WAL, FULL)");
    let alone = commits_alone(plan, folder, bytes)?;
    section.row("1 committer", alone, "/s");
    let apart = commits_of_many(plan, folder, bytes, 1).await?;
    section.row("64 committers, each commit by itself", apart, "/s");
    let together =
        commits_of_many(plan, folder, bytes, Settings::default().batch_count_max).await?;
    section.row("64 committers, sharing commits", together, "/s");
    section.note(format!(
        "each of {bytes} bytes in one row: what a commit of the bindings above writes on average"
    ));
    Ok((section, Commits { alone: alone.median, together: together.median }))
}

fn commits_alone(plan: &Plan, folder: &Path, bytes: usize) -> Result<Sample, String> {
    const AT_ONCE: u32 = 500;
    let path = folder.join("floor-alone.db");
    let run = || {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < plan.short {
            bare_commits(&path, AT_ONCE, bytes).map_err(|e| e.to_string())?;
            count += AT_ONCE;
        }
        Ok(number(count) / began.elapsed().as_secs_f64())
    };
    run()?;
    let values: Result<Vec<f64>, String> = (0..plan.runs).map(|_| run()).collect();
    values.map(Sample::of)
}

async fn commits_of_many(
    plan: &Plan,
    folder: &Path,
    bytes: usize,
    batch_count_max: usize,
) -> Result<Sample, String> {
    let path = folder.join(format!("floor-{batch_count_max}.db"));
    let settings = Settings { batch_count_max, ..Settings::default() };
    let store = Store::open_with(&path, settings, mingka_store::Faults::none())
        .map_err(|e| e.to_string())?;
    let mut values = Vec::new();
    for run in 0..=plan.runs {
        let began = Instant::now();
        let mut committers = JoinSet::new();
        for committer in 0..plan.clients {
            let (store, time) = (store.clone(), plan.short);
            committers.spawn(async move {
                commit_for(&store, (run, committer), began, time, bytes).await
            });
        }
        let mut count = 0;
        while let Some(done) = committers.join_next().await {
            count += done.map_err(|e| e.to_string())??;
        }
        if run > 0 {
            values.push(number(count) / began.elapsed().as_secs_f64());
        }
    }
    store.close().await;
    Ok(Sample::of(values))
}

async fn commit_for(
    store: &Store,
    who: (usize, usize),
    began: Instant,
    time: Duration,
    bytes: usize,
) -> Result<u32, String> {
    let mut count = 0_u32;
    while began.elapsed() < time {
        let now = SystemClock.now();
        let mut random = [0; 10];
        for (place, part) in [who.0, who.1].into_iter().enumerate() {
            if let Some(byte) = random.get_mut(place) {
                *byte = u8::try_from(part % 256).unwrap_or(0);
            }
        }
        if let Some(end) = random.get_mut(6..) {
            end.copy_from_slice(&count.to_be_bytes());
        }
        // A row of one long text without a second index.
        let record = ConsentTextRecord {
            sha256: PlatformId::new(now, random).hex().repeat(2),
            kind: String::new(),
            version: String::new(),
            lang: String::new(),
            body: "x".repeat(bytes),
            first_used_at: now,
        };
        store.commit(Unit::new(record.keep())).await.map_err(|e| e.to_string())?;
        count += 1;
    }
    Ok(count)
}

/// HTTP round trips on the loopback with all clients, each on a kept connection, the server in a
/// process of its own.
pub(crate) async fn http(
    plan: &Plan,
    programs: &Programs,
    (request_bytes, answer_bytes): (usize, usize),
) -> Result<(Section, f64), String> {
    let echo = programs.echo(answer_bytes)?;
    let address = echo.said("api")?.to_owned();
    let mut values = Vec::new();
    for run in 0..=plan.runs {
        let began = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..plan.clients {
            let (address, time) = (address.clone(), plan.short);
            clients.spawn(async move {
                let mut client = Client::connect(&address, "").await?;
                let body = Bytes::from(vec![b'x'; request_bytes]);
                let mut count = 0_u32;
                while began.elapsed() < time {
                    client.ask(Method::POST, "/", "a-key", body.clone()).await?;
                    count += 1;
                }
                Ok::<_, String>(count)
            });
        }
        let mut count = 0;
        while let Some(done) = clients.join_next().await {
            count += done.map_err(|e| e.to_string())??;
        }
        if run > 0 {
            values.push(number(count) / began.elapsed().as_secs_f64());
        }
    }
    let mut section = Section::new("Floor: bare HTTP round trips on the loopback");
    let sample = Sample::of(values);
    section.row(format!("{} clients, kept connections", plan.clients), sample, "/s");
    section.note(format!(
        "{request_bytes} bytes there, {answer_bytes} back, as a binding's; a binding makes two"
    ));
    Ok((section, sample.median))
}
