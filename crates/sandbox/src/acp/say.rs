//! From a verdict to a signed answer, and from a fault to a spoilt one.

use mingka_channels::acp::Encoding;
use mingka_channels::acp::wire::{Fields, SIGNATURE};
use mingka_channels::http::{HttpRequest, HttpResponse, Method};
use mingka_crypto::Entropy;
use mingka_domain::time::{DAY_MS, Timestamp};
use zeroize::Zeroizing;

use super::announce;
use super::answer::{Answer, Delivery, Manner, Notification};
use super::codes::{ACCEPTED, SUCCESS, response_code};
use super::gate::{Gate, Heard};
use super::read::{Question, Turned};
use super::{Decided, Said};
use crate::bank::{Ask, Done, Outcome, Verdict};
use crate::faults::Fault;

/// How long after its answer a notification leaves.
const NOTIFICATION_AFTER_MS: u64 = 2_000;
/// How long an answer waits that comes after its notification.
const ANSWER_AFTER_NOTIFICATION_MS: u64 = 1_500;
/// How long an agreement is good for.
const AGREEMENT_LIFE_MS: i64 = 5 * 365 * DAY_MS;
/// What every answer repeats from its request.
pub(super) const REPEATED: [&str; 12] = [
    "version",
    "encoding",
    "bizType",
    "txnType",
    "txnSubType",
    "accessType",
    "merId",
    "orderId",
    "txnTime",
    "txnAmt",
    "currencyCode",
    "reqReserved",
];

/// The answer to one request.
pub(super) fn say(gate: &Gate, entropy: &dyn Entropy, heard: &Heard, decided: Decided) -> Answer {
    let fault = decided.fault.as_ref();
    let mut delivery = delivery(fault);
    if !decided.before.is_empty() {
        delivery.delay_ms = delivery.delay_ms.max(ANSWER_AFTER_NOTIFICATION_MS);
    }
    if matches!(fault, Some(Fault::BadGateway | Fault::BadGatewayAfter)) {
        let notifications = notifications(gate, entropy, heard, &decided);
        return Answer { response: bad_gateway(), delivery, notifications };
    }
    let mut fields = answer_fields(heard, &decided);
    if let Said::Certificate = decided.said {
        put_certificate(&mut fields, gate, fault, entropy);
    }
    if fault == Some(&Fault::WrongOrder) {
        fields.set("orderId", "SOMEBODYELSESORDER");
    }
    if fault == Some(&Fault::WrongAmount) {
        let amount_fen = fields.ascii("txnAmt").and_then(|text| text.parse::<u64>().ok());
        let other_fen = amount_fen.unwrap_or(0).saturating_add(1);
        fields.set("txnAmt", other_fen.to_string());
    }
    gate.sign(&mut fields, heard.form, merchant(heard));
    let response = HttpResponse {
        status: 200,
        content_type: Some(format!("text/html;charset={}", heard.form.encoding.name())),
        body: spoil(&mut fields, heard.form.encoding, fault),
    };
    Answer { response, delivery, notifications: notifications(gate, entropy, heard, &decided) }
}

fn merchant(heard: &Heard) -> &str {
    heard.fields.ascii("merId").unwrap_or_default()
}

fn delivery(fault: Option<&Fault>) -> Delivery {
    match fault {
        Some(Fault::Delay { ms }) => Delivery { delay_ms: *ms, manner: Manner::Whole },
        Some(Fault::HalfAnswer) => Delivery { delay_ms: 0, manner: Manner::Half },
        Some(Fault::DropBefore | Fault::DropAfter | Fault::Closed) => {
            Delivery { delay_ms: 0, manner: Manner::Nothing }
        }
        _ => Delivery::default(),
    }
}

fn bad_gateway() -> HttpResponse {
    HttpResponse {
        status: 502,
        content_type: Some("text/html".to_owned()),
        body: b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
    }
}

fn answer_fields(heard: &Heard, decided: &Decided) -> Fields {
    let mut fields = Fields::new();
    for name in REPEATED {
        if let Some(value) = heard.fields.bytes(name) {
            fields.set(name, value);
        }
    }
    let mut put = |code: &str, message: &str| {
        put_code(&mut fields, heard.form.encoding, "resp", code, message)
    };
    match &decided.said {
        Said::TurnedAway(Turned { refusal, field }) => {
            let (code, message) = response_code(*refusal);
            put(code, &format!("{message}[{field}]"));
        }
        Said::Gateway { code, message } => put(code, message),
        Said::Certificate => put(SUCCESS.0, SUCCESS.1),
        Said::Verdict(_) if decided.fault == Some(Fault::Pending) => put(ACCEPTED.0, ACCEPTED.1),
        Said::Verdict(verdict) => put_verdict(&mut fields, heard, decided, verdict),
        Said::Nothing => {}
    }
    fields
}

fn put_certificate(fields: &mut Fields, gate: &Gate, fault: Option<&Fault>, entropy: &dyn Entropy) {
    let flaw = match fault {
        Some(Fault::WrongCertificate { flaw }) => Some(*flaw),
        _ => None,
    };
    if let Some(pem) = gate.encryption_certificate(flaw, entropy) {
        fields.set("certType", "01");
        fields.set("encryptPubKeyCert", pem.as_bytes());
    }
}

fn put_verdict(fields: &mut Fields, heard: &Heard, decided: &Decided, verdict: &Verdict) {
    let number = u128::from_be_bytes(decided.draw.0) % 10_000_000;
    fields.set("queryId", format!("{}{number:07}", decided.now.beijing_compact()));
    let (code, message) = match verdict {
        Verdict::Done(_) => SUCCESS,
        Verdict::Refused(refusal) => response_code(*refusal),
    };
    put_code(fields, heard.form.encoding, "resp", code, message);
    match verdict {
        Verdict::Done(Done::Opened { token, opened_at }) => {
            put_token(fields, heard, token, *opened_at);
        }
        Verdict::Done(Done::State { outcome, .. }) => {
            let (code, message) = match outcome {
                Outcome::Done => SUCCESS,
                Outcome::Refused(refusal) => response_code(*refusal),
            };
            put_code(fields, heard.form.encoding, "origResp", code, message);
        }
        Verdict::Done(Done::Accepted { query_id }) => {
            fields.set("queryId", query_id.as_bytes());
        }
        Verdict::Done(Done::Payment(report)) => {
            let (code, message) = announce::code(report.says);
            put_code(fields, heard.form.encoding, "origResp", code, message);
            announce::put_report(fields, report);
        }
        _ => {}
    }
}

/// A code and its text, in the character set of the conversation.
pub(super) fn put_code(
    fields: &mut Fields,
    encoding: Encoding,
    prefix: &str,
    code: &str,
    message: &str,
) {
    fields.set(&format!("{prefix}Code"), code.as_bytes());
    if let Some(message) = encoding.encode(message) {
        fields.set(&format!("{prefix}Msg"), message);
    }
}

fn put_token(fields: &mut Fields, heard: &Heard, token: &str, opened_at: Timestamp) {
    let asked = heard.fields.bytes("tokenPayData").and_then(|it| Fields::parse_group(it).ok());
    let requester = asked.as_ref().and_then(|group| group.ascii("trId"));
    let mut group = Fields::new();
    group.set("token", token);
    group.set("trId", requester.unwrap_or(super::TOKEN_REQUESTER));
    group.set("tokenLevel", "80");
    group.set("tokenBegin", opened_at.beijing_compact());
    group.set("tokenEnd", opened_at.plus_ms(AGREEMENT_LIFE_MS).beijing_compact());
    group.set("tokenType", "01");
    fields.set("tokenPayData", group.to_group().as_slice());
    fields.set("activateStatus", "1");
}

/// The body as it leaves, with what the fault does to it.
fn spoil(fields: &mut Fields, encoding: Encoding, fault: Option<&Fault>) -> Vec<u8> {
    match fault {
        Some(Fault::WrongSignature) => {
            let other = fields.ascii(SIGNATURE).map(|signature| {
                let swap = if signature.starts_with('A') { "B" } else { "A" };
                format!("{swap}{}", signature.get(1..).unwrap_or_default())
            });
            fields.set(SIGNATURE, other.unwrap_or_default());
            fields.to_answer()
        }
        Some(Fault::WrongEncoding) => {
            // As a machine in between would: the bytes change, the claim and the signature stay.
            let other = if encoding == Encoding::Utf8 { Encoding::Gbk } else { Encoding::Utf8 };
            let message = fields.bytes("respMsg").and_then(|bytes| encoding.decode(bytes));
            if let Some(message) = message.and_then(|text| other.encode(&text)) {
                fields.set("respMsg", message);
            }
            fields.to_answer()
        }
        Some(Fault::DuplicateAnswer) => {
            let once = fields.to_answer();
            [once.as_slice(), b"&", once.as_slice()].concat()
        }
        _ => fields.to_answer(),
    }
}

/// An opening is notified where the merchant named an address for it.
fn notifications(
    gate: &Gate,
    entropy: &dyn Entropy,
    heard: &Heard,
    decided: &Decided,
) -> Vec<Notification> {
    let before = decided.before.iter().flat_map(|one| gate.announce(entropy, one));
    let before: Vec<Notification> = before.collect();
    if !before.is_empty() {
        return before;
    }
    let Ok(Question::Ask(Ask::Open { elements, .. })) = &heard.question else { return Vec::new() };
    let Said::Verdict(verdict @ Verdict::Done(Done::Opened { .. })) = &decided.said else {
        return Vec::new();
    };
    let Some(url) = heard.fields.ascii("backUrl") else { return Vec::new() };
    let plain = Decided { fault: None, ..decided.clone() };
    let mut fields = answer_fields(heard, &plain);
    put_verdict(&mut fields, heard, &plain, verdict);
    if let Some(card) = gate.seal_for(merchant(heard), &elements.card, entropy) {
        fields.set("accNo", card);
    }
    gate.sign(&mut fields, heard.form, merchant(heard));
    let charset = heard.form.encoding.name();
    let notification = Notification {
        request: HttpRequest {
            method: Method::Post,
            url: url.to_owned(),
            content_type: format!("application/x-www-form-urlencoded;charset={charset}"),
            body: Zeroizing::new(fields.to_form().to_vec()),
        },
        after_ms: NOTIFICATION_AFTER_MS,
    };
    let times = if decided.fault == Some(Fault::DuplicateNotification) { 2 } else { 1 };
    vec![notification; times]
}
