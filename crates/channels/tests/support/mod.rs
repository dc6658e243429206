//! Keys and parties invented for the tests, made anew in every run: a merchant, a bank with its own
//! certificate authority, and elements of a person who does not exist.
#![expect(dead_code, reason = "each test file uses its own part of the support")]

use std::sync::{Arc, LazyLock};

use mingka_channels::acp::suite::{sign_keyed, sign_rsa};
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{
    AccountSettings, Acp, Encoding, FieldOpener, KeyedHash, MerchantAccount, NAME_TEST,
    SignerRules, Signing, Version,
};
use mingka_channels::{
    CompanyAccount, Context, Elements, Exchange as _, HttpRequest, HttpResponse, OrderIdentity,
    Payee, Product, Profile, Reply, Request, Sent, Unreadable,
};
use mingka_crypto::SystemEntropy;
use mingka_crypto::rsa::SigningKey;
use mingka_domain::card::CardNumber;
use mingka_domain::company::{CompanyName, CreditCode};
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Doubt, Operation, Outcome};
use mingka_domain::secret::{OneTimeCode, Secret};
use mingka_domain::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd,
};

pub(crate) const MERCHANT: &str = "777290058110097";
pub(crate) const SECRET: &str = "an invented secret for tests";
pub(crate) const CARD: &str = "6216261000000000018";
pub(crate) const PHONE: &str = "13800138000";
pub(crate) const ID_NUMBER: &str = "11010519491231002X";
pub(crate) const NAME: &str = "张三丰";
/// UnionPay's published corporate test account.
pub(crate) const COMPANY_ACCOUNT: &str = "6212142600000000167";
/// 1,234.05 yuan, in fen.
pub(crate) const AMOUNT: i64 = 123_405;
pub(crate) const QUERY_ID: &str = "232611201030000000018";

/// 2026-11-20 10:30:00 in Beijing.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_141_800_000);

/// A key pair and its certificate.
pub(crate) struct Party {
    pub(crate) key_pem: String,
    pub(crate) certificate_pem: String,
}

impl Party {
    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_pkcs8_pem(&self.key_pem).unwrap()
    }
}

/// Everybody's keys. Each is made when it is first asked for.
pub(crate) struct World {
    authority: LazyLock<CertifiedIssuer<'static, KeyPair>>,
    pub(crate) bank: LazyLock<Party>,
    pub(crate) bank_encryption: LazyLock<Party>,
    /// A party the authority also signed for, which is not the bank.
    pub(crate) stranger: LazyLock<Party>,
    pub(crate) merchant: LazyLock<Party>,
}

pub(crate) static WORLD: World = World {
    authority: LazyLock::new(|| {
        let mut params = named("Invented Test Authority", 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }),
    bank: LazyLock::new(|| party(&format!("041@Z12@{NAME_TEST}@00000062"), 68_759_585_097)),
    bank_encryption: LazyLock::new(|| party("041@Z12@ENCRYPTION@00000063", 68_759_622_183)),
    stranger: LazyLock::new(|| party("041@Z12@SOMEBODY ELSE@00000064", 4_000)),
    merchant: LazyLock::new(|| party("041@Z2026@MERCHANT@00000001", 69_629_715_588)),
};

impl World {
    pub(crate) fn root_pem(&self) -> String {
        self.authority.pem()
    }
}

fn party(name: &str, serial: u64) -> Party {
    let key = rsa_key();
    let certificate = named(name, serial).signed_by(&key, &WORLD.authority).unwrap();
    Party { key_pem: key.serialize_pem(), certificate_pem: certificate.pem() }
}

/// The name in the bank's certificates.
pub(crate) const BANK_NAME: &str = "041@Z12@00040000:SIGN@00000062";

/// A certificate of the bank's authority that begins and ends on these days of 2026.
pub(crate) fn issued(name: &str, serial: u64, from: (u8, u8), until: (u8, u8)) -> String {
    let mut params = named(name, serial);
    params.not_before = date_time_ymd(2026, from.0, from.1);
    params.not_after = date_time_ymd(2026, until.0, until.1);
    params.signed_by(&rsa_key(), &WORLD.authority).unwrap().pem()
}

/// A certificate of an authority that nobody here trusts.
pub(crate) fn foreign(name: &str, serial: u64) -> String {
    named(name, serial).self_signed(&rsa_key()).unwrap().pem()
}

fn rsa_key() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

fn named(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

pub(crate) fn settings(signing: Signing) -> AccountSettings {
    AccountSettings {
        merchant_number: MERCHANT.to_owned(),
        token_requestor: "62000000001".to_owned(),
        version: Version::V5_1_0,
        encoding: Encoding::Utf8,
        signing,
        encryption_certificate: WORLD.bank_encryption.certificate_pem.clone(),
        gateway: "https://gateway.invalid/".to_owned(),
        notify_url: Some("https://platform.invalid/notify/unionpay?lender=1".to_owned()),
    }
}

pub(crate) fn rsa_signing() -> Signing {
    Signing::Rsa {
        private_key: Secret::new(WORLD.merchant.key_pem.clone()),
        certificate: WORLD.merchant.certificate_pem.clone(),
        bank: SignerRules {
            roots: vec![WORLD.root_pem()],
            names: vec![NAME_TEST.to_owned()],
            ..SignerRules::default()
        },
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET.to_owned())
}

pub(crate) fn load(settings: AccountSettings) -> Arc<MerchantAccount> {
    Arc::new(MerchantAccount::load(settings).unwrap())
}

pub(crate) fn keyed_account() -> Arc<MerchantAccount> {
    load(settings(Signing::KeyedSha256(secret())))
}

pub(crate) fn rsa_account() -> Arc<MerchantAccount> {
    load(settings(rsa_signing()))
}

/// The codec under an account.
pub(crate) fn acp(account: &Arc<MerchantAccount>) -> Acp {
    Acp::new(Profile::unionpay_acp(), Arc::clone(account))
}

pub(crate) fn order() -> OrderIdentity {
    OrderIdentity { order_id: "0191f3b27c4e7a10b2c3d4e5f6071829".to_owned(), txn_time: NOW }
}

pub(crate) fn context<'a>(order: &'a OrderIdentity, entropy: &'a SystemEntropy) -> Context<'a> {
    Context { now: NOW, entropy, order }
}

pub(crate) fn elements() -> Elements {
    Elements {
        card_number: CardNumber::parse(CARD).unwrap(),
        name: Some(HolderName::parse(NAME).unwrap()),
        id_number: Some(IdNumber::parse(ID_NUMBER).unwrap()),
        reserved_phone: Some(ReservedPhone::parse(PHONE).unwrap()),
    }
}

/// Reads a request as the bank does.
pub(crate) fn bank_reads(request: &HttpRequest) -> Fields {
    Fields::parse_form(&request.body).unwrap()
}

/// Opens a value that was encrypted to the bank.
pub(crate) fn bank_opens(sealed: &str) -> String {
    let key = WORLD.bank_encryption.key();
    let clear = FieldOpener::Rsa(&key).open(sealed).unwrap();
    String::from_utf8(clear.to_vec()).unwrap()
}

/// What the bank answers to a request when it repeats what it must and adds `extra`; not signed.
pub(crate) fn bank_answers(request: &HttpRequest, extra: &[(&str, &str)]) -> Fields {
    let asked = bank_reads(request);
    let mut answer = Fields::new();
    for name in [
        "version",
        "encoding",
        "txnType",
        "txnSubType",
        "bizType",
        "accessType",
        "merId",
        "orderId",
        "txnTime",
    ] {
        answer.set(name, asked.bytes(name).unwrap());
    }
    for (name, value) in extra {
        answer.set(name, *value);
    }
    answer
}

pub(crate) fn signed_keyed(mut answer: Fields) -> HttpResponse {
    sign_keyed(KeyedHash::Sha256, &secret(), &mut answer);
    http(&answer)
}

pub(crate) fn signed_by(party: &Party, version: Version, mut answer: Fields) -> HttpResponse {
    answer.set("signPubKeyCert", party.certificate_pem.as_bytes());
    sign_rsa(&party.key(), version, &mut answer).unwrap();
    http(&answer)
}

pub(crate) fn http(answer: &Fields) -> HttpResponse {
    HttpResponse {
        status: 200,
        content_type: Some("text/html;charset=UTF-8".to_owned()),
        body: answer.to_answer(),
    }
}

/// One request of each kind.
pub(crate) fn every_request() -> Vec<(&'static str, Request)> {
    let verify = |product| Request::Verify { product, elements: elements() };
    let mut requests = vec![
        ("verify_card_phone", verify(Product::CardPhone)),
        ("verify_card_name", verify(Product::CardName)),
        ("verify_card_id", verify(Product::CardId)),
        ("verify_card_id_name", verify(Product::CardIdName)),
        ("verify_four_elements", verify(Product::FourElements)),
        ("send_code", Request::SendCode { elements: elements() }),
        (
            "open_agreement",
            Request::OpenAgreement {
                elements: elements(),
                code: OneTimeCode::parse("111111").unwrap(),
            },
        ),
        ("query_agreement", Request::QueryAgreement),
        (
            "cancel_agreement",
            Request::CancelAgreement { token: Secret::new("6235240000020757577".to_owned()) },
        ),
        ("query_state_of_verification", state(Operation::Verify, None)),
        ("query_state_of_opening", state(Operation::OpenAgreement, None)),
        ("refresh_certificate", Request::RefreshCertificate),
    ];
    requests.extend(requests_for_money());
    requests
}

fn state(about: Operation, amount: Option<Fen>) -> Request {
    Request::QueryState { about, amount }
}

/// One request of each kind that moves money.
fn requests_for_money() -> Vec<(&'static str, Request)> {
    let amount = Fen::new(AMOUNT).unwrap();
    let token = || Secret::new("6235240000020757577".to_owned());
    let payee = Payee::Person(elements());
    let company = Payee::Company(CompanyAccount {
        account_number: Secret::new(COMPANY_ACCOUNT.to_owned()),
        name: CompanyName::parse("明卡测试（北京）有限公司").unwrap(),
        credit_code: Some(CreditCode::parse("91110000600037341L").unwrap()),
    });
    let original = || QUERY_ID.to_owned();
    let disburse = |payee, bill_number| Request::Disburse { payee, amount, bill_number };
    let code = || OneTimeCode::parse("111111").unwrap();
    let collect = |code| Request::Collect { token: token(), amount, code };
    let about = |operation| state(operation, Some(amount));
    vec![
        ("disburse", disburse(payee, Some("LOAN20261120".to_owned()))),
        ("disburse_to_company", disburse(company, None)),
        ("send_payment_code", Request::SendPaymentCode { token: token(), amount }),
        ("collect", collect(Some(code()))),
        ("collect_without_code", collect(None)),
        ("refund", Request::Refund { original: original(), amount }),
        ("undo", Request::Undo { original: original(), amount }),
        ("reverse", Request::Reverse { amount }),
        ("query_state_of_disbursement", about(Operation::Disburse)),
        ("query_state_of_collection", about(Operation::Collect)),
        ("query_state_of_refund", about(Operation::Refund)),
        ("query_state_of_undoing", about(Operation::Undo)),
        ("query_state_of_reversal", about(Operation::Reverse)),
    ]
}

pub(crate) struct Exchanged {
    pub(crate) message: HttpRequest,
    pub(crate) sent: Sent,
}

pub(crate) fn request(name: &str) -> Request {
    let found = every_request().into_iter().find(|(one, _)| *one == name);
    found.unwrap().1
}

pub(crate) fn send(account: &Arc<MerchantAccount>, name: &str) -> Exchanged {
    let (order, entropy) = (order(), SystemEntropy::new());
    let (message, sent) = acp(account).encode(&request(name), &context(&order, &entropy)).unwrap();
    Exchanged { message, sent }
}

pub(crate) fn decode(
    account: &Arc<MerchantAccount>,
    sent: &Sent,
    answer: &HttpResponse,
) -> Result<Reply, Unreadable> {
    decode_at(account, sent, answer, NOW)
}

pub(crate) fn decode_at(
    account: &Arc<MerchantAccount>,
    sent: &Sent,
    answer: &HttpResponse,
    now: Timestamp,
) -> Result<Reply, Unreadable> {
    let (order, entropy) = (order(), SystemEntropy::new());
    let mut context = context(&order, &entropy);
    context.now = now;
    acp(account).decode(sent, answer, &context)
}

pub(crate) const DECLINE: [(&str, &str); 2] = [("respCode", "66"), ("respMsg", "mismatch")];

pub(crate) fn doubt(result: Result<Reply, Unreadable>) -> Doubt {
    let error = result.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Unknown(doubt, None) if doubt == error.doubt));
    error.doubt
}

pub(crate) fn says(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Settled => "settled",
        Outcome::Declined(_) => "declined",
        Outcome::Pending(_) => "pending",
        Outcome::NotAttempted(..) => "not attempted",
        Outcome::Unknown(..) => "unknown",
    }
}

pub(crate) const TOKEN: (&str, &str) =
    ("tokenPayData", "{token=6235240000020757577&trId=62000000001&tokenEnd=20311120103000}");

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Runs what asserts snapshots, which are kept as the golden files.
pub(crate) fn golden(asserts: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(asserts);
}
