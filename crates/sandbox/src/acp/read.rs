//! From the fields of a request to a question for the bank. Every field that is missing or has the
//! wrong form is named; no value is ever repeated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{Encoding, Version};

use super::gate::{Form, Method};
use crate::bank::{Ask, Elements, Movement, OrderKey, Original, Refusal, What};

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// Something for the bank.
    Ask(Ask),
    /// The encryption certificate.
    Certificate,
}

impl Question {
    /// The operation's name, as in the rules of faults.
    pub(super) const fn operation(&self) -> &'static str {
        match self {
            Self::Certificate => "refresh_certificate",
            Self::Ask(ask) => match ask {
                Ask::Verify { .. } => "verify",
                Ask::SendCode { .. } => "send_code",
                Ask::Open { .. } => "open_agreement",
                Ask::QueryOpening { .. } => "query_agreement",
                Ask::Close { .. } => "cancel_agreement",
                Ask::QueryState { .. } => "query_state",
                Ask::SendPaymentCode { .. } => "send_payment_code",
                Ask::Reverse { .. } => "reverse",
                Ask::Move(movement) => match movement.what {
                    What::Disburse { .. } => "disburse",
                    What::Collect { .. } => "collect",
                    What::Refund { .. } => "refund",
                    What::Undo { .. } => "undo",
                },
            },
        }
    }
}

/// Why a request is turned away, and the field it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turned {
    pub(super) refusal: Refusal,
    pub(super) field: &'static str,
}

impl Turned {
    pub(super) const fn new(refusal: Refusal, field: &'static str) -> Self {
        Self { refusal, field }
    }
}

const fn missing(field: &'static str) -> Turned {
    Turned::new(Refusal::FieldMissing, field)
}

const fn malformed(field: &'static str) -> Turned {
    Turned::new(Refusal::FormatWrong, field)
}

/// Version, character set and signature method.
pub(super) fn form(fields: &Fields, simulation: bool) -> Result<Form, Turned> {
    let version = match fields.ascii("version").ok_or(missing("version"))? {
        "5.1.0" => Version::V5_1_0,
        "5.0.0" => Version::V5_0_0,
        _ => return Err(malformed("version")),
    };
    let encoding = fields.ascii("encoding").ok_or(missing("encoding"))?;
    let encoding = [Encoding::Utf8, Encoding::Gbk]
        .into_iter()
        .find(|one| one.name().eq_ignore_ascii_case(encoding))
        .ok_or(malformed("encoding"))?;
    let method = fields.ascii("signMethod").ok_or(missing("signMethod"))?;
    let method = Method::of(method, simulation).ok_or(malformed("signMethod"))?;
    if version == Version::V5_0_0 && method != Method::Rsa {
        return Err(malformed("signMethod"));
    }
    Ok(Form { version, encoding, method })
}

/// What a correctly signed request asks for.
pub(super) fn question(
    fields: &Fields,
    encoding: Encoding,
    open: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Question, Turned> {
    let order = order(fields)?;
    let word = |name| fields.ascii(name).ok_or(missing(name));
    let reader = Reader { fields, encoding, open };
    let ask = match (word("txnType")?, word("txnSubType")?) {
        ("72", "12") => {
            let elements = reader.elements()?.0;
            require_elements(word("productId")?, &elements)?;
            Ask::Verify { order, elements }
        }
        ("77", "00") => {
            reader.requester()?;
            Ask::SendCode { order, elements: reader.with_phone()?.0 }
        }
        ("79", "00") => {
            reader.requester()?;
            let (elements, code) = reader.with_phone()?;
            Ask::Open { order, elements, code: code.ok_or(missing("smsCode"))? }
        }
        ("78", "02") => Ask::QueryOpening { order },
        ("74", "01") => Ask::Close { order, token: reader.token()? },
        ("00", "00" | "03") => Ask::QueryState { order },
        ("95", "00") => return Ok(Question::Certificate),
        (txn_type, sub_type) => reader.money(order, txn_type, sub_type)?,
    };
    Ok(Question::Ask(ask))
}

fn order(fields: &Fields) -> Result<OrderKey, Turned> {
    let word = |name| fields.ascii(name).ok_or(missing(name));
    let (merchant, order_id, txn_time) = (word("merId")?, word("orderId")?, word("txnTime")?);
    let alphanumeric = order_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !(8..=40).contains(&order_id.len()) || !alphanumeric {
        return Err(malformed("orderId"));
    }
    if txn_time.len() != 14 || !txn_time.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("txnTime"));
    }
    Ok(OrderKey {
        merchant: merchant.to_owned(),
        order_id: order_id.to_owned(),
        txn_time: txn_time.to_owned(),
    })
}

/// Each product compares its own elements: those must be there.
fn require_elements(product: &str, elements: &Elements) -> Result<(), Turned> {
    let (name, id_number, phone) = match product {
        "B132" => (false, false, true),
        "B136" => (true, false, false),
        "B144" => (false, true, false),
        "B152" => (true, true, false),
        "B156" => (true, true, true),
        _ => return Err(malformed("productId")),
    };
    if name && elements.name.is_none() {
        return Err(missing("customerNm"));
    }
    if id_number && elements.id_number.is_none() {
        return Err(missing("certifId"));
    }
    if phone && elements.phone.is_none() {
        return Err(missing("phoneNo"));
    }
    Ok(())
}

struct Reader<'a, Open> {
    fields: &'a Fields,
    encoding: Encoding,
    open: Open,
}

impl<Open: Fn(&str) -> Option<Vec<u8>>> Reader<'_, Open> {
    /// The token requester's group.
    fn requester(&self) -> Result<Fields, Turned> {
        let group = self.fields.bytes("tokenPayData").ok_or(missing("tokenPayData"))?;
        let group = Fields::parse_group(group).map_err(|_| malformed("tokenPayData"))?;
        match group.ascii("trId") {
            Some(_) => Ok(group),
            None => Err(missing("trId")),
        }
    }

    /// The token, in its requester's group.
    fn token(&self) -> Result<String, Turned> {
        let group = self.requester()?;
        group.ascii("token").map(str::to_owned).ok_or(missing("token"))
    }

    fn with_phone(&self) -> Result<(Elements, Option<String>), Turned> {
        let read = self.elements()?;
        if read.0.phone.is_none() {
            return Err(missing("phoneNo"));
        }
        Ok(read)
    }

    /// The card, what is said about its holder, and the code if there is one.
    fn elements(&self) -> Result<(Elements, Option<String>), Turned> {
        self.fields.ascii("encryptCertId").ok_or(missing("encryptCertId"))?;
        let card = self.fields.ascii("accNo").ok_or(missing("accNo"))?;
        let card = (self.open)(card).ok_or(malformed("accNo"))?;
        let card = String::from_utf8(card).map_err(|_| malformed("accNo"))?;
        let mut elements = Elements { card, name: None, id_number: None, phone: None };
        let Some(info) = self.customer()? else { return Ok((elements, None)) };
        elements.name = match info.bytes("customerNm") {
            Some(name) => Some(self.encoding.decode(name).ok_or(malformed("customerNm"))?),
            None => None,
        };
        elements.id_number = info.ascii("certifId").map(str::to_owned);
        if elements.id_number.is_some() && info.ascii("certifTp").is_none() {
            return Err(missing("certifTp"));
        }
        if let Some(sealed) = info.ascii("encryptedInfo") {
            let wrong = malformed("encryptedInfo");
            let hidden = (self.open)(sealed).ok_or(wrong)?;
            let hidden = Fields::parse_answer(&hidden, self.encoding).map_err(|_| wrong)?;
            elements.phone = hidden.ascii("phoneNo").map(str::to_owned);
        }
        Ok((elements, info.ascii("smsCode").map(str::to_owned)))
    }

    fn customer(&self) -> Result<Option<Fields>, Turned> {
        let Some(info) = self.fields.ascii("customerInfo") else { return Ok(None) };
        let wrong = malformed("customerInfo");
        let info = STANDARD.decode(info).map_err(|_| wrong)?;
        Fields::parse_group(&info).map(Some).map_err(|_| wrong)
    }
}

/// The messages that move money.
impl<Open: Fn(&str) -> Option<Vec<u8>>> Reader<'_, Open> {
    fn money(&self, order: OrderKey, txn_type: &str, sub_type: &str) -> Result<Ask, Turned> {
        let what = match (txn_type, sub_type) {
            ("77", "02") => {
                self.product(BIZ_TOKEN)?;
                let (token, amount_fen) = (self.token()?, self.amount_in_yuan()?);
                return Ok(Ask::SendPaymentCode { order, token, amount_fen });
            }
            ("99", "01") => {
                let again = || Original::Order(order.clone());
                let original = self.original().unwrap_or_else(|_| again());
                return Ok(Ask::Reverse { order, original });
            }
            ("12", "00") => {
                self.product(BIZ_DISBURSEMENT)?;
                self.amount_in_yuan()?;
                What::Disburse { elements: self.payee()? }
            }
            ("01", "01") => {
                self.product(BIZ_TOKEN)?;
                self.amount_in_yuan()?;
                let info = self.customer()?;
                let code = info.as_ref().and_then(|info| info.ascii("smsCode"));
                What::Collect { token: self.token()?, code: code.map(str::to_owned) }
            }
            ("04", "00") => What::Refund { original: self.original()? },
            ("31", "00") => What::Undo { original: self.original()? },
            _ => return Err(Turned::new(Refusal::NoPermission, "txnType")),
        };
        Ok(Ask::Move(Movement { order, amount_fen: self.amount()?, what }))
    }

    fn product(&self, expected: &str) -> Result<(), Turned> {
        match self.fields.ascii("bizType").ok_or(missing("bizType"))? {
            product if product == expected => Ok(()),
            _ => Err(Turned::new(Refusal::NoPermission, "bizType")),
        }
    }

    /// In fen, without sign or point.
    fn amount(&self) -> Result<i64, Turned> {
        let text = self.fields.ascii("txnAmt").ok_or(missing("txnAmt"))?;
        let digits = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let amount_fen = text.parse().ok().filter(|fen| digits && *fen > 0);
        amount_fen.ok_or(malformed("txnAmt"))
    }

    fn amount_in_yuan(&self) -> Result<i64, Turned> {
        match self.fields.ascii("currencyCode").ok_or(missing("currencyCode"))? {
            "156" => self.amount(),
            _ => Err(malformed("currencyCode")),
        }
    }

    fn original(&self) -> Result<Original, Turned> {
        let query_id = self.fields.ascii("origQryId").ok_or(missing("origQryId"))?;
        Ok(Original::QueryId(query_id.to_owned()))
    }

    /// The account that is paid: a person's card with a name or an ID number, or a company's
    /// account with its name.
    fn payee(&self) -> Result<Elements, Turned> {
        let mut elements = self.elements()?.0;
        if self.fields.ascii("accType") == Some("04") {
            let wrong = malformed("reserved");
            let group = self.fields.bytes("reserved").ok_or(missing("reserved"))?;
            let group = Fields::parse_group(group).map_err(|_| wrong)?;
            let name = group.bytes("comDebitCardAccName").ok_or(missing("comDebitCardAccName"))?;
            elements.name = Some(self.encoding.decode(name).ok_or(wrong)?);
            elements.id_number = group.ascii("businessLicenseRegNo").map(str::to_owned);
        }
        if elements.name.is_none() && elements.id_number.is_none() {
            return Err(missing("customerNm"));
        }
        Ok(elements)
    }
}

/// The product of tokens, and that of disbursements.
const BIZ_TOKEN: &str = "000902";
const BIZ_DISBURSEMENT: &str = "000401";
