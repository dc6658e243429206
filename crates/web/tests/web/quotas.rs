//! Quotas under many requests at once: two engines on one database, as two processes have it, and
//! the bank's own ledger says what reached it.

use std::path::PathBuf;
use std::sync::Arc;

use mingka_channels::HttpRequest;
use mingka_domain::environment::Environment;
use mingka_domain::id::PlatformId;
use mingka_domain::outcome::NotSent;
use mingka_domain::precheck::Entry;
use mingka_domain::text::Lang;
use mingka_domain::time::{DAY_MS, MINUTE_MS};
use mingka_engine::{
    BindingView, ConsentGiven, Delivery, Engine, EngineError, Idempotency, NewBinding,
    NewVerification, Parts, Sending, Transport, VerificationView,
};
use mingka_sandbox::bank::Kind;
use mingka_sandbox::cards::MagicCard;
use mingka_store::Store;

use crate::house::{House, card, fresh};

const DAY_S: u32 = 24 * 60 * 60;

/// A house on a file, and what several processes on it share.
struct Street {
    house: House,
    parts: Parts,
    directory: PathBuf,
    platform: PlatformId,
    consents: Vec<ConsentGiven>,
}

impl Street {
    /// With so many codes a day for a card.
    async fn new(codes: u32) -> Self {
        let name = format!("mingka-quotas-{}-{}", std::process::id(), fresh());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let house = House::on(Store::open(directory.join("mingka.db")).unwrap(), |_| {}).await;
        let mut parts = house.parts.clone();
        parts.settings.code_sends_per_card_day_max = codes;
        let platform = house.engine.create_platform("另一家平台").await.unwrap().id;
        let texts = house.engine.consents(platform, Lang::Zh).await.unwrap();
        let given = texts.into_iter().map(|text| ConsentGiven {
            kind: text.kind,
            version: text.version,
            lang: text.lang,
            sha256: Some(text.sha256),
        });
        Self { house, parts, directory, platform, consents: given.collect() }
    }

    /// A process: an engine on a store of its own.
    fn process(&self) -> Engine {
        let store = Store::open(self.directory.join("mingka.db")).unwrap();
        Engine::new(Parts { store, ..self.parts.clone() })
    }

    /// A process whose messages never leave it.
    fn process_without_a_line(&self) -> Engine {
        let store = Store::open(self.directory.join("mingka.db")).unwrap();
        Engine::new(Parts { store, transport: Arc::new(NoLine), ..self.parts.clone() })
    }

    fn done(&self, kind: Kind) -> usize {
        let bank = self.house.bank.lock().unwrap();
        bank.bank().entries().iter().filter(|entry| entry.kind == kind).count()
    }

    fn bind(&self, engine: &Engine, card: &MagicCard, key: &str) -> Going<BindingView> {
        let (engine, platform, card) = (engine.clone(), self.platform, card.clone());
        let (key, consents) = (idempotency(key), self.consents.clone());
        tokio::spawn(async move {
            let new = NewBinding {
                entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
                environment: Environment::default(),
                consents,
                borrower_ref: None,
                page: None,
            };
            engine.bind(platform, key, new).await
        })
    }

    fn verify(&self, engine: &Engine, card: &MagicCard) -> Going<VerificationView> {
        let (engine, platform, card) = (engine.clone(), self.platform, card.clone());
        let (key, consents) = (idempotency(&fresh()), self.consents.clone());
        tokio::spawn(async move {
            let new = NewVerification {
                entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
                environment: Environment::default(),
                consents,
                borrower_ref: None,
            };
            engine.verify(platform, key, new).await
        })
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A way to the bank on which nothing leaves.
struct NoLine;

impl Transport for NoLine {
    fn send(&self, _: HttpRequest, _: u64) -> Sending<'_> {
        Box::pin(async { Delivery::NotSent(NotSent::NoConnection) })
    }
}

type Going<T> = tokio::task::JoinHandle<Result<T, EngineError>>;

fn idempotency(key: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), fingerprint: [7; 32] }
}

/// What became of all of them: answers, and waits of those that were refused.
async fn ended<T>(going: Vec<Going<T>>) -> (Vec<T>, Vec<u32>) {
    let (mut answers, mut waits) = (Vec::new(), Vec::new());
    for one in going {
        match one.await.unwrap() {
            Ok(view) => answers.push(view),
            Err(EngineError::TooMany { retry_after_s, .. }) => waits.push(retry_after_s),
            Err(other) => panic!("{other:?}"),
        }
    }
    (answers, waits)
}

fn corrected(card: &MagicCard, n: usize) -> MagicCard {
    MagicCard { phone: format!("1380000{n:04}"), ..card.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_verifications_at_once_as_many_are_asked_as_the_channel_takes() {
    let street = Street::new(20).await;
    let processes = [street.process(), street.process()];
    let card = card("ok");
    let going: Vec<_> = (0..20)
        .zip(processes.iter().cycle())
        .map(|(n, process)| street.verify(process, &corrected(&card, n)))
        .collect();
    let (answers, waits) = ended(going).await;
    assert_eq!((answers.len(), waits.len()), (5, 15));
    assert_eq!(street.done(Kind::VerificationDone), 5);
    // A place is free again when the oldest of the five is older than a day.
    assert!(waits.iter().all(|wait| *wait == DAY_S + 1), "{waits:?}");

    // A process that begins now knows it, and so it stays until the window is over.
    street.house.later(DAY_MS);
    let (_, waits) = ended(vec![street.verify(&street.process(), &corrected(&card, 21))]).await;
    assert_eq!(waits, [1]);
    street.house.later(1);
    let (answers, _) = ended(vec![street.verify(&processes[0], &corrected(&card, 21))]).await;
    assert_eq!(answers[0].quota_left, 4);
    assert_eq!(street.done(Kind::VerificationDone), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_who_ask_the_same_at_once_one_asks_the_bank() {
    let street = Street::new(20).await;
    let processes = [street.process(), street.process()];
    let going: Vec<_> = (0..20)
        .zip(processes.iter().cycle())
        .map(|(_, process)| street.verify(process, &card("ok")))
        .collect();
    let (answers, waits) = ended(going).await;
    assert_eq!((answers.len(), waits.len()), (20, 0));
    assert_eq!(street.done(Kind::VerificationDone), 1);
    let origin = |view: &VerificationView| view.answered_from.unwrap_or(view.id);
    assert!(answers.iter().all(|view| origin(view) == origin(&answers[0])));
    // None of the repetitions took a place.
    let (next, _) = ended(vec![street.verify(&processes[0], &corrected(&card("ok"), 4711))]).await;
    assert_eq!(next[0].quota_left, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_bindings_at_once_as_many_codes_are_sent_as_a_card_may_cause() {
    let street = Street::new(3).await;
    let processes = [street.process(), street.process()];
    let card = card("ok");
    let going: Vec<_> = (0..20)
        .zip(processes.iter().cycle())
        .map(|(_, process)| street.bind(process, &card, &fresh()))
        .collect();
    let (answers, waits) = ended(going).await;
    assert_eq!((answers.len(), waits.len()), (3, 17));
    assert_eq!(street.done(Kind::CodeSent), 3);
    assert!(waits.iter().all(|wait| *wait == DAY_S), "{waits:?}");

    street.house.later(DAY_MS - 1_000);
    let (_, waits) = ended(vec![street.bind(&street.process(), &card, &fresh())]).await;
    assert_eq!(waits, [1]);
    // A clock set back locks nobody out.
    street.house.later(-2 * DAY_MS);
    let (answers, _) = ended(vec![street.bind(&street.process(), &card, &fresh())]).await;
    assert_eq!(answers.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_takes_one_place_however_often_it_comes() {
    let street = Street::new(2).await;
    let processes = [street.process(), street.process()];
    let good = card("ok");
    let going: Vec<_> = (0..20)
        .zip(processes.iter().cycle())
        .map(|(_, process)| street.bind(process, &good, "one"))
        .collect();
    let mut ids = Vec::new();
    for one in going {
        match one.await.unwrap() {
            Ok(view) => ids.push(view.id),
            Err(EngineError::InProgress) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    ids.dedup();
    assert_eq!((ids.len(), street.done(Kind::CodeSent)), (1, 1));
    for (key, sent) in [("one", 1), ("two", 2), ("two", 2)] {
        let (answers, _) = ended(vec![street.bind(&processes[0], &good, key)]).await;
        assert_eq!((answers.len(), street.done(Kind::CodeSent)), (1, sent));
    }
    let (_, waits) = ended(vec![street.bind(&processes[1], &good, "three")]).await;
    assert_eq!(waits, [DAY_S]);
}

#[tokio::test]
async fn a_code_that_is_asked_for_again_takes_a_place_too() {
    let street = Street::new(2).await;
    let engine = street.process();
    let (answers, _) = ended(vec![street.bind(&engine, &card("ok"), &fresh())]).await;
    let resend = async || {
        street.house.later(MINUTE_MS);
        engine.resend(street.platform, answers[0].id, idempotency(&fresh())).await
    };
    resend().await.unwrap();
    let refused = resend().await.unwrap_err();
    assert!(
        matches!(refused, EngineError::TooMany { retry_after_s, .. }
        if retry_after_s == DAY_S - 120),
        "{refused:?}"
    );
    assert_eq!(street.done(Kind::CodeSent), 2);
}

#[tokio::test]
async fn what_never_left_takes_no_place() {
    let street = Street::new(1).await;
    let (cut_off, process) = (street.process_without_a_line(), street.process());
    let good = card("ok");
    for _ in 0..3 {
        let (answers, waits) = ended(vec![street.bind(&cut_off, &good, &fresh())]).await;
        assert_eq!((answers.len(), waits.len()), (1, 0));
        let (answers, _) = ended(vec![street.verify(&cut_off, &good)]).await;
        let view = process.verification(street.platform, answers[0].id).await.unwrap();
        assert_eq!(view.quota_left, 5);
    }
    let (answers, _) = ended(vec![street.bind(&process, &good, &fresh())]).await;
    assert_eq!((answers.len(), street.done(Kind::CodeSent)), (1, 1));
    for engine in [&process, &cut_off] {
        let (_, waits) = ended(vec![street.bind(engine, &good, &fresh())]).await;
        assert_eq!(waits, [DAY_S]);
    }
}
