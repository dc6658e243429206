//! A gateway that dies and comes back: at the same address, with the same database and keys.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use crate::fault_proxy::{Fault, FaultProxy, Plan};
use crate::support::{Folder, Platform, Process};

/// See the top of the file.
pub(super) struct Gateway {
    running: Option<Process>,
    listen: String,
    args: Vec<String>,
    log: PathBuf,
    /// What the bank's notifications pass on their way here: the address that the bank is told.
    front: FaultProxy,
}

impl Gateway {
    /// Not running yet. All gateways of one database share one file of keys.
    pub(super) fn new(
        folder: &Folder,
        number: u64,
        database: Option<&str>,
        seed: u64,
        plan: Plan,
    ) -> Self {
        let listen = free_address();
        let front = FaultProxy::new(listen, seed, plan);
        let config = folder.join(&format!("gateway-{number}.toml"));
        let text = format!(
            "[server]\npublic_url = \"http://{}\"\n\n[keys]\nfile = {:?}\n",
            front.address(),
            folder.join("keys").display().to_string(),
        );
        std::fs::write(&config, text).unwrap();
        let place = |name: &str| folder.join(name).display().to_string();
        let mut args = vec!["sandbox".to_owned()];
        for (option, value) in [
            ("--config", config.display().to_string()),
            ("--data", place(&format!("gateway-{number}"))),
            ("--bank", place("line")),
            ("--sign-method", "11".to_owned()),
            ("--listen", listen.to_string()),
        ] {
            args.extend([option.to_owned(), value]);
        }
        if let Some(url) = database {
            args.extend(["--database".to_owned(), url.to_owned()]);
        }
        let log = folder.join(&format!("gateway-{number}-log"));
        Self { running: None, listen: listen.to_string(), args, log, front }
    }

    /// Kills it if it runs, and starts it with its clock ahead.
    pub(super) fn start(&mut self, ahead_ms: i64) -> Platform {
        if let Some(running) = self.running.take() {
            running.kill();
        }
        let ahead = ahead_ms.to_string();
        let mut args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        args.extend(["--clock-ahead-ms", &ahead]);
        let process = Process::start(&args, &self.log);
        let key = process.ready["api_key"].as_str().unwrap().to_owned();
        self.running = Some(process);
        Platform { address: self.listen.clone(), key }
    }

    /// From now on the notifications go wrong.
    pub(super) fn hurt(&self) {
        self.front.hurt();
    }

    /// From now on they pass.
    pub(super) fn heal(&self) {
        self.front.heal();
    }

    /// How often what became of the notifications.
    pub(super) fn notifications(&self) -> BTreeMap<Fault, u64> {
        self.front.counts()
    }
}

/// An address that stays the gateway's own over its lives: the bank was told where to notify it.
/// The system chooses it, and keeps from giving it to others soon.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
