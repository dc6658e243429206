//! The same key and the same body get the same answer; the same key with another body is an error;
//! while the first request is running there is no answer yet.

use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::time::Timestamp;
use mingka_store::{CommitError, IdempotencyRecord, Statement, Unit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::request::Idempotency;

/// What is known about a key before its request is begun.
pub(crate) enum Earlier<T> {
    /// It was never used.
    None,
    /// It was answered.
    Answered(T),
    /// It was used for this and has no answer: running, or interrupted.
    Unanswered(Subject),
}

impl Engine {
    /// Looks the key up.
    pub(crate) async fn earlier<T: DeserializeOwned>(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Earlier<T>, EngineError> {
        let found = self.store().idempotency(platform, &idempotency.key, now).await?;
        earlier_of(found, idempotency)
    }

    /// The guard of the first unit of a request: takes the key, with or without an answer already.
    pub(crate) fn take_key(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        subject: Subject,
        answer: Option<String>,
        now: Timestamp,
    ) -> Statement {
        let kept = (now, self.settings().idempotency_kept_ms);
        self.take_key_kept(platform, idempotency, subject, answer, kept)
    }

    /// The same, kept for so many milliseconds from now.
    pub(crate) fn take_key_kept(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        subject: Subject,
        answer: Option<String>,
        (now, kept_ms): (Timestamp, i64),
    ) -> Statement {
        IdempotencyRecord {
            platform,
            key: idempotency.key.clone(),
            fingerprint: idempotency.fingerprint,
            subject,
            answer,
            created_at: now,
            expires_at: now.plus_ms(kept_ms),
        }
        .insert()
    }

    /// Stores the answer of a request whose process did not live to do so, and gives it. Whoever
    /// stored one first is right.
    pub(crate) async fn answer_late<T>(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        view: T,
        now: Timestamp,
    ) -> Result<T, EngineError>
    where
        T: Serialize + DeserializeOwned,
    {
        let answer = to_json(&view)?;
        let statement = IdempotencyRecord::answer(platform, &idempotency.key, &answer);
        match self.store().commit(Unit::new(statement)).await {
            Ok(_) => Ok(view),
            Err(CommitError::Stale { .. }) => {
                match self.earlier(platform, idempotency, now).await? {
                    Earlier::Answered(view) => Ok(view),
                    Earlier::None | Earlier::Unanswered(_) => Err(EngineError::InProgress),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a key's row says of a request.
pub(crate) fn earlier_of<T: DeserializeOwned>(
    found: Option<IdempotencyRecord>,
    idempotency: &Idempotency,
) -> Result<Earlier<T>, EngineError> {
    let Some(record) = found else { return Ok(Earlier::None) };
    if record.fingerprint != idempotency.fingerprint {
        return Err(EngineError::IdempotencyMismatch);
    }
    match record.answer {
        None => Ok(Earlier::Unanswered(record.subject)),
        Some(answer) => serde_json::from_str(&answer)
            .map(Earlier::Answered)
            .map_err(|error| internal("a stored answer cannot be read", &error)),
    }
}

/// A view as JSON.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| internal("a value cannot be written", &error))
}

/// Whether a commit lost because the key was taken meanwhile.
pub(crate) fn lost_key(error: &CommitError) -> bool {
    matches!(error, CommitError::Duplicate { table: "idempotency" })
}
