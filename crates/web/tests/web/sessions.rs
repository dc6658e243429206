//! Opening a hosted page: once, whatever happens in between; and asking nobody twice for what the
//! platform knows already.

use std::sync::Arc;

use http::Method;
use mingka_crypto::SystemEntropy;
use mingka_crypto::keyring::KeyRing;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::id::SessionId;
use mingka_domain::text::Lang;
use mingka_engine::{Idempotency, NewSession, Scope};
use mingka_sandbox::cards::MagicCard;
use serde_json::{Value, json};

use crate::house::borrower::Borrower;
use crate::house::{House, Told, card};

const PATH: &str = "/v1/binding-sessions";

async fn open(house: &House, key: &str, body: &Value) -> Told {
    house.api(Method::POST, PATH).header("idempotency-key", key).json(body).send().await
}

fn known(card: &MagicCard) -> Value {
    json!({"name": card.name, "id_number": card.id_number, "phone": card.phone})
}

fn masked(card: &MagicCard) -> [String; 3] {
    [
        HolderName::parse(&card.name).unwrap().masked(),
        IdNumber::parse(&card.id_number).unwrap().masked(),
        ReservedPhone::parse(&card.phone).unwrap().masked(),
    ]
}

fn url_of(told: &Told) -> String {
    told.json()["url"].as_str().unwrap().to_owned()
}

fn token_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

/// The card alone, and both consents: everything else is known.
async fn binds_by_card_alone(borrower: &mut Borrower<'_>, card: &MagicCard) {
    borrower.submits(&[("card_number", &card.number)]).await;
}

#[tokio::test]
async fn the_same_key_opens_the_same_page_in_a_new_process_too() {
    let house = House::new().await;
    let good = card("ok");
    let mut body = known(&good);
    body["borrower_ref"] = json!("loan-1");
    let first = open(&house, "page-1", &body).await.is(201).names_nobody(&good);
    let house = house.restarted(Arc::clone(&house.parts.keyring));
    house.later(60_000);
    let again = open(&house, "page-1", &body).await.is(201);
    assert_eq!(first.text, again.text);
    for other in [json!({"borrower_ref": "loan-2"}), json!({}), known(&good)] {
        open(&house, "page-1", &other).await.problem(422, "idempotency.key_reused");
    }
    let ask = house.api(Method::POST, "/v1/bindings").header("idempotency-key", "page-1");
    let request = house.binding_request(&good).await;
    ask.json(&request).send().await.problem(422, "idempotency.key_reused");
    Borrower::at(&house, &url_of(&again)).await.sees("绑定银行卡");
}

#[tokio::test]
async fn two_at_once_open_one_page() {
    let house = House::new().await;
    let body = json!({"borrower_ref": "loan-1"});
    let both = tokio::join!(open(&house, "page-1", &body), open(&house, "page-1", &body));
    assert_eq!(both.0.is(201).text, both.1.is(201).text);
}

#[tokio::test]
async fn one_platforms_key_is_not_anothers() {
    let house = House::new().await;
    let first = open(&house, "page-1", &json!({})).await.is(201);
    let other = format!("Bearer {}", house.other_key(&Scope::ALL).await);
    let ask = house.ask(Method::POST, PATH).header("authorization", &other);
    let theirs = ask.header("idempotency-key", "page-1").json(&json!({})).send().await.is(201);
    assert_ne!(url_of(&first), url_of(&theirs));
}

#[tokio::test]
async fn neither_the_token_nor_what_is_known_is_kept_in_the_clear() {
    let house = House::new().await;
    let good = card("ok");
    let blank = open(&house, "page-1", &json!({})).await.is(201);
    let platform = house.engine.enter(token_of(&url_of(&blank))).await.unwrap().session.platform;
    let idempotency = Idempotency { key: "page-2".to_owned(), fingerprint: [1; 32] };
    let new = NewSession {
        name: Some(&good.name),
        id_number: Some(&good.id_number),
        phone: Some(&good.phone),
        ..NewSession::blank(Lang::Zh)
    };
    let opened = house.engine.open_session(platform, idempotency, new).await.unwrap();
    let (token, view) = (opened.token.as_str(), opened.session);
    let store = &house.parts.store;
    let now = house.parts.clock.now();
    let key = store.idempotency(view.platform, "page-2", now).await.unwrap().unwrap();
    let session = store.session(view.platform, view.id).await.unwrap().unwrap();
    let kept = format!("{} {}", key.answer.unwrap(), session.settings);
    let sealed = session.prefill_sealed.unwrap();
    for clear in [token, &good.name, &good.id_number, &good.phone] {
        assert!(!kept.contains(clear), "a record holds a clear value");
        let bytes = clear.as_bytes();
        assert!(!sealed.windows(bytes.len()).any(|part| part == bytes), "sealed in the clear");
    }
    // The id is no secret: the token must not follow from it without the keys.
    let stranger = House::new().await;
    let elsewhere =
        stranger.parts.keyring.blind_index("session.token", view.id.to_string().as_bytes());
    assert_ne!(mingka_crypto::digest::hex(&elsewhere), token);
}

#[tokio::test]
async fn what_is_known_is_shown_masked_and_binds_without_being_typed() {
    let house = House::new().await;
    let good = card("ok");
    let opened = open(&house, "page-1", &known(&good)).await.is(201).names_nobody(&good);
    let mut borrower = Borrower::at(&house, &url_of(&opened)).await;
    for shown in masked(&good) {
        borrower.sees(&shown);
    }
    borrower.sees("已填写").sees("不是这个？修改");
    for name in ["name", "id_number", "phone"] {
        assert_eq!(borrower.value_of(name), "", "{name}");
    }
    borrower.misses(&good.name).misses(&good.id_number).misses(&good.phone);
    binds_by_card_alone(&mut borrower, &good).await;
    borrower.sees("输入短信验证码").misses(&good.name).misses(&good.phone);
    let code = house.code(&good);
    borrower.submit("/b/confirm", &[("code", &code)]).await.sees("绑定成功");
    borrower.misses(&good.name).misses(&good.id_number).misses(&good.phone);
    let list = house.api(Method::GET, "/v1/bindings").send().await.is(200).names_nobody(&good);
    let card = &list.json()["items"][0]["card"];
    let [name, id_number, phone] = masked(&good);
    assert_eq!(
        [&card["name"], &card["id_number"], &card["phone"]],
        [&json!(name), &json!(id_number), &json!(phone)]
    );
}

#[tokio::test]
async fn what_is_not_this_can_be_changed() {
    let house = House::new().await;
    let good = card("ok");
    let mut body = known(&good);
    body["phone"] = json!("13912345678");
    let opened = open(&house, "page-1", &body).await.is(201);
    let mut borrower = Borrower::at(&house, &url_of(&opened)).await;
    borrower.sees("139****5678");
    let fields = [("card_number", good.number.as_str()), ("phone", good.phone.as_str())];
    borrower.submits(&fields).await.sees("输入短信验证码");
    // Back on the form, what the borrower said counts, not what the platform knew.
    borrower.submit("/b/cancel", &[]).await.sees(&masked(&good)[2]).misses("139****5678");
    house.later(61_000);
    binds_by_card_alone(&mut borrower, &good).await;
    borrower.sees("输入短信验证码");
}

#[tokio::test]
async fn only_what_is_missing_is_asked() {
    let house = House::new().await;
    let good = card("ok");
    let opened = open(&house, "page-1", &json!({"name": good.name})).await.is(201);
    let mut borrower = Borrower::at(&house, &url_of(&opened)).await;
    borrower.sees(&masked(&good)[0]);
    binds_by_card_alone(&mut borrower, &good).await;
    assert_eq!(borrower.page.status, 422);
    for (name, wrong) in [("name", false), ("id_number", true), ("phone", true)] {
        let at = format!("name=\"{name}\"");
        let tag = borrower.page.text.split('<').find(|tag| tag.contains(&at)).unwrap();
        assert_eq!(tag.contains("aria-invalid=\"true\""), wrong, "{tag}");
    }
    borrower.misses(&good.name);
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_as_for_a_binding_and_the_key_stays_free() {
    let house = House::new().await;
    let good = card("ok");
    let mut wrong = known(&good);
    wrong["id_number"] = json!("110101198001010011");
    wrong["phone"] = json!("");
    let told = open(&house, "page-1", &wrong).await;
    let problem = told.problem(422, "entry.needs_correction");
    let fields: Vec<&Value> =
        problem["findings"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["id_number", "phone"], "{problem}");
    assert!(!told.text.contains("110101198001010011"), "{}", told.text);
    open(&house, "page-1", &json!({"name": 1})).await.problem(422, "request.wrong_shape");
    open(&house, "page-1", &known(&good)).await.is(201);
}

#[tokio::test]
async fn page_and_prefill_outlive_a_change_of_keys() {
    let house = House::new().await;
    let good = card("ok");
    let first = open(&house, "page-1", &known(&good)).await.is(201);
    let mut ring = KeyRing::from_file_text(&house.parts.keyring.to_file_text()).unwrap();
    assert_eq!(ring.rotate(&SystemEntropy::new()), Ok(2));
    let without_old: String = ring
        .to_file_text()
        .lines()
        .filter(|line| !line.starts_with("seal 1 "))
        .map(|line| format!("{line}\n"))
        .collect();
    let without_old = Arc::new(KeyRing::from_file_text(&without_old).unwrap());
    assert_eq!(without_old.versions().collect::<Vec<_>>(), [2]);

    // Too early without the old key: the page asks for what it cannot open, and goes on.
    let early = house.restarted(Arc::clone(&without_old));
    let borrower = Borrower::at(&early, &url_of(&first)).await;
    borrower.sees("绑定银行卡").misses("已填写").misses(&masked(&good)[0]);

    let both = house.restarted(Arc::new(ring));
    let again = open(&both, "page-1", &known(&good)).await.is(201);
    assert_eq!(first.text, again.text);
    Borrower::at(&both, &url_of(&first)).await.sees(&masked(&good)[0]);
    assert_eq!(both.engine.reseal().await, Ok(1));
    assert_eq!(both.engine.reseal().await, Ok(0));

    let house = both.restarted(without_old);
    let mut borrower = Borrower::at(&house, &url_of(&again)).await;
    borrower.sees(&masked(&good)[2]);
    binds_by_card_alone(&mut borrower, &good).await;
    borrower.sees("输入短信验证码");
    let id: SessionId = again.json()["id"].as_str().unwrap().parse().unwrap();
    let list = house.api(Method::GET, "/v1/bindings").send().await.json();
    assert_eq!(list["items"][0]["session"], id.to_string());
}
