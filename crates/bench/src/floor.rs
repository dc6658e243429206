//! The floors: what this machine can do at best of each thing a binding is made of. Bare durable
//! commits, bare HTTP, bare RSA, without any rule of the house.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use mingka_crypto::certificate::{Certificate, SignatureHash};
use mingka_crypto::rsa::SigningKey;
use mingka_domain::id::PlatformId;
use mingka_engine::{Clock as _, SystemClock};
use mingka_sandbox::acp::MerchantMaterial;
use mingka_store::{
    ConsentTextRecord, Faults, Settings, Store, Unit, bare_commits, bare_commits_on,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Plan;
use crate::child::Programs;
use crate::client::Client;
use crate::report::Section;
use crate::sample::{Sample, number, per_second, percentile_ms};

/// How many commits are made on one connection before the watch is looked at.
const AT_ONCE: u32 = 500;

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

/// How long two durable commits in a row take, in milliseconds.
pub(crate) struct TwoCommits {
    pub(crate) p50: Sample,
    pub(crate) p99: Sample,
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

/// Durable commits of `bytes` each: SQLite, write-ahead log, FULL, on the disk of `folder`. `of`
/// says whose commits are so large.
pub(crate) async fn commits(
    plan: &Plan,
    folder: &Path,
    bytes: usize,
    of: &str,
) -> Result<(Section, Commits), String> {
    let open = |batch_count_max| {
        let path = folder.join(format!("floor-{batch_count_max}.db"));
        let store = Store::open_with(path, settings(batch_count_max), Faults::none());
        store.map_err(|e| e.to_string())
    };
    let path = folder.join("floor-alone.db");
    let mut values = Vec::new();
    for _ in 0..=plan.runs {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < plan.short {
            bare_commits(&path, AT_ONCE, bytes, || ()).map_err(|e| e.to_string())?;
            count += AT_ONCE;
        }
        values.push(number(count) / began.elapsed().as_secs_f64());
    }
    let alone = Sample::of(values.into_iter().skip(1));
    let apart = commits_of_many(plan, open(1)?, bytes).await?;
    let together = commits_of_many(plan, open(together())?, bytes).await?;
    let section = Section::new("Floor: bare durable commits (SQLite, WAL, FULL)");
    Ok(commits_rows(section, [alone, apart, together], bytes, of))
}

/// The same on a server, in a schema of their own. The first row is one statement and one answer
/// each; the others go through the store's writer, which needs three rounds for a transaction.
pub(crate) async fn commits_on(
    plan: &Plan,
    url: &str,
    bytes: usize,
    of: &str,
) -> Result<(Section, Commits), String> {
    let url = own_schema(url).await?;
    let open = |batch_count_max| {
        let store = Store::connect_with(&url, settings(batch_count_max), Faults::none());
        store.map_err(|e| e.to_string())
    };
    let mut values = Vec::new();
    for _ in 0..=plan.runs {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < plan.short {
            let done = bare_commits_on(&url, AT_ONCE, bytes, || ()).await;
            done.map_err(|e| e.to_string())?;
            count += AT_ONCE;
        }
        values.push(number(count) / began.elapsed().as_secs_f64());
    }
    let alone = Sample::of(values.into_iter().skip(1));
    let apart = commits_of_many(plan, open(1)?, bytes).await?;
    let together = commits_of_many(plan, open(together())?, bytes).await?;
    let section = Section::new("Floor: bare durable commits (PostgreSQL)");
    Ok(commits_rows(section, [alone, apart, together], bytes, of))
}

fn settings(batch_count_max: usize) -> Settings {
    Settings { batch_count_max, ..Settings::default() }
}

fn together() -> usize {
    Settings::default().batch_count_max
}

fn commits_rows(
    mut section: Section,
    [alone, apart, together]: [Sample; 3],
    bytes: usize,
    of: &str,
) -> (Section, Commits) {
    section.row("1 committer", alone, "/s");
    section.row("64 committers, each commit by itself", apart, "/s");
    section.row("64 committers, sharing commits", together, "/s");
    section.note(format!(
        "each of {bytes} bytes in one row: what a commit of the {of} above writes on average"
    ));
    (section, Commits { alone: alone.median, together: together.median })
}

/// Two bare durable commits in a row, again and again, on the disk of `folder`.
pub(crate) fn two_in_a_row(plan: &Plan, folder: &Path, bytes: usize) -> Result<TwoCommits, String> {
    let path = folder.join("floor-two.db");
    let mut runs = Vec::new();
    for _ in 0..plan.runs {
        let (began, mut ends) = (Instant::now(), Vec::new());
        let done = bare_commits(&path, count_in_a_row(plan), bytes, || ends.push(began.elapsed()));
        done.map_err(|e| e.to_string())?;
        runs.push(by_two(&ends));
    }
    Ok(TwoCommits::of(&runs))
}

/// The same on a server.
pub(crate) async fn two_in_a_row_on(
    plan: &Plan,
    url: &str,
    bytes: usize,
) -> Result<TwoCommits, String> {
    let url = own_schema(url).await?;
    let mut runs = Vec::new();
    for _ in 0..plan.runs {
        let (began, mut ends) = (Instant::now(), Vec::new());
        let count = count_in_a_row(plan);
        let done = bare_commits_on(&url, count, bytes, || ends.push(began.elapsed())).await;
        done.map_err(|e| e.to_string())?;
        runs.push(by_two(&ends));
    }
    Ok(TwoCommits::of(&runs))
}

/// Enough that one in a hundred is more than chance.
const fn count_in_a_row(plan: &Plan) -> u32 {
    if plan.quick { 41 } else { 4_001 }
}

/// How long each two took: the first commit only says when the next two begin.
fn by_two(ends: &[Duration]) -> Vec<Duration> {
    let two = |three: &[Duration]| match three {
        [from, _, to] => Some(to.saturating_sub(*from)),
        _ => None,
    };
    ends.windows(3).step_by(2).filter_map(two).collect()
}

impl TwoCommits {
    fn of(runs: &[Vec<Duration>]) -> Self {
        let at = |per_mille| Sample::of(runs.iter().map(|run| percentile_ms(run, per_mille)));
        Self { p50: at(500), p99: at(990) }
    }
}

/// An empty schema of its own on a server: the address at which it is the whole database.
pub(crate) async fn own_schema(url: &str) -> Result<String, String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("bench_{}_{count}", std::process::id());
    mingka_store::own_schema(url, &name).await.map_err(|e| e.to_string())
}

async fn commits_of_many(plan: &Plan, store: Store, bytes: usize) -> Result<Sample, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_taken_by_two() {
        let ends: Vec<Duration> = [10, 11, 13, 16, 20].map(Duration::from_millis).into();
        assert_eq!(by_two(&ends), [3, 7].map(Duration::from_millis));
        assert!(by_two(&[]).is_empty());
    }
}
