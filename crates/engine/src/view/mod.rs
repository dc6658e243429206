//! What the outside may see: masked facts, ids, states and diagnoses. No clear value is ever in a
//! view, so a view may be stored as the answer to an idempotency key and written into any log.

use mingka_domain::bank_guide::BankContact;
use mingka_domain::card::CardKind;
use mingka_domain::cause::CauseCode;
use mingka_domain::consent::ConsentKind;
use mingka_domain::diagnosis::Diagnosis;
use mingka_domain::environment::Environment;
use mingka_domain::id::{ApiKeyId, BindingId, InstrumentId, PlatformId, SessionId, VerificationId};
use mingka_domain::outcome::Operation;
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

mod payment;
mod persons;

pub use payment::{LenderView, MandateView, PaymentView};
pub use persons::{ApprovalView, BalanceView, IssuedPersonKey, LimitView, PrincipalView};

/// A binding as its platform and its borrower see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingView {
    /// Its id.
    pub id: BindingId,
    /// Where it stands.
    pub state: BindingState,
    /// The card and its holder, masked.
    pub card: CardView,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The hosted session it was made in.
    pub session: Option<SessionId>,
    /// The channel it runs over.
    pub channel: String,
    /// The one-time code, while one is awaited or being confirmed.
    pub code: Option<CodeView>,
    /// Why it was refused, what went wrong last, or what is in doubt.
    pub diagnosis: Option<Diagnosis>,
    /// The bound card, once there is one.
    pub instrument: Option<InstrumentId>,
    /// What the borrower accepted before anything was sent. Left out in lists.
    pub consents: Vec<ConsentAccepted>,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// When an unfinished binding expires.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes; a watcher that saw this number has seen everything before it.
    pub version: u64,
}

/// Where a binding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingState {
    /// Checked; no code was sent yet.
    Checked,
    /// The code was sent, or may have been.
    AwaitingCode,
    /// A code is on its way to the bank.
    Confirming,
    /// Nobody knows yet what the bank did: 结果确认中.
    Doubtful,
    /// The card is bound.
    Active,
    /// It will not be bound.
    Refused,
    /// Nobody finished it in time.
    Expired,
    /// The borrower or the platform ended it.
    Cancelled,
    /// The agreement is being ended.
    Unbinding,
    /// The agreement was ended.
    Unbound,
}

/// How a channel has been answering one process lately.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelHealthView {
    /// How many exchanges went well; a refused card is one of them.
    pub well: usize,
    /// How many the channel answered with a trouble of its own.
    pub troubled: usize,
    /// How many it did not answer, or not so that it could be believed.
    pub silent: usize,
    /// Whether it counts as ill.
    pub is_ill: bool,
    /// The newest trouble, and when.
    pub last_trouble: Option<(Timestamp, CauseCode)>,
}

/// A card and its holder, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    /// The number with its middle masked.
    pub masked: String,
    /// Its last four digits.
    pub last4: String,
    /// Debit, credit, …, where the BIN is known.
    pub kind: Option<CardKind>,
    /// The code of the issuing bank, where the BIN is known.
    pub bank_code: Option<String>,
    /// The name of the issuing bank, where the BIN is known.
    pub bank_name: Option<String>,
    /// Whom to call there, where a number is known.
    pub contact: Option<BankContact>,
    /// The holder's name, masked.
    pub name_masked: Option<String>,
    /// The ID number, masked.
    pub id_number_masked: Option<String>,
    /// The reserved phone, masked.
    pub phone_masked: Option<String>,
}

/// What the borrower must know about the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeView {
    /// Whether the bank said that it sent the code; if not, it may still arrive.
    pub delivery_confirmed: bool,
    /// When another one may be asked for.
    pub resend_after: Timestamp,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
    /// How many more may be asked for.
    pub sends_left: u32,
    /// How many more tries there are.
    pub tries_left: u32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What: the stable name of the event, such as `code.sent`.
    pub event: String,
    /// What it tells about a failure.
    pub diagnosis: Option<Diagnosis>,
}

/// A bound card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentView {
    /// Its id.
    pub id: InstrumentId,
    /// A card, or a company's account.
    #[serde(default)]
    pub kind: InstrumentKind,
    /// The binding it came from.
    pub binding: BindingId,
    /// `active`, `unbinding` or `unbound`.
    pub state: InstrumentState,
    /// The card and its holder, masked.
    pub card: CardView,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The channel its agreement is with, where there is one.
    pub channel: Option<String>,
    /// Why the last try to unbind it led to nothing.
    pub diagnosis: Option<Diagnosis>,
    /// When it was bound.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What money can be moved to or from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// A person's card.
    #[default]
    Card,
    /// A company's account: only paid out to.
    CompanyAccount,
}

/// Where a bound card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentState {
    /// It can be used.
    Active,
    /// It is being unbound.
    Unbinding,
    /// It was unbound.
    Unbound,
}

/// A two- to four-element verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationView {
    /// Its id.
    pub id: VerificationId,
    /// Where it stands.
    pub state: VerificationState,
    /// Which elements were asked about.
    pub product: String,
    /// The card and its holder, masked.
    pub card: CardView,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The channel that was asked.
    pub channel: String,
    /// Why not, or what is in doubt.
    pub diagnosis: Option<Diagnosis>,
    /// The verification whose answer this one repeats: the bank was not asked again.
    pub answered_from: Option<VerificationId>,
    /// How many more questions about this card the channel takes today.
    pub quota_left: u32,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    /// The question is on its way.
    Verifying,
    /// The elements belong together.
    Confirmed,
    /// They do not, or the bank cannot say.
    Refused,
    /// Nobody knows, and the bank is not asked any more.
    Unresolved,
    /// Nobody knows yet.
    Doubtful,
}

/// A hosted page session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub platform: PlatformId,
    /// The platform's name, as the borrower reads it.
    pub platform_name: String,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The language to begin in.
    pub lang: Lang,
    /// Where the page leads back to.
    pub return_url: Option<String>,
    /// The latest binding made in it.
    pub binding: Option<BindingId>,
    /// What the platform's app reported of the phone.
    pub environment: Environment,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// A session and its token, which is derived anew for every repetition of the answer and of which
/// only the hash is kept. It is not serialised: the token must not reach a stored answer.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The session.
    pub session: SessionView,
    /// The token for the page's address.
    pub token: String,
}

impl std::fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedSession").field("session", &self.session).finish_non_exhaustive()
    }
}

/// A yes to one text. The text itself is kept under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentAccepted {
    /// The consent's name, such as `mandate`.
    pub kind: String,
    /// The version that was read.
    pub version: String,
    /// The language it was read in.
    pub lang: String,
    /// Lowercase hexadecimal SHA-256 of what was read.
    pub sha256: String,
    /// When.
    pub accepted_at: Timestamp,
}

/// A text that somebody accepted, exactly as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentTextView {
    /// The consent's name, such as `mandate`.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// Its language.
    pub lang: String,
    /// The bytes under the hash: kind, version and language, title, label, paragraphs, a line each.
    pub text: String,
    /// Lowercase hexadecimal SHA-256 of `text`.
    pub sha256: String,
    /// When it was first accepted.
    pub first_used_at: Timestamp,
}

/// A consent text as it is to be shown, and the hash by which its acceptance names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentView {
    /// What it is about.
    pub kind: ConsentKind,
    /// Its version.
    pub version: String,
    /// Its language.
    pub lang: Lang,
    /// What the box beside it says.
    pub label: String,
    /// Its title.
    pub title: String,
    /// Its paragraphs, plain text, with the platform and every recipient named.
    pub paragraphs: Vec<String>,
    /// Lowercase hexadecimal SHA-256 of everything the borrower reads.
    pub sha256: String,
}

/// A channel as platforms and operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Its stable code.
    pub code: String,
    /// Its name, Chinese and English.
    pub name: mingka_domain::text::Text,
    /// What it can do.
    pub operations: Vec<Operation>,
    /// Whether a switch has stopped it.
    pub stopped: bool,
    /// The certificate its values are encrypted to, where it has one.
    pub encryption: Option<EncryptionView>,
    /// How it has been answering this process lately.
    pub health: ChannelHealthView,
}

/// The certificate that a channel's values are encrypted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionView {
    /// Its serial number in decimal digits.
    pub serial: String,
    /// The last moment at which it may be used.
    pub not_after: Timestamp,
    /// When the channel last sent its certificate, if it is one that does.
    pub renewed_at: Option<Timestamp>,
    /// What went wrong with asking for it since then.
    pub trouble: Option<String>,
}

/// An API key as it can be shown after it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyView {
    /// Its id.
    pub id: ApiKeyId,
    /// Its public beginning.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops opening anything.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it opened something last, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// A platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformView {
    /// Its id.
    pub id: PlatformId,
    /// Its name, as borrowers read it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An API key, shown in the clear once: only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The key itself.
    pub key: mingka_domain::secret::Secret,
}
