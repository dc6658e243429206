//! What the fuzz targets do with arbitrary bytes, and what must hold. The workspace's own tests run
//! the same functions on random bytes, so that they always compile and hold.

use mingka_channels::acp::suite::sign_keyed;
use mingka_channels::acp::wire::{BODY_BYTES_MAX, FIELD_COUNT_MAX, Fields, FormError};
use mingka_channels::acp::{Acp, Encoding, KeyedHash, MerchantAccount};
use mingka_channels::{
    Context, Exchange as _, HttpRequest, HttpResponse, Method, OrderIdentity, Profile, Request,
};
use mingka_crypto::SystemEntropy;
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::secret::Secret;
use mingka_domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_795_141_800_000);

struct Setting {
    acp: Acp,
    secret: Secret,
    order: OrderIdentity,
    entropy: SystemEntropy,
}

impl Setting {
    fn new() -> Self {
        let secret = Secret::new("fuzz".to_owned());
        Self {
            acp: Acp::new(
                Profile::unionpay_acp(),
                MerchantAccount::simulation("777290058110097", &secret),
            ),
            secret,
            order: OrderIdentity { order_id: "fuzz12345678".to_owned(), txn_time: NOW },
            entropy: SystemEntropy::new(),
        }
    }

    fn context(&self) -> Context<'_> {
        Context { now: NOW, entropy: &self.entropy, order: &self.order }
    }

    /// Makes a message of the bank's out of fields, so that what lies behind the signature is
    /// reached too.
    fn sign(&self, fields: &mut Fields, txn_type: &str) {
        fields.set("version", "5.1.0");
        fields.set("merId", self.acp.account().merchant_number.as_bytes());
        fields.set("orderId", self.order.order_id.as_bytes());
        fields.set("txnTime", NOW.beijing_compact());
        fields.set("txnType", txn_type);
        sign_keyed(KeyedHash::Simulation, &self.secret, fields);
    }
}

/// An answer: as it is it proves nothing; signed by the bank it is read without panic, and never
/// settles an opening without a token.
pub fn acp_answer(bytes: &[u8]) {
    let setting = Setting::new();
    let context = setting.context();
    let request = |about| Request::QueryState { about, amount: None };
    for (request, txn_type) in [
        (request(Operation::Verify), "00"),
        (request(Operation::OpenAgreement), "00"),
        (Request::QueryAgreement, "78"),
    ] {
        let (_, sent) = setting.acp.encode(&request, &context).expect("it can be written");
        let answer = |body| HttpResponse { status: 200, content_type: None, body };
        assert!(setting.acp.decode(&sent, &answer(bytes.to_vec()), &context).is_err());
        let Ok(mut fields) = Fields::parse_answer(bytes, Encoding::Utf8) else { return };
        setting.sign(&mut fields, txn_type);
        let Ok(reply) = setting.acp.decode(&sent, &answer(fields.to_answer()), &context) else {
            continue;
        };
        if sent.operation == Operation::QueryAgreement && reply.outcome == Outcome::Settled {
            assert!(reply.token.is_some());
        }
    }
}

/// A notification: the same.
pub fn acp_notification(bytes: &[u8]) {
    let setting = Setting::new();
    let context = setting.context();
    let request = |body: &[u8]| HttpRequest {
        method: Method::Post,
        url: String::new(),
        content_type: String::new(),
        body: body.to_vec().into(),
    };
    assert!(setting.acp.notice(&request(bytes), &context).is_err());
    let Ok(mut fields) = Fields::parse_form(bytes) else { return };
    setting.sign(&mut fields, "79");
    if let Ok((notice, _)) = setting.acp.notice(&request(&fields.to_form()), &context) {
        assert!(notice.order.is_same(&setting.order));
        if notice.operation == Some(Operation::OpenAgreement) && notice.outcome == Outcome::Settled
        {
            assert!(notice.token.is_some());
        }
    }
}

/// The form itself: bounded, and what was read is written back and read again as the same.
pub fn form(bytes: &[u8]) {
    let read = [
        Fields::parse_form(bytes),
        Fields::parse_group(bytes),
        Fields::parse_answer(bytes, Encoding::Utf8),
        Fields::parse_answer(bytes, Encoding::Gbk),
    ];
    for fields in read {
        let fields = match fields {
            Err(error) => {
                assert!(error == FormError::TooLong || bytes.len() <= BODY_BYTES_MAX);
                continue;
            }
            Ok(fields) => fields,
        };
        assert!(fields.iter().count() <= FIELD_COUNT_MAX);
        let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(size <= bytes.len());
        let again = Fields::parse_form(&fields.to_form());
        let kept = |fields: &Fields| fields.canonical().to_vec();
        if let Ok(again) = again {
            assert_eq!(kept(&again), kept(&fields));
        }
    }
}
