//! The link of a hosted page: entered once, by one visitor. And what the page says of the phone it
//! is open on, before any card is blamed.

use http::Method;
use serde_json::{Value, json};

use crate::house::borrower::Borrower;
use crate::house::{House, Told, card};

async fn link(house: &House, body: &Value) -> String {
    let opened = house.post("/v1/binding-sessions", body).send().await.is(201);
    opened.json()["url"].as_str().unwrap().to_owned()
}

async fn knock(house: &House, method: Method, url: &str) -> Told {
    house.ask(method, url.strip_prefix("http://127.0.0.1:1").unwrap()).send().await
}

#[tokio::test]
async fn a_link_that_was_used_opens_nothing() {
    let house = House::new().await;
    let url = link(&house, &json!({})).await;
    let borrower = Borrower::at(&house, &url).await;
    borrower.sees("绑定银行卡");
    house.later(120_000);
    let late = knock(&house, Method::GET, &url).await.is(410);
    assert!(late.text.contains("只能打开一次"), "{}", late.text);
    let mut borrower = borrower;
    borrower.reload().await.sees("绑定银行卡");
    // The borrower's own browser finds its page by the link too.
    borrower.get(url.strip_prefix("http://127.0.0.1:1").unwrap()).await.sees("绑定银行卡");
}

#[tokio::test]
async fn a_lost_answer_is_entered_again_and_only_the_last_one_is_inside() {
    let house = House::new().await;
    let url = link(&house, &json!({})).await;
    let mut first = Borrower::at(&house, &url).await;
    house.later(119_000);
    let mut second = Borrower::at(&house, &url).await;
    second.sees("绑定银行卡");
    assert_eq!(first.reload().await.page.status, 410);
    second.binds(&card("ok")).await.sees("输入短信验证码");
}

#[tokio::test]
async fn what_was_begun_is_not_entered_by_another() {
    let house = House::new().await;
    let url = link(&house, &json!({})).await;
    let mut borrower = Borrower::at(&house, &url).await;
    borrower.binds(&card("ok")).await.sees("输入短信验证码");
    knock(&house, Method::GET, &url).await.is(410);
    borrower.reload().await.sees("输入短信验证码");
}

#[tokio::test]
async fn of_many_who_knock_together_one_is_inside() {
    let house = House::new().await;
    let url = link(&house, &json!({})).await;
    let at = || knock(&house, Method::GET, &url);
    let (a, b, c, d) = tokio::join!(at(), at(), at(), at());
    let mut inside = 0;
    for told in [a, b, c, d] {
        if told.status != 303 {
            assert_eq!(told.status, 410);
            continue;
        }
        let cookie = told.header("set-cookie").split(';').next().unwrap().to_owned();
        let page = house.ask(Method::GET, "/b/").header("cookie", &cookie).send().await;
        inside += usize::from(page.status == 200);
    }
    assert_eq!(inside, 1);
}

#[tokio::test]
async fn who_only_looks_ahead_uses_nothing_up() {
    let house = House::new().await;
    let url = link(&house, &json!({})).await;
    knock(&house, Method::HEAD, &url).await.is(204);
    let path = url.strip_prefix("http://127.0.0.1:1").unwrap();
    let ahead = house.ask(Method::GET, path).header("sec-purpose", "prefetch;prerender");
    ahead.send().await.is(204);
    house.later(600_000);
    Borrower::at(&house, &url).await.sees("绑定银行卡");
}

#[tokio::test]
async fn neither_the_link_nor_another_visitors_token_is_a_cookie() {
    let house = House::new().await;
    let (mine, theirs) = (link(&house, &json!({})).await, link(&house, &json!({})).await);
    let entered = knock(&house, Method::GET, &theirs).await.is(303);
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let visitor = cookie.rsplit('.').next().unwrap();
    Borrower::at(&house, &mine).await;
    let token = mine.rsplit('/').next().unwrap();
    for forged in [token.to_owned(), format!("{token}."), format!("{token}.{visitor}")] {
        let ask = house.ask(Method::GET, "/b/").header("cookie", &format!("mk_page={forged}"));
        ask.send().await.is(410);
    }
}

#[tokio::test]
async fn a_shared_phone_is_explained_before_anything_is_typed() {
    let house = House::new().await;
    let url = link(&house, &json!({"environment": {"device_account_count": 5}})).await;
    let mut borrower = Borrower::at(&house, &url).await;
    borrower.sees("这部手机上登录过 5 个账号");
    // It was read; it is not in the way a second time.
    borrower.binds(&card("ok")).await.sees("输入短信验证码");
}

#[tokio::test]
async fn an_app_that_is_too_old_is_told_before_the_card_is_blamed() {
    let floor = "3.2.0".parse().unwrap();
    let house = House::ruled(|rules| rules.app_version_min = Some(floor)).await;
    let url = link(&house, &json!({"environment": {"app_version": "3.1.9"}})).await;
    let mut borrower = Borrower::at(&house, &url).await;
    borrower.sees("当前 App 版本太旧").misses("还差一点");
    borrower.binds(&card("ok")).await.sees("当前 App 版本太旧");
    assert_eq!(borrower.page.status, 422);
    let bindings = house.api(Method::GET, "/v1/bindings").send().await.is(200).json();
    assert_eq!(bindings["items"], json!([]), "a card was sent on its way");
    let url = link(&house, &json!({"environment": {"app_version": "3.2.0"}})).await;
    Borrower::at(&house, &url).await.binds(&card("ok")).await.sees("输入短信验证码");
}

#[tokio::test]
async fn a_wrong_clock_and_a_weak_network_are_told_once() {
    let house = House::new().await;
    let good = card("ok");
    for (name, value, words) in [
        (
            "clock_ms",
            house.parts.clock.now().plus_ms(-3_600_000).as_millis().to_string(),
            "手机时间",
        ),
        ("network", "weak".to_owned(), "网络"),
    ] {
        let mut borrower = Borrower::arrives(&house).await;
        let consents = ["consent_sharing", "consent_mandate"].map(|n| (n, borrower.value_of(n)));
        let mut fields = vec![
            ("card_number", good.number.as_str()),
            ("name", good.name.as_str()),
            ("id_number", good.id_number.as_str()),
            ("phone", good.phone.as_str()),
            (name, value.as_str()),
        ];
        fields.extend(consents.iter().map(|(name, value)| (*name, value.as_str())));
        borrower.submit("/b/bind", &fields).await.sees(words);
        assert_eq!(borrower.page.status, 422);
        borrower.submit("/b/bind", &fields).await.sees("输入短信验证码");
    }
    // What nobody's browser writes is not judged.
    let mut borrower = Borrower::arrives(&house).await;
    let odd = [("clock_ms", "99999999999999999999"), ("network", "<script>")];
    borrower.submit("/b/bind", &odd).await.misses("手机时间").misses("<script>");
}
