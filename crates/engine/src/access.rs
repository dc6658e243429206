//! Platforms and their API keys. A key is shown once; afterwards only its hash is known.

use mingka_crypto::constant_time_eq;
use mingka_crypto::digest::sha256;
use mingka_domain::id::{ApiKeyId, PlatformId};
use mingka_domain::secret::Secret;
use mingka_domain::time::HOUR_MS;
use mingka_store::{ApiKeyRecord, LenderRecord, PlatformRecord, Unit};

use crate::core::{Engine, hex};
use crate::error::EngineError;
use crate::payment::DEFAULT_LENDER;
use crate::request::{Caller, NewApiKey, Scope};
use crate::view::{ApiKeyView, IssuedApiKey, PlatformView};

/// What every key begins with, so that a leaked one is recognised.
const KEY_BEGINNING: &str = "mk_";
/// How many hexadecimal digits of a key find its row.
pub(crate) const KEY_PREFIX_DIGITS: usize = 16;
/// The longest key that is looked at, in characters.
const KEY_LENGTH_MAX: usize = 128;

impl Engine {
    /// Makes a platform, and a lender for its own money.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn create_platform(&self, name: &str) -> Result<PlatformView, EngineError> {
        let now = self.now();
        let record = PlatformRecord {
            id: self.new_id(now),
            version: 1,
            name: name.to_owned(),
            created_at: now,
            stopped_at: None,
        };
        let itself = LenderRecord {
            id: self.new_id(now),
            platform: record.id,
            code: DEFAULT_LENDER.to_owned(),
            name: name.to_owned(),
            created_at: now,
        };
        self.store().commit(Unit::new(record.insert()).write(itself.insert())).await?;
        Ok(platform_view(record))
    }

    /// All platforms, oldest first: for the operator.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn platforms(&self) -> Result<Vec<PlatformView>, EngineError> {
        Ok(self.store().platforms().await?.into_iter().map(platform_view).collect())
    }

    /// A platform's API keys, the oldest first: their beginnings and dates, never the keys.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn api_keys(&self, platform: PlatformId) -> Result<Vec<ApiKeyView>, EngineError> {
        let records = self.store().api_keys(platform).await?;
        Ok(records.into_iter().map(api_key_view).collect())
    }

    /// Makes an API key of a platform. This is the only time it is shown.
    ///
    /// # Errors
    /// When there is no such platform, or the store is away.
    pub async fn create_api_key(
        &self,
        platform: PlatformId,
        new: NewApiKey,
    ) -> Result<IssuedApiKey, EngineError> {
        self.platform_record(platform).await?;
        let now = self.now();
        let prefix = format!("{KEY_BEGINNING}{}", hex(&self.random::<{ KEY_PREFIX_DIGITS / 2 }>()));
        let key = Secret::new(format!("{prefix}_{}", hex(&self.random::<24>())));
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.name()).collect();
        let record = ApiKeyRecord {
            id: self.new_id(now),
            platform,
            prefix,
            hash: sha256(key.expose().as_bytes()),
            scopes: scopes.join(" "),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.store().commit(Unit::new(record.insert())).await?;
        tracing::info!(platform.id = %platform, key.id = %record.id, "an API key was made");
        Ok(IssuedApiKey { id: record.id, key })
    }

    /// Takes an API key back.
    ///
    /// # Errors
    /// When it is not there, or taken back already.
    pub async fn revoke_api_key(
        &self,
        platform: PlatformId,
        id: ApiKeyId,
    ) -> Result<(), EngineError> {
        let unit = Unit::new(ApiKeyRecord::revoke(platform, id, self.now()));
        match self.store().commit(unit).await {
            Ok(_) => Ok(()),
            Err(mingka_store::CommitError::Stale { .. }) => Err(EngineError::NotFound),
            Err(error) => Err(error.into()),
        }
    }

    /// Who calls with this key.
    ///
    /// # Errors
    /// When the key is unknown, over or taken back, or its platform is stopped.
    pub async fn authenticate(&self, key: &str) -> Result<Caller, EngineError> {
        let prefix = prefix_of(key, KEY_BEGINNING).ok_or(EngineError::Unauthorized)?;
        let found = self.store().api_key_by_prefix(prefix).await?;
        let record = found.ok_or(EngineError::Unauthorized)?;
        if !constant_time_eq(&record.hash, &sha256(key.as_bytes())) {
            return Err(EngineError::Unauthorized);
        }
        if !self.opens(&record).await? {
            return Err(EngineError::Unauthorized);
        }
        self.note_use(&record);
        let scopes = record.scopes.split(' ').filter_map(Scope::from_name).collect();
        Ok(Caller { platform: record.platform, key: record.id, scopes })
    }

    /// Keeps when a key was used last, to the hour: enough to see which one nobody needs any more.
    /// A store that cannot write keeps nobody out.
    fn note_use(&self, record: &ApiKeyRecord) {
        let now = self.now();
        let lately = now.plus_ms(-HOUR_MS);
        if record.last_used_at.is_none_or(|used_at| used_at <= lately) {
            let unit = Unit::new(ApiKeyRecord::touch(record.id, now, HOUR_MS));
            // Nobody waits for it. `Stale` says that another request has just kept it.
            let store = self.store().clone();
            tokio::spawn(async move { store.commit(unit).await.map(|_| ()) });
        }
    }

    /// Whether a key that opened something still opens it: for what stays open for long.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn still_opens(
        &self,
        platform: PlatformId,
        key: ApiKeyId,
    ) -> Result<bool, EngineError> {
        let keys = self.store().api_keys(platform).await?;
        match keys.iter().find(|record| record.id == key) {
            Some(record) => self.opens(record).await,
            None => Ok(false),
        }
    }

    /// Whether a key is neither over nor taken back, and its platform goes on.
    async fn opens(&self, record: &ApiKeyRecord) -> Result<bool, EngineError> {
        let over = record.expires_at.is_some_and(|expires_at| self.now() >= expires_at);
        let stopped = self.platform_record(record.platform).await?.stopped_at.is_some();
        Ok(!over && !stopped && record.revoked_at.is_none())
    }
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Bind,
        Self::Verify,
        Self::Pay,
        Self::Webhooks,
        Self::Statements,
        Self::Stop,
        Self::Agreements,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Bind => "bind",
            Self::Verify => "verify",
            Self::Pay => "pay",
            Self::Webhooks => "webhooks",
            Self::Statements => "statements",
            Self::Stop => "stop",
            Self::Agreements => "agreements",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

fn api_key_view(record: ApiKeyRecord) -> ApiKeyView {
    ApiKeyView {
        id: record.id,
        prefix: record.prefix,
        created_at: record.created_at,
        expires_at: record.expires_at,
        revoked_at: record.revoked_at,
        last_used_at: record.last_used_at,
    }
}

fn platform_view(record: PlatformRecord) -> PlatformView {
    PlatformView { id: record.id, name: record.name, created_at: record.created_at }
}

/// The part of a key that finds its row, where the key begins as its kind does.
pub(crate) fn prefix_of<'a>(key: &'a str, beginning: &str) -> Option<&'a str> {
    let within = key.len() <= KEY_LENGTH_MAX && key.is_ascii();
    let end = beginning.len() + KEY_PREFIX_DIGITS;
    key.get(..end).filter(|prefix| within && prefix.starts_with(beginning))
}
