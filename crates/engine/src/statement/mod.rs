//! Banks' statements: imported once however often they come, then acted on. What they prove goes to
//! the payments' machine like every other proof; nothing here moves a payment by itself.

mod judge;
mod known;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use mingka_channels::statement::{StatementFile, StatementLine, read};
use mingka_crypto::digest::sha256;
use mingka_domain::id::PlatformId;
use mingka_domain::statement::{CutOff, SettlementDay};
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, CommitError, OrderKey, Statement, StatementLineRecord, StatementRecord, Unit,
};
use tokio::sync::OwnedMutexGuard;

use self::known::is_movement_of;
pub use self::report::{LineView, MissingView, StatementReport, StatementView};
use crate::channel::Channel;
use crate::core::{Engine, internal};
use crate::error::{EngineError, StatementError};

/// How many lines become durable, are looked up and are judged together.
const LINES_AT_ONCE: usize = 256;

/// A platform's settlement day over a channel.
type Day = (PlatformId, String, SettlementDay);

/// Who imports what: of one day one at a time.
#[derive(Debug, Default)]
pub(crate) struct Imports(Mutex<BTreeMap<Day, Arc<tokio::sync::Mutex<()>>>>);

impl Imports {
    /// Waits until nobody in this process imports this day, and keeps others waiting.
    async fn turn(&self, day: Day) -> OwnedMutexGuard<()> {
        let turn = {
            let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for are over.
            days.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(days.entry(day).or_default())
        };
        turn.lock_owned().await
    }
}

impl Engine {
    /// Imports a statement in the documented form and acts on what it proves. The same file again
    /// changes nothing; a file whose import was interrupted is finished. Once it is this import's
    /// turn it goes on to its end, whether or not anybody waits for it.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no statement of a merchant account of ours.
    pub async fn import_statement(
        &self,
        platform: PlatformId,
        content: &str,
    ) -> Result<StatementReport, EngineError> {
        let file = read(content).map_err(|error| {
            EngineError::Statement(StatementError::Unreadable {
                line: error.line,
                problem: error.problem,
            })
        })?;
        let known = self.channel_named(&file.channel);
        let known = known.filter(|channel| channel.merchant_number == file.merchant);
        let channel = known.ok_or(EngineError::Statement(StatementError::NotOurs))?;
        if !channel.cut_off()?.has_ended(file.day, self.now()) {
            return Err(EngineError::Statement(StatementError::DayNotOver));
        }
        let (day, sha256) = (file.day, sha256(content.as_bytes()));
        let turn = self.inner.imports.turn((platform, file.channel.clone(), day)).await;
        let engine = self.clone();
        self.to_the_end(async move {
            let _turn = turn;
            engine.take_in(platform, &file, sha256).await
        })
        .await?;
        self.statement_report(platform, day).await
    }

    /// Keeps a file and acts on it, where that has not been done.
    async fn take_in(
        &self,
        platform: PlatformId,
        file: &StatementFile,
        sha256: [u8; 32],
    ) -> Result<(), EngineError> {
        let record = StatementRecord {
            platform,
            channel: file.channel.clone(),
            merchant: file.merchant.clone(),
            day: file.day,
            sha256,
            complete: file.complete,
            line_count: i64::try_from(file.lines.len()).unwrap_or(i64::MAX),
            total_fen: file.total_fen,
            imported_at: self.now(),
            applied_at: None,
        };
        let there = self.store().statements_of_day(platform, file.day).await?;
        let there = there.into_iter().find(|one| {
            (one.sha256, &one.channel, &one.merchant)
                == (record.sha256, &record.channel, &record.merchant)
        });
        if there.is_none() {
            self.keep_lines(platform, file).await?;
            match self.store().commit(Unit::new(record.insert())).await {
                Ok(_) | Err(CommitError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if there.is_none_or(|there| there.applied_at.is_none()) {
            self.act_on(platform, file).await?;
            self.store().commit(Unit::new(record.applied(self.now()))).await?;
            tracing::info!(channel.code = file.channel, statement.day = %file.day,
                statement.lines = file.lines.len(), statement.complete = file.complete,
                "a statement was imported");
        }
        self.release_when_known().await
    }

    /// Every movement of a file, durable before the file itself counts. What another file of the
    /// day brought, or this one before its import was interrupted, is there already.
    async fn keep_lines(
        &self,
        platform: PlatformId,
        file: &StatementFile,
    ) -> Result<(), EngineError> {
        for lines in file.lines.chunks(LINES_AT_ONCE) {
            let orders: BTreeSet<OrderKey> =
                lines.iter().map(|line| order_of(file, line)).collect();
            let there = self.store().statement_lines_of_orders(platform, &orders).await?;
            let is_there = |row: &StatementLineRecord| {
                let found = there.get(&row.order).map(Vec::as_slice).unwrap_or_default();
                found.iter().any(|one| (one.day, &one.movement) == (row.day, &row.movement))
            };
            let rows = lines.iter().map(|line| row_of(platform, file, line));
            let rows: Vec<Statement> =
                rows.filter(|row| !is_there(row)).map(|row| row.keep()).collect();
            let mut rows = rows.into_iter();
            if let Some(first) = rows.next() {
                self.store().commit(Unit::new(first).writes(rows)).await?;
            }
        }
        Ok(())
    }

    /// What the file proves: by its lines, and, once it and the day before are complete, by what
    /// stands on neither. Nothing is judged twice.
    async fn act_on(&self, platform: PlatformId, file: &StatementFile) -> Result<(), EngineError> {
        let channel = self.channel(&file.channel)?;
        let mut judged = BTreeSet::new();
        for lines in file.lines.chunks(LINES_AT_ONCE) {
            let mut attempts = self.attempts_behind(platform, channel, (file, lines)).await?;
            attempts.retain(|attempt| judged.insert(attempt.id));
            self.judge(channel, platform, &attempts).await?;
        }
        let span = self.days_of(channel, file.day.previous(), file.day)?;
        let merchant = (channel.code.as_str(), channel.merchant_number.as_str());
        let mut rest = self.store().money_attempts_between(platform, merchant, span).await?;
        rest.retain(|attempt| !judged.contains(&attempt.id));
        self.judge(channel, platform, &rest).await?;
        self.release_held(platform, channel).await
    }

    /// The platform's attempts behind some lines. What our books have lost is found again first.
    async fn attempts_behind(
        &self,
        platform: PlatformId,
        channel: &Channel,
        (file, lines): (&StatementFile, &[StatementLine]),
    ) -> Result<Vec<AttemptRecord>, EngineError> {
        let orders: BTreeSet<OrderKey> = lines.iter().map(|line| order_of(file, line)).collect();
        let mut found = self.store().attempts_of_orders(&orders).await?;
        let mut lost = false;
        for line in lines {
            let order = order_of(file, line);
            let of_order = found.get(&order).map(Vec::as_slice).unwrap_or_default();
            if !of_order.iter().any(|one| is_movement_of(line.movement, one.operation)) {
                self.find_lost(platform, channel, (&order, line), file.day).await?;
                lost = true;
            }
        }
        if lost {
            found = self.store().attempts_of_orders(&orders).await?;
        }
        let found = found.into_values().flatten();
        Ok(found.filter(|attempt| attempt.platform == platform).collect())
    }

    /// From the beginning of one settlement day to the end of another.
    pub(super) fn days_of(
        &self,
        channel: &Channel,
        first: SettlementDay,
        last: SettlementDay,
    ) -> Result<(Timestamp, Timestamp), EngineError> {
        let cut_off = channel.cut_off()?;
        Ok((cut_off.begins(first), cut_off.begins(last.next())))
    }
}

impl Channel {
    /// When its settlement day ends.
    pub(super) fn cut_off(&self) -> Result<CutOff, EngineError> {
        CutOff::at_hour(self.profile.settlement.day_ends_hour)
            .map_err(|error| internal("a profile's cut-off cannot be read", &error))
    }
}

fn order_of(file: &StatementFile, line: &StatementLine) -> OrderKey {
    OrderKey {
        channel: file.channel.clone(),
        merchant: file.merchant.clone(),
        order_id: line.order_id.clone(),
        txn_time: line.txn_time,
    }
}

fn row_of(platform: PlatformId, file: &StatementFile, line: &StatementLine) -> StatementLineRecord {
    StatementLineRecord {
        platform,
        day: file.day,
        order: order_of(file, line),
        movement: line.movement.name().to_owned(),
        amount: line.amount,
        query_id: line.query_id.clone(),
        settled_at: line.settled_at,
        original: line.original.clone(),
    }
}
