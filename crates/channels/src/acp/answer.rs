//! Reading what the bank says. First the signature, then that it speaks of our order, then the code.
//! Whatever fails on that way proves nothing; only a code on the list of final declines declines.

use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, mask_digits};
use mingka_domain::mapping::{MappingBook, Meaning};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{
    Class, Doubt, NotSent, Operation, Outcome, Phase, RawAnswer, ResponseCode,
};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

use super::account::MerchantAccount;
use super::money::{CURRENCY, QUERY_ID_BYTES_MAX};
use super::text::Encoding;
use super::wire::Fields;
use crate::exchange::{
    Acknowledgement, Booked, Context, Notice, OrderIdentity, Reply, Sent, Token, Unreadable,
};
use crate::http::{HttpRequest, HttpResponse};

/// Reads a synchronous answer.
pub(super) fn decode(
    sent: &Sent,
    answer: &HttpResponse,
    context: &Context<'_>,
    rules: &Rules<'_>,
) -> Result<Reply, Unreadable> {
    if answer.status != 200 {
        let why = format!("the HTTP status is {}", answer.status);
        return Err(Unreadable::new(Doubt::BadStatus, why));
    }
    let encoding = rules.account.encoding;
    let fields = Fields::parse_answer(&answer.body, encoding)
        .map_err(|error| Unreadable::new(Doubt::Unreadable, error.to_string()))?;
    prove(&fields, rules.account, context.now)?;
    check_order(sent, &fields)?;
    check_amount(sent, &fields)?;
    let heard = Heard::of(&fields, encoding, "respCode", "respMsg")?;
    let mut reply = match sent.operation {
        Operation::QueryState => read_state(sent, &fields, &heard, rules, encoding),
        Operation::QueryAgreement => read_agreement(&fields, heard, rules),
        _ => read_request(sent, &fields, deciding(sent, &fields, heard, rules, encoding), rules),
    };
    if sent.amount.is_some() {
        // What moves money repeats the agreement it uses, and opens none.
        reply.token = None;
    }
    Ok(reply)
}

/// Reads a notification.
pub(super) fn notice(
    request: &HttpRequest,
    context: &Context<'_>,
    rules: &Rules<'_>,
) -> Result<(Notice, Acknowledgement), Unreadable> {
    let unreadable = |why: String| Unreadable::new(Doubt::Unreadable, why);
    let mut fields =
        Fields::parse_form(&request.body).map_err(|error| unreadable(error.to_string()))?;
    remove_our_parameters(&mut fields, rules.account.urls.notify.as_deref());
    prove(&fields, rules.account, context.now)?;
    if fields.ascii("merId") != Some(rules.account.merchant_number.as_str()) {
        return Err(Unreadable::new(Doubt::WrongOrder, "it is for another merchant"));
    }
    let order = order_of(&fields).ok_or_else(|| unreadable("it names no order".to_owned()))?;
    let heard = Heard::of(&fields, rules.account.encoding, "respCode", "respMsg")?;
    let operation = operation_of(&fields);
    let mut meaning = operation.map_or_else(Meaning::unmapped, |operation| {
        rules.read(operation, Phase::Notification, &heard)
    });
    let token = token(&fields);
    let mut outcome = outcome(&meaning, &heard);
    let about_opening = operation == Some(Operation::OpenAgreement);
    if outcome == Outcome::Settled && about_opening && !is_opened(&fields, token.as_ref()) {
        outcome = Outcome::Unknown(Doubt::Unreadable, Some(heard.0.clone()));
        meaning = open_meaning();
    }
    let token = token.filter(|_| outcome == Outcome::Settled);
    let notice = Notice {
        order,
        operation,
        outcome,
        meaning,
        token,
        active: active(&fields),
        query_id: query_id(&fields),
        booked: booked(&fields),
        answer: Some(heard.0),
    };
    Ok((notice, Acknowledgement { status: 200, body: "ok" }))
}

/// What decides whether a message is believed, and what its code means.
pub(super) struct Rules<'a> {
    /// The mappings.
    pub(super) book: &'a MappingBook,
    /// The family of codes.
    pub(super) family: &'a str,
    /// The codes by which an inquiry says that there is no such order.
    pub(super) not_found: &'a [String],
    /// The contract the message must be under.
    pub(super) account: &'a MerchantAccount,
}

impl Rules<'_> {
    fn read(&self, operation: Operation, phase: Phase, heard: &Heard) -> Meaning {
        self.book.read(self.family, operation, phase, &heard.0.code)
    }

    fn is_not_found(&self, heard: &Heard) -> bool {
        self.not_found.iter().any(|code| code == heard.0.code.as_str())
    }
}

fn prove(fields: &Fields, account: &MerchantAccount, now: Timestamp) -> Result<(), Unreadable> {
    if fields.ascii("version") != Some(account.version.name()) {
        return Err(Unreadable::new(Doubt::BadSignature, "it is of another protocol version"));
    }
    account
        .suite
        .prove(account.version, fields, now)
        .map_err(|error| Unreadable::new(Doubt::BadSignature, error.to_string()))
}

fn check_order(sent: &Sent, fields: &Fields) -> Result<(), Unreadable> {
    let same_merchant = fields.ascii("merId") == Some(sent.merchant_number.as_str());
    let same_order = order_of(fields).is_some_and(|order| order.is_same(&sent.order));
    let repeats = |(name, value): &(&'static str, String)| fields.ascii(name) == Some(value);
    if same_merchant && same_order && sent.repeated.iter().all(repeats) {
        return Ok(());
    }
    Err(Unreadable::new(Doubt::WrongOrder, "it answers another order than the one sent"))
}

/// Whether the amount is ours, where the answer names one. Another amount, or another currency, is
/// about something we never asked for, whatever else fits.
fn check_amount(sent: &Sent, fields: &Fields) -> Result<(), Unreadable> {
    let Some(ours) = sent.amount else { return Ok(()) };
    let other = |name| fields.bytes(name).is_some();
    let amount_fits = fen(fields, "txnAmt").map_or(!other("txnAmt"), |amount| amount == ours);
    let currency_fits =
        fields.ascii("currencyCode").map_or(!other("currencyCode"), |code| code == CURRENCY);
    if amount_fits && currency_fits {
        return Ok(());
    }
    Err(Unreadable::new(Doubt::WrongAmount, "it speaks of another amount than the one sent"))
}

/// An amount in fen: digits alone.
fn fen(fields: &Fields, name: &str) -> Option<Fen> {
    let digits = fields.ascii(name)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).and_then(|amount| Fen::new(amount).ok())
}

fn booked(fields: &Fields) -> Booked {
    let digits = |name, length: usize| {
        let value = fields.ascii(name)?;
        let fits = value.len() <= length && value.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| value.to_owned())
    };
    Booked {
        amount: fen(fields, "txnAmt"),
        settle_amount: fen(fields, "settleAmt"),
        settle_date: digits("settleDate", 4).filter(|date| date.len() == 4),
        trace_number: digits("traceNo", 20),
    }
}

fn query_id(fields: &Fields) -> Option<String> {
    fields.ascii("queryId").filter(|id| id.len() <= QUERY_ID_BYTES_MAX).map(str::to_owned)
}

/// A code and its text, masked.
struct Heard(RawAnswer);

impl Heard {
    fn of(
        fields: &Fields,
        encoding: Encoding,
        code: &str,
        message: &str,
    ) -> Result<Self, Unreadable> {
        let code = fields
            .ascii(code)
            .filter(|code| code.len() <= ResponseCode::LENGTH_MAX)
            .ok_or_else(|| Unreadable::new(Doubt::Unreadable, "it has no response code"))?;
        let message = fields.bytes(message).and_then(|text| encoding.decode(text));
        let message = message.map(|text| mask_digits(&text)).filter(|text| !text.is_empty());
        Ok(Self(RawAnswer { code: ResponseCode::new(code), message }))
    }
}

fn outcome(meaning: &Meaning, heard: &Heard) -> Outcome {
    let answer = heard.0.clone();
    match meaning.class {
        Class::Settled => Outcome::Settled,
        Class::Declined => Outcome::Declined(answer),
        Class::Pending => Outcome::Pending(Some(answer)),
        Class::NotAttempted => Outcome::NotAttempted(NotSent::ChannelRefused, Some(answer)),
        Class::Unknown => Outcome::Unknown(meaning.doubt(), Some(answer)),
    }
}

/// A verification's answer may carry the result apart, as an inquiry's does: then "the request went
/// well" must not be read as "the elements belong together".
fn deciding(
    sent: &Sent,
    fields: &Fields,
    heard: Heard,
    rules: &Rules<'_>,
    encoding: Encoding,
) -> Heard {
    let went_well = rules.read(sent.operation, Phase::Request, &heard).class == Class::Settled;
    if sent.operation == Operation::Verify && went_well {
        Heard::of(fields, encoding, "origRespCode", "origRespMsg").unwrap_or(heard)
    } else {
        heard
    }
}

/// The answer to a request that does something, or asks about elements.
fn read_request(sent: &Sent, fields: &Fields, heard: Heard, rules: &Rules<'_>) -> Reply {
    let meaning = rules.read(sent.operation, Phase::Request, &heard);
    let mut reply = reply(meaning, &heard, Phase::Request, fields);
    if sent.operation == Operation::RefreshCertificate {
        // certType 02 is a key for magnetic stripes, which is not what was asked for.
        let of_our_type = fields.ascii("certType").is_none_or(|kind| kind == "01");
        let certificate = fields.ascii("encryptPubKeyCert").filter(|_| of_our_type);
        reply.certificate = certificate.map(str::to_owned);
    }
    let lacks_result = match sent.operation {
        Operation::OpenAgreement => !is_opened(fields, reply.token.as_ref()),
        Operation::RefreshCertificate => reply.certificate.is_none(),
        _ => false,
    };
    if reply.outcome == Outcome::Settled && lacks_result {
        // The bank says it did it and does not say what we need to use it: only asking again helps.
        leave_open(&mut reply, Outcome::Unknown(Doubt::Unreadable, Some(heard.0)));
    }
    reply
}

/// 78/02: was the agreement opened? The code is about the question; the token is the answer, unless
/// the bank calls it inactive: then it proves only that this very number is not open.
fn read_agreement(fields: &Fields, heard: Heard, rules: &Rules<'_>) -> Reply {
    let meaning = rules.read(Operation::QueryAgreement, Phase::Request, &heard);
    let (answered, doubt) = (meaning.class == Class::Settled, meaning.doubt());
    let mut reply = reply(meaning, &heard, Phase::Request, fields);
    reply.not_found = rules.is_not_found(&heard);
    if !answered {
        // A question that failed says nothing about what was asked.
        leave_open(&mut reply, Outcome::Unknown(doubt, Some(heard.0)));
    } else if !is_opened(fields, reply.token.as_ref()) {
        leave_open(&mut reply, Outcome::Pending(Some(heard.0)));
        reply.inactive = token(fields).filter(|_| fields.ascii("activateStatus") == Some("0"));
    }
    reply
}

/// 00/00 and 00/03: `respCode` is about the question, `origRespCode` about the order.
fn read_state(
    sent: &Sent,
    fields: &Fields,
    question: &Heard,
    rules: &Rules<'_>,
    encoding: Encoding,
) -> Reply {
    let asked = rules.read(Operation::QueryState, Phase::Request, question);
    let original = Heard::of(fields, encoding, "origRespCode", "origRespMsg").ok();
    let Some(original) = original.filter(|_| asked.class == Class::Settled) else {
        let doubt = asked.doubt();
        let mut reply = reply(asked, question, Phase::Request, fields);
        reply.not_found = rules.is_not_found(question);
        let heard = Some(question.0.clone());
        leave_open(&mut reply, Outcome::Unknown(doubt, heard));
        return reply;
    };
    let meaning = rules.read(sent.about, Phase::Inquiry, &original);
    let mut reply = reply(meaning, &original, Phase::Inquiry, fields);
    reply.not_found = rules.is_not_found(&original);
    if reply.outcome == Outcome::Settled
        && sent.about == Operation::OpenAgreement
        && active(fields) == Some(false)
    {
        leave_open(&mut reply, Outcome::Unknown(Doubt::Unreadable, Some(original.0)));
    }
    reply
}

/// An agreement can be used when it has a number and the bank does not call it inactive.
fn is_opened(fields: &Fields, token: Option<&Token>) -> bool {
    token.is_some() && active(fields) != Some(false)
}

/// Nothing is settled after all, whatever the code alone would mean; so there is no agreement.
fn leave_open(reply: &mut Reply, outcome: Outcome) {
    reply.outcome = outcome;
    reply.token = None;
    if reply.meaning.class == Class::Settled {
        reply.meaning = open_meaning();
    }
}

fn open_meaning() -> Meaning {
    Meaning {
        class: Class::Unknown,
        causes: vec![known::CHANNEL_RESULT_UNKNOWN],
        certainty: Certainty::Unknown,
    }
}

fn reply(meaning: Meaning, heard: &Heard, phase: Phase, fields: &Fields) -> Reply {
    let outcome = outcome(&meaning, heard);
    Reply {
        // A number beside anything but success is no agreement.
        token: token(fields).filter(|_| outcome == Outcome::Settled),
        inactive: None,
        outcome,
        phase,
        answer: Some(heard.0.clone()),
        meaning,
        not_found: false,
        query_id: query_id(fields),
        booked: booked(fields),
        certificate: None,
    }
}

fn order_of(fields: &Fields) -> Option<OrderIdentity> {
    Some(OrderIdentity {
        order_id: fields.ascii("orderId").filter(|id| id.len() <= 40)?.to_owned(),
        txn_time: fields.ascii("txnTime").and_then(Timestamp::from_beijing_compact)?,
    })
}

fn operation_of(fields: &Fields) -> Option<Operation> {
    match (fields.ascii("txnType")?, fields.ascii("txnSubType")?) {
        ("72", "12") => Some(Operation::Verify),
        ("79", "00") => Some(Operation::OpenAgreement),
        ("74", "01") => Some(Operation::CancelAgreement),
        ("12", "00") => Some(Operation::Disburse),
        ("01", "01") => Some(Operation::Collect),
        ("04", "00") => Some(Operation::Refund),
        ("31", "00") => Some(Operation::Undo),
        ("99", "01") => Some(Operation::Reverse),
        _ => None,
    }
}

fn token(fields: &Fields) -> Option<Token> {
    let group = Fields::parse_group(fields.bytes("tokenPayData")?).ok()?;
    let number = group.ascii("token").filter(|number| number.len() <= 64)?;
    Some(Token {
        number: Secret::new(number.to_owned()),
        ends_at: group.ascii("tokenEnd").and_then(Timestamp::from_beijing_compact),
    })
}

fn active(fields: &Fields) -> Option<bool> {
    match fields.ascii("activateStatus")? {
        "1" => Some(true),
        _ => Some(false),
    }
}

/// Web servers hand us the parameters of our own address among the fields of the message; they are
/// not signed.
fn remove_our_parameters(fields: &mut Fields, notify: Option<&str>) {
    let query = notify.and_then(|url| url.split_once('?')).map(|(_, query)| query);
    let ours = query.and_then(|query| Fields::parse_form(query.as_bytes()).ok());
    for (name, _) in ours.iter().flat_map(Fields::iter) {
        fields.remove(name);
    }
}
