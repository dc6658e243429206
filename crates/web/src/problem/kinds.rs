//! The kinds of problems, each with its status, stable code and words in both languages. The page
//! at `/docs` lists them from here.

use http::StatusCode;
use mingka_domain::diagnosis::{Actor, NextStep};

use super::Row;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $status:ident, $code:literal, $actor:ident, $next:ident,
        $zh:literal, $en:literal, $zh_detail:literal, $en_detail:literal;)*) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All of them, in the order of the documentation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What is fixed about it.
            pub(crate) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &Row {
                        status: StatusCode::$status,
                        code: $code,
                        actor: Actor::$actor,
                        next_step: NextStep::$next,
                        title: ($zh, $en),
                        detail: ($zh_detail, $en_detail),
                    },)*
                }
            }
        }
    };
}

kinds! {
    /// No JSON, or bytes that are no UTF-8.
    Malformed: BAD_REQUEST, "request.malformed", Platform, FixIntegration,
        "请求不是可读的 JSON", "The request is not readable JSON",
        "请发送 UTF-8 编码的 JSON 对象。", "Send a JSON object in UTF-8.";
    /// A field nobody knows.
    UnknownField: BAD_REQUEST, "request.unknown_field", Platform, FixIntegration,
        "请求里有不认识的字段", "The request has a field that is not known",
        "请对照文档核对字段名。", "Compare the field names with the documentation.";
    /// A field of the wrong type, or a missing one.
    WrongShape: UNPROCESSABLE_ENTITY, "request.wrong_shape", Platform, FixIntegration,
        "请求的字段缺失或类型不符", "A field is missing or has another type",
        "请对照文档核对字段和类型。", "Compare fields and types with the documentation.";
    /// A value outside its allowed form.
    WrongValue: UNPROCESSABLE_ENTITY, "request.wrong_value", Platform, FixIntegration,
        "请求的字段内容不符合约定", "A field has a value outside its agreed form",
        "请对照文档核对该字段的格式和长度。", "Compare the form and length with the documentation.";
    /// A query parameter outside its allowed form.
    WrongQuery: BAD_REQUEST, "request.wrong_query", Platform, FixIntegration,
        "查询参数不符合约定", "A query parameter is outside its agreed form",
        "请对照文档核对查询参数。", "Compare the query with the documentation.";
    /// An older payment for the same keeps this one out.
    AlreadyPaying: CONFLICT, "payment.already", Platform, Wait,
        "同一笔款项已有一笔支付", "There is a payment for the same already",
        "请先查询较早的那一笔；它确定失败后才可以再付。",
        "Look at the older one first: only when it has finally failed may you pay again.";
    /// One payment may not move so much.
    OverLimit: UNPROCESSABLE_ENTITY, "payment.over_limit", Platform, FixIntegration,
        "超过限额", "Over a limit",
        "金额超过单笔限额，或当日、当月额度已满，没有受理。",
        "It is over the limit of one payment, of the day or of the month: nothing was taken on.";
    /// No agreement over which this lender may collect.
    NoAgreement: CONFLICT, "payment.no_agreement", Platform, FixIntegration,
        "没有可以用来扣款的协议", "No agreement to collect under",
        "这张卡没有与该放款方收款账户之间的协议，不能代扣；请让借款人重新绑卡。",
        "The card has no agreement with this lender's account, so nothing can be collected; let \
         the borrower bind it anew.";
    /// The house keeps no card numbers.
    CardNumberNotKept: CONFLICT, "payment.card_number_not_kept", Platform, FixIntegration,
        "没有保存这张卡的卡号", "The card's number is not kept",
        "本系统没有保存这张卡的卡号，不能向它付款；按协议还款不受影响。",
        "This house does not hold the card's number, so nothing can be paid out to it; collecting \
         under its agreement goes on.";
    /// A file of agreements that is not in the form.
    AgreementFile: UNPROCESSABLE_ENTITY, "agreements.file_unreadable", Platform, FixIntegration,
        "协议文件的格式不对", "The file of agreements is not in its form",
        "整个文件都没有导入；请对照 docs/agreements.md 核对。",
        "Nothing of the file was imported; compare it with docs/agreements.md.";
    /// The body is over the limit.
    TooLarge: PAYLOAD_TOO_LARGE, "request.too_large", Platform, FixIntegration,
        "请求体过大", "The body is too large",
        "请求体不能超过 64 KiB，CSV 文件不能超过 8 MiB。", "A body may have at most 64 KiB, a CSV file 8 MiB.";
    /// The body did not arrive in time.
    Slow: REQUEST_TIMEOUT, "request.timeout", Platform, TryLater,
        "请求体没有及时收完", "The body did not arrive in time",
        "请检查网络后用同一个 Idempotency-Key 重试。",
        "Check the network and repeat with the same Idempotency-Key.";
    /// Not JSON by its own declaration.
    MediaType: UNSUPPORTED_MEDIA_TYPE, "request.media_type", Platform, FixIntegration,
        "不支持这种内容类型", "This content type is not supported",
        "请以 Content-Type: application/json 发送 UTF-8 编码的请求体。",
        "Send the body as Content-Type: application/json in UTF-8.";
    /// No key, or one that is not known.
    Unauthorized: UNAUTHORIZED, "auth.key_unknown", Platform, FixIntegration,
        "缺少可用的 API 密钥", "A usable API key is missing",
        "请在 Authorization: Bearer 中提供有效期内的密钥。",
        "Give a key that has not expired in Authorization: Bearer.";
    /// A notification that its channel did not sign.
    Unbelieved: BAD_REQUEST, "notification.not_believed", Platform, FixIntegration,
        "通知未通过验签", "The notification does not prove whose it is",
        "没有按它做任何改动。请核对通道的证书与签名方式；我们会主动向银行查询。",
        "Nothing was changed by it. Check the channel's certificates; we ask the bank by \
         ourselves.";
    /// The key lacks the scope.
    Forbidden: FORBIDDEN, "auth.scope_missing", Platform, FixIntegration,
        "密钥没有这项权限", "The key has no permission for this",
        "请使用具有所需权限的密钥。", "Use a key with the scope that is needed.";
    /// Nothing there, or not this platform's.
    NotFound: NOT_FOUND, "resource.not_found", Platform, FixIntegration,
        "没有找到", "Not found",
        "地址不存在，或该编号不属于当前平台。",
        "There is no such address, or the id does not belong to this platform.";
    /// Another method.
    MethodNotAllowed: METHOD_NOT_ALLOWED, "request.method_not_allowed", Platform, FixIntegration,
        "这个地址不支持该方法", "This address does not take that method",
        "请查看 Allow 头或文档。", "See the Allow header or the documentation.";
    /// A changing POST without its key.
    IdempotencyKeyMissing: BAD_REQUEST, "idempotency.key_missing", Platform, FixIntegration,
        "缺少 Idempotency-Key", "The Idempotency-Key is missing",
        "每个会改变数据的 POST 都要带 Idempotency-Key：1 至 64 个可见 ASCII 字符，每个业务动作一个。",
        "Every POST that changes something needs an Idempotency-Key: 1 to 64 visible ASCII \
         characters, one per action.";
    /// The same key with another body.
    IdempotencyMismatch: UNPROCESSABLE_ENTITY, "idempotency.key_reused", Platform, FixIntegration,
        "同一个 Idempotency-Key 用于了不同的请求", "The same Idempotency-Key came with another request",
        "新的业务动作请使用新的键；重试时请原样重发。",
        "Use a new key for a new action; repeat a request exactly as it was.";
    /// The same request is still running.
    InProgress: CONFLICT, "idempotency.in_progress", Nobody, Wait,
        "同一个请求正在处理", "The same request is still being processed",
        "请稍候用同一个键重试，会得到同一个结果。",
        "Repeat it with the same key in a moment; the answer will be the same.";
    /// The entry cannot go on.
    EntryRefused: UNPROCESSABLE_ENTITY, "entry.needs_correction", Borrower, CorrectEntry,
        "填写的信息需要更正", "What was entered needs correction",
        "请按 findings 中的说明更正后再提交；没有向银行发送任何信息。",
        "Correct it as the findings say and submit again; nothing was sent to the bank.";
    /// Consent is missing.
    ConsentMissing: UNPROCESSABLE_ENTITY, "consent.missing", Borrower, CorrectEntry,
        "缺少借款人的同意", "The borrower's consent is missing",
        "请展示当前版本的授权书并在 consents 中提交所接受的版本；没有向银行发送任何信息。",
        "Show the current texts and give the accepted versions in consents; nothing was sent to \
         the bank.";
    /// Not possible in this state.
    InvalidState: CONFLICT, "state.not_possible", Platform, FixIntegration,
        "当前状态下不能这样做", "This is not possible in the present state",
        "请先读取最新状态再决定下一步。", "Read the present state first.";
    /// Too many requests, or too early.
    TooMany: TOO_MANY_REQUESTS, "limit.too_many", Nobody, TryLater,
        "请求太频繁", "Too many requests",
        "请按 Retry-After 等待后再试。", "Wait as Retry-After says and try again.";
    /// No capacity at this moment.
    Busy: SERVICE_UNAVAILABLE, "service.busy", Nobody, TryLater,
        "服务繁忙", "The service is busy",
        "请按 Retry-After 等待后用同一个 Idempotency-Key 重试。",
        "Wait as Retry-After says and repeat with the same Idempotency-Key.";
    /// The store or a channel is not there.
    Unavailable: SERVICE_UNAVAILABLE, "service.unavailable", Channel, TryLater,
        "服务暂时不可用", "The service is not available at the moment",
        "请稍后用同一个 Idempotency-Key 重试。", "Repeat with the same Idempotency-Key a little later.";
    /// Our own fault.
    Internal: INTERNAL_SERVER_ERROR, "service.internal", Channel, ContactSupport,
        "服务内部出了问题", "Something broke inside the service",
        "请用同一个 Idempotency-Key 重试；如仍出现，请提供 request_id。",
        "Repeat with the same Idempotency-Key; if it persists, report the request_id.";
    /// A form without its token.
    PageStale: FORBIDDEN, "page.stale", Borrower, BindAgain,
        "页面已更新", "The page was renewed",
        "请回到最新的页面再提交。", "Go back to the latest page and submit again.";
    /// A page without its session.
    PageGone: GONE, "page.gone", Borrower, BindAgain,
        "页面已过期", "The page is no longer open",
        "请从应用里重新打开绑卡页面。", "Open the card page again from the app.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_there_once_and_says_what_to_do_in_both_languages() {
        let mut codes: Vec<&str> = Kind::ALL.iter().map(|kind| kind.row().code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for kind in Kind::ALL {
            let row = kind.row();
            assert!(row.status.is_client_error() || row.status.is_server_error(), "{kind:?}");
            for words in [row.title, row.detail] {
                assert!(!words.0.is_empty() && !words.1.is_empty(), "{kind:?}");
                assert_ne!(words.0, words.1, "{kind:?} was not translated");
            }
        }
    }
}
