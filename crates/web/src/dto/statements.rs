//! A settlement day's comparison as it goes out.

use mingka_engine::{LineView, MissingView, StatementReport, StatementView};
use serde::Serialize;
use utoipa::ToSchema;

/// How a settlement day's statements and your payments compare.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementReport)]
pub(crate) struct StatementBody {
    /// The settlement day.
    #[schema(example = "2026-11-26")]
    day: String,
    /// Whether every line and every payment has its other half.
    explained: bool,
    files: Vec<StatementFileBody>,
    /// How many movements the files hold.
    lines: u64,
    /// How many of them are payments of yours, for the amount that was asked for.
    matched: u64,
    /// Movements that belong to nothing of yours.
    unknown: Vec<StatementLineBody>,
    /// Movements of yours with another amount than was asked for.
    amounts_differ: Vec<StatementLineBody>,
    /// Payments of which more than one attempt moved, or whose undoing no statement knows.
    moved_twice: Vec<String>,
    /// Payments that were refused and moved all the same; they are in `review`.
    settled_after_refusal: Vec<String>,
    /// Payments that settled and stand in neither of their two complete days, the second of which
    /// is this one.
    missing: Vec<StatementMissingBody>,
    /// Payments of the day before or of this one of which nobody knows yet how they ended.
    open: Vec<String>,
}

/// A file of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementFile)]
pub(crate) struct StatementFileBody {
    channel: String,
    merchant: String,
    /// Whether nothing of the day is missing.
    complete: bool,
    lines: u64,
    total_fen: i64,
    imported_at: String,
}

/// A movement that does not fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub(crate) struct StatementLineBody {
    order_id: String,
    /// `disbursement`, `repayment`, `refund`, `undo`, `reversal` or `return`.
    movement: String,
    amount_fen: i64,
    /// The payment it belongs to, where there is one.
    payment: Option<String>,
}

/// A payment without its line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementMissing)]
pub(crate) struct StatementMissingBody {
    payment: String,
    amount_fen: i64,
}

impl From<StatementReport> for StatementBody {
    fn from(report: StatementReport) -> Self {
        let names = |ids: Vec<mingka_domain::id::PaymentId>| {
            ids.into_iter().map(|id| id.to_string()).collect()
        };
        Self {
            day: report.day.to_string(),
            explained: report.is_explained(),
            files: report.files.into_iter().map(StatementFileBody::from).collect(),
            lines: report.lines,
            matched: report.matched,
            unknown: report.unknown.into_iter().map(StatementLineBody::from).collect(),
            amounts_differ: report
                .amounts_differ
                .into_iter()
                .map(StatementLineBody::from)
                .collect(),
            moved_twice: names(report.moved_twice),
            settled_after_refusal: names(report.settled_after_refusal),
            missing: report.missing.into_iter().map(StatementMissingBody::from).collect(),
            open: names(report.open),
        }
    }
}

impl From<StatementView> for StatementFileBody {
    fn from(view: StatementView) -> Self {
        let StatementView { channel, merchant, complete, lines, total_fen, imported_at } = view;
        Self { channel, merchant, complete, lines, total_fen, imported_at: imported_at.rfc3339() }
    }
}

impl From<LineView> for StatementLineBody {
    fn from(view: LineView) -> Self {
        let LineView { order_id, movement, amount_fen, payment } = view;
        Self { order_id, movement, amount_fen, payment: payment.map(|id| id.to_string()) }
    }
}

impl From<MissingView> for StatementMissingBody {
    fn from(view: MissingView) -> Self {
        Self { payment: view.payment.to_string(), amount_fen: view.amount_fen }
    }
}
