//! The bank's reasons in UnionPay's response codes, with a text that names the reason as banks do.

use crate::bank::Refusal;

/// The code and the text of a success.
pub(super) const SUCCESS: (&str, &str) = ("00", "成功");
/// The code and the text of "accepted, ask later".
pub(super) const ACCEPTED: (&str, &str) = ("05", "交易已受理，请稍后查询");

/// The response code and the text for a refusal. Most distinctions a bank makes inside are lost in
/// the code and survive only in the text, if at all: that is how it is outside, too.
#[must_use]
pub fn response_code(refusal: Refusal) -> (&'static str, &'static str) {
    card(refusal).or_else(|| holder(refusal)).unwrap_or_else(|| order(refusal))
}

fn card(refusal: Refusal) -> Option<(&'static str, &'static str)> {
    Some(match refusal {
        Refusal::CardUnknown => ("61", "输入的卡号无效，请确认后输入"),
        Refusal::MerchantUnsupported => ("62", "发卡银行不支持该商户，请更换其他银行卡"),
        Refusal::Lost => ("63", "卡状态不正确：该卡已挂失"),
        Refusal::Stolen => ("63", "卡状态不正确：该卡为被窃卡"),
        Refusal::Frozen => ("63", "卡状态不正确：账户已冻结"),
        Refusal::CourtFrozen => ("63", "卡状态不正确：账户被司法冻结"),
        Refusal::ReceiveOnly => ("63", "卡状态不正确：账户只收不付"),
        Refusal::PayOnly => ("63", "卡状态不正确：账户只付不收"),
        Refusal::Closed => ("63", "卡状态不正确：账户已销户"),
        Refusal::Dormant => ("63", "卡状态不正确：账户为睡眠户"),
        Refusal::NotActivated => ("63", "卡状态不正确：该卡未激活"),
        Refusal::Captured => ("63", "卡状态不正确：该卡已被没收"),
        Refusal::StateAbnormal => ("63", "卡状态不正确"),
        Refusal::InsufficientFunds => ("64", "卡上的余额不足"),
        Refusal::PinWrong => ("65", "密码、有效期或CVN2有误"),
        Refusal::PinLocked => ("67", "密码输入次数超限"),
        Refusal::BusinessUnsupported => ("68", "您的银行卡暂不支持该业务"),
        Refusal::NotSignedAtBank => ("72", "您尚未在银行网点柜面或网银签约银联无卡支付业务"),
        Refusal::CardExpired => ("73", "支付卡已超过有效期"),
        Refusal::NeedsPinToEnable => ("76", "需要验密开通"),
        Refusal::NotEnabled => ("77", "银行卡未开通认证支付"),
        Refusal::Restricted => ("78", "发卡行交易权限受限"),
        Refusal::NotFaceConfirmed => ("78", "发卡行交易权限受限：Ⅱ类账户未面签核实"),
        Refusal::NoSmsAtIssuer => ("79", "此卡可用，但发卡行暂不支持短信验证"),
        Refusal::PinRequired => ("82", "需要校验密码"),
        Refusal::NumberOrNotEnabled => ("44", "您输入的号码有误或暂未开通此项业务"),
        Refusal::UseAnotherCard => ("30", "交易未通过，请尝试使用其他银联卡支付"),
        Refusal::AskUnionPay => ("01", "交易失败，详情请咨询95516"),
        Refusal::AskIssuer => ("60", "交易失败，详情请咨询您的发卡行"),
        Refusal::LimitExceeded => ("33", "交易金额超限"),
        Refusal::ClassDayMax => ("33", "交易金额超限：超过账户类别的日累计限额"),
        Refusal::ClassYearMax => ("33", "交易金额超限：超过账户类别的年累计限额"),
        Refusal::ClassBalanceMax => ("33", "交易金额超限：超过Ⅲ类账户的余额限额"),
        Refusal::MonthlyLimitExceeded => ("81", "月累计交易笔数（金额）超限"),
        _ => return None,
    })
}

fn holder(refusal: Refusal) -> Option<(&'static str, &'static str)> {
    Some(match refusal {
        Refusal::MismatchOneOf => ("66", "身份信息或手机号输入不正确"),
        Refusal::NoReservedPhone => ("66", "身份信息或手机号输入不正确：未预留手机号"),
        Refusal::AuthenticationFailed => ("91", "认证失败"),
        Refusal::CodeWrong => ("71", "短信验证码校验失败"),
        Refusal::CodeExpired => ("71", "短信验证码校验失败：验证码已过期"),
        Refusal::CodeVoided => ("71", "短信验证码校验失败：验证码已失效，请使用最新的验证码"),
        Refusal::CodeLocked => ("71", "短信验证码校验失败：错误次数超限"),
        Refusal::CodeNeverSent => ("71", "短信验证码校验失败：未发送验证码"),
        _ => return None,
    })
}

fn order(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Maintenance => ("02", "系统未开放或暂时关闭，请稍后再试"),
        Refusal::Pending => ACCEPTED,
        Refusal::NobodyKnows => ("04", "交易状态未明，请查询对账结果"),
        Refusal::Busy => ("06", "系统繁忙，请稍后再试"),
        Refusal::FormatWrong => ("10", "报文格式错误"),
        Refusal::SignatureWrong => ("11", "验证签名失败"),
        Refusal::Duplicate => ("12", "重复交易"),
        Refusal::SuspectedDuplicate => ("12", "疑似重复交易，请核实后再处理"),
        Refusal::FieldMissing => ("13", "报文交易要素缺失"),
        Refusal::MerchantState => ("31", "商户状态不正确"),
        Refusal::NoPermission => ("32", "无此交易权限"),
        Refusal::NotFound => ("34", "查无此交易"),
        Refusal::OriginalState => ("35", "原交易不存在或状态不正确"),
        Refusal::OriginalDiffers => ("36", "与原交易信息不符"),
        Refusal::TooOften => ("37", "已超过最大查询次数或操作过于频繁"),
        Refusal::RiskRefused => ("38", "银联风险受限"),
        Refusal::OutOfHours => ("39", "交易不在受理时间范围内"),
        Refusal::AlreadyGivenBack => ("45", "原交易已被成功退货或已被成功撤销"),
        Refusal::Reversed => ("46", "交易已被成功冲正"),
        Refusal::MerchantBalance => ("90", "账户余额不足"),
        Refusal::TokenExpired => ("80", "Token已过期"),
        Refusal::IssuerProcessing => ("83", "发卡行（渠道）处理中"),
        Refusal::TokenInvalid => ("89", "无此Token、TR状态无效或Token状态无效"),
        _ => ("99", "通用错误"),
    }
}
