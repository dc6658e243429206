//! Consent before anything is sent: which texts, in which wording, and what is kept of a yes.

use mingka_crypto::digest::sha256_hex;
use mingka_domain::consent::{ConsentKind, Parties, RenderedConsent};
use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use mingka_store::{ConsentRecord, ConsentTextRecord, Statement};

use crate::core::Engine;
use crate::error::EngineError;
use crate::request::ConsentGiven;
use crate::view::{ConsentTextView, ConsentView};

impl Engine {
    /// The consents a binding needs, in their current wording, as this platform's borrowers read
    /// them.
    ///
    /// # Errors
    /// When the platform is unknown or the store is away.
    pub async fn consents(
        &self,
        platform: PlatformId,
        lang: Lang,
    ) -> Result<Vec<ConsentView>, EngineError> {
        let parties = self.parties(platform).await?;
        Ok(ConsentKind::ALL.map(|kind| self.consent_view(kind, lang, &parties)).into())
    }

    /// A text that was accepted, exactly as it was read: the proof behind the hash in a binding. It
    /// names no borrower.
    ///
    /// # Errors
    /// When nobody ever accepted a text with this hash, or the store is away.
    pub async fn consent_text(&self, sha256: &str) -> Result<ConsentTextView, EngineError> {
        let kept = self.store().consent_text(sha256).await?.ok_or(EngineError::NotFound)?;
        let ConsentTextRecord { sha256, kind, version, lang, body, first_used_at } = kept;
        Ok(ConsentTextView { kind, version, lang, text: body, sha256, first_used_at })
    }

    /// Checks that every kind needed was accepted in its current wording.
    pub(crate) async fn check_consents(
        &self,
        platform: PlatformId,
        needed: &[ConsentKind],
        given: &[ConsentGiven],
    ) -> Result<Vec<Accepted>, EngineError> {
        let parties = self.parties(platform).await?;
        let mut accepted = Vec::with_capacity(needed.len());
        let mut missing = Vec::new();
        for kind in needed {
            match given.iter().find(|given| given.kind == *kind) {
                Some(given) => match self.accepted(given, &parties) {
                    Some(consent) => accepted.push(consent),
                    None => missing.push(*kind),
                },
                None => missing.push(*kind),
            }
        }
        if missing.is_empty() { Ok(accepted) } else { Err(EngineError::ConsentMissing(missing)) }
    }

    fn accepted(&self, given: &ConsentGiven, parties: &Parties) -> Option<Accepted> {
        let document = self.parts().consents.current(given.kind);
        if document.version != given.version {
            return None;
        }
        let body = document.render(given.lang, parties).canonical();
        let sha256 = sha256_hex(body.as_bytes());
        // A caller that showed its own copy must have shown ours.
        if given.sha256.as_ref().is_some_and(|shown| *shown != sha256) {
            return None;
        }
        let (kind, version) = (given.kind, given.version.clone());
        Some(Accepted { kind, version, lang: given.lang, body, sha256 })
    }

    fn consent_view(&self, kind: ConsentKind, lang: Lang, parties: &Parties) -> ConsentView {
        let rendered = self.parts().consents.current(kind).render(lang, parties);
        let sha256 = sha256_hex(rendered.canonical().as_bytes());
        let RenderedConsent { kind, version, lang, label, title, paragraphs } = rendered;
        ConsentView { kind, version, lang, label, title, paragraphs, sha256 }
    }

    /// Every channel that may be used is a recipient, so that a change of route needs no new yes.
    async fn parties(&self, platform: PlatformId) -> Result<Parties, EngineError> {
        let record = self.store().platform(platform).await?.ok_or(EngineError::NotFound)?;
        let channels = &self.parts().channels;
        let recipients = channels.iter().map(|channel| channel.recipient.clone()).collect();
        Ok(Parties::new(&record.name, recipients))
    }
}

/// A yes to one text.
pub(crate) struct Accepted {
    kind: ConsentKind,
    version: String,
    lang: Lang,
    body: String,
    sha256: String,
}

impl Accepted {
    /// The statements that keep it: the text, unless it is kept already, then the yes.
    pub(crate) fn keep(
        &self,
        platform: PlatformId,
        subject: Subject,
        now: Timestamp,
    ) -> [Statement; 2] {
        let lang = match self.lang {
            Lang::Zh => "zh",
            Lang::En => "en",
        };
        let text = ConsentTextRecord {
            sha256: self.sha256.clone(),
            kind: self.kind.name().to_owned(),
            version: self.version.clone(),
            lang: lang.to_owned(),
            body: self.body.clone(),
            first_used_at: now,
        };
        let yes = ConsentRecord {
            subject,
            kind: self.kind.name().to_owned(),
            platform,
            document_version: self.version.clone(),
            lang: lang.to_owned(),
            sha256: self.sha256.clone(),
            accepted_at: now,
        };
        [text.keep(), yes.insert()]
    }
}
