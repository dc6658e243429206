//! A channel that costs nothing: empty messages, a bank in the same call, no signature. It takes
//! every order at once and says that it is done when it is asked. What is left is the house's own.

use std::sync::Arc;

use mingka_channels::{
    Acknowledgement, Booked, Context, EncryptionCertificate, Exchange, HttpRequest, HttpResponse,
    Method, Notice, Profile, Reply, Request, Sent, Token, Unencodable, Unreadable,
};
use mingka_domain::cause::known;
use mingka_domain::consent::Recipient;
use mingka_domain::diagnosis::Certainty;
use mingka_domain::mapping::Meaning;
use mingka_domain::outcome::{Class, Doubt, Operation, Outcome, Phase, RawAnswer, ResponseCode};
use mingka_domain::secret::Secret;
use mingka_domain::text::Text;
use mingka_domain::time::Timestamp;
use mingka_engine::{Channel, DEFAULT_LENDER, Delivery, Sending, Transport};

/// The channel's code, and the number of its contract.
pub(crate) const CODE: &str = "free";
pub(crate) const MERCHANT: &str = "free";

/// The codec and the way to the bank in one: neither holds anything.
pub(crate) struct Free;

/// The channel, with UnionPay's profile; what moves money may be asked about earlier than there.
pub(crate) fn channel(first_inquiry_ms: Option<i64>) -> Channel {
    let mut profile = Arc::unwrap_or_clone(Profile::unionpay_acp());
    if let Some(ms) = first_inquiry_ms {
        profile.payment_inquiry.first_after_ms = ms;
    }
    let contact = Text { zh: "95516".to_owned(), en: "95516".to_owned() };
    Channel {
        code: CODE.to_owned(),
        exchange: Arc::new(Free),
        merchant_number: MERCHANT.to_owned(),
        lender: DEFAULT_LENDER.to_owned(),
        recipient: Recipient { name: profile.recipient.clone(), contact },
        profile: Arc::new(profile),
    }
}

impl Transport for Free {
    fn send(&self, _request: HttpRequest, _timeout_ms: u64) -> Sending<'_> {
        let answer = HttpResponse { status: 200, content_type: None, body: Vec::new() };
        Box::pin(std::future::ready(Delivery::Answered(answer)))
    }
}

impl Exchange for Free {
    fn encode(
        &self,
        request: &Request,
        context: &Context<'_>,
    ) -> Result<(HttpRequest, Sent), Unencodable> {
        let operation = request.operation();
        let about = match request {
            Request::QueryState { about, .. } => *about,
            _ => operation,
        };
        let message = HttpRequest {
            method: Method::Post,
            url: String::new(),
            content_type: String::new(),
            body: Vec::<u8>::new().into(),
        };
        let sent = Sent {
            operation,
            about,
            merchant_number: MERCHANT.to_owned(),
            order: context.order.clone(),
            amount: request.amount(),
            repeated: Vec::new(),
        };
        Ok((message, sent))
    }

    /// A first answer about money only says that the order was taken; an inquiry, that it is done.
    fn decode(
        &self,
        sent: &Sent,
        _answer: &HttpResponse,
        _context: &Context<'_>,
    ) -> Result<Reply, Unreadable> {
        let answer = RawAnswer { code: ResponseCode::new("00"), message: None };
        let (outcome, meaning) = if sent.operation.moves_money() {
            (Outcome::Pending(Some(answer.clone())), in_progress())
        } else {
            (Outcome::Settled, Meaning::settled())
        };
        let asks = sent.operation == Operation::QueryState;
        let opens = matches!(sent.operation, Operation::OpenAgreement | Operation::QueryAgreement);
        let number = sent.order.order_id.clone();
        let token = Token { number: Secret::new(number.clone()), ends_at: None };
        Ok(Reply {
            outcome,
            phase: if asks { Phase::Inquiry } else { Phase::Request },
            answer: Some(answer),
            meaning,
            not_found: false,
            token: opens.then_some(token),
            inactive: None,
            query_id: Some(number),
            booked: Booked { amount: sent.amount, ..Booked::default() },
            certificate: None,
        })
    }

    fn notice(
        &self,
        _request: &HttpRequest,
        _context: &Context<'_>,
    ) -> Result<(Notice, Acknowledgement), Unreadable> {
        Err(nothing())
    }

    fn can_write(&self, _text: &str) -> bool {
        true
    }

    fn renews_encryption(&self) -> bool {
        false
    }

    fn check_encryption(
        &self,
        _pem: &str,
        _now: Timestamp,
    ) -> Result<EncryptionCertificate, Unreadable> {
        Err(nothing())
    }

    fn encrypt_to(&self, _newest_first: &[&str], _now: Timestamp) {}

    fn encryption(&self, _now: Timestamp) -> EncryptionCertificate {
        EncryptionCertificate { serial: String::new(), not_before: None, not_after: None }
    }
}

fn in_progress() -> Meaning {
    Meaning {
        class: Class::Pending,
        causes: vec![known::CHANNEL_PROCESSING],
        certainty: Certainty::Certain,
    }
}

fn nothing() -> Unreadable {
    Unreadable { doubt: Doubt::Unreadable, why: "this channel says nothing by itself".to_owned() }
}
