//! The banks' encryption certificates, asked for once a day: a certificate that does not check is
//! never stored, and every process encrypts to the newest one that was. No money is in this, so a
//! lost answer is simply asked for again.

use std::sync::PoisonError;

use mingka_channels::{EncryptionCertificate, OrderIdentity, Request};
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use mingka_store::{CertificateRecord, CommitError, RenewalRecord, Unit};

use crate::channel::Channel;
use crate::core::{Engine, hex};
use crate::error::EngineError;
use crate::view::EncryptionView;

/// How long a certificate that was sent and checked is not asked for again.
const RENEW_AFTER_MS: i64 = DAY_MS;
/// The first wait before another try; it doubles with each, and is longer than any exchange lasts.
const RETRY_MS_MIN: i64 = MINUTE_MS;
/// The longest.
const RETRY_MS_MAX: i64 = 6 * HOUR_MS;

impl Engine {
    /// Takes what any process was sent: from now on messages are encrypted to the newest
    /// certificate that still checks here. For the start of a process, and each look of its worker.
    ///
    /// # Errors
    /// When the store gives nothing.
    pub async fn look_at_certificates(&self) -> Result<(), EngineError> {
        let renewing: Vec<&Channel> = self.renewing().collect();
        if renewing.is_empty() {
            return Ok(());
        }
        let renewals = self.store().certificate_renewals().await?;
        for channel in renewing {
            let Some(renewal) = renewals.iter().find(|one| one.channel == channel.code) else {
                self.seed_renewal(channel).await?;
                continue;
            };
            let seen = self.renewal_seen(&channel.code);
            if seen.and_then(|seen| seen.renewed_at) != renewal.renewed_at {
                self.take_certificates(channel).await?;
            }
            self.see_renewal(renewal.clone());
        }
        Ok(())
    }

    /// The renewals that are due, taken so that no other process asks as well.
    pub(crate) async fn claim_renewals(&self) -> Vec<RenewalRecord> {
        let mut claimed = Vec::new();
        let due = self.renewing().filter_map(|channel| self.due_renewal(channel));
        for mut renewal in due.collect::<Vec<_>>() {
            let unit = Unit::new(renewal.claim(self.now().plus_ms(retry_ms(renewal.tries))));
            match self.store().commit(unit).await {
                Ok(_) => claimed.push(renewal),
                // Another process was quicker.
                Err(CommitError::Stale { .. }) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "no renewal of a certificate could be claimed");
                }
            }
        }
        claimed
    }

    /// Asks a channel for its certificate and keeps it, if it checks.
    pub(crate) async fn renew_certificate(&self, renewal: RenewalRecord) {
        let unit = match self.ask_for_certificate(&renewal.channel).await {
            Ok(certificate) => {
                let now = self.now();
                let finish = renewal.finish(now, now.plus_ms(RENEW_AFTER_MS));
                Unit::new(finish).write(certificate.put())
            }
            Err(trouble) => {
                tracing::warn!(
                    channel.code = renewal.channel,
                    trouble,
                    "the encryption certificate was not renewed; the old one stays in use"
                );
                Unit::new(renewal.fail(&trouble))
            }
        };
        let kept = self.store().commit(unit).await.map_err(EngineError::from);
        let looked = match kept {
            Ok(_) => self.look_at_certificates().await,
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            tracing::warn!(channel.code = renewal.channel, error = %error,
                "what came of a renewal could not be kept or read");
        }
    }

    /// The certificate a channel's values are encrypted to now, as it is shown.
    pub(crate) fn encryption(&self, channel: &Channel) -> Option<EncryptionView> {
        let EncryptionCertificate { serial, not_after, .. } =
            channel.exchange.encryption(self.now());
        let seen = self.renewal_seen(&channel.code);
        let (renewed_at, trouble) = seen.map(|one| (one.renewed_at, one.trouble)).unzip();
        Some(EncryptionView {
            serial,
            not_after: not_after?,
            renewed_at: renewed_at.flatten(),
            trouble: trouble.flatten(),
        })
    }

    async fn ask_for_certificate(&self, code: &str) -> Result<CertificateRecord, String> {
        let channel = self.channel(code).map_err(|error| error.to_string())?;
        let order = OrderIdentity { order_id: hex(&self.random::<16>()), txn_time: self.now() };
        let timeout_ms = channel.timeout_ms().min(self.settings().inquiry_timeout_ms);
        let asked = self.reply(channel, &order, &Request::RefreshCertificate, timeout_ms).await;
        let reply = asked.map_err(|outcome| why_nothing(&outcome))?;
        let pem = reply.certificate.ok_or_else(|| why_nothing(&reply.outcome))?;
        let now = self.now();
        let checked = channel.exchange.check_encryption(&pem, now);
        let EncryptionCertificate { serial, not_before, not_after } =
            checked.map_err(|error| error.why)?;
        Ok(CertificateRecord {
            channel: channel.code.clone(),
            serial,
            pem,
            not_before: not_before.unwrap_or(now),
            not_after: not_after.unwrap_or(now),
            fetched_at: now,
        })
    }

    async fn take_certificates(&self, channel: &Channel) -> Result<(), EngineError> {
        let now = self.now();
        let kept = self.store().certificates(&channel.code, now).await?;
        let newest_first: Vec<&str> = kept.iter().map(|one| one.pem.as_str()).collect();
        let before = channel.exchange.encryption(now);
        channel.exchange.encrypt_to(&newest_first, now);
        let after = channel.exchange.encryption(now);
        if after != before {
            tracing::info!(
                channel.code = channel.code,
                certificate.serial = after.serial,
                "values are encrypted to another certificate of the channel now"
            );
        }
        if kept.first().is_some_and(|newest| newest.serial != after.serial) {
            tracing::warn!(
                channel.code = channel.code,
                "the newest stored encryption certificate does not check here and is not used"
            );
        }
        Ok(())
    }

    async fn seed_renewal(&self, channel: &Channel) -> Result<(), EngineError> {
        let first = RenewalRecord::new(&channel.code, self.now());
        match self.store().commit(Unit::new(first.insert())).await {
            Ok(_) | Err(CommitError::Duplicate { .. }) => {
                self.see_renewal(first);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn due_renewal(&self, channel: &Channel) -> Option<RenewalRecord> {
        let operation = Operation::RefreshCertificate;
        let now = self.now();
        let due = self.renewal_seen(&channel.code).filter(|renewal| renewal.due_at <= now)?;
        self.may_send(None, channel, operation, now).then_some(due)
    }

    fn renewing(&self) -> impl Iterator<Item = &Channel> {
        self.parts().channels.iter().filter(|channel| channel.exchange.renews_encryption())
    }

    fn renewal_seen(&self, code: &str) -> Option<RenewalRecord> {
        let seen = self.inner.renewals_seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.get(code).cloned()
    }

    fn see_renewal(&self, renewal: RenewalRecord) {
        let mut seen = self.inner.renewals_seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.insert(renewal.channel.clone(), renewal);
    }
}

/// How long a try holds the renewal, and so how long after it comes the next.
fn retry_ms(tries: i64) -> i64 {
    let doubled = u32::try_from(tries).ok().and_then(|tries| 1_i64.checked_shl(tries));
    let wait_ms = doubled.and_then(|times| times.checked_mul(RETRY_MS_MIN));
    wait_ms.filter(|ms| (RETRY_MS_MIN..=RETRY_MS_MAX).contains(ms)).unwrap_or(RETRY_MS_MAX)
}

/// Why no certificate came, for people. Holds nothing of the message but the channel's code.
fn why_nothing(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unknown(_, Some(answer))
        | Outcome::NotAttempted(_, Some(answer))
        | Outcome::Pending(Some(answer))
        | Outcome::Declined(answer) => format!("the channel answered {}", answer.code),
        Outcome::Unknown(Doubt::BadSignature, None) => {
            "the signature of the answer is not the channel's".to_owned()
        }
        Outcome::NotAttempted(_, None) => "the channel could not be asked".to_owned(),
        Outcome::Unknown(_, None) | Outcome::Pending(None) | Outcome::Settled => {
            "no answer came that can be read".to_owned()
        }
    }
}
