//! Every sentence of the borrower's pages, Chinese beside English, so that neither can be missing.
//!
//! No text here says only that something is wrong; it says what to do. A test reads them all.

use mingka_domain::text::Lang;

/// Declares the table once and builds both languages from it; a missing one does not compile.
macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        /// The sentences of one language.
        #[derive(Debug)]
        pub(crate) struct Words { $(pub(crate) $name: &'static str,)* }
        static ZH: Words = Words { $($name: $zh,)* };
        static EN: Words = Words { $($name: $en,)* };

        impl Words {
            /// Every sentence with its name, for the test that reads them.
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

impl Words {
    /// The sentences in one language.
    pub(crate) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }
}

words! {
    html_lang: "zh-CN", "en";
    colon: "：", ": ";
    other_lang: "en", "zh";
    other_lang_name: "English", "中文";
    other_lang_label: "Switch to English", "切换到中文";
    skip: "跳到主要内容", "Skip to the main content";
    sandbox:
        "演示环境：请用文档里的测试卡，不要填写真实卡号",
        "Demonstration: use the documented test cards, never a real card";
    steps_label: "绑卡步骤", "Steps";
    step_card: "填写信息", "Details";
    step_code: "短信验证", "Code";
    step_done: "结果", "Result";

    form_title: "绑定银行卡", "Add your bank card";
    form_lead: "请用您本人名下的借记卡，大约一分钟。", "Use a debit card in your own name. It takes about a minute.";
    card_section: "银行卡", "Card";
    holder_section: "持卡人", "Cardholder";
    consent_section: "授权", "Permissions";
    number_label: "银行卡号", "Card number";
    number_hint: "卡面上的 16 至 19 位数字，空格可以不管", "The 16 to 19 digits on the card; spaces do not matter";
    number_again: "为了安全，请重新输入卡号", "For safety, please enter the card number again";
    number_where: "卡号在哪里？", "Where is the number?";
    number_where_text:
        "卡号印在卡的正面或背面，通常四位一组。手机银行的“我的账户”里也能看到完整卡号。",
        "It is printed on the front or the back, usually in groups of four. Your bank's app shows it in full under “My accounts”.";
    number_example:
        "示例：6200 0000 0000 0000 001（不是真实的卡号）",
        "Example: 6200 0000 0000 0000 001 (not a real number)";
    number_drawing:
        "示意图：卡号在卡面中部，四位一组",
        "Drawing: the number runs across the middle of the card in groups of four";
    name_label: "姓名", "Name";
    name_hint: "与开卡时登记的一致", "As registered with the bank";
    id_label: "证件号码", "ID number";
    id_hint: "身份证等证件上的号码", "As on the ID document";
    phone_label: "银行预留手机号", "Phone number reserved at the bank";
    phone_hint: "验证码会发到这个号码", "The code is sent to this number";
    phone_what:
        "什么是预留手机号？怎么查、怎么改？",
        "What is the reserved number? How do I find or change it?";
    phone_what_text: "预留手机号，就是办这张卡时留给银行的手机号，不一定是您现在用的号码。",
        "The reserved number is the one you left with the bank when you opened this card; it may \
         not be the one you use now.";
    phone_find: "想知道是哪个号码，可以在手机银行里查看，也可以打电话问银行。",
        "To see which number it is, look in the app of your bank or ask the bank by phone.";
    phone_change: "要更换，请到手机银行或网点办理。", "To change it, use the app of your bank or a branch.";
    phone_unsure: "这些步骤来自公开资料，可能有变化，请以银行的说法为准。",
        "These steps come from public sources and may have changed; go by what the bank says.";
    bank_call: "客服电话", "Customer service";
    bank_call_card: "请拨打卡背面的客服电话。", "Please call the number on the back of the card.";
    known_label: "已填写", "Already given";
    known_change: "不是这个？修改", "Not this? Change it";
    known_keep: "留空则沿用上面的信息", "Leave empty to keep what is shown above";
    consent_read: "查看全文", "Read the full text";
    consent_version: "版本", "Version";
    recipient_issuer: "这张卡的发卡银行", "The bank that issued the card";
    consent_recipients: "信息只会提供给：", "Your details go only to:";
    submit: "同意并获取验证码", "Agree and send me the code";
    submit_anyway: "我已核对，继续获取验证码", "I have checked it; send me the code";
    working: "处理中…", "Working…";
    problems_title: "还差一点，请看看标出的地方", "Almost there: please look at the marked fields";
    warnings_title: "请再核对一次。如果没有问题，可以继续。", "Please check once more. If it is right, you can go on.";
    consent_needed:
        "请先阅读并勾选这一项：没有您的同意，我们不会向银行发送任何信息。",
        "Please read and tick this first: without your consent nothing is sent to the bank.";
    mark_stop: "需要更正", "Please fix";
    mark_warn: "请核对", "Please check";

    trust_sealed: "加密保存", "Stored encrypted";
    trust_sealed_text:
        "卡号、证件号、姓名和手机号加密后才会保存。",
        "Card, ID, name and phone are encrypted before they are stored.";
    trust_recipients: "只给谁看", "Who receives it";
    trust_recipients_text:
        "只发给授权书里写明的机构，用于核对和绑卡。",
        "Only the parties named in the consent, to check and add the card.";
    trust_never: "绝不索要", "Never asked for";
    trust_never_text:
        "不会要银行卡密码、背面三位数和有效期。",
        "No card PIN, no three digits from the back, no expiry date.";
    powered: "由明卡提供核对服务", "Card checks by Mingka";

    card_bank_unknown: "银行卡", "Bank card";
    card_holder_you: "本人", "Cardholder";
    kind_not_accepted:
        "这里只接受借记卡，请换一张",
        "Only debit cards are accepted here; please use another card";
    bank_unknown: "暂时认不出这家银行，可以继续填写", "We do not recognise this bank yet; you can go on";

    code_title: "输入短信验证码", "Enter the code";
    code_lead: "银行已把验证码发到", "The bank has sent a code to";
    code_lead_unsure: "验证码可能已发到", "A code may have been sent to";
    code_unsure: "银行没有确认短信是否发出。收到就在下面填写；没有收到，可在倒计时结束后重新获取。",
        "The bank did not confirm that it sent the message. If it arrives, enter it below; if it \
         does not, ask for another once the countdown is over.";
    code_label: "短信验证码", "One-time code";
    code_hint: "4 至 8 位数字，通常一分钟内收到", "4 to 8 digits, usually within a minute";
    code_valid_until: "有效至", "Valid until";
    code_submit: "确认绑定", "Confirm";
    code_resend: "重新发送", "Send again";
    code_resend_at: "可重新发送的时间：", "Can be sent again at";
    code_resend_in: "{s} 秒后可重新发送", "Send again in {s} s";
    code_no_sends:
        "重新发送的次数已用完，请用最新一条短信里的验证码，或返回修改信息。",
        "No more codes can be sent for now; use the code of the latest message, or go back and change details.";
    code_sends_left: "还可重新发送次数：", "Resends left:";
    code_tries_left: "还可输入次数：", "Tries left:";
    code_missing: "没有收到？", "Nothing arrived?";
    code_missing_text:
        "请看看短信是否被拦截，手机是否有信号、是否欠费。如果上面的尾号不是您办卡时留给银行的手机号，请返回修改。重新发送后，之前的验证码就不能用了。",
        "Check whether the message was filtered, and whether the phone has signal and credit. If the number above is not the one you left with the bank, go back and change it. Sending again makes the earlier code useless.";
    code_back: "返回修改信息", "Go back and change details";
    code_empty: "请填写银行发来的验证码，4 至 8 位数字。", "Enter the code the bank sent: 4 to 8 digits.";
    code_not_a_code:
        "验证码只有 4 至 8 位数字，请照短信重新填写。",
        "A code has only 4 to 8 digits; copy it from the message again.";
    code_resent: "新的验证码已发出，请以最新的短信为准。", "A new code is on its way; use the latest message.";
    too_soon: "请稍候再试，还需等待的秒数：", "Please wait; seconds left:";

    waiting_title: "结果确认中", "Confirming the result";
    waiting_text:
        "银行还没有给出最终结果。我们会自动向银行查询，请不要重复提交。",
        "The bank has not given its final answer yet. We keep asking it; please do not submit again.";
    waiting_short: "正在等银行回答，通常只要几秒。", "Waiting for the bank; this usually takes seconds.";
    waiting_leave:
        "可以先离开此页，我们会继续查询；稍后回到应用里查看结果。",
        "You may leave this page; we go on asking. Look in the app for the result later.";
    waiting_refresh: "刷新看结果", "Refresh";
    waiting_since: "开始时间", "Started";
    waiting_actor: "现在谁在处理", "Who is working on it";
    waiting_actor_us: "我们正在向银行查询，您无需操作", "We are asking the bank; you don't need to do anything";

    success_title: "绑定成功", "Your card is added";
    success_text: "这张卡现在可以用来收款和还款。", "You can now use this card to receive your loan and repay it.";
    success_bank: "银行", "Bank";
    success_number: "卡号", "Card";
    success_kind: "卡种", "Card type";
    success_time: "完成时间", "Completed";
    done_return: "返回", "Back to";
    done_close: "也可以直接关闭这个页面。", "You may also simply close this page.";
    success_close: "可以关闭这个页面了。", "You may close this page now.";

    refused_title: "这张卡没有绑定成功", "This card was not added";
    refused_safe:
        "这次没有绑定，也没有任何扣款，可以放心按下面的步骤处理。",
        "Nothing was added this time and no money was taken; you can safely follow the steps below.";
    refused_why: "原因", "Why";
    refused_who: "谁来处理", "Who needs to act";
    refused_next: "下一步", "Next step";
    refused_when: "何时再试", "When to try again";
    refused_one_of: "银行没有说明是哪一项，可能是下面其中之一：", "The bank did not say which; it may be one of these:";
    refused_call: "拨打", "Call";
    refused_fix: "返回更正", "Go back and correct";
    refused_other: "换一张卡", "Use another card";
    refused_again: "重新绑定", "Try again";
    refused_new_code: "重新开始，获取新的验证码", "Start again with a new code";
    refused_retry: "再试一次", "Try once more";
    refused_retry_in: "{t} 后可再试一次", "Try once more in {t}";
    refused_not_yet:
        "还没到可以再试的时间，请到下面写明的时间再点一次。",
        "It is a little too early; please try again at the time given below.";
    refused_you_later: "稍后由您再试一次", "You, by trying once more later";
    refused_support: "给客服看的信息", "Details for support";
    refused_reference: "编号", "Reference";
    retry_now: "现在可以再试", "You can try again now";
    retry_after: "可以再试的时间：", "From ";

    expired_title: "验证码已过有效期", "The code has run out of time";
    expired_text:
        "验证码没有在有效期内填写，这次没有绑定，也没有任何扣款。可以重新开始，银行会发新的验证码。",
        "The code was not entered in time. Nothing was added this time and no money was taken. You can start again; the bank will send a new code.";
    cancelled_title: "已取消", "Cancelled";
    cancelled_text:
        "这次没有绑定，也没有任何扣款。需要时可以重新开始。",
        "Nothing was added this time and no money was taken. You can start again whenever you like.";
    unbound_title: "已解除绑定", "The card has been removed";
    unbound_text: "这张卡不再用于收款和还款。", "This card is no longer used to receive your loan or repay it.";
    start_again: "重新开始", "Start again";
    gone_title: "请从应用里重新打开这个页面", "Please open this page again from the app";
    gone_text:
        "为了安全，这个链接只能打开一次，而且只在短时间内有效。回到刚才的应用，再点一次绑卡即可，没有任何信息丢失。",
        "For safety this link opens only once and works only for a short time. Go back to the app and choose to add a card again; nothing is lost.";
    stale_title: "页面已更新，请再提交一次", "The page was renewed; please submit once more";
    stale_text:
        "这个页面打开得太久，或在别处又打开过一次。回到最新的页面再提交即可。",
        "This page was open for too long, or was opened elsewhere too. Go back to the latest page and submit again.";
    busy_title: "提交太频繁，请稍候", "Too many requests; please wait a moment";
    busy_text:
        "为了保护您的卡，短时间内只能提交有限的次数。请稍候再试，可等待的秒数：",
        "To protect your card, only a few submissions are taken in a short time. Please wait; seconds:";
    trouble_title: "系统暂时忙，请稍后再试", "We cannot do this just now; please try again soon";
    trouble_text:
        "问题在我们这边，与您的卡无关。请过一分钟再试；如果一直这样，把下面的编号告诉客服。",
        "The trouble is on our side and has nothing to do with your card. Try again in a minute; if it persists, give the reference below to support.";
    too_large_title: "填写的内容太长", "What was entered is too long";
    too_large_text: "填写的内容比任何卡号、姓名或证件号都长，没有发送。请返回页面，只填写页面上问到的内容。",
        "It is longer than any card number, name or ID number, and nothing was sent. Go back and \
         enter only what the page asks for.";
    missing_title: "没有这个页面", "There is no such page";
    missing_text: "请从应用里重新打开绑卡页面。", "Please open the card page again from the app.";
    pay_out_title: "放款处理中", "Your loan is being paid out";
    pay_out_text:
        "银行正在办理，通常几分钟内有结果。请不要重复申请。",
        "The bank is working on it; this usually takes minutes. Please do not apply again.";
    pay_in_title: "还款处理中", "Your repayment is being collected";
    pay_in_text:
        "银行正在办理，通常几分钟内有结果。请不要重复还款。",
        "The bank is working on it; this usually takes minutes. Please do not pay again.";
    pay_code_title: "等待短信验证码", "Waiting for your code";
    pay_code_text:
        "银行会向预留手机号发送验证码，请回到应用里填写。没有验证码不会扣款。",
        "The bank sends you a code: enter it in the app. Nothing is taken without it.";
    pay_waiting_title: "已受理，稍后自动办理", "Taken on; it will be done a little later";
    pay_waiting_text:
        "到时间会自动办理，您不用再提交。",
        "It is done by itself when the time comes; you need not submit again.";
    pay_doubt_title: "结果确认中", "Confirming the result";
    pay_doubt_text:
        "银行还没有给出最终结果，我们正在自动查询。这不代表没有办成，请不要重复办理。",
        "The bank has not given its final answer and we keep asking it. It may well have been done: please do not do it again.";
    pay_review_title: "正在人工核实", "Being checked by people";
    pay_review_text:
        "查询一直没有得到最终结果，工作人员正在与银行核实。核实清楚之前不会重复办理，也请您不要重复办理。",
        "Asking the bank gave no final result, so our staff are checking with it. Nothing is done twice until that is clear; please do not do it again yourself.";
    pay_out_settled_title: "放款已到账", "Your loan has been paid out";
    pay_out_settled_text:
        "银行已确认款项转入下面这张卡。",
        "The bank confirmed that the money went to the card below.";
    pay_in_settled_title: "还款已完成", "Your repayment has arrived";
    pay_in_settled_text:
        "银行已确认从下面这张卡扣款。",
        "The bank confirmed that the money was taken from the card below.";
    pay_out_refused_title: "这笔放款没有办成", "This loan was not paid out";
    pay_out_refused_text:
        "银行确认款项没有转出，可以放心按下面的步骤处理。",
        "The bank confirmed that no money moved; you can safely follow the steps below.";
    pay_in_refused_title: "这次还款没有扣成", "This repayment was not collected";
    pay_in_refused_text:
        "银行确认没有扣款，可以放心按下面的步骤处理。",
        "The bank confirmed that no money was taken; you can safely follow the steps below.";
    pay_returned_title: "款项被银行退回", "The bank sent the money back";
    pay_returned_text:
        "款项曾转出，但收款银行没有收下，又退了回来。处理好下面的原因后可以重新放款。",
        "The money had been sent, but the receiving bank did not take it and sent it back. Once the reason below is settled it can be paid out again.";
    pay_back_title: "退款处理中", "The money is being given back";
    pay_back_text:
        "银行正在办理，款项会退回下面这张卡，到账时间以银行为准。",
        "The money goes back to the card below; when it shows is up to the bank.";
    pay_back_settled_title: "退款已退回", "The money was given back";
    pay_back_settled_text:
        "银行已确认退回下面这张卡，到账时间以银行为准。",
        "It goes back to the card below; when it shows there is up to the bank.";
    pay_back_refused_title: "这次退款没有办成", "This was not given back";
    pay_back_refused_text:
        "银行确认款项没有退出，平台会再处理。",
        "The bank confirmed that nothing was sent back; the platform will see to it.";
    pay_refunded_title: "还款已退回", "Your repayment was given back";
    pay_refunded_text:
        "银行确认扣款后，款项已按退款退回下面这张卡。",
        "After the bank had collected it, the money was given back to the card below.";
    pay_refunded_part_title: "还款已部分退回", "A part of your repayment was given back";
    pay_refunded_part_text:
        "款项的一部分已退回下面这张卡，其余仍算作还款。",
        "A part went back to the card below; the rest still counts as repaid.";
    pay_given_back: "已退回", "Given back";
    pay_reversed_title: "还款已撤销", "Your repayment was undone";
    pay_reversed_text:
        "这次扣款已经撤销，钱没有被扣，或已经退回下面这张卡。",
        "This collection was undone: the money was not taken, or is back on the card below.";
    pay_cancelled_title: "已取消", "Cancelled";
    pay_cancelled_text:
        "在提交银行之前已经取消，没有任何款项转出或扣除。",
        "It was cancelled before anything was sent to the bank; no money moved.";
    pay_other_title: "进展有更新", "There is news";
    pay_other_text:
        "具体情况请在应用里查看，或把下面的编号告诉客服。",
        "Look in the app for the details, or give the reference below to support.";
    pay_amount: "金额", "Amount";
    pay_reference: "业务编号", "Your reference";
    pay_why: "在等什么", "What it waits for";
    pay_wait_not_sent:
        "刚才没有连上银行，会自动再试",
        "The bank could not be reached just now; it is tried again by itself";
    pay_wait_soft:
        "银行这会儿没有办理，会自动再试",
        "The bank did not do it just now; it is tried again by itself";
    pay_wait_hours:
        "现在不在银行的办理时间，到时间自动办理",
        "The bank does not work on this at this hour; it goes on by itself";
    pay_wait_stopped:
        "这项业务暂停办理，恢复后自动继续",
        "This service is paused; it goes on by itself afterwards";
    pay_wait_balance:
        "付款账户的资金正在补充，到位后自动继续",
        "The paying account is being topped up; it goes on by itself afterwards";
    pay_wait_limit:
        "今天的办理额度已满，额度恢复后自动继续",
        "Today's limit is used up; it goes on by itself when there is room";
    pay_next_look: "下次更新", "Next update";
    pay_next_none: "您无需操作", "You need not do anything";
    pay_next_ask:
        "请不要重复办理，结果出来后这里会更新",
        "Please do not do it again; this page shows the result as soon as it is known";
    pay_actor_staff: "我们的工作人员正在与银行核实", "Our staff are checking with the bank";
    pay_actor_us: "我们和银行正在办理", "We and the bank are working on it";
    pay_next_code: "回到应用，填写收到的短信验证码", "Go back to the app and enter the code you received";
    pay_actor_you: "您", "You";
    pay_actor_none: "这笔已经办结", "This is finished";
    pay_timeline: "进展", "What happened";
    pay_event_opened: "已受理", "Taken on";
    pay_event_deferred: "暂时还不能提交银行，已排队", "Not to be sent to the bank yet; it waits";
    pay_event_code: "已请银行发送验证码", "The bank was asked to send a code";
    pay_event_code_sent: "验证码已发出", "The code was sent";
    pay_event_code_refused: "银行没有发送验证码", "The bank sent no code";
    pay_event_sent: "已提交银行", "Handed to the bank";
    pay_event_pending: "银行受理，正在办理", "The bank took it and is working on it";
    pay_event_settled: "银行确认办成", "The bank confirmed that it is done";
    pay_event_declined: "银行确认没有办理", "The bank confirmed that it was not done";
    pay_event_not_sent: "没有连上银行，稍后再试", "The bank could not be reached; it is tried again later";
    pay_event_unknown: "没有等到银行的答复，开始查询", "No answer came from the bank; we began to ask";
    pay_event_still_open: "银行还没有最终结果，继续查询", "The bank has no final result yet; we go on asking";
    pay_event_not_found: "银行暂时查不到这笔，继续核实", "The bank does not find it yet; we go on checking";
    pay_event_duplicate: "银行怀疑重复，转人工核实", "The bank suspects a duplicate; people check it";
    pay_event_returned: "银行退回了款项", "The bank sent the money back";
    pay_event_decided: "工作人员核实了结果", "Our staff found out how it ended";
    pay_event_refunded: "款项已退回", "The money was given back";
    pay_event_reversed: "已撤销", "Undone";
    pay_event_cancelled: "已取消", "Cancelled";
    pay_event_lapsed: "在有效期内没能提交银行，已结束", "It could not be sent to the bank in time and ended";
    pay_event_other: "有新的进展", "There was news";
    pay_gone_text:
        "为了安全，这个链接只在短时间内有效。请回到应用里再打开一次，款项的办理不受影响。",
        "For safety this link works only for a short time. Open it again from the app; the payment itself goes on all the same.";
    to_page: "回到绑卡页面", "Back to the card page";
}

#[cfg(test)]
mod tests;
