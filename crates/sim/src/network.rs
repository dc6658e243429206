//! A network that lies: it drops before and after, delays, delivers twice, cuts answers in half,
//! spoils signatures and puts a 502 in between. And it watches what the house puts on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingka_channels::acp::wire::Fields;
use mingka_channels::{HttpRequest, HttpResponse};
use mingka_domain::outcome::{Doubt, NotSent, Operation};
use mingka_engine::{Delivery, Sending, Transport};
use mingka_sandbox::acp::Manner;

use crate::world::World;

/// The wire as one life of the house sees it.
pub(crate) struct Network {
    pub(crate) world: Arc<World>,
    /// Whether this life is still going on; a dead house hears nothing.
    pub(crate) alive: Arc<AtomicBool>,
    /// Ends this life.
    pub(crate) kill: Box<dyn Fn() + Send + Sync>,
}

impl Transport for Network {
    fn send(&self, request: HttpRequest, timeout_ms: u64) -> Sending<'_> {
        Box::pin(self.deliver(request, timeout_ms))
    }
}

/// What the network does to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    Unreachable,
    LostBefore,
    LostAfter,
    /// The house gives up long before the bank reads it.
    Late,
    /// Read twice; the second answer comes back.
    Twice,
    Half,
    Spoilt,
    BadGatewayBefore,
    BadGatewayAfter,
}

impl Network {
    async fn deliver(&self, request: HttpRequest, timeout_ms: u64) -> Delivery {
        self.while_alive().await;
        let message = Message::read(&request);
        let fate = self.fate();
        self.world.tell(|| format!("→ {} {fate:?}", message.shown()));
        self.die_sometimes("before a message leaves").await;
        if fate == Fate::Unreachable {
            self.pause(10, 3_000).await;
            return Delivery::NotSent(NotSent::NoConnection);
        }
        self.watch(&message).await;
        let delivery = self.carry(&request, fate, timeout_ms).await;
        self.note_what_is_told(&message, &delivery);
        self.die_sometimes("before an answer is heard").await;
        self.world.tell(|| format!("← {} {}", message.shown(), shown(&delivery)));
        delivery
    }

    async fn carry(&self, request: &HttpRequest, fate: Fate, timeout_ms: u64) -> Delivery {
        self.pause(5, 400).await;
        let world = &self.world;
        match fate {
            Fate::Good | Fate::Unreachable => {
                let answer = world.execute(request);
                self.pause(5, 1_500).await;
                match answer.delivery.manner {
                    Manner::Whole => Delivery::Answered(answer.response),
                    Manner::Half | Manner::Nothing => Delivery::Lost(Doubt::ConnectionBroken),
                }
            }
            Fate::LostBefore => self.silence(timeout_ms).await,
            Fate::LostAfter => {
                world.execute(request);
                self.silence(timeout_ms).await
            }
            Fate::Late => {
                let after_ms = timeout_ms.saturating_add(world.network.between(1, 120_000));
                self.later(request.clone(), after_ms);
                tokio::time::sleep(Duration::from_millis(timeout_ms)).await;
                Delivery::Lost(Doubt::TimedOut)
            }
            Fate::Twice => {
                world.execute(request);
                self.pause(5, 1_500).await;
                Delivery::Answered(world.execute(request).response)
            }
            Fate::Half => {
                let mut response = world.execute(request).response;
                response.body.truncate(response.body.len() / 2);
                Delivery::Answered(response)
            }
            Fate::Spoilt => Delivery::Answered(spoilt(world.execute(request).response)),
            Fate::BadGatewayBefore => Delivery::Answered(bad_gateway()),
            Fate::BadGatewayAfter => {
                world.execute(request);
                Delivery::Answered(bad_gateway())
            }
        }
    }

    fn fate(&self) -> Fate {
        let world = &self.world;
        if world.is_healed() || !world.network.chance(350) {
            return Fate::Good;
        }
        match world.network.below(10) {
            0 => Fate::Unreachable,
            1 => Fate::LostBefore,
            2 | 3 => Fate::LostAfter,
            4 | 5 => Fate::Late,
            6 => Fate::Twice,
            7 => Fate::Half,
            8 => Fate::Spoilt,
            _ if world.network.chance(500) => Fate::BadGatewayBefore,
            _ => Fate::BadGatewayAfter,
        }
    }

    /// Some losses are seen at once, some only when the time is over.
    async fn silence(&self, timeout_ms: u64) -> Delivery {
        if self.world.network.chance(500) {
            tokio::time::sleep(Duration::from_millis(timeout_ms)).await;
            return Delivery::Lost(Doubt::TimedOut);
        }
        self.pause(5, 2_000).await;
        Delivery::Lost(Doubt::ConnectionBroken)
    }

    fn later(&self, request: HttpRequest, after_ms: u64) {
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            let message = Message::read(&request);
            world.tell(|| format!("… {} reaches the bank late", message.shown()));
            world.execute(&request);
        });
    }

    async fn pause(&self, low_ms: u64, high_ms: u64) {
        let ms = self.world.network.between(low_ms, high_ms);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.while_alive().await;
    }

    async fn die_sometimes(&self, when: &str) {
        let world = &self.world;
        if !world.is_healed() && world.fate.chance(25) {
            world.tell(|| format!("the house dies {when}"));
            (self.kill)();
        }
        self.while_alive().await;
    }

    /// A dead house waits for ever; whoever buried it drops this.
    async fn while_alive(&self) {
        if !self.alive.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// What may be on the wire: only what is durable, no code twice, and no money twice.
    async fn watch(&self, message: &Message) {
        let Some(operation) = message.operation else { return };
        let moves = operation.moves_money();
        let changes = matches!(
            operation,
            Operation::Verify
                | Operation::SendCode
                | Operation::SendPaymentCode
                | Operation::OpenAgreement
                | Operation::CancelAgreement
        ) || moves;
        if !changes {
            return;
        }
        if let Some(why) = self.world.forbids(operation).filter(|_| moves) {
            self.world.violate(format!("{} left while {why}", message.shown()));
        }
        let orders = crate::check::attempts_of(&self.world, message).await;
        if !orders.contains(&operation) {
            self.world.violate(format!("{} was sent before it was durable", message.shown()));
        }
        if moves {
            crate::money::check::before_it_leaves(&self.world, message).await;
        }
        if let Some(code) = &message.code
            && self.world.confirmed_before(&message.order_id, code)
        {
            self.world.violate(format!("{} takes one code to the bank twice", message.shown()));
        }
    }
}

impl Network {
    /// The bank says that money moved, and names the amount the order has in its own books.
    fn note_what_is_told(&self, message: &Message, delivery: &Delivery) {
        let Delivery::Answered(response) = delivery else { return };
        if message.operation != Some(Operation::QueryState) {
            return;
        }
        let body = String::from_utf8_lossy(&response.body).into_owned();
        let is = |field: &str| body.split('&').any(|found| found == field);
        let amount = self.world.bank().bank().payments().find_map(|payment| {
            (payment.order.order_id == message.order_id).then_some(payment.amount_fen)
        });
        if is("origRespCode=00") && amount.is_some_and(|fen| is(&format!("txnAmt={fen}"))) {
            self.world.note_told(&message.order_id);
        }
    }
}

/// What can be read on the wire.
pub(crate) struct Message {
    pub(crate) operation: Option<Operation>,
    pub(crate) order_id: String,
    pub(crate) txn_time: String,
    code: Option<String>,
}

impl Message {
    fn read(request: &HttpRequest) -> Self {
        let fields = Fields::parse_form(&request.body).unwrap_or_default();
        let text = |name| fields.ascii(name).unwrap_or_default().to_owned();
        let operation = match (text("txnType").as_str(), text("txnSubType").as_str()) {
            ("72", _) => Some(Operation::Verify),
            ("77", "02") => Some(Operation::SendPaymentCode),
            ("77", _) => Some(Operation::SendCode),
            ("79", _) => Some(Operation::OpenAgreement),
            ("74", _) => Some(Operation::CancelAgreement),
            ("78", _) => Some(Operation::QueryAgreement),
            ("00", _) => Some(Operation::QueryState),
            ("12", _) => Some(Operation::Disburse),
            ("01", _) => Some(Operation::Collect),
            ("04", _) => Some(Operation::Refund),
            ("31", _) => Some(Operation::Undo),
            ("99", _) => Some(Operation::Reverse),
            _ => None,
        };
        let customer = STANDARD.decode(text("customerInfo")).unwrap_or_default();
        let group = Fields::parse_group(&customer).unwrap_or_default();
        let code = group.ascii("smsCode").map(str::to_owned);
        Self { operation, order_id: text("orderId"), txn_time: text("txnTime"), code }
    }

    fn shown(&self) -> String {
        let operation = self.operation.map_or("?", Operation::name);
        let order = self.order_id.get(self.order_id.len().saturating_sub(6)..);
        format!("{operation} …{}", order.unwrap_or_default())
    }
}

fn shown(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Answered(response) => {
            let body = String::from_utf8_lossy(&response.body);
            let code = |name: &str| {
                let found = body.split('&').find_map(|field| field.strip_prefix(name));
                found.map(|code| format!(" {name}{code}")).unwrap_or_default()
            };
            format!("{}{}{}", response.status, code("respCode="), code("origRespCode="))
        }
        Delivery::NotSent(why) => format!("not sent: {why:?}"),
        Delivery::Lost(doubt) => format!("lost: {doubt:?}"),
    }
}

fn bad_gateway() -> HttpResponse {
    HttpResponse { status: 502, content_type: None, body: b"<html>bad gateway</html>".to_vec() }
}

fn spoilt(mut response: HttpResponse) -> HttpResponse {
    let middle = response.body.len() / 2;
    if let Some(byte) = response.body.get_mut(middle) {
        *byte = if *byte == b'1' { b'2' } else { b'1' };
    }
    response
}
