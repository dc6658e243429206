//! What a borrower is told of a refused card: what to do, in order; and nothing that would help
//! somebody who holds another's card.

use http::Method;
use mingka_sandbox::faults::Fault;
use serde_json::Value;

use crate::house::borrower::Borrower;
use crate::house::{House, card};

/// What banks say of a card, and what it means: a borrower is told the same of all of these.
const SENSITIVE: [(&str, &str, &str); 5] = [
    ("63", "卡状态不正确：该卡已挂失", "card.lost"),
    ("63", "卡状态不正确：该卡为被窃卡", "card.stolen"),
    ("63", "卡状态不正确：账户已冻结", "card.frozen"),
    ("38", "银联风险受限", "card.risk_refused"),
    ("78", "发卡行交易权限受限", "card.restricted"),
];

#[tokio::test]
async fn nobody_learns_from_the_page_what_is_the_matter_with_a_card() {
    let house = House::new().await;
    let mut pages = Vec::new();
    for (code, message, cause) in SENSITIVE {
        let fault = Fault::Code { code: code.to_owned(), message: message.to_owned() };
        house.fault("send_code", fault);
        let mut borrower = Borrower::arrives(&house).await;
        borrower.binds(&card("ok")).await;
        let binding = newest(&house).await;
        assert_eq!(binding["diagnosis"]["cause"], cause, "{binding}");
        assert_eq!(binding["state"], "refused", "{binding}");
        for words in [message, cause, "应答码", "unionpay"] {
            borrower.misses(words);
        }
        let zh = plain(&borrower, &binding);
        borrower.get("/b/?lang=en").await.sees("This card was not added");
        pages.push((cause, zh, plain(&borrower, &binding)));
        house.later(120_000);
    }
    let (_, zh, en) = &pages[0];
    for (cause, other_zh, other_en) in &pages {
        assert_eq!((other_zh, other_en), (zh, en), "{cause} can be told apart");
    }
}

#[tokio::test]
async fn what_to_do_is_listed_in_order() {
    let house = House::new().await;
    let mut borrower = Borrower::arrives(&house).await;
    borrower.binds(&card("not-enabled")).await.sees("这张卡还没有开通在线支付");
    let first = "在手机银行里开通“银联在线支付”或“无卡支付”";
    borrower.sees(&format!("<ol class=\"todo\"><li>{first}</li><li>"));
    let binding = newest(&house).await;
    let steps = binding["diagnosis"]["steps"].as_array().unwrap();
    let actions: Vec<&str> = steps.iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["bank_app", "call_bank", "use_another_card"]);
    assert_eq!(steps[0]["task"], "enable_online");
    assert_eq!(steps[0]["text"], first);
    for step in steps {
        borrower.sees(step["text"].as_str().unwrap());
    }
}

async fn newest(house: &House) -> Value {
    let list = house.api(Method::GET, "/v1/bindings?limit=1").send().await.is(200).json();
    list["items"][0].clone()
}

/// The page without what is each binding's own: its number and its tokens.
fn plain(borrower: &Borrower<'_>, binding: &Value) -> String {
    let text = &borrower.page.text;
    let id = binding["id"].as_str().unwrap();
    assert!(text.contains(id), "the reference leads support to it: {text}");
    let tokens = ["csrf", "once"].map(|name| borrower.value_of(name));
    let plain = text.replace(id, "…");
    tokens.iter().fold(plain, |text, token| text.replace(token.as_str(), "…"))
}
