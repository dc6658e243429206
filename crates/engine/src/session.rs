//! Hosted page sessions: a short-lived token for one borrower, of which only a hash is kept, and
//! what the platform already knows about that borrower, sealed.

use mingka_crypto::constant_time_eq;
use mingka_domain::effect::Subject;
use mingka_domain::environment::Environment;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::id::{PlatformId, SessionId};
use mingka_domain::precheck::{Entry, Values};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_store::{CommitError, PlatformRecord, SessionRecord, Unit};
use serde::{Deserialize, Serialize};

use crate::core::{Engine, hex, internal};
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::request::{Idempotency, NewSession};
use crate::seal::Index;
use crate::view::{OpenedSession, SessionView};

/// The longest token that is looked up, in characters.
const TOKEN_LENGTH_MAX: usize = 192;
/// How long a link may be entered again while nothing was begun: the answer to the first time may
/// never have reached the phone. Whoever enters last is the only one inside.
const REENTRY_MS: i64 = 120_000;

/// What a session remembers besides its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    lang: Lang,
    return_url: Option<String>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    entered: Option<Entered>,
}

/// Who is inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entered {
    /// When the link was entered for the first time.
    first_at: Timestamp,
    /// The hash of the visitor's own token, in hexadecimal.
    visitor: String,
}

/// What a platform already knew about the borrower of a session. Its fields print redacted and are
/// wiped when dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefill {
    /// The holder's name.
    pub name: Option<HolderName>,
    /// The ID number.
    pub id_number: Option<IdNumber>,
    /// The reserved phone.
    pub phone: Option<ReservedPhone>,
}

impl Engine {
    /// Opens a session. The same key and body get the same session and the same token.
    ///
    /// # Errors
    /// When something given must be corrected, the key was used for something else, the platform is
    /// unknown or the store is away.
    pub async fn open_session(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewSession<'_>,
    ) -> Result<OpenedSession, EngineError> {
        let now = self.now();
        if let Some(opened) = self.earlier_session(platform, &idempotency, now).await? {
            return Ok(opened);
        }
        let (record, session) = self.new_session(platform, new, now).await?;
        // Nothing is waited for, so the key is taken and answered in one unit.
        let answer = to_json(&session)?;
        let subject = Subject::Session(record.id);
        let key = self.take_key(platform, &idempotency, subject, Some(answer), now);
        match self.store().commit(Unit::new(key).writes([record.insert()])).await {
            Ok(_) => Ok(self.opened(session)),
            Err(error) if lost_key(&error) => {
                let first = self.earlier_session(platform, &idempotency, now).await?;
                first.ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a session for this house itself, which repeats nothing and so needs no key.
    ///
    /// # Errors
    /// As [`Engine::open_session`].
    pub async fn open_own_session(
        &self,
        platform: PlatformId,
        new: NewSession<'_>,
    ) -> Result<OpenedSession, EngineError> {
        let (record, session) = self.new_session(platform, new, self.now()).await?;
        self.store().commit(Unit::new(record.insert())).await?;
        Ok(self.opened(session))
    }

    /// Enters a session by the token of its link, which opens it once: what comes back is the
    /// visitor's own token, for the cookie. For two minutes after the first time, and while nothing
    /// was begun, the link may be entered again; then the visitor before is outside.
    ///
    /// # Errors
    /// When there is none, its time is over, or the link was used.
    pub async fn enter(&self, token: &str) -> Result<OpenedSession, EngineError> {
        let now = self.now();
        let mut record = self.record_of_token(token).await?;
        let mut remembered = remembered(&record)?;
        let first_at = match remembered.entered {
            None => now,
            Some(entered) => {
                let late = now.since_ms(entered.first_at) >= REENTRY_MS;
                if late || record.binding.is_some() {
                    return Err(EngineError::Unauthorized);
                }
                entered.first_at
            }
        };
        let visitor = hex(&self.random::<32>());
        remembered.entered = Some(Entered { first_at, visitor: hex(&token_hash(&visitor)) });
        record.settings = to_json(&remembered)?;
        let entering = self.store().commit(Unit::new(record.update())).await;
        // Somebody else was quicker: with that the link was used.
        entering.map_err(|error| match error {
            CommitError::Stale { .. } => EngineError::Unauthorized,
            other => other.into(),
        })?;
        let session = self.session_view(&record).await?;
        Ok(OpenedSession { token: format!("{token}.{visitor}"), session })
    }

    /// The session of a visitor, and what was known about its borrower when it was opened: for the
    /// page, which shows it masked and uses it when the borrower leaves it as it is.
    ///
    /// # Errors
    /// When there is none, its time is over, or somebody entered it after this visitor.
    pub async fn visit(&self, token: &str) -> Result<(SessionView, Prefill), EngineError> {
        let (link, visitor) = token.split_once('.').ok_or(EngineError::Unauthorized)?;
        let record = self.record_of_token(link).await?;
        let inside = remembered(&record)?.entered.map(|entered| entered.visitor);
        let claimed = hex(&token_hash(visitor));
        if !inside.is_some_and(|inside| constant_time_eq(inside.as_bytes(), claimed.as_bytes())) {
            return Err(EngineError::Unauthorized);
        }
        let session = self.session_view(&record).await?;
        let sealed = record.prefill_sealed.as_deref();
        let prefill = sealed.map(|sealed| self.open_prefill(&record.id.to_string(), sealed));
        // What does not open is asked for: the borrower can go on, and the log has the fault.
        Ok((session, prefill.and_then(Result::ok).unwrap_or_default()))
    }

    async fn earlier_session(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<OpenedSession>, EngineError> {
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(session) => Ok(Some(self.opened(session))),
            Earlier::Unanswered(Subject::Session(_)) => Err(EngineError::InProgress),
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }

    async fn new_session(
        &self,
        platform: PlatformId,
        new: NewSession<'_>,
        now: Timestamp,
    ) -> Result<(SessionRecord, SessionView), EngineError> {
        let owner = self.platform_record(platform).await?;
        let prefill = self.prefill(&new)?;
        let remembered = Remembered {
            lang: new.lang,
            return_url: new.return_url,
            environment: new.environment,
            entered: None,
        };
        let id: SessionId = self.new_id(now);
        let record = SessionRecord {
            id,
            platform,
            version: 1,
            token_hash: token_hash(&self.token(id)),
            borrower_ref: new.borrower_ref,
            binding: None,
            prefill_sealed: self.seal_prefill(&id.to_string(), &prefill),
            settings: to_json(&remembered)?,
            created_at: now,
            expires_at: now.plus_ms(self.settings().session_valid_ms),
        };
        let session = view(&record, &owner)?;
        Ok((record, session))
    }

    /// What is known, parsed. A remark is kept for the borrower, who can say more about it.
    fn prefill(&self, new: &NewSession<'_>) -> Result<Prefill, EngineError> {
        let entry = Entry {
            name: new.name,
            id_number: new.id_number,
            phone: new.phone,
            ..Entry::default()
        };
        let checked = self.precheck(&entry, &Environment::default());
        if checked.stopped() {
            return Err(EngineError::Findings(checked.findings));
        }
        let Values { name, id_number, phone, .. } = checked.values;
        Ok(Prefill { name, id_number, phone })
    }

    /// The token of a session's page: nobody can make it from the id without the keys, and with
    /// them it can be given again without being kept. It outlives a rotation of the sealing keys.
    fn token(&self, id: SessionId) -> String {
        hex(&self.index(Index::SessionToken, &id.to_string()))
    }

    fn opened(&self, session: SessionView) -> OpenedSession {
        OpenedSession { token: self.token(session.id), session }
    }

    async fn record_of_token(&self, token: &str) -> Result<SessionRecord, EngineError> {
        if token.is_empty() || token.len() > TOKEN_LENGTH_MAX {
            return Err(EngineError::Unauthorized);
        }
        let found = self.store().session_by_token(&token_hash(token)).await?;
        let record = found.ok_or(EngineError::Unauthorized)?;
        self.still_open(&record)?;
        Ok(record)
    }

    async fn session_view(&self, record: &SessionRecord) -> Result<SessionView, EngineError> {
        let owner = self.platform_record(record.platform).await?;
        view(record, &owner)
    }

    /// A platform's own session that is still open.
    pub(crate) async fn open_session_of(
        &self,
        platform: PlatformId,
        id: SessionId,
    ) -> Result<SessionRecord, EngineError> {
        let record = self.store().session(platform, id).await?.ok_or(EngineError::NotFound)?;
        self.still_open(&record)?;
        Ok(record)
    }

    fn still_open(&self, record: &SessionRecord) -> Result<(), EngineError> {
        let over: bool = self.now() >= record.expires_at;
        if over { Err(EngineError::Unauthorized) } else { Ok(()) }
    }

    pub(crate) async fn platform_record(
        &self,
        id: PlatformId,
    ) -> Result<PlatformRecord, EngineError> {
        self.store().platform(id).await?.ok_or(EngineError::NotFound)
    }
}

fn view(record: &SessionRecord, owner: &PlatformRecord) -> Result<SessionView, EngineError> {
    let remembered = remembered(record)?;
    Ok(SessionView {
        id: record.id,
        platform: record.platform,
        platform_name: owner.name.clone(),
        borrower_ref: record.borrower_ref.clone(),
        lang: remembered.lang,
        return_url: remembered.return_url,
        binding: record.binding,
        environment: remembered.environment,
        expires_at: record.expires_at,
        created_at: record.created_at,
    })
}

fn remembered(record: &SessionRecord) -> Result<Remembered, EngineError> {
    serde_json::from_str(&record.settings)
        .map_err(|error| internal("a session cannot be read", &error))
}

fn token_hash(token: &str) -> [u8; 32] {
    mingka_crypto::digest::sha256(token.as_bytes())
}
