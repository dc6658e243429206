//! A platform's endpoints: made, changed, disabled, their secrets changed. A secret is shown when
//! it is made and signs beside its successor for a day.

use mingka_domain::effect::Subject;
use mingka_domain::id::{EndpointId, PlatformId};
use mingka_domain::secret::Secret;
use mingka_domain::text::Lang;
use mingka_domain::time::{DAY_MS, Timestamp};
use mingka_store::{CommitError, EndpointRecord, EventRecord, Unit};
use serde_json::json;

use super::Hooks;
use super::sign::secret_of;
use super::types::is_choice;
use super::view::{EndpointView, IssuedEndpoint};
use crate::core::{Engine, internal};
use crate::error::{EndpointError, EngineError};
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::request::{EndpointChange, Idempotency, NewEndpoint};
use crate::seal::Purpose;

/// How many endpoints of one platform may be told something.
const ENDPOINT_COUNT_MAX: usize = 16;
/// How long a secret signs beside the one that took its place.
const OLD_SECRET_MS: i64 = DAY_MS;

/// Somebody asked for it.
pub(super) const DISABLED_ASKED: &str = "asked";
/// Nothing got through for days.
pub(super) const DISABLED_FAILING: &str = "failing";
/// The endpoint said that it is gone.
pub(super) const DISABLED_GONE: &str = "gone";

impl Engine {
    /// Makes an endpoint and its secret. The same key and body get the same endpoint, and its
    /// secret as long as that is the newest.
    ///
    /// # Errors
    /// When its address may not be called, a type is unknown, or there are too many.
    pub async fn create_endpoint(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        new: NewEndpoint,
    ) -> Result<IssuedEndpoint, EngineError> {
        let now = self.now();
        if let Some(issued) = self.earlier_endpoint(platform, &idempotency, now).await? {
            return Ok(issued);
        }
        self.hooks()?.poster.judge(&new.url).map_err(EndpointError::Address)?;
        let event_types = choices(&new.event_types)?;
        let open = self.store().endpoints(platform).await?;
        let open = open.iter().filter(|endpoint| endpoint.disabled_at.is_none()).count();
        if open >= ENDPOINT_COUNT_MAX {
            return Err(EndpointError::TooMany { max: ENDPOINT_COUNT_MAX }.into());
        }
        let id: EndpointId = self.new_id(now);
        let secret = secret_of(&self.random());
        let record = EndpointRecord {
            id,
            platform,
            version: 1,
            url: new.url,
            event_types,
            description: new.description,
            lang: lang_name(new.lang).to_owned(),
            sealed: self.seal_secrets(id, &[&secret]),
            secret_at: now,
            old_secret_until: None,
            failing_since: None,
            disabled_at: None,
            disabled_why: None,
            created_at: now,
            updated_at: now,
        };
        let view = endpoint_view(&record);
        let key = self.take_key(platform, &idempotency, id.into(), Some(to_json(&view)?), now);
        let event = event_of(&record, 1, "created", None, now);
        match self.store().commit(Unit::new(key).writes([record.insert(), event.insert()])).await {
            Ok(_) => Ok(IssuedEndpoint { endpoint: view, secret: Some(secret) }),
            Err(error) if lost_key(&error) => {
                let first = self.earlier_endpoint(platform, &idempotency, now).await?;
                first.ok_or(EngineError::InProgress)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One endpoint.
    ///
    /// # Errors
    /// When it is not there, or belongs to another platform.
    pub async fn endpoint(
        &self,
        platform: PlatformId,
        id: EndpointId,
    ) -> Result<EndpointView, EngineError> {
        Ok(endpoint_view(&self.endpoint_record(platform, id).await?))
    }

    /// A platform's endpoints, oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn endpoints(&self, platform: PlatformId) -> Result<Vec<EndpointView>, EngineError> {
        Ok(self.store().endpoints(platform).await?.iter().map(endpoint_view).collect())
    }

    /// Changes what is given of an endpoint. Enabled again, it hears of what happens from then on;
    /// what it missed is in the feed.
    ///
    /// # Errors
    /// As when it is made; when somebody else changes it at the same time.
    pub async fn change_endpoint(
        &self,
        platform: PlatformId,
        id: EndpointId,
        change: EndpointChange,
    ) -> Result<EndpointView, EngineError> {
        let now = self.now();
        let mut record = self.endpoint_record(platform, id).await?;
        if let Some(url) = change.url {
            self.hooks()?.poster.judge(&url).map_err(EndpointError::Address)?;
            record.url = url;
        }
        if let Some(event_types) = change.event_types {
            record.event_types = choices(&event_types)?;
        }
        if let Some(description) = change.description {
            record.description = description;
        }
        if let Some(lang) = change.lang {
            lang_name(lang).clone_into(&mut record.lang);
        }
        let mut what = "changed";
        match change.disabled {
            Some(true) if record.disabled_at.is_none() => {
                (record.disabled_at, record.disabled_why) =
                    (Some(now), Some(DISABLED_ASKED.to_owned()));
                what = "disabled";
            }
            Some(false) if record.disabled_at.is_some() => {
                (record.disabled_at, record.disabled_why) = (None, None);
                record.failing_since = None;
                what = "enabled";
            }
            _ => {}
        }
        record.updated_at = now;
        let seq = record.version.saturating_add(1);
        let event = event_of(&record, seq, what, record.disabled_why.as_deref(), now);
        self.store().commit(Unit::new(record.update()).write(event.insert())).await?;
        record.version = seq;
        Ok(endpoint_view(&record))
    }

    /// Makes a new secret. The one before it signs as well for a day, so that the platform can take
    /// the new one into use whenever it likes.
    ///
    /// # Errors
    /// When the endpoint is not there, or somebody else changes it at the same time.
    pub async fn rotate_secret(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        id: EndpointId,
    ) -> Result<IssuedEndpoint, EngineError> {
        let now = self.now();
        if let Some(issued) = self.earlier_endpoint(platform, &idempotency, now).await? {
            return Ok(issued);
        }
        let mut record = self.endpoint_record(platform, id).await?;
        let secret = secret_of(&self.random());
        let newest = self.secrets_of(&record, now)?.into_iter().next();
        let old = newest.ok_or_else(|| internal("an endpoint has no secret", &id))?;
        record.sealed = self.seal_secrets(id, &[&secret, &old]);
        record.secret_at = now;
        record.old_secret_until = Some(now.plus_ms(OLD_SECRET_MS));
        record.updated_at = now;
        let seq = record.version.saturating_add(1);
        let rows =
            [record.update_secrets(), event_of(&record, seq, "secret_rotated", None, now).insert()];
        record.version = seq;
        let view = endpoint_view(&record);
        let key = self.take_key(platform, &idempotency, id.into(), Some(to_json(&view)?), now);
        self.store().commit(Unit::new(key).writes(rows)).await?;
        Ok(IssuedEndpoint { endpoint: view, secret: Some(secret) })
    }

    /// Stops telling an endpoint, and says so in an event. Whoever changed it meanwhile is right.
    pub(super) async fn disable_by_itself(
        &self,
        endpoint: &EndpointRecord,
        why: &str,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let mut record = self.endpoint_record(endpoint.platform, endpoint.id).await?;
        if record.disabled_at.is_some() {
            return Ok(());
        }
        (record.disabled_at, record.disabled_why) = (Some(now), Some(why.to_owned()));
        record.updated_at = now;
        let seq = record.version.saturating_add(1);
        let event = event_of(&record, seq, "disabled", Some(why), now);
        match self.store().commit(Unit::new(record.update()).write(event.insert())).await {
            Ok(_) => {
                tracing::warn!(endpoint.id = %record.id, why,
                    "an endpoint is told nothing any more");
                Ok(())
            }
            Err(CommitError::Stale { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The secrets that sign now, the newest first.
    pub(super) fn secrets_of(
        &self,
        endpoint: &EndpointRecord,
        now: Timestamp,
    ) -> Result<Vec<Secret>, EngineError> {
        let id = endpoint.id.to_string();
        let clear = self.open(Purpose::EndpointSecret, &id, &endpoint.sealed)?;
        let clear = std::str::from_utf8(&clear)
            .map_err(|error| internal("sealed secrets are not text", &error))?;
        let count = if endpoint.old_secret_until.is_some_and(|until| now < until) { 2 } else { 1 };
        Ok(clear.lines().take(count).map(|line| Secret::new(line.to_owned())).collect())
    }

    fn seal_secrets(&self, id: EndpointId, secrets: &[&Secret]) -> Vec<u8> {
        let mut lines = zeroize::Zeroizing::new(String::with_capacity(256));
        for secret in secrets {
            lines.push_str(secret.expose());
            lines.push('\n');
        }
        self.seal(Purpose::EndpointSecret, &id.to_string(), lines.as_bytes())
    }

    fn hooks(&self) -> Result<&Hooks, EngineError> {
        self.parts().hooks.as_ref().ok_or(EngineError::Unavailable)
    }

    pub(super) async fn endpoint_record(
        &self,
        platform: PlatformId,
        id: EndpointId,
    ) -> Result<EndpointRecord, EngineError> {
        self.store().endpoint(platform, id).await?.ok_or(EngineError::NotFound)
    }

    pub(super) async fn open_endpoint(
        &self,
        platform: PlatformId,
        id: EndpointId,
    ) -> Result<EndpointRecord, EngineError> {
        let record = self.endpoint_record(platform, id).await?;
        match record.disabled_at {
            None => Ok(record),
            Some(_) => Err(EndpointError::Disabled.into()),
        }
    }

    async fn earlier_endpoint(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<IssuedEndpoint>, EngineError> {
        let endpoint: EndpointView = match self.earlier(platform, idempotency, now).await? {
            Earlier::None => return Ok(None),
            Earlier::Answered(view) => view,
            Earlier::Unanswered(Subject::Endpoint(_)) => return Err(EngineError::InProgress),
            Earlier::Unanswered(_) => return Err(EngineError::IdempotencyMismatch),
        };
        let record = self.endpoint_record(platform, endpoint.id).await?;
        let newest = record.secret_at == endpoint.secret_at;
        let secret = self.secrets_of(&record, now)?.into_iter().next().filter(|_| newest);
        Ok(Some(IssuedEndpoint { endpoint, secret }))
    }
}

fn choices(event_types: &[String]) -> Result<String, EngineError> {
    if event_types.is_empty() {
        return Ok("*".to_owned());
    }
    match event_types.iter().position(|text| !is_choice(text)) {
        Some(index) => Err(EndpointError::EventType { index }.into()),
        None => Ok(event_types.join(" ")),
    }
}

/// What happened to an endpoint, as the log keeps it. Its number is the row's version from then on.
fn event_of(
    record: &EndpointRecord,
    seq: i64,
    kind: &str,
    why: Option<&str>,
    now: Timestamp,
) -> EventRecord {
    let why = if kind == "disabled" { why } else { None };
    EventRecord {
        subject: record.id.into(),
        seq,
        platform: record.platform,
        at: now,
        kind: kind.to_owned(),
        body: json!({ "event": kind, "why": why }).to_string(),
    }
}

fn endpoint_view(record: &EndpointRecord) -> EndpointView {
    EndpointView {
        id: record.id,
        url: record.url.clone(),
        event_types: record.event_types.split(' ').map(str::to_owned).collect(),
        description: record.description.clone(),
        lang: lang_of(record),
        secret_at: record.secret_at,
        old_secret_until: record.old_secret_until,
        failing_since: record.failing_since,
        disabled_at: record.disabled_at,
        disabled_why: record.disabled_why.clone(),
        created_at: record.created_at,
        updated_at: record.updated_at,
        version: u64::try_from(record.version).unwrap_or(0),
    }
}

const fn lang_name(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh",
        Lang::En => "en",
    }
}

pub(super) fn lang_of(record: &EndpointRecord) -> Lang {
    if record.lang == "en" { Lang::En } else { Lang::Zh }
}
