//! Hosted page sessions: a short-lived token for one borrower, of which only a hash is kept.

use mingka_domain::id::{PlatformId, SessionId};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_store::{PlatformRecord, SessionRecord, Unit};
use serde::{Deserialize, Serialize};

use crate::core::{Engine, hex, internal};
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::request::NewSession;
use crate::view::{OpenedSession, SessionView};

/// The longest token that is looked up, in characters.
const TOKEN_LENGTH_MAX: usize = 128;

/// What a session remembers besides its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    lang: Lang,
    return_url: Option<String>,
}

impl Engine {
    /// Opens a session. Its token is shown here and never again.
    ///
    /// # Errors
    /// When the platform is unknown or the store is away.
    pub async fn open_session(
        &self,
        platform: PlatformId,
        new: NewSession,
    ) -> Result<OpenedSession, EngineError> {
        let owner = self.platform_record(platform).await?;
        let now = self.now();
        let token = hex(&self.random::<32>());
        let remembered = Remembered { lang: new.lang, return_url: new.return_url };
        let record = SessionRecord {
            id: self.new_id(now),
            platform,
            version: 1,
            token_hash: token_hash(&token),
            borrower_ref: new.borrower_ref,
            binding: None,
            prefill_sealed: None,
            settings: to_json(&remembered)?,
            created_at: now,
            expires_at: now.plus_ms(self.settings().session_valid_ms),
        };
        self.store().commit(Unit::new(record.insert())).await?;
        Ok(OpenedSession { session: view(&record, &owner)?, token })
    }

    /// The session of a token.
    ///
    /// # Errors
    /// When there is none, or its time is over.
    pub async fn session(&self, token: &str) -> Result<SessionView, EngineError> {
        if token.is_empty() || token.len() > TOKEN_LENGTH_MAX {
            return Err(EngineError::Unauthorized);
        }
        let found = self.store().session_by_token(&token_hash(token)).await?;
        let record = found.ok_or(EngineError::Unauthorized)?;
        self.still_open(&record)?;
        let owner = self.platform_record(record.platform).await?;
        view(&record, &owner)
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
    let remembered: Remembered = serde_json::from_str(&record.settings)
        .map_err(|error| internal("a session cannot be read", &error))?;
    let created_at: Timestamp = record.created_at;
    Ok(SessionView {
        id: record.id,
        platform: record.platform,
        platform_name: owner.name.clone(),
        borrower_ref: record.borrower_ref.clone(),
        lang: remembered.lang,
        return_url: remembered.return_url,
        binding: record.binding,
        expires_at: record.expires_at,
        created_at,
    })
}

fn token_hash(token: &str) -> [u8; 32] {
    mingka_crypto::digest::sha256(token.as_bytes())
}
