//! Persons of the house (操作人). A personal key is shown once; afterwards only its hash is known.

use mingka_crypto::constant_time_eq;
use mingka_crypto::digest::sha256;
use mingka_domain::id::PrincipalId;
use mingka_domain::secret::Secret;
use mingka_store::{CommitError, PrincipalRecord, Unit};

use crate::access::{KEY_PREFIX_DIGITS, prefix_of};
use crate::core::{Engine, hex};
use crate::error::EngineError;
use crate::request::{Person, Role};
use crate::view::{IssuedPersonKey, PrincipalView};

/// What every personal key begins with, so that a leaked one is recognised.
const KEY_BEGINNING: &str = "mp_";

impl Engine {
    /// Makes a person and their personal key. This is the only time it is shown.
    ///
    /// # Errors
    /// `InProgress` when there is a person of this name already.
    pub async fn create_principal(
        &self,
        name: &str,
        roles: &[Role],
    ) -> Result<IssuedPersonKey, EngineError> {
        let now = self.now();
        let prefix = format!("{KEY_BEGINNING}{}", hex(&self.random::<{ KEY_PREFIX_DIGITS / 2 }>()));
        let key = Secret::new(format!("{prefix}_{}", hex(&self.random::<24>())));
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        let record = PrincipalRecord {
            id: self.new_id(now),
            name: name.to_owned(),
            roles: names.join(" "),
            prefix,
            hash: sha256(key.expose().as_bytes()),
            created_at: now,
            revoked_at: None,
        };
        self.store().commit(Unit::new(record.insert())).await?;
        tracing::warn!(principal.id = %record.id, principal.roles = record.roles,
            "a person of the house was made");
        Ok(IssuedPersonKey { id: record.id, key })
    }

    /// Everybody, oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn principals(&self) -> Result<Vec<PrincipalView>, EngineError> {
        Ok(self.store().principals().await?.into_iter().map(PrincipalView::from).collect())
    }

    /// Takes a person's key back; effective at once.
    ///
    /// # Errors
    /// When they are not there, or were taken back already.
    pub async fn revoke_principal(&self, id: PrincipalId) -> Result<(), EngineError> {
        match self.store().commit(Unit::new(PrincipalRecord::revoke(id, self.now()))).await {
            Ok(_) => {
                tracing::warn!(principal.id = %id, "a person's key was taken back");
                Ok(())
            }
            Err(CommitError::Stale { .. }) => Err(EngineError::NotFound),
            Err(error) => Err(error.into()),
        }
    }

    /// Who has this personal key.
    ///
    /// # Errors
    /// When the key is unknown or taken back.
    pub async fn person(&self, key: &str) -> Result<Person, EngineError> {
        let prefix = prefix_of(key, KEY_BEGINNING).ok_or(EngineError::Unauthorized)?;
        let found = self.store().principal_by_prefix(prefix).await?;
        let record = found.ok_or(EngineError::Unauthorized)?;
        let right = constant_time_eq(&record.hash, &sha256(key.as_bytes()));
        if !right || record.revoked_at.is_some() {
            return Err(EngineError::Unauthorized);
        }
        let roles = record.roles.split(' ').filter_map(Role::from_name).collect();
        Ok(Person { id: record.id, name: record.name, roles })
    }

    /// Whether a text is meant as a personal key.
    #[must_use]
    pub fn is_person_key(key: &str) -> bool {
        key.starts_with(KEY_BEGINNING)
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Look, Self::Operate, Self::Approve];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Operate => "operate",
            Self::Approve => "approve",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl From<PrincipalRecord> for PrincipalView {
    fn from(record: PrincipalRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            roles: record.roles.split(' ').filter_map(Role::from_name).collect(),
            created_at: record.created_at,
            revoked_at: record.revoked_at,
        }
    }
}
