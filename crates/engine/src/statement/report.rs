//! How a day's statements and our own books compare: every line has a payment, every payment that
//! settled has a line, or the report says which has not.

use std::collections::{BTreeMap, BTreeSet};

use mingka_channels::statement::Movement;
use mingka_domain::id::{PaymentId, PlatformId};
use mingka_domain::outcome::Operation;
use mingka_domain::payment::{Payment, ReviewReason};
use mingka_domain::statement::{SettlementDay, Verdict};
use mingka_domain::time::Timestamp;
use mingka_store::{AttemptRecord, OrderKey, StatementLineRecord, StatementRecord};

use super::LINES_AT_ONCE;
use super::known::{Known, is_movement_of, payment_of};
use crate::core::Engine;
use crate::error::EngineError;
use crate::payment::Loaded;

/// How many lines are read at once.
const PAGE: u32 = 1_024;
/// How many things a report names of each kind; the counts go on.
const NAMED_MAX: usize = 1_000;

/// What a day's statements say, beside our books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementReport {
    /// The settlement day.
    pub day: SettlementDay,
    /// The files, oldest first.
    pub files: Vec<StatementView>,
    /// How many movements they hold.
    pub lines: u64,
    /// How many of them are payments of ours, for the amount we asked for.
    pub matched: u64,
    /// Movements of which we know nothing.
    pub unknown: Vec<LineView>,
    /// Movements of ours with another amount than we asked for.
    pub amounts_differ: Vec<LineView>,
    /// Payments of which more than one attempt moved, or whose undoing no statement knows.
    pub moved_twice: Vec<PaymentId>,
    /// Payments that were refused and moved all the same: people look at them.
    pub settled_after_refusal: Vec<PaymentId>,
    /// Payments we hold for settled that stand in neither of their two complete days, the second
    /// of which is this one.
    pub missing: Vec<MissingView>,
    /// Payments of the day before or of this one of which nobody knows yet how they ended.
    pub open: Vec<PaymentId>,
}

/// A file of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementView {
    /// The channel's code.
    pub channel: String,
    /// The merchant account's number.
    pub merchant: String,
    /// Whether nothing of the day is missing.
    pub complete: bool,
    /// How many movements it holds.
    pub lines: u64,
    /// The sum of their amounts.
    pub total_fen: i64,
    /// When it was imported.
    pub imported_at: Timestamp,
}

/// A movement that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    /// The order's number.
    pub order_id: String,
    /// What moved.
    pub movement: String,
    /// How much.
    pub amount_fen: i64,
    /// The payment it belongs to, where there is one.
    pub payment: Option<PaymentId>,
}

/// A payment without its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingView {
    /// The payment.
    pub payment: PaymentId,
    /// How much of it had settled.
    pub amount_fen: i64,
}

impl StatementReport {
    /// Whether every line and every payment has its other half.
    #[must_use]
    pub const fn is_explained(&self) -> bool {
        self.unknown.is_empty()
            && self.amounts_differ.is_empty()
            && self.moved_twice.is_empty()
            && self.settled_after_refusal.is_empty()
            && self.missing.is_empty()
    }

    /// What is to be said of a payment by one of its attempts.
    fn payment(&mut self, known: &Known, attempt: &AttemptRecord) -> Result<(), EngineError> {
        let Some(payment) = known.payment(attempt)? else { return Ok(()) };
        let id = payment.record.id;
        if payment.machine.open_attempt() == Some(attempt.id) {
            note(&mut self.open, id);
        }
        let Payment::Settled(settled) = &payment.machine else { return Ok(()) };
        // A reversal of what had not moved moves nothing: no statement shows either.
        let reversed = attempt.operation == Operation::Reverse && known.lines(attempt).is_empty();
        if settled.attempt == attempt.id
            && known.verdict(attempt) == Verdict::Absent(self.day)
            && !reversed
        {
            let missing = MissingView { payment: id, amount_fen: settled.amount.get() };
            note(&mut self.missing, missing);
        }
        Ok(())
    }
}

impl Engine {
    /// How a day's statements and the platform's payments compare.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn statement_report(
        &self,
        platform: PlatformId,
        day: SettlementDay,
    ) -> Result<StatementReport, EngineError> {
        let files = self.store().statements_of_day(platform, day).await?;
        let mut report = StatementReport {
            day,
            files: files.iter().map(StatementView::of).collect(),
            lines: 0,
            matched: 0,
            unknown: Vec::new(),
            amounts_differ: Vec::new(),
            moved_twice: Vec::new(),
            settled_after_refusal: Vec::new(),
            missing: Vec::new(),
            open: Vec::new(),
        };
        let mut offset = 0;
        loop {
            let read = self.store().statement_lines(platform, day, offset, PAGE).await?;
            self.report_lines(&mut report, platform, &read).await?;
            offset += i64::from(PAGE);
            if read.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                break;
            }
        }
        self.report_payments(&mut report, platform).await?;
        Ok(report)
    }

    async fn report_lines(
        &self,
        report: &mut StatementReport,
        platform: PlatformId,
        lines: &[StatementLineRecord],
    ) -> Result<(), EngineError> {
        let orders: BTreeSet<OrderKey> = lines.iter().map(|line| line.order.clone()).collect();
        let attempts = self.store().attempts_of_orders(&orders).await?;
        let own = attempts.values().flatten().filter(|one| one.platform == platform);
        let ids: BTreeSet<PaymentId> = own.filter_map(payment_of).collect();
        let payments = self.load_payments(platform, &ids).await?;
        for line in lines {
            let attempts = attempts.get(&line.order).map(Vec::as_slice).unwrap_or_default();
            self.report_line(report, line, (attempts, &payments)).await?;
        }
        Ok(())
    }

    async fn report_line(
        &self,
        report: &mut StatementReport,
        line: &StatementLineRecord,
        (attempts, payments): (&[AttemptRecord], &BTreeMap<PaymentId, Loaded>),
    ) -> Result<(), EngineError> {
        report.lines += 1;
        let movement = Movement::named(&line.movement);
        let of_line = |one: &&AttemptRecord| {
            one.platform == line.platform
                && movement.is_some_and(|movement| is_movement_of(movement, one.operation))
        };
        let own = attempts.iter().find(of_line);
        let (Some(own), false) = (own, attempts.is_empty()) else {
            // Another platform's order over the same merchant account is known, and not ours.
            if attempts.is_empty() {
                note(&mut report.unknown, LineView::of(line, None));
            }
            return Ok(());
        };
        let Some(id) = payment_of(own) else {
            note(&mut report.unknown, LineView::of(line, None));
            return Ok(());
        };
        let payment = payments.get(&id).ok_or(EngineError::NotFound)?;
        if payment.record.amount == line.amount {
            report.matched += 1;
        } else {
            note(&mut report.amounts_differ, LineView::of(line, Some(id)));
        }
        if self.is_one_too_many(payment, own).await? {
            note(&mut report.moved_twice, id);
        }
        if matches!(&payment.machine, Payment::Review(review)
            if review.why == ReviewReason::SettledAfterRefusal)
        {
            note(&mut report.settled_after_refusal, id);
        }
        Ok(())
    }

    /// The other way round: what we hold for settled, and what is still open.
    async fn report_payments(
        &self,
        report: &mut StatementReport,
        platform: PlatformId,
    ) -> Result<(), EngineError> {
        let mut accounts: Vec<_> =
            report.files.iter().map(|file| (file.channel.clone(), file.merchant.clone())).collect();
        accounts.sort();
        accounts.dedup();
        for (code, merchant) in accounts {
            let Some(channel) = self.channel_named(&code) else { continue };
            let span = self.days_of(channel, report.day.previous(), report.day)?;
            let account = (code.as_str(), merchant.as_str());
            let sent = self.store().money_attempts_between(platform, account, span).await?;
            for attempts in sent.chunks(LINES_AT_ONCE) {
                let known = self.known(channel, platform, attempts).await?;
                for attempt in attempts {
                    report.payment(&known, attempt)?;
                }
            }
        }
        if !report.missing.is_empty() || !report.amounts_differ.is_empty() {
            tracing::error!(statement.day = %report.day, missing = report.missing.len(),
                amounts_differ = report.amounts_differ.len(),
                "a statement and our books do not agree: people must look");
        }
        Ok(())
    }

    /// Whether a movement is another than the one its payment says it made.
    async fn is_one_too_many(
        &self,
        payment: &Loaded,
        own: &AttemptRecord,
    ) -> Result<bool, EngineError> {
        let undoes = matches!(own.operation, Operation::Undo | Operation::Reverse);
        match &payment.machine {
            Payment::Reversed { by, .. } if !undoes => {
                Ok(!self.is_undone(own.platform, *by).await?)
            }
            machine => Ok(match machine.kept() {
                Some((kept, _)) => kept != own.id,
                None => machine.open_attempt().is_some_and(|open| open != own.id),
            }),
        }
    }
}

/// Names one more, as long as there is room.
fn note<T>(list: &mut Vec<T>, one: T) {
    if list.len() < NAMED_MAX {
        list.push(one);
    }
}

impl LineView {
    fn of(line: &StatementLineRecord, payment: Option<PaymentId>) -> Self {
        Self {
            order_id: line.order.order_id.clone(),
            movement: line.movement.clone(),
            amount_fen: line.amount.get(),
            payment,
        }
    }
}

impl StatementView {
    fn of(file: &StatementRecord) -> Self {
        Self {
            channel: file.channel.clone(),
            merchant: file.merchant.clone(),
            complete: file.complete,
            lines: u64::try_from(file.line_count).unwrap_or(0),
            total_fen: file.total_fen,
            imported_at: file.imported_at,
        }
    }
}
