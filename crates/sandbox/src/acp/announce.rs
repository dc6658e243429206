//! Notifications about money: what is kept of a request so that its end can be announced later, and
//! the message that announces it.

use mingka_channels::acp::wire::{Fields, SIGNATURE};
use mingka_channels::http::{HttpRequest, Method};
use mingka_crypto::Entropy;
use zeroize::Zeroizing;

use super::answer::Notification;
use super::codes::{ACCEPTED, SUCCESS, response_code};
use super::gate::{Gate, Heard};
use super::read;
use super::say::{REPEATED, put_code};
use crate::bank::{Announcement, Envelope, Notice, Report, Says};

/// An end that is to be announced, with the card it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    report: Report,
    card: Option<String>,
    pub(super) notice: Notice,
}

impl Announced {
    pub(super) fn new(announcement: Announcement, card: Option<String>) -> Self {
        Self { report: announcement.report, card, notice: announcement.notice }
    }
}

/// Where the merchant wants to be told.
const ADDRESS: &str = "backUrl";
/// How the merchant signs: the bank signs to it in the same way.
const METHOD: &str = "signMethod";

/// What is kept of a request: all of it is repeated in its notification. No card and no holder.
pub(super) fn envelope(heard: &Heard) -> Envelope {
    let mut kept = Fields::new();
    for name in REPEATED.into_iter().chain([ADDRESS, METHOD]) {
        if let Some(value) = heard.fields.bytes(name) {
            kept.set(name, value);
        }
    }
    String::from_utf8_lossy(&kept.to_form()).into_owned()
}

/// The messages for one announcement.
pub(super) fn write(
    gate: &Gate,
    entropy: &dyn Entropy,
    announced: &Announced,
) -> Vec<Notification> {
    let Announced { report, card, notice } = announced;
    let payment = &report.payment;
    let Ok(mut fields) = Fields::parse_form(payment.envelope.as_bytes()) else { return Vec::new() };
    let Ok(form) = read::form(&fields, gate.is_simulation()) else { return Vec::new() };
    let Some(url) = fields.remove(ADDRESS).and_then(|url| String::from_utf8(url).ok()) else {
        return Vec::new();
    };
    let (code, message) = code(report.says);
    put_code(&mut fields, form.encoding, "resp", code, message);
    put_report(&mut fields, report);
    let merchant = payment.order.merchant.as_str();
    if let Some(card) = card.as_ref().and_then(|card| gate.seal_for(merchant, card, entropy)) {
        fields.set("accNo", card);
    }
    if *notice == Notice::ForAnother {
        fields.set("orderId", "SOMEBODYELSESORDER");
    }
    gate.sign(&mut fields, form, merchant);
    if *notice == Notice::Forged {
        let other = fields.ascii(SIGNATURE).map(|signature| {
            let swap = if signature.starts_with('A') { "B" } else { "A" };
            format!("{swap}{}", signature.get(1..).unwrap_or_default())
        });
        fields.set(SIGNATURE, other.unwrap_or_default());
    }
    let charset = form.encoding.name();
    let content_type = format!("application/x-www-form-urlencoded;charset={charset}");
    let body = Zeroizing::new(fields.to_form().to_vec());
    let request = HttpRequest { method: Method::Post, url, content_type, body };
    let times = if *notice == Notice::Twice { 2 } else { 1 };
    vec![Notification { request, after_ms: 0 }; times]
}

/// The code and the text of how a payment ended.
pub(super) fn code(says: Says) -> (&'static str, &'static str) {
    match says {
        Says::InProgress => ACCEPTED,
        Says::Settled(_) => SUCCESS,
        Says::Refused(refusal) => response_code(refusal),
    }
}

/// What answers and notifications tell of a payment besides.
pub(super) fn put_report(fields: &mut Fields, report: &Report) {
    let payment = &report.payment;
    let query_id = payment.query_id.as_str();
    fields.set("queryId", query_id);
    fields.set("txnAmt", payment.amount_fen.to_string());
    fields.set("currencyCode", "156");
    fields.set("traceNo", query_id.get(query_id.len().saturating_sub(6)..).unwrap_or_default());
    let time = payment.accepted_at.beijing_compact();
    fields.set("traceTime", time.get(4..).unwrap_or_default());
    if let Says::Settled(day) = report.says {
        fields.set("settleDate", day.month_and_day());
        fields.set("settleAmt", payment.amount_fen.to_string());
        fields.set("settleCurrencyCode", "156");
    }
}
