//! For the tests about money: a merchant who writes its messages by hand, from the protocol's
//! tables.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_channels::acp::wire::Fields;
use mingka_channels::acp::{FieldSealer, KeyedHash, suite};
use zeroize::Zeroizing;

use super::pair::Pair;
use super::*;
use crate::bank::PaymentState;
use crate::faults::Rule;

/// Where it wants to be told.
pub(super) const NOTIFY: &str = "http://127.0.0.1:2/notify";

/// A merchant's till at a bank.
pub(super) struct Till {
    pub(super) bank: AcpBank,
    pub(super) secret: Secret,
    pub(super) now: Timestamp,
    pub(super) encoding: Encoding,
}

pub(super) struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

impl Till {
    pub(super) fn new() -> Self {
        let secret = Secret::new("between two".to_owned());
        let bank = AcpBank::simulation(MERCHANT_NUMBER, &secret, cards::bank());
        let now = Timestamp::from_beijing_compact("20261126120000").unwrap();
        Self { bank, secret, now, encoding: Encoding::Utf8 }
    }

    /// One message; what is answered, without what it repeats.
    pub(super) fn ask(&mut self, codes: &str, id: &str, extra: &[(&str, String)]) -> String {
        plain(&self.exchange(codes, id, extra).unwrap(), self.encoding)
    }

    pub(super) fn exchange(
        &mut self,
        codes: &str,
        id: &str,
        extra: &[(&str, String)],
    ) -> Option<Fields> {
        let answer = self.answer(codes, id, extra);
        let fields = Fields::parse_answer(&answer.response.body, self.encoding).ok()?;
        suite::verify_keyed(KeyedHash::Simulation, &self.secret, &fields).ok()?;
        Some(fields)
    }

    pub(super) fn answer(&mut self, codes: &str, id: &str, extra: &[(&str, String)]) -> Answer {
        let body = self.form(codes, id, extra);
        let request = HttpRequest {
            method: mingka_channels::Method::Post,
            url: String::new(),
            content_type: String::new(),
            body,
        };
        self.bank.answer(self.now, &Sevens, &request)
    }

    fn form(&self, codes: &str, id: &str, extra: &[(&str, String)]) -> Zeroizing<Vec<u8>> {
        let codes: Vec<&str> = codes.split('/').collect();
        let mut fields = Fields::new();
        let common = [
            ("version", "5.1.0"),
            ("encoding", self.encoding.name()),
            ("signMethod", "simulation"),
            ("txnType", codes[0]),
            ("txnSubType", codes[1]),
            ("bizType", codes[2]),
            ("accessType", "0"),
            ("channelType", "07"),
            ("merId", MERCHANT_NUMBER),
            ("orderId", id),
            ("txnTime", "20261126120000"),
        ];
        for (name, value) in common {
            fields.set(name, value);
        }
        fields.set("signMethod", KeyedHash::Simulation.method());
        for (name, value) in extra {
            fields.set(name, self.encoding.encode(value).unwrap());
        }
        suite::sign_keyed(KeyedHash::Simulation, &self.secret, &mut fields);
        fields.to_form()
    }

    pub(super) fn payee(&self, card: &MagicCard, fen: &str) -> Vec<(&'static str, String)> {
        let sealer = FieldSealer::Simulation(self.secret.clone());
        let mut customer = Fields::new();
        customer.set("customerNm", self.encoding.encode(&card.name).unwrap());
        vec![
            ("txnAmt", fen.to_owned()),
            ("currencyCode", "156".to_owned()),
            ("encryptCertId", "1".to_owned()),
            ("accType", "01".to_owned()),
            ("accNo", sealer.seal(card.number.as_bytes(), &Sevens).unwrap()),
            ("customerInfo", STANDARD.encode(customer.to_group().as_slice())),
            ("backUrl", NOTIFY.to_owned()),
        ]
    }

    pub(super) fn disburse(&mut self, id: &str, card: &MagicCard, fen: &str) -> String {
        let extra = self.payee(card, fen);
        self.ask("12/00/000401", id, &extra)
    }

    /// Binds a card through the bank and gives the token.
    pub(super) fn bind(&mut self, card: &MagicCard) -> String {
        let mut pair = Pair::simulated();
        std::mem::swap(&mut pair.bank, &mut self.bank);
        let order = pair.order("binding0");
        pair.ask(&send(card), &order);
        let opened = pair.ask(&open(card, CODE_ALWAYS_RIGHT), &order);
        std::mem::swap(&mut pair.bank, &mut self.bank);
        opened.token.unwrap().number.expose().to_owned()
    }

    pub(super) fn send_code(&mut self, id: &str, token: &str, fen: &str) -> String {
        self.ask("77/02/000902", id, &payer(token, fen))
    }

    pub(super) fn collect(&mut self, id: &str, token: &str, fen: &str) -> String {
        self.send_code(id, token, fen);
        let mut extra = payer(token, fen);
        extra.push(("customerInfo", STANDARD.encode("{smsCode=111111}")));
        extra.push(("backUrl", NOTIFY.to_owned()));
        self.ask("01/01/000902", id, &extra)
    }

    pub(super) fn query(&mut self, id: &str) -> String {
        self.ask("00/00/000000", id, &[])
    }

    /// The code of an inquiry: of the order, or of the inquiry itself where it finds none.
    pub(super) fn queried(&mut self, id: &str) -> String {
        let fields = self.exchange("00/00/000000", id, &[]).unwrap();
        let code = fields.ascii("origRespCode").or(fields.ascii("respCode"));
        code.unwrap().to_owned()
    }

    pub(super) fn pass(&mut self, ms: i64) -> Vec<Notification> {
        self.now = self.now.plus_ms(ms);
        self.bank.tick(self.now, &Sevens)
    }

    pub(super) fn plan(&mut self, fault: Fault) {
        self.bank.faults_mut().add(Rule::next(1, fault));
    }

    pub(super) fn state(&self, id: &str) -> PaymentState {
        let payments: Vec<_> = self.bank.bank().payments().collect();
        payments.iter().find(|payment| payment.order.order_id == id).unwrap().state
    }

    pub(super) fn read(&self, notification: &Notification) -> (Fields, bool) {
        assert_eq!(notification.request.url, NOTIFY);
        let fields = Fields::parse_form(&notification.request.body).unwrap();
        let proven = suite::verify_keyed(KeyedHash::Simulation, &self.secret, &fields).is_ok();
        (fields, proven)
    }
}

pub(super) fn payer(token: &str, fen: &str) -> Vec<(&'static str, String)> {
    vec![
        ("txnAmt", fen.to_owned()),
        ("currencyCode", "156".to_owned()),
        ("tokenPayData", format!("{{trId=62000000001&token={token}}}")),
    ]
}

pub(super) fn back(original: &str, fen: &str) -> Vec<(&'static str, String)> {
    vec![
        ("txnAmt", fen.to_owned()),
        ("origQryId", original.to_owned()),
        ("backUrl", NOTIFY.to_owned()),
    ]
}

pub(super) fn plain(fields: &Fields, encoding: Encoding) -> String {
    let boring =
        ["version", "encoding", "signMethod", "accessType", "merId", "signature", "channelType"];
    let shown = fields.iter().filter(|(name, _)| !boring.contains(name));
    let pieces: Vec<String> =
        shown.map(|(name, value)| format!("{name}={}", encoding.decode(value).unwrap())).collect();
    pieces.join("&")
}

pub(super) fn query_id(answer: &str) -> String {
    let at = answer.find("queryId=").unwrap() + "queryId=".len();
    answer.get(at..at + 21).unwrap().to_owned()
}
