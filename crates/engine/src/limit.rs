//! Limits on what may be paid: per payment, per card and day, per day, per month; for a platform, a
//! lender or a channel. They stand in the store, are read there before each send, and are counted
//! by the unit that sends. A limit that is used up is a reason to wait, never to fail a borrower.

use mingka_crypto::digest::sha256;
use mingka_domain::approval::Limit;
use mingka_domain::money::Fen;
use mingka_domain::payment::{PaymentKind, WaitReason};
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, Budget, CardIndex, InForce, LimitRecord, PaymentRecord, Statement,
};

use crate::balance::{BALANCE, budget_of};
use crate::channel::Channel;
use crate::core::Engine;
use crate::error::EngineError;
use crate::stop::StopSwitch;
use crate::view::LimitView;

/// The limits a payment is sent under.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    limits: Vec<LimitRecord>,
    /// The account's money, for what is paid out of it.
    balance: Option<Budget>,
}

impl Limits {
    /// Those that a payment over this channel is under.
    pub(crate) fn of(force: &InForce, payment: &PaymentRecord, channel: &Channel) -> Self {
        let under = |limit: &&LimitRecord| {
            limit.payment_kind == payment.kind
                && match limit.scope.as_str() {
                    "platform" => limit.target == payment.platform.to_string(),
                    "lender" => limit.target == channel.lender,
                    _ => limit.target == channel.code,
                }
        };
        let own = force.balances.iter().find(|balance| balance.channel == channel.code);
        let pays_out = payment.kind == PaymentKind::Disbursement;
        Self {
            limits: force.limits.iter().filter(under).cloned().collect(),
            balance: own.filter(|_| pays_out).map(budget_of),
        }
    }

    /// Whether one payment may move so much.
    pub(crate) fn allow(&self, amount: Fen) -> bool {
        self.limits.iter().all(|limit| limit.payment.is_none_or(|most| amount <= most))
    }

    /// What a payment takes its share of, in one order for every unit. Once a limit was ever set
    /// everything under it is counted, so that no later change finds a wrong sum.
    fn budgets(&self, card: Option<&CardIndex>, at: Timestamp) -> Vec<Budget> {
        let date = at.beijing().date();
        let (day, month) = (date.to_string(), date.strftime("%Y-%m").to_string());
        let mut budgets = Vec::new();
        for limit in &self.limits {
            let LimitRecord { scope, target, payment_kind, .. } = limit;
            let whose = format!("{scope}:{target} {}", payment_kind.name());
            let key = sha256(whose.as_bytes());
            budgets.push(Budget { name: "day", key, period: day.clone(), max: limit.day });
            budgets.push(Budget { name: "month", key, period: month.clone(), max: limit.month });
            if let Some(card) = card {
                let mut text = whose.into_bytes();
                text.extend_from_slice(card);
                let (key, period) = (sha256(&text), day.clone());
                budgets.push(Budget { name: "card_day", key, period, max: limit.card_day });
            }
        }
        budgets.extend(self.balance.clone());
        budgets.sort();
        budgets
    }

    /// Takes the share of an attempt.
    pub(crate) fn take(&self, attempt: &AttemptRecord) -> Vec<Statement> {
        let Some(amount) = attempt.amount else { return Vec::new() };
        let budgets = self.budgets(attempt.card_index.as_ref(), attempt.sent_at);
        budgets.iter().map(|budget| budget.take(amount, attempt.sent_at)).collect()
    }

    /// Gives it back: nothing of it moved.
    pub(crate) fn give_back(&self, attempt: &AttemptRecord) -> Vec<Statement> {
        let Some(amount) = attempt.amount else { return Vec::new() };
        let budgets = self.budgets(attempt.card_index.as_ref(), attempt.sent_at);
        budgets.iter().map(|budget| budget.give_back(amount, attempt.sent_at)).collect()
    }
}

/// What a payment waits for when a share of this budget was wanting.
pub(crate) fn reason_of(budget: &str) -> WaitReason {
    if budget == BALANCE { WaitReason::Balance } else { WaitReason::Limit }
}

impl Engine {
    /// The limits in force.
    ///
    /// # Errors
    /// When the store gives nothing.
    pub async fn limits(&self) -> Result<Vec<LimitView>, EngineError> {
        Ok(self.store().limits().await?.into_iter().map(LimitView::from).collect())
    }

    /// Whether a limit is about something, and not about what gives money back.
    pub(crate) async fn check_limit(&self, limit: &Limit) -> Result<(), EngineError> {
        if limit.kind.gives_back() {
            return Err(EngineError::NotFound);
        }
        match StopSwitch::named(&limit.scope) {
            Some(StopSwitch::OwnPlatform(_) | StopSwitch::Operation(_) | StopSwitch::Restored)
            | None => Err(EngineError::NotFound),
            Some(switch) => self.known_switch(&switch).await,
        }
    }
}

impl From<LimitRecord> for LimitView {
    fn from(record: LimitRecord) -> Self {
        Self {
            limit: Limit {
                scope: format!("{}:{}", record.scope, record.target),
                kind: record.payment_kind,
                payment: record.payment,
                card_day: record.card_day,
                day: record.day,
                month: record.month,
            },
            approval: record.approval,
            at: record.at,
        }
    }
}
