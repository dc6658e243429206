//! The encryption certificates that channels sent, and when each channel is to be asked again. A
//! renewal is of no platform, so its lease stands in its own row: whoever moves `due_at` holds it.

use mingka_domain::time::Timestamp;

use crate::read::{ReadError, Row};
use crate::store::Store;
use crate::unit::{RowKey, Statement, values};

/// One row of `certificates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Whose it is: the channel's code.
    pub channel: String,
    /// Its serial number in decimal digits.
    pub serial: String,
    /// The certificate.
    pub pem: String,
    /// The first moment at which it may be used.
    pub not_before: Timestamp,
    /// The last.
    pub not_after: Timestamp,
    /// When the channel last sent it.
    pub fetched_at: Timestamp,
}

/// One row of `certificate_renewals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalRecord {
    /// The channel that is asked.
    pub channel: String,
    /// Not before this moment.
    pub due_at: Timestamp,
    /// How often it was asked since it last answered well.
    pub tries: i64,
    /// When it last answered well.
    pub renewed_at: Option<Timestamp>,
    /// What went wrong since then.
    pub trouble: Option<String>,
}

impl CertificateRecord {
    /// Keeps it; one that is there already was sent again.
    #[must_use]
    pub fn put(&self) -> Statement {
        Statement::any(
            RowKey::new("certificates", format!("{} {}", self.channel, self.serial)),
            "INSERT INTO certificates (channel, serial, pem, not_before, not_after, fetched_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (channel, serial) DO UPDATE SET pem = excluded.pem,
                 not_before = excluded.not_before, not_after = excluded.not_after,
                 fetched_at = excluded.fetched_at",
            values![
                &self.channel,
                &self.serial,
                &self.pem,
                self.not_before,
                self.not_after,
                self.fetched_at
            ],
        )
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            channel: row.text()?,
            serial: row.text()?,
            pem: row.text()?,
            not_before: row.time()?,
            not_after: row.time()?,
            fetched_at: row.time()?,
        })
    }
}

impl RenewalRecord {
    /// A channel that was never asked.
    #[must_use]
    pub fn new(channel: &str, due_at: Timestamp) -> Self {
        Self { channel: channel.to_owned(), due_at, tries: 0, renewed_at: None, trouble: None }
    }

    /// Inserts it; `Duplicate` when it is there already.
    #[must_use]
    pub fn insert(&self) -> Statement {
        Statement::insert(
            self.key(),
            "INSERT INTO certificate_renewals (channel, due_at, tries, renewed_at, trouble)
             VALUES ($1, $2, $3, $4, $5)",
            values![&self.channel, self.due_at, self.tries, self.renewed_at, self.trouble.clone()],
        )
    }

    /// Takes the renewal until a moment, at which it is due again; `Stale` when somebody else has
    /// it. The record is the one to finish with.
    #[must_use]
    pub fn claim(&mut self, until: Timestamp) -> Statement {
        let was_due_at = std::mem::replace(&mut self.due_at, until);
        Statement::guarded(
            self.key(),
            "UPDATE certificate_renewals SET due_at = $1, tries = tries + 1
             WHERE channel = $2 AND due_at = $3",
            values![until, &self.channel, was_due_at],
        )
    }

    /// The channel sent a certificate that checks; `Stale` when somebody else has the renewal now.
    #[must_use]
    pub fn finish(&self, now: Timestamp, due_at: Timestamp) -> Statement {
        Statement::guarded(
            self.key(),
            "UPDATE certificate_renewals
             SET due_at = $1, tries = 0, renewed_at = $2, trouble = NULL
             WHERE channel = $3 AND due_at = $4",
            values![due_at, now, &self.channel, self.due_at],
        )
    }

    /// It did not; `Stale` when somebody else has the renewal now.
    #[must_use]
    pub fn fail(&self, trouble: &str) -> Statement {
        Statement::guarded(
            self.key(),
            "UPDATE certificate_renewals SET trouble = $1 WHERE channel = $2 AND due_at = $3",
            values![trouble, &self.channel, self.due_at],
        )
    }

    fn key(&self) -> RowKey {
        RowKey::new("certificate_renewals", &self.channel)
    }

    fn decode(row: &mut Row<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            channel: row.text()?,
            due_at: row.time()?,
            tries: row.integer()?,
            renewed_at: row.time_opt()?,
            trouble: row.text_opt()?,
        })
    }
}

impl Store {
    /// When each channel is to be asked for its certificate.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn certificate_renewals(&self) -> Result<Vec<RenewalRecord>, ReadError> {
        self.read(
            "SELECT channel, due_at, tries, renewed_at, trouble FROM certificate_renewals
             ORDER BY channel",
            values![],
            RenewalRecord::decode,
        )
        .await
    }

    /// The certificates of a channel that are not over yet, the one sent last first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub async fn certificates(
        &self,
        channel: &str,
        now: Timestamp,
    ) -> Result<Vec<CertificateRecord>, ReadError> {
        self.read(
            "SELECT channel, serial, pem, not_before, not_after, fetched_at FROM certificates
             WHERE channel = $1 AND not_after >= $2
             ORDER BY fetched_at DESC, not_before DESC, serial LIMIT 8",
            values![channel, now],
            CertificateRecord::decode,
        )
        .await
    }
}
