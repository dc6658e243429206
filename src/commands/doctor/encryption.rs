//! The certificate that a channel's values are encrypted to: which one, until when, and whether
//! asking the channel for the next one works.

use mingka_engine::{Channel, Clock as _, SystemClock};
use mingka_store::{CertificateRecord, RenewalRecord};

use super::{CERTIFICATE_WARNING_MS, Item};
use crate::config::Config;
use crate::database::Database;

/// Looks at what a running process would use, which is the newest stored certificate that checks.
pub(super) fn examine(config: &Config, channel: &Channel) -> Vec<Item> {
    let now = SystemClock.now();
    let (certificates, renewal) = kept(config, channel).unwrap_or_default();
    let newest_first: Vec<&str> = certificates.iter().map(|one| one.pem.as_str()).collect();
    channel.exchange.encrypt_to(&newest_first, now);
    let current = channel.exchange.encryption(now);
    let Some(until) = current.not_after else { return Vec::new() };
    let newest = certificates.first();
    let refused = newest.and_then(|one| channel.exchange.check_encryption(&one.pem, now).err());
    let renewed_at = renewal.as_ref().and_then(|renewal| renewal.renewed_at);
    let renewed = match renewed_at.filter(|_| refused.is_none()) {
        Some(at) => format!("renewed {}", at.rfc3339()),
        None => "as configured".to_owned(),
    };
    let code = &channel.code;
    let what = format!(
        "channel {code}: encrypts to certificate {} until {}, {renewed}",
        current.serial,
        until.rfc3339()
    );
    let mend = "get the next one from the channel and name it in [[channel]]";
    let mut items = vec![match until.since_ms(now) {
        ..0 => Item::wrong(&what, mend),
        0..CERTIFICATE_WARNING_MS => Item::warning(&what, mend),
        _ => Item::fine(&what),
    }];
    if let Some(refused) = refused {
        items.push(Item::warning(
            &format!("channel {code}: the newest certificate in the database: {}", refused.why),
            "see that root_certificate_file and signer_name are those of this channel",
        ));
    }
    if let Some(trouble) = renewal.and_then(|renewal| renewal.trouble) {
        items.push(Item::warning(
            &format!("channel {code}: its encryption certificate was not renewed: {trouble}"),
            "it is asked for again by itself; if this stays, ask the channel",
        ));
    }
    items
}

/// What the database holds; nothing where there is none, or none that opens: that is said already.
fn kept(
    config: &Config,
    channel: &Channel,
) -> Option<(Vec<CertificateRecord>, Option<RenewalRecord>)> {
    let database = config.database().ok()?;
    if matches!(&database, Database::Embedded(file) if !file.exists()) {
        return None;
    }
    let store = database.look().ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let certificates = store.certificates(&channel.code, SystemClock.now()).await.ok()?;
        let renewals = store.certificate_renewals().await.ok()?;
        Some((certificates, renewals.into_iter().find(|one| one.channel == channel.code)))
    })
}
