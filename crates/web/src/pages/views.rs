//! What each page shows, as plain values: the templates read only these.
//!
//! The one clear value that may stand here is what the borrower just typed, given back in the
//! answer to that same request (never stored, never in a URL).

use std::fmt;

use askama::Template;
use mingka_domain::bank_guide::BankContact;
use mingka_domain::finding::{Field as Place, Finding, Severity};
use mingka_domain::text::Lang;

use super::words::Words;

/// What every page has around it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) w: &'static Words,
    pub(crate) title: String,
    pub(crate) platform: String,
    /// The page's own address: for the language and whatever looks again.
    pub(crate) home: String,
    /// The folder of the assets, with their content hash in it.
    pub(crate) assets: &'static str,
    /// 1 details, 2 code, 3 result.
    pub(crate) step: usize,
    pub(crate) sandbox: bool,
    /// Reload every few seconds where there is no JavaScript.
    pub(crate) refresh: bool,
    /// The state the page shows, when it may change by itself.
    pub(crate) watch: Option<String>,
    /// The request's id, where support may need it.
    pub(crate) reference: Option<String>,
}

impl Frame {
    fn steps(&self) -> [(usize, &'static str); 3] {
        [(1, self.w.step_card), (2, self.w.step_code), (3, self.w.step_done)]
    }
}

/// The drawn card.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) bank: String,
    pub(crate) kind: String,
    pub(crate) groups: Vec<String>,
    pub(crate) holder: String,
}

/// One sentence beside a field or above the form.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// `stop` or `warn`.
    pub(crate) severity: &'static str,
    pub(crate) text: String,
    pub(crate) fix: Option<String>,
}

impl Message {
    /// Everything that was found about one field.
    pub(crate) fn all(findings: &[Finding], field: Place, lang: Lang) -> Vec<Self> {
        let here = findings.iter().filter(|finding| finding.field == field);
        here.map(|finding| Self {
            severity: if finding.severity == Severity::Stop { "stop" } else { "warn" },
            text: finding.text(lang),
            fix: Some(finding.fix(lang)).filter(|fix| !fix.is_empty()),
        })
        .collect()
    }
}

/// One text field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) inputmode: &'static str,
    pub(crate) autocomplete: &'static str,
    /// What was just typed, or empty.
    pub(crate) value: String,
    /// What is known already, masked.
    pub(crate) known: Option<String>,
    /// One more sentence under the hint.
    pub(crate) note: Option<&'static str>,
    pub(crate) messages: Vec<Message>,
    /// The bank found, for the card number.
    pub(crate) bank_line: String,
    pub(crate) bank_known: bool,
}

impl Field {
    fn invalid(&self) -> bool {
        self.messages.iter().any(|message| message.severity == "stop")
    }

    /// A known value's input is folded away unless it is needed.
    fn open(&self) -> bool {
        !self.value.is_empty() || !self.messages.is_empty()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One consent to be given.
#[derive(Debug)]
pub(crate) struct Consent {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) statement: String,
    pub(crate) accepted: bool,
    pub(crate) missing: bool,
}

/// The first page: the fields and the consents.
#[derive(Debug, Template)]
#[template(path = "form.html")]
pub(crate) struct FormPage {
    pub(crate) frame: Frame,
    pub(crate) card: Face,
    pub(crate) csrf: String,
    pub(crate) once: String,
    pub(crate) seen: String,
    pub(crate) has_stops: bool,
    pub(crate) only_warnings: bool,
    pub(crate) general: Vec<Message>,
    pub(crate) number: Field,
    pub(crate) name: Field,
    pub(crate) id_number: Field,
    pub(crate) phone: Field,
    pub(crate) help: PhoneHelp,
    pub(crate) recipients: Vec<String>,
    pub(crate) consents: Vec<Consent>,
}

/// The second page: the one-time code.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage {
    pub(crate) frame: Frame,
    pub(crate) card: Face,
    pub(crate) csrf: String,
    pub(crate) once: String,
    pub(crate) once_resend: String,
    pub(crate) once_cancel: String,
    /// Whose code it is: a page that was left open asks about no other binding.
    pub(crate) binding: String,
    pub(crate) lead: &'static str,
    pub(crate) phone: String,
    pub(crate) notice: Option<&'static str>,
    /// What to know when nobody can say whether the code was sent.
    pub(crate) unsure: Option<&'static str>,
    pub(crate) messages: Vec<Message>,
    pub(crate) valid_until: Option<String>,
    pub(crate) tries_left: u32,
    pub(crate) sends_left: u32,
    pub(crate) resend_in: i64,
    pub(crate) resend_at: String,
    pub(crate) help: PhoneHelp,
}

/// What the phone reserved at the bank is, how to find and change it, and whom to ask.
#[derive(Debug, Template)]
#[template(path = "phone_help.html")]
pub(crate) struct PhoneHelp {
    pub(crate) w: &'static Words,
    /// The bank it is about, where it is one of which something is known.
    pub(crate) bank: Option<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) hotline: Option<Hotline>,
}

/// The bank has not said its last word.
#[derive(Debug, Template)]
#[template(path = "waiting.html")]
pub(crate) struct WaitingPage {
    pub(crate) frame: Frame,
    pub(crate) doubtful: bool,
    pub(crate) card_line: String,
    pub(crate) since: String,
    pub(crate) return_url: Option<String>,
}

/// The card is bound.
#[derive(Debug, Template)]
#[template(path = "success.html")]
pub(crate) struct SuccessPage {
    pub(crate) frame: Frame,
    pub(crate) card: Face,
    pub(crate) masked: String,
    pub(crate) completed: String,
    pub(crate) reference: String,
    pub(crate) return_url: Option<String>,
}

/// A bank's telephone.
#[derive(Debug)]
pub(crate) struct Hotline {
    pub(crate) bank: String,
    /// What is dialled.
    pub(crate) number: String,
    /// What is shown: with what to press afterwards.
    pub(crate) shown: String,
    /// What to do first, where only one source names the number.
    pub(crate) caution: Option<&'static str>,
}

impl Hotline {
    /// The number of this bank.
    pub(crate) fn of(contact: &BankContact, lang: Lang) -> Self {
        Self {
            bank: contact.bank.in_lang(lang).to_owned(),
            number: contact.hotline.number.clone(),
            shown: contact.hotline.shown(lang),
            caution: contact.hotline.caution(lang),
        }
    }
}

/// The card was not bound, and why.
#[derive(Debug, Template)]
#[template(path = "refused.html")]
pub(crate) struct RefusedPage {
    pub(crate) frame: Frame,
    pub(crate) csrf: String,
    pub(crate) once: String,
    /// Whether the reasons are the candidates of a "one of".
    pub(crate) several: bool,
    /// The candidates: what it may be, and what to do then.
    pub(crate) candidates: Vec<(String, String)>,
    /// Otherwise: what it is, and what that means.
    pub(crate) reasons: Vec<String>,
    pub(crate) details: Vec<String>,
    pub(crate) who: String,
    pub(crate) next: String,
    /// What to do, in order.
    pub(crate) steps: Vec<String>,
    pub(crate) when: String,
    pub(crate) card_line: String,
    pub(crate) hotline: Option<Hotline>,
    /// How to reach the bank, in words, where the bank must act and no step says it.
    pub(crate) hotline_words: Option<String>,
    pub(crate) back: &'static str,
    pub(crate) reference: String,
    /// What an action that was refused says.
    pub(crate) messages: Vec<Message>,
    /// Whether the binding is still open.
    pub(crate) open: bool,
    /// Whether a code may be asked for again, and the seconds until then.
    pub(crate) retry: Option<i64>,
    pub(crate) return_url: Option<String>,
}

/// Where a payment stands.
#[derive(Debug, Template)]
#[template(path = "payment.html")]
pub(crate) struct PaymentPage {
    pub(crate) frame: Frame,
    /// `good`, `wait` or `stop`.
    pub(crate) mood: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) text: &'static str,
    pub(crate) amount: String,
    /// How much of it went back, where some did.
    pub(crate) given_back: Option<String>,
    pub(crate) card_line: String,
    pub(crate) own_reference: String,
    /// Why it came to nothing, most likely first: what it is, and what to do then.
    pub(crate) several: bool,
    pub(crate) reasons: Vec<(String, String)>,
    /// What it waits for.
    pub(crate) waits_for: Option<&'static str>,
    pub(crate) who: String,
    pub(crate) next: String,
    /// What to do, in order, where something is to be done.
    pub(crate) steps: Vec<String>,
    pub(crate) when: Option<String>,
    pub(crate) next_look: Option<String>,
    pub(crate) hotline: Option<Hotline>,
    pub(crate) timeline: Vec<(String, &'static str)>,
    pub(crate) reference: String,
    pub(crate) return_url: Option<String>,
}

/// Nothing more happens here: expired, cancelled, or a page that must be opened anew.
#[derive(Debug, Template)]
#[template(path = "closed.html")]
pub(crate) struct ClosedPage {
    pub(crate) frame: Frame,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    pub(crate) again: bool,
    pub(crate) to_page: bool,
    /// Whether to say how to leave: by the platform's address, or by closing the page.
    pub(crate) leave: bool,
    pub(crate) return_url: Option<String>,
    pub(crate) csrf: String,
    pub(crate) once: String,
}
