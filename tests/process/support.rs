//! Starts the real binary and talks to it over a real socket. A blocking HTTP client of a few lines
//! keeps these tests free of the code they test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before the test says so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes away with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mingka-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    /// A test that fails leaves its folder, with the logs in it, to whoever looks for the reason.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running process of ours and the JSON line it printed when it was ready.
pub(crate) struct Process {
    child: Child,
    pub(crate) ready: Value,
}

impl Process {
    /// Starts `mingka ARGS --json`, its log going to `log`, and waits for the ready line.
    pub(crate) fn start(args: &[&str], log: &Path) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mingka"));
        // What the tests are told by the environment is no setting of the program.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MINGKA_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args(args)
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|e| panic!("no ready line from mingka {args:?}: {e}; got {line:?}"));
        Self { child, ready }
    }

    pub(crate) fn address(&self, pointer: &str) -> String {
        let url = self.ready.pointer(pointer).and_then(Value::as_str).unwrap();
        url.trim_start_matches("http://").split('/').next().unwrap().to_owned()
    }

    /// kill -9: no destructor, no flush, no goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[cfg(unix)]
impl Process {
    /// SIGTERM: the process ends by itself, and well.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer: status, headers as they came, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }
}

/// One request on one connection; `None` when the connection broke before a whole answer came.
pub(crate) fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).ok()?;
    let text = String::from_utf8_lossy(&raw);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { dechunk(body)? } else { body.to_owned() };
    Some(Answer { status, head: head.to_owned(), body })
}

fn dechunk(mut rest: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(after.get(..size)?);
        rest = after.get(size + 2..)?;
    }
}

/// A platform's server, as the API sees it.
pub(crate) struct Platform {
    pub(crate) address: String,
    pub(crate) key: String,
}

impl Platform {
    pub(crate) fn of(process: &Process) -> Self {
        let key = process.ready["api_key"].as_str().unwrap().to_owned();
        Self { address: process.address("/api"), key }
    }

    pub(crate) fn post(&self, path: &str, idempotency_key: &str, body: &Value) -> Option<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", idempotency_key),
        ];
        request(&self.address, "POST", path, &headers, &body.to_string())
    }

    pub(crate) fn get(&self, path: &str) -> Option<Answer> {
        let bearer = format!("Bearer {}", self.key);
        request(&self.address, "GET", path, &[("Authorization", bearer.as_str())], "")
    }
}

/// Asks again and again until there is an answer; a condition, not a sleep.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Yes to both texts in their current wording.
pub(crate) fn consents(platform: &Platform) -> Value {
    consents_of(&platform.get("/v1/consents").unwrap())
}

/// Yes to the texts of an answer to `GET /v1/consents`.
pub(crate) fn consents_of(answer: &Answer) -> Value {
    let items = answer.json()["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|c| json!({ "kind": c["kind"], "version": c["version"], "lang": c["lang"] }))
        .collect()
}

/// The body of `POST /v1/bindings` for one card of the sandbox's catalogue.
pub(crate) fn binding_body(card: &Value, consents: &Value) -> Value {
    json!({
        "card_number": card["number"],
        "name": card["name"],
        "id_number": card["id_number"],
        "phone": card["phone"],
        "consents": consents,
    })
}
