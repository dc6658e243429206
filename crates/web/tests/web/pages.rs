//! The borrower's pages as plain forms: every state, without a line of JavaScript.

use http::Method;
use mingka_sandbox::faults::Fault;

use crate::house::borrower::Borrower;
use crate::house::{House, card};

#[tokio::test]
async fn a_card_is_bound_by_two_forms() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.sees("绑定银行卡").sees("晨光分期").sees("中国银联").misses("<style");
    borrower.binds(&good).await.sees("输入短信验证码").sees("autocomplete=\"one-time-code\"");
    let code = house.code(&good);
    borrower.submit("/b/confirm", &[("code", &code)]).await;
    borrower.sees("绑定成功").sees(&good.number[good.number.len() - 4..]).sees("储蓄卡");
    borrower.sees("href=\"https://app.example/cards\"").misses(&good.number).misses(&good.name);
    borrower.reload().await.sees("绑定成功");
}

/// The bank took the request and its answer was spoilt: perhaps a code is on its way.
#[tokio::test]
async fn a_code_that_may_have_been_sent_is_not_the_borrowers_fault() {
    let house = House::new().await;
    house.fault("send_code", Fault::BadGatewayAfter);
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await.sees("输入短信验证码").sees("验证码可能已发到");
    borrower.sees("银行没有确认短信是否发出").misses("需要更正").misses("aria-invalid=\"true\"");
    borrower.submit("/b/confirm", &[("code", &house.code(&good))]).await.sees("绑定成功");
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_said_to_be_too_long() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    let name = "名".repeat(350_000);
    borrower.submit("/b/bind", &[("name", &name)]).await;
    assert_eq!(borrower.page.status, 413);
    borrower.sees("填写的内容太长").misses("系统暂时忙").misses(&name[..300]);
}

#[tokio::test]
async fn the_token_leaves_the_address_at_once() {
    let house = House::new().await;
    let opened = house.post("/v1/binding-sessions", &serde_json::json!({})).send().await.is(201);
    let url = opened.json()["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("http://127.0.0.1:1").unwrap();
    let first = house.ask(Method::GET, path).send().await.is(303);
    assert_eq!(first.location(), "/b/");
    assert!(first.header("set-cookie").contains("HttpOnly"));
    assert_eq!(first.header("referrer-policy"), "no-referrer");
    house.later(3_600_000);
    let late = house.ask(Method::GET, path).send().await.is(410);
    assert!(late.text.contains("请从应用里重新打开"), "{}", late.text);
    house.ask(Method::GET, "/b/").send().await.is(410);
    house.ask(Method::GET, "/b/nobody-gave-this-token").send().await.is(410);
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_and_what_was_typed_stays() {
    let house = House::new().await;
    let good = card("ok-16");
    let mut borrower = Borrower::arrives(&house).await;
    let fields = [
        ("card_number", "6226 0900"),
        ("name", good.name.as_str()),
        ("id_number", "11010119800101001"),
        ("phone", "1390013"),
    ];
    borrower.submit("/b/bind", &fields).await;
    assert_eq!(borrower.page.status, 422);
    for id in ["card_number", "id_number", "phone", "consent_sharing", "consent_mandate"] {
        let tag = format!("id=\"{id}\"");
        let tag = borrower.page.text.split('<').find(|part| part.contains(&tag)).unwrap();
        assert!(tag.contains("aria-invalid=\"true\""), "{tag}");
        assert!(tag.contains(&format!("{id}-messages")), "{tag}");
    }
    assert_eq!(borrower.value_of("name"), good.name);
    assert_eq!(borrower.value_of("phone"), "1390013");
    assert_eq!(borrower.page.header("cache-control"), "no-store");
    borrower.binds(&good).await.sees("输入短信验证码");
}

#[tokio::test]
async fn a_warning_is_shown_once_and_can_be_passed() {
    let house = House::new().await;
    let mut odd = card("ok");
    // One digit off: the check digit does not fit, which a UnionPay card may do.
    odd.number.replace_range(17..18, "2");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&odd).await;
    assert_eq!(borrower.page.status, 422);
    borrower.sees("message warn").misses("aria-invalid=\"true\"").sees("我已核对");
    borrower.binds(&odd).await.misses("我已核对").sees("这张卡没有绑定成功");
}

#[tokio::test]
async fn without_consent_nothing_is_sent() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    let fields = [
        ("card_number", good.number.as_str()),
        ("name", good.name.as_str()),
        ("id_number", good.id_number.as_str()),
        ("phone", good.phone.as_str()),
        ("consent_sharing", &borrower.value_of("consent_sharing")),
        ("consent_mandate", "1999-01-01"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    borrower.submit("/b/bind", &fields).await;
    assert_eq!(borrower.page.status, 422);
    borrower.sees("没有您的同意");
    assert!(house.bank.lock().unwrap().bank().entries().is_empty());
}

#[tokio::test]
async fn a_refusal_says_why_who_what_next_and_lets_go_on() {
    let house = House::new().await;
    let lost = card("lost");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&lost).await;
    borrower
        .sees("请向发卡银行确认这张卡的情况")
        .sees("谁来处理")
        .sees("下一步")
        .sees("何时再试")
        .sees("href=\"tel:");
    borrower.misses(&lost.number).misses(&lost.id_number);
    borrower.submit("/b/again", &[]).await.sees("action=\"/b/bind\"");
    assert_eq!(borrower.value_of("card_number"), "", "the number is never kept");
    borrower.sees("为了安全，请重新输入卡号");
    borrower.sees("已填写").misses(&lost.phone).misses(&lost.name);
    // Only the card is typed anew: name, ID and phone are kept, sealed.
    let good = card("ok");
    let fields = [
        ("card_number", good.number.clone()),
        ("name", good.name.clone()),
        ("phone", good.phone.clone()),
        ("id_number", good.id_number.clone()),
        ("consent_sharing", borrower.value_of("consent_sharing")),
        ("consent_mandate", borrower.value_of("consent_mandate")),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    borrower.submit("/b/bind", &fields).await.sees("输入短信验证码");
}

#[tokio::test]
async fn what_is_kept_need_not_be_typed_again() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await.submit("/b/cancel", &[]).await.sees("action=\"/b/bind\"");
    let fields = [
        ("card_number", good.number.clone()),
        ("consent_sharing", borrower.value_of("consent_sharing")),
        ("consent_mandate", borrower.value_of("consent_mandate")),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    house.later(61_000);
    borrower.submit("/b/bind", &fields).await.sees("输入短信验证码");
}

#[tokio::test]
async fn a_doubt_is_never_called_a_failure_and_resolves_by_itself() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await;
    house.fault("open_agreement", Fault::DropAfter);
    let code = house.code(&good);
    borrower.submit("/b/confirm", &[("code", &code)]).await;
    borrower.sees("结果确认中").sees("http-equiv=\"refresh\"").sees("data-watch=\"doubtful\"");
    borrower.misses("失败").misses("没有绑定");
    let state = borrower.ask(Method::GET, "/b/state").send().await.is(200).json();
    assert_eq!(state["state"], "doubtful");
    for _ in 0..20 {
        house.later(60_000);
        house.engine.work_once().await;
    }
    let state = borrower.ask(Method::GET, "/b/state").send().await;
    if state.status == 200 {
        assert_eq!(state.json()["state"], "active");
        borrower.reload().await.sees("绑定成功");
    }
}

#[tokio::test]
async fn wrong_codes_are_counted_and_empty_ones_are_not() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await.sees("还可输入次数： 5");
    borrower.submit("/b/confirm", &[("code", " ")]).await.sees("请填写银行发来的验证码");
    borrower.submit("/b/confirm", &[("code", "12ab")]).await.sees("验证码只有 4 至 8 位数字");
    let code = house.code(&good);
    let wrong = if code == "654321" { "123456" } else { "654321" };
    borrower.submit("/b/confirm", &[("code", wrong)]).await.sees("还可输入次数： 4");
    borrower.sees("id=\"code\"").sees("验证码不对或已过期").misses("以下原因之一");
    borrower.submit("/b/resend", &[]).await.sees("请等倒计时结束后再重新获取");
    // The address was reached by GET, so that a reload sends nothing again.
    assert_eq!(borrower.page.status, 200);
    house.later(61_000);
    borrower.reload().await.submit("/b/resend", &[]).await.sees("新的验证码已发出");
}

#[tokio::test]
async fn a_code_that_ran_out_is_said_beside_the_field() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await;
    let code = house.code(&good);
    house.later(400_000);
    borrower.submit("/b/confirm", &[("code", &code)]).await;
    borrower.sees("验证码已过期").sees("请重新发送").sees("id=\"code\"");
}

#[tokio::test]
async fn the_switch_of_language_keeps_what_was_typed_but_never_the_number() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    let fields = [("lang", "en"), ("number_typed", "1"), ("name", &*good.name)];
    borrower.submit("/b/bind", &fields).await.sees("Add your bank card").misses(&good.number);
    assert_eq!(borrower.value_of("name"), good.name);
    borrower.sees("please enter the card number again").misses("aria-invalid=\"true\"");
    borrower.reload().await.sees("Add your bank card");
}

#[tokio::test]
async fn english_by_switch_and_it_stays() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    borrower.sees("lang=\"zh-CN\"");
    borrower.get("/b/?lang=en").await.sees("Add your bank card").sees("<html lang=\"en\">");
    borrower.reload().await.sees("Add your bank card");
    borrower.get("/b/?lang=zh").await.sees("绑定银行卡");
    borrower.get("/b/?lang=%22%3E%3Cscript%3E").await.sees("绑定银行卡").misses("\"><script>");
}

#[tokio::test]
async fn a_form_from_elsewhere_does_nothing() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&good).await;
    let code = house.code(&good);
    let once = borrower.value_of("once");
    let forged = [("csrf", "00"), ("once", once.as_str()), ("code", code.as_str())];
    let told = borrower.ask(Method::POST, "/b/confirm").form(&forged).send().await.is(403);
    assert!(told.text.contains("页面已更新"), "{}", told.text);
    // Another session's token does not fit either.
    let other = Borrower::arrives(&house).await.value_of("csrf");
    let forged = [("csrf", other.as_str()), ("once", once.as_str()), ("code", code.as_str())];
    borrower.ask(Method::POST, "/b/confirm").form(&forged).send().await.is(403);
    let csrf = borrower.value_of("csrf");
    let foreign = [("csrf", csrf.as_str()), ("once", once.as_str()), ("code", code.as_str())];
    let ask = borrower.ask(Method::POST, "/b/confirm").header("sec-fetch-site", "cross-site");
    ask.form(&foreign).send().await.is(403);
    borrower.reload().await.sees("输入短信验证码");
}

#[tokio::test]
async fn a_double_tap_is_one_binding() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    let page = borrower.page.text.clone();
    borrower.binds(&good).await.sees("输入短信验证码");
    borrower.page.text = page;
    borrower.binds(&good).await.sees("输入短信验证码");
    let list = house.api(Method::GET, "/v1/bindings").send().await.is(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_scripts_ask_for_little_and_learn_less() {
    let house = House::new().await;
    let good = card("ok");
    let borrower = Borrower::arrives(&house).await;
    let bank = borrower.ask(Method::GET, "/b/bin/621626").send().await.is(200).json();
    assert_eq!(bank["kind"], "储蓄卡");
    for long in ["62162610000", good.number.as_str(), "62162", "62162x"] {
        borrower
            .ask(Method::GET, &format!("/b/bin/{long}"))
            .send()
            .await
            .problem(400, "request.wrong_query");
    }
    house.ask(Method::GET, "/b/bin/621626").send().await.problem(410, "page.gone");
    let csrf = borrower.value_of("csrf");
    let entry = serde_json::json!({"card_number": "6216 2610"});
    let ask = borrower.ask(Method::POST, "/b/check").header("x-csrf", &csrf);
    let told = ask.json(&entry).send().await.is(200);
    assert_eq!(told.json()["findings"][0]["severity"], "stop");
    borrower.ask(Method::POST, "/b/check").json(&entry).send().await.problem(403, "page.stale");
}

#[tokio::test]
async fn every_page_is_dressed_for_the_street() {
    let house = House::new().await;
    let good = card("ok");
    let mut borrower = Borrower::arrives(&house).await;
    let mut pages = vec![borrower.page.text.clone()];
    for path in ["/b/", "/b/nothing/here", "/b/no-such-token"] {
        let told = borrower.ask(Method::GET, path).send().await;
        let policy = told.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(told.header("cache-control"), "no-store", "{path}");
        assert_eq!(told.header("x-content-type-options"), "nosniff");
        assert_eq!(told.header("referrer-policy"), "no-referrer");
        assert!(told.header("x-request-id").starts_with("req_"));
        assert!(told.header("content-type").starts_with("text/html"), "{path}");
        pages.push(told.text);
    }
    pages.push(borrower.binds(&good).await.page.text.clone());
    for page in pages {
        for inline in [" style=", "<style", " onclick", " onload", "javascript:", "<script>"] {
            assert!(!page.contains(inline), "{inline} in {page}");
        }
        assert!(!page.contains("http://") || page.contains("http-equiv"), "nothing from elsewhere");
    }
}

#[tokio::test]
async fn the_first_load_is_light() {
    let house = House::new().await;
    let borrower = Borrower::arrives(&house).await;
    let folder = borrower.page.text.split("/assets/").nth(1).unwrap().split('/').next().unwrap();
    let mut bytes = borrower.page.text.len();
    for name in [
        "page.css",
        "mark.svg",
        "page.js",
        "digits.js",
        "card-number.js",
        "bank.js",
        "checks.js",
        "submit.js",
        "live.js",
    ] {
        let told = house.ask(Method::GET, &format!("/assets/{folder}/{name}")).send().await.is(200);
        assert!(told.header("cache-control").contains("immutable"), "{name}");
        bytes += told.text.len();
    }
    // 40 kB gzip is the budget; even uncompressed it is not far above.
    assert!(bytes < 60_000, "{bytes} bytes before compression");
    let old = house.ask(Method::GET, "/assets/0000000000000000/page.css").send().await.is(200);
    assert_eq!(old.header("cache-control"), "no-cache");
    house.ask(Method::GET, &format!("/assets/{folder}/nothing.js")).send().await.is(404);
}
