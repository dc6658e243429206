//! Which text was accepted, in which version and language, and when: kept before anything is sent,
//! with the text itself. Rows are only ever added.

use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

const TABLE: &str = "consents";
const TEXTS: &str = "consent_texts";

/// One row of `consents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRecord {
    /// For what it was given.
    pub subject: Subject,
    /// Which consent.
    pub kind: String,
    /// Whose borrower gave it.
    pub platform: PlatformId,
    /// The version of the document.
    pub document_version: String,
    /// The language it was read in.
    pub lang: String,
    /// The hash of the text as it was shown, 64 hexadecimal digits.
    pub sha256: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

impl ConsentRecord {
    /// Adds it; `Duplicate` when this consent was given for this subject already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            RowKey::new(TABLE, self.subject),
            "INSERT INTO consents (subject, kind, platform, document_version, lang, sha256,
                 accepted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                self.subject,
                &self.kind,
                self.platform,
                &self.document_version,
                &self.lang,
                &self.sha256,
                self.accepted_at
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            subject: row.subject()?,
            kind: row.text()?,
            platform: row.id()?,
            document_version: row.text()?,
            lang: row.text()?,
            sha256: row.text()?,
            accepted_at: row.time()?,
        })
    }
}

/// One row of `consent_texts`: a text exactly as it was read, under the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentTextRecord {
    /// The hash of `body`, 64 hexadecimal digits.
    pub sha256: String,
    /// Which consent.
    pub kind: String,
    /// The version of the document.
    pub version: String,
    /// Its language.
    pub lang: String,
    /// The text, names filled in.
    pub body: String,
    /// When it was first accepted.
    pub first_used_at: Timestamp,
}

impl ConsentTextRecord {
    /// Adds it, unless it is there already.
    #[must_use]
    pub fn keep(&self) -> Statement {
        Statement::any(
            RowKey::new(TEXTS, &self.sha256),
            "INSERT INTO consent_texts (sha256, kind, version, lang, body, first_used_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (sha256) DO NOTHING",
            values![
                &self.sha256,
                &self.kind,
                &self.version,
                &self.lang,
                &self.body,
                self.first_used_at
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            sha256: row.text()?,
            kind: row.text()?,
            version: row.text()?,
            lang: row.text()?,
            body: row.text()?,
            first_used_at: row.time()?,
        })
    }
}

impl Store {
    /// The text with this hash, if anybody ever accepted it. It is about no person and belongs to
    /// no platform alone.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn consent_text(&self, sha256: &str) -> Result<Option<ConsentTextRecord>, ReadError> {
        self.read_one(
            "SELECT sha256, kind, version, lang, body, first_used_at
             FROM consent_texts WHERE sha256 = $1",
            values![sha256],
            ConsentTextRecord::decode,
        )
        .await
    }

    /// What was accepted for a subject.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn consents(
        &self,
        platform: PlatformId,
        subject: Subject,
    ) -> Result<Vec<ConsentRecord>, ReadError> {
        self.read(
            "SELECT subject, kind, platform, document_version, lang, sha256, accepted_at
             FROM consents WHERE subject = $1 AND platform = $2 ORDER BY kind",
            values![subject, platform],
            ConsentRecord::decode,
        )
        .await
    }

    /// What was accepted for everything whose log begins after a position of the one order and not
    /// after another, of whatever platform: for the house's own workers.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn consents_begun(
        &self,
        after: i64,
        until: i64,
    ) -> Result<Vec<ConsentRecord>, ReadError> {
        self.read(
            "SELECT subject, kind, platform, document_version, lang, sha256, accepted_at
             FROM consents WHERE subject IN (SELECT subject FROM events
                 WHERE position > $1 AND position <= $2 AND seq = 1)
             ORDER BY kind",
            values![after, until],
            ConsentRecord::decode,
        )
        .await
    }
}
