//! Banks' statements: imported once however often they come, then acted on. What they prove goes to
//! the payments' machine like every other proof; nothing here moves a payment by itself.

mod judge;
mod report;

use mingka_channels::statement::{StatementFile, read};
use mingka_crypto::digest::sha256;
use mingka_domain::id::PlatformId;
use mingka_domain::statement::{CutOff, SettlementDay};
use mingka_domain::time::Timestamp;
use mingka_store::{
    AttemptRecord, CommitError, OrderKey, StatementLineRecord, StatementRecord, Unit,
};

pub(crate) use self::judge::is_movement_of;
pub use self::report::{LineView, MissingView, StatementReport, StatementView};
use crate::channel::Channel;
use crate::core::{Engine, internal};
use crate::error::{EngineError, StatementError};

/// How many lines become durable together.
const LINES_AT_ONCE: usize = 200;

impl Engine {
    /// Imports a statement in the documented form and acts on what it proves. The same file again
    /// changes nothing; a file whose import was interrupted is finished.
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
        let now = self.now();
        if !channel.cut_off()?.has_ended(file.day, now) {
            return Err(EngineError::Statement(StatementError::DayNotOver));
        }
        let record = StatementRecord {
            platform,
            channel: file.channel.clone(),
            merchant: file.merchant.clone(),
            day: file.day,
            sha256: sha256(content.as_bytes()),
            complete: file.complete,
            line_count: i64::try_from(file.lines.len()).unwrap_or(i64::MAX),
            total_fen: file.total_fen,
            imported_at: now,
            applied_at: None,
        };
        let there = self.store().statements_of_day(platform, file.day).await?;
        let there = there.into_iter().find(|one| {
            (one.sha256, &one.channel, &one.merchant)
                == (record.sha256, &record.channel, &record.merchant)
        });
        if there.as_ref().is_none_or(|there| there.applied_at.is_none()) {
            self.keep_lines(platform, &file).await?;
            match self.store().commit(Unit::new(record.insert())).await {
                Ok(_) | Err(CommitError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            self.act_on(platform, channel, &file).await?;
            self.store().commit(Unit::new(record.applied(self.now()))).await?;
            tracing::info!(channel.code = file.channel, statement.day = %file.day,
                statement.lines = file.lines.len(), statement.complete = file.complete,
                "a statement was imported");
        }
        self.release_when_known().await?;
        self.statement_report(platform, file.day).await
    }

    /// Every movement of a file, durable before the file itself counts.
    async fn keep_lines(
        &self,
        platform: PlatformId,
        file: &StatementFile,
    ) -> Result<(), EngineError> {
        for lines in file.lines.chunks(LINES_AT_ONCE) {
            let mut rows = lines.iter().map(|line| {
                StatementLineRecord {
                    platform,
                    day: file.day,
                    order: OrderKey {
                        channel: file.channel.clone(),
                        merchant: file.merchant.clone(),
                        order_id: line.order_id.clone(),
                        txn_time: line.txn_time,
                    },
                    movement: line.movement.name().to_owned(),
                    amount: line.amount,
                    query_id: line.query_id.clone(),
                    settled_at: line.settled_at,
                    original: line.original.clone(),
                }
                .keep()
            });
            if let Some(first) = rows.next() {
                self.store().commit(Unit::new(first).writes(rows)).await?;
            }
        }
        Ok(())
    }

    /// What the file proves: by its lines, and, once it and the day before are complete, by what
    /// stands on neither.
    async fn act_on(
        &self,
        platform: PlatformId,
        channel: &Channel,
        file: &StatementFile,
    ) -> Result<(), EngineError> {
        for line in &file.lines {
            let order = OrderKey {
                channel: file.channel.clone(),
                merchant: file.merchant.clone(),
                order_id: line.order_id.clone(),
                txn_time: line.txn_time,
            };
            let attempts = self.store().attempts_of_order(&order).await?;
            let known = |one: &AttemptRecord| is_movement_of(line.movement, one.operation);
            if !attempts.iter().any(known) {
                self.find_lost(platform, channel, (&order, line), file.day).await?;
            }
            for attempt in attempts.iter().filter(|attempt| attempt.platform == platform) {
                self.judge(channel, attempt).await?;
            }
        }
        let span = self.days_of(channel, file.day.previous(), file.day)?;
        let merchant = (channel.code.as_str(), channel.merchant_number.as_str());
        for attempt in self.store().money_attempts_between(platform, merchant, span).await? {
            self.judge(channel, &attempt).await?;
        }
        self.release_held(platform, channel).await
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
