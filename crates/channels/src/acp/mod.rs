//! UnionPay ACP 5.1.0 and 5.0.0: verification, binding by one-time code, money, inquiries and
//! notifications. Opens no socket and reads no clock.

mod account;
mod answer;
mod message;
mod money;
mod renewal;
mod seal;
mod signer;
pub mod suite;
mod text;
pub mod wire;

use std::sync::Arc;

use mingka_domain::mapping::MappingBook;
use mingka_domain::outcome::Operation;
use mingka_domain::time::Timestamp;

pub use account::{AccountError, AccountSettings, MerchantAccount, Signing, Urls, is_address};
pub use seal::{FieldOpener, FieldSealer};
pub use signer::{BankSigner, NAME_PRODUCTION, NAME_TEST, SignerError, SignerRules};
pub use suite::{KeyedHash, Suite, Unproven, Version};
pub use text::Encoding;

use crate::exchange::{
    Acknowledgement, Context, EncryptionCertificate, Exchange, Notice, Reply, Sent, Unencodable,
    UnencodableWhy, Unreadable,
};
use crate::http::{HttpRequest, HttpResponse};
use crate::profile::Profile;
use crate::request::Request;
use renewal::Renewal;

/// The codec of ACP, under one contract with the channel.
#[derive(Debug, Clone)]
pub struct Acp {
    profile: Arc<Profile>,
    book: &'static MappingBook,
    account: Arc<MerchantAccount>,
    renewal: Arc<Renewal>,
}

impl Acp {
    /// A codec under this profile and contract, with the embedded mappings.
    #[must_use]
    pub fn new(profile: Arc<Profile>, account: impl Into<Arc<MerchantAccount>>) -> Self {
        let (book, account) = (MappingBook::embedded(), account.into());
        Self { profile, book, account, renewal: Arc::default() }
    }

    /// The contract.
    #[must_use]
    pub fn account(&self) -> &MerchantAccount {
        &self.account
    }

    fn rules(&self) -> answer::Rules<'_> {
        answer::Rules {
            book: self.book,
            account: &self.account,
            family: &self.profile.family,
            not_found: &self.profile.not_found_codes,
        }
    }
}

impl Exchange for Acp {
    fn encode(
        &self,
        request: &Request,
        context: &Context<'_>,
    ) -> Result<(HttpRequest, Sent), Unencodable> {
        if !self.profile.can(request.operation()) {
            return Err(Unencodable { field: "operation", why: UnencodableWhy::Unsupported });
        }
        let ordered_at = context.order.txn_time;
        if matches!(request, Request::Reverse { .. })
            && !self.profile.settlement.is_same_day(ordered_at, context.now)
        {
            return Err(Unencodable { field: "order", why: UnencodableWhy::TooLate });
        }
        let newer = self.renewal.at(context.now);
        let sealer = newer.as_deref().unwrap_or(&self.account.sealer);
        message::encode(request, &self.account, sealer, context)
    }

    fn decode(
        &self,
        sent: &Sent,
        answer: &HttpResponse,
        context: &Context<'_>,
    ) -> Result<Reply, Unreadable> {
        answer::decode(sent, answer, context, &self.rules())
    }

    fn notice(
        &self,
        request: &HttpRequest,
        context: &Context<'_>,
    ) -> Result<(Notice, Acknowledgement), Unreadable> {
        answer::notice(request, context, &self.rules())
    }

    fn can_write(&self, text: &str) -> bool {
        self.account.encoding.encode(text).is_some()
    }

    /// The keyed methods hide values with the certificate too, but nothing in them proves one: the
    /// protocol has the renewal for signMethod 01 alone.
    fn renews_encryption(&self) -> bool {
        matches!(self.account.suite, Suite::Rsa { .. })
            && self.profile.can(Operation::RefreshCertificate)
    }

    fn check_encryption(
        &self,
        pem: &str,
        now: Timestamp,
    ) -> Result<EncryptionCertificate, Unreadable> {
        renewal::check(&self.account, pem, now).map(|sealer| renewal::describe(&sealer))
    }

    fn encrypt_to(&self, newest_first: &[&str], now: Timestamp) {
        self.renewal.replace(&self.account, newest_first, now);
    }

    fn encryption(&self, now: Timestamp) -> EncryptionCertificate {
        let newer = self.renewal.at(now);
        renewal::describe(newer.as_deref().unwrap_or(&self.account.sealer))
    }
}
