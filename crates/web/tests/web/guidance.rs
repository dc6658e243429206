//! What a bank's customers should know, on the borrower's pages: the bank's own way where it is
//! known, the number on the card where it is not, and an operator's words in place of ours.

use std::sync::Arc;

use http::Method;
use mingka_domain::bank_guide::BankGuides;
use mingka_domain::precheck::Rules;

use crate::house::borrower::Borrower;
use crate::house::{House, card};

const ON_THE_CARD: &str = "请拨打卡背面的客服电话";
const COMPARE: &str = "请与卡背面的号码核对";

/// The help beside the reserved phone, once the card begins like this.
async fn help(borrower: &Borrower<'_>, prefix: &str) -> String {
    let told = borrower.ask(Method::GET, &format!("/b/bin/{prefix}")).send().await.is(200);
    told.json()["help"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_bank_with_guidance_shows_it_and_another_the_number_on_the_card() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    borrower.sees("id=\"phone-help\"><p>预留手机号，就是办这张卡时留给银行的").sees(ON_THE_CARD);
    borrower.misses("href=\"tel:");
    let icbc = help(&borrower, "6212260000").await;
    for words in ["中国工商银行", "“手机号管理”", "以银行的说法为准", "href=\"tel:95588\""]
    {
        assert!(icbc.contains(words), "{words}: {icbc}");
    }
    assert!(!icbc.contains(ON_THE_CARD) && !icbc.contains(COMPARE), "{icbc}");
    // One source names this number.
    let citic = help(&borrower, "6226900000").await;
    assert!(citic.contains("href=\"tel:95558\"") && citic.contains(COMPARE), "{citic}");
    // Only the name is known of this bank, and nothing at all of a prefix nobody has.
    let named = help(&borrower, "6210190000").await;
    assert!(named.contains("浙商银行") && named.contains(ON_THE_CARD), "{named}");
    let nobody = help(&borrower, "6299990000").await;
    assert!(nobody.contains(ON_THE_CARD) && !nobody.contains("<b>"), "{nobody}");
    for unknown in [named, nobody] {
        assert!(unknown.contains("请到手机银行或网点办理"), "{unknown}");
        assert!(!unknown.contains("tel:"), "{unknown}");
    }
    borrower.get("/b/?lang=en").await.sees("call the number on the back of the card");
    let icbc = help(&borrower, "6212260000").await;
    assert!(icbc.contains("Industrial and Commercial Bank of China"), "{icbc}");
    assert!(icbc.contains("Customer service: <a href=\"tel:95588\">95588</a>"), "{icbc}");
}

#[tokio::test]
async fn without_scripts_the_bank_is_known_once_the_form_was_sent() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    let number = card("ok-icbc").number;
    borrower.submit("/b/bind", &[("card_number", number.as_str())]).await;
    assert_eq!(borrower.page.status, 422);
    borrower.sees("id=\"phone-help\"><p><b>中国工商银行").sees("href=\"tel:95588\"");
}

#[tokio::test]
async fn who_waits_for_a_code_reads_it_too() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&card("ok")).await.sees("没有收到？").sees("平安银行");
    borrower.sees("<a href=\"tel:95511\">95511 转 3</a>").sees(COMPARE);
    borrower.get("/b/?lang=en").await.sees("<a href=\"tel:95511\">95511, then 3</a>");
}

#[tokio::test]
async fn an_operators_words_are_shown_in_place_of_ours() {
    let house = House::new().await;
    let own = r#"
        [[guide]]
        bank_code = "CMB"
        bank = { zh = "招商银行", en = "China Merchants Bank" }
        hotline = { number = "4001112222", confirmed = true, source = "us", date = "2026-12" }
        [guide.reserved_phone]
        find = { zh = "请拨打 {hotline} 查询。", en = "Ask on {hotline}." }
        confirmed = true
        source = "us"
        date = "2026-12"
    "#;
    let guides = Arc::new(BankGuides::with_operator_toml(own).unwrap());
    house.engine.replace_rules(Arc::new(Rules { guides, ..Rules::default() }));
    let lost = card("lost");
    let mut borrower = Borrower::arrives(&house).await;
    let told = help(&borrower, &lost.number[..10]).await;
    assert!(told.contains("请拨打 4001112222 查询。"), "{told}");
    assert!(!told.contains("以银行的说法为准"), "{told}");
    borrower.binds(&lost).await.sees("href=\"tel:4001112222\"");
    // The API says the same, also when it repeats an answer.
    house.later(61_000);
    let request = house.binding_request(&lost).await;
    for _ in 0..2 {
        let ask = house.api(Method::POST, "/v1/bindings").header("idempotency-key", "one");
        let told = ask.json(&request).send().await.is(201).json();
        assert_eq!(told["diagnosis"]["hotline"], "招商银行客服电话：4001112222", "{told}");
    }
}
