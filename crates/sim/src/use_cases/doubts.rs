//! What a bank says, genuinely signed, that proves less than it seems to: an agreement that is not
//! active, an ending refused after an earlier one was lost. And a stopped channel is only asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{Encoding, KeyedHash, suite};
use mingka_channels::{
    Acknowledgement, Context, EncryptionCertificate, Exchange, HttpRequest, HttpResponse, Notice,
    Reply, Request, Sent, Token, Unencodable, Unreadable,
};
use mingka_domain::id::InstrumentId;
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

use super::*;
use crate::world::CHANNEL;

/// The agreement's number stands in all of them.
#[test]
fn an_agreement_that_is_not_proven_binds_nothing() {
    for lie in every_unproven_agreement() {
        doubtful(async |day, bank| {
            bank.says().lost = vec![Operation::OpenAgreement];
            let bound = day.bind("k", &day.good()).await.unwrap();
            let seen = day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
            assert_eq!(seen.state, BindingState::Doubtful);
            *bank.says() = lie();
            day.pass(300).await;
            assert_eq!(day.state(bound.id).await, BindingState::Doubtful);
            *bank.says() = Says::default();
            day.pass(400).await;
            assert_eq!(day.state(bound.id).await, BindingState::Active);
        });
    }
}

#[test]
fn a_notification_that_comes_again_asks_the_bank_once_in_a_while() {
    doubtful(async |day, bank| {
        let mailbox: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
        let kept = Arc::clone(&mailbox);
        let keep = move |message| kept.lock().unwrap().push(message);
        day.house.world.set_mailbox(Box::new(keep));
        bank.says().lost =
            vec![Operation::OpenAgreement, Operation::QueryAgreement, Operation::QueryState];
        let bound = day.bind("k", &day.good()).await.unwrap();
        let seen = day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
        assert_eq!(seen.state, BindingState::Doubtful);
        let told = mailbox.lock().unwrap().last().cloned().expect("the bank tells of it");
        for _ in 0..5 {
            day.engine.notification(CHANNEL, &told).await.unwrap();
        }
        assert_eq!(bank.sent(Operation::QueryAgreement), 1, "one inquiry for five copies");
        *bank.says() = Says::default();
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        day.engine.notification(CHANNEL, &told).await.unwrap();
        assert_eq!(day.state(bound.id).await, BindingState::Active);
    });
}

#[test]
fn a_stray_is_ended_only_once_it_is_proven_and_its_channel_goes_on() {
    for lie in every_unproven_agreement() {
        doubtful(async |day, bank| {
            let lost =
                vec![Operation::OpenAgreement, Operation::QueryAgreement, Operation::QueryState];
            bank.says().lost = lost;
            let bound = day.bind("k", &day.good()).await.unwrap();
            day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
            day.pass(40 * 60).await;
            assert_eq!(day.state(bound.id).await, BindingState::Refused);
            *bank.says() = lie();
            day.pass(20 * 60).await;
            assert_eq!(bank.sent(Operation::CancelAgreement), 0, "there was nothing to end");
            *bank.says() = Says::default();
            turn_stop(&day.engine, true).await;
            let asked = bank.sent(Operation::QueryAgreement);
            day.pass(2 * 60 * 60).await;
            assert!(bank.sent(Operation::QueryAgreement) > asked, "a stopped channel is asked");
            assert_eq!(bank.sent(Operation::CancelAgreement), 0, "and nothing else");
            turn_stop(&day.engine, false).await;
            day.pass(5 * 60).await;
            assert_eq!(day.executed(Kind::AgreementClosed), 1);
            assert_eq!(day.state(bound.id).await, BindingState::Refused);
        });
    }
}

/// The bank shows the agreement and refuses to end it: it is asked a few times, further and further
/// apart, and then left to a person.
#[test]
fn an_agreement_the_bank_will_not_end_is_not_sent_to_it_for_ever() {
    doubtful(async |day, bank| {
        bank.says().lost =
            vec![Operation::OpenAgreement, Operation::QueryAgreement, Operation::QueryState];
        let bound = day.bind("k", &day.good()).await.unwrap();
        day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
        day.pass(40 * 60).await;
        assert_eq!(day.state(bound.id).await, BindingState::Refused);
        *bank.says() = day.ending_lost();
        bank.says().lost.clear();
        let refused = (Operation::CancelAgreement, vec![("respCode", "66".to_owned())]);
        bank.says().changed.push(refused);
        day.pass(2 * 60 * 60).await;
        let early = bank.sent(Operation::CancelAgreement);
        assert!((1..=3).contains(&early), "{early} in two hours");
        day.pass(7 * 24 * 60 * 60).await;
        let all = bank.sent(Operation::CancelAgreement);
        assert!(early < all && all <= 6, "{all} in a week");
        day.pass(7 * 24 * 60 * 60).await;
        assert_eq!(bank.sent(Operation::CancelAgreement), all, "a person has to do it now");
    });
}

#[test]
fn only_our_own_inactive_agreement_is_an_ended_one() {
    for (own, expected) in [(false, InstrumentState::Unbinding), (true, InstrumentState::Unbound)] {
        doubtful(async |day, bank| {
            let instrument = day.bound().await;
            bank.says().lost = vec![Operation::CancelAgreement, Operation::QueryState];
            let number = if own { day.number() } else { "6235240000000000001".to_owned() };
            let inactive = vec![
                ("respCode", "00".to_owned()),
                ("activateStatus", "0".to_owned()),
                ("tokenPayData", format!("{{token={number}&trId=1}}")),
            ];
            bank.says().changed = vec![(Operation::QueryAgreement, inactive)];
            day.unbind("u", instrument).await.unwrap();
            day.pass(300).await;
            assert_eq!(day.shown(instrument).await, expected);
            assert_eq!(bank.sent(Operation::CancelAgreement), 1);
        });
    }
}

/// The first ending was lost, and the second one refused: perhaps because the first one worked.
#[test]
fn a_refused_repetition_is_no_proof_that_the_agreement_is_active() {
    for (ended, expected) in [(true, InstrumentState::Unbound), (false, InstrumentState::Active)] {
        doubtful(async |day, bank| {
            let instrument = day.bound().await;
            *bank.says() = day.ending_lost();
            day.unbind("u", instrument).await.unwrap();
            bank.says().lost.clear();
            let refused = (Operation::CancelAgreement, vec![("respCode", "66".to_owned())]);
            bank.says().changed.push(refused);
            for _ in 0..20 * 60 {
                if bank.sent(Operation::CancelAgreement) == 2 {
                    break;
                }
                day.pass(1).await;
            }
            assert_eq!(bank.sent(Operation::CancelAgreement), 2);
            assert_eq!(day.shown(instrument).await, InstrumentState::Unbinding);
            if ended {
                *bank.says() = Says { lost: vec![Operation::QueryState], ..Says::default() };
            }
            day.pass(20 * 60).await;
            assert_eq!(day.shown(instrument).await, expected);
            assert_eq!(bank.sent(Operation::CancelAgreement), 2, "refused once, not sent again");
        });
    }
}

#[test]
fn a_stopped_channel_ends_no_agreement() {
    doubtful(async |day, bank| {
        let instrument = day.bound().await;
        turn_stop(&day.engine, true).await;
        let refused = day.unbind("u", instrument).await.unwrap_err();
        assert_eq!(refused, EngineError::NoChannel);
        assert_eq!(day.shown(instrument).await, InstrumentState::Active);
        assert_eq!(bank.sent(Operation::CancelAgreement), 0);
        turn_stop(&day.engine, false).await;

        *bank.says() = day.ending_lost();
        day.unbind("u", instrument).await.unwrap();
        turn_stop(&day.engine, true).await;
        let asked = bank.sent(Operation::QueryState);
        day.pass(30 * 60).await;
        assert!(bank.sent(Operation::QueryState) > asked, "a stopped channel is asked");
        assert_eq!(bank.sent(Operation::CancelAgreement), 1, "and nothing is repeated");
        turn_stop(&day.engine, false).await;
        *bank.says() = Says::default();
        day.pass(30 * 60).await;
        assert_eq!(day.shown(instrument).await, InstrumentState::Unbound);
    });
}

/// Each is a way to name an agreement without saying that it can be used.
fn every_unproven_agreement() -> [fn() -> Says; 3] {
    let inactive = || {
        let fields = vec![("activateStatus", "0".to_owned())];
        Says { changed: vec![(Operation::QueryAgreement, fields)], ..Says::default() }
    };
    let failed = || {
        let fields = vec![("respCode", "77".to_owned())];
        Says { changed: vec![(Operation::QueryAgreement, fields)], ..Says::default() }
    };
    let careless_codec = || Says { careless: true, ..Says::default() };
    [inactive, failed, careless_codec]
}

/// A calm day with a bank whose answers a test may bend.
fn doubtful<F: AsyncFnOnce(&Day, &Bent)>(story: F) {
    let mut shared = Shared::new();
    let bent = Arc::new(Bent {
        straight: Arc::clone(&shared.exchange),
        secret: shared.secret().clone(),
        says: Mutex::new(Says::default()),
        sent: Mutex::new(Vec::new()),
    });
    let exchange: Arc<dyn Exchange> = Arc::<Bent>::clone(&bent);
    Arc::get_mut(&mut shared).unwrap().exchange = exchange;
    calm_with(shared, async |day| story(day, &bent).await);
}

/// How answers are bent.
#[derive(Default)]
struct Says {
    /// The bank reads these; nobody hears its answer.
    lost: Vec<Operation>,
    /// What is put into its answers before they are signed.
    changed: Vec<(Operation, Vec<(&'static str, String)>)>,
    /// Whether the codec keeps a number beside an outcome that proves nothing.
    careless: bool,
}

/// The codec of a day, between the bank and the engine.
struct Bent {
    straight: Arc<dyn Exchange>,
    secret: Secret,
    says: Mutex<Says>,
    sent: Mutex<Vec<Operation>>,
}

impl Bent {
    fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self, operation: Operation) -> usize {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|one| **one == operation).count()
    }
}

impl Exchange for Bent {
    fn encode(
        &self,
        request: &Request,
        context: &Context<'_>,
    ) -> Result<(HttpRequest, Sent), Unencodable> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(request.operation());
        self.straight.encode(request, context)
    }

    fn decode(
        &self,
        sent: &Sent,
        answer: &HttpResponse,
        context: &Context<'_>,
    ) -> Result<Reply, Unreadable> {
        let says = self.says();
        if says.lost.contains(&sent.operation) {
            return Err(Unreadable { doubt: Doubt::TimedOut, why: "lost".to_owned() });
        }
        let mut answer = answer.clone();
        if let Some((_, changed)) = says.changed.iter().find(|(one, _)| *one == sent.operation) {
            let mut fields = Fields::parse_answer(&answer.body, Encoding::Utf8).unwrap();
            for (name, value) in changed {
                fields.set(name, value.as_str());
            }
            suite::sign_keyed(KeyedHash::Simulation, &self.secret, &mut fields);
            answer.body = fields.to_answer();
        }
        let mut reply = self.straight.decode(sent, &answer, context)?;
        if says.careless && sent.operation == Operation::QueryAgreement {
            reply.token = Some(Token { number: Secret::new("6235".to_owned()), ends_at: None });
            reply.outcome = Outcome::Pending(None);
        }
        Ok(reply)
    }

    fn notice(
        &self,
        request: &HttpRequest,
        context: &Context<'_>,
    ) -> Result<(Notice, Acknowledgement), Unreadable> {
        self.straight.notice(request, context)
    }

    fn can_write(&self, text: &str) -> bool {
        self.straight.can_write(text)
    }

    fn renews_encryption(&self) -> bool {
        self.straight.renews_encryption()
    }

    fn check_encryption(
        &self,
        pem: &str,
        now: Timestamp,
    ) -> Result<EncryptionCertificate, Unreadable> {
        self.straight.check_encryption(pem, now)
    }

    fn encrypt_to(&self, newest_first: &[&str], now: Timestamp) {
        self.straight.encrypt_to(newest_first, now);
    }

    fn encryption(&self, now: Timestamp) -> EncryptionCertificate {
        self.straight.encryption(now)
    }
}

impl Day {
    async fn bound(&self) -> InstrumentId {
        let bound = self.bind("k", &self.good()).await.unwrap();
        let active = self.confirm("k2", bound.id, &self.newest_code()).await.unwrap();
        active.instrument.unwrap()
    }

    async fn unbind(
        &self,
        name: &str,
        id: InstrumentId,
    ) -> Result<mingka_engine::InstrumentView, EngineError> {
        self.engine.unbind(self.platform, id, key(name)).await
    }

    /// The answer to the ending is lost, the order is not found, and the agreement is shown as
    /// open.
    fn ending_lost(&self) -> Says {
        let number = self.number();
        let open = vec![
            ("respCode", "00".to_owned()),
            ("activateStatus", "1".to_owned()),
            ("tokenPayData", format!("{{token={number}&trId=1}}")),
        ];
        let unknown = vec![("respCode", "34".to_owned())];
        Says {
            lost: vec![Operation::CancelAgreement],
            changed: vec![(Operation::QueryAgreement, open), (Operation::QueryState, unknown)],
            careless: false,
        }
    }

    /// The number of the only agreement.
    fn number(&self) -> String {
        let bank = self.house.world.bank();
        bank.bank().agreements().next().unwrap().token.clone()
    }

    async fn state(&self, id: BindingId) -> BindingState {
        self.engine.binding(self.platform, id).await.unwrap().state
    }

    async fn shown(&self, id: InstrumentId) -> InstrumentState {
        self.engine.instrument(self.platform, id).await.unwrap().state
    }

    /// Lets time pass, with the worker at work.
    async fn pass(&self, seconds: u64) {
        let tick = seconds.clamp(1, 5);
        for _ in 0..seconds / tick {
            tokio::time::sleep(Duration::from_secs(tick)).await;
            self.engine.work_once().await;
        }
    }
}
