//! Every message of ACP that we send: which codes name it, where it goes, and its fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_crypto::Entropy;
use mingka_domain::holder::{IdKind, IdNumber};
use mingka_domain::outcome::Operation;
use mingka_domain::secret::OneTimeCode;
use zeroize::Zeroizing;

use super::account::MerchantAccount;
use super::money;
use super::seal::FieldSealer;
use super::text::Encoding;
use super::wire::Fields;
use crate::exchange::{Context, Sent, Unencodable, UnencodableWhy};
use crate::http::{HttpRequest, Method};
use crate::request::{Elements, Product, Request};

/// Writes and signs a request.
pub(super) fn encode(
    request: &Request,
    account: &MerchantAccount,
    sealer: &FieldSealer,
    context: &Context<'_>,
) -> Result<(HttpRequest, Sent), Unencodable> {
    let hand = Hand { account, sealer, entropy: context.entropy };
    let codes = Codes::of(request)?;
    let mut fields = common(&codes, account, context)?;
    match request {
        Request::Verify { product, elements } => {
            fields.set("productId", product_id(*product));
            let wanted = wanted(*product, elements)?;
            put_elements(&mut fields, &wanted, None, &hand)?;
        }
        Request::SendCode { elements } => {
            put_elements(&mut fields, &Wanted::all_given(elements), None, &hand)?;
            require_phone(elements)?;
            put_requestor(&mut fields, account);
        }
        Request::OpenAgreement { elements, code } => {
            fields.set("accType", "01");
            put_elements(&mut fields, &Wanted::all_given(elements), Some(code), &hand)?;
            require_phone(elements)?;
            put_requestor(&mut fields, account);
            if let Some(notify) = &account.urls.notify {
                fields.set("backUrl", notify.as_bytes());
            }
        }
        Request::CancelAgreement { token } => {
            let mut group = Fields::new();
            group.set("trId", account.token_requestor.as_bytes());
            group.set("token", plain("token", token.expose())?);
            fields.set("tokenPayData", group.to_group().as_slice());
        }
        Request::QueryAgreement | Request::QueryState { .. } => {}
        Request::RefreshCertificate => fields.set("certType", "01"),
        Request::Disburse { .. }
        | Request::SendPaymentCode { .. }
        | Request::Collect { .. }
        | Request::Refund { .. }
        | Request::Undo { .. }
        | Request::Reverse { .. } => money::put(&mut fields, request, &hand)?,
    }
    account.suite.sign(account.version, &mut fields).map_err(|_| wrong("signature", Key))?;
    let sent = Sent {
        operation: request.operation(),
        about: about(request),
        merchant_number: account.merchant_number.clone(),
        order: context.order.clone(),
        amount: request.amount(),
        repeated: vec![("txnType", codes.txn_type.to_owned())],
    };
    Ok((http(&codes, account, &fields), sent))
}

/// The codes that name a message.
struct Codes {
    txn_type: &'static str,
    txn_sub_type: &'static str,
    biz_type: &'static str,
    is_query: bool,
}

/// Verifications, paying out, the certificate refresh and the token product have a business type
/// each. Undoing and giving back go by the type of what they are about: the published samples show
/// them for other products only.
const BIZ_VERIFICATION: &str = "000803";
const BIZ_DISBURSEMENT: &str = "000401";
const BIZ_TOKEN: &str = "000902";
const BIZ_NONE: &str = "000000";

impl Codes {
    fn of(request: &Request) -> Result<Self, Unencodable> {
        let back = |txn_type, txn_sub_type, biz_type| Self {
            txn_type,
            txn_sub_type,
            biz_type,
            is_query: false,
        };
        Ok(match request {
            Request::Verify { .. } => back("72", "12", BIZ_VERIFICATION),
            Request::SendCode { .. } => back("77", "00", BIZ_TOKEN),
            Request::OpenAgreement { .. } => back("79", "00", BIZ_TOKEN),
            Request::QueryAgreement => back("78", "02", BIZ_TOKEN),
            Request::CancelAgreement { .. } => back("74", "01", BIZ_TOKEN),
            Request::RefreshCertificate => back("95", "00", BIZ_NONE),
            Request::Disburse { .. } => back("12", "00", BIZ_DISBURSEMENT),
            Request::SendPaymentCode { .. } => back("77", "02", BIZ_TOKEN),
            Request::Collect { .. } => back("01", "01", BIZ_TOKEN),
            Request::Refund { .. } => back("04", "00", BIZ_TOKEN),
            Request::Undo { .. } => back("31", "00", BIZ_TOKEN),
            Request::Reverse { .. } => back("99", "01", BIZ_TOKEN),
            Request::QueryState { about, .. } => match about {
                Operation::Verify => Self { is_query: true, ..back("00", "03", BIZ_VERIFICATION) },
                Operation::Disburse => {
                    Self { is_query: true, ..back("00", "00", BIZ_DISBURSEMENT) }
                }
                Operation::SendCode
                | Operation::OpenAgreement
                | Operation::CancelAgreement
                | Operation::SendPaymentCode
                | Operation::Collect
                | Operation::Refund
                | Operation::Undo
                | Operation::Reverse => Self { is_query: true, ..back("00", "00", BIZ_TOKEN) },
                Operation::QueryAgreement
                | Operation::QueryState
                | Operation::RefreshCertificate => return Err(wrong("about", Unsupported)),
            },
        })
    }
}

use UnencodableWhy::{Charset, Form, Key, Missing, Unsupported};

pub(super) const fn wrong(field: &'static str, why: UnencodableWhy) -> Unencodable {
    Unencodable { field, why }
}

const fn about(request: &Request) -> Operation {
    match request {
        Request::QueryState { about, .. } => *about,
        Request::QueryAgreement => Operation::OpenAgreement,
        other => other.operation(),
    }
}

const fn product_id(product: Product) -> &'static str {
    match product {
        Product::CardPhone => "B132",
        Product::CardName => "B136",
        Product::CardId => "B144",
        Product::CardIdName => "B152",
        Product::FourElements => "B156",
    }
}

/// What hides values: one certificate for the whole message, and random bytes.
pub(super) struct Hand<'a> {
    pub(super) account: &'a MerchantAccount,
    sealer: &'a FieldSealer,
    entropy: &'a dyn Entropy,
}

impl Hand<'_> {
    fn seal(&self, field: &'static str, clear: &[u8]) -> Result<String, Unencodable> {
        self.sealer.seal(clear, self.entropy).map_err(|_| wrong(field, Key))
    }

    /// `accNo`, and the certificate that hides it.
    pub(super) fn put_account(
        &self,
        fields: &mut Fields,
        field: &'static str,
        number: &str,
    ) -> Result<(), Unencodable> {
        fields.set("encryptCertId", self.sealer.certificate_id().as_bytes());
        fields.set("accNo", self.seal(field, plain(field, number)?)?);
        Ok(())
    }
}

/// The fields every message has.
fn common(
    codes: &Codes,
    account: &MerchantAccount,
    context: &Context<'_>,
) -> Result<Fields, Unencodable> {
    let order = context.order;
    // 8 to 40 letters and digits, says the protocol.
    let sound = (8..=40).contains(&order.order_id.len())
        && order.order_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !sound {
        return Err(wrong("order_id", Form));
    }
    let mut fields = Fields::new();
    fields.set("version", account.version.name());
    fields.set("encoding", account.encoding.name());
    fields.set("txnType", codes.txn_type);
    fields.set("txnSubType", codes.txn_sub_type);
    fields.set("bizType", codes.biz_type);
    fields.set("accessType", "0");
    fields.set("channelType", "07");
    fields.set("merId", account.merchant_number.as_bytes());
    fields.set("orderId", order.order_id.as_bytes());
    fields.set("txnTime", order.txn_time.beijing_compact());
    Ok(fields)
}

/// The elements that go into one message.
pub(super) struct Wanted<'a> {
    pub(super) card_number: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) id_number: Option<&'a IdNumber>,
    pub(super) phone: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(super) fn all_given(elements: &'a Elements) -> Self {
        Self {
            card_number: elements.card_number.expose(),
            name: elements.name.as_ref().map(|name| name.expose()),
            id_number: elements.id_number.as_ref(),
            phone: elements.reserved_phone.as_ref().map(|phone| phone.expose()),
        }
    }
}

/// Only what the product compares is sent: the bank learns nothing it was not asked about.
fn wanted(product: Product, elements: &Elements) -> Result<Wanted<'_>, Unencodable> {
    let given = Wanted::all_given(elements);
    Ok(Wanted {
        card_number: given.card_number,
        name: pick(product.needs_name(), "name", given.name)?,
        id_number: pick(product.needs_id_number(), "id_number", given.id_number)?,
        phone: pick(product.needs_phone(), "reserved_phone", given.phone)?,
    })
}

fn pick<T>(needed: bool, field: &'static str, value: Option<T>) -> Result<Option<T>, Unencodable> {
    match (needed, value) {
        (true, None) => Err(wrong(field, Missing)),
        (true, value) => Ok(value),
        (false, _) => Ok(None),
    }
}

fn require_phone(elements: &Elements) -> Result<(), Unencodable> {
    elements.reserved_phone.as_ref().map(|_| ()).ok_or(wrong("reserved_phone", Missing))
}

/// `accNo` and `customerInfo`: the card and the phone encrypted, the rest in the group.
pub(super) fn put_elements(
    fields: &mut Fields,
    wanted: &Wanted<'_>,
    code: Option<&OneTimeCode>,
    hand: &Hand<'_>,
) -> Result<(), Unencodable> {
    hand.put_account(fields, "card_number", wanted.card_number)?;
    let mut group = Fields::new();
    if let Some(id_number) = wanted.id_number {
        group.set("certifTp", certificate_type(id_number.kind()));
        group.set("certifId", plain("id_number", id_number.expose())?);
    }
    if let Some(name) = wanted.name {
        group.set("customerNm", in_charset("name", name, hand.account.encoding)?.as_slice());
    }
    if let Some(code) = code {
        group.set("smsCode", plain("code", code.expose())?);
    }
    if let Some(phone) = wanted.phone {
        let mut hidden = Zeroizing::new(b"phoneNo=".to_vec());
        hidden.extend_from_slice(plain("reserved_phone", phone)?);
        group.set("encryptedInfo", hand.seal("reserved_phone", &hidden)?);
    }
    if group.iter().next().is_some() {
        fields.set("customerInfo", STANDARD.encode(group.to_group().as_slice()));
    }
    Ok(())
}

/// 01 is the resident identity card and the residence permits that share its form; 99 is any other
/// document.
const fn certificate_type(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Resident | IdKind::ResidentOld | IdKind::Permit => "01",
        IdKind::PermanentResident | IdKind::PermanentResidentOld => "99",
    }
}

fn put_requestor(fields: &mut Fields, account: &MerchantAccount) {
    let mut group = Fields::new();
    group.set("trId", account.token_requestor.as_bytes());
    group.set("tokenType", "01");
    fields.set("tokenPayData", group.to_group().as_slice());
}

/// A value of letters and digits: nothing in it can end a field or begin another.
pub(super) fn plain<'a>(field: &'static str, value: &'a str) -> Result<&'a [u8], Unencodable> {
    let sound = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    sound.then_some(value.as_bytes()).ok_or(wrong(field, Form))
}

pub(super) fn in_charset(
    field: &'static str,
    value: &str,
    encoding: Encoding,
) -> Result<Zeroizing<Vec<u8>>, Unencodable> {
    if value.is_empty() || value.chars().any(|c| c.is_control() || "&={}[]\"".contains(c)) {
        return Err(wrong(field, Form));
    }
    encoding.encode(value).map(Zeroizing::new).ok_or(wrong(field, Charset))
}

fn http(codes: &Codes, account: &MerchantAccount, fields: &Fields) -> HttpRequest {
    let urls = &account.urls;
    let charset = account.encoding.name();
    HttpRequest {
        method: Method::Post,
        url: if codes.is_query { urls.query.clone() } else { urls.back.clone() },
        content_type: format!("application/x-www-form-urlencoded;charset={charset}"),
        body: fields.to_form(),
    }
}
