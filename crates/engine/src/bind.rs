//! Binding a card: check, ask for consent, make everything durable in one commit, have the bank
//! send a code, make its answer durable in one more.

use mingka_channels::{Elements, Request};
use mingka_domain::binding::{Binding, CodeEvent, Event, Terms};
use mingka_domain::consent::ConsentKind;
use mingka_domain::effect::{Effect, Subject};
use mingka_domain::finding::Finding;
use mingka_domain::holder::FourElements;
use mingka_domain::id::{BindingId, PlatformId, kind};
use mingka_domain::outcome::Operation;
use mingka_domain::precheck::Entry;
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, BindingRecord, CommitError, Cursor, EventRecord, Listed, Quota, SessionRecord,
    StepRecord, Unit,
};

use crate::channel::Channel;
use crate::conclude::{Answer, Conclusion};
use crate::consent::Accepted;
use crate::core::Engine;
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::machine::{History, Loaded, loaded};
use crate::perform::{Room, STEP_EXPIRY, step_id};
use crate::request::{Idempotency, NewBinding};
use crate::seal::Purpose;
use crate::view::BindingView;

impl Engine {
    /// Begins a binding and has the bank send a code. The answer comes when the bank has spoken, or
    /// has been silent for too long.
    ///
    /// # Errors
    /// What must be corrected, which consents are missing, what is too often, or who is away.
    pub async fn bind(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewBinding<'_>,
    ) -> Result<BindingView, EngineError> {
        if let Some(view) = self.earlier_binding(platform, &idempotency).await? {
            return Ok(view);
        }
        let elements = self.four_elements(&new)?;
        let accepted = self.check_consents(platform, &ConsentKind::ALL, &new.consents).await?;
        let session = match new.page {
            Some(page) => {
                let session = self.open_session_of(platform, page.session).await?;
                if session.binding != page.showed {
                    return Err(EngineError::InProgress);
                }
                Some(session)
            }
            None => None,
        };
        let now = self.now();
        let channel = self.route(Operation::SendCode, platform, Some(&elements.name), now)?;
        let elements = Elements::from(elements);
        let card_index = self.card_index(&elements.card_number);
        let on_page = new.page.map(|page| page.session);
        let phone = elements.reserved_phone.as_ref();
        let quotas = self.code_quotas(platform, on_page, &card_index, phone);
        self.check_code_quotas(&quotas, now).await?;
        let room = self.room().await?;
        let start = Start {
            platform,
            idempotency: idempotency.clone(),
            channel: channel.code.clone(),
            elements,
            quotas,
            accepted,
            session,
            borrower_ref: new.borrower_ref,
        };
        let engine = self.clone();
        match self.to_the_end(async move { engine.start_binding(start, room).await }).await? {
            Some(view) => Ok(view),
            None => {
                self.earlier_binding(platform, &idempotency).await?.ok_or(EngineError::InProgress)
            }
        }
    }

    /// One binding.
    ///
    /// # Errors
    /// When it is not there, or belongs to another platform.
    pub async fn binding(
        &self,
        platform: PlatformId,
        id: BindingId,
    ) -> Result<BindingView, EngineError> {
        let binding = self.load(platform, id).await?;
        let history = self.history_of(&binding).await?;
        self.binding_view(&binding, &history)
    }

    /// A platform's bindings, or one borrower's, newest first. Timelines and consents are left out.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn bindings(
        &self,
        platform: PlatformId,
        borrower_ref: Option<&str>,
        cursor: Cursor<kind::Binding>,
    ) -> Result<Listed<BindingView>, EngineError> {
        let listed = match borrower_ref {
            Some(whose) => self.store().bindings_of_borrower(platform, whose, cursor).await?,
            None => self.store().bindings(platform, cursor).await?,
        };
        listed.try_map(|record| self.binding_view(&loaded(record)?, &History::default()))
    }

    /// The answer an earlier request with this key had, or would have had if its process had lived.
    pub(crate) async fn earlier_binding(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
    ) -> Result<Option<BindingView>, EngineError> {
        let now = self.now();
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(view) => Ok(Some(view)),
            Earlier::Unanswered(Subject::Binding(id)) => {
                let binding = self.load(platform, id).await?;
                if binding.machine.in_flight().is_some() {
                    return Err(EngineError::InProgress);
                }
                let history = self.history_of(&binding).await?;
                let view = self.binding_view(&binding, &history)?;
                self.answer_late(platform, idempotency, view, now).await.map(Some)
            }
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }

    fn four_elements(&self, new: &NewBinding<'_>) -> Result<FourElements, EngineError> {
        // All four are needed: what was not asked for counts as left empty.
        let entry = Entry {
            card_number: new.entry.card_number.or(Some("")),
            name: new.entry.name.or(Some("")),
            id_number: new.entry.id_number.or(Some("")),
            phone: new.entry.phone.or(Some("")),
            ..new.entry
        };
        let checked = self.precheck(&entry, &new.environment);
        let findings: Vec<Finding> = checked.findings;
        checked.parsed.ok_or(EngineError::Findings(findings))
    }

    /// `None` when another request with the same key was quicker.
    async fn start_binding(
        &self,
        start: Start,
        room: Room,
    ) -> Result<Option<BindingView>, EngineError> {
        let now = self.now();
        let channel = self.channel(&start.channel)?;
        let terms = channel.terms(self.settings());
        let draft = self.first_rows(&start, channel, &terms, now)?;
        let Draft { binding, attempt, step, unit } = draft;
        let request = Request::SendCode { elements: start.elements };
        let early = self.plant_early_send(channel, &attempt, &request).await;
        let committed = match self.store().commit(unit).await {
            Ok(committed) => committed,
            Err(error) if lost_key(&error) => return Ok(None),
            Err(CommitError::Full { .. }) => return Err(self.lost_place(&start.quotas, now).await),
            Err(error) => return Err(error.into()),
        };
        tracing::info!(binding.id = %binding.record.id, attempt.id = %attempt.id,
            channel.code = channel.code, "a binding begins; its code is being asked for");
        let heard = match early {
            Some(heard) => heard,
            None => self.exchange(committed, channel, &attempt, &request).await,
        };
        drop(room);
        let what = heard.code_event(self.dictionary());
        let conclusion = Conclusion {
            platform: start.platform,
            binding: binding.record.id,
            attempt: attempt.id,
            event: Event::Code { attempt: attempt.id, what },
            heard: Some(&heard),
            step: Some(&step),
            answer: Some((&start.idempotency.key, Answer::Binding)),
        };
        match self.conclude_from(&conclusion, Some((binding, attempt))).await? {
            Some(view) => Ok(Some(view)),
            None => self.earlier_binding(start.platform, &start.idempotency).await,
        }
    }

    fn first_rows(
        &self,
        start: &Start,
        channel: &Channel,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Draft, EngineError> {
        let id: BindingId = self.new_id(now);
        let elements = &start.elements;
        let card_index = self.card_index(&elements.card_number);
        let machine = Binding::open(terms.clone(), now);
        let opened = BindingRecord {
            id,
            platform: start.platform,
            version: 1,
            state: machine.name().to_owned(),
            machine: to_json(&machine)?,
            sealed: self.seal_kept(Purpose::Binding, &id.to_string(), &elements.clone().into()),
            card_index,
            card: self.masked_card(&elements.card_number),
            borrower_ref: start.borrower_ref.clone(),
            channel: channel.code.clone(),
            session: start.session.as_ref().map(|session| session.id),
            created_at: now,
            updated_at: now,
        };
        let opened_event = Event::Opened { terms: terms.clone() };
        let opened_event = EventRecord {
            subject: id.into(),
            seq: 1,
            platform: start.platform,
            at: now,
            kind: opened_event.name().to_owned(),
            body: to_json(&opened_event)?,
        };
        let owner = (start.platform, Subject::Binding(id));
        let order = (None, Some(card_index));
        let attempt = self.attempt(owner, channel, Operation::SendCode, order, now);
        let step = self.attempt_step(&attempt, terms.exchange_ms, now);
        let event = Event::Code { attempt: attempt.id, what: CodeEvent::Requested };
        let changed = Loaded { record: opened, machine }.apply(event, now)?;
        let effects: Vec<Effect> = changed.effects.clone();
        let last_event = changed.event.clone();
        let binding = changed.loaded();
        let expiry_at = now.plus_ms(terms.valid_ms);
        let expiry =
            StepRecord::new(step_id(&id.hex()), start.platform, STEP_EXPIRY, owner.1, expiry_at);
        let key = self.take_key(start.platform, &start.idempotency, owner.1, None, now);
        let unit = Unit::new(key)
            .writes(start.quotas.iter().map(|quota| quota.take(now)))
            .writes([binding.record.insert(), opened_event.insert(), last_event.insert()])
            .writes([attempt.insert(), step.insert(), expiry.insert()])
            .writes(start.accepted.iter().flat_map(|yes| yes.keep(start.platform, owner.1, now)))
            .writes(
                start
                    .session
                    .iter()
                    .map(|session| SessionRecord { binding: Some(id), ..session.clone() }.update()),
            )
            .effects(effects);
        Ok(Draft { binding, attempt, step, unit })
    }
}

/// A binding that may begin.
struct Start {
    platform: PlatformId,
    idempotency: Idempotency,
    channel: String,
    elements: Elements,
    quotas: Vec<Quota>,
    accepted: Vec<Accepted>,
    session: Option<SessionRecord>,
    borrower_ref: Option<String>,
}

struct Draft {
    binding: Loaded,
    attempt: AttemptRecord,
    step: StepRecord,
    unit: Unit,
}
