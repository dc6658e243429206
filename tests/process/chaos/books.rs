//! How the story of the chaos ends: time passes, statements come, and both sides' books are laid
//! beside each other.

use std::collections::BTreeMap;
use std::time::SystemTime;

use mingka_domain::statement::SettlementDay;
use mingka_domain::time::{DAY_MS, MINUTE_MS, Timestamp};
use serde_json::{Value, json};

use super::{Desk, Order, World};
use crate::kill_nine::{every, ledger};
use crate::support::{request, until};

/// How far time goes on at once: past every lease, every pause between tries and the three minutes
/// before the first question about money.
const STEP_MS: i64 = 15 * MINUTE_MS;
/// After so many steps nothing may wait or be on its way any more.
const STEP_COUNT_MAX: usize = 20;
/// Past the two days in which banks are asked, and past the statements of both days in which an
/// order may stand.
const DEADLINES_MS: i64 = 4 * DAY_MS;
/// The settlement days whose statements are brought: that of the first order, the one in which the
/// last order may have been sent, and the one after it.
const DAY_COUNT: usize = 3;

/// How far the clocks of the bank and the gateways are ahead.
pub(super) struct Time {
    pub(super) ahead_ms: i64,
    first_day: SettlementDay,
}

impl Time {
    /// Nothing has passed yet.
    pub(super) fn begin(bank: &str) -> Self {
        let clock = request(bank, "GET", "/sandbox/clock", &[], "").unwrap().json();
        let first_day = clock["settlement_day"].as_str().unwrap().parse().unwrap();
        Self { ahead_ms: 0, first_day }
    }

    /// Until every payment has its end or is a doubt that inquiries do not end. Whoever was not
    /// answered asks again as soon as what was interrupted is found, and gets an answer.
    pub(super) fn pass_until_nothing_moves(&mut self, world: &mut World, desk: &Desk) {
        for step in 0..STEP_COUNT_MAX {
            self.pass(world, desk, STEP_MS);
            if step == 0 {
                self.until_quiet(desk);
                answer_the_rest(desk);
            }
            let payments = self.until_quiet(desk);
            let doubtful = |payment: &Value| is(payment, &["doubtful", "review"]);
            if payments.iter().all(|payment| ended(payment) || doubtful(payment)) {
                return;
            }
        }
        panic!("still on the way after {STEP_COUNT_MAX} steps: {}", tally(&payments(desk)));
    }

    /// Past every deadline: what is a doubt then is for people.
    pub(super) fn pass_the_deadlines(&mut self, world: &mut World, desk: &Desk) {
        self.pass(world, desk, DEADLINES_MS);
        until("every payment to have its end or to be in review", || {
            let done = |payment: &Value| ended(payment) || is(payment, &["review"]);
            payments(desk).iter().all(done).then_some(())
        });
    }

    /// The bank's statements prove the rest.
    pub(super) fn bring_the_statements(&self, world: &World, desk: &Desk) {
        let mut day = self.first_day;
        for _ in 0..DAY_COUNT {
            let path = format!("/statements/{day}");
            let statement = request(&world.bank, "GET", &path, &[], "").unwrap();
            assert_eq!(statement.status, 200, "{statement:?}");
            let platform = desk.gateway(0);
            let bearer = format!("Bearer {}", platform.key);
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
            let path = "/v1/statements";
            let taken = request(&platform.address, "POST", path, &headers, &statement.body);
            let taken = taken.unwrap();
            assert_eq!(taken.status, 200, "{taken:?}");
            day = day.next();
        }
    }

    /// The clocks go on: the bank's at once, the gateways' with another life.
    pub(super) fn pass(&mut self, world: &mut World, desk: &Desk, ms: i64) {
        self.ahead_ms += ms;
        let body = json!({ "ahead_ms": self.ahead_ms }).to_string();
        let headers = [("Content-Type", "application/json")];
        let set = request(&world.bank, "POST", "/sandbox/clock", &headers, &body).unwrap();
        assert_eq!(set.status, 200, "{set:?}");
        for (number, gateway) in world.gateways.iter_mut().enumerate() {
            desk.gateways.write().unwrap()[number] = gateway.start(self.ahead_ms);
        }
    }

    /// Until all that was due by now has been done.
    fn until_quiet(&self, desk: &Desk) -> Vec<Value> {
        until("everything that is due to be done", || {
            let now = self.now();
            let later = |payment: &Value| {
                let next = payment["next_look_at"].as_str().and_then(Timestamp::from_rfc3339);
                next.is_some_and(|next| next > now)
            };
            let payments = payments(desk);
            let quiet = payments.iter().all(|payment| ended(payment) || later(payment));
            quiet.then_some(payments)
        })
    }

    /// What time it is at the gateways.
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let ms = i64::try_from(since.as_millis()).unwrap();
        Timestamp::from_millis(ms).plus_ms(self.ahead_ms)
    }
}

/// Every key that had no answer gets one, whatever became of its first request.
fn answer_the_rest(desk: &Desk) {
    let answers = desk.answers.lock().unwrap().clone();
    for (n, _) in answers.iter().filter(|(_, answer)| answer.is_none()) {
        until("an answer to every key", || desk.ask_for(*n).then_some(()));
    }
}

/// All payments in the gateways' books.
pub(super) fn payments(desk: &Desk) -> Vec<Value> {
    every(&desk.gateway(0), "/v1/payments")
}

/// Everything the bank executed, but for what the binding of the cards was.
pub(super) fn executed(bank: &str) -> Vec<Value> {
    let binding = ["code_sent", "agreement_opened"];
    let of_binding = |entry: &Value| binding.contains(&entry["kind"].as_str().unwrap());
    ledger(bank).into_iter().filter(|entry| !of_binding(entry)).collect()
}

pub(super) fn ended(payment: &Value) -> bool {
    is(payment, &["settled", "refused", "returned", "cancelled"])
}

fn is(payment: &Value, states: &[&str]) -> bool {
    states.contains(&payment["state"].as_str().unwrap())
}

/// Both sides' books, order by order: what does not fit. What is settled was executed once, what is
/// refused was not executed, and neither was what nobody could prove: once the line has healed
/// nothing stands between the two.
pub(super) fn differences(
    answers: &BTreeMap<u32, Option<String>>,
    payments: &[Value],
    executed: &[Value],
) -> Vec<String> {
    let mut differences = Vec::new();
    let mut moved: BTreeMap<(&str, i64), Vec<&Value>> = BTreeMap::new();
    for entry in executed {
        let kind = match entry["kind"].as_str().unwrap() {
            "disbursed" => "disbursement",
            "collected" => "repayment",
            other => other,
        };
        moved.entry((kind, entry["amount_fen"].as_i64().unwrap())).or_default().push(entry);
    }
    let mut of_order: BTreeMap<(&str, i64), &Value> = BTreeMap::new();
    for payment in payments {
        let order = (payment["kind"].as_str().unwrap(), payment["amount_fen"].as_i64().unwrap());
        if let Some(other) = of_order.insert(order, payment) {
            differences.push(format!("one order, two payments: {payment} {other}"));
        }
    }
    for (n, answer) in answers {
        let order = Order::number(*n);
        let key = (order.kind, order.amount_fen);
        let entries = moved.remove(&key).unwrap_or_default();
        match of_order.remove(&key) {
            None => differences.push(format!("order {n} has no payment; {entries:?}")),
            Some(payment) if !fits(&order, answer.as_deref(), payment, &entries) => {
                differences.push(format!("order {n}, told {answer:?}: {payment}; {entries:?}"));
            }
            Some(_) => {}
        }
    }
    differences.extend(of_order.values().map(|payment| format!("asked by nobody: {payment}")));
    differences.extend(moved.values().map(|entries| format!("for nobody: {entries:?}")));
    differences
}

/// Whether the bank did for an order what its payment says, and its client was told of this one.
fn fits(order: &Order, answer: Option<&str>, payment: &Value, entries: &[&Value]) -> bool {
    let own = |entry: &&Value| entry["card"] == format!("series-{}", order.card);
    let moved = match payment["state"].as_str().unwrap() {
        "settled" => entries.len() == 1 && payment["settled_amount_fen"] == order.amount_fen,
        "refused" | "review" => entries.is_empty(),
        _ => false,
    };
    moved && entries.iter().all(own) && answer.is_some() && payment["id"].as_str() == answer
}

pub(super) fn tally(payments: &[Value]) -> String {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for payment in payments {
        let mut what = payment["state"].as_str().unwrap().to_owned();
        for reason in ["review", "proof"] {
            if let Some(reason) = payment[reason].as_str() {
                what = format!("{what} ({reason})");
            }
        }
        *counts.entry(what).or_default() += 1;
    }
    format!("{counts:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(n: u32, state: &str) -> Value {
        let Order { kind, amount_fen, .. } = Order::number(n);
        let mut payment = json!({ "id": format!("pay-{n}"), "kind": kind, "state": state });
        payment["amount_fen"] = json!(amount_fen);
        if state == "settled" {
            payment["settled_amount_fen"] = json!(amount_fen);
        }
        payment
    }

    fn entry(n: u32) -> Value {
        let Order { kind, amount_fen, card, .. } = Order::number(n);
        let kind = if kind == "disbursement" { "disbursed" } else { "collected" };
        json!({ "kind": kind, "amount_fen": amount_fen, "card": format!("series-{card}") })
    }

    /// How many differences there are between orders 0 to 2 and these books.
    fn count(payments: &[Value], executed: &[Value]) -> usize {
        let answers = (0..3).map(|n| (n, Some(format!("pay-{n}")))).collect();
        differences(&answers, payments, executed).len()
    }

    #[test]
    fn whatever_does_not_fit_is_noticed() {
        let (settled, refused, review) =
            (payment(0, "settled"), payment(1, "refused"), payment(2, "review"));
        let payments = [settled.clone(), refused.clone(), review.clone()];
        assert_eq!(count(&payments, &[entry(0)]), 0);
        for (executed, what) in [
            (vec![], "settled and never executed"),
            (vec![entry(0), entry(0)], "executed twice"),
            (vec![entry(0), entry(1)], "refused and executed"),
            (vec![entry(0), entry(2)], "executed and left to people"),
            (vec![entry(0), entry(3)], "executed for nobody"),
        ] {
            assert_eq!(count(&payments, &executed), 1, "{what}");
        }
        let mut other_card = entry(0);
        other_card["card"] = json!("series-1");
        assert_eq!(count(&payments, &[other_card]), 1, "on another card");
        let with = |payment: Value| count(&[payment, refused.clone(), review.clone()], &[entry(0)]);
        assert_eq!(with(payment(0, "doubtful")), 1, "not at its end");
        for (field, value) in [("id", json!("pay-9")), ("settled_amount_fen", json!(1))] {
            let mut payment = settled.clone();
            payment[field] = value;
            assert_eq!(with(payment), 1, "{field}");
        }
        assert_eq!(count(&[refused.clone(), review.clone()], &[entry(0)]), 1, "no payment");
        let twice = [settled.clone(), settled, refused, review];
        assert_eq!(count(&twice, &[entry(0)]), 1, "two payments of one order");
    }
}
