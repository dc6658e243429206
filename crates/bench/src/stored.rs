//! Many payments in the database: filled in as records, many in a unit, then paid on top of them.
//! In a process of its own, so that what it holds in memory is the house's. What is filled in has
//! ended: its steps are gone, as after a day, and its events are left out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mingka_crypto::SystemEntropy;
use mingka_crypto::entropy::random;
use mingka_domain::id::{AttemptId, Id, Kind, LenderId, PaymentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Operation, Outcome};
use mingka_domain::payment::{Payment, PaymentKind, Proof, Settled};
use mingka_domain::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};
use mingka_engine::{Clock as _, DEFAULT_LENDER, SystemClock};
use mingka_store::{
    AttemptRecord, IdempotencyRecord, InstrumentRecord, OrderKey, PaymentRecord, Statement, Unit,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::Plan;
use crate::child::Programs;
use crate::free;
use crate::house::{Bank, House};
use crate::machine;
use crate::pay::{self, AMOUNT_FEN, PURPOSE, Payer};
use crate::report::Section;
use crate::sample::Sample;

/// The memory with the most payments is to be less, in MB.
const MEMORY_GOAL_MB: f64 = 150.0;
/// With the most payments at least this share of the speed with the fewest is to be left.
const FLAT_GOAL: f64 = 0.8;
/// How many payments are filled in with one unit.
const UNIT_PAYMENTS: u32 = 500;
const USAGE: &str = "filled FOLDER FEWEST MOST CARDS CLIENTS RUNS MILLISECONDS";

/// What the process says when it is done.
#[derive(Serialize, Deserialize)]
enum Said {
    Stages(Vec<Stage>),
    Failed(String),
}

/// What was measured on top of so many payments.
#[derive(Serialize, Deserialize)]
struct Stage {
    stored: u32,
    filling_s: f64,
    per_second: Vec<f64>,
    memory_mb: f64,
    memory_most_mb: f64,
}

/// Speed and memory with few and with many payments in the database.
pub(crate) fn measure(plan: &Plan, programs: &Programs) -> Result<Section, String> {
    let folder = plan.folder.join("stored");
    let [fewest, most] = plan.stored;
    let cards = if plan.quick { 8 } else { 1_000 };
    let (clients, runs) = (plan.clients, plan.runs.min(3));
    // Short, so that what is paid meanwhile does not matter beside what is there.
    let ms = (plan.long / 4).as_millis();
    let numbers = [fewest.to_string(), most.to_string(), cards.to_string(), clients.to_string()];
    let numbers = [&numbers[..], &[runs.to_string(), ms.to_string()]].concat();
    let process = programs.filled(&folder, &numbers)?;
    let said: Said = process.told()?;
    drop(process);
    let _ = std::fs::remove_dir_all(&folder);
    match said {
        Said::Stages(stages) => Ok(section(&stages, clients)),
        Said::Failed(why) => Err(why),
    }
}

fn section(stages: &[Stage], clients: usize) -> Section {
    let mut section = Section::new("Payments stored: free channel, SQLite, a process of its own");
    let rate = |stage: &Stage| Sample::of(stage.per_second.iter().copied());
    for stage in stages {
        let stored = stage.stored;
        section.value(format!("filling up to {stored} payments, as records"), stage.filling_s, "s");
        section.row(format!("payments, {clients} clients, {stored} stored"), rate(stage), "/s");
        section.value(format!("resident, {stored} stored"), stage.memory_mb, "MB");
        section.below(MEMORY_GOAL_MB);
        let most = format!("resident, the most it ever was, {stored} stored");
        section.value(most, stage.memory_most_mb, "MB");
    }
    if let [few, .., many] = stages {
        let name = format!("payments a second, {} ÷ {} stored", many.stored, few.stored);
        section.value(name, rate(many).median / rate(few).median.max(0.001), "×");
        section.at_least(FLAT_GOAL);
    }
    section.note("stored is a payment with its attempt and its key's answer; no events, no steps");
    section.note("what is paid has references and keys all over those that are stored");
    section.note("the process is the house, its clients, and what filled it");
    section
}

/// `filled` of this program.
pub(crate) async fn filled_here(arguments: &[String]) -> Result<(), String> {
    let said = match stages(arguments).await {
        Ok(stages) => Said::Stages(stages),
        Err(why) => Said::Failed(why),
    };
    crate::say(&serde_json::to_string(&said).map_err(|e| e.to_string())?);
    std::future::pending().await
}

async fn stages(arguments: &[String]) -> Result<Vec<Stage>, String> {
    let (folder, numbers) = arguments.split_first().ok_or(USAGE)?;
    let numbers: Result<Vec<u32>, _> = numbers.iter().map(|one| one.parse::<u32>()).collect();
    let numbers = numbers.map_err(|e| format!("{USAGE}: {e}"))?;
    let [fewest, most, cards, clients, runs, ms] = numbers.as_slice() else {
        return Err(USAGE.to_owned());
    };
    // Nothing falls due while this runs: how much did would depend on how long filling takes.
    let bank = Bank::Free { first_inquiry_ms: Some(12 * HOUR_MS) };
    let house = House::open(Path::new(folder), &bank).await?;
    let cards = pay::bound(&house, *cards, &Arc::default()).await?;
    let payer = Payer::new(&house, &cards);
    let clients = usize::try_from(*clients).map_err(|e| e.to_string())?;
    let time = Duration::from_millis(u64::from(*ms));
    let mut filler = Filler::new(&house, &payer, cards).await?;
    let mut stages = Vec::new();
    for stored in [*fewest, *most] {
        let began = Instant::now();
        filler.fill_up_to(&house, stored).await?;
        let filling_s = began.elapsed().as_secs_f64();
        pay::closed(&payer, clients, time).await?;
        let mut per_second = Vec::new();
        for _ in 0..*runs {
            per_second.push(pay::closed(&payer, clients, time).await?.per_second());
            house.bank_times.take();
        }
        let memory = machine::memory_mb(std::process::id());
        let (memory_mb, memory_most_mb) = memory.ok_or("a process without memory")?;
        stages.push(Stage { stored, filling_s, per_second, memory_mb, memory_most_mb });
    }
    Ok(stages)
}

/// Writes payments that have ended as the house would have left them.
struct Filler {
    platform: PlatformId,
    lender: LenderId,
    cards: Vec<InstrumentRecord>,
    profile_version: String,
    /// What a key of the house is answered with.
    answer: String,
    outcome: String,
    amount: Fen,
    entropy: SystemEntropy,
    /// How many are there, and in how many goes they came.
    stored: u32,
    goes: u32,
}

impl Filler {
    async fn new(
        house: &House,
        payer: &Payer,
        cards: Vec<InstrumentRecord>,
    ) -> Result<Self, String> {
        let lender = house.store.lender_of_code(house.platform, DEFAULT_LENDER).await;
        let lender = lender.map_err(|e| e.to_string())?.ok_or("a platform without a lender")?;
        let profile = free::channel(None).profile;
        let json = |e: serde_json::Error| e.to_string();
        Ok(Self {
            platform: house.platform,
            lender: lender.id,
            cards,
            profile_version: format!("{}/{}", profile.id, profile.version),
            answer: serde_json::to_string(&payer.order().await?).map_err(json)?,
            outcome: serde_json::to_string(&Outcome::Settled).map_err(json)?,
            amount: Fen::new(AMOUNT_FEN).map_err(|e| e.to_string())?,
            entropy: SystemEntropy::new(),
            stored: 0,
            goes: 0,
        })
    }

    /// Fills up with what is missing. Each go covers the whole width of references, keys and cards,
    /// from the first to the last, so that it goes quickly and leaves no end where all is new.
    async fn fill_up_to(&mut self, house: &House, most: u32) -> Result<(), String> {
        let count = most.saturating_sub(self.stored);
        self.goes += 1;
        let mut from = 0;
        while from < count {
            let until = count.min(from.saturating_add(UNIT_PAYMENTS));
            let now = SystemClock.now();
            let mut rows = Vec::new();
            for place in from..until {
                rows.extend(self.rows(place, count, now)?);
            }
            let mut rows = rows.into_iter();
            let Some(guard) = rows.next() else { break };
            let committed = house.store.commit(Unit::new(guard).writes(rows)).await;
            committed.map_err(|e| format!("filling with payments: {e}"))?;
            from = until;
        }
        self.stored = self.stored.max(most);
        Ok(())
    }

    /// One payment that settled after its inquiry.
    fn rows(&self, place: u32, count: u32, now: Timestamp) -> Result<[Statement; 3], String> {
        let (id, attempt): (PaymentId, AttemptId) = (self.id(now), self.id(now));
        let spot = u64::from(place) * (u64::MAX / u64::from(count.max(1)));
        let reference = format!("{spot:016x}-{}", self.goes);
        let cards = u64::try_from(self.cards.len()).unwrap_or(0);
        let card = u64::from(place) * cards / u64::from(count.max(1));
        let card = usize::try_from(card).ok().and_then(|card| self.cards.get(card));
        let card = card.ok_or("there is no card to pay to")?;
        let (kind, operation) = if place.is_multiple_of(2) {
            (PaymentKind::Disbursement, Operation::Disburse)
        } else {
            (PaymentKind::Repayment, Operation::Collect)
        };
        let settled = Settled { attempt, amount: self.amount, proof: Proof::Inquiry, at: now };
        let machine = Payment::Settled(settled);
        let mut payment = PaymentRecord {
            id,
            platform: self.platform,
            // Opened, sent, pending, settled.
            version: 4,
            kind,
            lender: self.lender,
            instrument: card.id,
            original: None,
            reference: reference.clone(),
            purpose: PURPOSE.to_owned(),
            guard: None,
            amount: self.amount,
            state: machine.name().to_owned(),
            machine: serde_json::to_string(&machine).map_err(|e| e.to_string())?,
            channel: Some(free::CODE.to_owned()),
            query_id: Some(attempt.hex()),
            created_at: now,
            updated_at: now,
        };
        payment.guard = machine.keeps_others_out(kind).then(|| payment.guard_text());
        let attempt = self.attempt(attempt, (id, operation), card, now);
        let key = IdempotencyRecord {
            platform: self.platform,
            key: reference,
            fingerprint: [7; 32],
            subject: id.into(),
            answer: Some(self.answer.clone()),
            created_at: now,
            expires_at: now.plus_ms(400 * DAY_MS),
        };
        Ok([payment.insert(), attempt.insert(), key.insert()])
    }

    fn attempt(
        &self,
        id: AttemptId,
        (payment, operation): (PaymentId, Operation),
        card: &InstrumentRecord,
        now: Timestamp,
    ) -> AttemptRecord {
        AttemptRecord {
            id,
            platform: self.platform,
            // Sent, pending, settled.
            version: 3,
            subject: payment.into(),
            operation,
            state: "settled".to_owned(),
            order: OrderKey {
                channel: free::CODE.to_owned(),
                merchant: free::MERCHANT.to_owned(),
                order_id: id.hex(),
                txn_time: Timestamp::from_millis(now.as_millis() / SECOND_MS * SECOND_MS),
            },
            profile_version: self.profile_version.clone(),
            card_index: Some(card.card_index),
            amount: Some(self.amount),
            sent_at: now,
            answered_at: Some(now),
            outcome: Some(self.outcome.clone()),
            code: Some("00".to_owned()),
        }
    }

    fn id<K: Kind>(&self, now: Timestamp) -> Id<K> {
        Id::new(now, random(&self.entropy))
    }
}
