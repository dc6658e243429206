//! What the use cases take: who asks, under which key, for what.

use mingka_domain::consent::ConsentKind;
use mingka_domain::environment::Environment;
use mingka_domain::id::{
    ApiKeyId, BindingId, InstrumentId, PaymentId, PlatformId, PrincipalId, SessionId,
};
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_domain::precheck::Entry;
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;

/// The key under which a changing request may be repeated, and the hash of its canonical body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key, or a keyed hash of it.
    pub key: String,
    /// What the request says, hashed: the same key with another body is an error.
    pub fingerprint: [u8; 32],
}

/// Who calls with an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub platform: PlatformId,
    /// The key used.
    pub key: ApiKeyId,
    /// What the key may do.
    pub scopes: Vec<Scope>,
}

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look things up.
    Read,
    /// Bind, unbind, open sessions.
    Bind,
    /// Verify elements.
    Verify,
    /// Move money.
    Pay,
    /// Say where the platform wants to be told.
    Webhooks,
    /// Import banks' statements, which prove how payments ended.
    Statements,
    /// Stop the platform's own payments, and let them go on.
    Stop,
    /// Bring agreements that were opened elsewhere, under which money may then be collected.
    Agreements,
}

/// A person of the house, by their personal key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PrincipalId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
}

/// What a person of the house may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at what people have to look at.
    Look,
    /// Turn stop switches, and propose.
    Operate,
    /// Decide what somebody else proposed.
    Approve,
}

/// A new API key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What the operator calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A new hosted session.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The language to begin in.
    pub lang: Lang,
    /// Where the page leads back to.
    pub return_url: Option<String>,
    /// What the platform's app reports of the phone the page will be opened on.
    pub environment: Environment,
    /// The holder's name, where the platform knows it already.
    pub name: Option<&'a str>,
    /// The ID number, where the platform knows it already.
    pub id_number: Option<&'a str>,
    /// The reserved phone, where the platform knows it already.
    pub phone: Option<&'a str>,
}

impl NewSession<'_> {
    /// A session for somebody of whom nothing is known yet.
    #[must_use]
    pub fn blank(lang: Lang) -> Self {
        Self {
            borrower_ref: None,
            lang,
            return_url: None,
            environment: Environment::default(),
            name: None,
            id_number: None,
            phone: None,
        }
    }
}

impl std::fmt::Debug for NewSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSession(••••)")
    }
}

/// A card to bind.
#[derive(Debug)]
pub struct NewBinding<'a> {
    /// What was typed.
    pub entry: Entry<'a>,
    /// What it was typed on.
    pub environment: Environment,
    /// What the borrower accepted.
    pub consents: Vec<ConsentGiven>,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
    /// The hosted page it happens on.
    pub page: Option<OnPage>,
}

/// The hosted page a binding begins on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnPage {
    /// Its session.
    pub session: SessionId,
    /// The binding it showed when this one was submitted. A page has one binding at a time: should
    /// it have another by now, this one does not begin.
    pub showed: Option<BindingId>,
}

/// Money to move.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// Which way.
    pub kind: PaymentKind,
    /// Whose money it is: the lender's code.
    pub lender: String,
    /// The card.
    pub instrument: InstrumentId,
    /// The payment whose money it gives back, where it is one that does.
    pub original: Option<PaymentId>,
    /// The platform's own reference: of the loan, or of the item that is due.
    pub reference: String,
    /// For what, in one word of the platform's, such as `principal`.
    pub purpose: String,
    /// How much. Of a repayment: what is due now.
    pub amount: Fen,
    /// Whether the borrower is there and confirms this very amount with a code. Of repayments only.
    pub customer_present: bool,
    /// Until when the amount holds: nothing is sent after this moment.
    pub valid_until: Option<Timestamp>,
}

/// A company's account to pay out to.
pub struct NewCompanyAccount<'a> {
    /// The account's number, in any dress.
    pub account_number: &'a str,
    /// The company's registered name.
    pub name: &'a str,
    /// Its unified social credit code.
    pub credit_code: Option<&'a str>,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
}

impl std::fmt::Debug for NewCompanyAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewCompanyAccount(••••)")
    }
}

/// What may be collected from a bound card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMandate {
    /// Who may collect.
    pub payee: String,
    /// For what.
    pub purpose: String,
    /// How often, or under which conditions, in words.
    pub cycle: Option<String>,
    /// The most one collection may take.
    pub payment: Option<Fen>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
}

/// Money to give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewGiveBack {
    /// The repayment that took it.
    pub original: PaymentId,
    /// `Refund` or `Reversal`.
    pub kind: PaymentKind,
    /// How much; all that is left when not said. A reversal is always of all.
    pub amount: Option<Fen>,
}

/// A new endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where it is.
    pub url: String,
    /// What it wants to hear of: types, groups such as `payment.*`, or nothing for everything.
    pub event_types: Vec<String>,
    /// What the platform calls it.
    pub description: String,
    /// The language of the texts it is told.
    pub lang: Lang,
}

/// What is to be another of an endpoint.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    /// Where it is.
    pub url: Option<String>,
    /// What it wants to hear of.
    pub event_types: Option<Vec<String>>,
    /// What the platform calls it.
    pub description: Option<String>,
    /// The language of the texts it is told.
    pub lang: Option<Lang>,
    /// Whether it is told nothing.
    pub disabled: Option<bool>,
}

/// A verification to make.
#[derive(Debug)]
pub struct NewVerification<'a> {
    /// What was typed; the elements that are given decide which product is asked.
    pub entry: Entry<'a>,
    /// What it was typed on.
    pub environment: Environment,
    /// What the borrower accepted: `InformationSharing` is needed.
    pub consents: Vec<ConsentGiven>,
    /// The platform's own name for the borrower.
    pub borrower_ref: Option<String>,
}

/// A consent as it comes back from the page or the app that showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentGiven {
    /// What it is about.
    pub kind: ConsentKind,
    /// The version that was shown.
    pub version: String,
    /// The language it was shown in.
    pub lang: Lang,
    /// The hash of the text that was shown, where the caller showed its own copy of ours.
    pub sha256: Option<String>,
}
