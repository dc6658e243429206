//! The borrower's page about a payment: each state in plain words, live, and nobody else's.

use http::Method;
use http_body_util::BodyExt as _;
use mingka_engine::{Engine, Reason, Scope, StopSwitch};
use mingka_sandbox::bank::Refusal;
use mingka_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::house::{House, Told, card, fresh};
use crate::payments::{at_its_end, loan};

/// A payment and the borrower's browser on its page.
struct Page<'a> {
    house: &'a House,
    path: String,
    cookie: String,
    payment: Value,
}

impl<'a> Page<'a> {
    async fn of(house: &'a House, payment: Value, body: &Value) -> Self {
        let path = format!("/v1/payments/{}/status-link", payment["id"].as_str().unwrap());
        let link = house.post(&path, body).send().await.is(201).json();
        let url = link["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:1").unwrap();
        let entered = house.ask(Method::GET, url).send().await.is(303);
        let cookie = entered.header("set-cookie").to_owned();
        let path = entered.location().to_owned();
        assert!(!path.contains(url.strip_prefix("/p/").unwrap()), "the token stays in the address");
        for part in [&format!("Path={path};"), "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { house, path, cookie, payment }
    }

    /// What the borrower sees now.
    async fn now(&self) -> Told {
        self.at("").await.is(200).names_nobody(&card("ok"))
    }

    async fn at(&self, suffix: &str) -> Told {
        let ask = self.house.ask(Method::GET, &format!("{}{suffix}", self.path));
        ask.header("cookie", &self.cookie).send().await
    }
}

async fn disbursed(house: &House, fault: Option<Fault>) -> Value {
    let loan = loan(house, "loan-7").await;
    if let Some(fault) = fault {
        house.fault("disburse", fault);
    }
    house.post("/v1/disbursements", &loan).send().await.is(201).json()
}

#[track_caller]
fn says(told: &Told, all: &[&str]) {
    for words in all {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    for word in ["失败", "错误", "无效", "invalid", "failed"] {
        assert!(!told.text.contains(word), "{word}: {}", told.text);
    }
}

#[tokio::test]
async fn from_the_first_word_to_the_proof_in_both_languages() {
    let house = House::new().await;
    let paid = disbursed(&house, None).await;
    let page = Page::of(&house, paid, &json!({"return_url": "https://app.example/loans"})).await;
    let told = page.now().await;
    says(&told, &["放款处理中", "¥10,000.00", "loan-7", "已受理", "已提交银行", "请不要重复办理"]);
    says(
        &told,
        &["http-equiv=\"refresh\"", "data-watch=\"in_flight.", "https://app.example/loans"],
    );
    assert!(told.text.contains("•••• 0018"), "{}", told.text);
    for (name, part) in [
        ("cache-control", "no-store"),
        ("content-security-policy", "script-src 'self'"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert!(told.header(name).contains(part), "{name}: {}", told.header(name));
    }
    let english = page.at("?lang=en").await.is(303);
    let lang = english.header("set-cookie").split(';').next().unwrap().to_owned();
    let both = Page { cookie: format!("{}; {lang}", page.cookie), ..page };
    says(&both.now().await, &["Your loan is being paid out", "Handed to the bank"]);
    let seen = at_its_end(&house, &both.payment).await;
    let told = Page::of(&house, seen, &json!({"lang": "en"})).await.now().await;
    says(&told, &["Your loan has been paid out", "The bank confirmed that it is done"]);
    assert!(!told.text.contains("http-equiv=\"refresh\""), "nothing more is awaited");
}

#[tokio::test]
async fn a_doubt_is_called_what_it_is() {
    let house = House::new().await;
    let paid = disbursed(&house, Some(Fault::HalfAnswer)).await;
    let page = Page::of(&house, paid, &json!({})).await;
    let told = page.now().await;
    says(
        &told,
        &["结果确认中", "没有等到银行的答复，开始查询", "请不要重复办理", "我们正在向银行查询"],
    );
    let seen = at_its_end(&house, &page.payment).await;
    let page = Page::of(&house, seen, &json!({})).await;
    says(&page.now().await, &["放款已到账"]);
}

#[tokio::test]
async fn what_was_not_done_says_why_who_acts_and_what_next() {
    let house = House::new().await;
    let refused = Fault::RefusedLater { refusal: Refusal::Frozen };
    let paid = disbursed(&house, Some(refused)).await;
    let seen = at_its_end(&house, &paid).await;
    assert_eq!(seen["state"], "refused", "{seen}");
    let page = Page::of(&house, seen, &json!({})).await;
    let told = page.now().await;
    says(
        &told,
        &["这笔放款没有办成", "银行确认款项没有转出", "原因", "谁来处理", "下一步", "何时再试"],
    );
    let title = page.payment["diagnosis"]["title"].as_str().unwrap();
    assert!(told.text.contains(title), "{title}: {}", told.text);
}

#[tokio::test]
async fn what_waits_says_for_what() {
    let house = House::new().await;
    let loan = loan(&house, "loan-7").await;
    turn_stop(&house.engine, true).await;
    let paid = house.post("/v1/disbursements", &loan).send().await.is(201).json();
    assert_eq!(paid["state"], "waiting", "{paid}");
    let page = Page::of(&house, paid, &json!({})).await;
    says(&page.now().await, &["已受理，稍后自动办理", "这项业务暂停办理", "下次更新"]);
    let cancel = format!("/v1/payments/{}/cancel", page.payment["id"].as_str().unwrap());
    house.post(&cancel, &json!({})).send().await.is(200);
    says(&page.now().await, &["已取消", "没有任何款项转出或扣除"]);
}

#[tokio::test]
async fn a_link_is_the_same_for_the_same_key_and_ends_soon() {
    let house = House::new().await;
    let paid = disbursed(&house, None).await;
    let path = format!("/v1/payments/{}/status-link", paid["id"].as_str().unwrap());
    let ask = |body: &Value| {
        let ask = house.api(Method::POST, &path).header("idempotency-key", "link-1");
        ask.json(body).send()
    };
    let first = ask(&json!({"lang": "en"})).await.is(201);
    assert_eq!(ask(&json!({"lang": "en"})).await.is(201).text, first.text);
    ask(&json!({})).await.problem(422, "idempotency.key_reused");
    let link = first.json()["url"].as_str().unwrap().to_owned();
    let link = link.strip_prefix("http://127.0.0.1:1").unwrap();
    let page = Page::of(&house, paid, &json!({})).await;
    house.later(30 * 60_000);
    for told in [house.ask(Method::GET, link).send().await, page.at("").await] {
        assert_eq!(told.status.as_u16(), 410, "{}", told.text);
        says(&told, &["这个链接只在短时间内有效", "款项的办理不受影响"]);
    }
    let long = format!("https://app.example/{}", "x".repeat(1_024));
    let told = house.post(&path, &json!({"return_url": long})).send().await;
    assert_eq!(told.problem(422, "request.wrong_value")["pointer"], "/return_url");
}

#[tokio::test]
async fn nobody_makes_a_link_and_one_opens_only_its_own() {
    let house = House::new().await;
    let paid = disbursed(&house, None).await;
    let page = Page::of(&house, paid, &json!({})).await;
    // Every character counts, of what it says and of its proof.
    let token = page.cookie.strip_prefix("mk_pay=").unwrap();
    for place in [3, token.len() / 2, token.len() - 1] {
        let mut forged = token.to_owned();
        let other = if &token[place..=place] == "0" { "1" } else { "0" };
        forged.replace_range(place..=place, other);
        for (path, cookie) in [(format!("/p/{forged}"), String::new()), (page.path.clone(), forged)]
        {
            let ask = house.ask(Method::GET, &path).header("cookie", &format!("mk_pay={cookie}"));
            assert_eq!(ask.send().await.status.as_u16(), 410, "{path}");
        }
    }
    let other = page.payment["id"].as_str().unwrap().to_owned();
    let other =
        format!("{}{}", &other[..other.len() - 1], if other.ends_with('0') { "1" } else { "0" });
    for suffix in ["", "/state", "/events"] {
        let ask = house.ask(Method::GET, &format!("/p/{other}{suffix}"));
        let told = ask.header("cookie", &page.cookie).send().await;
        assert_eq!(told.status.as_u16(), 410, "{suffix}");
        let told = house.ask(Method::GET, &format!("{}{suffix}", page.path)).send().await;
        assert_eq!(told.status.as_u16(), 410, "{suffix} without a cookie");
    }
    // A card page's token is none of these, and the other way round.
    house.ask(Method::GET, &format!("/b/{token}")).send().await.is(410);
    let theirs = house.other_key(&Scope::ALL).await;
    let path = format!("/v1/payments/{}/status-link", page.payment["id"].as_str().unwrap());
    let ask = house.ask(Method::POST, &path).header("authorization", &format!("Bearer {theirs}"));
    let told = ask.header("idempotency-key", &fresh()).json(&json!({})).send().await;
    told.problem(404, "resource.not_found");
}

#[tokio::test]
async fn the_page_hears_of_what_changes() {
    let house = House::new().await;
    let paid = disbursed(&house, None).await;
    let page = Page::of(&house, paid, &json!({})).await;
    let before = page.at("/state").await.is(200).json()["state"].as_str().unwrap().to_owned();
    let ask = house.ask(Method::GET, &format!("{}/events", page.path));
    let mut stream = ask.header("cookie", &page.cookie).stream().await;
    let mut heard = String::new();
    let mut hear = async |until: &str| {
        while !heard.contains(until) {
            let frame = stream.body_mut().frame().await.unwrap().unwrap();
            heard.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    };
    hear(&format!("data: {before}\n")).await;
    at_its_end(&house, &page.payment).await;
    hear("data: settled.").await;
}

#[tokio::test]
async fn a_payments_events_can_be_replayed_from_any_of_them() {
    let house = House::new().await;
    let paid = disbursed(&house, None).await;
    let paid = at_its_end(&house, &paid).await;
    let path = format!("/v1/payments/{}/events", paid["id"].as_str().unwrap());
    let count = paid["timeline"].as_array().unwrap().len();
    let mut texts = Vec::new();
    for after in ["0", "2"] {
        let ask = house.api(Method::GET, &path).header("last-event-id", after);
        let mut stream = ask.stream().await;
        let mut text = String::new();
        while !text.contains(&format!("id: {count}\n")) {
            let frame = stream.body_mut().frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
        texts.push(text);
    }
    assert!(texts[0].starts_with("id: 1\nevent: opened\n"), "{}", texts[0]);
    assert!(texts[0].contains("event: settled\n") && texts[0].ends_with(&texts[1]), "{}", texts[0]);
    let theirs = house.other_key(&Scope::ALL).await;
    let ask = house.ask(Method::GET, &path).header("authorization", &format!("Bearer {theirs}"));
    ask.send().await.problem(404, "resource.not_found");
}

/// Turns the switch of the sandbox's channel.
async fn turn_stop(engine: &Engine, stop: bool) {
    let switch = StopSwitch::named("channel:unionpay").unwrap();
    let reason = Reason::new("operator", "a test").unwrap();
    engine.turn_stop(&switch, stop, &reason).await.unwrap();
}
