//! The prefunded balance of a merchant account (备付余额), as far as it can be known: what an
//! operator says it holds, less what was paid out since. When it does not reach a payment waits;
//! a borrower is never refused for it.

use std::collections::BTreeSet;

use mingka_crypto::digest::sha256;
use mingka_domain::money::Fen;
use mingka_domain::time::MINUTE_MS;
use mingka_store::{BalanceRecord, Budget, Unit};

use crate::core::Engine;
use crate::error::EngineError;
use crate::view::BalanceView;

/// The name of the budget that payments out take their share of.
pub(crate) const BALANCE: &str = "balance";

/// Within what time the same statement is a repeated request.
const REPEATED_WITHIN_MS: i64 = 10 * MINUTE_MS;

/// What a channel's account is counted by.
pub(crate) fn budget_of(record: &BalanceRecord) -> Budget {
    let key = sha256(record.channel.as_bytes());
    Budget { name: BALANCE, key, period: record.seq.to_string(), max: Some(record.balance) }
}

impl Engine {
    /// Says what a channel's account holds now, and below how much somebody is to be told. What is
    /// paid out from now on is taken off; what is on its way already is not. The same said again by
    /// the same within ten minutes is one statement: a repeated request forgets nothing.
    ///
    /// # Errors
    /// When there is no such channel, or somebody else says something meanwhile.
    pub async fn state_balance(
        &self,
        channel: &str,
        (balance, alarm): (Fen, Fen),
        who: &str,
    ) -> Result<(), EngineError> {
        let channel = self.channel_named(channel).ok_or(EngineError::NotFound)?;
        let known = self.store().balances().await?;
        let last = known.iter().find(|one| one.channel == channel.code);
        let now = self.now();
        if last.is_some_and(|last| {
            (last.balance, last.alarm, last.who.as_str()) == (balance, alarm, who)
                && (0..REPEATED_WITHIN_MS).contains(&now.since_ms(last.at))
        }) {
            return Ok(());
        }
        let record = BalanceRecord {
            channel: channel.code.clone(),
            seq: last.map_or(0, |one| one.seq).saturating_add(1),
            balance,
            alarm,
            who: who.to_owned(),
            at: now,
        };
        self.store().commit(Unit::new(record.insert())).await?;
        tracing::warn!(
            channel.code = record.channel,
            balance.fen = balance.get(),
            balance.who = who,
            "a balance was stated"
        );
        Ok(())
    }

    /// What each account is known to hold.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn balances(&self) -> Result<Vec<BalanceView>, EngineError> {
        let mut views = Vec::new();
        for record in self.store().balances().await? {
            let spent = self.store().spent(&budget_of(&record)).await?;
            let left = record.balance.minus(spent).unwrap_or(Fen::ZERO);
            views.push(BalanceView {
                is_low: left < record.alarm,
                channel: record.channel,
                stated: record.balance,
                left,
                alarm_below: record.alarm,
                who: record.who,
                at: record.at,
            });
        }
        Ok(views)
    }

    /// Tells once of each account that has fallen below its alarm, and once of each that is above
    /// it again. `told` is what was told before.
    pub(crate) async fn tell_of_balances(&self, told: &mut BTreeSet<String>) {
        let Ok(views) = self.balances().await else { return };
        for view in views {
            if view.is_low && told.insert(view.channel.clone()) {
                tracing::error!(
                    channel.code = view.channel,
                    balance.left_fen = view.left.get(),
                    balance.alarm_fen = view.alarm_below.get(),
                    "a merchant account's money runs low: fund it"
                );
            } else if !view.is_low && told.remove(&view.channel) {
                tracing::info!(
                    channel.code = view.channel,
                    balance.left_fen = view.left.get(),
                    "a merchant account is funded again"
                );
            }
        }
    }
}
