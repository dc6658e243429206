//! The engine's refusals in the words of the interface.

use mingka_domain::approval::ApprovalError;
use mingka_domain::cause::{Audience, CauseCode, Dictionary, known};
use mingka_domain::text::Lang;
use mingka_engine::{
    EndpointError, EngineError, Forbidden, GiveBackError, MandateError, StatementError,
};

use crate::problem::{Kind, Problem};

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotFound => Self::new(Kind::NotFound),
            EngineError::Unauthorized => Self::new(Kind::Unauthorized),
            EngineError::Unbelieved => Self::new(Kind::Unbelieved),
            EngineError::Findings(findings) => Self::new(Kind::EntryRefused).findings(findings),
            EngineError::ConsentMissing(kinds) => {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let names = names.join(", ");
                Self::new(Kind::ConsentMissing).detail(
                    format!("缺少当前版本的授权：{names}。没有向银行发送任何信息。"),
                    format!(
                        "Missing in their current wording: {names}. Nothing was sent to the bank."
                    ),
                )
            }
            EngineError::InvalidState { state, cause, possible_at } => {
                Self::new(Kind::InvalidState)
                    .detail(
                        format!("当前状态为 {state}。{}", said(&cause, Lang::Zh)),
                        format!("It is {state}. {}", said(&cause, Lang::En)),
                    )
                    .not_before(possible_at)
                    .row_of(cause)
            }
            EngineError::IdempotencyMismatch => Self::new(Kind::IdempotencyMismatch),
            EngineError::InProgress => Self::new(Kind::InProgress).retry_after(1),
            EngineError::TooMany { retry_after_s, cause } => Self::new(Kind::TooMany)
                .detail(said(&cause, Lang::Zh), said(&cause, Lang::En))
                .retry_after(retry_after_s)
                .cause(cause),
            EngineError::UnknownLender => Self::new(Kind::WrongValue).pointer("/lender").detail(
                "没有这个资金方，或它没有可以办理此项的通道；请用 GET /v1/lenders 查看。",
                "No such lender, or none of its channels can do this: see GET /v1/lenders.",
            ),
            EngineError::AlreadyPaying { payment } => Self::new(Kind::AlreadyPaying).detail(
                format!("较早的 {payment} 尚未确定失败，请先查询它的结果。"),
                format!("The older {payment} has not finally failed: look at it first."),
            ),
            EngineError::Endpoint(error) => endpoint(error),
            EngineError::Statement(error) => statement(error),
            EngineError::GiveBack(error) => give_back(error),
            EngineError::Mandate(error) => mandate(error),
            EngineError::OverLimit => Self::new(Kind::OverLimit),
            EngineError::NoAgreement => Self::new(Kind::NoAgreement),
            EngineError::CardNumberNotKept => Self::new(Kind::CardNumberNotKept),
            EngineError::AccountNumber => account_number(),
            EngineError::AgreementFile { line, problem } => agreement_file(line, problem),
            EngineError::Approval(error) => approval(error),
            EngineError::EvidenceWanting { bytes_max } => {
                Self::new(Kind::WrongValue).pointer("/evidence").detail(
                    format!("evidence 应写明依据，至多 {bytes_max} 字节。"),
                    format!("evidence says what it rests on, in at most {bytes_max} bytes."),
                )
            }
            EngineError::RoleMissing(role) => Self::new(Kind::Forbidden).detail(
                format!("这需要角色 {}。", role.name()),
                format!("This takes the role {}.", role.name()),
            ),
            EngineError::NoChannel => Self::new(Kind::Unavailable).retry_after(60).detail(
                "当前没有可用的通道，没有向银行发送任何信息。",
                "No channel can do this now; nothing was sent to the bank.",
            ),
            EngineError::Unavailable => Self::new(Kind::Unavailable).retry_after(2),
            EngineError::Internal => Self::new(Kind::Internal),
        }
    }
}

fn give_back(error: GiveBackError) -> Problem {
    match error {
        GiveBackError::Nothing { state } => Problem::new(Kind::InvalidState).detail(
            format!("这笔支付当前为 {state}，不能这样退：退款需还款已成功，撤销和冲正只在当日。"),
            format!(
                "The payment is {state} and cannot be given back like this: a refund takes a \
                 repayment that settled, undoing its own day."
            ),
        ),
        GiveBackError::MoreThanIsLeft { left } => {
            Problem::new(Kind::WrongValue).pointer("/amount_fen").detail(
                format!("这笔还款可退的只剩 {} 分。", left.get()),
                format!("Only {} fen of this repayment are left to give back.", left.get()),
            )
        }
        GiveBackError::TooLate => Problem::new(Kind::InvalidState).detail(
            "这笔还款的清算日已过，不能撤销或冲正，请用退款。",
            "Its settlement day is over: it can be refunded, not undone.",
        ),
    }
}

fn mandate(error: MandateError) -> Problem {
    match error {
        MandateError::Over => Problem::new(Kind::InvalidState)
            .detail(
                "这张卡的代扣授权已结束，没有扣款；请重新取得授权。",
                "The card's mandate is over: nothing was collected. Obtain another.",
            )
            .row_of(known::MANDATE_ENDED),
        MandateError::Above { most } => Problem::new(Kind::OverLimit).detail(
            format!("代扣授权每次最多 {} 分，没有扣款。", most.get()),
            format!("The mandate allows {} fen at a time; nothing was collected.", most.get()),
        ),
    }
}

fn account_number() -> Problem {
    Problem::new(Kind::WrongValue).pointer("/account_number").detail(
        "对公账号应为 8 至 32 位数字。",
        "The number of a company's account has 8 to 32 digits.",
    )
}

fn agreement_file(line: usize, problem: &str) -> Problem {
    Problem::new(Kind::AgreementFile).detail(
        format!("第 {line} 行不符合 docs/agreements.md 的格式，整个文件都没有导入。"),
        format!("Line {line}: {problem}. Nothing of the file was imported."),
    )
}

fn approval(error: ApprovalError) -> Problem {
    let (zh, en) = match error {
        ApprovalError::SamePerson => {
            ("要由提出人以外的另一个人决定。", "Another person than the proposer must decide.")
        }
        ApprovalError::NotTheirs => {
            ("只有提出人可以撤回。", "Only the proposer takes a proposal back.")
        }
        ApprovalError::AlreadyOpen => (
            "同一件事已有一项提议在等待决定，请先处理那一项（GET /v1/approvals）。",
            "A proposal about the same is open: decide that one first (GET /v1/approvals).",
        ),
        ApprovalError::Over => {
            ("这项提议已有结果，或已过期。", "The proposal was decided, or its time is over.")
        }
    };
    let late = matches!(error, ApprovalError::Over | ApprovalError::AlreadyOpen);
    let kind = if late { Kind::InvalidState } else { Kind::Forbidden };
    Problem::new(kind).detail(zh, en)
}

fn statement(error: StatementError) -> Problem {
    let wrong = Problem::new(Kind::WrongValue);
    match error {
        StatementError::Unreadable { line, problem } => wrong.detail(
            format!("对账单第 {line} 行不符合 docs/statements.md 的格式，整份没有导入。"),
            format!("Line {line} of the statement: {problem}. Nothing of it was imported."),
        ),
        StatementError::NotOurs => wrong.detail(
            "对账单首行的通道和商户号不是已配置的商户号，整份没有导入。",
            "The channel and merchant of the first line are no account of yours; nothing was \
             imported.",
        ),
        StatementError::DayNotOver => wrong.detail(
            "这个清算日还没有结束，请在日切之后导入。",
            "The settlement day is not over; import it after the cut-off.",
        ),
    }
}

fn endpoint(error: EndpointError) -> Problem {
    let wrong = |pointer: &str| Problem::new(Kind::WrongValue).pointer(pointer);
    match error {
        EndpointError::Address(why) => wrong("/url").detail(
            match why {
                Forbidden::Unreadable => "url 不是可读的地址。",
                Forbidden::NotHttps => "url 应为 https 地址。",
                Forbidden::Credentials => "url 里不要写用户名或密码。",
                Forbidden::Internal => "url 指向的不是公网地址；内部网络的地址不会被调用。",
            },
            format!("url: {why}."),
        ),
        EndpointError::EventType { index } => wrong(&format!("/event_types/{index}")).detail(
            "没有这个事件类型；可以写 payment.settled 这样的类型、payment.* 这样的一组，或 *。",
            "There is no such type; give types such as payment.settled, groups such as payment.*, \
             or *.",
        ),
        EndpointError::TooMany { max } => wrong("/url").detail(
            format!("同时使用的回调地址最多 {max} 个；请先停用不再需要的。"),
            format!("At most {max} endpoints are in use at once; disable one first."),
        ),
        EndpointError::Disabled => Problem::new(Kind::InvalidState).detail(
            "这个回调地址已停用；请先用 PATCH 把 disabled 设为 false。",
            "The endpoint is disabled; first set disabled to false by PATCH.",
        ),
    }
}

/// What the dictionary says to a borrower about a cause: what it is and what to do.
pub(crate) fn said(cause: &CauseCode, lang: Lang) -> String {
    let Some(cause) = Dictionary::embedded().get(cause) else { return String::new() };
    let (text, fix) = (cause.text(Audience::Borrower, lang), cause.fix(Audience::Borrower, lang));
    match lang {
        Lang::Zh => format!("{text}{fix}"),
        Lang::En => format!("{text} {fix}"),
    }
}
