//! Records to test with, a directory that goes away again, and a runtime. Nothing personal: sealed
//! bytes are just bytes here.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use mingka_domain::id::{
    AgreementId, ApiKeyId, AttemptId, BindingId, DeliveryId, EndpointId, InstrumentId, PlatformId,
    SessionId, StepId, VerificationId,
};
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;

use super::engine;
use crate::{
    AgreementRecord, ApiKeyRecord, AttemptRecord, BindingRecord, ConsentRecord, ConsentTextRecord,
    DeliveryRecord, EndpointRecord, EventRecord, Faults, IdempotencyRecord, InstrumentRecord,
    MaskedCard, OrderKey, PlatformRecord, SessionRecord, Settings, Statement, StepRecord, Store,
    Unit, VerificationRecord,
};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Polls once: in memory every future of the store is ready at once, without any runtime. Where the
/// tests are given a server they wait for it instead.
pub(super) fn now<F: Future>(future: F) -> F::Output {
    if engine::server().is_some() {
        return wait(future);
    }
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future of the store in memory was not ready at once"),
    }
}

/// Runs a future of a store on a file to its end.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A directory that is removed with its owner; and the place of one database, there or on the
/// server.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mingka-store-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("mingka.db")
    }

    /// The file, or the address of a schema of the same name.
    pub(super) fn place(&self) -> String {
        let name = self.0.file_name().unwrap().to_string_lossy().replace('-', "_");
        match engine::server() {
            Some(server) => engine::schema(&server, &name),
            None => self.file().display().to_string(),
        }
    }

    pub(super) fn store(&self) -> Store {
        self.store_with(Settings::default())
    }

    pub(super) fn store_with(&self, settings: Settings) -> Store {
        engine::open(&self.place(), settings, Faults::none())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn unit(guard: Statement, writes: impl IntoIterator<Item = Statement>) -> Unit {
    Unit::new(guard).writes(writes)
}

/// A store of its own with the platform number 1: in memory, or on the server the tests are given.
pub(super) fn memory() -> Store {
    let store = engine::store(Faults::none());
    now(store.commit(Unit::new(platform(1).insert()))).unwrap();
    store
}

fn random(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.to_be_bytes());
    bytes
}

pub(super) fn platform_id(n: u64) -> PlatformId {
    PlatformId::new(NOW, random(n))
}

pub(super) fn platform(n: u64) -> PlatformRecord {
    PlatformRecord {
        id: platform_id(n),
        version: 1,
        name: format!("platform {n}"),
        created_at: NOW,
        stopped_at: None,
    }
}

pub(super) fn api_key(n: u64) -> ApiKeyRecord {
    ApiKeyRecord {
        id: ApiKeyId::new(NOW, random(n)),
        platform: platform_id(1),
        prefix: format!("mk_{n}"),
        hash: [1; 32],
        scopes: "bindings:write bindings:read".to_owned(),
        created_at: NOW,
        expires_at: Some(NOW.plus_ms(1000)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub(super) fn binding_id(n: u64) -> BindingId {
    BindingId::new(NOW, random(n))
}

fn card() -> MaskedCard {
    MaskedCard {
        last4: "0018".to_owned(),
        bank_code: Some("01020000".to_owned()),
        kind: Some("debit".to_owned()),
    }
}

pub(super) fn binding(n: u64) -> BindingRecord {
    BindingRecord {
        id: binding_id(n),
        platform: platform_id(1),
        version: 1,
        state: "checked".to_owned(),
        machine: "{}".to_owned(),
        sealed: vec![7; 300],
        card_index: [3; 32],
        card: card(),
        borrower_ref: Some("b-1".to_owned()),
        channel: "unionpay".to_owned(),
        session: Some(session(1).id),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn event(n: u64, seq: i64) -> EventRecord {
    EventRecord {
        subject: binding_id(n).into(),
        seq,
        platform: platform_id(1),
        at: NOW,
        kind: "code_sent".to_owned(),
        body: "{}".to_owned(),
    }
}

pub(super) fn session(n: u64) -> SessionRecord {
    let mut token_hash = [9; 32];
    token_hash[..8].copy_from_slice(&n.to_be_bytes());
    SessionRecord {
        id: SessionId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        token_hash,
        borrower_ref: None,
        binding: None,
        prefill_sealed: Some(vec![1, 2, 3]),
        settings: "{}".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus_ms(1000),
    }
}

pub(super) fn order(n: u64) -> OrderKey {
    OrderKey {
        channel: "unionpay".to_owned(),
        merchant: "777290058110048".to_owned(),
        order_id: format!("order{n}"),
        txn_time: NOW,
    }
}

pub(super) fn attempt(n: u64, operation: Operation) -> AttemptRecord {
    AttemptRecord {
        id: AttemptId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        subject: binding_id(1).into(),
        operation,
        state: "sent".to_owned(),
        order: order(1),
        profile_version: "1".to_owned(),
        card_index: Some([3; 32]),
        amount: None,
        sent_at: NOW,
        answered_at: None,
        outcome: None,
        code: None,
    }
}

pub(super) fn instrument(n: u64) -> InstrumentRecord {
    InstrumentRecord {
        id: InstrumentId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        binding: binding_id(n),
        borrower_ref: Some("b-1".to_owned()),
        state: "active".to_owned(),
        sealed: vec![8; 300],
        card_index: [3; 32],
        card: card(),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn agreement(n: u64) -> AgreementRecord {
    AgreementRecord {
        id: AgreementId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        instrument: instrument(n).id,
        channel: "unionpay".to_owned(),
        merchant: "777290058110048".to_owned(),
        state: "active".to_owned(),
        sealed_token: vec![5; 60],
        token_index: Some([6; 32]),
        created_at: NOW,
        valid_until: Some(NOW.plus_ms(1000)),
        cancelled_at: None,
    }
}

pub(super) fn verification(n: u64) -> VerificationRecord {
    VerificationRecord {
        id: VerificationId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        product: "four_elements".to_owned(),
        state: "sent".to_owned(),
        machine: "{}".to_owned(),
        sealed: vec![6; 300],
        card_index: [3; 32],
        card: MaskedCard { last4: "0018".to_owned(), bank_code: None, kind: None },
        borrower_ref: Some("b-1".to_owned()),
        channel: "unionpay".to_owned(),
        elements_index: [2; 32],
        answered_from: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn consent_text() -> ConsentTextRecord {
    ConsentTextRecord {
        sha256: "ab".repeat(32),
        kind: "mandate".to_owned(),
        version: "2024-01".to_owned(),
        lang: "zh".to_owned(),
        body: "mandate 2024-01 zh\n…\n".to_owned(),
        first_used_at: NOW,
    }
}

pub(super) fn consent() -> ConsentRecord {
    ConsentRecord {
        subject: binding_id(1).into(),
        kind: "mandate".to_owned(),
        platform: platform_id(1),
        document_version: "2024-01".to_owned(),
        lang: "zh".to_owned(),
        sha256: "ab".repeat(32),
        accepted_at: NOW,
    }
}

pub(super) fn idempotency(key: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        platform: platform_id(1),
        key: key.to_owned(),
        fingerprint: [4; 32],
        subject: binding_id(1).into(),
        answer: None,
        created_at: NOW,
        expires_at: NOW.plus_ms(1000),
    }
}

pub(super) fn step(n: u64, due_at: Timestamp) -> StepRecord {
    let id = StepId::new(NOW, random(n));
    StepRecord::new(id, platform_id(1), "inquire", binding_id(1).into(), due_at)
}

pub(super) fn endpoint(n: u64) -> EndpointRecord {
    EndpointRecord {
        id: EndpointId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        url: "https://app.example/mingka".to_owned(),
        event_types: "payment.*".to_owned(),
        description: "ledger".to_owned(),
        lang: "zh".to_owned(),
        sealed: vec![4; 90],
        secret_at: NOW,
        old_secret_until: None,
        failing_since: None,
        disabled_at: None,
        disabled_why: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A delivery of the event number `n` to endpoint 1.
pub(super) fn delivery(n: u64) -> DeliveryRecord {
    DeliveryRecord {
        id: DeliveryId::new(NOW, random(n)),
        platform: platform_id(1),
        version: 1,
        endpoint: endpoint(1).id,
        event: event(n, 1).id().to_string(),
        event_type: "binding.active".to_owned(),
        subject: binding_id(n).into(),
        seq: 1,
        position: 7,
        state: "pending".to_owned(),
        tries: 0,
        step: step(n, NOW).id,
        status: None,
        error: None,
        tried_at: None,
        next_at: Some(NOW),
        created_at: NOW,
    }
}
