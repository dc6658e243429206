//! The shape of every channel that answers a request: encode, decode, notice. Sans-IO: bytes in,
//! bytes out; the moment, the random bytes and the order's identity come in. A codec holds its own
//! keys.

use std::fmt;

use mingka_crypto::Entropy;
use mingka_domain::mapping::Meaning;
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Doubt, Operation, Outcome, Phase, RawAnswer};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

use crate::http::{HttpRequest, HttpResponse};
use crate::request::Request;

/// A channel that answers a request.
pub trait Exchange: Send + Sync {
    /// Writes a request in the channel's form, and says what the answer must be checked against.
    ///
    /// # Errors
    /// When it cannot be written; nothing was sent then.
    fn encode(
        &self,
        request: &Request,
        context: &Context<'_>,
    ) -> Result<(HttpRequest, Sent), Unencodable>;

    /// Reads the answer to what was sent.
    ///
    /// # Errors
    /// When it cannot be read or believed: the outcome is then unknown, never a decline.
    fn decode(
        &self,
        sent: &Sent,
        answer: &HttpResponse,
        context: &Context<'_>,
    ) -> Result<Reply, Unreadable>;

    /// Reads a message the channel sent by itself. The order it is about stands in it; the
    /// context's is not looked at.
    ///
    /// # Errors
    /// When it cannot be read or believed: it is then not acknowledged.
    fn notice(
        &self,
        request: &HttpRequest,
        context: &Context<'_>,
    ) -> Result<(Notice, Acknowledgement), Unreadable>;

    /// Whether the channel's character set has every character of this text.
    fn can_write(&self, text: &str) -> bool;

    /// Whether the channel's encryption certificate is renewed by asking the channel for it.
    fn renews_encryption(&self) -> bool;

    /// Checks an encryption certificate that is said to be the channel's: that it leads to the
    /// configured roots, bears the channel's name and holds at this moment.
    ///
    /// # Errors
    /// Says why nothing may be encrypted to it.
    fn check_encryption(
        &self,
        pem: &str,
        now: Timestamp,
    ) -> Result<EncryptionCertificate, Unreadable>;

    /// Encrypts each message from now on to the first of these that holds at its moment, and to the
    /// configured certificate where none does. Those that do not check are left out.
    fn encrypt_to(&self, newest_first: &[&str], now: Timestamp);

    /// The certificate that a message of this moment is encrypted to.
    fn encryption(&self, now: Timestamp) -> EncryptionCertificate;
}

/// The certificate a channel's values are encrypted to, as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionCertificate {
    /// Its serial number in decimal digits, as messages name it.
    pub serial: String,
    /// The first moment at which it may be used, where it has one.
    pub not_before: Option<Timestamp>,
    /// The last.
    pub not_after: Option<Timestamp>,
}

/// What a codec needs besides the message and what it was built with: its profile, and the account
/// whose keys it signs with. Nothing in here belongs to one protocol.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The moment.
    pub now: Timestamp,
    /// Where random bytes come from.
    pub entropy: &'a dyn Entropy,
    /// The order's identity. In an inquiry, that of the order asked about.
    pub order: &'a OrderIdentity,
}

/// How the channel knows an order. Chosen and persisted before the first byte leaves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderIdentity {
    /// The order number.
    pub order_id: String,
    /// The order's time. Channels keep seconds.
    pub txn_time: Timestamp,
}

impl OrderIdentity {
    /// Whether a channel that keeps seconds sees one and the same order.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.order_id == other.order_id
            && self.txn_time.beijing_compact() == other.txn_time.beijing_compact()
    }
}

/// What was sent, as far as the answer must agree with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What was asked.
    pub operation: Operation,
    /// What the order asked about was for, when this is an inquiry; else the same as `operation`.
    pub about: Operation,
    /// The merchant number.
    pub merchant_number: String,
    /// The order's identity.
    pub order: OrderIdentity,
    /// The amount the order is for, when it moves money.
    pub amount: Option<Fen>,
    /// The fields that the answer must repeat, each with the value sent.
    pub repeated: Vec<(&'static str, String)>,
}

/// A believed answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How it ended. Of an inquiry: how the order asked about ended.
    pub outcome: Outcome,
    /// The conversation in which the deciding code was heard.
    pub phase: Phase,
    /// The channel's own words that decided.
    pub answer: Option<RawAnswer>,
    /// What they mean: class, causes, certainty.
    pub meaning: Meaning,
    /// Whether an inquiry was answered with "no such order". Final only when the profile says so,
    /// and after its settling window.
    pub not_found: bool,
    /// The agreement, when one was opened or found: only beside [`Outcome::Settled`].
    pub token: Option<Token>,
    /// The agreement that an inquiry named and called inactive. It is not open, now or any more.
    pub inactive: Option<Token>,
    /// The channel's own number for this exchange, to quote to its support.
    pub query_id: Option<String>,
    /// What the channel says about how it booked the order.
    pub booked: Booked,
    /// The channel's current encryption certificate in PEM, when it was asked for.
    pub certificate: Option<String>,
}

/// What a channel says about how it booked an order that moves money. Each of these may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Booked {
    /// The amount of the order. Of a reply: it is ours, or the reply was not believed.
    pub amount: Option<Fen>,
    /// The amount that is settled with us.
    pub settle_amount: Option<Fen>,
    /// The settlement day as month and day, `MMDD`: the channel leaves the year out.
    pub settle_date: Option<String>,
    /// The channel's trace number, as statements name it.
    pub trace_number: Option<String>,
}

/// An agreement as the channel issues it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub number: Secret,
    /// Until when it holds, where the channel says so.
    pub ends_at: Option<Timestamp>,
}

/// A believed message the channel sent by itself.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The order it is about.
    pub order: OrderIdentity,
    /// What that order was for, where it is one of ours.
    pub operation: Option<Operation>,
    /// How it ended, as far as a notification can say.
    pub outcome: Outcome,
    /// The channel's own words.
    pub answer: Option<RawAnswer>,
    /// What they mean.
    pub meaning: Meaning,
    /// The agreement, when one was opened: only beside [`Outcome::Settled`].
    pub token: Option<Token>,
    /// Whether the channel says the agreement is active.
    pub active: Option<bool>,
    /// The channel's own number for the order.
    pub query_id: Option<String>,
    /// What it says about the booking. Whoever knows the order compares the amount.
    pub booked: Booked,
}

/// What the channel wants to hear once its message is safe with us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'static str,
}

/// Why a request cannot be written in the channel's form. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unencodable {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: UnencodableWhy,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnencodableWhy {
    /// It holds a character the channel's character set lacks.
    Charset,
    /// The operation needs it and it is not there.
    Missing,
    /// It is longer than the channel takes, or holds what the channel's form forbids.
    Form,
    /// It cannot be encrypted or signed with the account's keys.
    Key,
    /// The channel cannot do this operation.
    Unsupported,
    /// The channel did this until the end of the order's settlement day, which is over.
    TooLate,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            UnencodableWhy::Charset => "holds a character the channel's character set lacks",
            UnencodableWhy::Missing => "is needed and not there",
            UnencodableWhy::Form => "does not have the form the channel takes",
            UnencodableWhy::Key => "cannot be encrypted or signed with the account's keys",
            UnencodableWhy::Unsupported => "is not something this channel can do",
            UnencodableWhy::TooLate => "is of a settlement day that is over",
        };
        write!(f, "{} {why}", self.field)
    }
}

impl std::error::Error for Unencodable {}

/// Why an answer cannot be believed. It proves nothing: the outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The kind of doubt.
    pub doubt: Doubt,
    /// What is wrong, for the log. Holds no value of the message.
    pub why: String,
}

impl Unreadable {
    pub(crate) fn new(doubt: Doubt, why: impl Into<String>) -> Self {
        Self { doubt, why: why.into() }
    }

    /// The outcome it stands for.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        Outcome::Unknown(self.doubt, None)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the channel's message proves nothing: {}", self.why)
    }
}

impl std::error::Error for Unreadable {}
