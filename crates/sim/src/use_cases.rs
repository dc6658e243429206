//! The use cases on a calm day: what is refused before anything is sent, what is kept apart, and
//! what the bank and the outside see.

mod control;
mod doubts;
mod giving_back;
mod payments;
mod restored;
mod statements;
mod with_code;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mingka_domain::cause::known;
use mingka_domain::environment::Environment;
use mingka_domain::id::{BindingId, PlatformId};
use mingka_domain::precheck::Entry;
use mingka_domain::secret::OneTimeCode;
use mingka_domain::text::Lang;
use mingka_engine::{
    BindingState, BindingView, ConsentGiven, Cursor, DEFAULT_LENDER, Engine, EngineError,
    Idempotency, InstrumentState, NewApiKey, NewBinding, NewSession, NewVerification, OnPage,
    Reason, Scope, StopSwitch, VerificationState,
};
use mingka_sandbox::acp::AcpBank;
use mingka_sandbox::bank::{Kind, Rules};
use mingka_sandbox::cards::{self, MagicCard};
use mingka_store::Store;

use crate::Options;
use crate::life::House;
use crate::story::Shared;
use crate::world::{MERCHANT, World};

#[test]
fn without_consent_nothing_is_sent() {
    calm(async |day| {
        let mut consents = day.consents().await;
        consents.pop();
        let refused = day.bind_with("k", &day.good(), consents.clone()).await.unwrap_err();
        assert!(matches!(refused, EngineError::ConsentMissing(kinds) if kinds.len() == 1));
        consents
            .push(ConsentGiven { sha256: Some("0".repeat(64)), ..day.consents().await[1].clone() });
        assert!(day.bind_with("k", &day.good(), consents).await.is_err());
        assert_eq!(day.executed(Kind::CodeSent), 0);
    });
}

#[test]
fn what_must_be_corrected_is_not_sent() {
    calm(async |day| {
        let card = MagicCard { phone: "12345".to_owned(), ..day.good() };
        let refused = day.bind("k", &card).await.unwrap_err();
        assert!(matches!(refused, EngineError::Findings(findings) if !findings.is_empty()));
        assert_eq!(day.executed(Kind::CodeSent), 0);
    });
}

#[test]
fn what_any_switch_stops_is_not_even_begun() {
    calm(async |day| {
        let platform = format!("platform:{}", day.platform);
        let lender = format!("lender:{DEFAULT_LENDER}");
        for switch in ["channel:unionpay", &lender, &platform, "operation:send_code"] {
            turn(&day.engine, switch, true).await;
            assert_eq!(day.bind("k", &day.good()).await.unwrap_err(), EngineError::NoChannel);
            let begun = day.engine.bindings(day.platform, None, Cursor::first(1)).await.unwrap();
            assert!(begun.items.is_empty(), "{switch}");
            turn(&day.engine, switch, false).await;
        }
        let bound = day.bind("k", &day.good()).await.unwrap();
        turn(&day.engine, "operation:open_agreement", true).await;
        let code = day.newest_code();
        assert_eq!(day.confirm("c", bound.id, &code).await.unwrap_err(), EngineError::NoChannel);
        turn(&day.engine, "operation:open_agreement", false).await;
        let bound = day.confirm("c", bound.id, &code).await.unwrap();
        assert_eq!(bound.state, BindingState::Active);
    });
}

#[test]
fn one_key_has_one_answer_and_one_body() {
    calm(async |day| {
        let first = day.bind("k", &day.good()).await.unwrap();
        assert_eq!(day.bind("k", &day.good()).await.unwrap(), first);
        assert_eq!(day.executed(Kind::CodeSent), 1);
        let other = Idempotency { key: "k".to_owned(), fingerprint: [9; 32] };
        let refused = day.engine.cancel(day.platform, first.id, other).await.unwrap_err();
        assert_eq!(refused, EngineError::IdempotencyMismatch);
    });
}

#[test]
fn tenants_are_kept_apart() {
    calm(async |day| {
        let mine = day.bind("k", &day.good()).await.unwrap();
        let other = day.engine.create_platform("另一家平台").await.unwrap().id;
        let engine = &day.engine;
        assert_eq!(engine.binding(other, mine.id).await.unwrap_err(), EngineError::NotFound);
        let stolen = engine.cancel(other, mine.id, key("x")).await.unwrap_err();
        assert_eq!(stolen, EngineError::NotFound);
        let cursor = Cursor::first(10);
        assert!(engine.bindings(other, None, cursor).await.unwrap().items.is_empty());
    });
}

#[test]
fn wrong_codes_are_counted_and_the_right_one_binds() {
    calm(async |day| {
        let bound = day.bind("k", &day.good()).await.unwrap();
        assert_eq!(bound.state, BindingState::AwaitingCode);
        let tries = bound.code.as_ref().unwrap().tries_left;
        let wrong = day.confirm("k1", bound.id, "123456").await.unwrap();
        assert_eq!(wrong.code.unwrap().tries_left, tries - 1);
        assert_eq!(wrong.diagnosis.unwrap().causes[0], known::CODE_WRONG);
        let right = day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
        assert_eq!(right.state, BindingState::Active);
        let again = day.confirm("k3", bound.id, "111111").await.unwrap_err();
        assert!(matches!(again, EngineError::InvalidState { state: "active", .. }), "{again:?}");
        assert_eq!(day.executed(Kind::AgreementOpened), 1);
    });
}

#[test]
fn no_view_holds_a_clear_value() {
    calm(async |day| {
        let card = day.good();
        let bound = day.bind("k", &card).await.unwrap();
        let code = day.newest_code();
        let active = day.confirm("k2", bound.id, &code).await.unwrap();
        let instrument = active.instrument.unwrap();
        let shown = day.engine.instrument(day.platform, instrument).await.unwrap();
        let text = format!(
            "{}{}",
            serde_json::to_string(&active).unwrap(),
            serde_json::to_string(&shown).unwrap()
        );
        for clear in [&card.number, &card.name, &card.id_number, &card.phone, &code] {
            assert!(!text.contains(clear.as_str()), "a view shows a clear value");
        }
    });
}

#[test]
fn a_new_code_is_not_sent_too_early() {
    calm(async |day| {
        let bound = day.bind("k", &day.good()).await.unwrap();
        let early = day.engine.resend(day.platform, bound.id, key("r")).await.unwrap_err();
        let EngineError::InvalidState { possible_at: Some(at), .. } = early else {
            panic!("{early:?}");
        };
        let code = bound.code.unwrap();
        assert_eq!(at, code.resend_after);
        tokio::time::sleep(Duration::from_secs(61)).await;
        let again = day.engine.resend(day.platform, bound.id, key("r")).await.unwrap();
        assert_eq!(again.code.unwrap().sends_left, code.sends_left - 1);
        assert_eq!(day.executed(Kind::CodeSent), 2);
    });
}

#[test]
fn an_unbound_card_is_unbound_at_the_bank() {
    calm(async |day| {
        let bound = day.bind("k", &day.good()).await.unwrap();
        let active = day.confirm("k2", bound.id, &day.newest_code()).await.unwrap();
        let instrument = active.instrument.unwrap();
        let engine = &day.engine;
        let unbound = engine.unbind(day.platform, instrument, key("u")).await.unwrap();
        assert_eq!(unbound.state, InstrumentState::Unbound);
        assert_eq!(engine.unbind(day.platform, instrument, key("u")).await.unwrap(), unbound);
        assert!(engine.unbind(day.platform, instrument, key("v")).await.is_err());
        assert_eq!(day.executed(Kind::AgreementClosed), 1);
    });
}

#[test]
fn an_unfinished_binding_expires() {
    calm(async |day| {
        let bound = day.bind("k", &day.good()).await.unwrap();
        let mut watch = day.engine.watch(bound.id);
        tokio::time::sleep(Duration::from_secs(31 * 60)).await;
        day.engine.work_once().await;
        assert!(watch.changed().await);
        let seen = day.engine.binding(day.platform, bound.id).await.unwrap();
        assert_eq!(seen.state, BindingState::Expired);
    });
}

#[test]
fn one_page_has_one_binding_however_many_tabs_submit() {
    calm(async |day| {
        let new = NewSession::blank(Lang::Zh);
        let opened = day.engine.open_session(day.platform, key("s"), new).await.unwrap();
        let submit = async |name: &str, showed: Option<BindingId>| {
            let card = day.good();
            let new = NewBinding {
                entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
                environment: Environment::default(),
                consents: day.consents().await,
                borrower_ref: None,
                page: Some(OnPage { session: opened.session.id, showed }),
            };
            day.engine.bind(day.platform, key(name), new).await
        };
        let first = submit("one", None).await.unwrap();
        assert_eq!(submit("two", None).await.unwrap_err(), EngineError::InProgress);
        assert_eq!(submit("one", None).await.unwrap(), first, "the same is the same");
        let again = submit("three", Some(first.id)).await.unwrap();
        assert_ne!(again.id, first.id);
        assert_eq!(day.executed(Kind::CodeSent), 2);
    });
}

#[test]
fn a_session_is_found_by_its_token_and_ends() {
    calm(async |day| {
        let new = || NewSession::blank(Lang::Zh);
        let opened = day.engine.open_session(day.platform, key("s"), new()).await.unwrap();
        let again = day.engine.open_session(day.platform, key("s"), new()).await.unwrap();
        assert_eq!(again, opened);
        let other = day.engine.open_own_session(day.platform, new()).await.unwrap();
        assert_ne!(other.token, opened.token);
        assert_eq!(day.engine.enter(&opened.token).await.unwrap().session, opened.session);
        let wrong = day.engine.enter("0123").await.unwrap_err();
        assert_eq!(wrong, EngineError::Unauthorized);
        tokio::time::sleep(Duration::from_secs(31 * 60)).await;
        let over = day.engine.enter(&opened.token).await.unwrap_err();
        assert_eq!(over, EngineError::Unauthorized);
    });
}

#[test]
fn a_key_opens_until_it_is_taken_back() {
    calm(async |day| {
        let new = NewApiKey { name: "app".to_owned(), scopes: vec![Scope::Bind], expires_at: None };
        let issued = day.engine.create_api_key(day.platform, new).await.unwrap();
        let caller = day.engine.authenticate(issued.key.expose()).await.unwrap();
        assert_eq!((caller.platform, caller.scopes), (day.platform, vec![Scope::Bind]));
        let mut forged = issued.key.expose().to_owned();
        forged.pop();
        forged.push('x');
        for wrong in [forged.as_str(), "", "mk_", "mk_0123456789abcdef", "汉字"] {
            assert!(day.engine.authenticate(wrong).await.is_err());
        }
        day.engine.revoke_api_key(day.platform, issued.id).await.unwrap();
        assert!(day.engine.authenticate(issued.key.expose()).await.is_err());
    });
}

#[test]
fn verifications_are_asked_sparingly() {
    calm(async |day| {
        let mut left = Vec::new();
        for n in 0..5 {
            let card = MagicCard { phone: format!("1380000{n:04}"), ..day.good() };
            let view = day.verify(&format!("v{n}"), &card).await.unwrap();
            assert_eq!(view.state, VerificationState::Refused, "each is a correction");
            left.push(view.quota_left);
        }
        assert_eq!(left, [4, 3, 2, 1, 0]);
        let refused = day.verify("v5", &day.good()).await.unwrap_err();
        assert!(matches!(refused, EngineError::TooMany { .. }), "{refused:?}");
        let card = MagicCard { phone: "13800000000".to_owned(), ..day.good() };
        assert_eq!(day.verify("v0", &card).await.unwrap().quota_left, 4);
        assert_eq!(day.executed(Kind::VerificationDone), 5);
    });
}

/// A day without faults.
struct Day {
    engine: Engine,
    platform: PlatformId,
    house: Arc<House>,
}

fn calm<F: AsyncFnOnce(&Day)>(story: F) {
    calm_with(Shared::new(), story);
}

/// The same with a bank that takes no repayment without a code of its own.
fn calm_strict<F: AsyncFnOnce(&Day)>(story: F) {
    calm_under(Rules::default(), Shared::new(), story);
}

fn calm_with<F: AsyncFnOnce(&Day)>(shared: Arc<Shared>, story: F) {
    calm_under(Rules { payment_code_required: false, ..Rules::default() }, shared, story);
}

fn calm_under<F: AsyncFnOnce(&Day)>(rules: Rules, shared: Arc<Shared>, story: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let bank = cards::bank().with_rules(rules);
        let bank = AcpBank::simulation(MERCHANT, shared.secret(), bank);
        let store = Store::open_in_memory().unwrap();
        let world = Arc::new(World::new(1, bank, store, false));
        world.healed.store(true, Ordering::SeqCst);
        world.resting.store(true, Ordering::SeqCst);
        let house = House::new(1, Arc::clone(&world), shared, Options::default());
        house.be_born().await;
        let engine = house.engine().unwrap();
        let platform = engine.create_platform("模拟借款平台").await.unwrap().id;
        house.platform.set(platform).unwrap();
        world.set_platform(platform);
        story(&Day { engine, platform, house }).await;
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    });
}

impl Day {
    fn good(&self) -> MagicCard {
        cards::series(7)
    }

    async fn consents(&self) -> Vec<ConsentGiven> {
        let shown = self.engine.consents(self.platform, Lang::Zh).await.unwrap();
        let given = shown.into_iter().map(|text| ConsentGiven {
            kind: text.kind,
            version: text.version,
            lang: text.lang,
            sha256: Some(text.sha256),
        });
        given.collect()
    }

    async fn bind(&self, name: &str, card: &MagicCard) -> Result<BindingView, EngineError> {
        self.bind_with(name, card, self.consents().await).await
    }

    async fn bind_with(
        &self,
        name: &str,
        card: &MagicCard,
        consents: Vec<ConsentGiven>,
    ) -> Result<BindingView, EngineError> {
        let new = NewBinding {
            entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
            environment: Environment::default(),
            consents,
            borrower_ref: None,
            page: None,
        };
        self.engine.bind(self.platform, key(name), new).await
    }

    async fn confirm(
        &self,
        name: &str,
        id: BindingId,
        code: &str,
    ) -> Result<BindingView, EngineError> {
        let code = OneTimeCode::parse(code).unwrap();
        self.engine.confirm(self.platform, id, key(name), code).await
    }

    async fn verify(
        &self,
        name: &str,
        card: &MagicCard,
    ) -> Result<mingka_engine::VerificationView, EngineError> {
        let new = NewVerification {
            entry: Entry::four(&card.number, &card.name, &card.id_number, &card.phone),
            environment: Environment::default(),
            consents: self.consents().await,
            borrower_ref: None,
        };
        self.engine.verify(self.platform, key(name), new).await
    }

    fn newest_code(&self) -> String {
        let bank = self.house.world.bank();
        bank.bank().newest_codes().next().unwrap().1.digits.clone()
    }

    fn executed(&self, kind: Kind) -> usize {
        let bank = self.house.world.bank();
        bank.bank().entries().iter().filter(|entry| entry.kind == kind).count()
    }
}

/// Turns the switch of the sandbox's channel.
async fn turn_stop(engine: &Engine, stop: bool) {
    turn(engine, "channel:unionpay", stop).await;
}

async fn turn(engine: &Engine, switch: &str, stop: bool) {
    let switch = StopSwitch::named(switch).unwrap();
    let reason = Reason::new("operator", "a test").unwrap();
    engine.turn_stop(&switch, stop, &reason).await.unwrap();
}

fn key(name: &str) -> Idempotency {
    Idempotency { key: name.to_owned(), fingerprint: [7; 32] }
}
