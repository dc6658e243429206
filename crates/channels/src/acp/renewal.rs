//! The bank's encryption certificate changes now and then: which newer ones were sent and believed,
//! and which of them holds at a moment. A certificate that does not check is never encrypted to.

use std::sync::{Arc, PoisonError, RwLock};

use mingka_crypto::certificate::Certificate;
use mingka_domain::outcome::Doubt;
use mingka_domain::time::Timestamp;

use super::account::MerchantAccount;
use super::seal::FieldSealer;
use super::suite::Suite;
use crate::exchange::{EncryptionCertificate, Unreadable};

/// The believed certificates, the newest first.
#[derive(Debug, Default)]
pub(super) struct Renewal(RwLock<Vec<Arc<FieldSealer>>>);

impl Renewal {
    /// The newest that holds at this moment; none means the configured one.
    pub(super) fn at(&self, now: Timestamp) -> Option<Arc<FieldSealer>> {
        let sealers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let holds =
            |one: &&Arc<FieldSealer>| one.life().is_some_and(|life| life.holds_at(now.as_millis()));
        sealers.iter().find(holds).cloned()
    }

    /// Takes these instead of those it had; what does not check is left out.
    pub(super) fn replace(&self, account: &MerchantAccount, newest_first: &[&str], now: Timestamp) {
        let believed = newest_first.iter().filter_map(|pem| check(account, pem, now).ok());
        let believed = believed.map(Arc::new).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = believed;
    }
}

/// Chain, name, moment and key, all by what the account was configured with: the message that
/// brought the certificate, or the database that kept it, proves none of them.
pub(super) fn check(
    account: &MerchantAccount,
    pem: &str,
    now: Timestamp,
) -> Result<FieldSealer, Unreadable> {
    let refused = |why: String| {
        Unreadable::new(Doubt::Unreadable, format!("the encryption certificate is refused: {why}"))
    };
    let Suite::Rsa { bank, .. } = &account.suite else {
        return Err(refused("this method of signing has no root to check it by".to_owned()));
    };
    let certificate = Certificate::from_pem(pem).map_err(|error| refused(error.to_string()))?;
    let life =
        bank.accept_encryption(&certificate, now).map_err(|error| refused(error.to_string()))?;
    FieldSealer::within(&certificate, life).map_err(|error| refused(error.to_string()))
}

/// What can be said of the certificate a value is hidden with.
pub(super) fn describe(sealer: &FieldSealer) -> EncryptionCertificate {
    let life = sealer.life();
    EncryptionCertificate {
        serial: sealer.certificate_id().to_owned(),
        not_before: life.map(|life| Timestamp::from_millis(life.from_ms)),
        not_after: life.map(|life| Timestamp::from_millis(life.until_ms)),
    }
}
