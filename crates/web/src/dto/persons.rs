//! Stop switches, limits and proposals as they come in and go out.

use mingka_domain::approval::{Limit, Proposal};
use mingka_domain::money::Fen;
use mingka_domain::payment::PaymentKind;
use mingka_domain::time::Timestamp;
use mingka_engine::{ApprovalView, BalanceView, Engine, LimitView, StopRecord, StopSwitch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::requests::value_problem;
use crate::problem::Problem;

/// A stop switch to turn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRequest {
    /// `platform:ID`, `lender:CODE`, `channel:CODE` or `operation:NAME`.
    #[schema(example = "channel:unionpay_acp")]
    pub(crate) switch: String,
    /// Whether it stops from now on.
    pub(crate) stopped: bool,
    /// Why, for whoever looks later.
    #[schema(example = "通道在 03:10 后大量超时")]
    pub(crate) why: String,
}

impl StopRequest {
    pub(crate) fn switch(&self) -> Result<StopSwitch, Problem> {
        StopSwitch::named(&self.switch).ok_or_else(|| {
            value_problem(
                "/switch",
                "switch 应为 platform:编号、platform_own:编号、lender:代码、channel:代码 或 \
                 operation:名称。",
                "switch is platform:ID, platform_own:ID, lender:CODE, channel:CODE or \
                 operation:NAME.",
            )
        })
    }

    pub(crate) fn not_theirs() -> Problem {
        value_problem(
            "/switch",
            "平台密钥只能操作本平台自己的止付开关：platform_own:本平台编号。",
            "A platform's key turns the platform's own switch: platform_own: and its id.",
        )
    }

    pub(crate) fn nothing_of_that_name() -> Problem {
        value_problem(
            "/switch",
            "没有这个平台、资金方或通道；请核对编号或代码。",
            "There is no platform, lender or channel of that name.",
        )
    }

    pub(crate) fn no_reason() -> Problem {
        value_problem(
            "/why",
            "why 应写明原因，至多 500 字节。",
            "why says the reason, in at most 500 bytes.",
        )
    }
}

/// A stop switch as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stop)]
pub(crate) struct StopBody {
    #[schema(example = "channel:unionpay_acp")]
    pub(crate) switch: String,
    pub(crate) stopped: bool,
    /// Who turned it last.
    pub(crate) who: Option<String>,
    pub(crate) why: Option<String>,
    pub(crate) at: Option<String>,
}

/// All switches that were ever turned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StopList {
    pub(crate) items: Vec<StopBody>,
}

impl StopBody {
    pub(crate) fn never_turned(switch: &StopSwitch) -> Self {
        let (scope, target) = switch.parts();
        let switch = format!("{scope}:{target}");
        Self { switch, stopped: false, who: None, why: None, at: None }
    }
}

impl From<StopRecord> for StopBody {
    fn from(turn: StopRecord) -> Self {
        Self {
            switch: format!("{}:{}", turn.scope, turn.target),
            stopped: turn.stopped,
            who: Some(turn.who),
            why: Some(turn.why),
            at: Some(turn.at.rfc3339()),
        }
    }
}

/// Something that a second person decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposalRequest {
    /// The payment in review or in doubt whose end is proposed, with `moved`.
    #[schema(example = "pay_…", nullable = false)]
    pub(crate) payment: Option<String>,
    /// Whether its money moved.
    #[schema(nullable = false)]
    pub(crate) moved: Option<bool>,
    /// Or the restore to release, by the moment at which it was found.
    #[schema(example = "2026-11-30T03:10:00.000+08:00", nullable = false)]
    pub(crate) release_restore: Option<String>,
    /// Or a limit.
    #[schema(nullable = false)]
    pub(crate) limit: Option<LimitRequest>,
    /// By what evidence: what was said by whom, and where that is kept. Nothing of a borrower.
    #[schema(example = "银行书面确认 2026-11-30，档案 OPS-1182")]
    pub(crate) evidence: String,
}

/// Limits, in fen. What is left out or null has no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitRequest {
    /// `platform:ID`, `lender:CODE` or `channel:CODE`.
    #[schema(example = "lender:default")]
    pub(crate) scope: String,
    /// `disbursement` or `repayment`.
    #[schema(example = "disbursement")]
    pub(crate) kind: String,
    /// The most one payment may move.
    pub(crate) payment_fen: Option<i64>,
    /// The most one card may see in a calendar day of Beijing.
    pub(crate) card_day_fen: Option<i64>,
    /// The most all payments may move in such a day.
    pub(crate) day_fen: Option<i64>,
    /// The most they may move in a calendar month.
    pub(crate) month_fen: Option<i64>,
}

impl ProposalRequest {
    /// What it proposes, and by what evidence.
    pub(crate) async fn proposal(self, engine: &Engine) -> Result<(Proposal, String), Problem> {
        let what = match (self.payment, self.moved, self.limit, self.release_restore) {
            (Some(payment), Some(moved), None, None) => {
                let payment = payment.parse().map_err(|_| {
                    value_problem(
                        "/payment",
                        "payment 应为支付编号，如 pay_…。",
                        "payment is the id of a payment, such as pay_….",
                    )
                })?;
                let attempt = engine.open_attempt_of(payment).await?;
                Proposal::DecidePayment { payment, attempt, moved }
            }
            (None, None, Some(limit), None) => Proposal::SetLimit(limit.limit()?),
            (None, None, None, Some(moment)) => {
                let found_at = Timestamp::from_rfc3339(&moment).ok_or_else(|| {
                    value_problem(
                        "/release_restore",
                        "release_restore 应为 mingka restore-check 显示的时间。",
                        "release_restore is the moment that mingka restore-check shows.",
                    )
                })?;
                Proposal::ReleaseRestore { found_at }
            }
            _ => {
                return Err(value_problem(
                    "",
                    "请给出 payment 和 moved，或 limit，或 release_restore，三选一。",
                    "Give payment and moved, or limit, or release_restore: one of the three.",
                ));
            }
        };
        Ok((what, self.evidence))
    }
}

impl LimitRequest {
    fn limit(self) -> Result<Limit, Problem> {
        let kind = PaymentKind::named(&self.kind).filter(|kind| !kind.gives_back());
        let kind = kind.ok_or_else(|| {
            value_problem(
                "/limit/kind",
                "kind 应为 disbursement 或 repayment。",
                "kind is disbursement or repayment.",
            )
        })?;
        let scope = StopSwitch::named(&self.scope);
        if !matches!(
            scope,
            Some(StopSwitch::Platform(_) | StopSwitch::Lender(_) | StopSwitch::Channel(_))
        ) {
            return Err(value_problem(
                "/limit/scope",
                "scope 应为 platform:编号、lender:代码 或 channel:代码。",
                "scope is platform:ID, lender:CODE or channel:CODE.",
            ));
        }
        let fen = |name: &str, given: Option<i64>| {
            given.map(Fen::new).transpose().map_err(|_| {
                value_problem(
                    &format!("/limit/{name}"),
                    "限额应为不小于 0 的整数，单位为分。",
                    "A limit is a whole number of fen, not below 0.",
                )
            })
        };
        Ok(Limit {
            scope: self.scope,
            kind,
            payment: fen("payment_fen", self.payment_fen)?,
            card_day: fen("card_day_fen", self.card_day_fen)?,
            day: fen("day_fen", self.day_fen)?,
            month: fen("month_fen", self.month_fen)?,
        })
    }
}

/// A limit in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limit)]
pub(crate) struct LimitBody {
    #[schema(example = "lender:default")]
    pub(crate) scope: String,
    #[schema(example = "disbursement")]
    pub(crate) kind: String,
    pub(crate) payment_fen: Option<i64>,
    pub(crate) card_day_fen: Option<i64>,
    pub(crate) day_fen: Option<i64>,
    pub(crate) month_fen: Option<i64>,
    /// The proposal that put it in force.
    pub(crate) approval: Option<String>,
    pub(crate) at: Option<String>,
}

/// All limits in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitList {
    pub(crate) items: Vec<LimitBody>,
}

impl From<Limit> for LimitBody {
    fn from(limit: Limit) -> Self {
        Self {
            scope: limit.scope,
            kind: limit.kind.name().to_owned(),
            payment_fen: limit.payment.map(Fen::get),
            card_day_fen: limit.card_day.map(Fen::get),
            day_fen: limit.day.map(Fen::get),
            month_fen: limit.month.map(Fen::get),
            approval: None,
            at: None,
        }
    }
}

impl From<LimitView> for LimitBody {
    fn from(view: LimitView) -> Self {
        let (approval, at) = (Some(view.approval.to_string()), Some(view.at.rfc3339()));
        Self { approval, at, ..Self::from(view.limit) }
    }
}

/// What a merchant account holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BalanceRequest {
    /// The channel's code.
    #[schema(example = "unionpay_acp")]
    pub(crate) channel: String,
    /// How much it holds, in fen.
    #[schema(example = 500_000_000)]
    pub(crate) balance_fen: i64,
    /// Below how much the log is to say so; never when left out.
    #[schema(example = 50_000_000, nullable = false)]
    pub(crate) alarm_below_fen: Option<i64>,
}

impl BalanceRequest {
    pub(crate) fn amounts(&self) -> Result<(Fen, Fen), Problem> {
        let fen = |name: &str, given: i64| {
            Fen::new(given).map_err(|_| {
                value_problem(
                    name,
                    "余额应为不小于 0 的整数，单位为分。",
                    "A balance is a whole number of fen, not below 0.",
                )
            })
        };
        let alarm = self.alarm_below_fen.unwrap_or(0);
        Ok((fen("/balance_fen", self.balance_fen)?, fen("/alarm_below_fen", alarm)?))
    }
}

/// What a merchant account is known to hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub(crate) struct BalanceBody {
    pub(crate) channel: String,
    /// What somebody said it held.
    pub(crate) stated_fen: i64,
    /// That, less what was sent since; what was on its way at that moment is not taken off.
    pub(crate) left_fen: i64,
    pub(crate) alarm_below_fen: i64,
    pub(crate) is_low: bool,
    /// Who said so.
    pub(crate) who: String,
    pub(crate) at: String,
}

/// All accounts whose money was ever stated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceList {
    pub(crate) items: Vec<BalanceBody>,
}

impl From<BalanceView> for BalanceBody {
    fn from(view: BalanceView) -> Self {
        Self {
            channel: view.channel,
            stated_fen: view.stated.get(),
            left_fen: view.left.get(),
            alarm_below_fen: view.alarm_below.get(),
            is_low: view.is_low,
            who: view.who,
            at: view.at.rfc3339(),
        }
    }
}

/// A proposal and how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalBody {
    #[schema(example = "appr_…")]
    pub(crate) id: String,
    /// `open`, `approved`, `rejected`, `withdrawn` or `expired`.
    #[schema(example = "open")]
    pub(crate) state: String,
    /// `decide_payment`, `set_limit` or `release_restore`.
    #[schema(example = "decide_payment")]
    pub(crate) what: String,
    pub(crate) payment: Option<String>,
    pub(crate) moved: Option<bool>,
    pub(crate) limit: Option<LimitBody>,
    /// The moment at which the restore was found.
    pub(crate) release_restore: Option<String>,
    pub(crate) evidence: String,
    /// Who proposed it.
    #[schema(example = "prin_…")]
    pub(crate) proposed_by: String,
    pub(crate) proposed_at: String,
    /// Until when somebody else may decide.
    pub(crate) expires_at: String,
    /// Who decided.
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<String>,
}

/// One page of proposals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalList {
    pub(crate) items: Vec<ApprovalBody>,
    pub(crate) has_more: bool,
}

impl From<ApprovalView> for ApprovalBody {
    fn from(view: ApprovalView) -> Self {
        let what = view.what.name().to_owned();
        let (payment, moved, limit, release_restore) = match view.what {
            Proposal::DecidePayment { payment, moved, .. } => {
                (Some(payment.to_string()), Some(moved), None, None)
            }
            Proposal::SetLimit(limit) => (None, None, Some(LimitBody::from(limit)), None),
            Proposal::ReleaseRestore { found_at } => (None, None, None, Some(found_at.rfc3339())),
        };
        Self {
            id: view.id.to_string(),
            state: view.state.name().to_owned(),
            what,
            payment,
            moved,
            limit,
            release_restore,
            evidence: view.evidence,
            proposed_by: view.proposed_by.to_string(),
            proposed_at: view.proposed_at.rfc3339(),
            expires_at: view.expires_at.rfc3339(),
            decided_by: view.decided_by.map(|by| by.to_string()),
            decided_at: view.decided_at.map(Timestamp::rfc3339),
        }
    }
}
