//! A borrower's look at one payment: a link that holds its own short time and its proof, so that
//! nothing of it is kept and nobody can make one without the keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mingka_crypto::constant_time_eq;
use mingka_domain::effect::Subject;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_store::Unit;
use serde::{Deserialize, Serialize};

use crate::core::{Engine, hex};
use crate::error::EngineError;
use crate::idempotency::{Earlier, lost_key, to_json};
use crate::request::Idempotency;
use crate::seal::Index;
use crate::view::{CardView, PaymentView};

/// The longest link that is looked at, in characters.
const TOKEN_LENGTH_MAX: usize = 2_048;

/// What a link says. It names nobody: whoever reads it learns an id and a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusLink {
    /// Whose payment it is.
    pub platform: PlatformId,
    /// The payment.
    pub payment: PaymentId,
    /// The language to begin in.
    pub lang: Lang,
    /// Where the page leads back to.
    pub return_url: Option<String>,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
}

/// What a borrower's page about a payment shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusVisit {
    /// The link it was opened with.
    pub link: StatusLink,
    /// The platform's name, as borrowers read it.
    pub platform_name: String,
    /// The payment, with its timeline.
    pub payment: PaymentView,
    /// The card, masked.
    pub card: CardView,
}

impl Engine {
    /// A link to a payment's page, and its token. The same key and body get the same link.
    ///
    /// # Errors
    /// When the payment is not there, or the key was used for something else.
    pub async fn open_status(
        &self,
        platform: PlatformId,
        idempotency: Idempotency,
        payment: PaymentId,
        lang: Lang,
        return_url: Option<String>,
    ) -> Result<(StatusLink, String), EngineError> {
        let now = self.now();
        if let Some(link) = self.earlier_status(platform, &idempotency, now).await? {
            return self.with_token(link);
        }
        self.load_payment(platform, payment).await?;
        let expires_at = now.plus_ms(self.settings().session_valid_ms);
        let link = StatusLink { platform, payment, lang, return_url, expires_at };
        let answer = Some(to_json(&link)?);
        let key = self.take_key(platform, &idempotency, payment.into(), answer, now);
        match self.store().commit(Unit::new(key)).await {
            Ok(_) => self.with_token(link),
            Err(error) if lost_key(&error) => {
                let first = self.earlier_status(platform, &idempotency, now).await?;
                self.with_token(first.ok_or(EngineError::InProgress)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a link opens.
    ///
    /// # Errors
    /// When we did not make it, or its time is over.
    pub async fn status_visit(&self, token: &str) -> Result<StatusVisit, EngineError> {
        let link = self.link_of(token).ok_or(EngineError::Unauthorized)?;
        let payment = self.payment(link.platform, link.payment).await?;
        let card = self.instrument(link.platform, payment.instrument).await?.card;
        let platform_name = self.platform_record(link.platform).await?.name;
        Ok(StatusVisit { link, platform_name, payment, card })
    }

    /// What a token says, if we made it and its time is not over. Nothing is read before the proof.
    fn link_of(&self, token: &str) -> Option<StatusLink> {
        if token.len() > TOKEN_LENGTH_MAX {
            return None;
        }
        let (said, proof) = token.split_once('.')?;
        if !constant_time_eq(self.link_proof(said).as_bytes(), proof.as_bytes()) {
            return None;
        }
        let link: StatusLink = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(said).ok()?).ok()?;
        (self.now() < link.expires_at).then_some(link)
    }

    fn with_token(&self, link: StatusLink) -> Result<(StatusLink, String), EngineError> {
        let said = URL_SAFE_NO_PAD.encode(to_json(&link)?);
        let token = format!("{said}.{}", self.link_proof(&said));
        Ok((link, token))
    }

    fn link_proof(&self, said: &str) -> String {
        hex(&self.index(Index::PaymentLink, said))
    }

    async fn earlier_status(
        &self,
        platform: PlatformId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<StatusLink>, EngineError> {
        match self.earlier(platform, idempotency, now).await? {
            Earlier::None => Ok(None),
            Earlier::Answered(link) => Ok(Some(link)),
            Earlier::Unanswered(Subject::Payment(_)) => Err(EngineError::InProgress),
            Earlier::Unanswered(_) => Err(EngineError::IdempotencyMismatch),
        }
    }
}
