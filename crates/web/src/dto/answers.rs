//! Bindings, instruments, verifications and sessions as they go out. Built from the engine's views.

use mingka_domain::bank_guide::BankContact;
use mingka_domain::text::Lang;
use mingka_engine::{BindingView, InstrumentView, SessionView, TimelineEntry, VerificationView};
use serde::Serialize;
use utoipa::ToSchema;

use super::reference::ConsentAcceptedBody;
use super::{CardBody, DiagnosisBody, word};

/// What must be known about the code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CodeState)]
pub(crate) struct CodeBody {
    /// Whether the bank said that it sent it; if not, it may still arrive.
    pub(crate) delivery_confirmed: bool,
    pub(crate) resend_after: String,
    pub(crate) expires_at: String,
    pub(crate) sends_left: u32,
    pub(crate) tries_left: u32,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(crate) struct TimelineBody {
    pub(crate) at: String,
    #[schema(example = "code.sent")]
    pub(crate) event: String,
    pub(crate) diagnosis: Option<DiagnosisBody>,
}

impl TimelineBody {
    pub(crate) fn new(entry: &TimelineEntry, lang: Lang, bank: Option<&BankContact>) -> Self {
        Self {
            at: entry.at.rfc3339(),
            event: entry.event.clone(),
            diagnosis: entry.diagnosis.as_ref().map(|d| DiagnosisBody::new(d, lang, bank)),
        }
    }
}

/// A binding: one card on its way to becoming an instrument.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Binding)]
pub(crate) struct BindingBody {
    pub(crate) id: String,
    /// `checked`, `awaiting_code`, `confirming`, `doubtful`, `active`, `refused`, `expired`,
    /// `cancelled`, `unbinding` or `unbound`.
    #[schema(example = "awaiting_code")]
    pub(crate) state: String,
    pub(crate) card: CardBody,
    pub(crate) borrower_ref: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) channel: String,
    /// The one-time code, while one is awaited or being confirmed.
    pub(crate) code: Option<CodeBody>,
    /// Why it was refused, what went wrong last, or what is in doubt.
    pub(crate) diagnosis: Option<DiagnosisBody>,
    /// The bound card, once there is one.
    pub(crate) instrument: Option<String>,
    /// What the borrower accepted before anything was sent; empty in lists.
    pub(crate) consents: Vec<ConsentAcceptedBody>,
    /// What happened, oldest first; empty in lists.
    pub(crate) timeline: Vec<TimelineBody>,
    pub(crate) expires_at: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// Counts the changes.
    pub(crate) version: u64,
}

impl BindingBody {
    pub(crate) fn new(view: BindingView, lang: Lang) -> Self {
        let bank = view.card.contact.as_ref();
        Self {
            id: view.id.to_string(),
            state: word(&view.state),
            borrower_ref: view.borrower_ref,
            session: view.session.map(|id| id.to_string()),
            channel: view.channel,
            code: view.code.map(|code| CodeBody {
                delivery_confirmed: code.delivery_confirmed,
                resend_after: code.resend_after.rfc3339(),
                expires_at: code.expires_at.rfc3339(),
                sends_left: code.sends_left,
                tries_left: code.tries_left,
            }),
            diagnosis: view.diagnosis.as_ref().map(|d| DiagnosisBody::new(d, lang, bank)),
            instrument: view.instrument.map(|id| id.to_string()),
            consents: view.consents.into_iter().map(ConsentAcceptedBody::from).collect(),
            timeline: view.timeline.iter().map(|e| TimelineBody::new(e, lang, bank)).collect(),
            expires_at: view.expires_at.rfc3339(),
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
            version: view.version,
            card: view.card.into(),
        }
    }
}

/// A bound card.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instrument)]
pub(crate) struct InstrumentBody {
    pub(crate) id: String,
    /// `card`, or `company_account`, which is only paid out to.
    #[schema(example = "card")]
    pub(crate) kind: String,
    pub(crate) binding: String,
    /// `active`, `unbinding` or `unbound`.
    #[schema(example = "active")]
    pub(crate) state: String,
    pub(crate) card: CardBody,
    pub(crate) borrower_ref: Option<String>,
    /// The channel its agreement is with; null for a company's account, which has none.
    pub(crate) channel: Option<String>,
    /// Why the last try to unbind it led to nothing.
    pub(crate) diagnosis: Option<DiagnosisBody>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl InstrumentBody {
    pub(crate) fn new(view: InstrumentView, lang: Lang) -> Self {
        let bank = view.card.contact.as_ref();
        Self {
            id: view.id.to_string(),
            kind: word(&view.kind),
            binding: view.binding.to_string(),
            state: word(&view.state),
            diagnosis: view.diagnosis.as_ref().map(|d| DiagnosisBody::new(d, lang, bank)),
            borrower_ref: view.borrower_ref,
            channel: view.channel,
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
            card: view.card.into(),
        }
    }
}

/// A two- to four-element verification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verification)]
pub(crate) struct VerificationBody {
    pub(crate) id: String,
    /// `verifying`, `confirmed`, `refused`, `doubtful` (being asked) or `unresolved` (nobody ever
    /// said; verify again).
    #[schema(example = "confirmed")]
    pub(crate) state: String,
    /// Which elements were asked about.
    pub(crate) product: String,
    pub(crate) card: CardBody,
    pub(crate) borrower_ref: Option<String>,
    pub(crate) channel: String,
    pub(crate) diagnosis: Option<DiagnosisBody>,
    /// The verification whose answer this one repeats: the bank was not asked again.
    pub(crate) answered_from: Option<String>,
    /// How many more questions about this card the channel takes today.
    pub(crate) quota_left: u32,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl VerificationBody {
    pub(crate) fn new(view: VerificationView, lang: Lang) -> Self {
        let bank = view.card.contact.as_ref();
        Self {
            id: view.id.to_string(),
            state: word(&view.state),
            product: view.product,
            diagnosis: view.diagnosis.as_ref().map(|d| DiagnosisBody::new(d, lang, bank)),
            borrower_ref: view.borrower_ref,
            channel: view.channel,
            answered_from: view.answered_from.map(|id| id.to_string()),
            quota_left: view.quota_left,
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
            card: view.card.into(),
        }
    }
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $schema:ident, $item:ty) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = $schema)]
        pub(crate) struct $name {
            pub(crate) items: Vec<$item>,
            /// Whether there is more behind this page.
            pub(crate) has_more: bool,
        }
    };
}

list! {
    /// One page of bindings, newest first.
    BindingList, BindingList, BindingBody
}
list! {
    /// One page of instruments, newest first.
    InstrumentList, InstrumentList, InstrumentBody
}
list! {
    /// One page of verifications, newest first.
    VerificationList, VerificationList, VerificationBody
}

/// A hosted page and its address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BindingSession)]
pub(crate) struct SessionBody {
    pub(crate) id: String,
    /// Send the borrower here. It holds a short-lived token: do not log or keep it.
    #[schema(example = "https://pay.example/b/xxxxxxxx")]
    pub(crate) url: String,
    pub(crate) borrower_ref: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) expires_at: String,
    pub(crate) created_at: String,
}

impl SessionBody {
    pub(crate) fn new(session: SessionView, url: String) -> Self {
        Self {
            id: session.id.to_string(),
            url,
            borrower_ref: session.borrower_ref,
            return_url: session.return_url,
            expires_at: session.expires_at.rfc3339(),
            created_at: session.created_at.rfc3339(),
        }
    }
}
