//! Clients that pay: so many, each waiting for its answer before it pays again, or payments that
//! come by chance at a rate, however long the others take. Half are disbursements, half repayments.
//! A payment that is not accepted stops the measurement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mingka_crypto::SystemEntropy;
use mingka_crypto::entropy::random;
use mingka_domain::id::{InstrumentId, PlatformId};
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_engine::{DEFAULT_LENDER, Engine, Idempotency, NewPayment, PaymentView};
use mingka_store::{CURSOR_LIMIT_MAX, Cursor, InstrumentRecord};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::drive::{Door, Until, drive};
use crate::house::House;
use crate::sample::number;

/// How much each payment moves.
pub(crate) const AMOUNT_FEN: i64 = 100;
/// For what.
pub(crate) const PURPOSE: &str = "principal";
/// How many clients bind the cards.
const BINDERS: usize = 8;
/// Odd numbers without a pattern: a count times one of them goes all over 64 bits and never twice
/// to the same place, as references and keys of a platform do.
const SCATTER_REFERENCE: u64 = 0x9e37_79b9_7f4a_7c15;
const SCATTER_KEY: u64 = 0xd134_2543_de82_ef95;

/// Who pays: all clients of a house share one. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Payer {
    engine: Engine,
    platform: PlatformId,
    cards: Arc<Vec<InstrumentId>>,
    next: Arc<AtomicU64>,
}

/// What the clients saw.
pub(crate) struct Paid {
    pub(crate) took: Duration,
    /// How long each payment took.
    pub(crate) times: Vec<Duration>,
    /// How much later than meant each came, where they came by chance.
    pub(crate) late: Vec<Duration>,
}

impl Paid {
    pub(crate) fn per_second(&self) -> f64 {
        number(self.times.len()) / self.took.as_secs_f64()
    }
}

/// Binds so many cards, `next` of the series on, and gives all that the platform has, oldest first.
pub(crate) async fn bound(
    house: &House,
    count: u32,
    next: &Arc<AtomicU32>,
) -> Result<Vec<InstrumentRecord>, String> {
    let doors = (0..BINDERS).map(|_| Door::engine(house)).collect();
    drive(doors, Until::Count(count), next).await?;
    let mut cards = Vec::new();
    let mut cursor = Cursor::first(CURSOR_LIMIT_MAX);
    loop {
        let listed = house.store.instruments(house.platform, cursor).await;
        let listed = listed.map_err(|e| e.to_string())?;
        cursor.starting_after = listed.items.last().map(|card| card.id);
        cards.extend(listed.items);
        if !listed.has_more {
            break;
        }
    }
    cards.sort_by_key(|card| card.id);
    Ok(cards)
}

impl Payer {
    pub(crate) fn new(house: &House, cards: &[InstrumentRecord]) -> Self {
        Self {
            engine: house.engine.clone(),
            platform: house.platform,
            cards: Arc::new(cards.iter().map(|card| card.id).collect()),
            next: Arc::default(),
        }
    }

    /// One more payment.
    pub(crate) async fn order(&self) -> Result<PaymentView, String> {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        // By pairs, so that each card is paid to and from.
        let place = usize::try_from(count / 2).unwrap_or(0) % self.cards.len().max(1);
        let instrument = *self.cards.get(place).ok_or("there is no card to pay to")?;
        let even = count.is_multiple_of(2);
        let new = NewPayment {
            kind: if even { PaymentKind::Disbursement } else { PaymentKind::Repayment },
            lender: DEFAULT_LENDER.to_owned(),
            instrument,
            original: None,
            customer_present: false,
            reference: format!("{:016x}", count.wrapping_mul(SCATTER_REFERENCE)),
            purpose: PURPOSE.to_owned(),
            amount: Fen::new(AMOUNT_FEN).map_err(|e| e.to_string())?,
            valid_until: None,
        };
        let key = format!("{:016x}", count.wrapping_mul(SCATTER_KEY));
        let key = Idempotency { key, fingerprint: [7; 32] };
        let paid = self.engine.pay(self.platform, key, new).await;
        let view = paid.map_err(|e| format!("a payment: {e}: {e:?}"))?;
        if matches!(view.state.as_str(), "in_flight" | "settled") {
            return Ok(view);
        }
        Err(format!("{} is `{}` and should be accepted", view.id, view.state))
    }
}

/// So many clients pay, each one payment after the other.
pub(crate) async fn closed(payer: &Payer, clients: usize, time: Duration) -> Result<Paid, String> {
    let began = Instant::now();
    let mut under_way = JoinSet::new();
    for _ in 0..clients {
        let payer = payer.clone();
        under_way.spawn(async move {
            let mut times = Vec::new();
            while began.elapsed() < time {
                let asked = Instant::now();
                payer.order().await?;
                times.push(asked.elapsed());
            }
            Ok::<_, String>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = under_way.join_next().await {
        times.extend(done.map_err(|e| e.to_string())??);
    }
    Ok(Paid { took: began.elapsed(), times, late: Vec::new() })
}

/// Payments come by chance, so many a second on average, whatever becomes of the earlier ones. The
/// time of each runs from its coming: waiting for a core counts, the clock's own coarseness (a
/// millisecond) does not and is shown apart.
pub(crate) async fn open(payer: &Payer, per_second: f64, time: Duration) -> Result<Paid, String> {
    let (began, entropy) = (Instant::now(), SystemEntropy::new());
    let (mut under_way, mut late, mut due) = (JoinSet::new(), Vec::new(), Duration::ZERO);
    while due < time {
        sleep_until(began + due).await;
        late.push(began.elapsed().saturating_sub(due));
        let (payer, came) = (payer.clone(), Instant::now());
        under_way.spawn(async move { payer.order().await.map(|_| came.elapsed()) });
        due += gap(per_second, &entropy);
    }
    let mut times = Vec::new();
    while let Some(done) = under_way.join_next().await {
        times.push(done.map_err(|e| e.to_string())??);
    }
    Ok(Paid { took: began.elapsed(), times, late })
}

/// The time until the next of so many a second that know nothing of each other.
fn gap(per_second: f64, entropy: &SystemEntropy) -> Duration {
    let drawn = f64::from(u32::from_be_bytes(random::<4>(entropy)));
    let share = (drawn + 1.0) / (f64::from(u32::MAX) + 1.0);
    Duration::from_secs_f64(share.ln().abs() / per_second.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_by_chance_comes_as_often_as_asked() {
        let entropy = SystemEntropy::new();
        let sum: Duration = (0..20_000).map(|_| gap(1_000.0, &entropy)).sum();
        let mean_ms = sum.as_secs_f64() * 1e3 / 20_000.0;
        // A mean of so many is within a twentieth but for one time in 10^11.
        assert!((0.95..1.05).contains(&mean_ms), "{mean_ms}");
    }
}
