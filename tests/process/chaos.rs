//! Payments over a line on which everything goes wrong, while the gateways are killed with -9 at
//! random moments. Then the line heals and time passes. In the end every payment has its end, and
//! the books of both sides agree payment by payment: none moved twice.

mod books;
mod gateway;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use mingka_sandbox::cards;
use serde_json::{Value, json};

use self::books::Time;
use self::gateway::Gateway;
use crate::fault_proxy::{Draw, FaultProxy, Plan};
use crate::support::{Answer, Folder, Platform, Process, binding_body, consents};

const CLIENT_COUNT: usize = 6;
const CARD_COUNT: u32 = 4;
/// How often the gateways are killed, where `MINGKA_CHAOS_KILLS` does not say.
const KILL_COUNT: u64 = 40;
/// By then, or by the last kill that was asked for, every fault must have happened.
const KILL_COUNT_MAX: u64 = 400;
/// A gateway lives this long, from when it is ready until it is killed.
const LIFE_MIN_MS: u64 = 40;
const LIFE_MAX_MS: u64 = 900;
/// With every so many of these kills time passes: a while between these, at once. What was
/// interrupted is then found, and asked about, while the line is still broken.
const TIME_PASSES_EVERY: u64 = 3;
const WHILE_MIN_MS: u64 = 30_000;
const WHILE_MAX_MS: u64 = 300_000;
/// Of the exchanges with the bank so many are in order where each fault happens once.
const IN_ORDER: u64 = 20;
/// How often a client tries before it leaves a payment for later, and how soon again.
const TRY_COUNT_MAX: usize = 12;
const TRY_AGAIN: Duration = Duration::from_millis(25);
/// Every so many orders one is asked for again although its answer is there: with its own key, and
/// with another one.
const ASKED_AGAIN: u32 = 5;
const ASKED_OTHERWISE: u32 = 6;

#[test]
fn no_payment_moves_twice_on_a_broken_line() {
    let chaos = Chaos::from_environment();
    println!("{}", chaos.said());
    println!("{}", chaos.run("chaos", 1, None));
}

#[test]
#[ignore = "needs a PostgreSQL of its own: cargo xtask postgres"]
fn nor_where_three_gateways_share_one_database() {
    let server = std::env::var("MINGKA_TEST_POSTGRES");
    let server = server.expect("MINGKA_TEST_POSTGRES names no server");
    let chaos = Chaos::from_environment();
    println!("{}", chaos.said());
    println!("{}", chaos.run("chaos-postgres", 3, Some(&server)));
}

/// What differs from run to run.
struct Chaos {
    seed: u64,
    kill_count: u64,
}

/// Everything that runs. What is talked to ends after who talks to it.
struct World {
    gateways: Vec<Gateway>,
    /// Between the gateways and the bank.
    line: FaultProxy,
    bank: String,
    _bank: Process,
    _folder: Folder,
}

impl Chaos {
    fn from_environment() -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
        };
        Self {
            seed: number("MINGKA_CHAOS_SEED").unwrap_or_else(|| std::process::id().into()),
            kill_count: number("MINGKA_CHAOS_KILLS").unwrap_or(KILL_COUNT),
        }
    }

    fn said(&self) -> String {
        let Self { seed, kill_count } = self;
        format!("again with MINGKA_CHAOS_SEED={seed} MINGKA_CHAOS_KILLS={kill_count}")
    }

    /// The whole story; gives back what happened in it.
    fn run(&self, name: &str, gateway_count: usize, database: Option<&str>) -> String {
        let mut world = self.world(name, gateway_count, database);
        let mut time = Time::begin(&world.bank);
        let gateways = world.gateways.iter_mut().map(|gateway| gateway.start(0)).collect();
        let desk = Arc::new(Desk::new(gateways));
        world.hurt();
        let clients = desk.clients();
        let kills = self.kill_again_and_again(&mut world, &desk, &mut time);

        desk.closing.store(true, Ordering::SeqCst);
        world.heal();
        for client in clients {
            client.join().unwrap();
        }
        let first_answers = desk.answers.lock().unwrap().values().flatten().count();

        time.pass_until_nothing_moves(&mut world, &desk);
        time.pass_the_deadlines(&mut world, &desk);
        let payments = books::payments(&desk);
        let before = books::tally(&payments);
        desk.compare(&payments, &books::executed(&world.bank));
        time.bring_the_statements(&world, &desk);
        let payments = books::payments(&desk);
        desk.compare(&payments, &books::executed(&world.bank));
        let open = payments.iter().filter(|payment| !books::ended(payment)).count();
        assert_eq!(open, 0, "the statements leave these open: {}", books::tally(&payments));
        format!(
            "{kills} kills, {} payments, {first_answers} answered at once\n\
             before the statements {before}\nand after them        {}\n\
             the line      {:?}\nnotifications {:?}",
            payments.len(),
            books::tally(&payments),
            world.line.counts(),
            world.gateways.iter().map(Gateway::notifications).collect::<Vec<_>>(),
        )
    }

    /// A bank, a line to it, and gateways that do not run yet. The bank's settings are copied with
    /// the line's address in place of its own.
    fn world(&self, name: &str, gateway_count: usize, database: Option<&str>) -> World {
        let folder = Folder::new(name);
        let bank_folder = folder.join("bank").display().to_string();
        let args = ["bank", "--data", &bank_folder, "--listen", "127.0.0.1:0"];
        let process = Process::start(&args, &folder.join("bank-log"));
        let bank = process.address("/address");
        let plan = Plan::everything(IN_ORDER);
        let line = FaultProxy::new(bank.parse().unwrap(), self.seed, plan.clone());
        let settings = std::fs::read_to_string(folder.join("bank/mingka.toml")).unwrap();
        assert!(settings.contains(&bank), "{settings}");
        std::fs::create_dir(folder.join("line")).unwrap();
        let settings = settings.replace(&bank, &line.address().to_string());
        std::fs::write(folder.join("line/mingka.toml"), settings).unwrap();
        let gateway = |number| {
            let seed = Draw(self.seed ^ number).next();
            Gateway::new(&folder, number, database, seed, plan.clone())
        };
        let gateways = (1..).take(gateway_count).map(gateway).collect();
        World { gateways, line, bank, _bank: process, _folder: folder }
    }

    /// Kills as often as was wanted, and on until everything has gone wrong that can.
    fn kill_again_and_again(&self, world: &mut World, desk: &Desk, time: &mut Time) -> u64 {
        let mut draw = Draw(!self.seed);
        let mut kills = 0;
        while kills < self.kill_count || !world.line.missing().is_empty() {
            let at_most = self.kill_count.max(KILL_COUNT_MAX);
            assert!(kills < at_most, "never happened: {:?}", world.line.missing());
            // The moment of a kill is what is random here; nothing is waited for.
            let life_ms = LIFE_MIN_MS + draw.below(LIFE_MAX_MS - LIFE_MIN_MS);
            std::thread::sleep(Duration::from_millis(life_ms));
            kills += 1;
            if kills.is_multiple_of(TIME_PASSES_EVERY) {
                let while_ms = WHILE_MIN_MS + draw.below(WHILE_MAX_MS - WHILE_MIN_MS);
                time.pass(world, desk, i64::try_from(while_ms).unwrap());
                continue;
            }
            let count = u64::try_from(world.gateways.len()).unwrap();
            let which = usize::try_from(draw.below(count)).unwrap();
            let platform = world.gateways[which].start(time.ahead_ms);
            desk.gateways.write().unwrap()[which] = platform;
        }
        kills
    }
}

impl World {
    fn hurt(&self) {
        self.line.hurt();
        self.gateways.iter().for_each(Gateway::hurt);
    }

    fn heal(&self) {
        self.line.heal();
        self.gateways.iter().for_each(Gateway::heal);
    }
}

/// What the clients share: where the gateways are, the bound cards, and what was promised them.
struct Desk {
    gateways: RwLock<Vec<Platform>>,
    instruments: Vec<String>,
    next: AtomicU32,
    closing: AtomicBool,
    /// By the number of the order: the payment that was named for it, once one was.
    answers: Mutex<BTreeMap<u32, Option<String>>>,
}

/// What a client wants: the same every time it asks. No two want the same amount, so that both
/// sides' books name it.
struct Order {
    kind: &'static str,
    path: &'static str,
    reference: &'static str,
    amount_fen: i64,
    card: u32,
}

impl Order {
    fn number(n: u32) -> Self {
        let (kind, path, reference) = match n % 2 {
            0 => ("disbursement", "/v1/disbursements", "loan_ref"),
            _ => ("repayment", "/v1/repayments", "due_ref"),
        };
        // More than the card holds: refused by the bank, which knows that only at once.
        let beyond = if n % 16 == 15 { 200_000_000 } else { 0 };
        let amount_fen = 10_000 + i64::from(n) + beyond;
        Self { kind, path, reference, amount_fen, card: n / 2 % CARD_COUNT }
    }
}

impl Desk {
    /// A few cards, bound at the first gateway while all is in order.
    fn new(gateways: Vec<Platform>) -> Self {
        let instruments = (0..CARD_COUNT).map(|n| bind(&gateways[0], n)).collect();
        Self {
            gateways: RwLock::new(gateways),
            instruments,
            next: AtomicU32::new(0),
            closing: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }

    fn clients(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let client = |_| {
            let desk = Arc::clone(self);
            std::thread::spawn(move || {
                while !desk.closing.load(Ordering::SeqCst) {
                    let n = desk.next.fetch_add(1, Ordering::SeqCst);
                    desk.answers.lock().unwrap().insert(n, None);
                    let answered = desk.ask_for(n);
                    if answered && n.is_multiple_of(ASKED_AGAIN) {
                        desk.ask_for(n);
                    }
                    if answered && n.is_multiple_of(ASKED_OTHERWISE) {
                        desk.ask_with_another_key(n);
                    }
                }
            })
        };
        (0..CLIENT_COUNT).map(client).collect()
    }

    /// Asks with the order's own key until somebody answers, but not for ever; says whether
    /// somebody did.
    fn ask_for(&self, n: u32) -> bool {
        for attempt in 0..TRY_COUNT_MAX {
            match self.post(n, &format!("chaos-{n}"), attempt) {
                Some(answer) if answer.status == 201 => {
                    self.named(n, &answer.json());
                    return true;
                }
                Some(answer) if !asks_to_try_again(&answer) => {
                    panic!("order {n}: an answer that nothing explains: {answer:?}")
                }
                _ => std::thread::sleep(TRY_AGAIN),
            }
        }
        false
    }

    /// A loan that has a payment gets no other, whatever the key: a disbursement of these is never
    /// refused as long as the line is broken.
    fn ask_with_another_key(&self, n: u32) {
        assert_eq!(Order::number(n).kind, "disbursement");
        if let Some(answer) = self.post(n, &format!("otherwise-{n}"), 1) {
            let kept_out = answer.status == 409 && answer.json()["code"] == "payment.already";
            assert!(kept_out || asks_to_try_again(&answer), "order {n} once more: {answer:?}");
        }
    }

    fn post(&self, n: u32, key: &str, attempt: usize) -> Option<Answer> {
        let order = Order::number(n);
        let mut body = json!({ "amount_fen": order.amount_fen });
        body["instrument"] = json!(self.instruments[usize::try_from(order.card).unwrap()]);
        body[order.reference] = json!(format!("order-{n}"));
        let gateway = self.gateway(usize::try_from(n).unwrap() + attempt);
        gateway.post(order.path, key, &body)
    }

    /// Whoever asks again gets the same payment.
    fn named(&self, n: u32, payment: &Value) {
        assert_eq!(payment["amount_fen"], Order::number(n).amount_fen, "{payment}");
        let id = payment["id"].as_str().unwrap().to_owned();
        let before = self.answers.lock().unwrap().insert(n, Some(id.clone()));
        assert!(before.flatten().is_none_or(|before| before == id), "order {n} has two payments");
    }

    /// Every order that was ever asked for, with what its payment and the bank say of it.
    fn compare(&self, payments: &[Value], executed: &[Value]) {
        let answers = self.answers.lock().unwrap();
        let differences = books::differences(&answers, payments, executed);
        assert!(differences.is_empty(), "the books differ:\n{}", differences.join("\n"));
        let settled = payments.iter().filter(|payment| payment["state"] == "settled").count();
        assert!(settled > 0, "no money moved at all: the test shows nothing");
    }

    fn gateway(&self, number: usize) -> Platform {
        let gateways = self.gateways.read().unwrap();
        let Platform { address, key } = &gateways[number % gateways.len()];
        Platform { address: address.clone(), key: key.clone() }
    }
}

/// Busy, or the first request is still under way, or was when its gateway died.
fn asks_to_try_again(answer: &Answer) -> bool {
    match answer.status {
        409 => answer.json()["code"] == "idempotency.in_progress",
        status => [429, 503].contains(&status),
    }
}

/// The instrument of the `n`-th card of the series.
fn bind(platform: &Platform, n: u32) -> String {
    let card = serde_json::to_value(cards::series(n)).unwrap();
    let body = binding_body(&card, &consents(platform));
    let begun = platform.post("/v1/bindings", &format!("bind-{n}"), &body).unwrap();
    let id = begun.json()["id"].as_str().unwrap_or_else(|| panic!("{begun:?}")).to_owned();
    let path = format!("/v1/bindings/{id}/confirm");
    let code = json!({ "code": "111111" });
    let bound = platform.post(&path, &format!("confirm-{n}"), &code).unwrap().json();
    assert_eq!(bound["state"], "active", "{bound}");
    bound["instrument"].as_str().unwrap().to_owned()
}
